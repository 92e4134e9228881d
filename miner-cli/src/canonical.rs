//! The text that a node signs: JSON as Python's `json.dumps` writes it with sorted keys, compact
//! separators and ASCII only.

use serde_json::{Map, Value};
use std::fmt::Write;

/// The canonical text of an object without the members named in `left_out`. Numbers keep the text
/// they came with.
pub fn without(members: &Map<String, Value>, left_out: &[&str]) -> String {
    let mut out = String::new();
    object(
        members
            .iter()
            .filter(|(key, _)| !left_out.contains(&key.as_str())),
        &mut out,
    );
    out
}

fn value(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self::value(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => object(members.iter(), out),
        // null, true, false and numbers are their own text; writing to a String cannot fail.
        other => write!(out, "{other}").unwrap_or_default(),
    }
}

fn object<'a>(members: impl Iterator<Item = (&'a String, &'a Value)>, out: &mut String) {
    // The order of UTF-8 bytes is the order of code points.
    let mut members: Vec<_> = members.collect();
    members.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (index, (key, member)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        string(key, out);
        out.push(':');
        value(member, out);
    }
    out.push('}');
}

/// As Python writes it with `ensure_ascii`.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").unwrap_or_default();
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_writes_it() {
        let text = r#"{"z": [1, 2.50, 1e-05, null, true], "é": "\u00e9\ud83d\ude00\n\u007f\"", "a": {"b": {}, "B": []}}"#;
        let Value::Object(members) = serde_json::from_str(text).unwrap() else {
            unreachable!()
        };
        // Python 3.11: json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")), but for
        // 2.50, which keeps the text it came with.
        assert_eq!(
            without(&members, &[]),
            "{\"a\":{\"B\":[],\"b\":{}},\"z\":[1,2.50,1e-05,null,true],\"\\u00e9\":\"\\u00e9\\ud83d\\ude00\\n\u{7f}\\\"\"}"
        );
        assert_eq!(
            without(&members, &["z", "é"]),
            "{\"a\":{\"B\":[],\"b\":{}}}"
        );
    }
}
