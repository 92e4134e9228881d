//! Answers held to the description that the node gives of itself.

use jsonschema::Validator;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};
use utoipa::openapi::OpenApi;
use verdigris_node::http;

use super::Reply;

/// A document, and the validators that were made of it so far, by the place of the schema.
pub struct Document {
    pub value: Value,
    validators: Mutex<HashMap<String, &'static Validator>>,
}

/// The description of every node: it depends on nothing that can be set.
pub fn public() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| Document::new(&http::description()))
}

/// That of every operator's listener.
pub fn of_operator() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| Document::new(&http::admin::description()))
}

impl Document {
    fn new(document: &OpenApi) -> Document {
        Document {
            value: serde_json::to_value(document).unwrap(),
            validators: Mutex::default(),
        }
    }

    /// What a reference stands for; other values stand for themselves.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self
                .value
                .pointer(reference.strip_prefix('#').unwrap())
                .unwrap_or_else(|| panic!("nothing is at {reference}")),
            None => value,
        }
    }

    /// Why a value does not fit a schema of the document, or nothing.
    pub fn misfits(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut validators = self.validators.lock().unwrap();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut root = schema.clone();
            root["components"] = self.value["components"].clone();
            Box::leak(Box::new(jsonschema::draft202012::new(&root).unwrap()))
        });
        let misfit = |e: jsonschema::ValidationError| format!("{}: {e}", e.instance_path());
        validator.iter_errors(value).map(misfit).collect()
    }

    /// Asserts that an answer is one that the document foretells. Paths and methods that it does not
    /// know are refused, and answers without a body of JSON have only their status looked at.
    pub fn foretells(&self, method: &str, path: &str, reply: &Reply) {
        let path = path.split('?').next().unwrap();
        let template = self.template(path);
        let operation = template.map(|template| &self.value["paths"][template]);
        let operation = operation.and_then(|item| item.get(method.to_ascii_lowercase()));
        let Some(operation) = operation else {
            assert!(
                [404, 405].contains(&reply.status),
                "{method} {path}: {reply:?}"
            );
            return;
        };
        let foretold = self.resolved(&operation["responses"][reply.status.to_string()]);
        assert!(
            foretold.is_object(),
            "{method} {path} may not answer: {reply:?}"
        );
        let schema = &foretold["content"]["application/json"]["schema"];
        if schema.is_object() {
            let misfits = self.misfits(schema, &reply.body);
            assert!(
                misfits.is_empty(),
                "{method} {path}: {misfits:?}\n{}",
                reply.body
            );
        }
    }

    /// The path of the document that a request's path is an instance of: the one with most in common.
    fn template(&self, path: &str) -> Option<&String> {
        let fits = |template: &&String| {
            let (mut here, mut there) = (path.split('/'), template.split('/'));
            loop {
                match (here.next(), there.next()) {
                    (None, None) => return true,
                    (Some(part), Some(name)) if part == name || name.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        let templates = self.value["paths"].as_object().unwrap().keys();
        templates
            .filter(fits)
            .min_by_key(|template| template.matches('{').count())
    }
}

/// Every schema in a value that has an example, with the example.
pub fn examples(value: &Value) -> Vec<(Value, Value)> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            let schema = members.get("schema").unwrap_or(value);
            let given = members.get("example").into_iter();
            let listed = members.get("examples").and_then(Value::as_array);
            for example in given.chain(listed.into_iter().flatten()) {
                found.push((schema.clone(), example.clone()));
            }
            if let Some(default) = members.get("default") {
                found.push((value.clone(), default.clone()));
            }
            // What an example is made of is no schema.
            let rest = members.iter();
            let rest = rest
                .filter(|(name, _)| !["example", "examples", "default"].contains(&name.as_str()));
            found.extend(rest.flat_map(|(_, member)| examples(member)));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(examples)),
        _ => {}
    }
    found
}

/// Every reference in a value.
pub fn references(value: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    match value {
        Value::Object(members) => {
            if members.get("$ref").is_some_and(Value::is_string) {
                found.push(value);
            }
            found.extend(members.values().flat_map(references));
        }
        Value::Array(items) => found.extend(items.iter().flat_map(references)),
        _ => {}
    }
    found
}
