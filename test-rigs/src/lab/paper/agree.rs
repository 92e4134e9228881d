//! Makes invented evidence agree with itself, as a careful inventor would and as a probe's always does: whatever is sent
//! twice, or follows from other numbers, follows from the latencies, the curve and the single costs.

use probe_core::channels::{cache, pipeline};
use probe_core::evidence::{Evidence, Spread, MIN};
use probe_core::machine::UNROLL;
use probe_core::measure::{milliticks, MILLI, TRIES};

/// The counter's step, ticks, at least 1.
pub fn step(evidence: &Evidence) -> u64 {
    let gcd = evidence.counter.as_ref().map_or(1, |c| c.gcd);
    u64::from(gcd.max(1))
}

/// The cost nearest to `cost` that a whole number of steps gives, over `count` operations.
pub fn whole(cost: u32, count: u64, step: u64) -> u32 {
    let ticks = u64::from(cost) * count / MILLI;
    milliticks((ticks + step / 2) / step * step, count)
}

/// The same for minimum and quartiles.
pub fn whole_spread(spread: Spread, count: u64, step: u64) -> Spread {
    spread.map(|cost| whole(cost, count, step))
}

/// Instructions in the shorter run of the channel `trap`.
pub const TRAPS: u64 = 4;

/// Rows of the pipeline's matrix, and the kind of short windows of the same chain.
const WINDOWS: [(usize, usize); 2] = [(5, 2), (4, 3)];

/// Makes everything that follows from the latencies follow from them, where `before` was consistent.
pub fn agree(evidence: &mut Evidence, before: &Evidence) {
    on_the_lattice(evidence);
    short_windows(evidence, before);
    curves(evidence, before);
    settle_from(evidence, before);
}

/// Every cost becomes one that the counter's steps give.
fn on_the_lattice(evidence: &mut Evidence) {
    let step = step(evidence);
    if let Some(t) = &mut evidence.trap {
        t.identify = whole_spread(t.identify, TRAPS, step);
    }
    if let Some(f) = &mut evidence.fresh_code {
        for spread in [&mut f.first, &mut f.again, &mut f.rewritten] {
            *spread = whole_spread(*spread, 1, step);
        }
    }
    let rows = |matrix: &mut [Option<[u32; 4]>], iterations: u32| {
        let count = u64::from(iterations) * u64::from(UNROLL);
        for row in matrix.iter_mut().flatten() {
            row[0] = whole(row[0], count, step);
            row[1] = whole(row[1], count, step);
        }
    };
    if let Some(p) = &mut evidence.pipeline {
        rows(&mut p.matrix, p.iterations);
    }
    if let Some(s) = &mut evidence.simd {
        rows(&mut s.matrix, s.iterations);
    }
    if let Some(c) = &mut evidence.cache {
        let steps = c.steps;
        for (i, point) in c.curve.iter_mut().enumerate() {
            *point = whole_spread(*point, cache::loads(i, steps).into(), step);
        }
    }
}

/// Short windows stand to each other as the latencies do, with the noise that they had.
fn short_windows(evidence: &mut Evidence, before: &Evidence) {
    let step = step(evidence);
    let latency = |e: &Evidence, row: usize| {
        let matrix = e
            .pipeline
            .as_ref()
            .map(|p| p.matrix.get(row).copied().flatten());
        matrix.flatten().map(|cell| u64::from(cell[2]))
    };
    for (row, kind) in WINDOWS {
        let [new, old] = [&*evidence, before].map(|e| latency(e, row));
        let Some(jitter) = &mut evidence.jitter else {
            return;
        };
        let (Some(histogram), Some(least), Some(worst)) = (
            jitter.histograms.get_mut(kind),
            jitter.minima.get_mut(kind),
            jitter.worst.get_mut(kind),
        ) else {
            continue;
        };
        let Some(new) = new else {
            // What was not timed has no windows.
            histogram.clear();
            (*least, *worst) = (0, 0);
            continue;
        };
        let excess = worst.saturating_sub(*least);
        let ticks = u64::from(*least) * new / old.unwrap_or(new).max(1);
        *least = u32::try_from(ticks / step * step).unwrap_or(u32::MAX / 2);
        *worst = least.saturating_add(excess);
    }
}

/// The other curves of memory in proportion to the nearest load, and what follows from each.
fn curves(evidence: &mut Evidence, before: &Evidence) {
    let (Some(cache), Some(old)) = (&mut evidence.cache, &before.cache) else {
        return;
    };
    let near = |c: &cache::Evidence| {
        c.curve
            .first()
            .map_or(1, |point| u64::from(point[MIN].max(1)))
    };
    let [new, old] = [near(cache), near(old)];
    let scaled =
        |cost: &mut u32| *cost = u32::try_from(u64::from(*cost) * new / old).unwrap_or(u32::MAX);
    cache
        .line_curve
        .iter_mut()
        .for_each(|point| scaled(&mut point[1]));
    for [_, spread, packed] in &mut cache.tlb {
        scaled(spread);
        scaled(packed);
    }
    derive(cache);
}

/// Capacities, line and reach as the probe finds them in its curves.
pub fn derive(cache: &mut cache::Evidence) {
    cache.boundaries = cache::boundaries(&cache.curve);
    cache.line = cache::line(&cache.line_curve);
    cache.tlb_reach = cache::reach(&cache.tlb);
}

/// Makes durations fit what is said to have been measured in them: channels as long as their parts, the probe as
/// long as its channels, at the counter's own rate.
pub fn settle(evidence: &mut Evidence) {
    let before = evidence.clone();
    settle_from(evidence, &before);
}

fn settle_from(evidence: &mut Evidence, before: &Evidence) {
    let step = step(evidence);
    let passes = (pipeline::passes(evidence.quick) / 4 * 3 * TRIES) as u64;
    let matrix = |iterations: u32, rows: &[Option<[u32; 4]>]| -> u64 {
        let each: u64 = rows
            .iter()
            .flatten()
            .map(|row| u64::from(row[0]) + u64::from(row[1]))
            .sum();
        each * u64::from(UNROLL) * u64::from(iterations) * passes / MILLI
    };
    let longer = |ticks: &mut u64, least: u64| {
        // A little more than its parts: something lies between them.
        let wanted = (least + least / 16) / step * step;
        *ticks = wanted.max(*ticks);
    };
    if let Some(p) = &mut evidence.pipeline {
        longer(&mut p.ticks, matrix(p.iterations, &p.matrix));
    }
    if let Some(s) = &mut evidence.simd {
        longer(&mut s.ticks, matrix(s.iterations, &s.matrix));
    }
    if let Some(t) = &mut evidence.trap {
        let least = u64::from(t.identify[MIN]) * u64::from(t.samples) / MILLI;
        longer(&mut t.ticks, least);
    }
    if let Some(f) = &mut evidence.fresh_code {
        let calls = u64::from(f.first[MIN]) + u64::from(f.rewritten[MIN]);
        longer(&mut f.ticks, calls * u64::from(f.rounds) / MILLI);
    }
    if let Some(o) = &mut evidence.oscillator {
        longer(&mut o.ticks, u64::from(o.mean) * u64::from(o.samples));
    }
    if let Some(j) = &mut evidence.jitter {
        let octave = |(bin, &count): (usize, &u16)| u64::from(count) << bin;
        let noise: u64 = j
            .histograms
            .iter()
            .flat_map(|h| h.iter().enumerate().map(octave))
            .sum();
        let least: u64 = j
            .minima
            .iter()
            .map(|&least| u64::from(least) * u64::from(j.windows))
            .sum();
        longer(&mut j.ticks, least + noise);
    }
    clock(evidence, before);
}

/// Moves the paired readings apart by what the channels between them took more than before.
fn clock(evidence: &mut Evidence, before: &Evidence) {
    let [new, old] = [&*evidence, before].map(Evidence::ticks_between_readings);
    let more =
        |(new, old): (u128, u128)| u64::try_from(new.saturating_sub(old)).unwrap_or(u64::MAX);
    let more: Vec<u64> = new.into_iter().zip(old).map(more).collect();
    let ns = |ticks: u64| {
        let ns = u128::from(before.elapsed_ns) * u128::from(ticks)
            / u128::from(before.elapsed_ticks.max(1));
        u64::try_from(ns).unwrap_or(u64::MAX)
    };
    let all: u64 = more.iter().sum();
    evidence.elapsed_ticks = before.elapsed_ticks + all;
    if before.elapsed_ns > 0 {
        evidence.elapsed_ns = before.elapsed_ns + ns(all);
    }
    let (Some(oscillator), Some(old)) = (&mut evidence.oscillator, &before.oscillator) else {
        return;
    };
    let mut later = 0;
    for (i, (reading, old)) in oscillator.clock.iter_mut().zip(&old.clock).enumerate() {
        if let Some(i) = i.checked_sub(1) {
            later += more.get(i).copied().unwrap_or(0);
        }
        *reading = [old[0] + later, old[1] + ns(later)];
    }
    if let Some(last) = oscillator.clock.last_mut() {
        *last = [evidence.elapsed_ticks, evidence.elapsed_ns];
    }
}
