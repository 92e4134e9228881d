//! The program as its user meets it: exit statuses, a wallet, a node of a few lines behind a socket.
#![cfg(target_os = "linux")]

mod network;
mod standard;

use miner_tiny::session::Signer;
use miner_tiny::wallet::Key;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

/// How a run ended, and what it printed.
struct Run {
    status: i32,
    out: String,
    error: String,
}

/// Runs the program in a folder of its own.
struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        Bench(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.run_on(arguments, |_| ())
    }

    /// Runs it on a system that is not quite the usual one.
    fn run_on(&self, arguments: &[&str], change: impl FnOnce(&mut standard::Standard)) -> Run {
        let mut system = standard::Standard::new(self.0.path(), arguments);
        change(&mut system);
        let status = miner_tiny::program::run(&mut system);
        let [out, error] = system.printed;
        Run { status, out, error }
    }
}

/// The body of a request, which ends when it is as long as it says.
fn request(stream: &mut impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        if let Some(body) = network::body(&bytes) {
            return body.to_vec();
        }
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the request ended early");
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// Serves one connection for each answer; gives the URL, and a handle to the bodies received.
fn node(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let serve = |answer: String| {
            let (mut stream, _) = listener.accept().unwrap();
            let body = request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
            body
        };
        answers.into_iter().map(serve).collect()
    });
    (url, serving)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n\r\n{body}")
}

#[test]
fn help_version_and_nonsense() {
    let bench = Bench::new();
    let help = bench.run(&["--help"]);
    assert!(help.status == 0 && help.out.contains("--self-check"));
    let version = bench.run(&["--version"]).out;
    assert!(version.starts_with("verdigris-tiny 0"));
    let nonsense = bench.run(&["--nonsense"]);
    assert_eq!(nonsense.status, 2);
    assert!(nonsense.error.contains("--nonsense is not known"));
    assert_eq!(bench.run(&["--node", "https://x"]).status, 2);
}

#[test]
fn a_file_says_what_the_command_line_does_not() {
    let bench = Bench::new();
    let usual = bench.path("VERDIGRIS.CFG");
    let file =
        "# Settings\r\nNAME = from-file ; mine\r\nminer from-file\r\nquick\r\njson = yes\r\n";
    std::fs::write(&usual, format!("{file}arena = 64K\r\nnode_key =\r\n\x1a")).unwrap();
    let arguments = ["--dry-run", "--miner", "from-flag", "--show-payload", "-q"];
    let dry = bench.run(&arguments);
    assert_eq!(dry.status, 0, "{}", dry.error);
    let [payload, account] = dry.out.lines().collect::<Vec<_>>()[..] else {
        panic!("{}", dry.out);
    };
    let [payload, account] = [payload, account].map(|l| serde_json::from_str::<Value>(l).unwrap());
    assert_eq!(payload["miner"], "from-flag");
    assert_eq!(payload["miner_id"], "from-file");
    assert_eq!(account["arena"], 64 * 1024);

    // A named file takes its place, and the command line takes back what a file says.
    std::fs::write(bench.path("other"), "json\nname = other\nquick = yes\n").unwrap();
    let dry = bench.run(&[
        "--json=no",
        "--config",
        "other",
        "--dry-run",
        "--show-payload",
    ]);
    assert!(dry.out.contains("\"other\"") && dry.out.contains("channels "));
}

#[test]
fn the_floppy_s_own_file_is_right() {
    let bench = Bench::new();
    let text = include_str!("../../cross/floppy/VERDIGRIS.CFG");
    assert!(text.lines().all(|line| line.len() <= 72));
    std::fs::write(bench.path("VERDIGRIS.CFG"), text.replace('\n', "\r\n")).unwrap();
    let dry = bench.run(&["--dry-run", "--quick", "--arena", "64K", "-q"]);
    assert_eq!(dry.status, 0, "{}", dry.error);
}

#[test]
fn a_file_s_bad_line_is_named() {
    let bench = Bench::new();
    let usual = bench.path("VERDIGRIS.CFG");
    for (text, line, why) in [
        ("\r\n# x\r\nnodes = x", 3, "nodes is not known"),
        ("quick\rarena = 1K", 2, "arena must be 64K to 64M"),
        ("baud", 1, "baud needs a value"),
        ("quick = maybe", 1, "quick must be yes or no"),
        ("config = other", 1, "config is for the command line"),
        ("help", 1, "help is for the command line"),
    ] {
        std::fs::write(&usual, text).unwrap();
        let run = bench.run(&["--dry-run"]);
        assert_eq!(run.status, 2, "{text:?}");
        let said = format!("error: VERDIGRIS.CFG line {line}:\n  {why}\nnext: ");
        assert!(run.error.starts_with(&said), "{}", run.error);
        assert!(
            run.error.lines().all(|line| line.len() <= 40),
            "{}",
            run.error
        );
    }
    std::fs::write(&usual, b"name = \xff").unwrap();
    assert!(bench.run(&["--dry-run"]).error.contains("name is not text"));
    std::fs::write(&usual, vec![b'#'; 4097]).unwrap();
    let long = bench.run(&["--dry-run"]);
    assert!(
        long.status == 7
            && long
                .error
                .contains("VERDIGRIS.CFG is longer than 4096 bytes")
    );
    let absent = bench.run(&["--config", "absent"]);
    assert!(absent.status == 7 && absent.error.contains("absent is not there"));
    // What needs no settings needs no right ones.
    assert_eq!(bench.run(&["--version"]).status, 0);
}

#[test]
fn this_machine_passes_the_self_check() {
    let checked = Bench::new().run(&["--self-check"]);
    let lines = checked.out;
    assert_eq!(checked.status, 0, "{lines}");
    assert!(lines.lines().last().unwrap().ends_with("wrong 0"));
}

#[test]
fn a_dry_run_asks_nobody_and_leaves_nothing() {
    let bench = Bench::new();
    let arguments = [
        "--dry-run",
        "--quick",
        "--arena",
        "256K",
        "--json",
        "--show-payload",
        "-q",
    ];
    let dry = bench.run(&arguments);
    assert_eq!(dry.status, 0, "{}", dry.error);
    let out = dry.out;
    let lines: Vec<Value> = out
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    let [payload, account] = lines.as_slice() else {
        panic!("{out}");
    };
    assert_eq!(payload["miner"], account["miner"]);
    assert_eq!(account["outcome"], "rehearsed");
    assert_eq!(account["arena"], 256 * 1024);
    let sent = out.lines().next().unwrap().len();
    assert_eq!(account["submission_bytes"], sent);
    assert_eq!(std::fs::read_dir(bench.0.path()).unwrap().count(), 0);
}

#[test]
fn an_attestation_is_accounted_for() {
    let bench = Bench::new();
    let (url, serving) = node(vec![
        answer("200 OK", "{\"nonce\":\"abc123\"}"),
        answer(
            "200 OK",
            "{\"ok\":true,\"ticket_id\":\"t\",\"fingerprint_passed\":true}",
        ),
    ]);
    let arguments = [
        "--node", &url, "--quick", "--arena", "64K", "--json", "--quiet",
    ];
    let done = bench.run(&arguments);
    assert_eq!(done.status, 0, "{}", done.error);
    let account: Value = serde_json::from_str(&done.out).unwrap();
    let requests = serving.join().unwrap();

    let secret = std::fs::read_to_string(bench.path("verdigris.key")).unwrap();
    let key = Key::from_seed(&miner_tiny::wallet::unhex(secret.trim()).unwrap());
    assert_eq!(account["miner"], key.address().as_str());
    assert_eq!(
        (&account["accepted"], &account["ticket"]),
        (&true.into(), &"t".into())
    );
    assert_eq!(account["nonce"], "abc123");
    let submission: Value = serde_json::from_slice(&requests[1]).unwrap();
    assert_eq!(account["submission_bytes"], requests[1].len());
    let public: String = key
        .public_key()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(submission["public_key"], public);
    let ran = account["channels"].as_array().unwrap();
    for name in ran {
        assert!(
            submission["evidence"][name.as_str().unwrap()].is_object(),
            "{name}"
        );
    }
    assert!(ran.contains(&"counter".into()));
}

/// A challenge as a node with this key signs it.
fn signed_challenge(node: &Key) -> String {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    format!(
        "{{\"node_public_key\":\"{}\",\"node_signature\":\"{}\",\"nonce\":\"abc\"}}",
        hex(&node.public_key()),
        hex(&node.sign(b"{\"nonce\":\"abc\"}"))
    )
}

#[test]
fn a_node_is_held_to_the_key_that_it_had_first() {
    let bench = Bench::new();
    let [first, second] = [1, 2].map(|seed| Key::from_seed(&[seed; 32]));
    let refusal = answer("503 Service Unavailable", "{}");
    let (url, serving) = node(vec![
        answer("200 OK", &signed_challenge(&first)),
        refusal,
        answer("200 OK", &signed_challenge(&second)),
    ]);
    let arguments = ["--node", &url, "--quick", "--arena", "64K", "-q"];
    assert_eq!(bench.run(&arguments).status, 1);
    let kept = std::fs::read_to_string(bench.path("verdigris.key.nodes")).unwrap();
    assert!(kept.starts_with(&format!("{url} ")) && kept.lines().count() == 1);
    let other = bench.run(&arguments);
    assert_eq!(other.status, 6);
    assert!(other.out.contains("WRONG_NODE"));
    serving.join().unwrap();
    std::fs::write(bench.path("verdigris.key.nodes"), format!("{url} 00\n")).unwrap();
    assert_eq!(bench.run(&arguments).status, 7);
}

#[test]
fn a_refusal_and_an_absent_node_have_their_statuses() {
    let bench = Bench::new();
    let refusal = "{\"code\":\"CHALLENGE_RATE_LIMIT\",\"message\":\"Too many.\",\"ok\":false}";
    let (url, serving) = node(vec![answer("429 Too Many Requests", refusal)]);
    let refused = bench.run(&["--node", &url, "--quick"]);
    serving.join().unwrap();
    assert_eq!(refused.status, 1);
    let said = refused.out;
    assert!(said.contains("CHALLENGE_RATE_LIMIT") && said.contains("Too many."));

    let (url, serving) = node(vec![answer("200 OK", "<html>")]);
    let portal = bench.run(&["--node", &url]);
    serving.join().unwrap();
    assert_eq!(portal.status, 6);

    // Nobody listens at the port that was just given back.
    let absent = bench.run(&["--node", &url, "-q"]);
    assert_eq!(absent.status, 3);
    std::fs::write(bench.path("verdigris.key"), "no key").unwrap();
    assert_eq!(bench.run(&["--node", &url]).status, 4);
}

#[test]
fn a_wallet_is_made_once_and_for_its_owner_alone() {
    let bench = Bench::new();
    // No node is reached, but the wallet is made before.
    let arguments = ["--node", "http://127.0.0.1:9", "--json", "--quick", "-q"];
    let made = bench.run(&arguments);
    assert_eq!(made.status, 3, "{}", made.error);
    let miner = |run: &Run| serde_json::from_str::<Value>(&run.out).unwrap()["miner"].clone();
    let path = bench.path("verdigris.key");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(miner(&bench.run(&arguments)), miner(&made));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = bench.run(&arguments);
    assert_eq!(refused.status, 4);
    assert!(refused.error.contains("chmod 600"));
}

#[test]
fn names_of_hosts_without_a_server() {
    let bench = Bench::new();
    let (url, serving) = node(vec![answer("503 Service Unavailable", "{}")]);
    let named = url.replace("127.0.0.1", "localhost");
    assert_eq!(bench.run(&["--node", &named, "-q"]).status, 1);
    serving.join().unwrap();
}

/// A name server that says of every name that it is 127.0.0.1; gives its address, and a handle to the
/// number of its questions.
fn name_server(questions: usize) -> (std::net::SocketAddr, std::thread::JoinHandle<usize>) {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        for _ in 0..questions {
            let mut bytes = [0; 512];
            let (length, from) = socket.recv_from(&mut bytes).unwrap();
            // The question again, marked as an answer, and a record that points to its name.
            let mut answer = bytes[..length].to_vec();
            answer[2] |= 0x80;
            answer[7] = 1;
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
            socket.send_to(&answer, from).unwrap();
        }
        questions
    });
    (address, serving)
}

#[test]
fn a_name_server_is_asked() {
    let bench = Bench::new();
    let (url, serving) = node(vec![answer("503 Service Unavailable", "{}")]);
    let (server, asked) = name_server(1);
    let named = url.replace("127.0.0.1", "node.example");
    let run = bench.run_on(&["--node", &named, "-q"], |system| {
        system.name_server = Some(server);
    });
    assert_eq!(run.status, 1, "{}", run.out);
    assert_eq!(
        (asked.join().unwrap(), serving.join().unwrap().len()),
        (1, 1)
    );
}

#[test]
fn without_random_numbers_a_key_is_gathered_or_refused() {
    let bench = Bench::new();
    let arguments = ["--node", "http://127.0.0.1:9", "-q"];
    let run = bench.run_on(&arguments, |system| system.random = false);
    let kept = std::fs::read_to_string(bench.path("verdigris.key"));
    match (run.status, kept) {
        (3, Ok(text)) => assert!(miner_tiny::wallet::unhex::<32>(text.trim()).is_some()),
        (4, Err(_)) => assert!(run.error.contains("too regular"), "{}", run.error),
        (status, kept) => panic!("{status} {kept:?} {}", run.error),
    }
}
