//! The program as an operator runs it: its settings, its log, its other listener, its end.

mod common;

use common::{get, post, post_as, Miner};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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

/// The program, serving. Killed when dropped.
struct Process {
    child: Child,
    address: SocketAddr,
    directory: tempfile::TempDir,
}

impl Process {
    fn start(more: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut child = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(directory.path().join("node.db"))
            .args(more)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Process {
            address: address.parse().unwrap(),
            child,
            directory,
        }
    }

    fn terminate(&self) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as an operator does, and gives its log.
    fn stop(mut self) -> String {
        self.terminate();
        assert!(self.child.wait().unwrap().success());
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn id_of(reply: &common::Reply) -> &str {
    let id = reply.header("x-request-id").unwrap();
    assert!(
        id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "{id}"
    );
    id
}

#[test]
fn a_line_for_each_request_and_no_secrets_in_it() {
    let node = Process::start(&["--log-format", "json"]);
    let miner = Miner::number(1);
    let nonce = common::nonce(node.address);
    let taken = post(
        node.address,
        "/attest/submit",
        miner.signed(&nonce).to_string().as_bytes(),
    );
    assert_eq!(taken.status, 200);
    let wallet = get(node.address, &format!("/api/wallet/{}?x=s3cret", miner.id));
    let forwarded = "X-Real-IP: 192.0.2.7\r\nX-Request-Id: chosen-by-a-client\r\n";
    let refused = post_as(node.address, "/attest/submit", b"s3cret", forwarded).unwrap();
    let nowhere = get(node.address, "/s3cret");

    let log = node.stop();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| verdigris_node::json::parse(line.as_bytes()).expect(line))
        .collect();
    let line = |reply: &common::Reply| {
        let id = id_of(reply);
        let mut found = lines.iter().filter(|line| line["id"] == id);
        let line = found.next().expect(&log);
        assert!(found.next().is_none());
        assert_eq!(line["status"], reply.status);
        assert_eq!(
            line["bytes"].to_string(),
            reply.header("content-length").unwrap()
        );
        assert!(line["us"].is_u64() && line["timestamp"].is_string());
        line
    };
    assert_eq!(line(&taken)["route"], "/attest/submit");
    assert_eq!(line(&wallet)["route"], "/api/wallet/{miner}");
    assert_eq!(line(&wallet)["method"], "GET");
    assert_eq!(line(&wallet)["client"], "127.0.0.1");
    assert_eq!(line(&refused)["client"], "192.0.2.7");
    assert_eq!(line(&refused)["code"], "INVALID_JSON_OBJECT");
    assert_eq!(line(&nowhere)["route"], "none");
    for secret in [
        &miner.id,
        &nonce,
        &miner.public_hex(),
        "s3cret",
        "chosen-by",
    ] {
        assert!(!log.contains(secret), "{secret} in\n{log}");
    }
}

#[test]
fn text_lines_and_their_level() {
    let node = Process::start(&[]);
    let id = id_of(&get(node.address, "/epoch")).to_owned();
    let log = node.stop();
    let line = log.lines().find(|line| line.contains(&id)).expect(&log);
    assert!(line.contains("INFO request id="), "{line}");
    assert!(line.contains("route=\"/epoch\" status=200"), "{line}");

    let quiet = Process::start(&["--log-level", "warn"]);
    get(quiet.address, "/epoch");
    assert_eq!(quiet.stop(), "");
}

#[test]
fn every_answer_has_an_id_and_the_headers_for_browsers() {
    let node = Process::start(&["--head-timeout", "1"]);
    let ask = |request: &str| common::exchange(node.address, request.as_bytes());
    let slow = {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(node.address).unwrap();
        stream.write_all(b"GET /epoch HTTP/1.1\r\nHost:").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    for (status, answer) in [
        (
            200,
            ask("GET /epoch HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"),
        ),
        (
            404,
            ask("GET /no HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"),
        ),
        (
            405,
            ask("PUT /epoch HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n"),
        ),
        (408, slow),
    ] {
        let reply = common::Reply::read(&answer).unwrap();
        assert_eq!(reply.status, status);
        id_of(&reply);
        for (name, value) in [
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{status}");
        }
        assert!(reply.header("content-security-policy").is_some());
    }
}
