//! How often one address may ask, and one key; how many connections an address may have.

mod common;

use common::{post_as, unlimited, Miner, Node, Reply};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use verdigris_node::config::Config;

#[test]
fn challenges_are_counted_by_address() {
    let node = Node::start(Config {
        challenges_per_minute: 3,
        ..unlimited()
    });
    let ask = |header: &str| post_as(node.address, "/attest/challenge", b"{}", header).unwrap();
    for _ in 0..3 {
        assert_eq!(ask("").status, 200);
    }
    let refused = ask("");
    assert_eq!(
        (refused.status, refused.code()),
        (429, "CHALLENGE_RATE_LIMIT")
    );
    assert_eq!(refused.body["error"], "rate_limited");
    assert_eq!(
        refused.body["reason"],
        "challenge_rate_limit:4_requests_from_same_ip"
    );
    assert_says_when(&refused, 60);
    // The loopback address is a trusted proxy: its word for others is taken, and only that header.
    assert_eq!(ask("X-Real-IP: 192.0.2.1\r\n").status, 200);
    assert_eq!(ask("X-Forwarded-For: 192.0.2.2\r\n").status, 429);
    assert_eq!(ask("X-Real-IP: nonsense\r\n").status, 429);
}

#[test]
fn strangers_cannot_name_their_address() {
    let node = Node::start(Config {
        challenges_per_minute: 1,
        trusted_proxies: Vec::new(),
        ..unlimited()
    });
    let ask = |header: &str| post_as(node.address, "/attest/challenge", b"{}", header).unwrap();
    assert_eq!(ask("X-Real-IP: 192.0.2.1\r\n").status, 200);
    assert_eq!(ask("X-Real-IP: 192.0.2.2\r\n").status, 429);
}

#[test]
fn miners_behind_one_address_are_counted_once_each() {
    let node = Node::start(Config {
        miners_per_hour: 2,
        ..unlimited()
    });
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    assert_eq!(Miner::number(2).attest(&node).status, 200);
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    let refused = Miner::number(3).attest(&node);
    assert_eq!((refused.status, refused.code()), (429, "IP_RATE_LIMIT"));
    assert_says_when(&refused, 3_600);
}

#[test]
fn lists_are_counted_and_say_so() {
    let node = Node::start(Config {
        lists_per_minute: 2,
        ..unlimited()
    });
    let first = node.get("/api/miners");
    assert_eq!(first.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(first.header("x-ratelimit-remaining"), Some("1"));
    assert!(first.header("x-ratelimit-reset").is_some());
    assert_eq!(node.get("/api/miners").status, 200);
    let refused = node.get("/api/miners");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMIT"));
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.body["limit"], "2/60s");
    assert_says_when(&refused, 60);
}

/// A refusal says after how many seconds to come back, within its window.
fn assert_says_when(refused: &Reply, window_s: u64) {
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=window_s + 1).contains(&wait), "{wait}");
    assert_eq!(refused.body["retry_after_s"], wait);
}

#[test]
fn all_requests_together_are_counted() {
    let node = Node::start(Config {
        requests_per_minute: 2,
        ..unlimited()
    });
    let ask = |path: &str, header: &str| {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n{header}\r\n");
        Reply::read(&common::exchange(node.address, request.as_bytes())).unwrap()
    };
    let named = "X-Real-IP: 2001:db8::1\r\n";
    assert_eq!(ask("/epoch", named).status, 200);
    assert_eq!(ask("/nowhere", named).status, 404);
    // Another address of the same network.
    let refused = ask("/health", "X-Real-IP: 2001:db8::2\r\n");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMIT"));
    assert_says_when(&refused, 60);
    assert_eq!(ask("/epoch", "X-Real-IP: 2001:db8:0:1::1\r\n").status, 200);
    // The proxy's own questions.
    assert!((0..5).all(|_| ask("/epoch", "").status == 200));
}

#[test]
fn a_key_is_counted_under_all_its_names() {
    let node = Node::start(Config {
        submissions_per_hour: 2,
        ..unlimited()
    });
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    let refused = Miner::number(1).named("another").attest(&node);
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMIT"));
    assert_says_when(&refused, 3_600);
    assert_eq!(Miner::number(2).attest(&node).status, 200);
}

/// A connection that stays open, after an answer came: so it has its place.
fn keep_open(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = b"GET /ready HTTP/1.1\r\nHost: node\r\n\r\n";
    stream.write_all(request).unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"HTTP");
    stream
}

#[test]
fn an_address_has_its_connections_and_no_more() {
    let node = Node::start(Config {
        connections_per_address: 2,
        trusted_proxies: Vec::new(),
        ..unlimited()
    });
    let first = keep_open(node.address);
    let _second = keep_open(node.address);
    let mut third = TcpStream::connect(node.address).unwrap();
    let mut answer = Vec::new();
    third.read_to_end(&mut answer).unwrap();
    let refused = Reply::read(&answer).unwrap();
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMIT"));
    assert_says_when(&refused, 0);
    // Its place is free some time after it went.
    drop(first);
    while TcpStream::connect(node.address)
        .and_then(|mut stream| {
            stream.write_all(b"GET /ready HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n")?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        })
        .map_or(true, |answer| !answer.starts_with(b"HTTP/1.1 200"))
    {
        std::thread::yield_now();
    }
}
