//! The node's description of itself: whole, true to its examples, and served as it is. That its answers are
//! as described, every test of this folder checks as it goes (`common::described`).

mod common;

use common::described::{examples, of_operator, public, references, Document};
use common::{exchange, get, unlimited, Node, Reply};
use serde_json::Value;
use std::collections::BTreeSet;
use verdigris_node::error::Code;

fn documents() -> [&'static Document; 2] {
    [public(), of_operator()]
}

fn operations(document: &Document) -> impl Iterator<Item = (String, &Value)> {
    let paths = document.value["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    })
}

#[test]
fn the_document_is_whole() {
    for document in documents() {
        assert_eq!(document.value["openapi"], "3.1.0");
        for reference in references(&document.value) {
            assert!(document.resolved(reference).is_object(), "{reference}");
        }
        let mut names = BTreeSet::new();
        for (of, operation) in operations(document) {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name), "two operations are called {name}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{of}");
            assert!(operation["tags"][0].is_string(), "{of} has no tag");
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let answer = document.resolved(answer);
                assert!(answer["description"].is_string(), "{of} {status}");
                assert!(
                    answer["headers"]["x-request-id"].is_object(),
                    "{of} {status}"
                );
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let described = parameter["description"].as_str().unwrap_or_default();
                assert!(!described.is_empty(), "{of}: {parameter}");
            }
        }
        // A link leads to an operation that there is.
        for (of, operation) in operations(document) {
            for answer in operation["responses"].as_object().unwrap().values() {
                for link in answer["links"].as_object().into_iter().flatten() {
                    let target = link.1["operationId"].as_str().unwrap();
                    assert!(names.contains(target), "{of} leads to {target}");
                }
            }
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    for document in documents() {
        let examples = examples(&document.value);
        assert!(examples.len() > 20);
        for (schema, example) in examples {
            let misfits = document.misfits(&schema, &example);
            assert!(misfits.is_empty(), "{example}: {misfits:?}\n{schema}");
        }
    }
}

/// A code that no operation names would be one that nobody can expect.
#[test]
fn every_code_is_somewhere() {
    // Of requests that belong to no operation.
    let mut named = BTreeSet::from(["NOT_FOUND", "METHOD_NOT_ALLOWED", "REQUEST_TIMEOUT"]);
    for document in documents() {
        for (_, operation) in operations(document) {
            for answer in operation["responses"].as_object().unwrap().values() {
                let codes = document.resolved(answer)["x-codes"].as_array();
                named.extend(
                    codes
                        .into_iter()
                        .flatten()
                        .map(|code| code.as_str().unwrap()),
                );
            }
        }
    }
    let all = Code::ALL.iter().map(|code| code.text());
    let missing: Vec<&str> = all.filter(|code| !named.contains(code)).collect();
    assert!(missing.is_empty(), "no operation says {missing:?}");
}

#[test]
fn document_and_page_are_served_and_can_be_kept() {
    let node = Node::start(unlimited());
    let document = get(node.address, "/openapi.json");
    assert_eq!(document.body, public().value);
    let page = get(node.address, "/api/docs");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    for path in ["/openapi.json", "/api/docs", "/api/docs.css"] {
        let tag = get(node.address, path).header("etag").unwrap().to_owned();
        let ask = |tag: &str| {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nIf-None-Match: {tag}\r\n\r\n"
            );
            let answer = exchange(node.address, request.as_bytes());
            String::from_utf8_lossy(&answer[9..12]).into_owned()
        };
        assert_eq!(ask(&tag), "304");
        assert_eq!(ask(&format!("\"other\", W/{tag}")), "304");
        assert_eq!(ask("\"other\""), "200");
    }
}

/// The page has every operation and every schema, loads nothing but its style, and runs nothing.
#[test]
fn the_page_shows_everything() {
    let node = Node::start(unlimited());
    let bytes = exchange(
        node.address,
        b"GET /api/docs HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n",
    );
    assert!(Reply::read(&bytes).is_some());
    let page = String::from_utf8(bytes).unwrap();
    for (_, operation) in operations(public()) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("id=\"{id}\"")), "{id} is not there");
    }
    for name in public().value["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            page.contains(&format!("id=\"schema-{name}\"")),
            "{name} is not there"
        );
    }
    for unwanted in ["<script", "style=", "onload", "http://verdigris", "src="] {
        assert!(!page.contains(unwanted), "{unwanted}");
    }
    assert_eq!(page.matches("<link").count(), 1);
}
