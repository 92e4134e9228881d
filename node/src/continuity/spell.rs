//! One stretch of a clock without a step, in sixteen windows: constant size, however many sightings.
//!
//! Windows lie on a grid of the node's clock whose width doubles when sixteen no longer reach, so that
//! two machines' windows are the same hours. Each keeps the least delayed floor and ceiling of its
//! sightings. Leaving points out only leaves constraints out: what [`line::slopes`] gives stays true.

use super::line::{self, Interval, Point};
use super::{Ppt, HOUR_NS, PPM, SECOND_NS};
use serde::{Deserialize, Serialize};

/// Windows of a spell, at most.
pub const WINDOWS: usize = 16;

/// Width of a window at first.
const WINDOW_NS: i64 = 60 * SECOND_NS;

/// Doublings of the width, at most: sixteen windows of 256 minutes are 68 hours. Longer spells would
/// hold the ageing of a crystal (1 ms in 7 days at 3 ppb a day) and a week's weather as one rate.
const OCTAVES: u8 = 8;

/// What any counter's rate may be off by: crystals are bought at ±100 ppm at the worst, and Linux
/// slews its clock by 500 ppm at most (`adjtimex(2)`); 1,825 devices lay within ±100 ppm for the most
/// part (Jiao and Zheng, IJWMT 4, 2011).
pub const LIMITS: Interval = Interval {
    low: -500 * PPM,
    high: 500 * PPM,
};

/// How far a clock wanders from a line in a spell without a step: warmth by day and cold by night
/// move a crystal of 0.5 ppm/K by 3 ppm for ±6 K, which is 41 ms of a sine of one day, and the weather
/// of a week as much again.
pub const WANDER_NS: i64 = 80_000_000;

/// Windows from which the spread of the points says anything of their noise.
const SPREAD_WINDOWS: usize = 6;

/// The interval's half-width in units of (upper quartile of the heights over the line) / (length of
/// the spell). Chosen so that the interval holds the truth in 99 of 100 simulated machines of the
/// worst kind; `docs/continuity.md` has the rates.
const SPREADS: i128 = 5;

/// A rate is told for spells this long, at least: shorter ones say less than the limits do.
pub const SPAN_MIN_NS: i64 = 6 * HOUR_NS;

/// The best of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Window {
    index: i64,
    ceiling: Point,
    floor: Point,
}

/// What one sighting says: the machine's clock was at most `ceiling` when the challenge was issued, and
/// at least `floor` when the submission came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// From the departure of the challenge.
    pub ceiling: Point,
    /// From the arrival of the submission.
    pub floor: Point,
}

/// A rate and when it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// First arrival, ns of the node's clock.
    pub from_ns: i64,
    /// Last arrival.
    pub to_ns: i64,
    /// The mean rate between the two, with the confidence that `docs/continuity.md` states.
    pub skew: Interval,
}

/// A stretch of one clock without a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    anchor_ns: i64,
    octave: u8,
    windows: Vec<Window>,
}

impl Spell {
    /// Begins at `anchor_ns` of the node's clock, from which abscissae count.
    pub fn new(anchor_ns: i64, first: Bracket) -> Self {
        let mut spell = Spell {
            anchor_ns,
            octave: 0,
            windows: Vec::new(),
        };
        let index = spell.index(first.floor.x);
        spell.windows.push(Window {
            index,
            ceiling: first.ceiling,
            floor: first.floor,
        });
        spell
    }

    /// Where abscissae count from, ns of the node's clock.
    pub fn anchor_ns(&self) -> i64 {
        self.anchor_ns
    }

    /// Length between the first and the last kept arrival, ns.
    pub fn span_ns(&self) -> i64 {
        match &self.windows[..] {
            [first, .., last] => last.floor.x.saturating_sub(first.floor.x),
            _ => 0,
        }
    }

    /// Slopes that all kept points allow, wandering as much as a clock may. `None` never, while the
    /// points came through [`Spell::add`].
    pub fn bounds(&self) -> Option<Interval> {
        let (ceilings, floors) = self.points();
        line::slopes(&ceilings, &floors, WANDER_NS, LIMITS)
    }

    /// Whether it keeps the bounds that all of this module counts on: what came from a database may not.
    pub(super) fn is_sound(&self) -> bool {
        let in_order = |pair: &[Window]| pair[0].index < pair[1].index;
        (1..=WINDOWS).contains(&self.windows.len())
            && self.octave <= OCTAVES
            && self.windows.windows(2).all(in_order)
    }

    /// Takes a bracket in, later than all before; gives `false`, and stays as it was, where no one line
    /// fits any more or the spell is as long as it may be. Cost: 300 divisions.
    #[must_use]
    pub fn add(&mut self, new: Bracket) -> bool {
        let (mut ceilings, mut floors) = self.points();
        ceilings.push(new.ceiling);
        floors.push(new.floor);
        let Some(bounds) = line::slopes(&ceilings, &floors, WANDER_NS, LIMITS) else {
            return false;
        };
        let Some(first) = self.windows.first().map(|w| w.floor.x) else {
            return false;
        };
        let mut grown = self.clone();
        while grown.index(new.floor.x).abs_diff(grown.index(first)) >= WINDOWS as u64 {
            if grown.octave == OCTAVES {
                return false;
            }
            grown.double(bounds.middle());
        }
        let index = grown.index(new.floor.x);
        grown.put(
            Window {
                index,
                ceiling: new.ceiling,
                floor: new.floor,
            },
            bounds.middle(),
        );
        *self = grown;
        true
    }

    /// The rate, where the spell is long enough for one.
    pub fn rate(&self) -> Option<Rate> {
        (self.span_ns() >= SPAN_MIN_NS)
            .then(|| self.estimate())
            .flatten()
    }

    /// The rate of the windows that two spells have in common, of each: the same hours, the same
    /// weather. `None` where they have less in common than a rate needs.
    pub fn rates_together(&self, other: &Spell) -> Option<(Rate, Rate)> {
        let (mut a, mut b) = (self.clone(), other.clone());
        for spell in [&mut a, &mut b] {
            while spell.octave < self.octave.max(other.octave) {
                spell.double(spell.bounds().map_or(0, Interval::middle));
            }
        }
        let common: Vec<i64> = a
            .windows
            .iter()
            .map(|w| w.index)
            .filter(|index| b.windows.iter().any(|w| w.index == *index))
            .collect();
        let (first, last) = (*common.first()?, *common.last()?);
        for spell in [&mut a, &mut b] {
            spell.windows.retain(|w| (first..=last).contains(&w.index));
        }
        Some((a.rate()?, b.rate()?))
    }

    /// Where the machine's clock stands at `x`, by a rate of this spell: its least and greatest
    /// offset from the node's.
    pub fn offset_at(&self, x: i64, skew: Interval) -> Option<(i64, i64)> {
        let last = self.windows.last()?;
        let moved = |point: Point, rate: Ppt| {
            let dx = i128::from(x) - i128::from(point.x);
            let y = i128::from(point.y) + (dx * i128::from(rate)).div_euclid(line::ONE);
            i64::try_from(y).ok()
        };
        let (floor, ceiling) = (last.floor, last.ceiling);
        let least = moved(floor, skew.low)?.min(moved(floor, skew.high)?);
        let most = moved(ceiling, skew.low)?.max(moved(ceiling, skew.high)?);
        Some((
            least.saturating_sub(WANDER_NS),
            most.saturating_add(WANDER_NS),
        ))
    }

    fn points(&self) -> (Vec<Point>, Vec<Point>) {
        self.windows.iter().map(|w| (w.ceiling, w.floor)).unzip()
    }

    /// Where there are enough points, the nearest line to the side that scatters less, by as much as
    /// it scatters; otherwise what the points allow at all. The two are not intersected: a small step
    /// that was taken for wandering leaves what is allowed narrow and wrong, and the scatter wide.
    fn estimate(&self) -> Option<Rate> {
        let bounds = self.bounds()?;
        let (ceilings, floors) = self.points();
        let spread = |heights: Vec<i64>| -> i64 {
            let mut heights = heights;
            heights.sort_unstable();
            heights.get(heights.len() * 3 / 4).copied().unwrap_or(0)
        };
        let up = line::above(&floors).map(|l| {
            let heights = floors.iter().map(|&p| l.over(p)).collect();
            (spread(heights), l.slope())
        });
        let down = line::below(&ceilings).map(|l| {
            let heights = ceilings
                .iter()
                .map(|&p| l.over(p).saturating_neg())
                .collect();
            (spread(heights), l.slope())
        });
        let skew = up
            .into_iter()
            .chain(down)
            .min()
            .filter(|_| self.windows.len() >= SPREAD_WINDOWS)
            .and_then(|(spread, slope)| {
                // A clock of the node that counts milliseconds hides as much.
                let spread = i128::from(spread.max(MILLISECOND_NS));
                let margin = SPREADS * spread * line::ONE / i128::from(self.span_ns().max(1));
                let margin = Ppt::try_from(margin).ok()?;
                let point = Interval {
                    low: slope,
                    high: slope,
                };
                Some(point.widened(margin))
            })
            .unwrap_or(bounds);
        let at = |w: Option<&Window>| w.map(|w| self.anchor_ns.saturating_add(w.floor.x));
        Some(Rate {
            from_ns: at(self.windows.first())?,
            to_ns: at(self.windows.last())?,
            skew,
        })
    }

    fn index(&self, x: i64) -> i64 {
        self.anchor_ns
            .saturating_add(x)
            .div_euclid(WINDOW_NS << self.octave)
    }

    /// Windows of twice the width. Which of two points is delayed less is told by `slope`: what it is
    /// off by, over one window, is a sixteenth of what the delays leave open over all.
    fn double(&mut self, slope: Ppt) {
        self.octave += 1;
        let old = std::mem::take(&mut self.windows);
        for window in old {
            let index = self.index(window.floor.x);
            self.put(Window { index, ..window }, slope);
        }
    }

    fn put(&mut self, new: Window, slope: Ppt) {
        let height = |p: Point| {
            i128::from(p.y) - (i128::from(p.x) * i128::from(slope)).div_euclid(line::ONE)
        };
        match self.windows.last_mut().filter(|w| w.index == new.index) {
            None => self.windows.push(new),
            Some(kept) => {
                if height(new.floor) > height(kept.floor) {
                    kept.floor = new.floor;
                }
                if height(new.ceiling) < height(kept.ceiling) {
                    kept.ceiling = new.ceiling;
                }
            }
        }
    }
}

/// Nanoseconds in a millisecond.
const MILLISECOND_NS: i64 = 1_000_000;
