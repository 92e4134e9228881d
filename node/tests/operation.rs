//! The program as an operator runs it: its settings, its log, its other listener, its end.

use std::path::Path;
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_verdigris-node");

fn print_config(file: &Path, more: &[&str]) -> Output {
    Command::new(BINARY)
        .args(["serve", "--print-config", "--config"])
        .arg(file)
        .args(more)
        .env("VERDIGRIS_NODE_POT", "11")
        .env("VERDIGRIS_NODE_HEAD_TIMEOUT", "7")
        .env("VERDIGRIS_NODE_LISEN", "127.0.0.1:1")
        .output()
        .unwrap()
}

#[test]
fn settings_say_where_they_come_from() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.toml");
    std::fs::write(&file, "pot = 10\nhead-timeout = 6\nbody-timeout = 5\n").unwrap();
    let shown = print_config(&file, &["--pot", "12"]);
    assert!(shown.status.success());
    let text = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "pot = 12  # option",
        "head-timeout = 7  # environment",
        "body-timeout = 5  # file",
        "connections = 512  # default",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    let said = String::from_utf8(shown.stderr).unwrap();
    assert!(
        said.contains("VERDIGRIS_NODE_LISEN in the environment is no setting"),
        "{said}"
    );

    std::fs::write(&file, "chalenges-per-minute = 1\n").unwrap();
    let refused = print_config(&file, &[]);
    assert_eq!(refused.status.code(), Some(3));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(
        said.contains("did you mean 'challenges-per-minute'?"),
        "{said}"
    );
}
