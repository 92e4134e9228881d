//! The program as its user meets it: exit statuses, a wallet, a node of a few lines behind a socket.
#![cfg(unix)]

use miner_tiny::session::Signer;
use miner_tiny::wallet::Key;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs the program in a folder of its own.
struct Bench(PathBuf);

impl Bench {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("verdigris-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Bench(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_verdigris-tiny"))
            .current_dir(&self.0)
            .args(arguments)
            .output()
            .unwrap()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Reads a request, which ends when its body is as long as it says.
fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let so_far = text(&bytes);
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.unwrap().parse().unwrap() {
                return body.as_bytes().to_vec();
            }
        }
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the request ended early");
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// Serves one connection for each answer; gives the URL, and a handle to the bodies received.
fn node(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let serve = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let body = request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            body
        };
        answers.into_iter().map(serve).collect()
    });
    (url, serving)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n\r\n{body}")
}

#[test]
fn help_version_and_nonsense() {
    let bench = Bench::new("help");
    let help = bench.run(&["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("--self-check"));
    let version = text(&bench.run(&["--version"]).stdout);
    assert!(version.starts_with("verdigris-tiny 0"));
    let nonsense = bench.run(&["--nonsense"]);
    assert_eq!(nonsense.status.code(), Some(2));
    assert!(text(&nonsense.stderr).contains("there is no --nonsense"));
    assert_eq!(bench.run(&["--node", "https://x"]).status.code(), Some(2));
}

#[test]
fn this_machine_passes_the_self_check() {
    let checked = Bench::new("check").run(&["--self-check"]);
    let lines = text(&checked.stdout);
    assert!(checked.status.success(), "{lines}");
    assert!(lines.lines().last().unwrap().ends_with("wrong 0"));
}

#[test]
fn a_dry_run_asks_nobody_and_leaves_nothing() {
    let bench = Bench::new("dry");
    let arguments = [
        "--dry-run",
        "--quick",
        "--arena",
        "256K",
        "--json",
        "--show-payload",
        "-q",
    ];
    let dry = bench.run(&arguments);
    assert!(dry.status.success(), "{}", text(&dry.stderr));
    let out = text(&dry.stdout);
    let lines: Vec<Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let [payload, account] = lines.as_slice() else {
        panic!("{out}");
    };
    assert_eq!(payload["miner"], account["miner"]);
    assert_eq!(account["outcome"], "rehearsed");
    assert_eq!(account["arena"], 256 * 1024);
    let sent = out.lines().next().unwrap().len();
    assert_eq!(account["submission_bytes"], sent);
    assert_eq!(std::fs::read_dir(&bench.0).unwrap().count(), 0);
}

#[test]
fn an_attestation_is_accounted_for() {
    let bench = Bench::new("attest");
    let (url, serving) = node(vec![
        answer("200 OK", "{\"nonce\":\"abc123\"}"),
        answer(
            "200 OK",
            "{\"ok\":true,\"ticket_id\":\"t\",\"fingerprint_passed\":true}",
        ),
    ]);
    let arguments = [
        "--node", &url, "--quick", "--arena", "64K", "--json", "--quiet",
    ];
    let done = bench.run(&arguments);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let account: Value = serde_json::from_slice(&done.stdout).unwrap();
    let requests = serving.join().unwrap();

    let secret = std::fs::read_to_string(bench.0.join("verdigris.key")).unwrap();
    let key = Key::from_seed(&miner_tiny::wallet::unhex(secret.trim()).unwrap());
    assert_eq!(account["miner"], key.address().as_str());
    assert_eq!(
        (&account["accepted"], &account["ticket"]),
        (&true.into(), &"t".into())
    );
    assert_eq!(account["nonce"], "abc123");
    let submission: Value = serde_json::from_slice(&requests[1]).unwrap();
    assert_eq!(account["submission_bytes"], requests[1].len());
    let public: String = key
        .public_key()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(submission["public_key"], public);
    let ran = account["channels"].as_array().unwrap();
    for name in ran {
        assert!(
            submission["evidence"][name.as_str().unwrap()].is_object(),
            "{name}"
        );
    }
    assert!(ran.contains(&"counter".into()));
}

/// A challenge as a node with this key signs it.
fn signed_challenge(node: &Key) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    format!(
        "{{\"node_public_key\":\"{}\",\"node_signature\":\"{}\",\"nonce\":\"abc\"}}",
        hex(&node.public_key()),
        hex(&node.sign(b"{\"nonce\":\"abc\"}"))
    )
}

#[test]
fn a_node_is_held_to_the_key_that_it_had_first() {
    let bench = Bench::new("known");
    let [first, second] = [1, 2].map(|seed| Key::from_seed(&[seed; 32]));
    let refusal = answer("503 Service Unavailable", "{}");
    let (url, serving) = node(vec![
        answer("200 OK", &signed_challenge(&first)),
        refusal,
        answer("200 OK", &signed_challenge(&second)),
    ]);
    let arguments = ["--node", &url, "--quick", "--arena", "64K", "-q"];
    assert_eq!(bench.run(&arguments).status.code(), Some(1));
    let kept = std::fs::read_to_string(bench.0.join("verdigris.key.nodes")).unwrap();
    assert!(kept.starts_with(&format!("{url} ")) && kept.lines().count() == 1);
    let other = bench.run(&arguments);
    assert_eq!(other.status.code(), Some(6));
    assert!(text(&other.stdout).contains("WRONG_NODE"));
    serving.join().unwrap();
    std::fs::write(bench.0.join("verdigris.key.nodes"), format!("{url} 00\n")).unwrap();
    assert_eq!(bench.run(&arguments).status.code(), Some(7));
}

#[test]
fn a_refusal_and_an_absent_node_have_their_statuses() {
    let bench = Bench::new("refused");
    let refusal = "{\"code\":\"CHALLENGE_RATE_LIMIT\",\"message\":\"Too many.\",\"ok\":false}";
    let (url, serving) = node(vec![answer("429 Too Many Requests", refusal)]);
    let refused = bench.run(&["--node", &url, "--quick"]);
    serving.join().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stdout);
    assert!(said.contains("CHALLENGE_RATE_LIMIT") && said.contains("Too many."));

    let (url, serving) = node(vec![answer("200 OK", "<html>")]);
    let portal = bench.run(&["--node", &url]);
    serving.join().unwrap();
    assert_eq!(portal.status.code(), Some(6));

    // Nobody listens at the port that was just given back.
    let absent = bench.run(&["--node", &url, "-q"]);
    assert_eq!(absent.status.code(), Some(3));
    std::fs::write(bench.0.join("verdigris.key"), "no key").unwrap();
    assert_eq!(bench.run(&["--node", &url]).status.code(), Some(4));
}
