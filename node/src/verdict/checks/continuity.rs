//! The same unit as before? Stability is what real silicon has. A change fails here, which lowers the score of
//! continuity and nothing else: no weight depends on it.

use super::{about, grouped, ppm_apart, rate, Subject};
use crate::verdict::thresholds::{COUNTER_RATE_CONTINUITY, NONE};
use crate::verdict::{Aspect, Check, Outcome};

/// Compares with the last accepted evidence of the same miner, where there is any.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(previous) = subject.case.previous else {
        return vec![about("oscillator", Aspect::Continuity)
            .absent("This is the first evidence of this miner.")];
    };
    let now = subject.evidence;
    let same = now.identity == previous.identity;
    let draft = about("claim", Aspect::Continuity)
        .measured(if same {
            "the same identification words"
        } else {
            "other identification words"
        })
        .expected("those of the last evidence");
    let identity = if same {
        draft.so(
            Outcome::Pass,
            "The processor says that it is the one of last time.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Fail,
            "The processor is another than last time: a replaced processor, or another machine.",
            &NONE,
        )
    };
    let rates = subject
        .frequency_hz()
        .zip(rate(previous.elapsed_ticks, previous.elapsed_ns))
        .filter(|_| {
            now.counter.as_ref().map(|c| &c.source) == previous.counter.as_ref().map(|c| &c.source)
        });
    let draft = about("oscillator", Aspect::Continuity);
    let oscillator = match rates {
        None => draft.absent("There is no second clock, or the counter is another."),
        Some((hz, before)) => {
            let apart = ppm_apart(hz, before);
            let draft = draft
                .measured(format!("{} Hz, {apart} ppm from last time", grouped(hz)))
                .expected(format!("at most {} ppm", COUNTER_RATE_CONTINUITY.value));
            if apart <= COUNTER_RATE_CONTINUITY.value {
                draft.so(
                    Outcome::Pass,
                    "The counter keeps its rate: this fits one crystal, and proves no identity.",
                    &COUNTER_RATE_CONTINUITY,
                )
            } else {
                draft.so(
                    Outcome::Fail,
                    "The counter's rate moved: a recalibrated clock, or another machine.",
                    &COUNTER_RATE_CONTINUITY,
                )
            }
        }
    };
    vec![identity, oscillator]
}
