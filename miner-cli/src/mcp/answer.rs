//! What a tool answers: the node's JSON, or what went wrong with what to do about it.

use crate::error::{steers, Error};
use rmcp::model::CallToolResult;
use serde_json::{json, Map, Value};

/// Longest answer that is passed on, bytes of JSON: some ten thousand words, which an assistant still reads.
const ANSWER_MAX: usize = 256 * 1024;

/// Why a tool has no answer.
#[derive(Debug)]
pub enum Failure {
    /// The arguments are not the tool's.
    Arguments(String),
    /// The node did not answer, or not with what was asked for; and what to do where it knows nothing of that.
    Node(Error, &'static str),
}

/// The result of a tool, as the protocol has it: structured, and the same as text.
pub fn result(answer: Result<Map<String, Value>, Failure>) -> CallToolResult {
    let answer = match answer {
        Ok(answer) => tamed(Value::Object(answer)),
        Err(failure) => return CallToolResult::structured_error(told(failure)),
    };
    match answer.to_string().len() {
        0..=ANSWER_MAX => CallToolResult::structured(answer),
        long => CallToolResult::structured_error(json!({
            "code": "ANSWER_TOO_LONG",
            "message": format!("the node's answer is {long} bytes long, more than {ANSWER_MAX}"),
            "next_step": "ask for less: a smaller limit, or one miner",
        })),
    }
}

/// A failure with a code that does not change from version to version.
fn told(failure: Failure) -> Value {
    match failure {
        Failure::Arguments(why) => json!({
            "code": "INVALID_ARGUMENT",
            "message": why,
            "next_step": "call the tool again with arguments as its schema describes them",
        }),
        Failure::Node(Error::Refused(refusal), unknown) => {
            let next = match refusal.status {
                404 if !refusal.code.is_empty() => unknown.into(),
                400 | 422 => "the node takes no such argument, and its message says why".into(),
                _ => Error::Refused(refusal.clone()).next_step(),
            };
            let code = match refusal.code.as_str() {
                "" => "REFUSED",
                code => code,
            };
            let mut told = json!({
                "code": code,
                "message": refusal.message,
                "next_step": next,
                "http_status": refusal.status,
            });
            if let Some(time) = refusal.retry_after {
                told["retry_after_s"] = time.as_secs().into();
            }
            if !refusal.members.is_empty() {
                told["answer"] = tamed(Value::Object(refusal.members));
            }
            told
        }
        Failure::Node(error, _) => json!({
            "code": own_code(&error),
            "message": crate::error::shown(&error.to_string()),
            "next_step": error.next_step(),
        }),
    }
}

/// The code of a failure on the way to the node, in the manner of the node's own.
fn own_code(error: &Error) -> &'static str {
    match error {
        Error::Network(_) | Error::Unreachable { .. } => "NODE_UNREACHABLE",
        Error::Trust { .. } => "NOT_A_NODE",
        Error::Usage(_) => "INVALID_NODE_ADDRESS",
        _ => "INTERNAL_ERROR",
    }
}

/// The same with all texts visible: an assistant reads what a person who looks at its answer does not see.
/// Its depth is bounded by the parser's.
fn tamed(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(visible(&text)),
        Value::Array(items) => items.into_iter().map(tamed).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (visible(&name), tamed(value)))
            .collect(),
        other => other,
    }
}

/// A text without characters that are not seen; ends of lines stay.
fn visible(text: &str) -> String {
    let hidden = |c: char| (steers(c) && c != '\n') || is_tag(c);
    text.chars()
        .map(|c| if hidden(c) { ' ' } else { c })
        .collect()
}

/// Tags (Unicode 15, section 23.9): ASCII once more, without a picture.
fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Refusal;

    fn failed(failure: Failure) -> Value {
        let result = result(Err(failure));
        assert_eq!(result.is_error, Some(true));
        result.structured_content.expect("a structure")
    }

    #[test]
    fn what_is_not_seen_is_not_passed_on() {
        let hidden = "g4\u{202e}\u{200b}\u{e0041}\u{1b}[31m\nnext";
        let answer = json!({ "miners": [{ hidden: [hidden, 7.25, null] }] });
        let Value::Object(answer) = answer else {
            unreachable!("an object");
        };
        let shown = result(Ok(answer)).structured_content.expect("a structure");
        let seen = "g4    [31m\nnext";
        assert_eq!(shown, json!({ "miners": [{ seen: [seen, 7.25, null] }] }));
    }

    #[test]
    fn what_is_too_long_is_said_to_be() {
        let answer = [(String::from("a"), Value::from("x".repeat(ANSWER_MAX)))];
        let result = result(Ok(answer.into_iter().collect()));
        assert_eq!(result.is_error, Some(true));
        let told = result.structured_content.expect("a structure");
        assert_eq!(told["code"], "ANSWER_TOO_LONG");
    }

    #[test]
    fn refusals_keep_the_nodes_code_and_members() {
        let body = br#"{"ok":false,"code":"RATE_LIMIT","message":"slow\u202e","limit":"1/60s"}"#;
        let told = failed(Failure::Node(
            Error::Refused(Refusal::new(429, Some(7), body)),
            "",
        ));
        assert_eq!(
            (&told["code"], &told["http_status"]),
            (&json!("RATE_LIMIT"), &json!(429))
        );
        assert_eq!(told["retry_after_s"], 7);
        assert_eq!(told["answer"]["limit"], "1/60s");
        assert_eq!(told["answer"]["message"], "slow ");
        assert!(told["next_step"]
            .as_str()
            .unwrap_or_default()
            .contains("7 s"));
    }

    #[test]
    fn each_way_to_fail_has_a_code() {
        let failures = [
            Failure::Arguments("no".into()),
            Failure::Node(Error::Network("no".into()), ""),
            Failure::Node(crate::error::no_node("http://h", "no"), ""),
            Failure::Node(Error::Usage("no".into()), ""),
            Failure::Node(Error::Refused(Refusal::new(502, None, b"<html>")), ""),
        ];
        let codes = failures.map(|failure| {
            let told = failed(failure);
            assert_ne!(told["next_step"], "", "{told}");
            String::from(told["code"].as_str().unwrap_or_default())
        });
        let distinct: std::collections::HashSet<&String> = codes.iter().collect();
        assert_eq!(distinct.len(), codes.len(), "{codes:?}");
    }
}
