//! Runs what a block says, beside a node.

use crate::node::Node;
use crate::page::{Block, Kind};
use crate::programs::{said, Programs};
use std::process::{Command, Stdio};

/// Seconds that a block may take before it is ended.
const LIMIT_S: u32 = 120;

/// What coreutils' timeout gives where it ended something.
const TIMED_OUT: i32 = 124;

/// What stands for anything in what a command prints: on a line of its own for lines, within one for
/// characters.
const LEFT_OUT: &str = "[…]";

/// Has a shell say which line failed.
const TELL_LINE: &str = r#"set -E; trap 'echo "line $LINENO of the page failed" >&2' ERR"#;

/// A shell in the node's folder that knows nothing of whoever runs the tests.
fn shell(node: &Node, programs: &Programs, script: &str) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let home = node.folder();
    // Ends all that the script started, too.
    let mut command = Command::new("timeout");
    command
        .args(["--kill-after=5", &LIMIT_S.to_string()])
        .args(["bash", "-euo", "pipefail", "-c", script])
        .current_dir(home)
        .env_clear()
        .env("PATH", format!("{}:{path}", programs.folder().display()))
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .env("VERDIGRIS_NODE", format!("http://{}", node.api))
        .stdin(Stdio::null());
    command
}

fn run(node: &Node, programs: &Programs, script: &str) -> Result<String, String> {
    let output = shell(node, programs, &node.address(script)).output();
    let output = output.map_err(|e| format!("no shell: {e}"))?;
    match output.status.code() {
        Some(TIMED_OUT) => Err(format!("ended after {LIMIT_S} s:\n{script}")),
        _ => said(&output).map_err(|why| format!("{}\n{why}", script.trim())),
    }
}

/// Does what a block says.
pub fn play(node: &Node, programs: &Programs, block: &Block) -> Result<(), String> {
    if block.kind != Ok(Kind::Session) {
        // Lines have the numbers that they have on the page.
        let above = "\n".repeat(block.line - 1);
        let script = format!("{above}set -x; {TELL_LINE}\n{}", block.text);
        return run(node, programs, &script).map(drop);
    }
    let mut lines = block.text.lines().peekable();
    while let Some(line) = lines.next() {
        let command = line
            .strip_prefix("$ ")
            .ok_or_else(|| format!("a session begins with `$ `, not with: {line}"))?;
        let mut command = command.to_owned();
        while command.ends_with('\\') {
            command.push('\n');
            command.push_str(lines.next().unwrap_or_default());
        }
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
            expected.push(node.address(line));
        }
        let printed = run(node, programs, &command)?;
        let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
        if !alike(&expected, &printed) {
            return Err(format!(
                "{command}\n-- is said to print\n{}\n-- and prints\n{}",
                expected.join("\n"),
                printed.join("\n")
            ));
        }
    }
    Ok(())
}

/// Attests once, and leaves a failed request behind as well.
pub fn attest(node: &Node, programs: &Programs) {
    let script = "verdigris --quiet attest --quick\ncurl -s http://127.0.0.1:8099/nothing\n";
    run(node, programs, script).expect("an attestation");
}

/// Whether lines are as expected, with what is left out.
fn alike(expected: &[String], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line.trim() == LEFT_OUT => {
            (0..=printed.len()).any(|skip| alike(rest, &printed[skip..]))
        }
        Some((line, rest)) => match printed.split_first() {
            Some((first, others)) => fits(line.trim_end(), first) && alike(rest, others),
            None => false,
        },
    }
}

/// Whether a line is as expected, with what is left out.
fn fits(expected: &str, printed: &str) -> bool {
    let Some((begin, rest)) = expected.split_once(LEFT_OUT) else {
        return expected == printed;
    };
    let Some(mut printed) = printed.strip_prefix(begin) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split(LEFT_OUT).collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match printed.split_once(part) {
            Some((_, after)) => printed = after,
            None => return false,
        }
    }
    printed.ends_with(end)
}

#[test]
fn what_is_left_out_fits_anything_and_the_rest_nothing_else() {
    let expected = ["a [\u{2026}] c", "[\u{2026}]", "end"].map(str::to_owned);
    assert!(alike(&expected, &["a b c", "end"]));
    assert!(alike(&expected, &["a  c", "x", "y", "end"]));
    assert!(!alike(&expected, &["a b d", "end"]));
    assert!(!alike(&expected, &["a b c", "end", "more"]));
    assert!(!alike(&expected, &["a b c"]));
    assert!(!fits("a", "ab"));
}
