//! The tiny program against a hostile node, as a process: whatever comes from the socket, the program ends
//! or pauses, and its key stays where it is.
//!
//! The program is the one that `VERDIGRIS_TINY_BIN` names, as `./dev hostile` does with the one that is
//! shipped; otherwise the same code under a C library's start.
#![cfg(target_os = "linux")]

use miner_tiny::session::Signer;
use miner_tiny::wallet::Key;
use sha2::{Digest, Sha512};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use test_rigs::hostile::leaks::Leaks;

/// The miner's secret.
const SECRET: [u8; 32] = *b"\x93the key of a miner who is hurt\x1c";

/// How long a program may take before it counts as one that never ends: the session's own limits allow
/// two exchanges, each tried twice, of 30 s each way.
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// Seconds of processor time for a conversation without measuring, and for one with: a hundred times what
/// they take. A loop without pauses takes as long as the conversation.
const TALK_CPU_S: u64 = 5;
const MEASURE_CPU_S: u64 = 60;

/// Bytes that a node without an end offers: more than any socket takes unread.
const ENDLESS: usize = 256 << 20;

/// The first wait after a failure, less the tenth by which miners drift apart, seconds.
const FIRST_PAUSE_S: u64 = 9;

/// Connections of one exchange, at most.
const TRIES: usize = 2;

const CHALLENGE: &str = "{\"nonce\":\"00112233\"}";

type Attack = fn(&mut TcpStream) -> io::Result<()>;

/// A node that answers badly.
struct Trap {
    url: String,
    stop: Arc<AtomicBool>,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
    serving: Option<JoinHandle<()>>,
}

impl Trap {
    /// Answers every request for a challenge by `challenge`, every submission by `submission`.
    fn set(challenge: Attack, submission: Attack) -> Trap {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (over, heard) = (stop.clone(), requests.clone());
        let serving = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let mut stream = stream.unwrap();
                stream.set_write_timeout(Some(RUN_LIMIT)).unwrap();
                let request = request(&mut stream);
                let attack = match request.starts_with(b"POST /attest/submit ") {
                    true => submission,
                    false => challenge,
                };
                heard.lock().unwrap().push(request);
                // The program closes when it has had enough.
                let _ = attack(&mut stream);
            }
        });
        Trap {
            url: format!("http://{address}"),
            stop,
            requests,
            serving: Some(serving),
        }
    }

    /// Ends it; gives every request.
    fn close(mut self) -> Vec<Vec<u8>> {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.url.trim_start_matches("http://"));
        self.serving.take().unwrap().join().unwrap();
        std::mem::take(&mut self.requests.lock().unwrap())
    }
}

/// Reads a request, or what there is of it.
fn request(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return bytes;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return bytes,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// Writes `first`, then `again` until the other side has had enough.
fn endless(stream: &mut TcpStream, first: &[u8], again: &[u8]) -> io::Result<()> {
    stream.write_all(first)?;
    let block = again.repeat((1 << 16) / again.len() + 1);
    for _ in 0..ENDLESS / block.len() {
        stream.write_all(&block)?;
    }
    panic!("the program reads without an end");
}

fn whole(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    stream.write_all(
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .as_bytes(),
    )
}

fn challenge(stream: &mut TcpStream) -> io::Result<()> {
    whole(stream, CHALLENGE)
}

/// Signed by a key that has nothing to do with it.
fn wrong_signature(stream: &mut TcpStream) -> io::Result<()> {
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    let key = Key::from_seed(&[7; 32]);
    let members = format!(
        "\"node_public_key\":\"{}\",\"node_signature\":\"{}\",",
        hex(&key.public_key()),
        hex(&key.sign(b"another text"))
    );
    whole(stream, &CHALLENGE.replace('{', &format!("{{{members}")))
}

fn busy(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\n{}",
    )
}

fn header_bomb(stream: &mut TcpStream) -> io::Result<()> {
    endless(
        stream,
        b"HTTP/1.1 200 OK\r\n",
        b"X-Filler: xxxxxxxxxxxxxxxxxxxx\r\n",
    )
}

fn garbage(stream: &mut TcpStream) -> io::Result<()> {
    // Bytes without an order (xorshift; Marsaglia 2003).
    let mut state = 0x2545_f491_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    })
    .take(1 << 16)
    .collect();
    stream.write_all(&bytes)
}

/// What a node can do in place of an answer, by a name for whoever reads a failure.
const ATTACKS: [(&str, Attack); 16] = [
    ("header bomb", header_bomb),
    ("header without an end", |stream| {
        endless(stream, b"HTTP/1.1 200 OK\r\nX: ", b"x")
    }),
    ("status without an end", |stream| {
        endless(stream, b"HTTP/1.1 200 ", b"O")
    }),
    ("interim answers", |stream| {
        endless(stream, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    }),
    ("body without an end", |stream| {
        endless(stream, b"HTTP/1.1 200 OK\r\n\r\n", b"{")
    }),
    ("absurd length", |stream| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n";
        endless(stream, head, b"{")
    }),
    ("length of many digits", |stream| {
        endless(stream, b"HTTP/1.1 200 OK\r\nContent-Length: ", b"9")
    }),
    ("absurd chunk", |stream| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
        endless(stream, head, b"{")
    }),
    ("chunks of nothing new", |stream| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        endless(stream, head, b"1\r\n{\r\n")
    }),
    ("redirect", |stream| {
        let there = stream.local_addr()?;
        let answer = format!(
            "HTTP/1.1 302 Found\r\nLocation: http://{there}/elsewhere\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(answer.as_bytes())
    }),
    ("wrong signature", wrong_signature),
    ("garbage", garbage),
    ("nothing", |_| Ok(())),
    ("half an answer", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"nonce\":\"00")
    }),
    ("depth", |stream| whole(stream, &"{\"a\":".repeat(5_000))),
    ("words for a terminal", |stream| {
        let words = "{\"code\":\"\\u001b[2J\",\"message\":\"\\u001b]0;x\\u0007 \u{1b}[31m\\r\\n\"}";
        let answer = format!(
            "HTTP/1.1 403 \x1b[2J\r\nContent-Length: {}\r\n\r\n{words}",
            words.len()
        );
        stream.write_all(answer.as_bytes())
    }),
];

/// A folder with a wallet.
struct Bench(tempfile::TempDir);

/// How a program ended.
struct Ended {
    /// `None` where a signal or the limit ended it.
    status: Option<i32>,
    cpu_s: u64,
    said: Vec<u8>,
}

impl Bench {
    fn new() -> Self {
        let bench = Bench(tempfile::tempdir().unwrap());
        let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut options = std::fs::OpenOptions::new();
        let mut wallet = options
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(bench.0.path().join("verdigris.key"))
            .unwrap();
        writeln!(wallet, "{hex}").unwrap();
        bench
    }

    fn start(&self, url: &str, more: &[&str]) -> Child {
        let program = std::env::var_os("VERDIGRIS_TINY_BIN")
            .unwrap_or_else(|| env!("CARGO_BIN_EXE_tiny-on-linux").into());
        let said = std::fs::File::create(self.0.path().join("said")).unwrap();
        Command::new(program)
            .current_dir(self.0.path())
            .args(["--node", url, "--quick", "--arena", "64K"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap()
    }

    /// Waits for the end, or ends it after `limit`.
    fn end(&self, mut child: Child, limit: Duration) -> Ended {
        let started = Instant::now();
        let mut cpu_s;
        loop {
            // Before the status is taken: a process that ended keeps its account until then.
            let (state, seconds) = account(&child);
            cpu_s = seconds;
            if state == 'Z' {
                break;
            }
            if started.elapsed() > limit {
                child.kill().unwrap();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ended {
            status: child.wait().unwrap().code(),
            cpu_s,
            said: std::fs::read(self.0.path().join("said")).unwrap(),
        }
    }
}

/// A process's state and seconds of processor time (proc_pid_stat(5), fields 3, 14 and 15; a second has 100
/// ticks on every Linux).
fn account(child: &Child) -> (char, u64) {
    let line = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let (_, fields) = line.rsplit_once(") ").unwrap();
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = |field: usize| -> u64 { fields[field - 3].parse().unwrap() };
    let state = fields[0].chars().next().unwrap();
    (state, (ticks(14) + ticks(15)) / 100)
}

fn leaks() -> Leaks {
    // The hash of the seed, the first half with bits cleared and set, is what signs (RFC 8032 §5.1.5).
    let expanded = Sha512::digest(SECRET);
    let mut clamped = [0; 32];
    clamped.copy_from_slice(&expanded[..32]);
    clamped[0] &= 0xf8;
    clamped[31] = clamped[31] & 0x7f | 0x40;
    Leaks::of(&[&SECRET, &expanded, &clamped])
}

/// Holds a conversation against what the program promises.
fn hold(name: &str, bench: &Bench, ended: &Ended, requests: &[Vec<u8>]) {
    let said = String::from_utf8_lossy(&ended.said);
    let leaks = leaks();
    for sent in requests {
        assert_eq!(leaks.find(sent), None, "{name}: sent");
        assert!(sent.starts_with(b"POST /attest/"), "{name}: {sent:?}");
    }
    assert_eq!(leaks.find(&ended.said), None, "{name}: printed");
    if let Ok(kept) = std::fs::read(bench.0.path().join("verdigris.key.nodes")) {
        assert_eq!(leaks.find(&kept), None, "{name}: kept");
    }
    let plain = |byte: &u8| *byte == b'\n' || (b' '..=b'~').contains(byte);
    assert!(ended.said.iter().all(plain), "{name}: {said:?}");
}

#[test]
fn every_attack_on_the_challenge_ends() {
    attack_all(|attack| (attack, challenge), 1, TALK_CPU_S);
}

#[test]
fn every_attack_on_the_submission_ends() {
    attack_all(|attack| (challenge, attack), 2, MEASURE_CPU_S);
}

fn attack_all(place: fn(Attack) -> (Attack, Attack), exchanges: usize, cpu_s: u64) {
    // All at once: some take the pauses that the session makes.
    std::thread::scope(|scope| {
        for (name, attack) in ATTACKS {
            scope.spawn(move || {
                let (challenge, submission) = place(attack);
                let trap = Trap::set(challenge, submission);
                let bench = Bench::new();
                let ended = bench.end(bench.start(&trap.url, &["--once"]), RUN_LIMIT);
                let requests = trap.close();
                let said = String::from_utf8_lossy(&ended.said);
                // Refused, not reached, or not to be trusted.
                assert!(
                    matches!(ended.status, Some(1 | 3 | 6)),
                    "{name}: {:?}: {said}",
                    ended.status
                );
                assert!(ended.cpu_s <= cpu_s, "{name}: {} s", ended.cpu_s);
                let talks = exchanges..=exchanges - 1 + TRIES;
                assert!(
                    talks.contains(&requests.len()),
                    "{name}: {}",
                    requests.len()
                );
                hold(name, &bench, &ended, &requests);
            });
        }
    });
}

#[test]
fn a_node_that_fails_is_left_alone_between_tries() {
    let attacks: [(&str, Attack); 2] = [("busy", busy), ("nothing", |_| Ok(()))];
    std::thread::scope(|scope| {
        for (name, attack) in attacks {
            scope.spawn(move || {
                let trap = Trap::set(attack, attack);
                let bench = Bench::new();
                let started = Instant::now();
                let child = bench.start(&trap.url, &["--mine", "--interval", "1"]);
                // To the second session, and into the pause after it.
                let ended = bench.end(child, Duration::from_secs(2 * FIRST_PAUSE_S));
                let pauses = started.elapsed().as_secs() / FIRST_PAUSE_S;
                let requests = trap.close();
                assert_eq!(ended.status, None, "{name}: it gave up");
                assert!(ended.cpu_s <= TALK_CPU_S, "{name}: {} s", ended.cpu_s);
                assert!(!requests.is_empty(), "{name}");
                // However long that took here: a pause between any two sessions.
                assert!(
                    requests.len() <= TRIES * (1 + pauses as usize),
                    "{name}: {} in {pauses} pauses",
                    requests.len()
                );
                hold(name, &bench, &ended, &requests);
            });
        }
    });
}

#[test]
#[ignore = "takes the session's whole patience, more than a minute; ./dev hostile runs it"]
fn an_answer_that_drips_is_given_up() {
    let trap = Trap::set(
        |stream| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")?;
            loop {
                stream.write_all(b" ")?;
                std::thread::sleep(Duration::from_millis(100));
            }
        },
        challenge,
    );
    let bench = Bench::new();
    let ended = bench.end(bench.start(&trap.url, &["--once"]), RUN_LIMIT);
    let requests = trap.close();
    let said = String::from_utf8_lossy(&ended.said);
    assert_eq!(ended.status, Some(3), "{said}");
    assert!(ended.cpu_s <= TALK_CPU_S, "{} s", ended.cpu_s);
    assert_eq!(requests.len(), TRIES, "{said}");
    hold("drip", &bench, &ended, &requests);
}
