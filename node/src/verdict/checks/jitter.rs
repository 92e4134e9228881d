//! Short windows of each kind of work: some must vary, on any machine whose counter can show it.

use super::{about, Subject};
use crate::verdict::thresholds::JITTER_RESOLUTION;
use crate::verdict::{Aspect, Check, Outcome};

/// Judges whether anything varies.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("jitter", Aspect::Presence);
    let Some(jitter) = &subject.evidence.jitter else {
        return vec![draft.absent("Short windows were not timed.")];
    };
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
    vec![if excess.iter().any(|&e| e > 0) {
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
    }]
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
