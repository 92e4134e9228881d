//! What an instruction costs that a hypervisor must intercept, marks or no marks.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{IDENTIFY_BARE, IDENTIFY_LEAST, IDENTIFY_REAL};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::evidence::MIN;

/// Four outcomes: less than any processor takes; what bare processors show; what a few real ones show, probably above their own
/// system's hypervisor; and what none shows.
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
    let draft = draft
        .measured(format!(
            "{} adds to identify, {} adds to serialise (minimum of {})",
            milli(identify),
            milli(serialise),
            trap.samples
        ))
        .expected(format!(
            "{} to {} adds to identify; up to {} on a real machine above its own system's hypervisor",
            IDENTIFY_LEAST.value, IDENTIFY_BARE.value, IDENTIFY_REAL.value
        ));
    let x86_64 = subject.processor.architecture == "x86_64";
    vec![if x86_64 && identify < IDENTIFY_LEAST.value * 1000 {
        draft.so(
            Outcome::Fail,
            "No processor identifies itself so cheaply: an emulator answers from a table.",
            &IDENTIFY_LEAST,
        )
    } else if identify <= IDENTIFY_BARE.value * 1000 {
        draft.so(
            Outcome::Pass,
            "Identification runs on the processor itself: nothing intercepts it.",
            &IDENTIFY_BARE,
        )
    } else if identify <= IDENTIFY_REAL.value * 1000 {
        draft.so(
            Outcome::Note,
            "Something intercepts identification, as cheaply as on a few real machines whose own \
             operating system runs above a hypervisor. That is not held against it.",
            &IDENTIFY_REAL,
        )
    } else {
        draft.so(
            Outcome::Fail,
            "Each identification leaves the processor for a hypervisor: no real machine of the table \
             comes near this cost, whatever the machine says of itself.",
            &IDENTIFY_REAL,
        )
    }]
}
