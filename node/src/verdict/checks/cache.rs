//! The latency curve: that it rises at all, that it agrees with the pipeline's load, and whether the
//! capacities are those of the core that the machine names.

use super::{about, grouped, milli, Subject};
use crate::verdict::thresholds::{
    Threshold, CACHE_LEVEL, CACHE_LOAD_AGREEMENT, CACHE_RISE, CACHE_RISE_FROM, CACHE_RISE_OLD,
    CACHE_STEP,
};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::cache;
use probe_core::evidence::{Spread, MIN};

/// Position of `Op::Load` in the pipeline's matrix.
const LOAD: usize = 4;

/// Judges rise, agreement and capacities.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("cache", Aspect::Presence);
    let Some(cache) = &subject.evidence.cache else {
        return vec![draft.absent("Memory was not walked.")];
    };
    let (Some(first), Some(last)) = (cache.curve.first(), cache.curve.last()) else {
        return vec![draft.absent("The curve has no points.")];
    };
    let (near, far) = (u64::from(first[MIN]), u64::from(last[MIN]));
    let largest_kib = largest_working_set_kib(cache.curve.len());
    let rise = far.saturating_mul(1000) / near.max(1);
    let needed = if STEEP.contains(&subject.processor.architecture) {
        &CACHE_RISE
    } else {
        &CACHE_RISE_OLD
    };
    let draft = draft
        .measured(format!(
            "{} ticks a load near, {} ticks at {} KiB: {} times; boundaries at {:?} KiB",
            milli(near),
            milli(far),
            grouped(largest_kib),
            milli(rise),
            cache.boundaries.as_slice()
        ))
        .expected(format!(
            "at least {} times from {} KiB on",
            milli(needed.value),
            grouped(CACHE_RISE_FROM.value)
        ));
    let draft = draft.margin(rise, needed.value);
    let mut checks = vec![if rise >= needed.value {
        draft.so(
            Outcome::Pass,
            "Memory gets dearer with distance, as caches make it.",
            needed,
        )
    } else if is_cacheless(subject) {
        draft.so(
            Outcome::Note,
            "Memory costs the same near and far, as it does on processors without a data cache that \
             could show. Some of this architecture have none.",
            needed,
        )
    } else if largest_kib < CACHE_RISE_FROM.value {
        draft.so(
            Outcome::Note,
            "The memory lent to the probe ends within the caches of some machines: not judged.",
            &CACHE_RISE_FROM,
        )
    } else {
        draft.so(
            Outcome::Fail,
            "Memory costs the same near and far: what is timed is not memory.",
            needed,
        )
    }];
    let nearest = cache.curve.iter().map(|spread| spread[MIN]).min();
    checks.extend(nearest.and_then(|nearest| agreement(subject, nearest)));
    checks.extend(capacities(subject, cache));
    checks
}

/// Architectures whose every core is much faster than its memory.
const STEEP: [&str; 3] = ["x86_64", "aarch64", "powerpc64"];

/// Architectures of which some processors have no data cache, or one too small to show in working sets
/// from 1 KiB, or one without anything dear behind it: 68020, 68030, ARM7TDMI, LEON.
const MAY_BE_CACHELESS: [&str; 3] = ["m68k", "arm", "sparc"];

/// Whether the machine may be one whose memory costs the same near and far: its architecture has such,
/// and it does not name a core with a cache.
pub(crate) fn is_cacheless(subject: &Subject<'_>) -> bool {
    MAY_BE_CACHELESS.contains(&subject.processor.architecture)
        && subject
            .processor
            .named
            .is_none_or(|core| core.l1_kib.is_empty())
}

/// The largest working set of a curve of `points` entries, KiB.
fn largest_working_set_kib(points: usize) -> u64 {
    points
        .checked_sub(1)
        .map_or(0, |i| cache::working_set(i.min(39)) / 1024)
}

/// The nearest cache against the pipeline channel's load: two kernels, one quantity. The nearest is the least of
/// the curve: the smallest working set is not, where a processor that translates its code has not yet translated
/// this loop well (Efficeon: 6 cycles at 1 KiB, 3 at 32 KiB). Not compared where the smallest working set may lie
/// beyond a cache that holds the other kernel's few words.
fn agreement(subject: &Subject<'_>, near: u32) -> Option<Check> {
    if is_cacheless(subject) {
        return None;
    }
    let load = u64::from((*subject.evidence.pipeline.as_ref()?.matrix.get(LOAD)?)?[2]);
    let near = subject.in_adds(near)?;
    let (small, large) = (load.min(near), load.max(near));
    let ratio = large.saturating_mul(1000) / small.max(1);
    Some(
        about("cache", Aspect::Presence)
            .measured(format!(
                "nearest load {} adds here, {} adds in the pipeline channel",
                milli(near),
                milli(load)
            ))
            .expected(format!(
                "within a factor of {}",
                milli(CACHE_LOAD_AGREEMENT.value)
            ))
            .margin(ratio, CACHE_LOAD_AGREEMENT.value)
            .decide(
                ratio <= CACHE_LOAD_AGREEMENT.value,
                "Two kernels agree on what a load costs.",
                "Two kernels disagree on what a load costs: a translator compiles the same load in two \
                 ways, or the numbers are invented.",
                &CACHE_LOAD_AGREEMENT,
            ),
    )
}

/// The curve against the core's first two caches. Read off the curve itself, not off the boundaries
/// that the miner found: those move by an octave when other programs use the cache.
fn capacities(subject: &Subject<'_>, cache: &cache::Evidence) -> Vec<Check> {
    let Some(core) = subject.processor.core() else {
        return Vec::new();
    };
    let [first, second] = core.caches_kib();
    let Some(&smallest) = first.iter().min() else {
        return Vec::new();
    };
    let levels = [("first", first, 1), ("second", second, smallest * 2)];
    levels
        .into_iter()
        .filter(|(_, known, _)| !known.is_empty())
        .map(|(level, known, from)| {
            let draft = about("cache", Aspect::Kind).expected(format!(
                "{}: a {level} level of one of {known:?} KiB",
                core.name()
            ));
            let fits: Vec<Option<bool>> = known
                .iter()
                .map(|&size| holds(&cache.curve, from, size))
                .collect();
            let draft = draft.measured(format!(
                "boundaries at {:?} KiB",
                cache.boundaries.as_slice()
            ));
            if fits.iter().all(Option::is_none) {
                return draft.absent("The curve does not reach twice that size.");
            }
            draft.decide(
                fits.contains(&Some(true)),
                "A level ends where one of this core's does.",
                "Latency does not rise where this core's caches end.",
                &CACHE_STEP,
            )
        })
        .collect()
}

/// Whether the curve may be that of a core made with one of these first- and second-level caches: nothing
/// that it shows speaks against all of them.
pub(super) fn may_be(subject: &Subject<'_>, caches: [&[u32]; 2]) -> bool {
    levels(subject, caches)
        .iter()
        .all(|ends| *ends != Some(false))
}

/// Whether the first and the second level end where one of these does. `None` where nothing is known of the level, or
/// the curve does not tell.
fn levels(subject: &Subject<'_>, [first, second]: [&[u32]; 2]) -> [Option<bool>; 2] {
    let (Some(cache), Some(&smallest)) = (&subject.evidence.cache, first.iter().min()) else {
        return [None; 2];
    };
    let level =
        |known: &[u32], from| any(known.iter().map(|&size| holds(&cache.curve, from, size)));
    [level(first, 1), level(second, smallest * 2)]
}

/// The same for comparing cores: the first level must also reach as far as it is large, so that one of half the size
/// is not taken for it.
pub(super) fn exact_levels(subject: &Subject<'_>, caches: [&[u32]; 2]) -> [Option<bool>; 2] {
    let [first, second] = levels(subject, caches);
    let curve = subject.evidence.cache.as_ref().map(|c| &c.curve[..]);
    let exact = |&size: &u32| {
        let curve = curve?;
        Some(holds(curve, 1, size)? && fills(curve, size)?)
    };
    [first.and(any(caches[0].iter().map(exact))), second]
}

/// Whether one of the sizes fits: `None` where none does but of one nothing can be said.
fn any(fits: impl Iterator<Item = Option<bool>> + Clone) -> Option<bool> {
    if fits.clone().any(|fit| fit == Some(true)) {
        Some(true)
    } else if fits.clone().any(|fit| fit.is_none()) {
        None
    } else {
        fits.clone().next().map(|_| false)
    }
}

/// Whether fewer than half of the loads miss a first level of `size` KiB that it can hold, of those that miss at twice
/// the size. Sizes between two powers of two are looked at at the lower: tables have no others.
fn fills(curve: &[Spread], size: u32) -> Option<bool> {
    let full = 1 << size.checked_ilog2()?;
    let [start, full, outside] = [1, full, size.checked_mul(2)?].map(|kib| at(curve, kib));
    let (start, full, outside) = (start?, full?, outside?);
    Some(2 * full.saturating_sub(start) < outside.saturating_sub(start))
}

/// The latency at a working set of at least so many KiB.
fn at(curve: &[Spread], kib: u32) -> Option<u64> {
    let entry = (0..curve.len()).find(|&i| cache::working_set(i) >= u64::from(kib) * 1024)?;
    curve.get(entry).map(|spread| u64::from(spread[MIN]))
}

/// Whether a level of `size` KiB ends where the curve, from `from` KiB on, says that one ends. `None` where the
/// curve ends before, or the level would be too short to see. A size of none is a level that a member does not
/// have: nothing ends between `from` and [`CACHE_RISE_FROM`].
fn holds(curve: &[Spread], from: u32, size: u32) -> Option<bool> {
    let at = |kib: u32| at(curve, kib);
    let start = at(from)?;
    if size == 0 {
        let far = at(u32::try_from(CACHE_RISE_FROM.value).ok()?)?;
        return Some(!reaches(start, far, &CACHE_STEP));
    }
    let half = size / 2;
    if half < from {
        return None;
    }
    let (inside, outside) = (at(half)?, at(size.checked_mul(2)?)?);
    let level =
        if at((half / 2).max(from)).is_some_and(|before| reaches(before, inside, &CACHE_STEP)) {
            // Still rising at half of the size: a small level without page colouring, of which some pages are in each
            // other's way. It is that level if fewer than half of the loads miss there that miss at twice the size.
            2 * inside.saturating_sub(start) < outside.saturating_sub(start)
        } else {
            !reaches(start, inside, &CACHE_LEVEL)
        };
    Some(level && reaches(inside, outside, &CACHE_STEP))
}

/// Whether `b` is so many times `a`.
fn reaches(a: u64, b: u64, times: &Threshold) -> bool {
    b.saturating_mul(1000) >= a.saturating_mul(times.value)
}
