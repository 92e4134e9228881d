//! Small probabilities as integers: how improbable something is, in thousandths of a bit.

use serde::{Deserialize, Serialize};

/// How improbable something is: −log2 of its probability, in thousandths of a bit, rounded down, so
/// that it never claims more than there is. Independent improbabilities add.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Surprise(pub u32);

/// Thousandths of a bit in a bit.
const MILLI: u64 = 1_000;

/// What [`log2_milli`] is too low by is less than this.
const ROUNDING: u64 = 2;

/// Binary digits that [`log2_milli`] finds after the point: the thousandth is right with 12.
const LOG_DIGITS: u32 = 12;

impl Surprise {
    /// That of the probability `part` / `whole`, at least 0. A part of 0 counts as 1: no chance is
    /// ever nothing.
    pub fn of(part: u64, whole: u64) -> Self {
        let milli = log2_milli(whole.max(1)).saturating_sub(log2_milli(part.max(1)) + ROUNDING);
        Surprise(u32::try_from(milli).unwrap_or(u32::MAX))
    }

    /// That of both of two independent things.
    #[must_use]
    pub fn and(self, other: Surprise) -> Self {
        Surprise(self.0.saturating_add(other.0))
    }

    /// At most `most`.
    #[must_use]
    pub fn at_most(self, most: Surprise) -> Self {
        Surprise(self.0.min(most.0))
    }

    /// That at least `members` out of `crowd` agree, where each agrees with a given one by a chance
    /// of `self`: at most crowd · C(crowd − 1, members − 1) · chance^(members − 1), the expected
    /// number of such groups (the scan statistic's union bound).
    #[must_use]
    pub fn of_group(self, members: u32, crowd: u32) -> Self {
        let Some(others) = members.checked_sub(1).filter(|&others| others > 0) else {
            return Surprise(0);
        };
        let crowd = crowd.max(members);
        // C(n, k) as a product of n − k + i over i; each factor's logarithm is rounded up.
        let choices: u64 = (1..=others)
            .map(|i| {
                let over = log2_milli(u64::from(crowd - 1 - others + i)) + ROUNDING;
                over.saturating_sub(log2_milli(u64::from(i)))
            })
            .sum();
        let groups = choices + log2_milli(crowd.into()) + ROUNDING;
        let all = u64::from(self.0) * u64::from(others);
        Surprise(u32::try_from(all.saturating_sub(groups)).unwrap_or(u32::MAX))
    }
}

/// The logarithm of `n` to the base 2 in thousandths, rounded down; 0 for 0. By squaring, one binary
/// digit after the point at a time: no floating point, so that every node gets the same.
pub fn log2_milli(n: u64) -> u64 {
    if n < 2 {
        return 0;
    }
    let whole = n.ilog2();
    // The mantissa in [1, 2) with 62 places; rounding down keeps the result from below.
    let mut mantissa = u128::from(n) << (62 - whole.min(62)) >> whole.saturating_sub(62);
    let mut fraction = 0;
    for _ in 0..LOG_DIGITS {
        mantissa = (mantissa * mantissa) >> 62;
        fraction <<= 1;
        if mantissa >> 63 != 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    u64::from(whole) * MILLI + ((fraction * MILLI) >> LOG_DIGITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn logarithms_are_right_to_a_thousandth_of_a_bit(n in 1u64..) {
            let right = (n as f64).log2() * 1000.0;
            let here = log2_milli(n) as f64;
            prop_assert!(here <= right + 1e-6 && here > right - 1.5, "{n}: {here}, {right}");
        }

        #[test]
        fn a_chance_is_never_overstated(part in 1u64..1 << 40, more in 0u64..1 << 40) {
            let whole = part + more;
            let right = (whole as f64 / part as f64).log2() * 1000.0;
            let here = f64::from(Surprise::of(part, whole).0);
            prop_assert!(here <= right + 1e-6 && here > right - 4.0);
        }
    }

    #[test]
    fn groups_are_counted() {
        let tenth = Surprise::of(1, 10);
        // 3 of 3: 3 · C(2, 2) · 0.01.
        let right = -(0.03f64.log2()) * 1000.0;
        let here = f64::from(tenth.of_group(3, 3).0);
        assert!(here <= right && here > right - 20.0, "{here} {right}");
        // In a crowd of 1,000 a group of three is nothing.
        assert_eq!(tenth.of_group(3, 1_000), Surprise(0));
        assert_eq!(tenth.of_group(1, 5), Surprise(0));
        assert_eq!(tenth.of_group(0, 0), Surprise(0));
        assert!(tenth.of_group(50, 50).0 > 100_000);
    }
}
