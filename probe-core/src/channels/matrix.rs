//! The latency and throughput matrix that [`super::pipeline`] and [`super::simd`] share: a list of
//! operations, each in both shapes, each beside the dependent add chain.

use super::{ChannelId, Step};
use crate::evidence::{Spread, MIN};
use crate::machine::{Machine, Op, Operands, Shape};
use crate::measure::{expected_fold, iterations_in_bounds, Beside, MAX_PASSES, MILLI};
use crate::plan::Plan;
use crate::seed::{wire_digest, Seed};
use crate::stats::{clamp_u32, median};
use heapless::Vec;

/// The longest list of operations.
pub(super) const MAX_OPS: usize = 11;

const SHAPES: [Shape; 2] = [Shape::Dependent, Shape::Independent];

/// Passes over one operation.
pub(super) const PASSES: [usize; 2] = [15, 7];

const _: () = assert!(PASSES[0] <= MAX_PASSES);

/// Times by which a ratio may differ from the costs that it is made of, before the row's own adds
/// count as disturbed. A core's clock can change by as much within a row; a run of adds that follows
/// an operation a hundred times as long, on a machine with other work, is off by any factor.
const DISTURBED: u64 = 2;

/// One cell row: latency, throughput, and both in thousandths of the add chain.
type Row = [u32; 4];

/// What the channel found, to be put into its own evidence type.
pub(super) struct Matrix {
    pub add: Spread,
    pub digest: u32,
    pub rows: Vec<Option<Row>, MAX_OPS>,
}

/// A matrix under way. Each step is one pass over one operation in one shape.
#[derive(Debug)]
pub(super) struct Run {
    channel: ChannelId,
    ops: &'static [Op],
    seed: Seed,
    iterations: u32,
    passes: usize,
    pass: usize,
    at: usize,
    operands: Operands,
    meters: [Beside; 2],
    adds: Vec<Spread, MAX_OPS>,
    digest: u64,
    rows: Vec<Option<Row>, MAX_OPS>,
}

/// The operands of one row.
fn operands(channel: ChannelId, seed: &Seed, op: Op) -> Operands {
    Operands::draw(&mut seed.stream(channel.tag(op as u16)))
}

impl Run {
    /// `ops` are 1 to [`MAX_OPS`].
    pub fn new(
        channel: ChannelId,
        ops: &'static [Op],
        plan: &Plan,
        seed: Seed,
        iterations: u32,
    ) -> Self {
        Run {
            channel,
            ops,
            seed,
            iterations,
            passes: plan.pick(PASSES[0], PASSES[1]),
            pass: 0,
            at: 0,
            operands: operands(channel, &seed, ops[0]),
            meters: SHAPES.map(|shape| Beside::new(ops[0], shape, iterations)),
            adds: Vec::new(),
            digest: 0,
            rows: Vec::new(),
        }
    }

    pub fn permille(&self) -> u16 {
        let (done, all) = (
            self.at * self.passes + self.pass,
            self.ops.len() * self.passes,
        );
        (done * 1_000 / all.max(1)) as u16
    }

    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Matrix> {
        let mut present = true;
        for meter in &mut self.meters {
            present = present && meter.pass(machine, &self.operands).is_some();
        }
        self.pass += 1;
        if present && self.pass < self.passes {
            return Step::More;
        }
        let row = present.then(|| self.row());
        // `rows` and `adds` are as long as the list of operations.
        let _ = self.rows.push(row);
        self.at += 1;
        self.pass = 0;
        if let Some(&op) = self.ops.get(self.at) {
            self.operands = operands(self.channel, &self.seed, op);
            self.meters = SHAPES.map(|shape| Beside::new(op, shape, self.iterations));
            return Step::More;
        }
        if self.adds.is_empty() {
            return Step::Absent;
        }
        let add = self.add();
        let mut rows = core::mem::take(&mut self.rows);
        for row in rows.iter_mut().flatten() {
            for (cost, ratio) in [(0, 2), (1, 3)] {
                row[ratio] = settled(row[ratio], row[cost], add[MIN]);
            }
        }
        Step::Done(Matrix {
            add,
            digest: wire_digest(self.digest),
            rows,
        })
    }

    fn row(&mut self) -> Row {
        let [latency, throughput] = &self.meters;
        self.digest = throughput.op.fold(latency.op.fold(self.digest));
        let _ = self.adds.push(latency.add.cost());
        [
            latency.op.best_cost(),
            throughput.op.best_cost(),
            latency.ratio(),
            throughput.ratio(),
        ]
    }

    /// The add chain over all rows: the median of each entry, because adds between long operations
    /// are easily disturbed.
    fn add(&self) -> Spread {
        core::array::from_fn(|part| {
            let mut values: Vec<u32, MAX_OPS> = self.adds.iter().map(|a| a[part]).collect();
            median(&mut values)
        })
    }
}

/// The ratio that a row found with its own adds; or, where these were disturbed, the ratio of its cost
/// to the adds of all rows.
fn settled(own: u32, cost: u32, add: u32) -> u32 {
    let by_all = u64::from(cost) * MILLI / u64::from(add.max(1));
    let near = by_all / DISTURBED..=by_all.saturating_mul(DISTURBED);
    // A cost of less than an add has few digits.
    if near.contains(&u64::from(own)) || cost <= add {
        own
    } else {
        clamp_u32(by_all)
    }
}

/// The digest that honest runs give: of the rows that are present. `None` where the evidence is out
/// of bounds. Cost: see [`crate::replay`]; at most 2 × 2 × 786,432 operations a row.
pub(super) fn expected_digest<const N: usize>(
    channel: ChannelId,
    ops: &[Op; N],
    seed: &Seed,
    iterations: u32,
    rows: &[Option<Row>],
) -> Option<u32> {
    if !iterations_in_bounds(iterations) || rows.len() != N {
        return None;
    }
    let present = ops.iter().zip(rows).filter(|(_, row)| row.is_some());
    let digest = present.fold(0, |digest, (&op, _)| {
        let operands = operands(channel, seed, op);
        SHAPES.iter().fold(digest, |d, &shape| {
            expected_fold(d, op, shape, iterations, &operands)
        })
    });
    Some(wire_digest(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_whose_adds_were_disturbed_goes_by_all() {
        assert_eq!(settled(3_050, 750, 250), 3_050);
        // A clock that is faster for one row.
        assert_eq!(settled(4_000, 750, 250), 4_000);
        assert_eq!(settled(3_446_593_000, 70_000, 250), 280_000);
        assert_eq!(settled(0, 70_000, 250), 280_000);
        assert_eq!(settled(1_000, 200, 250), 1_000);
        assert_eq!(settled(u32::MAX, u32::MAX, 0), u32::MAX);
    }
}
