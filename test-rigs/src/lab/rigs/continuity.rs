//! The second attestation of a name: by the machine of the first, or by another. What one verdict says of it, from two
//! pieces of evidence alone; what days of attestations say is [`crate::lab::units`].

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::fleet::crystal::Random;
use crate::lab::bench::{Bench, Presented, Wallet};
use crate::lab::paper::{answer, Processor, PROCESSORS};
use crate::lab::record::{Goal, Origin, Truth};
use probe_core::evidence::Evidence;

/// The rig.
#[derive(Debug)]
pub struct Continuity;

/// An hour later, the crystal a little warmer.
const AGAIN: &str = "the same machine again";
/// After a restart, at which the system measured its counter anew.
const RESTARTED: &str = "the same machine, restarted";
/// The machine beside it.
const UNIT: &str = "another machine of the same model";
/// Any other processor of the tables.
const MODEL: &str = "a machine of another model";

/// Standard deviation of the rates of crystals of all computers together, ppm: 20 to 40 (Mills, "Computer network time
/// synchronization", chapter 15); the wider makes machines easier to tell apart.
const CRYSTAL_PPM: f64 = 40.0;

/// What an ordinary day moves a crystal by, ppm (Mills, as above).
const WEATHER_PPM: f64 = 2.0;

/// What a system's own measurement of its counter at its start may be off, ppm: Linux calibrates the time-stamp counter
/// against another timer, and differs by tens of ppm from boot to boot.
const CALIBRATION_PPM: f64 = 40.0;

impl Rig for Continuity {
    fn name(&self) -> &'static str {
        "continuity"
    }

    fn about(&self) -> &'static str {
        "Two attestations of one name: processors of the tables, each with a crystal whose rate is drawn (standard \
         deviation 40 ppm), moved by a day's weather or by a restart; the second from the same machine, from another of \
         its model, or from another model"
    }

    fn cost(&self) -> &'static str {
        "a second machine, and the first one's key"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let mut tasks = Vec::new();
        for processor in PROCESSORS.iter().step_by(size.pick(24, 1)) {
            for run in 0..size.pick(1, 4) {
                for (way, truth) in [
                    (AGAIN, Truth::Honest),
                    (RESTARTED, Truth::Honest),
                    (UNIT, Truth::Attack),
                    (MODEL, Truth::Attack),
                ] {
                    tasks.push(Task {
                        truth,
                        goal: Goal::SameUnit,
                        ..Task::attack(way, processor.name(), run, Origin::Replayed)
                    });
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let first = PROCESSORS.iter().find(|p| p.name() == task.unit);
        let first = first.ok_or("no such processor in the tables")?;
        let wallet = bench.stranger("owner");
        let mut random = Random::new(bench.random.next_u64());
        let crystal = random.gauss(CRYSTAL_PPM);
        let accepted = attest(first, crystal, &wallet, bench)?;
        if accepted.answer.status != 200 {
            let code = accepted.answer.code();
            return Err(format!("the first was not accepted: {code:?}"));
        }
        let later = crystal + random.between(-WEATHER_PPM, WEATHER_PPM);
        let (second, rate) = match task.variant.as_str() {
            AGAIN => (first, later),
            RESTARTED => {
                let off = random.between(-CALIBRATION_PPM, CALIBRATION_PPM);
                (first, later + off)
            }
            UNIT => (first, random.gauss(CRYSTAL_PPM)),
            _ => (other_model(first, bench)?, random.gauss(CRYSTAL_PPM)),
        };
        attest(second, rate, &wallet, bench)
    }
}

/// Any processor of another signature.
fn other_model(first: &Processor, bench: &mut Bench<'_>) -> Result<&'static Processor, String> {
    let eax = first.row.measured.processor.eax;
    let others: Vec<_> = PROCESSORS
        .iter()
        .filter(|p| p.row.measured.processor.eax != eax)
        .collect();
    let count = u32::try_from(others.len()).map_err(|e| e.to_string())?;
    let drawn = bench.random.below(count);
    let other = usize::try_from(drawn).ok().and_then(|i| others.get(i));
    other.copied().ok_or_else(|| "no other model".into())
}

/// One attestation of a processor whose counter runs `ppm` fast.
fn attest(
    processor: &Processor,
    ppm: f64,
    wallet: &Wallet,
    bench: &mut Bench<'_>,
) -> Result<Presented, String> {
    let (challenge, seed) = bench.challenge(wallet)?;
    let mut evidence = processor.evidence(&mut bench.random);
    quicken(&mut evidence, ppm);
    answer(&mut evidence, &seed);
    bind(&mut evidence, &seed);
    bench.present(wallet, &challenge, &evidence, None)
}

/// Lets as many ticks go by in less time, by the system's clock.
fn quicken(evidence: &mut Evidence, ppm: f64) {
    let shorter = |ns: &mut u64| *ns = (*ns as f64 / (1.0 + ppm / 1e6)).round() as u64;
    shorter(&mut evidence.elapsed_ns);
    if let Some(oscillator) = &mut evidence.oscillator {
        for [_, ns] in &mut oscillator.clock {
            shorter(ns);
        }
    }
}
