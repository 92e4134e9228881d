//! The program as an operator runs it: its settings, its log, its other listener, its end.

mod common;

use common::{get, post, post_as, Miner};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

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

#[test]
fn every_setting_is_in_the_manual() {
    let manual = include_str!("../../docs/operators.md");
    let shown = Command::new(BINARY)
        .args(["serve", "--print-config"])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let names: Vec<&str> = shown
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split(' ').next())
        .collect();
    assert!(names.contains(&"listen") && names.contains(&"admin-token-file"));
    for name in names {
        assert!(manual.contains(&format!("`{name}`")), "{name}");
    }
}

/// The program, serving. Killed when dropped.
struct Process {
    child: Child,
    said: BufReader<ChildStdout>,
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
        let mut said = BufReader::new(child.stdout.take().unwrap());
        Process {
            address: address(&mut said, "listening on http://"),
            said,
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

fn address(said: &mut impl BufRead, prefix: &str) -> SocketAddr {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix(prefix).expect(&line);
    address.parse().unwrap()
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
        let mut stream = TcpStream::connect(node.address).unwrap();
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

const TOKEN: &str = "a-token-of-thirty-two-characters";

fn token_file(directory: &Path, text: &str, mode: u32) -> String {
    let file = directory.join("token");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn the_operators_listener_wants_its_token() {
    let directory = tempfile::tempdir().unwrap();
    let file = token_file(directory.path(), TOKEN, 0o600);
    let mut node = Process::start(&["--admin-listen", "127.0.0.1:0", "--admin-token-file", &file]);
    let operator = address(&mut node.said, "operator on http://");
    let ask = |path: &str, header: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n{header}\r\n");
        let bytes = common::exchange(operator, request.as_bytes());
        let reply = common::Reply::read(&bytes).unwrap();
        (reply, String::from_utf8(bytes).unwrap())
    };
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    let wrong = format!("Authorization: Bearer {}\r\n", TOKEN.replace('a', "b"));
    for path in ["/metrics", "/status", "/nothing"] {
        for header in ["", &wrong, &format!("Authorization: Basic {TOKEN}\r\n")] {
            let (refused, _) = ask(path, header);
            assert_eq!((refused.status, refused.code()), (401, "UNAUTHORIZED"));
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
            id_of(&refused);
        }
    }
    assert_eq!(ask("/nothing", &right).0.status, 404);
    assert_eq!(ask("/epoch", &right).0.status, 404);
    // The public listener has none of it.
    assert_eq!(get(node.address, "/metrics").status, 404);

    let miner = Miner::number(1);
    let nonce = common::nonce(node.address);
    let body = miner.signed(&nonce).to_string();
    let taken = post(node.address, "/attest/submit", body.as_bytes());
    assert_eq!(taken.status, 200);
    assert_eq!(post(node.address, "/attest/submit", b"[]").status, 400);

    let (metrics, text) = ask("/metrics", &right);
    assert!(metrics
        .header("content-type")
        .unwrap()
        .starts_with("application/openmetrics-text"));
    let outcome = match &taken.body["fingerprint_passed"] {
        Value::Bool(true) => "passed",
        _ => "failed",
    };
    for line in [
        "verdigris_requests_total{method=\"POST\",route=\"/attest/submit\",status=\"200\"} 1",
        "verdigris_requests_total{method=\"POST\",route=\"/attest/submit\",status=\"400\"} 1",
        "verdigris_request_duration_seconds_count{route=\"/attest/submit\"} 2",
        "verdigris_attestations_total{outcome=\"invalid_json_object\"} 1",
        &format!("verdigris_attestations_total{{outcome=\"{outcome}\"}} 1"),
        "verdigris_balances_sum 0",
        "verdigris_store_queue 0",
        "verdigris_panics 0",
        &format!(
            "verdigris_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ),
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
    }
    assert!(text.ends_with("# EOF\n") && !text.contains(&miner.id));

    let (status, _) = ask("/status", &format!("X-Admin-Key: {TOKEN}\r\n"));
    assert_eq!((status.status, &status.body["ok"]), (200, &true.into()));
    assert_eq!(status.body["balances_sum_micro_rtc"], 0);
    assert!(!node.stop().contains(TOKEN));
}

#[test]
fn there_is_no_operators_listener_without_a_good_token() {
    let directory = tempfile::tempdir().unwrap();
    let why = |more: &[&str]| {
        let refused = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(directory.path().join("node.db"))
            .args(["--admin-listen", "127.0.0.1:0"])
            .args(more)
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(3));
        String::from_utf8(refused.stderr).unwrap()
    };
    assert!(why(&[]).contains("needs admin-token-file"));
    let open = token_file(directory.path(), TOKEN, 0o644);
    assert!(why(&["--admin-token-file", &open]).contains("everybody"));
    let short = token_file(directory.path(), &TOKEN[1..], 0o600);
    let said = why(&["--admin-token-file", &short]);
    assert!(said.contains("fewer than 32") && !said.contains(&TOKEN[1..]));
}

#[test]
fn what_is_in_hand_is_finished_before_the_end() {
    let mut node = Process::start(&[]);
    let miner = Miner::number(1);
    let body = miner.signed(&common::nonce(node.address)).to_string();
    let (sent, rest) = body.as_bytes().split_at(body.len() / 2);
    let mut stream = TcpStream::connect(node.address).unwrap();
    let head = format!(
        "POST /attest/submit HTTP/1.1\r\nHost: n\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(sent).unwrap();

    node.terminate();
    // Nobody else is let in any more.
    while TcpStream::connect(node.address).is_ok() {
        std::thread::yield_now();
    }
    stream.write_all(rest).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let taken = common::Reply::read(&answer).unwrap();
    assert_eq!(taken.status, 200, "{taken:?}");
    assert!(node.child.wait().unwrap().success());

    let location = node.directory.path().join("node.db").as_path().into();
    let logged = common::column(&location, "SELECT miner FROM attestations WHERE accepted");
    assert_eq!(logged, [miner.id.as_str()]);
}
