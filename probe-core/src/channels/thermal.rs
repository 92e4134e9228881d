//! The calibrated loop over cold, ramp, saturation and recovery: a curve with time constants.
//!
//! - **Measured:** the cost of a dependent add, from the end of a rest, through [`RAMP`] and
//!   [`SATURATION`] stretches of heavy work, to the end of a rest again.
//! - **Kernel:** [`Machine::chain`]: `IntAdd` to measure, the widest multiply-add that the machine
//!   has to heat; [`Machine::idle`] to rest.
//! - **Estimator:** N and 2N bodies, the least runs of six, at each point; the time from
//!   the start of the ramp, and of the recovery, to 63 % of the change, where the change exceeds
//!   the noise.
//! - **Cost:** 0.8 s standard, 0.2 s quick, by the clock where there is one; no memory of the
//!   arena, 400 bytes.
//! - **Silicon:** boost clocks fall as the package warms and come back as it rests; old machines
//!   without frequency control show a flat line with their noise.
//! - **Emulation:** no response, or the host's; a guest that shares its host's core shows steps
//!   that its own work does not explain.
//! - **Source:** the time constant is that of any first-order system: 1 − 1/e = 63 %.

use super::{ChannelId, Step};
use crate::evidence::{MEDIAN, MIN};
use crate::machine::{Body, Chain, Machine, Op, Operands, Shape};
use crate::measure::{expected_fold, iterations_in_bounds, Beside, Pace};
use crate::plan::Plan;
use crate::seed::{wire_digest, Seed};
use crate::stats::{clamp_u32, spread};
use crate::ticks::Elapsed;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [800, 200];

/// Points before any heavy work.
pub const COLD: u8 = 3;
/// Points of the first half of the heavy work.
pub const RAMP: u8 = 8;
/// Points of the second half.
pub const SATURATION: u8 = 7;
/// Points of the rest after it.
pub const RECOVERY: u8 = 6;

/// Points in all.
const POINTS: u8 = COLD + RAMP + SATURATION + RECOVERY;

/// Passes at each point.
const PASSES: usize = 2;

/// Ticks in a unit of the curve's time.
const TIME_UNIT: u64 = 1_024;

/// Runs of heavy work in one stretch where nothing tells how long a tick is, and at most.
const BLIND_RUNS: u32 = 256;
/// See [`BLIND_RUNS`].
const MAX_RUNS: u32 = 1 << 16;

/// What may heat the processor, most power first.
const HEATERS: [Op; 4] = [Op::WideFpMulAdd, Op::VecFpMulAdd, Op::FpMul, Op::IntMul];

/// A change counts from so many interquartile ranges of the saturated points …
const NOISE_FACTOR: u32 = 2;

/// … and from one part in so many of the cost.
const LEAST_CHANGE: u32 = 200;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `[ticks / 1,024 since the start, milliticks per add]`.
    pub curve: Vec<[u32; 2], 48>,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of the add chain in one window.
    pub iterations: u32,
    /// Points of the curve in cold, ramp, saturation, recovery. Recovery is 0 where the machine cannot idle.
    pub phases: [u8; 4],
    /// Ticks / 1,024 from the start of the ramp to 63 % of the change, where there is a change.
    pub ramp: Option<u32>,
    /// The same for the recovery.
    pub recovery: Option<u32>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

fn operands(seed: &Seed) -> Operands {
    Operands::draw(&mut seed.stream(ChannelId::Thermal.tag(0)))
}

/// The channel under way. Each step is one point of the curve.
#[derive(Debug)]
pub struct Run {
    operands: Operands,
    iterations: u32,
    /// Ticks of one stretch of work or rest.
    stretch: Option<u64>,
    heater: Option<Op>,
    can_idle: bool,
    elapsed: Option<Elapsed>,
    digest: u64,
    curve: Vec<[u32; 2], 48>,
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        let budget = plan.pick(BUDGET_MS[0], BUDGET_MS[1]);
        let in_ticks = |per_ms: u32| u64::from(per_ms) * u64::from(budget) / u64::from(POINTS);
        Run {
            operands: operands(&seed),
            iterations: pace.iterations,
            stretch: pace.ticks_per_ms.map(in_ticks),
            heater: None,
            can_idle: false,
            elapsed: None,
            digest: 0,
            curve: Vec::new(),
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (self.curve.len() * 1_000 / usize::from(POINTS)) as u16
    }

    /// One point: a stretch of rest or work of 33 ms, and the measurement.
    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Evidence> {
        if self.elapsed.is_none() {
            self.can_idle = self.idle(machine);
            self.heater = HEATERS
                .into_iter()
                .find(|&op| machine.chain(self.heat(op), &self.operands).is_some());
            let now = machine.now();
            self.elapsed = Some(Elapsed::since(now));
        }
        let point = self.curve.len() as u8;
        if (COLD..COLD + RAMP + SATURATION).contains(&point) {
            self.work(machine);
        } else if self.can_idle {
            self.idle(machine);
        }
        let mut meter = Beside::new(Op::IntAdd, Shape::Dependent, self.iterations);
        for _ in 0..PASSES {
            if meter.pass(machine, &self.operands).is_none() {
                return Step::Absent;
            }
        }
        let now = machine.now();
        let elapsed = self.elapsed.get_or_insert(Elapsed::since(now));
        let since = elapsed.at(machine, now) / TIME_UNIT;
        // The two meters run the same chain in turn: twice the samples.
        let cost = meter.op.cost()[MIN].min(meter.add.cost()[MIN]);
        self.digest = meter.op.fold(self.digest);
        // 24 points fit 48 places.
        let _ = self.curve.push([clamp_u32(since), cost]);
        let all = if self.can_idle {
            POINTS
        } else {
            POINTS - RECOVERY
        };
        if self.curve.len() < all.into() {
            return Step::More;
        }
        Step::Done(self.evidence())
    }

    fn idle(&self, machine: &mut impl Machine) -> bool {
        self.stretch.is_some_and(|ticks| machine.idle(ticks))
    }

    fn heat(&self, op: Op) -> Chain {
        Chain {
            op,
            shape: Shape::Independent,
            body: Body::Double,
            iterations: self.iterations,
        }
    }

    fn work(&self, machine: &mut impl Machine) {
        let Some(op) = self.heater else { return };
        let start = machine.now();
        for run in 0..MAX_RUNS {
            machine.chain(self.heat(op), &self.operands);
            let now = machine.now();
            let done = match self.stretch {
                Some(ticks) => machine.between(start, now) >= ticks,
                None => run + 1 >= BLIND_RUNS,
            };
            if done {
                return;
            }
        }
    }

    fn evidence(&mut self) -> Evidence {
        let recovery = if self.can_idle { RECOVERY } else { 0 };
        let curve = core::mem::take(&mut self.curve);
        let [hot, rest] = time_constants(&curve);
        Evidence {
            digest: wire_digest(self.digest),
            iterations: self.iterations,
            phases: [COLD, RAMP, SATURATION, recovery],
            ramp: hot,
            recovery: rest,
            ticks: 0,
            curve,
        }
    }
}

/// Time to 63 % of the change, for ramp and recovery: [`Evidence::ramp`] and [`Evidence::recovery`] by
/// [`Evidence::curve`].
pub fn time_constants(curve: &[[u32; 2]]) -> [Option<u32>; 2] {
    let (cold, rest) = curve.split_at(usize::from(COLD).min(curve.len()));
    let (hot, recovery) = rest.split_at(usize::from(RAMP + SATURATION).min(rest.len()));
    let saturation = hot.get(usize::from(RAMP)..).unwrap_or(&[]);
    let quartiles = |part: &[[u32; 2]]| {
        let mut costs: Vec<u32, 48> = part.iter().map(|p| p[1]).collect();
        spread(&mut costs)
    };
    let saturated = quartiles(saturation);
    let noise = saturated[MEDIAN + 1] - saturated[1];
    let least = noise
        .saturating_mul(NOISE_FACTOR)
        .max(saturated[MEDIAN] / LEAST_CHANGE);
    let response = |before: &[[u32; 2]], from: u32, to: u32, after: &[[u32; 2]]| {
        /// 1 − 1/e in thousandths.
        const TIME_CONSTANT: u64 = 632;
        let start = before.last()?[0];
        let change = from.abs_diff(to);
        let reached = |p: &&[u32; 2]| {
            u64::from(p[1].abs_diff(from)) * 1_000 >= u64::from(change) * TIME_CONSTANT
        };
        (change > least).then(|| {
            after
                .iter()
                .find(reached)
                .map(|p| p[0].saturating_sub(start))
        })?
    };
    let half = recovery.get(recovery.len() / 2..).unwrap_or(&[]);
    [
        response(cold, quartiles(cold)[MEDIAN], saturated[MEDIAN], hot),
        response(hot, saturated[MEDIAN], quartiles(half)[MEDIAN], recovery),
    ]
}

/// The digest that honest windows give for this seed and the evidence's iterations; where the
/// evidence is out of bounds, a value that differs from its digest. Cost: microseconds.
pub fn expected_digest(_plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let points: usize = evidence.phases.iter().map(|&p| usize::from(p)).sum();
    let idle_or_not = [RECOVERY, 0].contains(&evidence.phases[3]);
    let fits = iterations_in_bounds(evidence.iterations)
        && evidence.phases[..3] == [COLD, RAMP, SATURATION]
        && idle_or_not
        && evidence.curve.len() == points;
    if !fits {
        return !evidence.digest;
    }
    let operands = operands(seed);
    wire_digest((0..points).fold(0, |d, _| {
        expected_fold(
            d,
            Op::IntAdd,
            Shape::Dependent,
            evidence.iterations,
            &operands,
        )
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(cost: impl Fn(u32) -> u32) -> std::vec::Vec<[u32; 2]> {
        (0..u32::from(POINTS)).map(|i| [i * 100, cost(i)]).collect()
    }

    #[test]
    fn time_constants_of_known_curves() {
        assert_eq!(time_constants(&curve(|_| 1_000)), [None, None]);
        assert_eq!(time_constants(&[]), [None, None]);
        // A jump at point 7, back at point 20; the ramp starts after point 2, the rest after 17.
        let step = curve(|i| if (7..20).contains(&i) { 1_100 } else { 1_000 });
        assert_eq!(time_constants(&step), [Some(500), Some(300)]);
        // As large as the noise: no response.
        let noisy = curve(|i| 1_000 + i % 2 * 100 + u32::from(i > 8) * 50);
        assert_eq!(time_constants(&noisy)[0], None);
    }
}
