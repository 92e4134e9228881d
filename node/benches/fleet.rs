//! What following a miner costs: its attestations taken in by a database, and the fleet's check among a
//! thousand miners and among a hundred thousand, with the index in memory.
//!
//! `cargo bench -p verdigris-node --bench fleet`

use criterion::{criterion_group, criterion_main, Criterion};
use std::hint::black_box;
use std::time::{Duration, Instant};
use verdigris_node::binding::rules::Unit;
use verdigris_node::binding::salt::Tag;
use verdigris_node::continuity::track::{Clock, Sighting, Track};
use verdigris_node::continuity::HOUR_NS;
use verdigris_node::fleet::assess::{assess, Candidates, Dossier};
use verdigris_node::fleet::circumstance::Rhythm;
use verdigris_node::fleet::index::Memory;
use verdigris_node::fleet::seen::{Counter, Seen};
use verdigris_node::fleet::watch::{watch, Arrival};
use verdigris_node::store::sql::{Access, Connection, Location, Purpose};
use verdigris_node::store::{ChainOptions, Store};

#[path = "../tests/fleet_world/mod.rs"]
mod fleet_world;

use fleet_world::profile;
use fleet_world::skew_crystals::{Random, START_NS};

/// Models that the miners of the world are of.
const MODELS: u64 = 300;

/// Miners of one network.
const NETWORK: u64 = 20;

/// Counters' frequency.
const HZ: u64 = 2_600_000_000;

fn tag(kind: u64, n: u64) -> Tag {
    Tag((u128::from(kind) << 64 | u128::from(n)).to_be_bytes())
}

/// The number in a miner's tag.
fn number(miner: Tag) -> u64 {
    // The tag is made of two numbers of 64 bits.
    u128::from_be_bytes(miner.0) as u64
}

/// A miner by its number: always the same, so that all of them need not be kept.
fn dossier(n: u64) -> Dossier {
    let random = &mut Random::new(n);
    let skew = random.gauss(25e-6);
    let counter = random.below(30 * 86_400) * HZ;
    let sighting = |hour: i64| {
        let at = hour * HOUR_NS;
        let ticks = at as f64 / 1e9 * HZ as f64 * (1.0 + skew);
        Sighting {
            issued_ns: START_NS + at - 30_000_000,
            received_ns: START_NS + at + 2_030_000_000,
            first: counter + ticks as u64,
            elapsed: 2 * HZ,
        }
    };
    let clock = Clock {
        source: "tsc".into(),
        bits: 64,
        hz: HZ,
    };
    let mut track = Track::new(clock, sighting(0));
    if let Some(track) = &mut track {
        for hour in [4, 8, 12, 16, 20, 24] {
            track.observe(&sighting(hour));
        }
    }
    Dossier {
        miner: tag(0, n),
        since_ms: n as i64,
        network: Some(tag(1, n / NETWORK)),
        unit: Unit {
            firmware: vec![tag(2, n)],
            macs: vec![tag(3, n)],
            ..Unit::default()
        },
        profile: Some(profile(random.below(MODELS), random)),
        noise: vec![tag(4, n).0],
        track,
        rhythm: Rhythm::default(),
    }
}

fn fleet(c: &mut Criterion) {
    for miners in [1_000, 100_000] {
        let mut index = Memory::default();
        let mut candidates = 0;
        for n in 0..miners {
            // In memory nothing fails.
            let Ok(found) = Candidates::gather(&dossier(n), 0, &mut index);
            candidates = candidates.max(found.others.len());
        }
        let rows = index.rows();
        println!("{miners} miners: {rows} rows, at most {candidates} others for one");
        let me = dossier(miners / 2);
        let Ok(found) = Candidates::gather(&me, 0, &mut index);
        let of = |tags: &[Tag]| tags.iter().map(|&m| dossier(number(m))).collect::<Vec<_>>();
        let (others, neighbours) = (of(&found.others), of(&found.neighbours));
        c.bench_function(&format!("enter all rows, {miners} miners"), |b| {
            b.iter(|| Candidates::gather(black_box(&me), 0, &mut index))
        });
        c.bench_function(
            &format!("compare {} others, {miners} miners", others.len()),
            |b| b.iter(|| assess(black_box(&me), &others, &neighbours, &found)),
        );
    }
}

/// Miners whose attestations are taken in by turns, every ten minutes each.
const FOLLOWED: u64 = 1_000;

/// Milliseconds between two attestations of one miner.
const EVERY_MS: i64 = 600_000;

/// What a miner shows at a time.
fn seen(n: u64, at_ms: i64) -> Seen {
    let dossier = dossier(n);
    let now_ms = START_NS / 1_000_000 + at_ms;
    let ticks = u128::from(HZ) * u128::from(at_ms.unsigned_abs()) / 1_000;
    Seen {
        unit: dossier.unit,
        profile: dossier.profile,
        noise: Some(tag(5, n ^ at_ms.unsigned_abs()).0),
        counter: Some(Counter {
            source: "tsc".into(),
            bits: 64,
            stated_hz: Some(HZ),
            measured_hz: None,
            sighting: Sighting::from_ms(now_ms, now_ms + 2_100, n * HZ + ticks as u64, 2 * HZ),
        }),
        ..Seen::bare(dossier.network, now_ms)
    }
}

/// In one transaction: what the disk's flush costs is the same with and without.
fn database(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let location = Location::File(folder.path().join("node.db"));
    drop(Store::open(location.clone(), ChainOptions::default(), 0).expect("a database"));
    let connection = Connection::open(&location, Access::Writer).expect("a connection");
    connection.begin(Purpose::Write).expect("a transaction");
    let (mut turn, mut spent, mut count) = (0u64, Duration::ZERO, 0u32);
    let mut take_in = |turn: u64| {
        let (n, round) = (turn % FOLLOWED, turn / FOLLOWED);
        // Fits: some thousand rounds.
        let at_ms = round as i64 * EVERY_MS;
        let seen = seen(n, at_ms);
        let arrival = Arrival {
            miner: &format!("miner-{n}"),
            attestation_id: 1,
            epoch: at_ms / 86_400_000,
            now_ms: START_NS / 1_000_000 + at_ms,
        };
        let begun = Instant::now();
        watch(&connection, &arrival, &seen).expect("taken in");
        begun.elapsed()
    };
    // The first round enters everybody into the buckets.
    let first: Duration = (0..FOLLOWED).map(&mut take_in).sum();
    turn += FOLLOWED;
    println!("a miner's first attestation: {:?}", first / FOLLOWED as u32);
    // A day of ten minutes each, assessments included.
    for _ in 0..FOLLOWED * 144 {
        spent += take_in(turn);
        (turn, count) = (turn + 1, count + 1);
    }
    println!("one of a day's attestations: {:?}", spent / count);
    c.bench_function("one attestation into SQLite", |b| {
        b.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                spent += take_in(turn);
                turn += 1;
            }
            spent
        })
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = database, fleet
}
criterion_main!(benches);
