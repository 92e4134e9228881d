//! The document as a page for people: plain HTML of 1999 that text browsers read, one style sheet, no
//! script.

use askama::Template;
use serde_json::Value;
use std::collections::BTreeMap;

use crate::http::headers::REQUEST_ID;

/// A page that shows a document.
#[derive(Template)]
#[template(path = "api.html", whitespace = "minimize")]
pub struct Page {
    title: String,
    version: String,
    document: &'static str,
    about: Vec<Block>,
    groups: Vec<Group>,
    schemas: Vec<Shown>,
}

/// Operations under one heading.
struct Group {
    name: String,
    operations: Vec<Operation>,
}

struct Operation {
    id: String,
    method: String,
    path: String,
    summary: Line,
    about: Vec<Block>,
    parameters: Vec<Member>,
    body: Option<Kind>,
    body_required: bool,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    kind: Kind,
    about: Vec<Block>,
    headers: Vec<Line>,
}

/// A named schema.
struct Shown {
    name: String,
    about: Vec<Block>,
    kind: Kind,
    limits: Vec<Line>,
    members: Vec<Member>,
}

/// A parameter, or a member of an object.
struct Member {
    name: String,
    kind: Kind,
    required: bool,
    about: Vec<Block>,
    limits: Vec<Line>,
}

/// What something is, in words; some of them name a schema.
type Kind = Vec<Part>;

struct Part {
    text: String,
    schema: Option<String>,
}

/// Paragraphs, or the items of one list.
struct Block {
    list: bool,
    lines: Vec<Line>,
}

type Line = Vec<Span>;

struct Span {
    text: String,
    code: bool,
}

/// Levels of objects within objects that are shown in one table.
const DEPTH_MAX: usize = 4;

impl Page {
    /// The page of a document that is to be found at `path`.
    pub fn of(document: &Value, path: &'static str) -> Self {
        let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
        for (path, item) in members(&document["paths"]) {
            for (method, operation) in members(item) {
                let tag = text(&operation["tags"][0]);
                let operation = shown(document, method, path, operation);
                groups.entry(tag).or_default().push(operation);
            }
        }
        let schemas = members(&document["components"]["schemas"])
            .map(|(name, schema)| Shown {
                name: name.clone(),
                about: blocks(&text(&schema["description"])),
                kind: kind(schema),
                limits: limits(schema),
                members: properties(document, schema),
            })
            .collect();
        Page {
            title: text(&document["info"]["title"]),
            version: text(&document["info"]["version"]),
            document: path,
            about: blocks(&text(&document["info"]["description"])),
            groups: groups
                .into_iter()
                .map(|(name, operations)| Group { name, operations })
                .collect(),
            schemas,
        }
    }
}

fn shown(document: &Value, method: &str, path: &str, operation: &Value) -> Operation {
    let parameters = items(&operation["parameters"]).map(|parameter| {
        let schema = &parameter["schema"];
        let described = match text(&parameter["description"]) {
            about if about.is_empty() => text(&schema["description"]),
            about => about,
        };
        let mut limits = limits(schema);
        limits.extend(example(&parameter["example"]));
        Member {
            name: text(&parameter["name"]),
            kind: kind(schema),
            required: parameter["required"] == true,
            about: blocks(&described),
            limits,
        }
    });
    let answers = members(&operation["responses"]).map(|(status, response)| {
        let response = resolved(document, response);
        Answer {
            status: status.clone(),
            kind: content(&response["content"]),
            about: blocks(&text(&response["description"])),
            headers: headers(response),
        }
    });
    let body = &operation["requestBody"]["content"];
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: spans(&text(&operation["summary"])),
        about: blocks(&text(&operation["description"])),
        parameters: parameters.collect(),
        body: body.is_object().then(|| content(body)),
        body_required: operation["requestBody"]["required"] == true,
        answers: answers.collect(),
    }
}

/// The headers of an answer but for the one that all have.
fn headers(response: &Value) -> Vec<Line> {
    let own = members(&response["headers"]).filter(|(name, _)| *name != REQUEST_ID);
    own.map(|(name, header)| {
        let about = format!(": {}", text(&header["description"]));
        vec![code(name.clone()), said(&about)]
    })
    .collect()
}

/// What a body is: JSON of a schema, or another media type by its name.
fn content(content: &Value) -> Kind {
    match members(content).next() {
        None => vec![plain("nothing")],
        Some((media, content)) if media == "application/json" => kind(&content["schema"]),
        Some((media, _)) => vec![plain(media)],
    }
}

/// What a schema is, in words.
fn kind(schema: &Value) -> Kind {
    if let Some(name) = schema["$ref"].as_str().map(last) {
        return vec![Part {
            text: name.to_owned(),
            schema: Some(name.to_owned()),
        }];
    }
    // What narrows the first one is in the description.
    if let Some(first) = items(&schema["allOf"]).next() {
        return kind(first);
    }
    for either in ["oneOf", "anyOf"] {
        let mut kinds = items(&schema[either]).map(kind);
        if let Some(first) = kinds.next() {
            return kinds.fold(first, |mut all, one| {
                all.push(plain(" or "));
                all.extend(one);
                all
            });
        }
    }
    let mut all = Vec::new();
    let one = std::slice::from_ref(&schema["type"]);
    for kind_of in schema["type"].as_array().map_or(one, Vec::as_slice) {
        if !all.is_empty() {
            all.push(plain(" or "));
        }
        match kind_of.as_str() {
            Some("array") => {
                all.push(plain("list of "));
                all.extend(kind(&schema["items"]));
            }
            Some("string") => all.push(plain("text")),
            Some("integer") => all.push(plain("whole number")),
            Some("boolean") => all.push(plain("true or false")),
            Some(other) => all.push(plain(other)),
            None => all.push(plain("anything")),
        }
    }
    all
}

/// The members of an object, those of objects within it under dotted names.
fn properties(document: &Value, schema: &Value) -> Vec<Member> {
    let mut all = Vec::new();
    gather(document, schema, "", DEPTH_MAX, &mut all);
    all
}

fn gather(document: &Value, schema: &Value, prefix: &str, depth: usize, all: &mut Vec<Member>) {
    for part in items(&schema["allOf"]) {
        if depth > 0 {
            gather(document, resolved(document, part), prefix, depth - 1, all);
        }
    }
    for (name, property) in members(&schema["properties"]) {
        let name = format!("{prefix}{name}");
        let required = items(&schema["required"]).any(|required| *required == name[prefix.len()..]);
        all.push(Member {
            kind: kind(property),
            required,
            about: blocks(&text(&property["description"])),
            limits: limits(property),
            name: name.clone(),
        });
        let inner = items(&property["oneOf"]).chain([property]);
        for object in inner.filter(|inner| inner["properties"].is_object()) {
            if depth > 0 {
                gather(document, object, &format!("{name}."), depth - 1, all);
            }
        }
    }
}

/// What a schema says of the values that it takes, one sentence each.
fn limits(schema: &Value) -> Vec<Line> {
    let mut lines = Vec::new();
    let number = |name: &str| schema.get(name).map(Value::to_string);
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => lines.push(format!("From {least} to {most}.")),
        (Some(least), None) => lines.push(format!("At least {least}.")),
        (None, Some(most)) => lines.push(format!("At most {most}.")),
        (None, None) => {}
    }
    if let Some(limit) = number("exclusiveMinimum") {
        lines.push(format!("Above {limit}."));
    }
    for (least, most, what) in [
        ("minLength", "maxLength", "characters"),
        ("minItems", "maxItems", "items"),
    ] {
        match (number(least), number(most)) {
            (Some(least), Some(most)) if least == most => lines.push(format!("{least} {what}.")),
            (Some(least), Some(most)) => lines.push(format!("{least} to {most} {what}.")),
            (Some(least), None) => lines.push(format!("At least {least} {what}.")),
            (None, Some(most)) => lines.push(format!("At most {most} {what}.")),
            (None, None) => {}
        }
    }
    let mut lines: Vec<Line> = lines.iter().map(|line| spans(line)).collect();
    let coded = |before: &str, value: String| vec![said(before), code(value)];
    if let Some(pattern) = schema["pattern"].as_str() {
        lines.push(coded("Pattern: ", pattern.to_owned()));
    }
    let mut values = Vec::new();
    for value in items(&schema["enum"]) {
        values.push(said(if values.is_empty() { "One of: " } else { ", " }));
        values.push(code(bare(value)));
    }
    if !values.is_empty() {
        lines.push(values);
    }
    if let Some(default) = schema.get("default") {
        lines.push(coded("Left out, it is ", bare(default)));
    }
    lines.extend(example(&schema["example"]));
    lines.extend(example(&schema["examples"][0]));
    lines
}

fn example(value: &Value) -> Option<Line> {
    let line = || vec![said("For example "), code(bare(value))];
    (!value.is_null()).then(line)
}

/// The blocks of a text: paragraphs are apart by an empty line, items of a list begin with a dash.
fn blocks(text: &str) -> Vec<Block> {
    let paragraphs = text.split("\n\n").map(str::trim);
    paragraphs
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| match paragraph.strip_prefix("- ") {
            Some(list) => Block {
                list: true,
                lines: list.split("\n- ").map(spans).collect(),
            },
            None => Block {
                list: false,
                lines: vec![spans(paragraph)],
            },
        })
        .collect()
}

/// A text with its code, which is between backquotes, told apart.
fn spans(text: &str) -> Line {
    let parts = text.split('`').enumerate();
    parts
        .filter(|(_, part)| !part.is_empty())
        .map(|(i, part)| Span {
            text: part.to_owned(),
            code: i % 2 == 1,
        })
        .collect()
}

fn said(text: &str) -> Span {
    Span {
        text: text.to_owned(),
        code: false,
    }
}

fn code(text: String) -> Span {
    Span { text, code: true }
}

fn plain(text: &str) -> Part {
    Part {
        text: text.to_owned(),
        schema: None,
    }
}

/// A value as people write it: texts without their quotes.
fn bare(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// What a reference within the document stands for; other values stand for themselves.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"].as_str().and_then(|at| at.strip_prefix('#'));
    target.and_then(|at| document.pointer(at)).unwrap_or(value)
}

fn last(reference: &str) -> &str {
    reference.rsplit('/').next().unwrap_or(reference)
}
