//! That the evidence agrees with itself: what is ordered is in order, what is a sum adds up, and
//! nothing took more ticks than there were. Cheap to satisfy for a careful liar; it is here to refuse
//! careless ones, and broken miners.
//!
//! - Here: order, sums, durations.
//! - `derived`: what the probe computes from numbers that it sends as well.
//! - `lattice`: times are whole steps of the counter, divided as the probe divides them.

mod derived;
mod lattice;

use super::{about, Subject};
use crate::verdict::thresholds::{CORE_CLOCK_RANGE, NONE};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::pipeline;
use probe_core::evidence::{Evidence, Spread, MIN};
use probe_core::machine::UNROLL;
use probe_core::measure::TRIES;

/// One check that lists every contradiction found.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let evidence = subject.evidence;
    let mut found = Contradictions::default();
    ordered(evidence, &mut found);
    sums(evidence, &mut found);
    durations(evidence, &mut found);
    pairs(evidence, &mut found);
    one_clock(evidence, &mut found);
    derived::relations(evidence, &mut found);
    lattice::relations(evidence, &mut found);
    let draft = about("binding", Aspect::Integrity)
        .measured(format!("{} relations between the numbers", found.relations))
        .expected("all of them hold");
    vec![if found.broken.is_empty() {
        draft.so(Outcome::Pass, "The numbers agree with each other.", &NONE)
    } else {
        draft.so(
            Outcome::Fail,
            format!("They contradict each other: {}.", found.broken.join("; ")),
            &NONE,
        )
    }]
}

/// Relations counted, and those of them that do not hold.
#[derive(Default)]
pub(super) struct Contradictions {
    relations: usize,
    broken: Vec<String>,
}

impl Contradictions {
    /// At most so many are told.
    const TOLD: usize = 6;

    pub(super) fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.relations += 1;
        if !holds && self.broken.len() < Self::TOLD {
            self.broken.push(otherwise());
        }
    }
}

/// Minima, quartiles and medians in order; curves along their axis.
fn ordered(evidence: &Evidence, found: &mut Contradictions) {
    let mut spread = |name: &str, spread: Option<Spread>| {
        if let Some(s) = spread {
            found.expect(s.is_sorted(), || format!("{name}: quartiles out of order"));
        }
    };
    spread("pipeline.add", evidence.pipeline.as_ref().map(|p| p.add));
    spread("simd.add", evidence.simd.as_ref().map(|s| s.add));
    if let Some(fpu) = &evidence.fpu {
        spread("fpu.normal", fpu.normal);
        spread("fpu.nan", fpu.nan);
        spread("fpu.overflow", fpu.overflow);
        spread("fpu.subnormal", fpu.subnormal);
        spread("fpu.rounding", fpu.rounding);
    }
    if let Some(fresh) = &evidence.fresh_code {
        spread("fresh_code.first", Some(fresh.first));
        spread("fresh_code.again", Some(fresh.again));
        spread("fresh_code.rewritten", Some(fresh.rewritten));
    }
    if let Some(trap) = &evidence.trap {
        spread("trap.identify", Some(trap.identify));
        spread("trap.serialise", Some(trap.serialise));
    }
    for point in evidence.cache.iter().flat_map(|c| &c.curve) {
        spread("cache.curve", Some(*point));
    }
    let mut rising = |name: &str, values: &mut dyn Iterator<Item = u32>| {
        let rises = values.is_sorted_by(|a, b| a < b);
        found.expect(rises, || format!("{name} does not rise"));
    };
    if let Some(cache) = &evidence.cache {
        rising("cache.boundaries", &mut cache.boundaries.iter().copied());
        rising("cache.tlb_reach", &mut cache.tlb_reach.iter().copied());
        rising("cache.tlb pages", &mut cache.tlb.iter().map(|t| t[0]));
    }
    if let Some(branch) = &evidence.branch {
        rising("branch periods", &mut branch.pattern.iter().map(|p| p[0]));
        rising("branch targets", &mut branch.indirect.iter().map(|p| p[0]));
        rising("branch depths", &mut branch.returns.iter().map(|p| p[0]));
    }
    if let Some(thermal) = &evidence.thermal {
        let forward = thermal.curve.iter().map(|p| p[0]).is_sorted();
        found.expect(forward, || String::from("thermal.curve goes back in time"));
    }
}

/// Histograms and phases add up to what was counted.
fn sums(evidence: &Evidence, found: &mut Contradictions) {
    if let Some(o) = &evidence.oscillator {
        let sum: u64 = o.histogram.iter().map(|&n| u64::from(n)).sum();
        found.expect(sum == u64::from(o.samples), || {
            format!("oscillator.histogram holds {sum} of {} samples", o.samples)
        });
        found.expect(o.minimum <= o.mean, || {
            String::from("oscillator.minimum above the mean")
        });
    }
    if let Some(j) = &evidence.jitter {
        // A kind of work that the machine does not have leaves its histogram empty.
        for histogram in j.histograms.iter().filter(|h| !h.is_empty()) {
            let sum: u64 = histogram.iter().map(|&n| u64::from(n)).sum();
            found.expect(sum == u64::from(j.windows), || {
                format!("a jitter histogram holds {sum} of {} windows", j.windows)
            });
        }
        let alike = j.minima.len() == j.worst.len() && j.minima.len() == j.histograms.len();
        found.expect(alike, || String::from("jitter: lists of different length"));
        for (least, worst) in j.minima.iter().zip(&j.worst) {
            found.expect(least <= worst, || {
                String::from("a jitter minimum above its worst")
            });
        }
    }
    if let Some(t) = &evidence.thermal {
        let sum: usize = t.phases.iter().map(|&n| usize::from(n)).sum();
        found.expect(sum == t.curve.len(), || {
            format!("thermal.phases name {sum} of {} points", t.curve.len())
        });
    }
    if let Some(c) = &evidence.counter {
        found.expect(c.overhead.is_sorted(), || {
            String::from("counter.overhead out of order")
        });
        let fits = c.gcd > 0 && c.step.is_multiple_of(c.gcd);
        found.expect(fits, || {
            String::from("counter.step is no multiple of counter.gcd")
        });
        let counted = c.repeats <= c.samples;
        found.expect(counted, || String::from("counter: more repeats than reads"));
    }
    if let Some(f) = &evidence.fresh_code {
        let counted = f.held <= f.stale && f.stale <= f.stale_rounds;
        found.expect(counted, || {
            String::from("fresh_code: more rounds with old code than were tried")
        });
    }
}

/// No channel longer than the probe, no part longer than its channel.
fn durations(evidence: &Evidence, found: &mut Contradictions) {
    let e = evidence;
    let channels = [
        e.branch.as_ref().map(|c| c.ticks),
        e.cache.as_ref().map(|c| c.ticks),
        e.counter.as_ref().map(|c| c.ticks),
        e.fpu.as_ref().map(|c| c.ticks),
        e.fresh_code.as_ref().map(|c| c.ticks),
        e.jitter.as_ref().map(|c| c.ticks),
        e.oscillator.as_ref().map(|c| c.ticks),
        e.pipeline.as_ref().map(|c| c.ticks),
        e.quirks.as_ref().map(|c| c.ticks),
        e.simd.as_ref().map(|c| c.ticks),
        e.thermal.as_ref().map(|c| c.ticks),
        e.trap.as_ref().map(|c| c.ticks),
    ];
    let sum: u128 = channels.into_iter().flatten().map(u128::from).sum();
    found.expect(sum <= u128::from(e.elapsed_ticks), || {
        format!("the channels took {sum} ticks of {}", e.elapsed_ticks)
    });

    let mut within = |name: &str, milliticks: u128, ticks: u64| {
        found.expect(milliticks / 1000 <= u128::from(ticks), || {
            format!(
                "{name} took {} ticks of its channel's {ticks}",
                milliticks / 1000
            )
        });
    };
    // A cost is not above the upper quartile of the passes: a quarter of them took as much at least. In each pass
    // either length ran `TRIES` times, the longer one twice as long.
    let passes = pipeline::passes(e.quick) / 4 * 3 * TRIES;
    let matrix = |iterations: u32, rows: &[Option<[u32; 4]>]| -> u128 {
        let each = rows
            .iter()
            .flatten()
            .map(|row| u128::from(row[0]) + u128::from(row[1]));
        each.sum::<u128>() * u128::from(UNROLL) * u128::from(iterations) * passes as u128
    };
    if let Some(p) = &e.pipeline {
        within(
            "the pipeline matrix",
            matrix(p.iterations, &p.matrix),
            p.ticks,
        );
    }
    if let Some(s) = &e.simd {
        within(
            "the vector matrix",
            matrix(s.iterations, &s.matrix),
            s.ticks,
        );
    }
    let times = |cost: u32, count: u16| u128::from(cost) * u128::from(count);
    if let Some(f) = &e.fresh_code {
        let calls = times(f.first[MIN], f.rounds) + times(f.rewritten[MIN], f.rounds);
        within("fresh calls", calls, f.ticks);
    }
    if let Some(t) = &e.trap {
        within("traps", times(t.identify[MIN], t.samples), t.ticks);
    }
    if let Some(o) = &e.oscillator {
        within("the samples", times(o.mean, o.samples) * 1000, o.ticks);
    }
    if let Some(j) = &e.jitter {
        let windows: u128 = j
            .minima
            .iter()
            .zip(&j.histograms)
            .map(|(&minimum, histogram)| {
                let bins = histogram.iter().enumerate();
                let above = bins.map(|(bin, &n)| times(least_of(bin), n));
                times(minimum, j.windows) + above.sum::<u128>()
            })
            .sum();
        let windows = windows * 1000;
        within("the jitter windows", windows, j.ticks);
    }
    if let Some(t) = &e.thermal {
        let last = t.curve.last().map_or(0, |p| u128::from(p[0]) * 1024 * 1000);
        within("the thermal curve", last, t.ticks);
    }
}

/// The least excess that falls into a bin of a histogram by octaves.
fn least_of(bin: usize) -> u32 {
    match bin {
        0 => 0,
        octave => 1_u32.checked_shl(octave as u32 - 1).unwrap_or(u32::MAX),
    }
}

/// Counter and clock are read together at the start of eight channels and at the end: the first reading is where both
/// count from, the last is the whole probe, and between two of them lie the channels between.
fn pairs(e: &Evidence, found: &mut Contradictions) {
    let Some(clock) = e.oscillator.as_ref().map(|o| o.clock.as_slice()) else {
        return;
    };
    let (Some(first), Some(last)) = (clock.first(), clock.last()) else {
        return;
    };
    found.expect(*first == [0, 0], || {
        String::from("the paired readings do not begin with the probe")
    });
    found.expect(*last == [e.elapsed_ticks, e.elapsed_ns], || {
        String::from("the paired readings do not end with the probe")
    });
    let between = e.ticks_between_readings();
    if clock.len() != between.len() + 1 {
        return;
    }
    for (pair, channels) in clock.windows(2).zip(between) {
        let passed = u128::from(pair[1][0].saturating_sub(pair[0][0]));
        found.expect(channels <= passed, || {
            format!("channels of {channels} ticks between readings {passed} ticks apart")
        });
    }
}

/// Ratios and costs of one matrix must go by one add chain, up to the range of a core's clock. An add is sent in whole
/// thousandths of a tick: of a fast core with a slow counter (1 MHz beside 1.2 GHz) it may be none.
fn one_clock(evidence: &Evidence, found: &mut Contradictions) {
    let matrices = [
        evidence
            .pipeline
            .as_ref()
            .map(|p| ("pipeline", p.add[MIN], p.matrix.as_slice())),
        evidence
            .simd
            .as_ref()
            .map(|s| ("simd", s.add[MIN], s.matrix.as_slice())),
    ];
    for (name, add, rows) in matrices.into_iter().flatten() {
        for row in rows.iter().flatten() {
            for (cost, ratio) in [(row[0], row[2]), (row[1], row[3])] {
                let at_most = u128::from(add) + 1;
                let by_add = u128::from(ratio) * u128::from(add);
                let itself = u128::from(cost) * 1000;
                let range = u128::from(CORE_CLOCK_RANGE.value);
                // An add more on each side: small costs are rounded.
                let slack = at_most * 1000;
                let holds = by_add <= (itself + slack) * range
                    && itself <= (u128::from(ratio) * at_most + slack) * range;
                found.expect(holds, || {
                    format!("{name}: a cost that is not its ratio to the add")
                });
            }
        }
    }
}
