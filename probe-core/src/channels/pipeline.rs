//! Latency and throughput of scalar instructions, each against the dependent add chain.
//!
//! - **Measured:** for each of [`OPS`] the cost of one operation when each waits for the one before,
//!   and when several chains run side by side; both also as a ratio to the dependent add chain that
//!   is measured in the same passes. The add chain takes one core cycle on almost every processor:
//!   it calibrates the core clock against the tick counter.
//! - **Kernel:** [`Machine::chain`].
//! - **Estimator:** N and 2N bodies, [`Meter::best`](crate::measure::Meter::best) of each.
//! - **Cost:** 80 ms standard on a 2.6 GHz machine, no memory, 400 bytes.
//! - **Silicon:** the ratios do not depend on the frequency; with published latencies they name the
//!   core (603 against 604 against 750 by divide, 7400 against 7450 by FP add and load).
//! - **Emulation:** a translator's soft FP makes FP 20 to 100 times an add; divide comes near to
//!   add under an interpreter, where every instruction costs the same dispatch.
//! - **Source:** Abel and Reineke, "uops.info", ASPLOS 2019; Granlund, "Instruction latencies and
//!   throughput for AMD and Intel x86 processors".

use super::matrix::{self, Matrix};
use super::{ChannelId, Step};
use crate::evidence::Spread;
use crate::machine::{Machine, Op};
use crate::measure::Pace;
use crate::plan::Plan;
use crate::seed::Seed;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The operations of the matrix, in its order. `FpSqrt` comes after `FpAdd`, which is taken off its
/// latency.
pub const OPS: [Op; 9] = [
    Op::IntAdd,
    Op::IntMul,
    Op::IntDiv,
    Op::Shift,
    Op::Load,
    Op::FpAdd,
    Op::FpMul,
    Op::FpDiv,
    Op::FpSqrt,
];

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [120, 60];

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The calibrator, milliticks per dependent add, over the whole channel.
    pub add: Spread,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// For each of [`OPS`]: `[latency, reciprocal throughput]` in milliticks per operation, then both again in thousandths of the add chain measured beside it.
    pub matrix: Vec<Option<[u32; 4]>, 9>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

const _: () = assert!(OPS.len() <= matrix::MAX_OPS);

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    matrix: matrix::Run,
    iterations: u32,
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        let iterations = pace.iterations;
        Run {
            matrix: matrix::Run::new(ChannelId::Pipeline, &OPS, plan, seed, iterations),
            iterations,
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        self.matrix.permille()
    }

    /// One pass over one operation: about a millisecond.
    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Evidence> {
        let iterations = self.iterations;
        self.matrix
            .step(machine)
            .map(|Matrix { add, digest, rows }| {
                // As many rows as operations.
                let mut matrix: Vec<_, { OPS.len() }> = rows.into_iter().collect();
                take_off_the_riding_add(&mut matrix);
                Evidence {
                    add,
                    digest,
                    iterations,
                    matrix,
                    ticks: 0,
                }
            })
    }
}

/// The square-root chain is `sqrt` and add in sequence: its latency less that of the add is the
/// root's. Throughput keeps both; the add hides in another unit wherever there are two.
fn take_off_the_riding_add(matrix: &mut [Option<[u32; 4]>]) {
    let row = |op: Op| OPS.iter().position(|&o| o == op).unwrap_or(0);
    let add = matrix.get(row(Op::FpAdd)).copied().flatten();
    let sqrt = matrix.get_mut(row(Op::FpSqrt)).and_then(Option::as_mut);
    if let (Some(add), Some(sqrt)) = (add, sqrt) {
        sqrt[0] = sqrt[0].saturating_sub(add[0]);
        sqrt[2] = sqrt[2].saturating_sub(add[2]);
    }
}

/// Passes over each operation, here and in [`super::simd`].
pub const fn passes(quick: bool) -> usize {
    matrix::PASSES[quick as usize]
}

/// The digest that honest kernels give for this seed and the evidence's iterations; where the
/// evidence is out of bounds, a value that differs from its digest.
///
/// Cost: well under a millisecond at the usual iterations, 20 ms at the most.
pub fn expected_digest(_plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let (iterations, rows) = (evidence.iterations, &evidence.matrix);
    matrix::expected_digest(ChannelId::Pipeline, &OPS, seed, iterations, rows)
        .unwrap_or(!evidence.digest)
}
