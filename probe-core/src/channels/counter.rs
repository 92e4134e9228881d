//! The tick source itself: resolution, overhead, smallest step, lattice, order.
//!
//! - **Measured:** the ticks between two reads in a row (minimum, median, 99th percentile), the
//!   smallest step, the greatest common divisor of all steps, reads that repeat or go back.
//! - **Kernel:** [`Ticks::now`](crate::ticks::Ticks::now), with short add chains of varying length between the pairs, so that
//!   the steps are not all one constant.
//! - **Estimator:** order statistics; gcd over all steps.
//! - **Cost:** 1 ms standard on a 2.6 GHz machine; 16 KiB of the arena for the time being; 150
//!   bytes. A clock of 60 Hz costs at most 2^18 further reads.
//! - **Silicon:** resolution and nominal frequency name the counter (a quarter of the bus clock on a
//!   7450, 1,193,182 Hz on a PC without a time-stamp counter).
//! - **Emulation:** a time base made from host microseconds moves on a lattice (25 ticks at 25 MHz)
//!   that no crystal has; a guest's counter at the host's rate has steps of one where the claimed
//!   machine's would repeat.
//! - **Source:** Bernstein, "libcpucycles" (choice and quality of counters).

use super::Step;
use crate::evidence::clip;
use crate::machine::{Body, Chain, Machine, Op, Operands, Shape};
use crate::measure::uninterrupted;
use crate::plan::Plan;
use crate::seed::Seed;
use crate::stats::{clamp_u32, gcd, quantile, Samples};
use crate::ticks::mask;
use heapless::String;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [2, 1];

/// Pairs of reads that are kept: standard, quick.
const PAIRS: [usize; 2] = [4_096, 1_024];

/// Pairs of reads in one slice.
const SLICE: usize = 512;

/// A coarse counter is read on until it has moved so often …
const MIN_STEPS: u32 = 8;

/// … or until so many pairs have been read.
const MAX_PAIRS: u32 = 1 << 18;

/// The add chains between pairs have 1 to this many iterations.
const VARIETY: u32 = 7;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Reads that were less than the one before (wraps aside). Zero on a sound counter.
    pub backwards: u32,
    /// Width.
    pub bits: u8,
    /// Greatest common divisor of all steps seen: 1 on a counter that counts every tick.
    pub gcd: u32,
    /// Frequency as the hardware states it.
    pub nominal_hz: Option<u64>,
    /// Ticks between two reads in a row: minimum, median, 99th percentile.
    pub overhead: [u32; 3],
    /// Reads equal to the one before.
    pub repeats: u32,
    /// Pairs read.
    pub samples: u32,
    /// Which counter.
    pub source: String<16>,
    /// Smallest step that is not zero, ticks.
    pub step: u32,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

impl Evidence {
    /// The smallest time that the counter tells apart, ticks, at least 1: its step where reads
    /// repeat, otherwise its lattice, or half of what a read takes.
    pub fn resolution(&self) -> u32 {
        let unit = if self.repeats > 0 {
            self.step
        } else {
            self.gcd
        };
        unit.max(self.overhead[0] / 2).max(1)
    }
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    operands: Operands,
    wanted: usize,
    pairs: u32,
    moved: u32,
    backwards: u32,
    repeats: u32,
    gcd: u64,
    step: u64,
    last: Option<u64>,
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed) -> Self {
        let tag = super::ChannelId::Counter.tag(0);
        Run {
            operands: Operands::draw(&mut seed.stream(tag)),
            wanted: plan.pick(PAIRS[0], PAIRS[1]),
            pairs: 0,
            moved: 0,
            backwards: 0,
            repeats: 0,
            gcd: 0,
            step: u64::MAX,
            last: None,
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (self.pairs as usize * 1_000 / self.wanted.max(1)).min(999) as u16
    }

    /// A slice of pairs.
    pub fn step(&mut self, machine: &mut impl Machine, arena: &mut [u8]) -> Step<Evidence> {
        let mut samples = Samples::new(arena);
        let info = machine.info();
        // Whatever the caller did since the last slice may have taken more than a wrap.
        self.last = None;
        for _ in 0..SLICE {
            let (first, second) = uninterrupted(|| (machine.now(), machine.now()));
            if let Some(last) = self.last {
                self.see(last, first, info.bits);
            }
            let delta = self.see(first, second, info.bits);
            self.repeats += u32::from(delta == 0);
            self.last = Some(second);
            samples.set(self.pairs as usize, clamp_u32(delta));
            self.pairs += 1;
            let between = Chain {
                op: Op::IntAdd,
                shape: Shape::Dependent,
                body: Body::Single,
                iterations: 1 + self.pairs % VARIETY,
            };
            machine.chain(between, &self.operands);
        }
        let enough = self.moved >= MIN_STEPS || self.pairs >= MAX_PAIRS;
        if (self.pairs as usize) < self.wanted || !enough {
            return Step::More;
        }
        let deltas = samples.range(0, self.wanted.min(self.pairs as usize));
        let at = |part| quantile(deltas.clone(), part, 100);
        Step::Done(Evidence {
            backwards: self.backwards,
            bits: info.bits,
            gcd: clamp_u32(self.gcd),
            nominal_hz: info.nominal_hz,
            overhead: [at(0), at(50), at(99)],
            repeats: self.repeats,
            samples: self.pairs,
            source: clip(info.source),
            step: if self.moved == 0 {
                0
            } else {
                clamp_u32(self.step)
            },
            ticks: 0,
        })
    }

    /// Takes in the step from one read to the next; gives its size, 0 for a step back.
    fn see(&mut self, from: u64, to: u64, bits: u8) -> u64 {
        let delta = to.wrapping_sub(from) & mask(bits);
        // More than half way round is a step back.
        if delta > mask(bits) / 2 {
            self.backwards += 1;
            return 0;
        }
        if delta > 0 {
            self.moved = self.moved.saturating_add(1);
            self.gcd = gcd(self.gcd, delta);
            self.step = self.step.min(delta);
        }
        delta
    }
}
