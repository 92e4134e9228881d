//! What the fleet's check of one attestation costs among a thousand miners and among a million: all rows
//! entered, the candidates compared. The index is in memory; a database adds its own price for each row.
//!
//! `cargo bench -p verdigris-node --bench fleet`; the million takes some minutes to set up, and 4 GiB.

use criterion::{criterion_group, criterion_main, Criterion};
use std::hint::black_box;
use verdigris_node::binding::rules::Unit;
use verdigris_node::binding::salt::Tag;
use verdigris_node::continuity::track::{Clock, Sighting, Track};
use verdigris_node::continuity::HOUR_NS;
use verdigris_node::fleet::assess::{assess, Candidates, Dossier};
use verdigris_node::fleet::circumstance::Rhythm;
use verdigris_node::fleet::index::Memory;

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

/// A miner by its number: always the same, so that a million need not be kept.
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
    for miners in [1_000, 1_000_000] {
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

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = fleet
}
criterion_main!(benches);
