//! What tests need of a node's side of HTTP.
#![allow(dead_code, reason = "each test file uses its part")]

use miner_tiny::session::{Config, Purpose};
use probe_core::channels::environment::Fact;
use probe_core::plan::{Plan, MIN_ARENA};

/// A nonce as nodes give them.
pub const NONCE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// What a session with such a node is told.
pub fn config<'a>(facts: &'a [Fact]) -> Config<'a> {
    Config {
        host: "node.example:8099",
        base: "",
        purpose: Purpose::Attest,
        plan: Plan {
            quick: true,
            arena_bytes: MIN_ARENA,
        },
        miner: "",
        name: "",
        node_key: None,
        facts,
    }
}

/// The body of a request, once it is as long as the request says.
pub fn body(request: &[u8]) -> Option<&[u8]> {
    let end = request.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (&request[..end], &request[end + 4..]);
    let length: usize = std::str::from_utf8(head)
        .expect("a head is ASCII")
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .expect("a request says how long it is")
        .parse()
        .expect("a number");
    (body.len() >= length).then_some(body)
}

/// An answer with its length.
pub fn answer(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}
