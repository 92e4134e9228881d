//! What an instruction costs that a hypervisor must intercept, marks or no marks; or, where it is
//! privileged, the operating system.

use super::{about, milli, Draft, Subject};
use crate::verdict::thresholds::{
    Threshold, IDENTIFY_BARE, IDENTIFY_LEAST, IDENTIFY_LEAST_SYSTEM, IDENTIFY_LEAST_X86,
    IDENTIFY_REAL, NONE,
};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::evidence::MIN;

/// Judges the cost of identification by what the architecture makes of it.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("trap", Aspect::Presence);
    let Some(trap) = &subject.evidence.trap else {
        return vec![
            draft.absent("The machine has no instruction that a hypervisor must intercept.")
        ];
    };
    let (Some(identify), Some(serialise)) = (
        subject.in_adds(trap.identify[MIN]),
        subject.in_adds(trap.serialise[MIN]),
    ) else {
        return vec![draft.absent("There is no add to compare with.")];
    };
    let draft = draft.measured(format!(
        "{} adds to identify, {} adds to serialise (minimum of {})",
        milli(identify),
        milli(serialise),
        trap.samples
    ));
    vec![match subject.processor.architecture {
        "x86_64" => x86(draft, identify, &IDENTIFY_LEAST),
        "x86" => x86(draft, identify, &IDENTIFY_LEAST_X86),
        "powerpc" | "powerpc64" | "aarch64" if under_a_system(subject) => system(draft, identify),
        _ => draft.expected("a table for this architecture").so(
            Outcome::Note,
            "What identification costs on this architecture is not in the table: collected.",
            &NONE,
        ),
    }]
}

/// Whether an operating system runs below the program: then a privileged identification is its work.
fn under_a_system(subject: &Subject<'_>) -> bool {
    let mut facts = subject.evidence.environment.iter().flat_map(|e| &e.facts);
    facts.any(|fact| fact.key.as_str() == "os" && !fact.value.is_empty())
}

/// The version register is privileged, and the system answers for it: an exception at least.
fn system(draft: Draft, identify: u64) -> Check {
    let least = IDENTIFY_LEAST_SYSTEM.value * 1000;
    let draft = draft
        .expected(format!(
            "at least {} adds: an exception, which the system answers",
            IDENTIFY_LEAST_SYSTEM.value
        ))
        .margin(identify, least);
    if identify < least {
        draft.so(
            Outcome::Fail,
            "No system answers an exception so cheaply: an emulator of programs answers inline.",
            &IDENTIFY_LEAST_SYSTEM,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The system answered. What stands behind it cannot be seen from a program.",
            &IDENTIFY_LEAST_SYSTEM,
        )
    }
}

/// Four outcomes: less than any processor takes; what bare processors show; what a few real ones show,
/// probably above their own system's hypervisor; and what none shows.
fn x86(draft: Draft, identify: u64, least: &Threshold) -> Check {
    let draft = draft.expected(format!(
        "{} to {} adds to identify; up to {} on a real machine above its own system's hypervisor",
        least.value, IDENTIFY_BARE.value, IDENTIFY_REAL.value
    ));
    if identify < least.value * 1000 {
        draft.margin(identify, least.value * 1000).so(
            Outcome::Fail,
            "No processor identifies itself so cheaply: an emulator answers from a table.",
            least,
        )
    } else if identify <= IDENTIFY_BARE.value * 1000 {
        draft.margin(identify, IDENTIFY_REAL.value * 1000).so(
            Outcome::Pass,
            "Identification runs on the processor itself: nothing intercepts it.",
            &IDENTIFY_BARE,
        )
    } else if identify <= IDENTIFY_REAL.value * 1000 {
        draft.margin(identify, IDENTIFY_REAL.value * 1000).so(
            Outcome::Note,
            "Something intercepts identification, as cheaply as on a few real machines whose own \
             operating system runs above a hypervisor. That is not held against it.",
            &IDENTIFY_REAL,
        )
    } else {
        draft.margin(identify, IDENTIFY_REAL.value * 1000).so(
            Outcome::Fail,
            "Each identification leaves the processor for a hypervisor: no real machine of the table \
             comes near this cost, whatever the machine says of itself.",
            &IDENTIFY_REAL,
        )
    }
}
