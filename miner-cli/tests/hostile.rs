//! Answers that come oddly, late, cut or not from a node at all.

mod common;

use common::{answer, error, run, serve, signed, stock, Home, Node, Reply};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

/// The same answer in pieces.
fn in_pieces(reply: Reply, size: usize) -> Reply {
    match reply {
        Reply::Http(status, headers, body) => Reply::Pieces(answer(status, headers, &body), size),
        other => other,
    }
}

/// The same answer in chunks of three bytes, with what RFC 9112 allows beside them.
fn chunked(reply: Reply, size: usize) -> Reply {
    let Reply::Http(status, _, body) = reply else {
        return reply;
    };
    let mut text =
        format!("HTTP/1.1 {status} x\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.as_bytes().chunks(3) {
        text.extend(format!("{:x};a=b\r\n", chunk.len()).into_bytes());
        text.extend(chunk);
        text.extend(b"\r\n");
    }
    text.extend(b"0\r\nA-Trailer: x\r\n\r\n");
    Reply::Pieces(text, size)
}

#[test]
fn an_answer_may_be_split_at_any_byte() {
    for size in [1, 2, 7, 1000] {
        for odd in [in_pieces, chunked] {
            let node = serve(move |_, request| odd(signed(request, 1), size));
            let ran = run(&Home::new(), &node, &["attest", "--json"]).ended(0);
            assert_eq!(ran.json()["status"], "accepted");
        }
    }
}

#[test]
fn a_redirection_is_refused_and_not_followed() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let location = format!("Location: http://{}/\r\n", elsewhere.local_addr().unwrap());
    let location: &'static str = location.leak();
    for (status, path) in [(302, "/attest/challenge"), (307, "/attest/submit")] {
        let node = serve(move |_, request| match request.path == path {
            true => Reply::Http(status, location, String::new()),
            false => stock(request),
        });
        let ran = run(&Home::new(), &node, &["mine"]).ended(6);
        assert!(ran.stderr.contains("redirects elsewhere"), "{ran:?}");
    }
    assert!(elsewhere.accept().is_err(), "somebody followed");
}

#[test]
fn what_is_no_answer_is_named() {
    for (bytes, why) in [
        ("SSH-2.0-OpenSSH_9.2\r\n".into(), "HTTP"),
        (
            format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40_000)),
            "head",
        ),
        (
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(9_000)),
            "head",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n".into(),
            "how long it is",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n".into(),
            "",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".into(),
            "",
        ),
    ] {
        let node = serve(move |_, _| Reply::Pieces(String::clone(&bytes).into_bytes(), 4096));
        let ran = run(&Home::new(), &node, &["attest"]).ended(6);
        let named =
            ran.stderr.contains("does not answer as a node does") && ran.stderr.contains(why);
        assert!(named, "{ran:?}");
    }
}

#[test]
fn an_answer_that_is_cut_is_asked_for_once_more() {
    let cut = |reply: Reply| match reply {
        Reply::Http(status, headers, body) => {
            let whole = answer(status, headers, &body);
            Reply::Pieces(whole[..whole.len() - 5].to_vec(), 4096)
        }
        other => other,
    };
    let node = serve(move |number, request| match number % 2 {
        0 => cut(signed(request, 1)),
        _ => signed(request, 1),
    });
    let ran = run(&Home::new(), &node, &["attest"]).ended(0);
    assert_eq!(ran.stderr.matches("once more").count(), 2, "{ran:?}");
    // And not for ever.
    let node = serve(move |_, request| cut(signed(request, 1)));
    let ran = run(&Home::new(), &node, &["attest"]).ended(3);
    assert!(ran.stderr.contains("cannot be reached"), "{ran:?}");
}

#[test]
fn a_forgotten_challenge_is_explained() {
    let node = serve(|_, request| match request.path.as_str() {
        "/attest/submit" => error(409, "", "CHALLENGE_INVALID"),
        _ => stock(request),
    });
    let ran = run(&Home::new(), &node, &["attest"]).ended(1);
    assert!(ran.stderr.contains("run the command again"), "{ran:?}");
}

/// With `VERDIGRIS_NODE_BIN` naming a `verdigris-node`: it is killed after its challenge, and started
/// again.
#[test]
fn a_real_node_may_restart_between_challenge_and_submission() {
    let home = Home::new();
    let Some(node) = Node::start(&home) else {
        return;
    };
    let url = node.url.clone();
    let short = [
        "--quick",
        "--arena",
        "64K",
        "--rounds",
        "1",
        "--retry-first",
        "10ms",
    ];
    let mut child = home
        .command(&[&["mine", "--node", &url], &short[..]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let measures = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("measuring")));
    assert!(measures.is_some(), "it has its challenge");
    drop(node);
    let address = url.strip_prefix("http://").unwrap();
    let _again = Node::start_at(&home, address).unwrap();
    let said: Vec<String> = lines.map_while(Result::ok).collect();
    assert!(child.wait().unwrap().success(), "{said:?}");
}
