//! Which processor of the tables a measured x86 machine is like, by what its operations cost and where its caches end.
//!
//! Each operation's ratio to the add is compared with each record's, in logarithms: twice as dear is an octave
//! away, and so is half as dear. The distance from a record is the mean over the operations that both have,
//! where an operation counts
//! - whole, beyond what our kernel may differ from the instruction that the record measures ([`Kernel`]);
//! - half, within that: an exact likeness is nearer than one that only may be;
//! - less, where the instruction's latency depends on its operands, or where none waits for another
//!   ([`Kernel::weight`]);
//! - and never more than `MOST`, so that one operation spoilt by noise does not decide.
//!
//! A level of cache counts as an operation does: nothing where it ends as one of the core's does, an octave elsewhere.
//!
//! All of it is integer arithmetic, thousandths of an octave: every host gets the same distance.

use super::checks::kernel::{Kernel, FULL};
use super::silicon::{Bounds, Core, Record, Silicon};
use super::thresholds::{ERA_NEAR, LIKENESS_FAR, LIKENESS_LEAST, LIKENESS_MARGIN};
use std::collections::BTreeMap;

/// The most that one operation counts, thousandths of an octave.
const MOST: u64 = 1_500;

/// Generations from which on a core is another's ancestor no more: neighbours share pipelines (Banias and Yonah,
/// Goldmont Plus and Tremont).
const ERA_APART: usize = 2;

/// What a cache that ends elsewhere counts, thousandths of an octave: capacities are an octave apart.
const LEVEL: u64 = 1_000;

/// How far a measurement may lie from a record and still be the same, thousandths of the record's.
const SAME: u64 = 30;

/// One operation as it was measured.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// How it was measured.
    pub kernel: &'a Kernel,
    /// Thousandths of a dependent add.
    pub ratio: u64,
}

/// A record that a machine may be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The record.
    pub record: &'a Record,
    /// Whether the first and the second level of its core's caches end where the machine's do, where that is told.
    pub levels: [Option<bool>; 2],
}

/// A record, and how far a machine is from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near<'a> {
    /// The record.
    pub record: &'a Record,
    /// Thousandths of an octave an operation.
    pub distance: u64,
}

/// What a claim to be of a core amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness<'a> {
    /// Too few operations were measured that any record has.
    Untold,
    /// No record is of the claimed core: nothing speaks for it or against it but the nearest.
    Unrecorded {
        /// The nearest record.
        nearest: Near<'a>,
    },
    /// It is like the claimed core.
    Alike {
        /// The nearest record of the claimed core.
        own: Near<'a>,
    },
    /// It is like no record of the claimed core, and more like another.
    Other {
        /// The nearest record of the claimed core.
        own: Near<'a>,
        /// The nearest record.
        nearest: Near<'a>,
    },
}

/// The nearest record of each core, nearest first; at one distance by the core's name.
pub fn nearest<'a>(
    samples: &[Sample<'_>],
    candidates: impl IntoIterator<Item = Candidate<'a>>,
) -> Vec<Near<'a>> {
    let mut best: BTreeMap<&str, Near<'a>> = BTreeMap::new();
    for candidate in candidates {
        let record = candidate.record;
        let Some(distance) = distance(samples, &candidate) else {
            continue;
        };
        let near = Near { record, distance };
        let kept = best.entry(&record.core).or_insert(near);
        if near.distance < kept.distance {
            *kept = near;
        }
    }
    let mut near: Vec<Near<'a>> = best.into_values().collect();
    near.sort_by_key(|n| n.distance);
    near
}

/// Compares a claim to be of `core` with what the machine is near to.
pub fn compare<'a>(core: &Core, near: &[Near<'a>]) -> Likeness<'a> {
    let Some(&nearest) = near.first() else {
        return Likeness::Untold;
    };
    let of = |name: &str| near.iter().copied().find(|n| n.record.core == name);
    let own = of(&core.name).or_else(|| of(core.like.as_deref()?));
    let Some(own) = own else {
        return Likeness::Unrecorded { nearest };
    };
    let close = own.distance <= nearest.distance + LIKENESS_MARGIN.value;
    if close && own.distance <= LIKENESS_FAR.value {
        Likeness::Alike { own }
    } else {
        Likeness::Other { own, nearest }
    }
}

/// Whether all records that a machine is very like are two or more generations from `core`. Where nothing is that
/// near, no era is told, and none spoken against.
pub fn is_of_another_era(core: &Core, near: &[Near<'_>], silicon: &Silicon) -> bool {
    let era = silicon.era_of(core.year);
    let mut very = near
        .iter()
        .take_while(|n| n.distance <= ERA_NEAR.value)
        .peekable();
    let apart = |near: &Near<'_>| {
        let other = silicon.core_named(&near.record.core);
        other.is_some_and(|c| silicon.era_of(c.year).abs_diff(era) >= ERA_APART)
    };
    very.peek().is_some() && very.all(apart)
}

/// Thousandths of an octave an operation; `None` where too few operations are shared.
fn distance(samples: &[Sample<'_>], candidate: &Candidate<'_>) -> Option<u64> {
    let (mut sum, mut weights, mut shared) = (0, 0, 0);
    for ends in candidate.levels.into_iter().flatten() {
        weights += FULL;
        sum += if ends { 0 } else { FULL * LEVEL };
    }
    for Sample { kernel, ratio } in samples {
        let Some(&bounds) = candidate.record.bounds.get(kernel.operation) else {
            continue;
        };
        shared += 1;
        weights += kernel.weight;
        sum += kernel.weight * penalty(kernel, *ratio, bounds);
    }
    (shared >= LIKENESS_LEAST.value)
        .then_some(sum)?
        .checked_div(weights)
}

/// How far one operation is from a record's.
fn penalty(kernel: &Kernel, ratio: u64, bounds: Bounds) -> u64 {
    let [least, most] = bounds.map(u64::from);
    let [low, high] = kernel.bounds(bounds);
    let exact = [
        least * (1000 - SAME) / 1000 + kernel.nominal,
        most * (1000 + SAME) / 1000 + kernel.nominal,
    ];
    let beyond = outside(ratio, [low, high]);
    let apart = outside(ratio, exact);
    (beyond + apart / 2).min(MOST)
}

/// Thousandths of an octave from a range.
fn outside(x: u64, [low, high]: [u64; 2]) -> u64 {
    let x = octaves(x);
    let below = octaves(low).saturating_sub(x);
    let above = x.saturating_sub(octaves(high));
    below.max(above)
}

/// The logarithm to base two, in thousandths, rounded down; of nothing it is 0.
fn octaves(x: u64) -> u64 {
    const BITS: u32 = 16;
    let Some(whole) = x.checked_ilog2() else {
        return 0;
    };
    // The mantissa, from 1 up to 2, with 31 places: squared, it says bit after bit of the logarithm.
    let mut mantissa = (x << (63 - whole)) >> 32;
    let mut fraction = 0u64;
    for _ in 0..BITS {
        mantissa = (mantissa * mantissa) >> 31;
        let carry = mantissa >> 32;
        mantissa >>= carry;
        fraction = (fraction << 1) | carry;
    }
    u64::from(whole) * 1000 + ((fraction * 1000) >> BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::checks::kernel::MEASURED;
    use proptest::prelude::*;

    #[test]
    fn logarithms_are_those_of_the_book() {
        for (x, log) in [
            (0, 0),
            (1, 0),
            (2, 1_000),
            (3, 1_584),
            (10, 3_321),
            (1_000, 9_965),
            (1_000_000, 19_931),
            (u64::MAX, 63_999),
        ] {
            assert_eq!(octaves(x), log, "{x}");
        }
    }

    fn record(core: &str, mul: u32, load: u32, add: u32, fp: u32) -> Record {
        let bounds = [
            ("int_mul", mul),
            ("load", load),
            ("fp_add", add),
            ("fp_mul", fp),
        ];
        Record {
            core: core.into(),
            source: "none".into(),
            bounds: bounds
                .map(|(name, value)| (name.to_owned(), [value, value]))
                .into(),
        }
    }

    fn candidates(records: &[Record]) -> impl Iterator<Item = Candidate<'_>> {
        let levels = [None; 2];
        records
            .iter()
            .map(move |record| Candidate { record, levels })
    }

    fn samples(ratios: [u64; 4]) -> Vec<Sample<'static>> {
        let names = ["int_mul", "load", "fp_add", "fp_mul"];
        let kernel = |name| MEASURED.iter().find(|k| k.operation == name).unwrap();
        let pairs = names.into_iter().zip(ratios);
        pairs
            .map(|(name, ratio)| Sample {
                kernel: kernel(name),
                ratio,
            })
            .collect()
    }

    #[test]
    fn the_nearest_core_comes_first_and_one_bad_operation_does_not_decide() {
        let records = [
            record("old", 10_000, 1_000, 3_000, 3_000),
            record("new", 3_000, 4_000, 4_000, 4_000),
        ];
        let near = nearest(&samples([3_000, 4_000, 4_000, 4_000]), candidates(&records));
        assert_eq!((near[0].record.core.as_str(), near[0].distance), ("new", 0));
        assert!(near[1].distance > 500);
        let spoilt = nearest(
            &samples([3_000, 4_000, 4_000, 4_000_000]),
            candidates(&records),
        );
        assert_eq!(spoilt[0].record.core, "new");
        assert_eq!(spoilt[0].distance, MOST / 4);
    }

    #[test]
    fn too_few_operations_tell_nothing() {
        let records = [record("new", 3_000, 4_000, 4_000, 4_000)];
        assert!(nearest(&samples([3_000; 4])[..3], candidates(&records)).is_empty());
    }

    proptest! {
        #[test]
        fn logarithms_never_fall_and_add_up(x in 1u64..1 << 30, y in 1u64..1 << 30) {
            prop_assert!(octaves(x) <= octaves(x + 1));
            let sum = octaves(x) + octaves(y);
            prop_assert!(octaves(x * y).abs_diff(sum) <= 2);
        }

        #[test]
        fn any_ratio_is_judged(ratios in any::<[u32; 4]>(), bounds in any::<[u32; 4]>()) {
            let [a, b, c, d] = bounds;
            let records = [record("any", a, b, c, d)];
            let near = nearest(&samples(ratios.map(u64::from)), candidates(&records));
            prop_assert!(near.iter().all(|n| n.distance <= MOST));
        }
    }
}
