//! Prints what a load costs in working sets from 4 KiB to the arena's size, in nanoseconds by the
//! system's clock, and how long the largest ring takes to lay.
//!
//! `cargo run --release -p probe-arch --example chase [MiB]`.

use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use probe_core::machine::{Machine, Ring, Walk};
use probe_core::ticks::Clock;

/// One link in each line.
const LINE: u32 = 64;
/// Links in a timed pass.
const STEPS: u32 = 1 << 16;

fn main() -> std::io::Result<()> {
    let mebibytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let mut arena = Arena::new(mebibytes.unwrap_or(64) << 20)?;
    let mut machine = Native::new();
    let mut clock = MonotonicClock;
    let mut bytes = 4096;
    while bytes <= arena.len() {
        let slots = bytes as u32 / LINE;
        let ring = Ring {
            slots,
            group: slots,
            stride: LINE,
            skew: 0,
            pair: 0,
            key: 7,
        };
        let mut elapsed = [0; 8];
        let walk = |warm, steps| Walk { warm, steps };
        let start = clock.now_ns();
        machine.chase(&mut arena, &ring, walk(0, 0), &mut []);
        let laid = clock.now_ns();
        machine.chase(&mut arena, &ring, walk(slots, STEPS), &mut elapsed);
        let ticks = elapsed.iter().min().copied().unwrap_or_default();
        println!(
            "{:8} KiB  {:8.3} ticks/load  laid in {:9.3} ms",
            bytes / 1024,
            ticks as f64 / f64::from(STEPS),
            (laid - start) as f64 / 1e6,
        );
        bytes *= 2;
    }
    Ok(())
}
