//! How long a dependent add takes in the world's time, against the fastest clock that a core was ever sold with.
//!
//! Ratios do not change with the clock, so a processor of today may have those of an old one; but at its own pace it is
//! ten times too fast. Who slows down, or says that its counter ticks slower, must let the probe last as much longer: the
//! node saw how long it lasted at most.
//!
//! One side alone is judged: a core may always be clocked slower.

use super::{about, grouped, Subject};
use crate::verdict::families::{Core, Family};
use crate::verdict::reason;
use crate::verdict::thresholds::{CLOCK_RATE_TOLERANCE, CORE_SPEED};
use crate::verdict::{Aspect, Check, Outcome};

/// Judges against all cores of the architecture (presence), and against the core that is named (kind).
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(add) = add_ps(subject) else {
        return Vec::new();
    };
    let any = subject.processor.family.and_then(Family::fastest_add_ps);
    let presence = any.map(|(least, core)| {
        let draft = about("counter", Aspect::Presence)
            .measured(measured(add))
            .expected(format!(
                "at least {} ps: {}, the fastest of the architecture",
                grouped(limit_ps(least)),
                core.name
            ))
            .margin(limit_ps(least), add);
        draft.decide(
            add >= limit_ps(least),
            "Some core of the architecture has such a clock.",
            "No core of this architecture was ever so fast: another processor did the adds.",
            &CORE_SPEED,
        )
    });
    let named = subject.processor.named;
    let kind = named.and_then(|core| Some((core, core.fastest_add_ps?)));
    let kind = kind.map(|(core, least)| {
        let draft = about("claim", Aspect::Kind)
            .measured(measured(add))
            .expected(format!(
                "{}: {} MHz at most, at least {} ps",
                core.name,
                grouped(u64::from(core.fastest_mhz.unwrap_or(0))),
                grouped(limit_ps(least))
            ))
            .margin(limit_ps(least), add);
        if add >= limit_ps(least) {
            draft.so(
                Outcome::Pass,
                "The core that is named has had such clocks.",
                &CORE_SPEED,
            )
        } else {
            draft.code(reason::CORE_TOO_FAST).so(
                Outcome::Fail,
                format!(
                    "No {} was ever so fast: the identification words are not this machine's.",
                    core.name
                ),
                &CORE_SPEED,
            )
        }
    });
    presence.into_iter().chain(kind).collect()
}

/// Whether the machine is no faster than this core can be; where nothing is known, it may.
pub(super) fn may_be(subject: &Subject<'_>, core: &Core) -> bool {
    match (add_ps(subject), core.fastest_add_ps) {
        (Some(add), Some(least)) => add >= limit_ps(least),
        _ => true,
    }
}

fn measured(add: u64) -> String {
    format!("a dependent add takes {} ps", grouped(add))
}

/// The least that is believed of a core whose fastest member takes `fastest` picoseconds.
fn limit_ps(fastest: u32) -> u64 {
    u64::from(fastest) * 1000 / CORE_SPEED.value
}

/// The dependent add in picoseconds, by the system's clock; without one, as long as it may have taken for the probe to
/// fit between challenge and answer.
fn add_ps(subject: &Subject<'_>) -> Option<u64> {
    let evidence = subject.evidence;
    let seen_ns = u128::from(subject.case.answered_after_ms) * 1_000_000;
    let ns = match evidence.elapsed_ns {
        0 => seen_ns + seen_ns * u128::from(CLOCK_RATE_TOLERANCE.value) / 1_000_000,
        ns => u128::from(ns),
    };
    // Thousandths of a tick times nanoseconds are picoseconds times ticks.
    let ps = (u128::from(subject.add()?) * ns).checked_div(u128::from(evidence.elapsed_ticks))?;
    u64::try_from(ps).ok()
}
