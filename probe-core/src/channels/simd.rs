//! Latency and throughput of the vector unit, against the scalar add chain.
//!
//! - **Measured:** for each of [`OPS`] that the machine has, latency and throughput as in
//!   [`super::pipeline`]: logic, shuffle, permute by a variable control, integer add, multiply-add,
//!   and FP at 128 and 256 bits.
//! - **Kernel:** [`Machine::chain`].
//! - **Estimator:** N and 2N bodies, [`Meter::best`](crate::measure::Meter::best) of each.
//! - **Cost:** 50 ms standard on a 2.6 GHz machine, no memory, 450 bytes.
//! - **Silicon:** which operations are absent names the unit (SSE2, SSSE3, AVX2, AltiVec …); the
//!   bias between permute and arithmetic names the core (AltiVec permute 2 cycles, complex integer
//!   4, float 4 on a 7450).
//! - **Emulation:** a translator calls a helper for each: permute costs what a multiply costs, tens
//!   of adds, and the asymmetry of the units is gone.
//! - **Source:** as [`super::pipeline`].

use super::matrix::{self, Matrix};
use super::{ChannelId, Step};
use crate::evidence::Spread;
use crate::machine::{Machine, Op};
use crate::measure::Pace;
use crate::plan::Plan;
use crate::seed::Seed;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The operations of the matrix, in its order.
pub const OPS: [Op; 11] = [
    Op::VecLogic,
    Op::VecShuffle,
    Op::VecPermute,
    Op::VecIntAdd,
    Op::VecMulAdd,
    Op::VecFpAdd,
    Op::VecFpMul,
    Op::VecFpMulAdd,
    Op::WideFpAdd,
    Op::WideFpMulAdd,
    Op::WidePermute,
];

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [80, 40];

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The calibrator, milliticks per dependent add.
    pub add: Spread,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// For each of [`OPS`]: as in [`super::pipeline::Evidence::matrix`].
    pub matrix: Vec<Option<[u32; 4]>, 11>,
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
            matrix: matrix::Run::new(ChannelId::Simd, &OPS, plan, seed, iterations),
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
            .map(|Matrix { add, digest, rows }| Evidence {
                add,
                digest,
                iterations,
                matrix: rows,
                ticks: 0,
            })
    }
}

/// The digest that honest kernels give for this seed and the evidence's iterations; where the
/// evidence is out of bounds, a value that differs from its digest.
///
/// Cost: microseconds but for `VecMulAdd`, which is replayed: 10 ms at the most.
pub fn expected_digest(_plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let (iterations, rows) = (evidence.iterations, &evidence.matrix);
    matrix::expected_digest(ChannelId::Simd, &OPS, seed, iterations, rows)
        .unwrap_or(!evidence.digest)
}
