//! Short windows of each kind of work: some must vary, on any machine whose counter can show it; and the shortest of each
//! kind stand to each other as the pipeline's latencies do, because they are the same chains on the same machine.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{JITTER_RESOLUTION, WINDOW_AGREEMENT};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::jitter::Evidence;

/// Kinds of work that the pipeline times as well: the place of their windows, and their row in the matrix. First the
/// FP add, then the load.
pub(super) const WINDOWS_OF_ROWS: [(usize, usize); 2] = [(2, 5), (3, 4)];

/// Judges whether anything varies, and whether windows and pipeline are of one machine.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(jitter) = &subject.evidence.jitter else {
        let draft = about("jitter", Aspect::Presence);
        return vec![draft.absent("Short windows were not timed.")];
    };
    let mut checks = vec![varies(subject, jitter)];
    checks.extend(agrees(subject, jitter));
    checks
}

/// The shortest windows against the pipeline's ratios. Kinds take turns within microseconds, so that no change of the
/// core's clock comes between them; a counter's read and the loop lengthen each by the same.
fn agrees(subject: &Subject<'_>, jitter: &Evidence) -> Option<Check> {
    let pipeline = subject.evidence.pipeline.as_ref()?;
    let counter = subject.evidence.counter.as_ref()?;
    let add = u64::from(*jitter.minima.first().filter(|&&add| add > 0)?);
    // One read more or less, or one step.
    let unit = u64::from(counter.step.max(counter.overhead[1]));
    let mut told = Vec::new();
    let mut apart = false;
    for (window, row) in WINDOWS_OF_ROWS {
        let latency = pipeline
            .matrix
            .get(row)
            .copied()
            .flatten()
            .map(|cell| u64::from(cell[2]));
        let present = jitter.histograms.get(window).is_some_and(|h| !h.is_empty());
        let shortest = jitter
            .minima
            .get(window)
            .filter(|_| present)
            .map(|&least| u64::from(least));
        let (Some(latency), Some(shortest)) = (latency, shortest) else {
            continue;
        };
        let expected = add.saturating_mul(latency) / 1000;
        let slack =
            expected.saturating_mul(WINDOW_AGREEMENT.value) / 1000 + unit * (latency / 1000 + 2);
        apart |= shortest.abs_diff(expected) > slack;
        told.push(format!(
            "{} and {} adds",
            milli(shortest.saturating_mul(1000) / add),
            milli(latency)
        ));
    }
    if told.is_empty() {
        return None;
    }
    let draft = about("jitter", Aspect::Presence)
        .measured(format!(
            "in short windows and in the pipeline: {}",
            told.join(", ")
        ))
        .expected(format!(
            "within {} of each other",
            milli(WINDOW_AGREEMENT.value)
        ));
    Some(draft.decide(
        !apart,
        "An FP add and a load cost the same in both places.",
        "An operation costs one thing in one place and another in the other: the numbers are not of one machine.",
        &WINDOW_AGREEMENT,
    ))
}

fn varies(subject: &Subject<'_>, jitter: &Evidence) -> Check {
    let draft = about("jitter", Aspect::Presence);
    let excess: Vec<u32> = jitter
        .minima
        .iter()
        .zip(&jitter.worst)
        .map(|(m, w)| w.saturating_sub(*m))
        .collect();
    let draft = draft
        .measured(format!(
            "{} windows of each kind; minima {:?} ticks, worst {:?} ticks longer",
            jitter.windows,
            jitter.minima.as_slice(),
            excess
        ))
        .expected("some window longer than the shortest");
    let longest = jitter.minima.iter().copied().max().unwrap_or(0);
    if excess.iter().any(|&e| e > 0) {
        draft.so(
            Outcome::Pass,
            "Windows vary, as interrupts, caches and predictors make them.",
            &JITTER_RESOLUTION,
        )
    } else if resolves(subject, longest) {
        draft.so(
            Outcome::Fail,
            "Nothing ever varies: time here is a count of instructions.",
            &JITTER_RESOLUTION,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The counter is too coarse to show jitter.",
            &JITTER_RESOLUTION,
        )
    }
}

/// Whether a window of `ticks` is long enough for the counter to show that it varies.
pub(super) fn resolves(subject: &Subject<'_>, ticks: u32) -> bool {
    let step = subject
        .evidence
        .counter
        .as_ref()
        .map_or(u32::MAX, |c| c.step.max(1));
    u64::from(ticks / step) >= JITTER_RESOLUTION.value
}
