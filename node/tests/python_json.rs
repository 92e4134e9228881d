//! The text that gets signed, against CPython's own: recorded lines always, new ones where there is a
//! `python3`.

use std::process::Command;
use verdigris_node::json::{canonical_as_sent, canonical_without, parse, Spelling};

/// Made by `canonical-python.py 1 400` with CPython 3.11.
const RECORDED: &str = include_str!("data/canonical-python.jsonl");

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/data/canonical-python.py"
);

/// Checks lines of the script's; gives how many Python would have written differently from what was sent.
fn check(lines: &str) -> usize {
    let mut respelt = 0;
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let (sent, signed) = (
            line["sent"].as_str().unwrap(),
            line["signed"].as_str().unwrap(),
        );
        assert!(parse(sent.as_bytes()).is_ok(), "{sent}");
        let python = canonical_as_sent(sent, &[], Spelling::Python);
        assert_eq!(python.as_deref(), Some(signed), "{sent}");
        let own = canonical_as_sent(sent, &[], Spelling::Sent).unwrap();
        respelt += usize::from(own != signed);
        // A client in Python sends the digits that it signs: the first text that is tried fits.
        if !signed.contains("Infinity") {
            let Ok(serde_json::Value::Object(again)) = parse(signed.as_bytes()) else {
                panic!("{signed}");
            };
            assert_eq!(canonical_without(&again, &[]), signed);
        }
    }
    respelt
}

#[test]
fn recorded_lines_are_repeated() {
    assert_eq!(RECORDED.lines().count(), 400);
    // Otherwise they would say nothing.
    assert!(check(RECORDED) > 100);
}

#[test]
fn new_lines_of_python_are_repeated() {
    for seed in 2..6 {
        let made = Command::new("python3")
            .args([SCRIPT, &seed.to_string(), "1000"])
            .output();
        match made {
            Ok(made) => {
                assert!(
                    made.status.success(),
                    "{}",
                    String::from_utf8_lossy(&made.stderr)
                );
                let lines = String::from_utf8(made.stdout).unwrap();
                assert_eq!(lines.lines().count(), 1_000);
                assert!(check(&lines) > 100);
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("no python3 here: only the recorded lines were checked");
                return;
            }
            Err(e) => panic!("{e}"),
        }
    }
}
