//! Branch prediction: cost of a conditional branch against the period of its pattern, of an indirect call against the number of targets, of a return against nesting depth.
//!
//! - **Measured:** one branch in a random pattern that repeats with each of [`PERIODS`]; one branch
//!   in a pattern that never repeats; one that always goes the same way; one call through a pointer
//!   to a random one of 1 to 64 targets; one call and return at depths 1 to 64.
//! - **Kernel:** [`Machine::branches`], [`Machine::indirect`], [`Machine::nested_calls`].
//! - **Estimator:** N and 2N branches; the least double less the least single ([`crate::measure`]).
//!   The pattern that never repeats is drawn anew for each run.
//! - **Cost:** 15 ms standard on a 2.6 GHz machine; 32 KiB of the arena for the time being; 400
//!   bytes.
//! - **Silicon:** the rise from predicted to mispredicted is the pipeline's depth, where along the
//!   periods it happens the predictor's history; the step along the depths is the return stack.
//! - **Emulation:** a translator has no predictor of its own: the curve is the host's, under a cost
//!   per branch of its own; an interpreter's is flat.
//! - **Source:** Milenkovic, Milenkovic and Kulick, "Microbenchmarks for determining branch
//!   predictor organization", Software: Practice and Experience 34, 2004.

use super::{ChannelId, Step};
use crate::machine::{Body, Machine, Pattern};
use crate::measure::{timed, Meter, Pace};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed, Stream};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [20, 15];

/// Periods of the repeating patterns.
pub const PERIODS: [u32; 12] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096];

/// The "period" that stands for a pattern that never repeats: its length in one double run.
pub const RANDOM: u32 = 2 * SINGLE;

/// Numbers of targets of the indirect call, and depths of nesting.
pub const FANS: [u8; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Branches or calls in the shorter run, where the counter is fine enough.
const SINGLE: u32 = 4_096;

/// Passes: standard, quick. The first two train the predictor.
const PASSES: [u32; 2] = [9, 6];

/// Most repetitions of [`SINGLE`] for a coarse counter.
const MAX_REPEATS: u32 = 64;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// `[targets, milliticks per call]`, rising targets.
    pub indirect: Vec<[u32; 2], 8>,
    /// `[period, milliticks per branch]`, rising periods; the last is far beyond any history.
    pub pattern: Vec<[u32; 2], 16>,
    /// Milliticks per branch that always goes the same way.
    pub predictable: u32,
    /// How many times 4,096 branches or calls the shorter run has: more than 1 for a coarse counter.
    pub repeats: u32,
    /// `[depth, milliticks per call and return]`, rising depths.
    pub returns: Vec<[u32; 2], 8>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// One kernel of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kernel {
    Predictable,
    Periodic(u32),
    Random,
    Indirect(u8),
    Returns(u8),
}

/// Kernels in running order.
const KERNELS: usize = 2 + PERIODS.len() + 2 * FANS.len();

fn kernel(index: usize) -> Kernel {
    let fans = 2 + PERIODS.len();
    match index {
        0 => Kernel::Predictable,
        i if i <= PERIODS.len() => Kernel::Periodic(PERIODS[i - 1]),
        i if i < fans => Kernel::Random,
        i if i < fans + FANS.len() => Kernel::Indirect(FANS[i - fans]),
        i => Kernel::Returns(FANS[(i - fans - FANS.len()).min(FANS.len() - 1)]),
    }
}

/// Where the input of a kernel's run is drawn from. `run` counts runs; only what never repeats is drawn
/// anew.
fn stream(kernel: Kernel, seed: &Seed, index: usize, run: u32) -> Stream {
    let fresh = matches!(kernel, Kernel::Random | Kernel::Indirect(_));
    let part = (index as u16) << 8 | if fresh { run as u16 } else { 0 };
    seed.stream(ChannelId::Branch.tag(part))
}

impl Kernel {
    /// The bytes that the kernel reads in one run: directions or targets.
    fn input<'a>(self, seed: &Seed, index: usize, run: u32, bytes: &'a mut [u8]) -> &'a [u8] {
        let mut stream = stream(self, seed, index, run);
        let (length, below) = match self {
            Kernel::Predictable => (1, 1),
            Kernel::Periodic(period) => (period, 2),
            Kernel::Random => (RANDOM, 2),
            Kernel::Indirect(targets) => (RANDOM, u32::from(targets)),
            Kernel::Returns(_) => (0, 1),
        };
        let input = &mut bytes[..length as usize];
        fill(input, below, &mut stream);
        input
    }

    /// Runs it for `count` branches or calls.
    fn run(self, machine: &mut impl Machine, input: &[u8], count: u32) -> Option<u32> {
        match self {
            Kernel::Predictable | Kernel::Periodic(_) | Kernel::Random => {
                let branches = count;
                machine.branches(Pattern {
                    directions: input,
                    branches,
                })
            }
            Kernel::Indirect(targets) => machine.indirect(targets, input, count),
            Kernel::Returns(depth) => machine.nested_calls(depth, count / u32::from(depth)),
        }
    }

    /// What it must answer to an input that is laid out.
    #[cfg(test)]
    fn expected(self, input: &[u8], count: u32) -> u32 {
        match self {
            Kernel::Predictable | Kernel::Periodic(_) | Kernel::Random => {
                let branches = count;
                replay::branches(Pattern {
                    directions: input,
                    branches,
                })
            }
            Kernel::Indirect(_) => replay::indirect(input, count),
            Kernel::Returns(depth) => replay::nested_calls(depth, count / u32::from(depth)),
        }
    }
}

/// Numbers below `below`, a power of two of at most 256, eight to a word.
fn fill(bytes: &mut [u8], below: u32, stream: &mut Stream) {
    let mask = (below - 1) as u8;
    for chunk in bytes.chunks_mut(8) {
        for (byte, random) in chunk.iter_mut().zip(stream.next_u64().to_le_bytes()) {
            *byte = random & mask;
        }
    }
}

/// The channel under way. Each step is one pass over one kernel.
#[derive(Debug)]
pub struct Run {
    seed: Seed,
    repeats: u32,
    passes: u32,
    pass: u32,
    at: usize,
    meter: Meter,
    digest: u64,
    predictable: u32,
    pattern: Vec<[u32; 2], 16>,
    indirect: Vec<[u32; 2], 8>,
    returns: Vec<[u32; 2], 8>,
}

fn meter(repeats: u32) -> Meter {
    Meter::new(u64::from(SINGLE) * u64::from(repeats))
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        // A branch takes at least as long as an add.
        let repeats = (pace.operations() / SINGLE / 4).clamp(1, MAX_REPEATS);
        Run {
            seed,
            repeats,
            passes: plan.pick(PASSES[0], PASSES[1]),
            pass: 0,
            at: 0,
            meter: meter(repeats),
            digest: 0,
            predictable: 0,
            pattern: Vec::new(),
            indirect: Vec::new(),
            returns: Vec::new(),
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        let (passes, pass) = (self.passes as usize, self.pass as usize);
        ((self.at * passes + pass) * 1_000 / (KERNELS * passes)) as u16
    }

    /// One pass over one kernel: a tenth of a millisecond.
    pub fn step(&mut self, machine: &mut impl Machine, arena: &mut [u8]) -> Step<Evidence> {
        let kernel = kernel(self.at);
        let present = self.run_pass(kernel, machine, arena).is_some();
        self.pass += 1;
        if present && self.pass < self.passes {
            return Step::More;
        }
        if present {
            let cost = self.meter.best_cost();
            // Each list is as long as its constant array or longer.
            let _ = match kernel {
                Kernel::Predictable => {
                    self.predictable = cost;
                    Ok(())
                }
                Kernel::Periodic(period) => self.pattern.push([period, cost]),
                Kernel::Random => self.pattern.push([RANDOM, cost]),
                Kernel::Indirect(targets) => self.indirect.push([targets.into(), cost]),
                Kernel::Returns(depth) => self.returns.push([depth.into(), cost]),
            };
        } else if kernel == Kernel::Predictable {
            return Step::Absent;
        }
        self.at += 1;
        self.pass = 0;
        self.meter = meter(self.repeats);
        if self.at < KERNELS {
            return Step::More;
        }
        Step::Done(Evidence {
            digest: wire_digest(self.digest),
            indirect: core::mem::take(&mut self.indirect),
            pattern: core::mem::take(&mut self.pattern),
            predictable: self.predictable,
            repeats: self.repeats,
            returns: core::mem::take(&mut self.returns),
            ticks: 0,
        })
    }

    fn run_pass(
        &mut self,
        kernel: Kernel,
        machine: &mut impl Machine,
        arena: &mut [u8],
    ) -> Option<()> {
        for body in [Body::Single, Body::Double] {
            let run = self.pass * 2 + body as u32;
            let input = kernel.input(&self.seed, self.at, run, arena);
            let count = SINGLE * self.repeats * body as u32;
            let (ticks, result) = timed(machine, |m| kernel.run(m, input, count));
            let result = result?.into();
            self.meter.record(body, ticks, 0);
            self.digest = fold(self.digest, result);
        }
        self.meter.end_pass();
        Some(())
    }
}

/// The digest that honest kernels give for this seed and plan; where the evidence does not fit the
/// plan, a value that differs from its digest.
///
/// Cost: draws 0.9 MB of patterns and orders, eight directions or targets at a time, 0.2 ms.
pub fn expected_digest(plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let lists = [
        (evidence.pattern.len(), PERIODS.len() + 1),
        (evidence.indirect.len(), FANS.len()),
        (evidence.returns.len(), FANS.len()),
    ];
    let complete = lists.iter().all(|&(n, all)| n == all || n == 0);
    if !(1..=MAX_REPEATS).contains(&evidence.repeats) || !complete {
        return !evidence.digest;
    }
    let mut digest = 0;
    for index in 0..KERNELS {
        let kernel = kernel(index);
        let absent = match kernel {
            Kernel::Predictable | Kernel::Periodic(_) | Kernel::Random => lists[0].0 == 0,
            Kernel::Indirect(_) => lists[1].0 == 0,
            Kernel::Returns(_) => lists[2].0 == 0,
        };
        if absent {
            continue;
        }
        for pass in 0..plan.pick(PASSES[0], PASSES[1]) {
            for body in [Body::Single, Body::Double] {
                let run = pass * 2 + body as u32;
                let count = SINGLE * evidence.repeats * body as u32;
                digest = fold(digest, expected(kernel, seed, index, run, count).into());
            }
        }
    }
    wire_digest(digest)
}

/// What a kernel must answer in one run: [`Kernel::input`] and what [`crate::replay`] makes of it, without
/// laying out the input.
fn expected(kernel: Kernel, seed: &Seed, index: usize, run: u32, count: u32) -> u32 {
    match kernel {
        Kernel::Predictable => 0,
        Kernel::Periodic(period) => taken(stream(kernel, seed, index, run), period, count),
        Kernel::Random => taken(stream(kernel, seed, index, run), RANDOM, count),
        Kernel::Indirect(targets) => {
            let part = |words| horner(stream(kernel, seed, index, run), targets, words);
            // Single runs of one repetition end in the middle of their order.
            let rest = part(count % RANDOM);
            let Some(times) = (count / RANDOM).checked_sub(1) else {
                return rest;
            };
            let whole = part(RANDOM);
            let factor = FIVE.wrapping_pow(RANDOM);
            let all = (0..times).fold(whole, |b, _| b.wrapping_mul(factor).wrapping_add(whole));
            all.wrapping_mul(FIVE.wrapping_pow(count % RANDOM))
                .wrapping_add(rest)
        }
        Kernel::Returns(depth) => replay::nested_calls(depth, count / u32::from(depth)),
    }
}

/// Branches taken among `count`, of a pattern of `period`, a power of two, that goes round.
fn taken(mut stream: Stream, period: u32, count: u32) -> u32 {
    const FIRST_BITS: u64 = 0x0101_0101_0101_0101;
    let (times, rest) = (count / period, count % period);
    let (mut all, mut first) = (0, 0);
    for at in (0..if times > 0 { period } else { rest }).step_by(8) {
        let mut word = stream.next_u64() & FIRST_BITS;
        if period < 8 {
            word &= (1 << (8 * period)) - 1;
        }
        let ones = word.count_ones();
        all += ones;
        first += if at < rest { ones } else { 0 };
    }
    times.wrapping_mul(all).wrapping_add(first)
}

/// What [`replay::indirect`] multiplies by for each call.
const FIVE: u32 = 5;

/// Words drawn at a time: their sums do not wait for each other.
const ABREAST: usize = 8;

/// Horner's rule over the first `calls` targets of an order, at most 64 of them, from 0: eight targets
/// lie in a word, and pairs, fours and eights of them are combined within it.
fn horner(mut stream: Stream, targets: u8, calls: u32) -> u32 {
    const BYTES: u64 = 0x00ff_00ff_00ff_00ff;
    const PAIRS: u64 = 0x0000_ffff_0000_ffff;
    const FOURS: u64 = 0x0000_0000_ffff_ffff;
    let mask = u64::from_le_bytes([targets.wrapping_sub(1); 8]);
    let mut sums = [0u64; ABREAST];
    for _ in 0..calls as usize / (8 * ABREAST) {
        for sum in &mut sums {
            let word = stream.next_u64() & mask;
            // The first target is the lowest byte, and counts the most. 63 × (5 + 1) fits 16 bits, and
            // that times 25 + 1 as well; times 625 + 1 it fits 32.
            let pairs = (word & BYTES) * 5 + (word >> 8 & BYTES);
            let fours = (pairs & PAIRS) * 25 + (pairs >> 16 & PAIRS);
            let eight = (fours & FOURS) * 625 + (fours >> 32);
            *sum = (*sum & FOURS) * const { FIVE.wrapping_pow(8 * ABREAST as u32) as u64 } + eight;
        }
    }
    sums.into_iter().fold(0u32, |all, sum| {
        all.wrapping_mul(const { FIVE.pow(8) })
            .wrapping_add(sum as u32)
    })
}

const _: () = assert!((SINGLE as usize).is_multiple_of(8 * ABREAST));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_that_are_not_laid_out_answer_as_those_that_are() {
        let seed = Seed::derive("a nonce", "a miner");
        let mut bytes = [0; RANDOM as usize];
        for index in 0..KERNELS {
            let kernel = kernel(index);
            for (run, repeats) in [(2, 1), (3, 1), (2, 2), (3, 3), (18, 5), (2, MAX_REPEATS)] {
                for body in [Body::Single, Body::Double] {
                    let count = SINGLE * repeats * body as u32;
                    let input = kernel.input(&seed, index, run, &mut bytes);
                    assert_eq!(
                        expected(kernel, &seed, index, run, count),
                        kernel.expected(input, count),
                        "{kernel:?}, {repeats} repeats"
                    );
                }
            }
        }
    }
}
