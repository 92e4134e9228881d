//! Two names, one crystal? What two tracks say together.
//!
//! Rates are compared over the same hours where there are such: then the weather is the same too. Rates
//! that differ prove two crystals. Rates that agree prove little: many crystals of one kind lie within
//! a few ppm. How little is said as the chance that another crystal of the same kind agrees as well.

use super::chance::Surprise;
use super::line::{Interval, ONE};
use super::spell::Rate;
use super::track::Track;
use super::{Ppt, DAY_NS, PPM};
use serde::{Deserialize, Serialize};

/// Standard deviation of the rates of crystals of one lot, ppm: an assumption on the safe side. All
/// computers together scatter by some 20 to 40 ppm, a survey of 20,000 hosts had a median of 78 ppm
/// (Mills, "Computer network time synchronization", chapter 15), and parts are bought at ±20 to ±100 ppm.
pub const LOT_SIGMA_PPM: u64 = 4;

/// Density of a lot's rates at its middle, where it is highest: 1 / (√(2π) σ), 0.0997 for each ppm with
/// σ = 4; in units of 1e-4 for each ppm, rounded up.
const PEAK_PER_PPM_E4: u64 = 3_990 / LOT_SIGMA_PPM + 1;

/// What the weather moves one crystal by between different hours: 1 ppm on an ordinary day (Mills, as
/// above: "a few parts per million in the normal course of a day" at the worst), for each of the two.
const WEATHER: Ppt = 2 * PPM;

/// Spells count as the same hours where they have so much of their union in common, of 100.
const SAME_HOURS_PERCENT: i128 = 80;

/// No rate is believed to say more than this: one in a thousand. Lots can be narrower than assumed.
pub const RATE_SURPRISE_MAX: Surprise = Surprise(9_965);

/// No counter's start is believed to say more than this, one in a thousand: a room that gets its power
/// back starts all of its machines at once.
pub const START_SURPRISE_MAX: Surprise = Surprise(9_965);

/// What two tracks say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Other counters, or not enough of one: nothing can be said.
    Incomparable,
    /// Two crystals: their rates differ by at least this much.
    Different {
        /// The least difference.
        by: Ppt,
    },
    /// Their rates agree.
    Alike {
        /// That another crystal of the same lot agrees as well by chance.
        rate: Surprise,
        /// The counters stand alike: that two machines were started so near to each other by chance.
        /// `None` where they do not, or it cannot be told.
        start: Option<Surprise>,
    },
}

/// Compares two clocks. Symmetric. Cost: constant, tens of microseconds.
pub fn compare(a: &Track, b: &Track) -> Comparison {
    let (one, other) = (a.clock(), b.clock());
    if one.source != other.source || one.bits != other.bits {
        return Comparison::Incomparable;
    }
    let pairs = same_hours(a, b);
    let pairs = if pairs.is_empty() {
        // Other hours, other weather.
        let best = |t: &Track| t.estimate().map(|e| widened(e.rate, WEATHER));
        best(a).zip(best(b)).into_iter().collect()
    } else {
        pairs
    };
    let mut tightest: Option<(Rate, Rate)> = None;
    for (mine, theirs) in pairs {
        let (x, y) = (mine.skew, against(theirs.skew, other.hz, one.hz));
        if x.meet(y).is_none() {
            let by = x
                .low
                .saturating_sub(y.high)
                .max(y.low.saturating_sub(x.high));
            return Comparison::Different { by };
        }
        let width = |(m, t): (Rate, Rate)| m.skew.width().saturating_add(t.skew.width());
        if tightest.is_none_or(|best| width((mine, theirs)) < width(best)) {
            tightest = Some((mine, theirs));
        }
    }
    let Some((mine, theirs)) = tightest else {
        return Comparison::Incomparable;
    };
    let width = mine.skew.width().saturating_add(theirs.skew.width());
    Comparison::Alike {
        rate: agreeing(width).at_most(RATE_SURPRISE_MAX),
        start: start(a, b, mine, theirs),
    }
}

/// That the intervals of two crystals of one lot, of together this width, meet by chance.
pub fn agreeing(width: Ppt) -> Surprise {
    // Meeting needs a difference of at most half the width to either side: density times width.
    let width = u64::try_from(width.max(1)).unwrap_or(1);
    let whole = 10_000 * PPM.unsigned_abs();
    Surprise::of(width.saturating_mul(PEAK_PER_PPM_E4).min(whole), whole)
}

/// Every pair of rates of the same hours.
fn same_hours(a: &Track, b: &Track) -> Vec<(Rate, Rate)> {
    let mut pairs: Vec<_> = a.spell().rates_together(b.spell()).into_iter().collect();
    for &mine in a.earlier() {
        for &theirs in b.earlier() {
            let common = i128::from(mine.to_ns.min(theirs.to_ns))
                - i128::from(mine.from_ns.max(theirs.from_ns));
            let union = i128::from(mine.to_ns.max(theirs.to_ns))
                - i128::from(mine.from_ns.min(theirs.from_ns));
            if common > 0 && common * 100 >= union * SAME_HOURS_PERCENT {
                // What the hours that they do not have in common can bring.
                let rest = i128::from(WEATHER) * (union - common) / union;
                let rest = Ppt::try_from(rest).unwrap_or(WEATHER);
                pairs.push((widened(mine, rest), widened(theirs, rest)));
            }
        }
    }
    pairs
}

fn widened(rate: Rate, by: Ppt) -> Rate {
    Rate {
        skew: rate.skew.widened(by),
        ..rate
    }
}

/// A skew against `from` hertz as one against `to`.
fn against(skew: Interval, from: u64, to: u64) -> Interval {
    if from == to {
        return skew;
    }
    let turned = |rate: Ppt| {
        let rate = (ONE + i128::from(rate)) * i128::from(from) / i128::from(to.max(1)) - ONE;
        Ppt::try_from(rate).unwrap_or(if rate < 0 { Ppt::MIN } else { Ppt::MAX })
    };
    Interval {
        low: turned(skew.low),
        high: turned(skew.high).saturating_add(1),
    }
}

/// Whether both counters stand alike now: one counter, read under two names.
fn start(a: &Track, b: &Track, mine: Rate, theirs: Rate) -> Option<Surprise> {
    if a.clock().hz != b.clock().hz {
        return None;
    }
    let now = mine.to_ns.max(theirs.to_ns);
    let (a_least, a_most) = a.counter_at(now, mine.skew)?;
    let (b_least, b_most) = b.counter_at(now, theirs.skew)?;
    if a_most < b_least || b_most < a_least {
        return None;
    }
    // Machines are started at any time of a day: nothing is made of longer uptimes.
    let together = (a_most - a_least).saturating_add(b_most - b_least);
    let together = u64::try_from(together).unwrap_or(u64::MAX);
    Some(Surprise::of(together, DAY_NS.unsigned_abs()).at_most(START_SURPRISE_MAX))
}
