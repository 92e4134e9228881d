//! What goes wrong is said with its cause and with what to do next, on standard error, with the exit status
//! that `--help` lists.

mod common;

use common::{error, run, serve, stock, Home, Reply};
use std::io::{Read, Write};
use std::net::TcpListener;

/// A node that refuses submissions.
fn refusing(status: u16, headers: &'static str, code: &'static str) -> String {
    serve(move |_, request| match request.path.as_str() {
        "/attest/submit" => error(status, headers, code),
        _ => stock(request),
    })
}

/// Says these bytes to whoever comes.
fn stranger(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    address.to_string()
}

#[track_caller]
fn says(home: &Home, node: &str, status: i32, what: &str, next: &str) {
    let ran = run(home, node, &["attest"]).ended(status);
    let told = |head: &str, words: &str| {
        let mut lines = ran.stderr.lines();
        lines.any(|line| line.starts_with(head) && line.contains(words))
    };
    assert!(told("error: ", what), "not `{what}`: {}", ran.stderr);
    assert!(told("next: ", next), "not `{next}`: {}", ran.stderr);
}

#[test]
fn a_node_that_is_not_there() {
    let home = Home::new();
    let refused = "Connection refused";
    says(
        &home,
        "http://127.0.0.1:1",
        3,
        refused,
        "nothing listens there",
    );
    let balance = home
        .run(&["balance", "x", "--node", "http://127.0.0.1:1"])
        .ended(3);
    assert!(
        balance.stderr.contains("next: nothing listens there"),
        "{balance:?}"
    );
    // Plain text where TLS is expected, and the other way round: an alert as RFC 8446 writes it.
    let plain = stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    says(
        &home,
        &format!("https://{plain}"),
        3,
        "cannot be reached",
        "try http://",
    );
    let secure = stranger(b"\x15\x03\x01\x00\x02\x02\x46");
    let node = format!("http://{secure}");
    says(
        &home,
        &node,
        3,
        "cannot be reached",
        "another scheme (http, https)",
    );
    let silent = stranger(b"");
    says(
        &home,
        &format!("http://{silent}"),
        3,
        "cannot be reached",
        "was cut",
    );
}

#[test]
fn a_node_that_refuses() {
    let home = Home::new();
    for (status, headers, code, next) in [
        (409, "", "DUPLICATE_HARDWARE", "verdigris migrate --to"),
        (
            409,
            "",
            "HARDWARE_BINDING_FAILED",
            "verdigris migrate --hardware",
        ),
        (409, "", "PAID_UNDER_ANOTHER_WALLET", "in the next"),
        (409, "", "CHALLENGE_INVALID", "run the command again"),
        (429, "Retry-After: 7\r\n", "IP_RATE_LIMIT", "wait 7 s"),
        (429, "", "CHALLENGE_RATE_LIMIT", "wait some minutes"),
        (400, "", "SIGNING_KEY_MISMATCH", "--wallet"),
        (400, "", "PUBKEY_ADDRESS_MISMATCH", "leave --miner out"),
        (400, "", "INVALID_SIGNATURE", "changed on its way"),
        (422, "", "INVALID_EVIDENCE", "up to date"),
        (422, "", "EVIDENCE_REJECTED", "close what else runs"),
        (413, "", "REQUEST_TOO_LARGE", "--quick"),
        (503, "", "STORE_UNAVAILABLE", "its operator"),
        (400, "", "SOMETHING_NEW", "verdigris payload"),
    ] {
        let what = format!("the node refused: no ({code}, HTTP {status})");
        says(&home, &refusing(status, headers, code), 1, &what, next);
    }
    // What stands before a node gives no codes.
    for (status, next) in [
        (404, "no node at that address"),
        (403, "a login"),
        (502, "a proxy"),
    ] {
        let page = "<html>x</html>".to_owned();
        let node = serve(move |_, _| Reply::Http(status, "", page.clone()));
        says(&home, &node, 1, &format!("HTTP {status}"), next);
    }
}

#[test]
fn files_that_cannot_be_used() {
    let home = Home::new();
    let folder = home.0.path().to_str().unwrap().to_owned();
    let file = home.path("file");
    std::fs::write(&file, "nonsense\n").unwrap();
    let file = file.to_str().unwrap();
    let below = format!("{file}/below");
    let show = ["wallet", "show"];
    for (arguments, status, what, next) in [
        (
            &["--wallet", &folder][..],
            4,
            "is a directory",
            "name a file in it",
        ),
        (
            &["--wallet", &below],
            4,
            "Not a directory",
            "a part of the path is a file",
        ),
        (
            &["--config", file],
            2,
            "configuration file",
            "mend the file",
        ),
        (
            &["--config", &below],
            7,
            "Not a directory",
            "a part of the path is a file",
        ),
    ] {
        let ran = home.run(&[&show[..], arguments].concat()).ended(status);
        let (what, next) = (ran.stderr.contains(what), ran.stderr.contains(next));
        assert!(what && next, "{arguments:?}: {ran:?}");
    }
}

/// Results that were not written are no success.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_no_success() {
    let home = Home::new();
    for arguments in [
        &["probe", "--quick", "--arena", "64K", "-q"][..],
        &["probe", "--quick", "--arena", "64K", "-q", "--json"],
        &["payload", "--quick", "--arena", "64K", "-q"],
        &["completions", "bash"],
    ] {
        let mut command = home.command(arguments);
        command.stdout(std::fs::File::create("/dev/full").unwrap());
        let ran = common::Ran::new(command).ended(7);
        assert!(ran.stderr.contains("error: standard output: "), "{ran:?}");
        assert!(ran.stderr.contains("next: free some space"), "{ran:?}");
    }
    // Nobody can be told where standard error is full too, and the status says it all the same.
    let mut command = home.command(&["completions", "bash"]);
    let full = || std::fs::File::create("/dev/full").unwrap();
    let status = command.stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(7));
}
