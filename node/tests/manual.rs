//! What the node's command line tells shells and `man` of itself.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    let mut node = Command::new(env!("CARGO_BIN_EXE_verdigris-node"));
    node.args(arguments).output().expect("it starts")
}

/// What it prints where it ends well.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for word in ["serve", "evaluate", "epoch-seconds", "print-config"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(&["completions", "tcsh"]).status.code(), Some(2));
}

/// Bash asks the script's function what may follow.
#[test]
fn bash_completes_with_it() {
    let script = printed(&["completions", "bash"]);
    let ask = "\nCOMP_WORDS=(verdigris-node epoch ex); COMP_CWORD=2; \
               _verdigris__node verdigris-node ex epoch; echo \"${COMPREPLY[@]}\"\n";
    let mut bash = Command::new("bash")
        .arg("--norc")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash, which every Debian has, and `dev` itself needs");
    let mut to = bash.stdin.take().expect("a pipe");
    // It prints nothing before it has read all.
    to.write_all(format!("{script}{ask}").as_bytes())
        .expect("it reads");
    drop(to);
    let output = bash.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "explain");
}

#[test]
fn every_command_has_a_page() {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let pages = folder.path().join("man1");
    let page = |name: &str| std::fs::read_to_string(pages.join(name)).expect("a page");
    printed(&["man", "--dir", pages.to_str().expect("UTF-8")]);
    let main = page("verdigris-node.1");
    assert_eq!(printed(&["man"]), main);
    assert!(main.starts_with(".ie"), "{main}");
    assert!(main.contains(".TH verdigris-node 1"), "{main}");
    for (name, words) in [
        ("verdigris-node-serve.1", "\\-\\-epoch\\-seconds"),
        ("verdigris-node-epoch-explain.1", "\\-\\-miner"),
        ("verdigris-node-silicon-evaluate.1", ".TH"),
        (
            "verdigris-node-man.1",
            "verdigris\\-node man | man \\-l \\-",
        ),
    ] {
        let text = page(name);
        assert!(text.contains(words), "{name}: {text}");
    }
    let nowhere = run(&["man", "--dir", "/dev/null/man"]);
    assert_eq!(nowhere.status.code(), Some(3));
    let said = String::from_utf8_lossy(&nowhere.stderr);
    assert!(said.contains("/dev/null/man"), "{said}");
}
