//! How fast the explorer's pages answer, and how large they are, on a node with 100,000 miners and a year of epochs.
//!
//! `cargo bench -p verdigris-node --bench pages`, or `./dev bench pages`. Another number of miners may be given as
//! an argument. Each page is asked again and again over a socket of its own, one request after the other; the
//! first request, which makes what is kept for some seconds, is told apart.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::AtomicI64;
use std::sync::Arc;
use std::time::{Duration, Instant};
use verdigris_node::app::App;
use verdigris_node::clock::Clock;
use verdigris_node::config::Config;
use verdigris_node::http;
use verdigris_node::settle::settle_overdue;
use verdigris_node::store::sql::{params, Access, Connection, Location};
use verdigris_node::store::{ChainOptions, Store};
use verdigris_node::verdict::Outcome;

#[path = "../tests/crowd/mod.rs"]
mod crowd;
#[path = "../tests/verdict_machine/mod.rs"]
mod verdict_machine;

const MINERS: u64 = 100_000;

/// Epochs that are settled: a year of days.
const EPOCHS: i64 = 365;

/// Epochs with all miners; the others have few, so that filling takes minutes and not hours.
const FULL: i64 = 2;
const FEW: u64 = 500;

/// Requests for each page.
const REQUESTS: usize = 200;

const CHAIN: ChainOptions = ChainOptions {
    genesis_s: Some(0),
    slot_s: Some(600),
    slots_per_epoch: Some(144),
    pot: None,
};

const DAY_MS: i64 = 86_400_000;

/// An hour after the last epoch.
const NOW_MS: i64 = EPOCHS * DAY_MS + 3_600_000;

/// The classes of the miners and their families, in turn.
const CLASSES: [(&str, &str); 8] = [
    ("modern_x86_64", "x86"),
    ("virtual", "x86"),
    ("g4", "PowerPC"),
    ("g5", "PowerPC"),
    ("486", "x86"),
    ("sparc", "SPARC"),
    ("pentium_iii", "x86"),
    ("unproven", "ARM"),
];

fn main() {
    let asked = std::env::args().skip(1).find_map(|a| a.parse().ok());
    let miners = asked.unwrap_or(MINERS);
    let directory = tempfile::tempdir().expect("a temporary folder");
    let location = Location::File(directory.path().join("node.db"));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let begun = Instant::now();
    let store = Store::open(location.clone(), CHAIN, 0).expect("a database");
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let config = Config {
        requests_per_minute: 0,
        lists_per_minute: 0,
        ..Config::default()
    };
    let app = Arc::new(App::new(config, store, Clock::Manual(now)));
    fill(&location, miners);
    runtime.block_on(settle_overdue(&app)).expect("settlements");
    println!(
        "{miners} miners, {EPOCHS} epochs; filled in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    runtime.spawn(http::serve(app, listener, std::future::pending()));

    let middle = crowd::id(miners / 2);
    let pages = [
        "/explorer".into(),
        "/explorer/miners".into(),
        "/explorer/miners?sort=weight&page=2000".into(),
        "/explorer/miners?sort=name&page=1000".into(),
        "/explorer/miners?class=g4&sort=recent".into(),
        "/explorer/miners?class=g4&sort=weight&page=200".into(),
        "/explorer/miners?q=RTC0&sort=recent".into(),
        "/explorer/miners?family=PowerPC&sort=recent".into(),
        "/explorer/miners?family=x86&sort=weight&page=200".into(),
        "/explorer/miners?family=x86&class=486&sort=age".into(),
        format!("/explorer/miner/{middle}"),
        format!("/explorer/miner/{middle}/passport"),
        format!("/explorer/wallet/{middle}"),
        "/explorer/epochs".into(),
        "/explorer/epoch/1".into(),
        "/explorer/epoch/364".into(),
        "/explorer/time/1d".into(),
        "/explorer/time/1y".into(),
        "/explorer/time/all".into(),
        range(300, 330, ""),
        range(300, 330, "/volume.svg"),
        "/explorer/time/1y/rewards.svg".into(),
        "/explorer/time/1y/rewards.png".into(),
        "/explorer/hall-of-fame".into(),
        "/explorer/preserved".into(),
        "/explorer/transactions".into(),
        "/explorer/tx/epoch/1".into(),
        "/explorer/laboratory".into(),
        "/api/overview".into(),
        "/api/miners?family=x86&sort=weight&limit=50&offset=10000".into(),
        "/api/time/1y".into(),
        "/api/hall-of-fame".into(),
        "/api/preserved".into(),
        "/api/laboratory".into(),
        "/feeds/attestations.atom".into(),
        "/feeds/epochs.rss".into(),
    ];
    println!("   first ms     p50 ms     p95 ms      bytes  page");
    for page in &pages {
        let (first, _) = ask(address, page);
        let mut times: Vec<Duration> = Vec::with_capacity(REQUESTS);
        let mut bytes = 0;
        for _ in 0..REQUESTS {
            let (took, length) = ask(address, page);
            times.push(took);
            bytes = length;
        }
        times.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let at = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
        println!(
            "{:>11.2}{:>11.2}{:>11.2}{bytes:>11}  {page}",
            ms(first),
            at(50),
            at(95)
        );
    }
}

/// A stretch of time from one day to another, or a file below it.
fn range(from: i64, to: i64, file: &str) -> String {
    let second = |day: i64| day * DAY_MS / 1_000;
    let (from, to) = (second(from), second(to));
    format!("/explorer/time/range{file}?from={from}&to={to}")
}

/// Asks for a page: how long until the last byte, and how many there are.
fn ask(address: SocketAddr, path: &str) -> (Duration, usize) {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let took = begun.elapsed();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{path}: {}",
        String::from_utf8_lossy(&answer[..answer.len().min(400)])
    );
    (took, answer.len())
}

/// Attestations of a year, and all miners; the one in the middle with evidence and a verdict of real size.
fn fill(location: &Location, miners: u64) {
    let c = Connection::open(location, Access::Writer).expect("a connection");
    let mut next = 1;
    for epoch in 0..EPOCHS {
        // The last ones are large: an epoch page has to look among all.
        let here = if epoch + FULL >= EPOCHS {
            miners
        } else {
            FEW.min(miners)
        };
        crowd::enrol(&c, epoch, here, next).expect("enrolments");
        next += i64::try_from(here).expect("a small number");
    }
    let evidence = verdict_machine::honest();
    let verdict = verdict_machine::verdict(&evidence);
    assert!(verdict
        .checks
        .iter()
        .any(|check| check.outcome == Outcome::Pass));
    let body = serde_json::json!({ "evidence": evidence })
        .to_string()
        .into_bytes();
    let verdict = serde_json::to_string(&verdict).expect("JSON");
    let middle = crowd::id(miners / 2);
    c.execute(
        "INSERT INTO attestations (id, issued_ms, received_ms, miner, nonce, epoch, accepted, weight, body, verdict)
         VALUES (?1, ?2, ?2, ?3, 'measured', ?4, ?5, 1000000000, ?6, ?7)",
        params![next, NOW_MS, middle, EPOCHS, true, body, verdict],
    )
    .expect("an attestation");
    let in_turn = |of: fn((&'static str, &'static str)) -> &'static str| {
        let cases = (0..).zip(CLASSES.map(of));
        let cases: Vec<String> = cases
            .map(|(n, name)| format!("WHEN {n} THEN '{name}'"))
            .collect();
        format!("CASE id % {} {} END", CLASSES.len(), cases.join(" "))
    };
    let sql = format!(
        "INSERT INTO miners (miner, first_ms, last_ms, attestation_id, family, class, physical, presence_ppm,
                             multiplier, weight)
         SELECT miner, (id % 300) * {DAY_MS}, {NOW_MS} - (id % 5000) * 700, max(id), {}, {}, id % 8 NOT IN (1, 7), 900000, weight, weight
         FROM attestations WHERE epoch >= {} GROUP BY miner",
        in_turn(|(_, family)| family),
        in_turn(|(class, _)| class),
        EPOCHS - 1,
    );
    c.batch(&sql).expect("miners");
}
