//! Runs the miner's probe many times as its user would, and prints what repeats how well:
//! `cargo run --release -p test-rigs --example bench_probe -- VERDIGRIS [RUNS]`.
//!
//! Prints wall time of both plans, the spread of every ratio of the pipeline and the vector unit,
//! and how often the cache boundaries fall within half an octave of the sizes that Linux reports;
//! everything twice: with the other cores idle, and with one of them spinning.

use probe_core::channels::{pipeline, simd};
use probe_core::evidence::{Evidence, MIN};
use std::error::Error;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Runs of each kind, unless told.
const RUNS: usize = 20;

/// A boundary may be off by this factor, half an octave, either way.
const HALF_OCTAVE: f64 = std::f64::consts::SQRT_2;

/// Where Linux says what it knows of the first processor's caches.
const SYSFS: &str = "/sys/devices/system/cpu/cpu0/cache";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("which verdigris? give its path")?;
    let runs = match arguments.next() {
        Some(text) => text.parse()?,
        None => RUNS,
    };
    for busy in [false, true] {
        println!(
            "\n{}",
            if busy {
                "one other thread spinning"
            } else {
                "nothing else running"
            }
        );
        let results = with_spinner(busy, || {
            Ok::<_, Box<dyn Error>>((
                several(&program, runs, true)?,
                several(&program, runs, false)?,
            ))
        });
        let (quick, standard) = results?;
        print_times("quick", &quick);
        print_times("standard", &standard);
        let evidence: Vec<Evidence> = standard.into_iter().map(|run| run.evidence).collect();
        print_ratios(&evidence);
        print_boundaries(&evidence);
    }
    Ok(())
}

/// One run of the program.
struct Run {
    seconds: f64,
    evidence: Evidence,
}

/// Runs the probe so many times.
fn several(program: &str, runs: usize, quick: bool) -> Result<Vec<Run>, Box<dyn Error>> {
    let mut results = Vec::with_capacity(runs);
    for _ in 0..runs {
        let mut command = Command::new(program);
        command.args(["--json", "probe"]);
        if quick {
            command.arg("--quick");
        }
        let start = Instant::now();
        let output = command.output()?;
        let seconds = start.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let evidence = serde_json::from_slice(&output.stdout)?;
        results.push(Run { seconds, evidence });
    }
    Ok(results)
}

/// Does `work`, while a thread spins where that is asked for.
fn with_spinner<T>(busy: bool, work: impl FnOnce() -> T) -> T {
    let stop = AtomicBool::new(!busy);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let result = work();
        stop.store(true, Ordering::Relaxed);
        result
    })
}

fn print_times(name: &str, runs: &[Run]) {
    let mut seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    println!(
        "{name:>9} probe: {:.2} s fastest, {:.2} s median, {:.2} s slowest of {}",
        seconds[0],
        seconds[seconds.len() / 2],
        seconds[seconds.len() - 1],
        seconds.len(),
    );
}

/// Least, greatest and coefficient of variation of every ratio to the add chain.
fn print_ratios(evidence: &[Evidence]) {
    println!(
        "{:>28} {:>9} {:>9} {:>8} {:>8}",
        "", "least", "greatest", "range", "CoV"
    );
    let add = |e: &Evidence| e.pipeline.as_ref().map(|p| f64::from(p.add[MIN]) / 1000.0);
    print_series("add chain, ticks per add", evidence.iter().map(add));
    for (kind, column) in [("latency", 2), ("throughput", 3)] {
        for (i, op) in pipeline::OPS.iter().enumerate() {
            let cell = |e: &Evidence| cell(&e.pipeline.as_ref()?.matrix, i, column);
            print_series(&format!("{op:?} {kind}"), evidence.iter().map(cell));
        }
        for (i, op) in simd::OPS.iter().enumerate() {
            let cell = |e: &Evidence| cell(&e.simd.as_ref()?.matrix, i, column);
            print_series(&format!("{op:?} {kind}"), evidence.iter().map(cell));
        }
    }
}

/// A ratio of a matrix, where it was measured.
fn cell(matrix: &[Option<[u32; 4]>], row: usize, column: usize) -> Option<f64> {
    Some(f64::from(matrix.get(row).copied()??[column]) / 1000.0)
}

fn print_series(name: &str, series: impl Iterator<Item = Option<f64>>) {
    let values: Vec<f64> = series.flatten().collect();
    if values.is_empty() {
        return;
    }
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(0.0, f64::max);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
    println!(
        "{name:>28} {least:>9.3} {greatest:>9.3} {:>7.2}% {:>7.2}%",
        (greatest / least - 1.0) * 100.0,
        variance.sqrt() / mean * 100.0,
    );
}

/// How often each first- and second-level size was found.
fn print_boundaries(evidence: &[Evidence]) {
    for (level, kib) in cache_sizes() {
        let near = |found: u32| {
            let factor = f64::from(found) / f64::from(kib);
            (1.0 / HALF_OCTAVE..=HALF_OCTAVE).contains(&factor)
        };
        let hits = evidence
            .iter()
            .filter(|e| {
                e.cache
                    .as_ref()
                    .is_some_and(|c| c.boundaries.iter().any(|&b| near(b)))
            })
            .count();
        println!(
            "    L{level} of {kib} KiB found within half an octave: {hits} of {}",
            evidence.len()
        );
    }
    let found: Vec<&[u32]> = evidence
        .iter()
        .filter_map(|e| e.cache.as_ref())
        .map(|c| &c.boundaries[..])
        .collect();
    println!("    boundaries found, KiB: {found:?}");
}

/// Level and size in KiB of the data and unified caches that Linux reports.
fn cache_sizes() -> Vec<(u8, u32)> {
    let read = |index: u32, what: &str| {
        std::fs::read_to_string(format!("{SYSFS}/index{index}/{what}"))
            .map(|text| text.trim().to_owned())
            .ok()
    };
    (0..8)
        .filter(|&index| read(index, "type").is_some_and(|kind| kind != "Instruction"))
        .filter_map(|index| {
            let level = read(index, "level")?.parse().ok()?;
            let kib = read(index, "size")?.trim_end_matches('K').parse().ok()?;
            Some((level, kib))
        })
        .collect()
}
