//! Durations against the node's own clock, and the counter's rate against itself.

use super::{about, grouped, ppm_apart, rate, Subject};
use crate::verdict::thresholds::{
    CLOCK_RATE_TOLERANCE, CLOCK_STAMP_TOLERANCE, FREQUENCY_AGREEMENT, NONE,
};
use crate::verdict::{Aspect, Check, Outcome};

/// The probe must fit between challenge and answer, and its two frequencies must agree.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![duration(subject)];
    checks.extend(frequency(subject));
    checks
}

fn duration(subject: &Subject<'_>) -> Check {
    let elapsed = subject.evidence.elapsed_ns;
    let answered_ms = subject.case.answered_after_ms;
    let draft = about("clock", Aspect::Integrity).expected(format!(
        "at most the {} ms that the node saw",
        grouped(answered_ms)
    ));
    if elapsed == 0 {
        return draft.absent("The machine has no clock beside its counter.");
    }
    let seen_ns = (u128::from(answered_ms) + u128::from(CLOCK_STAMP_TOLERANCE.value)) * 1_000_000;
    let limit = seen_ns + seen_ns * u128::from(CLOCK_RATE_TOLERANCE.value) / 1_000_000;
    draft.measured(format!("{} ms of probing", grouped(elapsed / 1_000_000))).decide(
        u128::from(elapsed) <= limit,
        "The probe ran between challenge and answer.",
        "The probe claims to have run longer than the challenge existed: it was made earlier, or invented.",
        &CLOCK_RATE_TOLERANCE,
    )
}

fn frequency(subject: &Subject<'_>) -> Option<Check> {
    let clock = &subject.evidence.oscillator.as_ref()?.clock;
    let (first, last) = (clock.first()?, clock.last()?);
    let whole = subject.frequency_hz()?;
    let draft = about("clock", Aspect::Integrity).expected(format!(
        "{} Hz, of the whole probe, within {} ppm",
        grouped(whole),
        grouped(FREQUENCY_AGREEMENT.value)
    ));
    let forward = clock
        .windows(2)
        .all(|pair| pair[0][0] <= pair[1][0] && pair[0][1] <= pair[1][1]);
    if !forward {
        return Some(draft.measured("paired readings out of order").so(
            Outcome::Fail,
            "Readings that are sent in order cannot go back.",
            &NONE,
        ));
    }
    let hz = rate(last[0] - first[0], last[1] - first[1])?;
    Some(
        draft
            .measured(format!(
                "{} Hz, of {} paired readings",
                grouped(hz),
                clock.len()
            ))
            .decide(
                ppm_apart(hz, whole) <= FREQUENCY_AGREEMENT.value,
                "Counter and clock keep one ratio through the probe.",
                "Counter and clock disagree with themselves: the numbers are not of one run.",
                &FREQUENCY_AGREEMENT,
            ),
    )
}
