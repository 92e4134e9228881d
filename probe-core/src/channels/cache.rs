//! Caches and address translation: latency against working set, capacities, line size, TLB reach.
//!
//! - **Measured:** the time of one dependent load over working sets from 1 KiB to the arena in half
//!   octaves; the second load of a pair at rising distances; one load in each page against as many
//!   loads packed together.
//! - **Kernel:** [`Machine::chase`] over a [`Ring`](crate::machine::Ring): a single random cycle keyed by the challenge.
//! - **Estimator:** for each working set minimum and quartiles of k passes; boundaries by
//!   change-point in logarithms ([`steps`]). The curve's rings visit 64 KiB at a time in random
//!   order before the next 64 KiB, so that a TLB miss is shared by 1,024 loads and stays out of the
//!   curve. The line is the shortest distance at which the second load of a pair costs more than a
//!   hit. The TLB's curve is the difference between the spread and the packed ring, on top of the
//!   packed one's first point; its change-points are the reach of each level.
//! - **Cost:** 0.5 s standard with an arena of 64 MiB, 0.1 s quick; 1.4 KiB of JSON. With
//!   64 KiB it ends after 13 working sets.
//! - **Silicon:** capacities, line and reach name the core; latencies in adds (by
//!   [`super::pipeline`]) name it more closely.
//! - **Emulation:** a translator shows its host's curve under its own cost for each load, and its
//!   own software TLB (256 entries in QEMU) instead of the claimed machine's; an interpreter's curve
//!   is nearly flat.
//! - **Source:** Saavedra and Smith, "Measuring cache and TLB performance", IEEE ToC 44, 1995;
//!   McVoy and Staelin, "lmbench", USENIX 1996; Cooper and Xu, arXiv 1807.03104.

mod layout;

pub use layout::{working_set, PAGES};

use super::{ChannelId, Step};
use crate::evidence::{Milliticks, Spread, MIN};
use crate::machine::Machine;
use crate::measure::{milliticks, uninterrupted, Pace, MAX_PASSES};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed};
use crate::stats::{spread, steps};
use heapless::Vec;
use layout::{Layout, Task, DISTANCES, PAGE_BOUNDS};
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [800, 200];

/// Index of the lower quartile in a [`Spread`]: less moved by disturbances than the median, and by
/// lucky passes than the minimum.
const LOWER_QUARTILE: usize = 1;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Capacities found, KiB, rising.
    pub boundaries: Vec<u32, 5>,
    /// Milliticks per load; entry i is the working set of [`working_set`]`(i)` bytes.
    pub curve: Vec<Spread, 40>,
    /// Fold of the ends of all walks.
    pub digest: u32,
    /// Line size, bytes, where a step was found.
    pub line: Option<u32>,
    /// `[distance in bytes, milliticks of the second load of a pair]`.
    pub line_curve: Vec<[u32; 2], 8>,
    /// Size of a page as the machine states it, bytes.
    pub page: u32,
    /// Loads in each timed pass, at least; rings of more links, up to 32,768, are followed a whole
    /// lap.
    pub steps: u32,
    /// Ticks spent in this channel.
    pub ticks: u64,
    /// `[pages, milliticks one line in each page, milliticks the same number of lines packed]`.
    pub tlb: Vec<[u32; 3], 16>,
    /// Pages reached by each level of TLB found, rising.
    pub tlb_reach: Vec<u32, 3>,
}

/// The channel under way. Each step is one ring.
#[derive(Debug)]
pub struct Run {
    layout: Layout,
    at: usize,
    digest: u64,
    first: Milliticks,
    evidence: Evidence,
}

impl Run {
    /// Prepares the channel; runs nothing. `page` is [`Machine::page_bytes`].
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace, page: u32) -> Self {
        let page = page.clamp(PAGE_BOUNDS.0, PAGE_BOUNDS.1);
        let steps = pace.operations();
        Run {
            layout: Layout::new(plan, seed, page, steps),
            at: 0,
            digest: 0,
            first: 0,
            evidence: Evidence {
                boundaries: Vec::new(),
                curve: Vec::new(),
                digest: 0,
                line: None,
                line_curve: Vec::new(),
                page,
                steps,
                ticks: 0,
                tlb: Vec::new(),
                tlb_reach: Vec::new(),
            },
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (self.at * 1_000 / self.layout.tasks().max(1)) as u16
    }

    /// One ring: at most 20 ms up to 8 MiB, 150 ms for the largest, most of it laying.
    pub fn step(&mut self, machine: &mut impl Machine, arena: &mut [u8]) -> Step<Evidence> {
        if self.at == self.layout.curve_tasks() {
            self.find_boundaries();
        }
        let Some(task) = self.layout.task(self.at) else {
            self.find_lines();
            self.find_reach();
            self.evidence.digest = wire_digest(self.digest);
            return Step::Done(self.evidence.clone());
        };
        let Some(cost) = self.chase(machine, arena, task) else {
            return Step::Absent;
        };
        // Every list is as long as its constant array or longer.
        let evidence = &mut self.evidence;
        let _ = match task {
            Task::Curve(i) => match evidence.curve.get_mut(i) {
                Some(kept) => {
                    if cost[LOWER_QUARTILE] < kept[LOWER_QUARTILE] {
                        *kept = cost;
                    }
                    true
                }
                None => evidence.curve.push(cost).is_ok(),
            },
            Task::First => {
                self.first = cost[MIN];
                true
            }
            Task::Second(i) => {
                // A pair costs its first load and its second.
                let second = (2 * cost[MIN]).saturating_sub(self.first);
                evidence.line_curve.push([DISTANCES[i], second]).is_ok()
            }
            Task::Spread(i) => evidence.tlb.push([PAGES[i], cost[MIN], 0]).is_ok(),
            Task::Packed(_) => evidence
                .tlb
                .last_mut()
                .map(|entry| entry[2] = cost[MIN])
                .is_some(),
        };
        self.at += 1;
        Step::More
    }

    fn chase(
        &mut self,
        machine: &mut impl Machine,
        arena: &mut [u8],
        task: Task,
    ) -> Option<Spread> {
        let ring = self.layout.ring(self.at, task);
        let walk = self.layout.walk(&ring);
        let mut elapsed = [0; MAX_PASSES];
        let elapsed = &mut elapsed[..self.layout.passes];
        let end = uninterrupted(|| machine.chase(arena, &ring, walk, elapsed))?;
        self.digest = fold(self.digest, end);
        let mut costs = [0; MAX_PASSES];
        for (cost, &ticks) in costs.iter_mut().zip(elapsed.iter()) {
            *cost = milliticks(ticks, walk.steps.into());
        }
        Some(spread(&mut costs[..self.layout.passes]))
    }

    fn find_boundaries(&mut self) {
        self.evidence.boundaries = boundaries(&self.evidence.curve);
        self.layout.choose_pairs(&self.evidence.boundaries);
    }

    fn find_lines(&mut self) {
        self.evidence.line = line(&self.evidence.line_curve);
    }

    fn find_reach(&mut self) {
        self.evidence.tlb_reach = reach(&self.evidence.tlb);
    }
}

/// Loads in each timed pass over the working set of entry `index` of the curve, where the evidence has `steps`.
pub fn loads(index: usize, steps: u32) -> u32 {
    layout::loads(layout::slots(index), steps)
}

/// The capacities that a curve shows, KiB: [`Evidence::boundaries`] by [`Evidence::curve`].
pub fn boundaries(curve: &[Spread]) -> Vec<u32, 5> {
    let level: Vec<u32, 40> = curve.iter().map(|c| c[LOWER_QUARTILE]).take(40).collect();
    let mut found = [0; 5];
    let n = steps(&level, &mut found);
    found[..n]
        .iter()
        .map(|&i| (working_set(i) / 1_024) as u32)
        .collect()
}

/// The line size that a curve of distances shows, bytes: [`Evidence::line`] by [`Evidence::line_curve`].
pub fn line(line_curve: &[[u32; 2]]) -> Option<u32> {
    let second: Vec<u32, 8> = line_curve.iter().map(|l| l[1]).take(8).collect();
    let mut found = [0; 1];
    (steps(&second, &mut found) > 0)
        .then(|| line_curve.get(found[0] + 1).map(|l| l[0]))
        .flatten()
}

/// The pages that each level of TLB reaches: [`Evidence::tlb_reach`] by [`Evidence::tlb`].
pub fn reach(tlb: &[[u32; 3]]) -> Vec<u32, 3> {
    let base = tlb.first().map_or(0, |t| t[2]);
    let difference = |t: &[u32; 3]| base.saturating_add(t[1].saturating_sub(t[2]));
    let mut cost: Vec<u32, 16> = tlb.iter().map(difference).take(16).collect();
    // Where the packed ring leaves a cache before the spread one does, the difference dips; the
    // reach of a TLB is not to be seen there, nor is it a disturbance.
    for i in (1..cost.len()).rev() {
        cost[i - 1] = cost[i - 1].min(cost[i]);
    }
    let mut found = [0; 3];
    let n = steps(&cost, &mut found);
    found[..n].iter().map(|&i| tlb[i][0]).collect()
}

/// The digest that honest walks give for this seed, plan and the evidence's step count and page;
/// where the evidence does not fit the plan, a value that differs from its digest.
///
/// Cost: the end of each of at most 130 rings, a fraction of a microsecond each.
pub fn expected_digest(plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let mut layout = Layout::new(plan, *seed, evidence.page, evidence.steps);
    layout.choose_pairs(&evidence.boundaries);
    let fits = plan.is_valid()
        && (PAGE_BOUNDS.0..=PAGE_BOUNDS.1).contains(&evidence.page)
        && evidence.curve.len() == layout.entries()
        && evidence.line_curve.len() == DISTANCES.len()
        && evidence.tlb.len() == layout.page_tasks();
    if !fits {
        return !evidence.digest;
    }
    let digest = (0..layout.tasks()).fold(0, |digest, index| {
        let Some(task) = layout.task(index) else {
            return digest;
        };
        let ring = layout.ring(index, task);
        let end = replay::chase(&ring, layout.walk(&ring), layout.passes as u32);
        fold(digest, end)
    });
    wire_digest(digest)
}
