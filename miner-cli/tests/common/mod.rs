//! The real program in a home of its own, and a node of a few lines.
#![allow(dead_code, reason = "each test file uses its part")]

#[cfg(unix)]
pub mod line;
#[cfg(target_os = "linux")]
pub mod screen;

use ed25519_dalek::{Signer, SigningKey};
use serde_json::{json, Map, Value};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A home directory for the program, removed at the end.
pub struct Home(pub tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Home(tempfile::tempdir().expect("a scratch directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with nothing of this machine's settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_verdigris"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(self.command(arguments))
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn new(mut command: Command) -> Self {
        Ran::from(command.output().expect("the program starts"))
    }

    /// Fails the test where the status is another, and shows why.
    #[track_caller]
    pub fn ended(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:?}");
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).expect("JSON on standard output")
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Ran {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// What a node does with a request.
pub enum Reply {
    /// Closes the connection without a word.
    Drop,
    /// Status, further header lines, body.
    Http(u16, &'static str, String),
    /// These bytes, so many at a time.
    Pieces(Vec<u8>, usize),
}

/// A request as it came.
pub struct Request {
    pub path: String,
    pub body: String,
}

/// Serves on a free port of this machine for as long as the test runs; gives the URL. `reply` sees the
/// number of the request and the request.
pub fn serve(mut reply: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.expect("a connection");
            let Some(request) = read(&stream) else {
                continue;
            };
            // The program may have gone away.
            let _ = match reply(number, &request) {
                Reply::Drop => Ok(()),
                Reply::Http(status, headers, body) => {
                    stream.write_all(&answer(status, headers, &body))
                }
                Reply::Pieces(bytes, size) => in_pieces(&mut stream, &bytes, size),
            };
        }
    });
    url
}

/// An answer as it goes over the line.
pub fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// Writes so many bytes at a time, each a packet of its own.
fn in_pieces(stream: &mut TcpStream, bytes: &[u8], size: usize) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    for piece in bytes.chunks(size) {
        stream.write_all(piece)?;
        // So that the other side reads it before the next one comes.
        std::thread::sleep(Duration::from_micros(300));
    }
    Ok(())
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        path,
        body: String::from_utf8(body).ok()?,
    })
}

/// The real node as a process, with a database of its own in `home`; `None` where `VERDIGRIS_TEST_NODE`
/// does not name its program, which is said.
pub struct Node {
    child: Child,
    pub url: String,
}

impl Node {
    pub fn start(home: &Home) -> Option<Self> {
        Node::start_at(home, "127.0.0.1:0")
    }

    /// At an address of this machine.
    pub fn start_at(home: &Home, address: &str) -> Option<Self> {
        Node::start_with(home, address, &[])
    }

    /// At an address of this machine, with further options.
    pub fn start_with(home: &Home, address: &str, options: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("VERDIGRIS_TEST_NODE") else {
            eprintln!("VERDIGRIS_TEST_NODE is not set: no real node");
            return None;
        };
        let mut child = Command::new(program)
            .args(["serve", "--listen", address, "--database"])
            .arg(home.path("node.db"))
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the node starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let url = lines.map_while(Result::ok).find_map(|line| {
            line.split_once("listening on ")
                .map(|(_, url)| url.split(' ').next().unwrap_or_default().to_owned())
        });
        let url = url.expect("the node says where it listens");
        Some(Node { child, url })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const NONCE: &str = "6e27f35a3ed74839ce21b914112c224a626694ec35b6ca02f6c0fdc661d310ac";

/// What a node of another make answers.
pub fn stock(request: &Request) -> Reply {
    let answer = match request.path.as_str() {
        "/attest/challenge" => json!({ "nonce": NONCE, "expires_at": 2, "server_time": 1 }),
        "/attest/submit" => {
            json!({ "ok": true, "status": "accepted", "fingerprint_passed": false })
        }
        _ => return Reply::Http(404, "", json!({ "error": "not_found" }).to_string()),
    };
    Reply::Http(200, "", answer.to_string())
}

/// The same, signed with the key of `seed` as a Verdigris node signs.
pub fn signed(request: &Request, seed: u8) -> Reply {
    let Reply::Http(200, headers, body) = stock(request) else {
        return stock(request);
    };
    let mut answer: Map<String, Value> = serde_json::from_str(&body).expect("an object");
    answer.insert("nonce".into(), NONCE.into());
    let key = SigningKey::from_bytes(&[seed; 32]);
    // Sorted and compact as it is, and ASCII: the canonical text.
    let text = Value::Object(answer.clone()).to_string();
    let signature = key.sign(text.as_bytes()).to_bytes();
    answer.insert(
        "node_public_key".into(),
        hex(key.verifying_key().as_bytes()).into(),
    );
    answer.insert("node_signature".into(), hex(&signature).into());
    Reply::Http(200, headers, Value::Object(answer).to_string())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// What makes a probe short.
pub const SHORT: [&str; 3] = ["--quick", "--arena", "64K"];

/// Runs the program briefly, with a node.
pub fn run(home: &Home, node: &str, arguments: &[&str]) -> Ran {
    home.run(&[arguments, &SHORT, &["--node", node]].concat())
}

/// A refusal.
pub fn error(status: u16, headers: &'static str, code: &str) -> Reply {
    Reply::Http(
        status,
        headers,
        format!(r#"{{"ok":false,"code":"{code}","message":"no"}}"#),
    )
}
