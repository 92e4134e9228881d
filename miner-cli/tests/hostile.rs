//! Answers that come oddly, late, cut or not from a node at all.

mod common;

use common::{answer, error, run, serve, signed, stock, Home, Node, Ran, Reply, SHORT};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{channel, Receiver};

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

/// A proxy that serves one tunnel after the other, each to where it was asked; gives its address, and the
/// heads of what it was asked.
fn proxy(refuses: bool) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, heads) = channel();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                client.read_exact(&mut byte).unwrap();
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let _ = sender.send(head);
            if refuses {
                let _ = client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
                continue;
            }
            client
                .write_all(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
                .unwrap();
            let node = TcpStream::connect(target).unwrap();
            let (mut there, mut back) = (node.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut client, &mut there));
            let mut node = node;
            let _ = std::io::copy(&mut node, &mut back);
        }
    });
    (address, heads)
}

#[test]
fn a_proxy_of_the_environment_leads_to_the_node() {
    let home = Home::new();
    let node = serve(|_, request| signed(request, 1));
    let attest = |proxy: &str, no_proxy: &str| {
        let mut command = home.command(&[&["attest", "-q", "--node", &node], &SHORT[..]].concat());
        command.env("ALL_PROXY", format!("http://me:secret@{proxy}"));
        command.env("NO_PROXY", no_proxy);
        Ran::new(command)
    };
    let (address, heads) = proxy(false);
    attest(&address, "").ended(0);
    let asked: Vec<String> = heads.try_iter().collect();
    assert_eq!(asked.len(), 2);
    let target = node.strip_prefix("http://").unwrap();
    assert!(asked[0].starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")));
    // RFC 7617: "me:secret" in base 64.
    assert!(asked[0].contains("\r\nProxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    attest(&address, "127.0.0.1").ended(0);
    assert_eq!(heads.try_iter().count(), 0);
    let (address, _heads) = proxy(true);
    let ran = attest(&address, "").ended(3);
    assert!(
        ran.stderr.contains("the proxy refuses, with status 403"),
        "{ran:?}"
    );
    let away = attest("127.0.0.1:1", "").ended(3);
    for words in [
        "by the proxy 127.0.0.1:1",
        "next: check the proxy",
        "NO_PROXY",
    ] {
        assert!(away.stderr.contains(words), "{away:?}");
    }
}

/// With `VERDIGRIS_TEST_NODE` naming a `verdigris-node`: it is killed after its challenge, and started
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
