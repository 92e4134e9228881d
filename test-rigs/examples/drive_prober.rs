//! How a program drives the prober: lend memory, poll, show progress, take the evidence.
//!
//! `cargo run --release -p test-rigs --example drive_prober [quick] [MiB]`. A firmware does the
//! same with a static array for the arena, its own `Machine`, and no clock.

use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use probe_core::channels::ChannelId;
use probe_core::plan::Plan;
use probe_core::prober::Prober;
use probe_core::seed::Seed;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quick = arguments.iter().any(|a| a == "quick");
    let mebibytes = arguments
        .iter()
        .find_map(|a| a.parse().ok())
        .unwrap_or(64usize);

    let mut arena = Arena::new(mebibytes << 20)?;
    let mut machine = Native::new();
    let mut clock = MonotonicClock;
    let plan = Plan {
        quick,
        arena_bytes: u32::try_from(arena.len())?,
    };
    let seed = Seed::derive("a nonce from the node", "the miner's id");

    let mut prober = Prober::new(plan, seed, &mut arena, &[])?;
    let start = Instant::now();
    let mut longest = 0;
    let mut last = start;
    let mut channel = None;
    while prober.poll(&mut machine, Some(&mut clock)).is_err() {
        longest = longest.max(last.elapsed().as_micros());
        last = Instant::now();
        let progress = prober.progress();
        if progress.channel != channel {
            channel = progress.channel;
            let (name, left) = (channel.map_or("", ChannelId::name), progress.remaining_ms);
            eprintln!(
                "{:4}/1000 {name:12} {left:5} ms left",
                progress.overall_permille
            );
        }
    }
    eprintln!("done in {:?}, longest poll {longest} us", start.elapsed());

    let evidence = prober.evidence().ok_or("a probe that ended has evidence")?;
    let json = serde_json::to_string(evidence)?;
    eprintln!("{} bytes of JSON", json.len());
    std::io::stdout().write_all(json.as_bytes())?;
    Ok(())
}
