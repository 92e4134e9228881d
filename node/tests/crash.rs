//! Kills the node at random moments, again and again on one database, and checks that everything it
//! answered is there, nothing is paid twice, and the books are sound.
//!
//! `VERDIGRIS_CRASH_ROUNDS` sets how often (8), `VERDIGRIS_CRASH_SEED` which moments (1). The kill is
//! SIGKILL: it proves that nothing depends on an orderly end. That commits survive a loss of power is
//! SQLite's promise (`synchronous = FULL`), not tested here.

mod common;

use common::{post_as, Miner};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Mutex;
use std::time::Duration;

const BINARY: &str = env!("CARGO_BIN_EXE_verdigris-node");
const CLIENTS: u64 = 4;
const MINERS_OF_A_CLIENT: u64 = 3;
/// Pays what the default pays, every second.
const POT: i64 = 1_500_000;

struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(database: &Path) -> Self {
        let mut child = Command::new(BINARY)
            .args(["serve", "--listen", "127.0.0.1:0", "--epoch-seconds", "1"])
            .args([
                "--challenges-per-minute",
                "0",
                "--miners-per-hour",
                "0",
                "--database",
            ])
            .arg(database)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on http://")
            .expect(&line);
        Server {
            address: address.parse().unwrap(),
            child,
        }
    }
}

/// SplitMix64: one number after the other from a seed.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        probe_core::seed::finish(self.0)
    }
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap())
}

/// Attests as several miners in turn until told to stop; notes the nonces that were answered.
fn client(server: SocketAddr, number: u64, stop: &AtomicBool, answered: &Mutex<Vec<String>>) {
    let miners: Vec<Miner> = (0..MINERS_OF_A_CLIENT)
        .map(|i| Miner::number(number * MINERS_OF_A_CLIENT + i))
        .collect();
    for miner in miners.iter().cycle() {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let Some(challenge) = post_as(server, "/attest/challenge", b"{}", "") else {
            continue;
        };
        let Some(nonce) = challenge.body["nonce"].as_str() else {
            continue;
        };
        let body = miner.signed(nonce).to_string();
        match post_as(server, "/attest/submit", body.as_bytes(), "") {
            Some(reply) if reply.status == 200 => answered.lock().unwrap().push(nonce.into()),
            Some(reply) => panic!("{reply:?}"),
            None => {}
        }
    }
}

/// What the database says of itself, read without any code of the node's.
fn check(database: &Path, answered: &[String]) -> i64 {
    let audit = Command::new(BINARY)
        .args(["audit", "--database"])
        .arg(database)
        .output()
        .unwrap();
    assert!(
        audit.status.success(),
        "{}",
        String::from_utf8_lossy(&audit.stdout)
    );

    let c = rusqlite::Connection::open(database).unwrap();
    let mut statement = c
        .prepare("SELECT nonce FROM attestations WHERE accepted")
        .unwrap();
    let logged: BTreeSet<String> = statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let missing: Vec<_> = answered
        .iter()
        .filter(|nonce| !logged.contains(*nonce))
        .collect();
    assert!(
        missing.is_empty(),
        "{} answered submissions are lost: {missing:?}",
        missing.len()
    );

    let number = |sql: &str| -> i64 { c.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(number("SELECT coalesce(sum(amount), 0) FROM postings"), 0);
    let payments = "FROM postings p JOIN transactions t ON t.id = p.tx
                    WHERE t.reference LIKE 'epoch/%' AND p.account = 'system/emission'";
    let paid = number(&format!("SELECT count(*) {payments}"));
    assert_eq!(
        number(&format!("SELECT count(DISTINCT t.reference) {payments}")),
        paid
    );
    assert_eq!(
        number(&format!("SELECT coalesce(sum(p.amount), 0) {payments}")),
        -paid * POT
    );
    paid
}

#[test]
fn what_was_answered_survives_any_end() {
    let rounds = setting("VERDIGRIS_CRASH_ROUNDS", 8);
    let seed = setting("VERDIGRIS_CRASH_SEED", 1);
    println!("{rounds} rounds, seed {seed}");
    let mut moments = Moments(seed);
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("node.db");
    let answered = Mutex::new(Vec::new());

    for round in 0..rounds {
        let mut server = Server::start(&database);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let (stop, answered) = (&stop, &answered);
                scope.spawn(move || client(server.address, number, stop, answered));
            }
            std::thread::sleep(Duration::from_millis(100 + moments.next() % 1_400));
            server.child.kill().unwrap();
            server.child.wait().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        let answered = answered.lock().unwrap();
        let paid = check(&database, &answered);
        println!(
            "round {round}: {} answered so far, {paid} epochs paid",
            answered.len()
        );
    }

    // Left alone, it settles what is due and ends in good order.
    let mut server = Server::start(&database);
    std::thread::sleep(Duration::from_millis(1_500));
    Command::new("kill")
        .args(["-TERM", &server.child.id().to_string()])
        .status()
        .unwrap();
    assert!(server.child.wait().unwrap().success());
    let answered = answered.into_inner().unwrap();
    assert!(!answered.is_empty());
    let paid = check(&database, &answered);
    let c = rusqlite::Connection::open(&database).unwrap();
    let enrolled: i64 = c
        .query_row("SELECT count(DISTINCT epoch) FROM enrolments", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(paid, enrolled, "every epoch with enrolments is paid, once");
}
