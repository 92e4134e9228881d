//! The tick counter against fixed work and against an independent clock.
//!
//! - **Measured:** the ticks of a fixed piece of work, hundreds to thousands of times in a row; and
//!   pairs of readings of the counter and of an independent clock, spread over the whole probe by
//!   the prober.
//! - **Kernel:** [`Machine::chain`] on `IntAdd`; [`crate::ticks::Clock`].
//! - **Estimator:** minimum, mean, coefficient of variation, lag-1 autocorrelation, Allan deviation
//!   over octaves, histogram by octaves of the excess over the minimum; the ratio of the two clocks
//!   is the node's to compute, from the raw pairs.
//! - **Cost:** 100 ms standard on a 2.6 GHz machine; 8 KiB of the arena for the time being; 450
//!   bytes.
//! - **Silicon:** core clock and counter come from crystals and loops that wander: small, coloured
//!   variation. The ratio of two crystals is stable to a fraction of a ppm: it shows continuity of
//!   a unit, not its identity.
//! - **Emulation:** a hypervisor steals time (heavy tails, two modes); a synthetic counter is too
//!   clean; two guests of one host share one ratio.
//! - **Source:** Riley, "Handbook of Frequency Stability Analysis", NIST SP 1065; Kohno, Broido and
//!   Claffy, "Remote physical device fingerprinting", IEEE TDSC 2, 2005.

use super::{ChannelId, Step};
use crate::machine::{Body, Chain, Machine, Op, Operands, Shape};
use crate::measure::{iterations_in_bounds, timed, Pace, MAX_ITERATIONS};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed};
use crate::stats::{allan_ppb, clamp_u32, lag1_ppm, Moments, Samples};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [100, 25];

/// Samples: standard, quick.
const SAMPLES: [u16; 2] = [2_048, 512];

/// Samples in one slice.
const SLICE: u16 = 64;

/// A sample is so many times as long as the pipeline's runs: long enough to see interrupts.
const ITERATIONS_FACTOR: u32 = 4;

/// Bins of the histogram: the last holds every excess of 2^22 ticks and more.
pub const BINS: usize = 24;

/// Averages that an Allan deviation must rest on at least.
const MIN_AVERAGES: usize = 8;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Allan deviation of the work's duration at octaves of averaging, 1, 2, 4 … samples, parts per billion of the mean.
    pub allan_ppb: Vec<u32, 12>,
    /// Paired readings, `[ticks, nanoseconds]` since the first pair, spread over the whole probe; empty without an independent clock.
    pub clock: Vec<[u64; 2], 9>,
    /// Coefficient of variation of the samples, parts per million.
    pub cv_ppm: u32,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Samples by excess over the minimum; bins by [`bin`]; without the empty bins at the end.
    pub histogram: Vec<u16, 24>,
    /// Iterations of the add chain in one sample.
    pub iterations: u32,
    /// Lag-1 autocorrelation, parts per million.
    pub lag1_ppm: i32,
    /// Mean sample, ticks.
    pub mean: u32,
    /// Smallest sample, ticks.
    pub minimum: u32,
    /// Samples taken.
    pub samples: u16,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// The bin of an excess over the minimum, ticks: 0 for none, then one for each octave.
pub fn bin(excess: u32) -> usize {
    crate::stats::bin(excess, BINS)
}

fn operands(seed: &Seed) -> Operands {
    Operands::draw(&mut seed.stream(ChannelId::Oscillator.tag(0)))
}

const fn chain(iterations: u32) -> Chain {
    Chain {
        op: Op::IntAdd,
        shape: Shape::Dependent,
        body: Body::Single,
        iterations,
    }
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    operands: Operands,
    iterations: u32,
    wanted: u16,
    taken: u16,
    digest: u64,
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        Run {
            operands: operands(&seed),
            iterations: (pace.iterations * ITERATIONS_FACTOR).min(MAX_ITERATIONS),
            wanted: plan.pick(SAMPLES[0], SAMPLES[1]),
            taken: 0,
            digest: 0,
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (u32::from(self.taken) * 1_000 / u32::from(self.wanted)) as u16
    }

    /// A slice of samples. The evidence's `clock` stays empty: it is the prober's to fill.
    pub fn step(&mut self, machine: &mut impl Machine, arena: &mut [u8]) -> Step<Evidence> {
        let mut samples = Samples::new(arena);
        for _ in 0..SLICE.min(self.wanted - self.taken) {
            let work = chain(self.iterations);
            let (ticks, result) = timed(machine, |m| m.chain(work, &self.operands));
            let Some(result) = result else {
                return Step::Absent;
            };
            self.digest = fold(self.digest, result);
            samples.set(self.taken.into(), clamp_u32(ticks));
            self.taken += 1;
        }
        if self.taken < self.wanted {
            return Step::More;
        }
        Step::Done(self.evidence(&samples))
    }

    fn evidence(&self, samples: &Samples<'_>) -> Evidence {
        let n = usize::from(self.taken);
        let all = samples.range(0, n);
        let moments = Moments::of(all.clone());
        let minimum = all.clone().min().unwrap_or(0);
        let mut histogram: Vec<u16, BINS> = Vec::new();
        // As many bins as places.
        let _ = histogram.resize_default(BINS);
        for sample in all.clone() {
            histogram[bin(sample - minimum)] += 1;
        }
        while histogram.last() == Some(&0) {
            histogram.pop();
        }
        let octaves = (0..).map(|k| 1 << k).take_while(|m| n / m >= MIN_AVERAGES);
        Evidence {
            allan_ppb: octaves
                .filter_map(|m| allan_ppb(all.clone(), m))
                .take(12)
                .collect(),
            clock: Vec::new(),
            cv_ppm: moments.cv_ppm(),
            digest: wire_digest(self.digest),
            histogram,
            iterations: self.iterations,
            lag1_ppm: lag1_ppm(all),
            mean: clamp_u32(moments.mean()),
            minimum,
            samples: self.taken,
            ticks: 0,
        }
    }
}

/// The digest that honest samples give for this seed and the evidence's iterations; where the
/// evidence does not fit the plan, a value that differs from its digest. Cost: microseconds.
pub fn expected_digest(plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let wanted = plan.pick(SAMPLES[0], SAMPLES[1]);
    if !iterations_in_bounds(evidence.iterations) || evidence.samples != wanted {
        return !evidence.digest;
    }
    let result = replay::chain(chain(evidence.iterations), &operands(seed));
    wire_digest((0..wanted).fold(0, |d, _| fold(d, result)))
}
