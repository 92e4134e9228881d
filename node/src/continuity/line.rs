//! Lines between floors and ceilings: linear programming in two unknowns, exact in integers.
//!
//! The network only ever adds time (Moon, Skelly and Towsley, "Estimation and removal of clock skew from
//! network delay measurements", INFOCOM 1999; Kohno, Broido and Claffy, "Remote physical device
//! fingerprinting", IEEE TDSC 2, 2005): a reading that arrives late makes the machine's clock look slow.
//! So the machine's clock, drawn over the node's, is a line that lies on or above every point taken at
//! an arrival (a floor), and on or below every point taken at a departure (a ceiling).
//!
//! - [`slopes`]: all slopes that such lines can have. No assumption on delays but that none is negative.
//! - [`above`]: the line above all floors that is nearest to them in sum. It is the edge of their upper
//!   convex hull over the mean of their abscissae: the estimate of Moon, Skelly and Towsley.

use super::Ppt;
use serde::{Deserialize, Serialize};

/// A point of the plane. Ordinate and abscissa have one unit, nanoseconds, wherever slopes are rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// Where: time of the node's clock.
    pub x: i64,
    /// What: the machine's clock minus the node's.
    pub y: i64,
}

/// Slopes from `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The least.
    pub low: Ppt,
    /// The greatest.
    pub high: Ppt,
}

impl Interval {
    /// High minus low.
    pub fn width(self) -> Ppt {
        self.high.saturating_sub(self.low)
    }

    /// In the middle, rounded down.
    pub fn middle(self) -> Ppt {
        self.low.saturating_add(self.width().div_euclid(2))
    }

    /// As much as is in both; `None` where they do not meet.
    pub fn meet(self, other: Interval) -> Option<Interval> {
        let both = Interval {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
        };
        (both.low <= both.high).then_some(both)
    }

    /// Wider by `by` on both sides.
    #[must_use]
    pub fn widened(self, by: Ppt) -> Interval {
        Interval {
            low: self.low.saturating_sub(by),
            high: self.high.saturating_add(by),
        }
    }
}

/// One in parts per trillion.
pub const ONE: i128 = 1_000_000_000_000;

/// The slopes, within `limits`, of lines on or below every ceiling and on or above every floor, each of
/// which may be off by `slack`; `None` where there is no such line.
///
/// Every pair of a floor and a ceiling bounds the slope on one side, and by Helly's theorem pairs
/// suffice. Rounded outwards. Cost: one division for each pair.
pub fn slopes(
    ceilings: &[Point],
    floors: &[Point],
    slack: i64,
    limits: Interval,
) -> Option<Interval> {
    let (mut low, mut high) = (i128::from(limits.low), i128::from(limits.high));
    for floor in floors {
        for ceiling in ceilings {
            let dx = i128::from(ceiling.x) - i128::from(floor.x);
            let dy = i128::from(ceiling.y) - i128::from(floor.y) + 2 * i128::from(slack);
            if dx > 0 {
                high = high.min(-(-dy * ONE).div_euclid(dx));
            } else if dx < 0 {
                low = low.max((-dy * ONE).div_euclid(-dx));
            } else if dy < 0 {
                return None;
            }
        }
    }
    // Both lie within the limits, which are of this type, or cross.
    (low <= high).then(|| Interval {
        low: clamp(low),
        high: clamp(high),
    })
}

/// A line through two points of rising abscissa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    from: Point,
    to: Point,
}

impl Line {
    /// Its slope, rounded down.
    pub fn slope(self) -> Ppt {
        let (dx, dy) = self.steps();
        clamp((dy * ONE).div_euclid(dx))
    }

    /// How far above `point` it passes, rounded down; negative where below.
    pub fn over(self, point: Point) -> i64 {
        let (dx, dy) = self.steps();
        let there = dy.saturating_mul(i128::from(point.x) - i128::from(self.from.x));
        let height = i128::from(self.from.y) - i128::from(point.y);
        clamp(height.saturating_add(there.div_euclid(dx)))
    }

    fn steps(self) -> (i128, i128) {
        let dx = i128::from(self.to.x) - i128::from(self.from.x);
        let dy = i128::from(self.to.y) - i128::from(self.from.y);
        (dx.max(1), dy)
    }
}

/// The line on or above all `points` with the least sum of heights over them; `None` for fewer than
/// two abscissae. `points` in the order of their abscissae. Cost: linear.
pub fn above(points: &[Point]) -> Option<Line> {
    let mut hull: Vec<Point> = Vec::with_capacity(points.len());
    for &(mut point) in points {
        // Of points at one place the highest counts. It may put others below the hull: it is taken off and
        // put on again.
        if let Some(&last) = hull.last().filter(|last| last.x >= point.x) {
            if last.y >= point.y {
                continue;
            }
            point.x = last.x;
            hull.pop();
        }
        while let [.., before, last] = hull[..] {
            if turn(before, last, point) < 0 {
                break;
            }
            hull.pop();
        }
        hull.push(point);
    }
    let count = points.len() as i128;
    let sum: i128 = points.iter().map(|p| i128::from(p.x)).sum();
    hull.windows(2)
        .map(|edge| Line {
            from: edge[0],
            to: edge[1],
        })
        .find(|line| i128::from(line.to.x) * count >= sum)
}

/// The line on or below all points, as [`above`].
pub fn below(points: &[Point]) -> Option<Line> {
    let flip = |p: Point| Point {
        x: p.x,
        y: p.y.saturating_neg(),
    };
    let mirrored: Vec<Point> = points.iter().copied().map(flip).collect();
    above(&mirrored).map(|line| Line {
        from: flip(line.from),
        to: flip(line.to),
    })
}

/// Positive where the way from `a` over `b` to `c` turns left.
fn turn(a: Point, b: Point, c: Point) -> i128 {
    let d = |p: i64, q: i64| i128::from(q) - i128::from(p);
    d(a.x, b.x)
        .saturating_mul(d(a.y, c.y))
        .saturating_sub(d(a.y, b.y).saturating_mul(d(a.x, c.x)))
}

fn clamp(n: i128) -> i64 {
    i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WIDE: Interval = Interval {
        low: -1_000_000_000_000,
        high: 1_000_000_000_000,
    };

    fn points() -> impl Strategy<Value = Vec<Point>> {
        let point = (-1_000i64..1_000, -1_000i64..1_000).prop_map(|(x, y)| Point { x, y });
        prop::collection::vec(point, 0..12).prop_map(|mut all| {
            all.sort_by_key(|p| p.x);
            all
        })
    }

    fn any_points() -> impl Strategy<Value = Vec<Point>> {
        let point = (any::<i64>(), any::<i64>()).prop_map(|(x, y)| Point { x, y });
        prop::collection::vec(point, 0..12)
    }

    /// Whether a line of this slope fits: the least intercept that the floors ask for is at most the
    /// greatest that the ceilings allow.
    fn fits(slope: f64, ceilings: &[Point], floors: &[Point]) -> bool {
        let at = |p: &Point| p.y as f64 - slope * p.x as f64;
        let most = ceilings.iter().map(at).fold(f64::INFINITY, f64::min);
        let least = floors.iter().map(at).fold(f64::NEG_INFINITY, f64::max);
        least <= most + 1e-6
    }

    proptest! {
        #[test]
        fn slopes_are_those_that_fit(
            ceilings in points(), floors in points(), tried in -1.0f64..1.0
        ) {
            let found = slopes(&ceilings, &floors, 0, WIDE);
            let slope = (tried * 1e12) as i64;
            let inside = found.is_some_and(|i| i.low <= slope && slope <= i.high);
            let edge = found.is_some_and(|i| (i.low - slope).abs().min((i.high - slope).abs()) < 9);
            prop_assert!(edge || inside == fits(slope as f64 / 1e12, &ceilings, &floors));
        }

        #[test]
        fn the_nearest_line_above_is_the_best_of_all_pairs(points in points()) {
            let Some(line) = above(&points) else {
                prop_assert!(points.windows(2).all(|w| w[0].x == w[1].x));
                return Ok(());
            };
            prop_assert!(points.iter().all(|&p| line.over(p) >= 0));
            let cost = |line: Line| points.iter().map(|&p| line.over(p)).sum::<i64>();
            for (i, &from) in points.iter().enumerate() {
                for &to in points[i + 1..].iter().filter(|to| to.x > from.x) {
                    let other = Line { from, to };
                    if points.iter().all(|&p| other.over(p) >= 0) {
                        // Heights are rounded down, each by less than one.
                        prop_assert!(cost(line) <= cost(other) + points.len() as i64);
                    }
                }
            }
        }

        #[test]
        fn nothing_overflows(ceilings in any_points(), floors in any_points(), slack in any::<i64>()) {
            let _ = slopes(&ceilings, &floors, slack, WIDE);
            for line in [above(&floors), below(&ceilings)].into_iter().flatten() {
                let _ = (line.slope(), floors.iter().map(|&p| line.over(p)).max());
            }
        }
    }
}
