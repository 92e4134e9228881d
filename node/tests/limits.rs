//! How often one address may ask.

mod common;

use common::{post_as, unlimited, Miner, Node};
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
}
