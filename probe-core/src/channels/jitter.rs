//! Jitter of short windows over integer, branch, floating-point, load and store work.
//!
//! - **Measured:** the ticks of short windows of each of [`KINDS`], taken in turn, window by window,
//!   so that all kinds see the same disturbances.
//! - **Kernel:** [`Machine::chain`] and [`Machine::branches`].
//! - **Estimator:** minimum, maximum, and a histogram by octaves of the excess over the minimum.
//! - **Cost:** 40 ms standard on a 2.6 GHz machine; 20 KiB of the arena for the time being; 350
//!   bytes.
//! - **Silicon:** most windows lie within a few ticks of the minimum; timer interrupts make a thin
//!   tail that is the same for all kinds.
//! - **Emulation:** exits of a hypervisor make a second mode; a translator spreads the first mode;
//!   a simulator that counts instructions as time has no jitter at all.
//! - **Source:** the histograms are those of cyclictest and of hwlat, applied to user-mode windows.

use super::{ChannelId, Step};
use crate::machine::{Body, Chain, Machine, Op, Operands, Pattern, Shape, UNROLL};
use crate::measure::{iterations_in_bounds, timed, Pace};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed};
use crate::stats::{clamp_u32, Samples};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Dependent chain of this operation.
    Chain(Op),
    /// Conditional branches in a random pattern of 64.
    Branches,
}

/// The kinds of work, in the order of the histograms.
pub const KINDS: [Kind; 5] = [
    Kind::Chain(Op::IntAdd),
    Kind::Branches,
    Kind::Chain(Op::FpAdd),
    Kind::Chain(Op::Load),
    Kind::Chain(Op::StoreLoad),
];

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [25, 10];

/// Windows of each kind: standard, quick.
const WINDOWS: [u16; 2] = [1_000, 300];

/// Rounds over all kinds in one slice.
const SLICE: u16 = 50;

/// Bins of each histogram: the last holds every excess of 2^14 ticks and more.
pub const BINS: usize = 16;

/// Windows are short, to show each disturbance alone: a fraction of the pipeline's runs.
const ITERATIONS_DIVISOR: u32 = 8;

/// Branches in the pattern.
const PATTERN: usize = 64;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// A histogram for each kind of work ([`KINDS`]), bins by [`bin`] over the excess above the
    /// minimum, without the empty bins at the end; none for a kind that the machine lacks.
    pub histograms: Vec<Vec<u16, 16>, 5>,
    /// Iterations of each chain; 48 times as many branches.
    pub iterations: u32,
    /// Smallest window of each kind, ticks.
    pub minima: Vec<u32, 5>,
    /// Ticks spent in this channel.
    pub ticks: u64,
    /// Windows of each kind.
    pub windows: u16,
    /// Longest window of each kind, ticks.
    pub worst: Vec<u32, 5>,
}

/// The bin of an excess over the minimum, ticks: 0 for none, then one for each octave.
pub fn bin(excess: u32) -> usize {
    crate::stats::bin(excess, BINS)
}

/// What the windows work on.
#[derive(Debug, Clone)]
struct Work {
    operands: Operands,
    directions: [u8; PATTERN],
    iterations: u32,
}

impl Work {
    fn draw(seed: &Seed, iterations: u32) -> Self {
        let mut stream = seed.stream(ChannelId::Jitter.tag(0));
        let operands = Operands::draw(&mut stream);
        let bits = stream.next_u64();
        Work {
            operands,
            directions: core::array::from_fn(|i| (bits >> i) as u8 & 1),
            iterations,
        }
    }

    fn chain(&self, op: Op) -> Chain {
        Chain {
            op,
            shape: Shape::Dependent,
            body: Body::Single,
            iterations: self.iterations,
        }
    }

    fn pattern(&self) -> Pattern<'_> {
        Pattern {
            directions: &self.directions,
            branches: self.iterations * UNROLL,
        }
    }

    fn run(&self, machine: &mut impl Machine, kind: Kind) -> Option<u64> {
        match kind {
            Kind::Chain(op) => machine.chain(self.chain(op), &self.operands),
            Kind::Branches => machine.branches(self.pattern()).map(u64::from),
        }
    }

    fn expected(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Chain(op) => replay::chain(self.chain(op), &self.operands),
            Kind::Branches => replay::branches(self.pattern()).into(),
        }
    }
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    work: Work,
    windows: u16,
    window: u16,
    results: [Option<u64>; 5],
    steady: bool,
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        let iterations = (pace.iterations / ITERATIONS_DIVISOR).max(1);
        Run {
            work: Work::draw(&seed, iterations),
            windows: plan.pick(WINDOWS[0], WINDOWS[1]),
            window: 0,
            results: [None; 5],
            steady: true,
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (u32::from(self.window) * 1_000 / u32::from(self.windows)) as u16
    }

    /// A slice of windows.
    pub fn step(&mut self, machine: &mut impl Machine, arena: &mut [u8]) -> Step<Evidence> {
        let mut samples = Samples::new(arena);
        for _ in 0..SLICE.min(self.windows - self.window) {
            for (i, kind) in KINDS.into_iter().enumerate() {
                let (ticks, result) = timed(machine, |m| self.work.run(m, kind));
                if let Some(result) = result {
                    self.steady &= *self.results[i].get_or_insert(result) == result;
                }
                let at = i * usize::from(self.windows) + usize::from(self.window);
                samples.set(at, clamp_u32(ticks));
            }
            self.window += 1;
        }
        if self.window < self.windows {
            return Step::More;
        }
        if self.results[0].is_none() {
            return Step::Absent;
        }
        Step::Done(self.evidence(&samples))
    }

    fn evidence(&self, samples: &Samples<'_>) -> Evidence {
        let n = usize::from(self.windows);
        let mut digest = self.results.iter().flatten().fold(0, |d, &r| fold(d, r));
        if !self.steady {
            digest = fold(digest, u64::MAX);
        }
        let mut evidence = Evidence {
            digest: wire_digest(digest),
            histograms: Vec::new(),
            iterations: self.work.iterations,
            minima: Vec::new(),
            ticks: 0,
            windows: self.windows,
            worst: Vec::new(),
        };
        for i in 0..KINDS.len() {
            let windows = samples.range(i * n, (i + 1) * n);
            let mut histogram: Vec<u16, 16> = Vec::new();
            let (mut least, mut worst) = (0, 0);
            if self.results[i].is_some() {
                least = windows.clone().min().unwrap_or(0);
                worst = windows.clone().max().unwrap_or(0);
                // Sixteen bins fit sixteen places.
                let _ = histogram.resize_default(BINS);
                for window in windows {
                    histogram[bin(window - least)] += 1;
                }
                while histogram.last() == Some(&0) {
                    histogram.pop();
                }
            }
            // Five kinds fit five places.
            let _ = evidence.histograms.push(histogram);
            let _ = evidence.minima.push(least);
            let _ = evidence.worst.push(worst);
        }
        evidence
    }
}

/// The digest that honest windows give for this seed and the evidence's iterations; where the
/// evidence does not fit the plan, a value that differs from its digest. Cost: microseconds.
pub fn expected_digest(plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let windows = plan.pick(WINDOWS[0], WINDOWS[1]);
    let fits = iterations_in_bounds(evidence.iterations)
        && evidence.windows == windows
        && evidence.histograms.len() == KINDS.len();
    if !fits {
        return !evidence.digest;
    }
    let work = Work::draw(seed, evidence.iterations);
    let kinds = KINDS.into_iter().zip(&evidence.histograms);
    let present = kinds.filter(|(_, histogram)| !histogram.is_empty());
    wire_digest(present.fold(0, |d, (kind, _)| fold(d, work.expected(kind))))
}
