//! The measuring primitive: the same straight-line body at lengths N and 2N.
//!
//! A [`Meter`] runs a chain at [`Body::Single`] and [`Body::Double`] with the same iterations, in
//! turn, pass after pass. The difference is the cost of the operations that differ; the counter
//! reads, the call and the loop cancel. The minimum cost is the least double less the least single,
//! but not less than the lower quartile of the passes' own differences, which stand beside it. (Abel
//! and Reineke, "nanoBench", ISPASS 2020.) [`Beside`] measures an operation and the add chain in the same passes, so that their ratio
//! does not move with the clock frequency.

use crate::evidence::{Milliticks, Spread};
use crate::machine::{Body, Chain, Machine, Op, Operands, Shape, UNROLL};
use crate::replay;
use crate::seed::fold;
use crate::stats::{clamp_u32, mul_div, spread};

/// Milliticks in a tick.
pub const MILLI: u64 = 1_000;

/// Passes that a meter holds at most.
pub const MAX_PASSES: usize = 31;

/// Runs of each length in one pass of [`Beside`]: an interrupt, or a busy sibling thread, does not
/// spoil all of them.
pub const TRIES: usize = 3;

/// Fewest iterations of a chain: the loop's own cost must be small beside the body's.
pub const MIN_ITERATIONS: u32 = 16;

/// Most iterations of a chain. The binary32 chains stay exact up to 2^20 operations, and a node
/// must replay what it is told: 2 × 48 × 8,192 = 786,432.
pub const MAX_ITERATIONS: u32 = 8_192;

/// Units of the counter's resolution that one run should last: an error of one unit is then 0.2 %.
const FINE_UNITS: u64 = 512;

/// What must do where the counter is so coarse that [`COARSE_ITERATIONS`] do not last as long.
const COARSE_UNITS: u64 = 32;

/// Iterations from which [`COARSE_UNITS`] suffice.
const COARSE_ITERATIONS: u32 = 1_024;

/// How fast this machine and its counter go, found once for all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Iterations, a power of two, with which one run of a chain outlasts the counter's resolution
    /// by far.
    pub iterations: u32,
    /// Least ticks of an empty timing window.
    pub overhead: u32,
    /// Ticks of the counter in a millisecond, where a clock or the hardware tells.
    pub ticks_per_ms: Option<u32>,
}

impl Pace {
    /// Finds the iterations for a counter of this `resolution` (ticks, at least 1) and `overhead`.
    ///
    /// Cost: about twice the run that it settles on.
    pub fn find(machine: &mut impl Machine, resolution: u32, overhead: u32) -> Self {
        let operands = Operands::draw(&mut crate::seed::Seed::derive("", "pace").stream(0));
        let unit = u64::from(resolution.max(1));
        let mut iterations = MIN_ITERATIONS;
        while iterations < MAX_ITERATIONS {
            let chain = Chain {
                op: Op::IntAdd,
                shape: Shape::Dependent,
                body: Body::Single,
                iterations,
            };
            let (elapsed, _) = timed(machine, |m| m.chain(chain, &operands));
            let units = elapsed / unit;
            if units >= FINE_UNITS || (iterations >= COARSE_ITERATIONS && units >= COARSE_UNITS) {
                break;
            }
            iterations *= 2;
        }
        Pace {
            iterations,
            overhead,
            ticks_per_ms: None,
        }
    }

    /// Operations of one run of a single body: what any timed window should do at least.
    pub const fn operations(&self) -> u32 {
        self.iterations * UNROLL
    }
}

/// Whether a node may replay chains of so many iterations: a power of two within the bounds.
pub const fn iterations_in_bounds(iterations: u32) -> bool {
    iterations.is_power_of_two() && iterations <= MAX_ITERATIONS
}

/// Runs `kernel` between two reads of the counter; gives the ticks and its result.
///
/// With feature `critical-section` nothing interrupts it.
pub fn timed<M: Machine, R>(machine: &mut M, kernel: impl FnOnce(&mut M) -> R) -> (u64, R) {
    uninterrupted(|| {
        let start = machine.now();
        let result = kernel(machine);
        let end = machine.now();
        (machine.between(start, end), result)
    })
}

/// Runs `window` inside a critical section.
#[cfg(feature = "critical-section")]
pub fn uninterrupted<R>(window: impl FnOnce() -> R) -> R {
    critical_section::with(|_| window())
}

/// Runs `window` as it is: an operating system's interrupts cannot be held off.
#[cfg(not(feature = "critical-section"))]
pub fn uninterrupted<R>(window: impl FnOnce() -> R) -> R {
    window()
}

/// Milliticks of one operation where `count` of them took `ticks`.
pub fn milliticks(ticks: u64, count: u64) -> Milliticks {
    clamp_u32(mul_div(ticks, MILLI, count))
}

/// A spread whose first entry is the better estimate of the minimum: quartiles below it are noise
/// of the shorter runs.
fn spread_from(minimum: Milliticks, samples: &mut [u32]) -> Spread {
    let [_, quartiles @ ..] = spread(samples);
    let [low, median, high] = quartiles.map(|q| q.max(minimum));
    [minimum, low, median, high]
}

/// Ticks of the operations that the double run has more than the single one.
///
/// Never more than the whole single run, or half the double one: they contain as many of the same
/// operations, and the overhead. A scheduler that keeps its units busy in the short loop and not in
/// the long one (seen on Zen 5 with four logical vector operations a cycle) shows itself so.
fn extra([single, double]: [u64; 2]) -> u64 {
    double.saturating_sub(single).min(single).min(double / 2)
}

/// Folded into a digest where a kernel did not answer alike each time, so that no node accepts it.
const UNSTEADY: u64 = u64::MAX;

/// The costs of one kernel that runs at a length and at twice the length.
#[derive(Debug, Clone)]
pub struct Meter {
    least: [u64; 2],
    latest: [u64; 2],
    results: [Option<u64>; 2],
    steady: bool,
    differences: [u64; MAX_PASSES],
    passes: usize,
    operations: u64,
}

impl Meter {
    /// A meter for a kernel that does `operations` at its single length, at least 1.
    pub fn new(operations: u64) -> Self {
        Meter {
            least: [u64::MAX; 2],
            latest: [u64::MAX; 2],
            results: [None; 2],
            steady: true,
            differences: [0; MAX_PASSES],
            passes: 0,
            operations,
        }
    }

    /// Records one run. The least of several runs of one length counts for the pass.
    pub fn record(&mut self, body: Body, ticks: u64, result: u64) {
        let i = body as usize - 1;
        self.least[i] = self.least[i].min(ticks);
        self.latest[i] = self.latest[i].min(ticks);
        self.steady &= *self.results[i].get_or_insert(result) == result;
    }

    /// Ends a pass: both lengths have run. Passes beyond [`MAX_PASSES`] count for the minimum only.
    pub fn end_pass(&mut self) {
        let difference = extra(self.latest);
        if let Some(place) = self.differences.get_mut(self.passes) {
            *place = difference;
            self.passes += 1;
        }
        self.latest = [u64::MAX; 2];
    }

    /// `extra` of the least runs.
    pub fn difference(&self) -> u64 {
        extra(self.least)
    }

    /// The passes' own differences.
    fn paired(&self) -> &[u64] {
        &self.differences[..self.passes]
    }

    /// The best estimate of one operation's cost, as the ticks of all the operations that a double
    /// run has more than a single one: the difference of the least runs, held between the quartiles
    /// of the passes' own differences. Where the least single and the least double run saw different
    /// conditions (another clock frequency, a busy sibling thread), their difference alone is off.
    pub fn best(&self) -> u64 {
        let [low, high] = self.quartiles();
        self.difference().clamp(low, high)
    }

    /// The lower and the upper quartile of the passes' own differences; 0 without passes.
    fn quartiles(&self) -> [u64; 2] {
        let mut sorted = self.differences;
        let sorted = &mut sorted[..self.passes];
        sorted.sort_unstable();
        [1, 3].map(|part| {
            let place = sorted.len().saturating_sub(1) * part / 4;
            sorted.get(place).copied().unwrap_or(0)
        })
    }

    /// [`Meter::best`] of one operation.
    pub fn best_cost(&self) -> Milliticks {
        milliticks(self.best(), self.operations)
    }

    /// The cost of one operation. A double run that once saw a faster clock than any single run would
    /// make the least difference next to nothing: hence the lower quartile as its bound.
    pub fn cost(&self) -> Spread {
        let [low, _] = self.quartiles();
        let minimum = milliticks(self.difference().max(low), self.operations);
        let mut costs = [0; MAX_PASSES];
        for (cost, &difference) in costs.iter_mut().zip(self.paired()) {
            *cost = milliticks(difference, self.operations);
        }
        spread_from(minimum, &mut costs[..self.passes])
    }

    /// Folds what both lengths answered into `digest`.
    pub fn fold(&self, digest: u64) -> u64 {
        let digest = self
            .results
            .iter()
            .flatten()
            .fold(digest, |d, &r| fold(d, r));
        if self.steady {
            digest
        } else {
            fold(digest, UNSTEADY)
        }
    }

    /// Runs a chain at one length and records it. `None` where the machine has no such operation.
    pub fn run<M: Machine>(
        &mut self,
        machine: &mut M,
        (op, shape): (Op, Shape),
        (body, iterations): (Body, u32),
        operands: &Operands,
    ) -> Option<()> {
        let chain = Chain {
            op,
            shape,
            body,
            iterations,
        };
        let (ticks, result) = timed(machine, |m| m.chain(chain, operands));
        self.record(body, ticks, result?);
        Some(())
    }
}

/// What [`Meter::fold`] gives for honest runs of this chain at both lengths.
pub fn expected_fold(
    digest: u64,
    op: Op,
    shape: Shape,
    iterations: u32,
    operands: &Operands,
) -> u64 {
    replay::chains(op, shape, iterations, operands)
        .into_iter()
        .fold(digest, fold)
}

/// One operation and the dependent add chain, measured in the same passes.
#[derive(Debug, Clone)]
pub struct Beside {
    chain: (Op, Shape),
    iterations: u32,
    /// The add chain.
    pub add: Meter,
    /// The operation.
    pub op: Meter,
}

impl Beside {
    /// Meters for `op` in `shape`.
    pub fn new(op: Op, shape: Shape, iterations: u32) -> Self {
        let operations = u64::from(UNROLL) * u64::from(iterations);
        Beside {
            chain: (op, shape),
            iterations,
            add: Meter::new(operations),
            op: Meter::new(operations),
        }
    }

    /// One pass: add, operation, at both lengths, [`TRIES`] times. `None` where the machine lacks the
    /// operation.
    pub fn pass<M: Machine>(&mut self, machine: &mut M, operands: &Operands) -> Option<()> {
        const ADD: (Op, Shape) = (Op::IntAdd, Shape::Dependent);
        for _ in 0..TRIES {
            for body in [Body::Single, Body::Double] {
                let length = (body, self.iterations);
                self.add.run(machine, ADD, length, operands)?;
                self.op.run(machine, self.chain, length, operands)?;
            }
        }
        self.add.end_pass();
        self.op.end_pass();
        Some(())
    }

    /// The operation's cost in thousandths of the add chain's: the ratio of the best estimates, held
    /// between the quartiles of the passes' own ratios. A clock that changes its frequency between
    /// passes moves the estimates, but not the ratios.
    pub fn ratio(&self) -> u32 {
        let mut ratios = [0; MAX_PASSES];
        let pairs = self.op.paired().iter().zip(self.add.paired());
        for (ratio, (&op, &add)) in ratios.iter_mut().zip(pairs) {
            *ratio = milliticks(op, add);
        }
        let [_, low, _, high] = spread(&mut ratios[..self.op.passes]);
        milliticks(self.op.best(), self.add.best()).clamp(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn fixed_overhead_cancels(
            overhead in 0u64..100_000, cost in 1u64..1_000, operations in 1u64..100_000,
            noise in prop::collection::vec(0u64..1_000_000, 2..40),
        ) {
            let mut meter = Meter::new(operations);
            for (pass, noise) in noise.iter().enumerate() {
                // One quiet run of each length somewhere is enough for the minimum.
                let noise = if pass == 1 { 0 } else { *noise };
                meter.record(Body::Single, overhead + operations * cost + noise, 1);
                meter.record(Body::Double, overhead + 2 * operations * cost + noise / 2, 2);
                meter.end_pass();
            }
            let cost_found = meter.cost();
            prop_assert_eq!(u64::from(cost_found[0]), cost * MILLI);
            prop_assert!(cost_found.is_sorted());
            prop_assert_eq!(meter.fold(0), fold(fold(0, 1), 2));
        }
    }

    #[test]
    fn a_long_loop_that_stalls_does_not_count() {
        let mut meter = Meter::new(100);
        for _ in 0..4 {
            meter.record(Body::Single, 100, 1);
            meter.record(Body::Double, 300, 2);
            meter.end_pass();
        }
        assert_eq!(meter.best(), 100);
    }

    #[test]
    fn one_fast_double_run_does_not_make_operations_free() {
        let mut meter = Meter::new(100);
        for pass in 0..8 {
            meter.record(Body::Single, 10_100, 1);
            // Nobody else on the core for once: half the time.
            meter.record(Body::Double, if pass == 3 { 10_100 } else { 20_100 }, 1);
            meter.end_pass();
        }
        assert_eq!(meter.difference(), 0);
        assert_eq!(meter.cost(), [100 * MILLI as u32; 4]);
    }

    #[test]
    fn a_change_of_frequency_does_not_move_a_ratio() {
        let mut beside = Beside::new(Op::IntMul, Shape::Dependent, 1);
        for pass in 0..10 {
            // The clock gains 2 % between the two runs of the first pass's multiplications, and
            // loses it again.
            let slow = |ticks: u64| ticks * 102 / 100;
            let fast = |ticks: u64| if pass == 0 { ticks } else { slow(ticks) };
            for (body, length) in [(Body::Single, 1), (Body::Double, 2)] {
                beside.add.record(body, slow(10_000 * length), 1);
                let mul = 30_000 * length;
                beside
                    .op
                    .record(body, if length == 2 { fast(mul) } else { slow(mul) }, 1);
            }
            beside.add.end_pass();
            beside.op.end_pass();
        }
        assert_eq!(beside.ratio(), 3_000);
    }

    #[test]
    fn an_unsteady_answer_spoils_the_digest() {
        let mut meter = Meter::new(1);
        meter.record(Body::Single, 1, 1);
        let steady = meter.fold(0);
        meter.record(Body::Single, 1, 2);
        assert_ne!(meter.fold(0), steady);
    }
}
