//! The counter itself: its order, its lattice, its rate.

use super::{about, grouped, milli, ppm_apart, Subject};
use crate::verdict::thresholds::{MICROSECOND_LATTICE, NONE};
use crate::verdict::{Aspect, Check, Outcome};

/// Counters that are an operating system's clock: they step as the system likes.
const SOFTWARE_PREFIXES: [&str; 2] = ["os-", "bios-"];

/// Judges the lattice of steps, and tells of reads out of order.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("counter", Aspect::Presence);
    let Some(counter) = &subject.evidence.counter else {
        return vec![draft.absent("The counter was not examined.")];
    };
    let mut checks = vec![lattice(subject, counter)];
    let [least, median, p99] = counter.overhead;
    let draft = about("counter", Aspect::Presence)
        .measured(format!(
            "{} of {} pairs read backwards, {} alike; overhead {least}/{median}/{p99} ticks \
             (minimum, median, 99th percentile)",
            counter.backwards, counter.samples, counter.repeats
        ))
        .expected("no reading below the one before");
    checks.push(if counter.backwards == 0 {
        draft.so(Outcome::Pass, "The counter only goes forward.", &NONE)
    } else {
        draft.so(
            Outcome::Note,
            "The counter went back: unsynchronised counters of several cores do that on real \
             machines too.",
            &NONE,
        )
    });
    checks
}

fn lattice(subject: &Subject<'_>, counter: &probe_core::channels::counter::Evidence) -> Check {
    let draft = about("counter", Aspect::Presence)
        .expected("steps that are no whole number of microseconds");
    let Some(hz) = subject.frequency_hz() else {
        return draft.absent("There is no second clock to tell the counter's rate by.");
    };
    // Picoseconds in one step of the lattice.
    let step_ps = u128::from(counter.gcd) * 1_000_000_000_000 / u128::from(hz);
    let step_ps = u64::try_from(step_ps).unwrap_or(u64::MAX);
    let microseconds = step_ps.saturating_add(500_000) / 1_000_000;
    let off = ppm_apart(step_ps, microseconds.saturating_mul(1_000_000));
    let draft = draft.measured(format!(
        "{} at {} Hz steps by {} ticks, {} ns",
        counter.source,
        grouped(hz),
        counter.gcd,
        milli(step_ps)
    ));
    if SOFTWARE_PREFIXES
        .iter()
        .any(|p| counter.source.starts_with(p))
    {
        return draft.so(
            Outcome::Note,
            "The counter is the operating system's clock: its steps say nothing of the silicon.",
            &NONE,
        );
    }
    draft.decide(
        microseconds == 0 || off > MICROSECOND_LATTICE.value,
        "The counter steps as a crystal's divider does.",
        "A hardware counter that advances by whole microseconds is made from a software clock.",
        &MICROSECOND_LATTICE,
    )
}
