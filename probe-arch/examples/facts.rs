//! Prints what tells silicon from its imitators on this machine: the identification words, every
//! value probe on operands that never change, the cost of fresh code and of trapping instructions.
//!
//! Run it on a processor and under an emulator, and compare:
//! `cargo run --release -p probe-arch --example facts`, `qemu-x86_64 target/release/examples/facts`.

use probe_arch::arch::{hypervisor, WORD_NAMES};
use probe_arch::Native;
use probe_core::channels::quirks::{registry, Domain, Probe};
use probe_core::machine::{
    Body, Chain, Fresh, Machine, Op, Operands, Routine, Shape, Trap, MAX_FRESH_ADDS,
};
use probe_core::seed::Seed;

/// Repetitions of a timed call.
const ROUNDS: usize = 200;

/// Operands of a probe, the same for ever.
fn operands(probe: &Probe) -> Vec<[u32; 2]> {
    match probe.domain {
        // Interesting to people.
        Domain::Float32 => [1.0f32, 1.1, 1.5, 3.0, 0.7, 7.0, 10.0, 1e5]
            .iter()
            .map(|x| [x.to_bits(), 0])
            .collect(),
        Domain::Small => [1u32, 5, 7, 15, 17, 20, 31]
            .iter()
            .flat_map(|&count| [[count, 0x8000_0001], [count, 0x1234_5678]])
            .collect(),
        Domain::Words => {
            let mut drawn = vec![[8, 0], [0x700, 3], [0x8000_0001, 5], [7, 9]];
            drawn.extend(probe.operands(&Seed::derive("known", "answers")));
            drawn
        }
        Domain::None => vec![[0, 0]],
    }
}

/// Least, median and greatest of some samples.
fn spread(mut samples: Vec<u64>) -> [u64; 3] {
    samples.sort_unstable();
    [
        samples[0],
        samples[samples.len() / 2],
        samples[samples.len() - 1],
    ]
}

/// Ticks of one call.
fn time<R>(machine: &mut Native, call: impl FnOnce(&mut Native) -> R) -> u64 {
    use probe_core::ticks::Ticks;
    let start = machine.now();
    std::hint::black_box(call(machine));
    let end = machine.now();
    machine.between(start, end)
}

fn main() {
    let mut machine = Native::new();
    let identity = machine.identity();
    let name = String::from_utf8_lossy(&identity.name);
    println!("{} ({})", name.trim_end_matches('\0'), identity.vector_unit);
    for (name, word) in WORD_NAMES.iter().zip(identity.words) {
        println!("  {word:08x}  {name}");
    }
    if let Some(name) = hypervisor() {
        println!("hypervisor {:?}", String::from_utf8_lossy(&name));
    }

    for probe in registry(identity.architecture) {
        for [a, b] in operands(probe) {
            let Some(answer) = machine.quirk(probe.id, [a, b]) else {
                continue;
            };
            print!("{:2} {:9} {a:08x} {b:08x} ->", probe.id, probe.name);
            for word in &answer[..usize::from(probe.words)] {
                print!(" {word:08x}");
            }
            println!();
        }
    }

    println!("ticks: least, median, greatest");
    let operands = Operands::draw(&mut Seed::derive("example", "facts").stream(0));
    let adds = Chain {
        op: Op::IntAdd,
        shape: Shape::Dependent,
        body: Body::Single,
        iterations: 1_000,
    };
    let add: Vec<u64> = (0..ROUNDS)
        .map(|_| time(&mut machine, |m| m.chain(adds, &operands)))
        .collect();
    println!("{} adds {:?}", adds.operations(), spread(add));
    println!(
        "empty {:?}",
        spread((0..ROUNDS).map(|_| time(&mut machine, |_| ())).collect())
    );
    for kind in [Trap::Identify, Trap::Serialise] {
        let cost = (0..ROUNDS).map(|_| time(&mut machine, |m| m.trap(kind)));
        println!("{kind:?} {:?}", spread(cost.collect()));
    }

    let (mut first, mut again, mut rewritten, mut stale) = (vec![], vec![], vec![], 0);
    for round in 0..ROUNDS as u32 {
        let routine = Routine {
            adds: MAX_FRESH_ADDS,
            constant: 3 + 2 * round,
            x: round,
        };
        let patched = Routine {
            constant: routine.constant + 1,
            ..routine
        };
        if machine.fresh_code(Fresh::Write, routine).is_none() {
            println!("no fresh code here");
            return;
        }
        first.push(time(&mut machine, |m| m.fresh_code(Fresh::Run, routine)));
        again.push(time(&mut machine, |m| m.fresh_code(Fresh::Run, routine)));
        machine.fresh_code(Fresh::PatchUnsynchronised, patched);
        let mut got = None;
        rewritten.push(time(&mut machine, |m| {
            got = m.fresh_code(Fresh::Run, patched)
        }));
        stale += u32::from(got != Some(probe_core::replay::fresh_code(patched)));
    }
    println!(
        "fresh code of {MAX_FRESH_ADDS} adds: first {:?}",
        spread(first)
    );
    println!("  again {:?}", spread(again));
    println!(
        "  patched {:?}, stale in {stale} of {ROUNDS}",
        spread(rewritten)
    );
}
