//! Fixed work against the counter. Noise is judged by its shape, never by its amount: quiet machines
//! are honest, and so are busy ones.

use super::{about, Subject};
use crate::verdict::thresholds::{NONE, STOLEN_TIME};
use crate::verdict::{Aspect, Check, Outcome};

/// Judges whether there is any noise at all, and tells where time was taken away.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("oscillator", Aspect::Presence);
    let Some(oscillator) = &subject.evidence.oscillator else {
        return vec![draft.absent("Fixed work was not timed.")];
    };
    let draft = draft
        .measured(format!(
            "{} samples of {} ticks at least, {} on average; coefficient of variation {} ppm, \
             lag-1 correlation {} ppm",
            oscillator.samples,
            oscillator.minimum,
            oscillator.mean,
            oscillator.cv_ppm,
            oscillator.lag1_ppm
        ))
        .expected("some variation, however little");
    vec![if !super::jitter::resolves(subject, oscillator.minimum) {
        draft.so(
            Outcome::Note,
            "The counter is too coarse for one sample to vary.",
            &crate::verdict::thresholds::JITTER_RESOLUTION,
        )
    } else if oscillator.cv_ppm == 0 {
        draft.so(
            Outcome::Fail,
            "Every sample took the same time to the tick: a clock that counts instructions, not time.",
            &NONE,
        )
    } else if u64::from(oscillator.cv_ppm) > STOLEN_TIME.value {
        draft.so(
            Outcome::Note,
            "Time was taken away: by other programs, or by a hypervisor. Both happen to honest \
             machines, so it is only told.",
            &STOLEN_TIME,
        )
    } else {
        draft.so(
            Outcome::Pass,
            "Fixed work varies a little, as on a running machine.",
            &NONE,
        )
    }]
}
