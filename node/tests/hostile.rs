//! Requests that nobody sends in good faith: each gets a typed refusal, in bounded time, and the
//! node goes on.

mod common;

use common::{exchange, post, unlimited, Miner, Node, Reply};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};
use verdigris_node::attest::SUBMISSION_BYTES;
use verdigris_node::config::Config;

/// Short enough to test, long enough for a busy machine.
fn impatient() -> Config {
    Config {
        head_timeout: Duration::from_millis(500),
        body_timeout: Duration::from_millis(500),
        ..unlimited()
    }
}

fn head(length: usize) -> String {
    format!("POST /attest/submit HTTP/1.1\r\nHost: n\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
}

/// That many cases, and no file of failures beside the tests.
fn quietly(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Sends a byte now and then until the node has had enough.
fn drip(node: &Node, start: &str, byte: u8) -> Reply {
    let mut stream = TcpStream::connect(node.address).unwrap();
    stream.write_all(start.as_bytes()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let began = Instant::now();
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while began.elapsed() < Duration::from_secs(15) {
        let _ = stream.write_all(&[byte]);
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&buffer[..n]),
            Err(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                ) => {}
            Err(_) => break,
        }
    }
    Reply::read(&answer).expect("an answer before the connection ends")
}

#[test]
fn who_drips_is_told_and_closed() {
    let node = Node::start(impatient());
    let body = drip(&node, &head(100_000), b' ');
    assert_eq!((body.status, body.code()), (408, "REQUEST_TIMEOUT"));
    let header = drip(&node, "POST /attest/submit HTTP/1.1\r\nX-Slow: ", b'x');
    assert_eq!((header.status, header.code()), (408, "REQUEST_TIMEOUT"));
}

#[test]
fn who_stops_in_the_middle_is_told() {
    let node = Node::start(impatient());
    let truncated = exchange(
        node.address,
        format!("{}{{\"miner\":", head(500)).as_bytes(),
    );
    let reply = Reply::read(&truncated).unwrap();
    assert_eq!((reply.status, reply.code()), (400, "INCOMPLETE_BODY"));
    // And who says nothing at all takes no room for long.
    let mut silent = TcpStream::connect(node.address).unwrap();
    silent
        .set_read_timeout(Some(Duration::from_secs(15)))
        .unwrap();
    let mut answer = Vec::new();
    silent.read_to_end(&mut answer).unwrap();
}

#[test]
fn what_is_too_large_is_refused_by_size() {
    let node = Node::start(unlimited());
    for size in [1_000_001, 2_000_000, 3_999_999] {
        let reply = post(node.address, "/attest/submit", &vec![b'x'; size]);
        assert_eq!(
            (reply.status, reply.code()),
            (413, "REQUEST_TOO_LARGE"),
            "{size}"
        );
    }
    // Exactly the limit is read, and found not to be JSON. Submissions, kept for ever, have less.
    let reply = post(node.address, "/attest/challenge", &vec![b'x'; 1_000_000]);
    assert_eq!(reply.code(), "INVALID_JSON_OBJECT");
    let reply = post(node.address, "/attest/submit", &vec![b' '; 64 * 1024]);
    assert_eq!(reply.code(), "INVALID_JSON_OBJECT");
    let reply = post(node.address, "/attest/submit", &vec![b' '; 64 * 1024 + 1]);
    assert_eq!(reply.code(), "REQUEST_TOO_LARGE");
    // What is announced beyond all reason is refused unread.
    let reply = Reply::read(&exchange(node.address, head(usize::MAX).as_bytes()));
    assert!(reply.is_none_or(|reply| (400..500).contains(&reply.status)));
    let reply = Reply::read(&exchange(node.address, head(1 << 40).as_bytes())).unwrap();
    assert_eq!(reply.code(), "REQUEST_TOO_LARGE");
    // Chunks are counted as they come.
    let mut chunked = b"POST /attest/submit HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\
                        Transfer-Encoding: chunked\r\n\r\n"
        .to_vec();
    for _ in 0..30 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend_from_slice(&[b'x'; 0x10000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let reply = Reply::read(&exchange(node.address, &chunked)).unwrap();
    assert_eq!((reply.status, reply.code()), (413, "REQUEST_TOO_LARGE"));
    // A head without end.
    let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(1 << 20));
    let reply = Reply::read(&exchange(node.address, endless.as_bytes()));
    assert!(reply.is_none_or(|reply| reply.status == 431));
}

#[test]
fn json_that_readers_disagree_about_is_refused() {
    let node = Node::start(unlimited());
    let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n)).into_bytes();
    for body in [
        deep(5_000),
        format!("[{}0]", "0,".repeat(400_000)).into_bytes(),
        deep(400_000),
        "[".repeat(900_000).into_bytes(),
        "{\"a\":".repeat(150_000).into_bytes(),
        b"{\"miner\":\"a\",\"miner\":\"b\"}".to_vec(),
        b"{\"device\":{\"cpu\":\"a\",\"cp\\u0075\":\"b\"}}".to_vec(),
        b"{\"miner\":\"\xff\xfe\"}".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{\"a\":NaN}".to_vec(),
        b"{\"a\":1e}".to_vec(),
        b"{\"a\":\"\\ud800\"}".to_vec(),
        b"{} {}".to_vec(),
    ] {
        for path in ["/attest/submit", "/attest/challenge", "/epoch/enroll"] {
            let reply = post(node.address, path, &body);
            if path == "/attest/submit" && body.len() > SUBMISSION_BYTES {
                assert_eq!(reply.code(), "REQUEST_TOO_LARGE");
                continue;
            }
            assert_eq!(
                (reply.status, reply.code()),
                (400, "INVALID_JSON_OBJECT"),
                "{path}"
            );
        }
    }
}

#[test]
fn numbers_in_disguise_stay_objects() {
    let node = Node::start(unlimited());
    let miner = Miner::number(1);
    for key in [
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
    ] {
        for (place, code) in [
            ("/device/cores", "INVALID_DEVICE_CORES"),
            ("/device", ""),
            ("/report/entropy_score", ""),
            (
                "/fingerprint/checks/clock_drift/data/cv",
                "INVALID_FINGERPRINT_METRIC",
            ),
            ("/evidence", "INVALID_EVIDENCE"),
        ] {
            let mut body = miner.body(&node.nonce());
            body["evidence"] = serde_json::Value::Null;
            let mut disguised = serde_json::Map::new();
            disguised.insert(key.into(), "1e9999".into());
            *body.pointer_mut(place).unwrap() = disguised.into();
            let reply = node.submit(&miner.sign(body));
            assert!(
                reply.status == 200 || (400..500).contains(&reply.status),
                "{reply:?}"
            );
            assert_eq!(reply.code(), code, "{place}");
        }
    }
}

#[test]
fn crowds_wait_and_are_served() {
    let node = Node::start(Config {
        connections: 4,
        ..impatient()
    });
    let idle: Vec<_> = (0..8)
        .map(|_| TcpStream::connect(node.address).unwrap())
        .collect();
    // The idle ones are put out after their time, and the rest gets its turn.
    assert_eq!(node.get("/ready").status, 200);
    drop(idle);
}

#[test]
fn a_client_that_never_reads_is_put_out() {
    let node = Node::start(Config {
        connections: 1,
        connection_age: Duration::from_millis(500),
        ..impatient()
    });
    let mut deaf = TcpStream::connect(node.address).unwrap();
    deaf.set_write_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    for _ in 0..20_000 {
        if deaf
            .write_all(b"GET /ready HTTP/1.1\r\nHost: n\r\n\r\n")
            .is_err()
        {
            break;
        }
    }
    assert_eq!(node.get("/ready").status, 200);
    drop(deaf);
}

/// Values that strangers put into places where something else belongs.
fn strange() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::json;
    prop_oneof![
        Just(json!(null)),
        Just(json!({})),
        Just(json!([])),
        Just(json!([[]])),
        Just(json!(-1)),
        Just(json!(1e308)),
        Just(json!(u64::MAX)),
        Just(json!(i64::MIN)),
        Just(json!(0.000001)),
        any::<bool>().prop_map(|b| json!(b)),
        ".{0,40}".prop_map(|s| json!(s)),
        any::<i64>().prop_map(|n| json!(n)),
        Just(json!("9".repeat(400))),
        Just(json!({"passed": "yes", "data": 3})),
        Just(json!({"data": {"cv": [1], "vm_indicators": 7}})),
    ]
}

/// Every place in a value, as a JSON pointer.
fn places(value: &serde_json::Value, at: &str, out: &mut Vec<String>) {
    use serde_json::Value;
    if !at.is_empty() {
        out.push(at.to_owned());
    }
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(key, v)| places(v, &format!("{at}/{key}"), out));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, v)| places(v, &format!("{at}/{i}"), out));
        }
        _ => {}
    }
}

#[test]
fn random_bytes_get_a_client_error_or_nothing() {
    let node = Node::start(impatient());
    let mut runner = proptest::test_runner::TestRunner::new(quietly(100));
    runner
        .run(&prop::collection::vec(any::<u8>(), 0..400), |bytes| {
            let mut request = head(bytes.len()).into_bytes();
            request.extend_from_slice(&bytes);
            let reply = Reply::read(&exchange(node.address, &request)).unwrap();
            prop_assert!((400..500).contains(&reply.status));
            // The same as a head: an error of the client's, or a closed connection.
            let raw = Reply::read(&exchange(node.address, &bytes));
            prop_assert!(raw.is_none_or(|reply| (400..500).contains(&reply.status)));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_submission_spoilt_anywhere_is_accepted_or_refused_but_breaks_nothing() {
    let node = Node::start(unlimited());
    let miner = Miner::number(1);
    let mut all = Vec::new();
    places(&miner.body("n"), "", &mut all);
    let mut runner = proptest::test_runner::TestRunner::new(quietly(300));
    let spoil = prop::collection::vec((0..all.len(), strange()), 1..4);
    runner
        .run(&spoil, |changes| {
            let mut body = miner.body(&node.nonce());
            for (place, value) in changes {
                if let Some(target) = body.pointer_mut(&all[place]) {
                    *target = value;
                }
            }
            let reply = node.submit(&miner.sign(body));
            prop_assert!(
                reply.status == 200 || (400..500).contains(&reply.status),
                "{reply:?}"
            );
            Ok(())
        })
        .unwrap();
}

#[test]
fn who_closes_at_once_harms_nobody() {
    let node = Node::start(unlimited());
    for length in [0, 1, 10, 100] {
        let stream = TcpStream::connect(node.address).unwrap();
        let text = head(1_000);
        let _ = (&stream).write_all(&text.as_bytes()[..length.min(text.len())]);
        let _ = stream.shutdown(Shutdown::Both);
    }
    assert_eq!(node.get("/health").body["panics"], 0);
}
