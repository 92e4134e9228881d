//! A node on the loopback address with a folder of its own.

use crate::programs::Programs;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a node may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// Length of an epoch, seconds: the usual one, so that a page's commands all run in epoch 0; and one that a
/// test can see the end of.
const LONG_EPOCH_S: u64 = 86_400;
const SHORT_EPOCH_S: u64 = 5;

/// How long after its end an epoch may take to be settled.
const SETTLE_LIMIT: Duration = Duration::from_secs(60);

/// The operator's token: 32 characters, the fewest that a node takes.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A running node, and the folder that a page's commands run in: its database is `node.db` there, the
/// operator's token `admin-token`.
pub struct Node {
    folder: tempfile::TempDir,
    process: Child,
    /// Where it serves: `127.0.0.1:PORT`.
    pub api: String,
    /// Where it serves its operator.
    pub operator: String,
}

impl Node {
    /// Starts one whose first epoch begins now.
    pub fn start(programs: &Programs) -> Node {
        Node::with_epochs(programs, LONG_EPOCH_S)
    }

    /// Starts one, attests to it, and waits until an epoch is settled.
    pub fn settled(programs: &Programs) -> Node {
        let node = Node::with_epochs(programs, SHORT_EPOCH_S);
        crate::session::attest(&node, programs);
        let started = Instant::now();
        while !node.metrics().contains("verdigris_settled_epoch ") {
            let limit = Duration::from_secs(SHORT_EPOCH_S) + SETTLE_LIMIT;
            assert!(started.elapsed() < limit, "no epoch was settled");
            std::thread::sleep(Duration::from_millis(200));
        }
        node
    }

    fn with_epochs(programs: &Programs, epoch_s: u64) -> Node {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let mut secret = OpenOptions::new();
        let secret = secret.write(true).create_new(true).mode(0o600);
        let mut secret = secret
            .open(at("admin-token"))
            .expect("a file for the token");
        secret.write_all(TOKEN.as_bytes()).expect("a token");
        let log = at("node.log");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let genesis_s = now.expect("a clock").as_secs();
        let mut serve = Command::new(programs.folder().join("verdigris-node"));
        serve
            .current_dir(folder.path())
            .env_clear()
            .args(["serve", "--listen", "127.0.0.1:0", "--database", "node.db"])
            .args([
                "--admin-listen",
                "127.0.0.1:0",
                "--admin-token-file",
                "admin-token",
            ])
            .args([
                "--challenges-per-minute",
                "0",
                "--log-level",
                "error",
                "--slot-seconds",
                "1",
            ])
            .args(["--epoch-seconds", &epoch_s.to_string()])
            .args(["--genesis", &genesis_s.to_string()])
            .stdin(Stdio::null())
            .stdout(File::create(&log).expect("a log"))
            .stderr(OpenOptions::new().append(true).open(&log).expect("a log"));
        let process = serve.spawn().expect("verdigris-node");
        let mut node = Node {
            folder,
            process,
            api: String::new(),
            operator: String::new(),
        };
        let started = Instant::now();
        while node.operator.is_empty() {
            std::thread::sleep(Duration::from_millis(50));
            let said = fs::read_to_string(&log).expect("its log");
            let ended = node.process.try_wait().expect("its status");
            assert!(
                ended.is_none() && started.elapsed() < START_LIMIT,
                "the node did not start: {said}"
            );
            for line in said.lines() {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    node.api = address.into();
                }
                if let Some(address) = line.strip_prefix("operator on http://") {
                    node.operator = address.into();
                }
            }
        }
        node
    }

    /// Where commands run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The text with the addresses that pages give a node replaced by this one's.
    pub fn address(&self, text: &str) -> String {
        text.replace("127.0.0.1:8099", &self.api)
            .replace("node.example:8099", &self.api)
            .replace("127.0.0.1:8098", &self.operator)
    }

    /// What it exports.
    pub fn metrics(&self) -> String {
        get(&self.operator, "/metrics")
    }

    /// Every code that it may refuse with, by its own descriptions of both listeners.
    pub fn refusals(&self) -> BTreeSet<String> {
        let mut codes = BTreeSet::new();
        for address in [&self.api, &self.operator] {
            let document = get(address, "/openapi.json");
            let document = serde_json::from_str(&document).expect("a document");
            collect(&document, &mut codes);
        }
        codes
    }
}

/// The texts of all members `x-codes`.
fn collect(value: &serde_json::Value, codes: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                if name == "x-codes" {
                    let list = value.as_array().expect("a list of codes");
                    codes.extend(
                        list.iter()
                            .filter_map(|code| Some(code.as_str()?.to_owned())),
                    );
                }
                collect(value, codes);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, codes)),
        _ => {}
    }
}

/// The body of an answer with status 200.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("the node");
    stream
        .set_read_timeout(Some(ANSWER_LIMIT))
        .expect("a limit");
    // Of HTTP 1.0, so that the body comes whole and ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert_eq!(
        head.split(' ').nth(1),
        Some("200"),
        "{path}: {head}\n{body}"
    );
    body.to_owned()
}

impl Drop for Node {
    fn drop(&mut self) {
        // It is gone already where it failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
