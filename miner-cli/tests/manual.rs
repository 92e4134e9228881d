//! What the program tells shells and `man` of itself, checked by these where they are installed.

mod common;

use common::Home;
use std::io::Write;
use std::process::{Command, Stdio};

/// What a program makes of an input, in an English locale; `None` where it is not installed, which is said.
fn through(program: &str, arguments: &[&str], input: &str) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("MANWIDTH", "80");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        eprintln!("{program} is not installed");
        return None;
    };
    let mut to = child.stdin.take().expect("a pipe");
    let text = input.to_owned();
    // Beside reading, so that neither side waits for the other.
    let writer = std::thread::spawn(move || to.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    let _ = writer.join();
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).ended(0).stdout;
        for word in ["mine", "wallet", "export", "passphrase-file"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert_eq!(script.contains("mcp"), cfg!(feature = "mcp"), "{shell}");
        if let "bash" | "zsh" | "fish" = shell {
            if let Some((good, said)) = through(shell, &["-n"], &script) {
                assert!(good, "{shell}: {said}");
            }
        }
    }
    home.run(&["completions", "tcsh"]).ended(2);
}

/// Bash asks the script's function what may follow.
#[test]
fn bash_completes_with_it() {
    let home = Home::new();
    let script = home.run(&["completions", "bash"]).ended(0).stdout;
    let ask = "\nCOMP_WORDS=(verdigris wallet ex); COMP_CWORD=2; \
               _verdigris verdigris ex wallet; echo \"${COMPREPLY[@]}\"\n";
    if let Some((_, said)) = through("bash", &["--norc"], &format!("{script}{ask}")) {
        assert_eq!(said.trim(), "export");
    }
}

#[test]
fn pages_render_and_keep_the_lines_of_examples() {
    let home = Home::new();
    let folder = home.path("share/man/man1");
    home.run(&["man", "--dir", folder.to_str().unwrap()])
        .ended(0);
    let main = std::fs::read_to_string(folder.join("verdigris.1")).unwrap();
    assert_eq!(home.run(&["man"]).ended(0).stdout, main);
    assert!(main.contains(".TH verdigris 1") && !main.contains("verdigris\\-help"));
    for (name, line) in [
        (
            "verdigris.1",
            "         4  the wallet could not be read, opened or written",
        ),
        (
            "verdigris-mine.1",
            "         verdigris mine --interval 10m --quick",
        ),
        ("verdigris-wallet-export.1", "       --out <FILE>"),
        #[cfg(feature = "mcp")]
        (
            "verdigris-mcp.1",
            "           { \"mcpServers\": { \"verdigris\": {",
        ),
    ] {
        let path = folder.join(name);
        let Some((good, text)) = through("man", &["-l", path.to_str().unwrap()], "") else {
            continue;
        };
        assert!(
            good && text.lines().any(|shown| shown == line),
            "{name}: {text}"
        );
    }
    home.run(&["man", "--dir", "/dev/null/man"]).ended(7);
}

#[test]
fn neither_needs_good_settings() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".config/verdigris")).unwrap();
    std::fs::write(home.path(".config/verdigris/config.toml"), "nonsense").unwrap();
    home.run(&["completions", "bash"]).ended(0);
    home.run(&["man"]).ended(0);
}
