//! One clock of one machine over months: the spell under way, and the rates of those before.

use super::line::{self, Interval, Point};
use super::spell::{Bracket, Rate, Spell, LIMITS};
use super::{Ppt, DAY_NS, PPM, SECOND_NS};
use serde::{Deserialize, Serialize};

/// Rates of earlier spells that are kept: 24 of 68 hours are ten weeks.
pub const RATES: usize = 24;

/// Fastest counter there is, Hz, with room: time-stamp counters run at some GHz.
const HZ_MAX: u64 = 100_000_000_000;

/// Spells that a drift is told from, at least …
const DRIFT_SPELLS: usize = 3;

/// … and over how long. Crystals age by 5 to 10 ppm in a year at the most (Vig, "Introduction to quartz
/// frequency standards"), which is 0.03 ppm a day: less than the weather moves them by in a day or two.
const DRIFT_SPAN_NS: i64 = 7 * DAY_NS;

/// What the weather moves a crystal by from one spell to the next: ±0.2 ppm over months in a quiet
/// room (time-nuts, August 2010). Doubled until some drift fits.
const WEATHER: Ppt = PPM / 5;

/// A clock: two are the same only where all of this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// As in `probe_core::channels::counter::Evidence::source`.
    pub source: String,
    /// Width; a narrower counter wraps.
    pub bits: u8,
    /// The rate that skews are told against: what the hardware states, or any number kept for good.
    pub hz: u64,
}

impl Clock {
    /// Whether a counter can be like that.
    fn is_possible(&self) -> bool {
        (1..=HZ_MAX).contains(&self.hz) && (1..=64).contains(&self.bits)
    }
}

/// What one attestation shows of the machine's counter.
///
/// The node's times must bracket the readings: a clock that counts milliseconds rounds the issue down
/// and the receipt up ([`Sighting::from_ms`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Node's time not later than the issue of the challenge, ns.
    pub issued_ns: i64,
    /// Node's time not earlier than the receipt of the submission, ns.
    pub received_ns: i64,
    /// The counter's raw value after the challenge came.
    pub first: u64,
    /// Ticks from there to a later reading before the submission left.
    pub elapsed: u64,
}

impl Sighting {
    /// From times in whole milliseconds, rounded down as [`crate::clock`] gives them.
    pub fn from_ms(issued_ms: i64, received_ms: i64, first: u64, elapsed: u64) -> Self {
        const MS: i64 = SECOND_NS / 1_000;
        Sighting {
            issued_ns: issued_ms.saturating_mul(MS),
            received_ns: received_ms.saturating_add(1).saturating_mul(MS),
            first,
            elapsed,
        }
    }
}

/// What became of a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// It fits the spell.
    Continued,
    /// A new spell begins: the counter was reset or set, wrapped unseen, wandered more than a crystal
    /// does, or the spell was as long as it may be.
    Began,
    /// It cannot have happened: more ticks than there was time for, an end before its beginning. The
    /// track stays as it was.
    Impossible,
}

/// All that is kept of one clock: at most 16 windows and 24 rates, some 1.5 KiB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    clock: Clock,
    spell: Spell,
    /// Raw value at the beginning of the spell.
    raw: u64,
    last: Last,
    earlier: Vec<Rate>,
}

/// The newest sighting, for unwrapping the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    issued_ns: i64,
    received_ns: i64,
    first: u64,
    /// From the spell's beginning.
    ticks: i64,
}

/// Skew and drift of a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The best known rate, and when it was measured.
    pub rate: Rate,
    /// Change of the rate in a day, where enough weeks are known.
    pub drift_per_day: Option<Interval>,
}

impl Track {
    /// Begins with a first sighting; `None` where it is impossible, or the clock is.
    pub fn new(clock: Clock, first: Sighting) -> Option<Self> {
        if !clock.is_possible() {
            return None;
        }
        let spell = Spell::new(
            first.issued_ns,
            bracket(clock.hz, first.issued_ns, &first, 0)?,
        );
        Some(Track {
            clock,
            spell,
            raw: first.first,
            last: Last::of(&first, 0),
            earlier: Vec::new(),
        })
    }

    /// Whether it keeps the bounds that this module counts on: what came from a database may not.
    pub fn is_sound(&self) -> bool {
        self.clock.is_possible() && self.spell.is_sound() && self.earlier.len() <= RATES
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The spell under way.
    pub fn spell(&self) -> &Spell {
        &self.spell
    }

    /// Rates of earlier spells, oldest first.
    pub fn earlier(&self) -> &[Rate] {
        &self.earlier
    }

    /// Takes a sighting in. Cost: constant, some microseconds.
    pub fn observe(&mut self, new: &Sighting) -> Seen {
        let Some(fresh) = bracket(self.clock.hz, new.issued_ns, new, 0) else {
            return Seen::Impossible;
        };
        if let Some(ticks) = self.unwrapped(new) {
            let here = bracket(self.clock.hz, self.spell.anchor_ns(), new, ticks);
            if here.is_some_and(|here| self.spell.add(here)) {
                self.last = Last::of(new, ticks);
                return Seen::Continued;
            }
        }
        if let Some(rate) = self.spell.rate() {
            self.keep(rate);
        }
        self.spell = Spell::new(new.issued_ns, fresh);
        self.raw = new.first;
        self.last = Last::of(new, 0);
        Seen::Began
    }

    /// The best known rate, and the drift; `None` before there is a spell that is long enough.
    pub fn estimate(&self) -> Option<Estimate> {
        let rate = self.rates().min_by_key(|rate| rate.skew.width())?;
        Some(Estimate {
            rate,
            drift_per_day: self.drift(),
        })
    }

    /// The raw counter as time in ns at node's time `at_ns`, least and greatest, by `skew`: equal for
    /// two names that read one counter. `None` for counters that wrap.
    pub fn counter_at(&self, at_ns: i64, skew: Interval) -> Option<(i128, i128)> {
        if self.clock.bits < 64 {
            return None;
        }
        let x = at_ns.checked_sub(self.spell.anchor_ns())?;
        let (least, most) = self.spell.offset_at(x, skew)?;
        let raw = i128::from(self.raw) * i128::from(SECOND_NS) / i128::from(self.clock.hz);
        let at = |offset: i64| raw + i128::from(x) + i128::from(offset);
        Some((at(least), at(most)))
    }

    /// When the counter stood at zero by its nominal rate, ns of the node's clock; `None` for counters
    /// that wrap. It moves by the skew, some seconds a day, alike for all names of one machine.
    pub fn start_ns(&self) -> Option<i128> {
        let counted = i128::from(self.last.first) * i128::from(SECOND_NS);
        let counted = counted / i128::from(self.clock.hz);
        (self.clock.bits == 64).then(|| i128::from(self.last.issued_ns) - counted)
    }

    fn rates(&self) -> impl Iterator<Item = Rate> + '_ {
        self.earlier.iter().copied().chain(self.spell.rate())
    }

    /// The change of the rate, by the same program as the rate itself: lines through all intervals.
    fn drift(&self) -> Option<Interval> {
        let rates: Vec<Rate> = self.rates().collect();
        let middle = |r: &Rate| r.from_ns / 2 + r.to_ns / 2;
        let span = middle(rates.last()?).saturating_sub(middle(rates.first()?));
        if rates.len() < DRIFT_SPELLS || span < DRIFT_SPAN_NS {
            return None;
        }
        let points = |end: fn(Interval) -> Ppt| -> Vec<Point> {
            let point = |r: &Rate| Point {
                x: middle(r),
                y: end(r.skew),
            };
            rates.iter().map(point).collect()
        };
        let (ceilings, floors) = (points(|i| i.high), points(|i| i.low));
        let most = Interval {
            low: i64::MIN / 2,
            high: i64::MAX / 2,
        };
        // Ppt per ns in units of 1e-12: times a day's ns, by 1e12.
        let per_day = |slope: Ppt| {
            let day = (i128::from(slope) * i128::from(DAY_NS)).div_euclid(line::ONE);
            Ppt::try_from(day).unwrap_or(if slope < 0 { Ppt::MIN } else { Ppt::MAX })
        };
        (0..16)
            .find_map(|doublings| line::slopes(&ceilings, &floors, WEATHER << doublings, most))
            .map(|slopes| Interval {
                low: per_day(slopes.low),
                high: per_day(slopes.high).saturating_add(1),
            })
    }

    /// Keeps a rate; when there are too many, the widest of the older half goes, the oldest of equals.
    fn keep(&mut self, rate: Rate) {
        self.earlier.push(rate);
        if self.earlier.len() > RATES {
            let widest = self.earlier[..RATES / 2]
                .iter()
                .enumerate()
                .max_by_key(|(i, r)| (r.skew.width(), std::cmp::Reverse(*i)));
            if let Some((i, _)) = widest {
                self.earlier.remove(i);
            }
        }
    }

    /// Ticks from the spell's beginning to the new first reading; `None` where no number of wraps
    /// explains it, or several do.
    fn unwrapped(&self, new: &Sighting) -> Option<i64> {
        let least_ns = new.issued_ns.checked_sub(self.last.received_ns)?.max(0);
        let most_ns = new.received_ns.checked_sub(self.last.issued_ns)?;
        if most_ns < 0 || new.received_ns < self.last.received_ns {
            return None;
        }
        let skew = self.spell.bounds().unwrap_or(LIMITS);
        let ticks = |ns: i64, rate: Ppt| {
            let device_ns = i128::from(ns) * (line::ONE + i128::from(rate)) / line::ONE;
            device_ns * i128::from(self.clock.hz) / i128::from(SECOND_NS)
        };
        let slack = ticks(super::spell::WANDER_NS, 0);
        let least = ticks(least_ns, skew.low) - slack;
        let most = ticks(most_ns, skew.high) + slack;
        let wrap = 1i128 << self.clock.bits;
        if most - least >= wrap {
            return None;
        }
        let stepped = i128::from(new.first) - i128::from(self.last.first);
        // The least number of that residue that is not below `least`.
        let moved = least + (stepped - least).rem_euclid(wrap);
        if moved > most {
            return None;
        }
        i64::try_from(i128::from(self.last.ticks) + moved).ok()
    }
}

impl Last {
    fn of(sighting: &Sighting, ticks: i64) -> Self {
        Last {
            issued_ns: sighting.issued_ns,
            received_ns: sighting.received_ns,
            first: sighting.first,
            ticks,
        }
    }
}

/// The bracket of a sighting whose first reading is `ticks` from the anchor; `None` for one that cannot
/// have happened. Rounded so that it stays true.
fn bracket(hz: u64, anchor_ns: i64, sighting: &Sighting, ticks: i64) -> Option<Bracket> {
    let hz = i128::from(hz);
    let device_ns = |ticks: i128| ticks * i128::from(SECOND_NS);
    let first = device_ns(ticks.into());
    let last = device_ns(i128::from(ticks) + i128::from(sighting.elapsed));
    let x = |at: i64| at.checked_sub(anchor_ns);
    let (issued, received) = (x(sighting.issued_ns)?, x(sighting.received_ns)?);
    let ceiling = -(-first).div_euclid(hz) - i128::from(issued);
    let floor = last.div_euclid(hz) - i128::from(received);
    let bracket = Bracket {
        ceiling: Point {
            x: issued,
            y: i64::try_from(ceiling).ok()?,
        },
        floor: Point {
            x: received,
            y: i64::try_from(floor).ok()?,
        },
    };
    let possible = sighting.issued_ns <= sighting.received_ns
        && line::slopes(&[bracket.ceiling], &[bracket.floor], 0, LIMITS).is_some();
    possible.then_some(bracket)
}
