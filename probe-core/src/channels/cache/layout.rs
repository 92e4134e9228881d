//! Which rings the cache channel walks, and how: the same for the miner, who walks them, and for the
//! node, who computes where the walks end.

use super::ChannelId;
use crate::machine::{Ring, Walk};
use crate::measure::MAX_PASSES;
use crate::plan::Plan;
use crate::seed::Seed;

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
pub(super) const DISTANCES: [u32; 7] = [8, 16, 32, 64, 128, 256, 512];

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

/// Smallest and largest page that a machine may state.
pub(super) const PAGE_BOUNDS: (u32, u32) = (256, 1 << 20);

/// Bytes of the working set of entry `index` (at most 39) of the curve: 1 KiB, 1.5, 2, 3, 4, 6 …
pub const fn working_set(index: usize) -> u64 {
    let octave = (SMALLEST as u64) << (index / 2);
    octave + (index % 2) as u64 * (octave / 2)
}

/// Slots of the ring of entry `index` of the curve.
pub(super) const fn slots(index: usize) -> u32 {
    (working_set(index) / STRIDE as u64) as u32
}

/// Links followed in each timed pass over a ring of so many.
pub(super) const fn loads(links: u32, steps: u32) -> u32 {
    let lap = if links <= LAP_MAX { links } else { PART_LAP };
    if lap > steps {
        lap
    } else {
        steps
    }
}

/// Entries of the curve for working sets of up to `bytes`.
fn curve_entries(bytes: u32) -> usize {
    (0..40)
        .take_while(|&i| working_set(i) <= bytes.into())
        .count()
}

/// One walk of the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Curve(usize),
    /// The pairs' ring without second links.
    First,
    Second(usize),
    Spread(usize),
    Packed(usize),
}

/// Everything that decides which walks there are. The node has the same from the evidence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub seed: Seed,
    pub passes: usize,
    pub visits: usize,
    /// Bytes that any ring may span.
    pub bytes: u32,
    pub page: u32,
    pub steps: u32,
    /// Slots of the paired rings; known once the curve is.
    pub pairs: u32,
}

impl Layout {
    pub fn new(plan: &Plan, seed: Seed, page: u32, steps: u32) -> Self {
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
    pub fn choose_pairs(&mut self, boundaries: &[u32]) {
        let span = match boundaries.first() {
            Some(kib) => kib.saturating_mul(1_024).saturating_mul(PAIR_SPAN),
            None => self.bytes / 2,
        };
        self.pairs = (span.min(self.bytes) / PAIR_STRIDE).max(2);
    }

    /// Entries of the curve.
    pub fn entries(&self) -> usize {
        curve_entries(self.bytes)
    }

    /// Entries of the curve that are visited again.
    pub fn revisited(&self) -> usize {
        curve_entries(self.bytes.min(REVISITED))
    }

    /// Walks that make the curve: the whole sweep, then its beginning again.
    pub fn curve_tasks(&self) -> usize {
        self.entries() + (self.visits - 1) * self.revisited()
    }

    pub fn page_tasks(&self) -> usize {
        PAGES
            .iter()
            .take_while(|&&p| u64::from(p) * u64::from(self.page) <= self.bytes.into())
            .count()
    }

    /// Walk number `index`, `None` after the last. The curve comes first.
    pub fn task(&self, index: usize) -> Option<Task> {
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

    pub fn tasks(&self) -> usize {
        self.curve_tasks() + 1 + DISTANCES.len() + 2 * self.page_tasks()
    }

    pub fn ring(&self, index: usize, task: Task) -> Ring {
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
            Task::Curve(i) => packed(slots(i)),
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

    pub fn walk(&self, ring: &Ring) -> Walk {
        let links = ring.links();
        Walk {
            warm: links.saturating_mul(WARM_LAPS).min(WARM_MAX),
            steps: loads(links, self.steps),
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
