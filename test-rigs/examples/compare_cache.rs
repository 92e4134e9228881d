//! Holds the cache channel's curve against the independent C tool's, working set by working set:
//! `cargo run --release -p test-rigs --example compare_cache [RUNS]`.
//!
//! The channel runs as in a standard probe. Before or after each of its working sets, by turns, the
//! tool measures the same one over the same memory: a ring of the same size and grouping, laid and
//! walked by its own code, as many loads and passes, the fastest pass of each. What is compared are
//! these neighbours in time, by the median of their differences over all runs, because on a shared
//! machine the last level and the memory are faster in one second than in the next. Ticks become
//! nanoseconds by a rate measured over this very program's run. Ends with status 1 where the worst
//! difference exceeds [`GOAL_PERCENT`].

use probe_arch::os::Arena;
use probe_arch::Native;
use probe_core::channels::{cache, Step};
use probe_core::evidence::MIN;
use probe_core::machine::Machine;
use probe_core::measure::Pace;
use probe_core::plan::{Plan, MAX_ARENA};
use probe_core::seed::Seed;
use probe_core::ticks::Ticks;
use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;
use test_rigs::reference::Chase;

/// The channel's figures may differ from the tool's by this much at any working set.
const GOAL_PERCENT: f64 = 5.0;

/// Runs of the channel, unless told.
const RUNS: u64 = 20;

/// Bytes from node to node of the tool's rings: one node in each line, as in the channel.
const LINE: u32 = 64;

/// Nodes that the tool visits before it moves on to the next pages, at most; as in the channel.
const GROUP: u32 = 1024;

/// Timed passes of the tool, and loads in each: as in the channel, where a short ring is followed a
/// whole lap or more, and a long one for a part.
const PASSES: u32 = 11;
const STEPS: u32 = 16 * 1024;
const LAP_MAX: u32 = 32 * 1024;

fn main() -> ExitCode {
    let runs = std::env::args().nth(1).and_then(|text| text.parse().ok());
    match compare(runs.unwrap_or(RUNS)) {
        Ok(worst) if worst <= GOAL_PERCENT => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// What a load cost in one working set, in one run.
#[derive(Clone, Copy)]
struct Pair {
    ticks: f64,
    reference_ns: f64,
}

/// Measures and prints; gives the worst difference in percent.
fn compare(runs: u64) -> Result<f64, Box<dyn Error>> {
    let mut machine = Native::new();
    let mut arena = Arena::new(MAX_ARENA as usize)?;
    let (started, first) = (Instant::now(), machine.now());
    let all = (0..runs.max(1))
        .map(|run| one_run(&mut machine, &mut arena, run))
        .collect::<Result<Vec<_>, _>>()?;
    let (took, last) = (started.elapsed(), machine.now());
    let ticks_per_ns = machine.between(first, last) as f64 / took.as_nanos() as f64;

    println!(
        "{:>10} {:>10} {:>10} {:>8} {:>18}",
        "KiB", "probe ns", "tool ns", "differ", "in single runs"
    );
    let mut worst = (0.0_f64, 0.0);
    for index in 0..all[0].len() {
        let kib = cache::working_set(index) as f64 / 1024.0;
        let row = || all.iter().map(move |run| run[index]);
        let ours = sorted(row().map(|pair| pair.ticks / ticks_per_ns));
        let theirs = sorted(row().map(|pair| pair.reference_ns));
        let percents =
            sorted(row().map(|p| (p.ticks / ticks_per_ns / p.reference_ns - 1.0) * 100.0));
        let differ = median(&percents);
        if differ.abs() > worst.0 {
            worst = (differ.abs(), kib);
        }
        println!(
            "{kib:>10.1} {:>10.3} {:>10.3} {differ:>+7.1}% {:>+7.1} to {:>+6.1}%",
            median(&ours),
            median(&theirs),
            percents[0],
            percents[percents.len() - 1],
        );
    }
    println!(
        "worst difference {:.1} %, at {} KiB (goal {GOAL_PERCENT} %); medians of {runs} runs; \
         counter at {ticks_per_ns:.4} GHz",
        worst.0, worst.1
    );
    Ok(worst.0)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The middle of sorted values, or between the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    (sorted[low] + sorted[high]) / 2.0
}

/// The channel once, the tool after each of its working sets.
fn one_run(machine: &mut Native, arena: &mut Arena, run: u64) -> Result<Vec<Pair>, Box<dyn Error>> {
    let plan = Plan {
        quick: false,
        arena_bytes: MAX_ARENA,
    };
    let seed = Seed::derive(&run.to_string(), "compare_cache");
    let pace = Pace::find(machine, 1, 0);
    let mut channel = cache::Run::new(&plan, seed, &pace, machine.page_bytes());
    let mut reference = Vec::new();
    let mut measure_reference = |arena: &mut Arena| {
        let bytes = cache::working_set(reference.len());
        if bytes <= arena.len() as u64 {
            let chase = reference_chase(bytes as u32 / LINE, run);
            reference.push(chase.nanoseconds(arena)?);
        }
        Ok::<_, Box<dyn Error>>(())
    };
    // Who comes second finds the memory in the caches already, where it nearly fits: take turns.
    let tool_first = run.is_multiple_of(2);
    let evidence = loop {
        if tool_first {
            measure_reference(arena)?;
        }
        match channel.step(machine, arena) {
            Step::Done(evidence) => break evidence,
            Step::Absent => return Err("this machine cannot run the cache channel".into()),
            Step::More => {}
        }
        if !tool_first {
            measure_reference(arena)?;
        }
    };
    let both = evidence.curve.iter().zip(reference);
    Ok(both
        .map(|(cost, reference_ns)| Pair {
            ticks: f64::from(cost[MIN]) / 1000.0,
            reference_ns,
        })
        .collect())
}

/// The tool's ring for a working set of so many lines.
fn reference_chase(nodes: u32, run: u64) -> Chase {
    let parts = (1..=nodes).find(|&parts| nodes.is_multiple_of(parts) && nodes / parts <= GROUP);
    Chase {
        nodes,
        stride: LINE as usize,
        group: nodes / parts.unwrap_or(1),
        seed: run << 32 | u64::from(nodes),
        steps: (if nodes <= LAP_MAX {
            nodes.max(STEPS)
        } else {
            STEPS
        }) as usize,
        passes: PASSES,
    }
}
