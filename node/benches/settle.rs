//! How long an epoch's settlement takes and what memory it needs, for 10,000, 100,000 and 1,000,000 miners,
//! on SQLite with full durability and on PostgreSQL where it is installed; and how long an attestation's
//! write waits meanwhile. Two epochs: the second finds every account there.
//!
//! `cargo bench -p verdigris-node --bench settle`, or `./dev bench settle`. Numbers given as arguments are
//! settled instead. Each case is a process of its own, so that its peak of memory is its own.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use verdigris_node::app::App;
use verdigris_node::clock::Clock;
use verdigris_node::config::Config;
use verdigris_node::settle::settle_overdue;
use verdigris_node::store::sql::{params, Access, Connection, Location};
use verdigris_node::store::{ChainOptions, Store, StoreError};

#[path = "../tests/crowd/mod.rs"]
mod crowd;
#[path = "../tests/common/postgres.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod postgres;

const MINERS: [u64; 3] = [10_000, 100_000, 1_000_000];

/// Epochs settled one after the other.
const EPOCHS: i64 = 2;

const CHAIN: ChainOptions = ChainOptions {
    genesis_s: Some(0),
    slot_s: Some(1),
    slots_per_epoch: Some(1_000),
    pot: None,
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("fill") => fill(&arguments[1].as_str().into(), number(&arguments[2])),
        Some("settle") => settle(&arguments[1].as_str().into()),
        _ => all(&arguments),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number of miners")
}

/// Runs every case in processes of its own.
fn all(arguments: &[String]) {
    // Cargo passes `--bench`.
    let asked: Vec<u64> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .map(|argument| number(argument))
        .collect();
    let miners = if asked.is_empty() {
        &MINERS[..]
    } else {
        &asked
    };
    let program = std::env::current_exe().expect("this program");
    let run = |step: &[&str]| {
        let status = Command::new(&program).args(step).status();
        assert!(status.is_ok_and(|status| status.success()), "{step:?}");
    };
    let server = std::panic::catch_unwind(|| postgres::Cluster::start(true)).ok();
    for &miners in miners {
        let directory = tempfile::tempdir().expect("a temporary folder");
        let file = directory.path().join("node.db");
        let file = file.to_str().expect("a path in UTF-8").to_owned();
        let mut databases = vec![("SQLite", file)];
        databases.extend(
            server
                .as_ref()
                .map(|server| ("PostgreSQL", server.database())),
        );
        for (name, database) in databases {
            println!("{name}, {miners} miners");
            run(&["fill", &database, &miners.to_string()]);
            run(&["settle", &database]);
        }
    }
}

fn fill(location: &Location, miners: u64) {
    let store = Store::open(location.clone(), CHAIN, 0).expect("a database");
    drop(store);
    let c = Connection::open(location, Access::Writer).expect("a connection");
    for epoch in 0..EPOCHS {
        let first = 1 + epoch * i64::try_from(miners).unwrap_or(0);
        crowd::enrol(&c, epoch, miners, first).expect("enrolments");
    }
}

fn settle(location: &Location) {
    let now_ms = Arc::new(AtomicI64::new(0));
    let store = Store::open(location.clone(), CHAIN, 0).expect("a database");
    let clock = Clock::Manual(Arc::clone(&now_ms));
    let app = Arc::new(App::new(Config::default(), store, clock));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for epoch in 1..=EPOCHS {
        now_ms.store(epoch * 1_000_000, Ordering::Relaxed);
        let done = Arc::new(AtomicBool::new(false));
        let waits = runtime.spawn(longest_wait(app.store.clone(), Arc::clone(&done)));
        let (begun, processor_ms) = (Instant::now(), processor_ms());
        let settled = runtime.block_on(settle_overdue(&app)).expect("settlement");
        let (took, processor_ms) = (begun.elapsed(), self::processor_ms() - processor_ms);
        assert_eq!(settled, 1);
        done.store(true, Ordering::Relaxed);
        let wait = runtime.block_on(waits).expect("the other writer");
        println!(
            "  epoch {epoch}: {:.2} s, {:.2} s of processor time; another write waited {} ms at most",
            took.as_secs_f64(),
            processor_ms as f64 / 1e3,
            wait.as_millis(),
        );
    }
    println!("  peak memory {} MiB", peak_kib() / 1_024);
}

/// Writes a row again and again, as an attestation would; gives the longest that one took.
async fn longest_wait(store: Store, done: Arc<AtomicBool>) -> Duration {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut longest = Duration::ZERO;
    let first = Instant::now();
    while !done.load(Ordering::Relaxed) {
        let begun = Instant::now();
        let written = store.write(move |c| {
            let sql = "INSERT INTO fingerprints (hash, miner) VALUES (?1, 'somebody')
                       ON CONFLICT (hash) DO NOTHING";
            let mut hash = [0; 32];
            hash[..16].copy_from_slice(&(begun - first).as_nanos().to_be_bytes());
            c.execute(sql, params![hash]).map_err(StoreError::from)
        });
        written.await.expect("a row");
        longest = longest.max(begun.elapsed());
        tokio::time::sleep(PAUSE).await;
    }
    longest
}

/// Processor time of this process so far, milliseconds.
fn processor_ms() -> u64 {
    // proc(5): fields 14 and 15, in ticks of 10 ms (USER_HZ is 100); the second field ends in a bracket.
    const MS_OF_A_TICK: u64 = 10;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let field = |n: usize| fields.get(n).and_then(|text| text.parse::<u64>().ok());
    (field(11).unwrap_or(0) + field(12).unwrap_or(0)) * MS_OF_A_TICK
}

/// The most memory that this process had, KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
