//! Prints what branches cost, in ticks: conditional ones against the period of a random pattern,
//! indirect calls against the number of targets, nested calls against their depth.
//!
//! `cargo run --release -p probe-arch --example branches [portable]`.

use probe_arch::{DefaultTicks, Native, NoPlatform, Portable};
use probe_core::machine::{Machine, Pattern};
use probe_core::seed::Seed;

/// Branches, calls, or nests in one run.
const TIMES: u32 = 16_384;
/// Runs, of which the fastest counts.
const RUNS: usize = 15;

/// Ticks for each of `units` in the fastest run.
fn cost<M: Machine>(machine: &mut M, units: u32, run: impl Fn(&mut M) -> Option<u32>) -> f64 {
    let mut least = u64::MAX;
    for _ in 0..RUNS {
        let start = machine.now();
        if run(machine).is_none() {
            return f64::NAN;
        }
        let end = machine.now();
        least = least.min(machine.between(start, end));
    }
    least as f64 / f64::from(units)
}

fn table(machine: &mut impl Machine) {
    let mut stream = Seed::derive("example", "branches").stream(0);
    let random: Vec<u8> = (0..TIMES).map(|_| stream.below(2) as u8).collect();
    let mut pattern = |name: &str, directions: &[u8]| {
        let pattern = Pattern {
            directions,
            branches: TIMES,
        };
        let ticks = cost(machine, TIMES, |m| m.branches(pattern));
        println!("{name:>24} {ticks:8.2}");
    };
    pattern("never taken", &[0]);
    pattern("always taken", &[1]);
    for period in [2, 8, 32, 128, 512, 2_048, 8_192, TIMES as usize] {
        pattern(&format!("random, period {period}"), &random[..period]);
    }
    for targets in [1, 2, 4, 8, 16, 32, 64] {
        let order: Vec<u8> = (0..4_096).map(|_| stream.below(targets) as u8).collect();
        let targets = targets as u8;
        let ticks = cost(machine, TIMES, |m| m.indirect(targets, &order, TIMES));
        println!("{:>24} {ticks:8.2}", format!("{targets} targets"));
    }
    for depth in [1, 4, 8, 16, 24, 32, 40, 48, 56, 64] {
        let times = TIMES / u32::from(depth);
        let calls = times * u32::from(depth);
        let ticks = cost(machine, calls, |m| m.nested_calls(depth, times));
        println!("{:>24} {ticks:8.2}", format!("{depth} calls deep"));
    }
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("portable") {
        table(&mut Portable::with(DefaultTicks::default(), NoPlatform));
    } else {
        table(&mut Native::new());
    }
}
