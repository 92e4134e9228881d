//! Every short time is a whole number of the counter's steps before the probe divides it by the operations timed:
//! thousandths of a tick for one operation are then numbers that some whole number of steps gives, and no others.
//!
//! Only the least of many runs is held to it. A program that is moved from one core to another in the middle of a run
//! reads two counters whose steps need not coincide: on a Zen 5, whose counter moves by 26 ticks, whole channels of 30
//! probes of 67 under load were not multiples of it, nor was one longest window; no shortest one was.

use super::Contradictions;
use crate::verdict::checks::counter::SYSTEM_CLOCK;
use crate::verdict::thresholds::{COUNTER_LATTICE, COUNTER_MOVES, SCALED_COUNTER};
use probe_core::channels::{jitter, oscillator};
use probe_core::evidence::{Evidence, MIN};
use probe_core::machine::UNROLL;
use probe_core::measure::MILLI;
use probe_core::stats::gcd;

/// Instructions in the shorter run of the channel `trap`, branches in that of `branch`.
const TRAPS: u64 = 4;
const BRANCHES: u64 = 4_096;

pub(super) fn relations(evidence: &Evidence, found: &mut Contradictions) {
    let step = step(evidence);
    histograms(evidence, step, found);
    for ticks in shortest(evidence) {
        found.expect(u64::from(ticks).is_multiple_of(step), || {
            format!("a shortest time of {ticks} ticks is no whole number of steps of {step}")
        });
    }
    // `whole` where single times were taken; otherwise a difference of two, or half of a time.
    let mut divided = |name: &str, cost: u32, count: u64, whole: bool| {
        let parts = if whole { 1 } else { 2 };
        found.expect(reachable(cost.into(), count, step, parts), || {
            format!("{name}: {cost} thousandths of a tick are no whole number of steps of {step}, by {count}")
        });
    };
    let chain = |iterations: u32| u64::from(iterations) * u64::from(UNROLL);
    for spread in evidence.trap.iter().flat_map(|t| [t.identify, t.serialise]) {
        divided("trap", spread[MIN], TRAPS, false);
    }
    for spread in evidence
        .fresh_code
        .iter()
        .flat_map(|f| [f.first, f.again, f.rewritten])
    {
        divided("fresh_code", spread[MIN], 1, true);
    }
    if let Some(f) = &evidence.fpu {
        let costs = [f.normal, f.subnormal, f.nan, f.overflow, f.rounding];
        for spread in costs.into_iter().flatten() {
            divided("fpu", spread[MIN], chain(f.iterations), false);
        }
    }
    if let Some(b) = &evidence.branch {
        let curves = b.pattern.iter().chain(&b.indirect).chain(&b.returns);
        for [_, cost] in curves.copied().chain([[0, b.predictable]]) {
            divided("branch", cost, BRANCHES * u64::from(b.repeats), false);
        }
    }
    if let Some(p) = &evidence.pipeline {
        // But the last row's latency, from which another was taken off.
        let rows = p
            .matrix
            .iter()
            .take(p.matrix.len().saturating_sub(1))
            .flatten();
        for cost in rows.flat_map(|row| [row[0], row[1]]).chain([p.add[MIN]]) {
            divided("pipeline", cost, chain(p.iterations), false);
        }
    }
    if let Some(s) = &evidence.simd {
        let rows = s.matrix.iter().flatten().flat_map(|row| [row[0], row[1]]);
        for cost in rows.chain([s.add[MIN]]) {
            divided("simd", cost, chain(s.iterations), false);
        }
    }
}

/// The step of the counter, at least 1.
///
/// A large one is the counter's own. A small one may be that of a core whose clock is a whole part of the counter's, and
/// change with the core's clock: then it is what all shortest times show. The clock of a system has none: it is computed
/// from a counter by a factor, which need not be whole, and a step that looks even is longer by one now and then.
fn step(e: &Evidence) -> u64 {
    let Some(counter) = e
        .counter
        .as_ref()
        .filter(|c| c.source.as_str() != SYSTEM_CLOCK)
    else {
        return 1;
    };
    let moved = u64::from(counter.samples.saturating_sub(counter.repeats));
    if u64::from(counter.gcd) > COUNTER_LATTICE.value && moved >= COUNTER_MOVES.value {
        return counter.gcd.into();
    }
    let own = [counter.gcd, counter.step]
        .into_iter()
        .chain(counter.overhead);
    own.chain(shortest(e)).map(u64::from).fold(0, gcd).max(1)
}

/// Shortest times that are sent as ticks, but those beyond the width of their field.
fn shortest(e: &Evidence) -> impl Iterator<Item = u32> + '_ {
    let jitter = e.jitter.iter().flat_map(|j| &j.minima).copied();
    let all = jitter.chain(e.oscillator.iter().map(|o| o.minimum));
    all.filter(|&ticks| ticks < u32::MAX)
}

/// No excess lies between nothing and one step, but for few: a hypervisor may scale a counter by a factor that is not whole
/// either, and then a window now and then is longer by one.
fn histograms(e: &Evidence, step: u64, found: &mut Contradictions) {
    let step = u32::try_from(step).unwrap_or(u32::MAX);
    let mut empty = |name: &str, histogram: &[u16], first: usize| {
        let counts = || histogram.iter().map(|&n| u64::from(n));
        let between: u64 = counts().take(first).skip(1).sum();
        let few = counts().sum::<u64>() * SCALED_COUNTER.value / 1000;
        found.expect(between <= few, || {
            format!("{name}: an excess of less than the counter's step")
        });
    };
    for histogram in e.jitter.iter().flat_map(|j| &j.histograms) {
        empty("jitter", histogram, jitter::bin(step));
    }
    if let Some(o) = &e.oscillator {
        empty("oscillator", &o.histogram, oscillator::bin(step));
    }
}

/// Whether `cost` is what `count` operations cost each, in thousandths rounded down, that took a whole number of steps, or
/// of the `parts` of a step.
fn reachable(cost: u64, count: u64, step: u64, parts: u64) -> bool {
    if count == 0 || cost == u64::from(u32::MAX) {
        // Nothing to divide by, or a time beyond the width of the field.
        return true;
    }
    let least = (cost * count).div_ceil(MILLI);
    let most = ((cost + 1) * count).div_ceil(MILLI).saturating_sub(1);
    // Half of an odd number of ticks is rounded down.
    let most = most * parts + (parts - 1);
    least <= most && most / step * step >= least * parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use probe_core::measure::milliticks;
    use proptest::prelude::*;

    #[test]
    fn what_no_steps_give_is_told() {
        // Four instructions, a step of 26 ticks: 6,500 thousandths each, or half of that.
        assert!(reachable(6_500, 4, 26, 2));
        assert!(reachable(3_250, 4, 26, 2));
        assert!(!reachable(6_501, 4, 26, 2));
        assert!(!reachable(6_750, 4, 26, 2));
        assert!(!reachable(6_501, 4, 1, 2));
        assert!(!reachable(27_000, 1, 26, 1));
    }

    proptest! {
        #[test]
        fn what_a_probe_divides_is_reachable(steps in 0u64..1 << 20, step in 1u64..1 << 10, count in 1u64..1 << 19) {
            let whole = milliticks(steps * step, count);
            prop_assert!(reachable(whole.into(), count, step, 1));
            prop_assert!(reachable(whole.into(), count, step, 2));
            let half = milliticks(steps * step / 2, count);
            prop_assert!(reachable(half.into(), count, step, 2));
        }
    }
}
