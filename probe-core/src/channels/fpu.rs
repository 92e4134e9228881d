//! Floating-point special cases: the cost of subnormals, NaN, overflow against normal operands, and of switching the rounding mode.
//!
//! - **Measured:** latency of a binary64 multiplication (and a mask on its bits) whose operands are
//!   ordinary, subnormal, NaN, or overflow to infinity; and of one switch of the rounding mode to
//!   toward-zero and back.
//! - **Kernel:** [`Machine::chain`] on `FpMul*` and `FpRounding`.
//! - **Estimator:** N and 2N bodies; minimum and quartiles ([`crate::measure`]).
//! - **Cost:** 15 ms standard where subnormals take no assist, 60 ms where they take 150 cycles; no
//!   memory, 250 bytes.
//! - **Silicon:** a subnormal product costs a microcode assist on many Intel cores (30 to 40 times
//!   normal), a few cycles on AMD's, a trap on UltraSPARC.
//! - **Emulation:** soft floating point treats all alike, or makes the special ones faster; the
//!   rounding mode is a store to memory.
//! - **Source:** Dooley and Kale, "Quantifying the interference caused by subnormal floating-point
//!   values", OSIHPA 2006; ratios under emulation as measured for this project.

use super::{ChannelId, Step};
use crate::evidence::Spread;
use crate::machine::{Machine, Op, Operands, Shape};
use crate::measure::{expected_fold, iterations_in_bounds, Beside, Pace};
use crate::plan::Plan;
use crate::seed::{wire_digest, Seed};
use serde::{Deserialize, Serialize};

/// The operations, in running order.
pub const OPS: [Op; 5] = [
    Op::FpMulNormal,
    Op::FpMulSubnormal,
    Op::FpMulNan,
    Op::FpMulOverflow,
    Op::FpRounding,
];

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [40, 20];

/// Passes over one operation: standard, quick.
const PASSES: [usize; 2] = [9, 5];

/// Assists take hundreds of cycles: fewer iterations than the pipeline's do.
const ITERATIONS_DIVISOR: u32 = 4;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// Milliticks per operation with a NaN.
    pub nan: Option<Spread>,
    /// Milliticks per operation with ordinary operands.
    pub normal: Option<Spread>,
    /// Milliticks per operation that overflows.
    pub overflow: Option<Spread>,
    /// Milliticks per switch of the rounding mode and back.
    pub rounding: Option<Spread>,
    /// Milliticks per operation with a subnormal.
    pub subnormal: Option<Spread>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

impl Evidence {
    /// The costs in the order of [`OPS`].
    fn costs(&self) -> [Option<Spread>; 5] {
        [
            self.normal,
            self.subnormal,
            self.nan,
            self.overflow,
            self.rounding,
        ]
    }
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    operands: Operands,
    iterations: u32,
    passes: usize,
    pass: usize,
    at: usize,
    meter: Beside,
    digest: u64,
    costs: [Option<Spread>; 5],
}

fn operands(seed: &Seed) -> Operands {
    Operands::draw(&mut seed.stream(ChannelId::Fpu.tag(0)))
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        let iterations = (pace.iterations / ITERATIONS_DIVISOR).max(1);
        Run {
            operands: operands(&seed),
            iterations,
            passes: plan.pick(PASSES[0], PASSES[1]),
            pass: 0,
            at: 0,
            meter: Beside::new(OPS[0], Shape::Dependent, iterations),
            digest: 0,
            costs: [None; 5],
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        let (done, all) = (self.at * self.passes + self.pass, OPS.len() * self.passes);
        (done * 1_000 / all) as u16
    }

    /// One pass over one operation: a millisecond where it takes assists.
    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Evidence> {
        let present = self.meter.pass(machine, &self.operands).is_some();
        self.pass += 1;
        if present && self.pass < self.passes {
            return Step::More;
        }
        if present {
            self.digest = self.meter.op.fold(self.digest);
            self.costs[self.at] = Some(self.meter.op.cost());
        }
        self.at += 1;
        self.pass = 0;
        if let Some(&op) = OPS.get(self.at) {
            self.meter = Beside::new(op, Shape::Dependent, self.iterations);
            return Step::More;
        }
        let [normal, subnormal, nan, overflow, rounding] = self.costs;
        if self.costs.iter().all(Option::is_none) {
            return Step::Absent;
        }
        Step::Done(Evidence {
            digest: wire_digest(self.digest),
            iterations: self.iterations,
            nan,
            normal,
            overflow,
            rounding,
            subnormal,
            ticks: 0,
        })
    }
}

/// The digest that honest kernels give for this seed and the evidence's iterations; where the
/// evidence is out of bounds, a value that differs from its digest. Cost: microseconds.
pub fn expected_digest(_plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    if !iterations_in_bounds(evidence.iterations) {
        return !evidence.digest;
    }
    let operands = operands(seed);
    let present = OPS
        .iter()
        .zip(evidence.costs())
        .filter(|(_, c)| c.is_some());
    wire_digest(present.fold(0, |d, (&op, _)| {
        expected_fold(d, op, Shape::Dependent, evidence.iterations, &operands)
    }))
}
