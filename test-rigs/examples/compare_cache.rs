//! Holds the probe's memory latencies against the independent C tool's, working set by working set:
//! `cargo run --release -p test-rigs --example compare_cache [ROUNDS]`.
//!
//! Both walk the same arena of the same process in turns, a ring of the same size and grouping, each
//! laid and walked by its own code; what is compared is the fastest pass of each. Ticks become
//! nanoseconds by a rate measured over this very run. Ends with status 1 where the worst difference
//! exceeds [`GOAL_PERCENT`].

use probe_arch::os::Arena;
use probe_arch::Native;
use probe_core::machine::{Machine, Ring, Walk};
use probe_core::ticks::Ticks;
use std::process::ExitCode;
use std::time::Instant;
use test_rigs::reference::Chase;

/// The probe's figures may differ from the tool's by this much at any working set.
const GOAL_PERCENT: f64 = 5.0;

/// Turns, unless told: each measures both once at every working set.
const ROUNDS: u32 = 9;

/// Arena and largest working set, bytes.
const ARENA: usize = 64 << 20;

/// One node in each line.
const LINE: u32 = 64;

/// Loads in a timed pass, at least; a pass goes round the ring at least once.
const STEPS: u32 = 1 << 14;

/// Passes of each in a round.
const PASSES: usize = 5;

/// What one working set cost.
struct Row {
    ring: Ring,
    /// Ticks for one load, the probe's kernel.
    ticks: f64,
    /// Nanoseconds for one load, the reference.
    reference: f64,
}

fn main() -> ExitCode {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    match compare(rounds.unwrap_or(ROUNDS)) {
        Ok(worst) if worst <= GOAL_PERCENT => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Measures and prints; gives the worst difference in percent.
fn compare(rounds: u32) -> Result<f64, Box<dyn std::error::Error>> {
    let mut machine = Native::new();
    let mut arena = Arena::new(ARENA)?;
    let mut rows: Vec<Row> = rings()
        .map(|ring| Row {
            ring,
            ticks: f64::INFINITY,
            reference: f64::INFINITY,
        })
        .collect();

    let (started, first) = (Instant::now(), machine.now());
    for round in 0..rounds {
        for row in &mut rows {
            row.ring.key = row.ring.key.wrapping_add(u64::from(round));
            row.measure(&mut machine, &mut arena)?;
        }
    }
    let (took, last) = (started.elapsed(), machine.now());
    let ticks_per_ns = machine.between(first, last) as f64 / took.as_nanos() as f64;

    println!("{:>10} {:>10} {:>10} {:>8}", "KiB", "probe ns", "tool ns", "differ");
    let mut worst = 0.0_f64;
    for row in &rows {
        let ours = row.ticks / ticks_per_ns;
        let percent = (ours / row.reference - 1.0) * 100.0;
        worst = worst.max(percent.abs());
        println!(
            "{:>10.1} {ours:>10.3} {:>10.3} {percent:>+7.1}%",
            row.ring.span() as f64 / 1024.0,
            row.reference,
        );
    }
    println!(
        "worst difference {worst:.1} % (goal {GOAL_PERCENT} %), {rounds} rounds, {:.4} GHz counter",
        ticks_per_ns
    );
    Ok(worst)
}

/// Half-octave working sets from 1 KiB: 2^n and 3/2 of it.
fn rings() -> impl Iterator<Item = Ring> {
    (10..)
        .flat_map(|power| [1usize << power, 3 << (power - 1)])
        .take_while(|&bytes| bytes <= ARENA)
        .map(|bytes| {
            let slots = bytes as u32 / LINE;
            Ring {
                slots,
                group: slots / (slots / GROUP).max(1),
                stride: LINE,
                skew: 0,
                pair: 0,
                key: bytes as u64,
            }
        })
}

/// Nodes in a group, or half as many more.
const GROUP: u32 = 1024;

impl Row {
    /// Measures the ring both ways, once each, and keeps what is faster than before.
    fn measure(
        &mut self,
        machine: &mut Native,
        arena: &mut [u8],
    ) -> Result<(), Box<dyn std::error::Error>> {
        let ring = self.ring;
        let steps = STEPS.max(ring.slots).next_multiple_of(32);
        let walk = Walk {
            warm: ring.slots,
            steps,
        };
        let mut elapsed = [0; PASSES];
        machine
            .chase(arena, &ring, walk, &mut elapsed)
            .ok_or("the probe's ring does not fit the arena")?;
        for ticks in elapsed {
            self.ticks = self.ticks.min(ticks as f64 / f64::from(steps));
        }
        let chase = Chase {
            nodes: ring.slots,
            stride: ring.stride as usize,
            group: ring.group,
            seed: ring.key,
            steps: steps as usize,
            passes: PASSES as u32,
        };
        self.reference = self.reference.min(chase.nanoseconds(arena)?);
        Ok(())
    }
}
