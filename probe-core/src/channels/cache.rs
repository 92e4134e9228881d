//! Caches and address translation: latency against working set, capacities, line size, TLB reach.
//!
//! - **Measured:** the time of one dependent load over working sets from 1 KiB to the arena in half
//!   octaves; the second load of a pair at rising distances; one load in each page against as many
//!   loads packed together.
//! - **Kernel:** [`Machine::chase`] over a [`Ring`]: a single random cycle keyed by the challenge.
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

use super::{ChannelId, Step};
use crate::evidence::{Milliticks, Spread, MIN};
use crate::machine::{Machine, Ring, Walk};
use crate::measure::{milliticks, uninterrupted, Pace, MAX_PASSES};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed};
use crate::stats::{spread, steps};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [800, 200];

/// Bytes from one slot of the curve's rings to the next. A cache with shorter lines sees only every
/// second or fourth of its sets used, all by the same working set: its capacity comes out right.
const STRIDE: u32 = 64;

/// Slots of the curve's rings visited before the next group: 64 KiB, 16 pages of 4 KiB. Even the 32
/// entries of a 486's TLB hold them.
const GROUP: u32 = 1_024;

/// Bytes of the smallest working set.
const SMALLEST: u32 = 1_024;

/// Timed passes over each ring: standard, quick.
const PASSES: [usize; 2] = [9, 7];

const _: () = assert!(PASSES[0] <= MAX_PASSES);

/// A ring of up to so many links is followed a whole lap in each pass; of a longer one, a part.
const LAP_MAX: u32 = 32 * 1_024;

/// Links followed in each pass of a longer ring.
const PART_LAP: u32 = 16 * 1_024;

/// Laps before the timed passes, as far as [`WARM_MAX`] links go. Laying the ring has already
/// brought it into the caches in walking order; replacement that is not LRU settles in a lap or two.
const WARM_LAPS: u32 = 2;

/// Most links followed untimed.
const WARM_MAX: u32 = 64 * 1_024;

/// Visits to each working set of up to [`REVISITED`] bytes, the whole sweep between one visit and the
/// next: standard, quick. A disturbance of a millisecond spoils one visit; the visit with the lower
/// quartile counts.
const VISITS: [usize; 2] = [3, 2];

/// The largest working set that is visited again.
const REVISITED: u32 = 2 * 1_024 * 1_024;

/// Distances of the second load of a pair, bytes.
const DISTANCES: [u32; 7] = [8, 16, 32, 64, 128, 256, 512];

/// Bytes from one pair to the next: no two pairs in one line of any known cache.
const PAIR_STRIDE: u32 = 1_024;

/// The pairs span so many times the first level's capacity: the first load of each pair misses it.
const PAIR_SPAN: u32 = 4;

/// Pages touched by the TLB's rings: a little less than the sizes that TLBs have (16, 24, 32 … 1,536),
/// because the stack and the counter's own page need entries too. Half octaves as far as first
/// levels go, then octaves and the sizes in use.
pub const PAGES: [u32; 16] = [
    15, 22, 30, 45, 60, 90, 120, 240, 480, 720, 960, 1_440, 1_920, 3_840, 7_680, 15_360,
];

/// Slot i of a TLB ring starts `i × SKEW` further into its page, to spread lines over cache sets. Not
/// 64: then a slot's line in the page would follow from the low bits of the page's number, and a
/// physically indexed second level would see only some of its sets used.
const SKEW: u32 = 72;

/// Index of the lower quartile in a [`Spread`]: less moved by disturbances than the median, and by
/// lucky passes than the minimum.
const LOWER_QUARTILE: usize = 1;

/// Smallest and largest page that a machine may state.
const PAGE_BOUNDS: (u32, u32) = (256, 1 << 20);

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

/// Bytes of the working set of entry `index` (at most 39) of the curve: 1 KiB, 1.5, 2, 3, 4, 6 …
pub const fn working_set(index: usize) -> u64 {
    let octave = (SMALLEST as u64) << (index / 2);
    octave + (index % 2) as u64 * (octave / 2)
}

/// Entries of the curve for working sets of up to `bytes`.
fn curve_entries(bytes: u32) -> usize {
    (0..40)
        .take_while(|&i| working_set(i) <= bytes.into())
        .count()
}

/// One walk of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Curve(usize),
    /// The pairs' ring without second links.
    First,
    Second(usize),
    Spread(usize),
    Packed(usize),
}

/// Everything that decides which walks there are. The node has the same from the evidence.
#[derive(Debug, Clone, Copy)]
struct Layout {
    seed: Seed,
    passes: usize,
    visits: usize,
    /// Bytes that any ring may span.
    bytes: u32,
    page: u32,
    steps: u32,
    /// Slots of the paired rings; known once the curve is.
    pairs: u32,
}

impl Layout {
    fn new(plan: &Plan, seed: Seed, page: u32, steps: u32) -> Self {
        Layout {
            seed,
            passes: plan.pick(PASSES[0], PASSES[1]),
            visits: plan.pick(VISITS[0], VISITS[1]),
            bytes: plan.largest_working_set(),
            page,
            steps,
            pairs: 0,
        }
    }

    /// Chooses the paired rings from the first boundary (KiB), or half the memory where none was
    /// found.
    fn choose_pairs(&mut self, boundaries: &[u32]) {
        let span = match boundaries.first() {
            Some(kib) => kib.saturating_mul(1_024).saturating_mul(PAIR_SPAN),
            None => self.bytes / 2,
        };
        self.pairs = (span.min(self.bytes) / PAIR_STRIDE).max(2);
    }

    /// Entries of the curve.
    fn entries(&self) -> usize {
        curve_entries(self.bytes)
    }

    /// Entries of the curve that are visited again.
    fn revisited(&self) -> usize {
        curve_entries(self.bytes.min(REVISITED))
    }

    /// Walks that make the curve: the whole sweep, then its beginning again.
    fn curve_tasks(&self) -> usize {
        self.entries() + (self.visits - 1) * self.revisited()
    }

    fn page_tasks(&self) -> usize {
        PAGES
            .iter()
            .take_while(|&&p| u64::from(p) * u64::from(self.page) <= self.bytes.into())
            .count()
    }

    /// Walk number `index`, `None` after the last. The curve comes first.
    fn task(&self, index: usize) -> Option<Task> {
        let Some(index) = index.checked_sub(self.curve_tasks()) else {
            let again = index.checked_sub(self.entries());
            return Some(Task::Curve(again.map_or(index, |i| i % self.revisited())));
        };
        if index == 0 {
            return Some(Task::First);
        }
        let Some(index) = (index - 1).checked_sub(DISTANCES.len()) else {
            return Some(Task::Second(index - 1));
        };
        match index % 2 {
            _ if index >= 2 * self.page_tasks() => None,
            0 => Some(Task::Spread(index / 2)),
            _ => Some(Task::Packed(index / 2)),
        }
    }

    fn tasks(&self) -> usize {
        self.curve_tasks() + 1 + DISTANCES.len() + 2 * self.page_tasks()
    }

    fn ring(&self, index: usize, task: Task) -> Ring {
        let key = self
            .seed
            .stream(ChannelId::Cache.tag(index as u16))
            .next_u64();
        let packed = |slots| Ring {
            slots,
            group: group(slots),
            stride: STRIDE,
            skew: 0,
            pair: 0,
            key,
        };
        let paired = |pair| Ring {
            slots: self.pairs,
            group: self.pairs,
            stride: PAIR_STRIDE,
            skew: 0,
            pair,
            key,
        };
        match task {
            Task::Curve(i) => packed((working_set(i) / u64::from(STRIDE)) as u32),
            Task::First => paired(0),
            Task::Second(i) => paired(DISTANCES[i]),
            Task::Spread(i) => Ring {
                slots: PAGES[i],
                group: PAGES[i],
                stride: self.page,
                skew: SKEW,
                pair: 0,
                key,
            },
            Task::Packed(i) => packed(PAGES[i]),
        }
    }

    fn walk(&self, ring: &Ring) -> Walk {
        let links = ring.links();
        let lap = if links <= LAP_MAX { links } else { PART_LAP };
        Walk {
            warm: links.saturating_mul(WARM_LAPS).min(WARM_MAX),
            steps: lap.max(self.steps),
        }
    }
}

/// The largest group of at most [`GROUP`] slots that divides `slots`: all of them, or some 2^k or
/// 3 × 2^k.
fn group(slots: u32) -> u32 {
    (1..=slots)
        .find(|&parts| slots.is_multiple_of(parts) && slots / parts <= GROUP)
        .map_or(slots, |parts| slots / parts)
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
        let level: Vec<u32, 40> = self
            .evidence
            .curve
            .iter()
            .map(|c| c[LOWER_QUARTILE])
            .collect();
        let mut found = [0; 5];
        let n = steps(&level, &mut found);
        self.evidence.boundaries = found[..n]
            .iter()
            .map(|&i| (working_set(i) / 1_024) as u32)
            .collect();
        self.layout.choose_pairs(&self.evidence.boundaries);
    }

    fn find_lines(&mut self) {
        let second: Vec<u32, 8> = self.evidence.line_curve.iter().map(|l| l[1]).collect();
        let mut found = [0; 1];
        self.evidence.line = (steps(&second, &mut found) > 0)
            .then(|| self.evidence.line_curve.get(found[0] + 1).map(|l| l[0]))
            .flatten();
    }

    fn find_reach(&mut self) {
        let tlb = &self.evidence.tlb;
        let base = tlb.first().map_or(0, |t| t[2]);
        let cost: Vec<u32, 16> = tlb
            .iter()
            .map(|t| base.saturating_add(t[1].saturating_sub(t[2])))
            .collect();
        let mut found = [0; 3];
        let n = steps(&cost, &mut found);
        self.evidence.tlb_reach = found[..n].iter().map(|&i| tlb[i][0]).collect();
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_sets_are_half_octaves() {
        let kib: std::vec::Vec<u64> = (0..8).map(|i| working_set(i) / 512).collect();
        assert_eq!(kib, [2, 3, 4, 6, 8, 12, 16, 24]);
        assert_eq!(curve_entries(64 * 1024), 13);
        assert_eq!(curve_entries(64 * 1024 * 1024), 33);
    }

    #[test]
    fn groups_divide_their_rings() {
        for i in 0..33 {
            let slots = (working_set(i) / u64::from(STRIDE)) as u32;
            let group = group(slots);
            assert!(slots.is_multiple_of(group) && group <= GROUP);
            assert!(slots <= GROUP || group >= GROUP / 2, "{slots}: {group}");
        }
        assert!(PAGES.iter().all(|&p| p.is_multiple_of(group(p))));
    }
}
