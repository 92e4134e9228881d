//! The first call of newly written code: an instruction-cache miss on silicon, a translation under a
//! dynamic translator.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{FRESH_CODE_EXTRA, NONE};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::evidence::MIN;

/// Judges what the first call, and the first call after a rewrite, cost beyond later ones.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("fresh_code", Aspect::Presence);
    let Some(fresh) = &subject.evidence.fresh_code else {
        return vec![draft.absent("The machine cannot write code and run it, or was not asked to.")];
    };
    let again = fresh.again[MIN];
    let extra = |first: u32| subject.in_adds(first.saturating_sub(again));
    let (Some(first), Some(rewritten)) = (extra(fresh.first[MIN]), extra(fresh.rewritten[MIN]))
    else {
        return vec![draft.absent("There is no add to compare with.")];
    };
    let ratio = u64::from(fresh.first[MIN]) * 1000 / u64::from(again.max(1));
    let limit = FRESH_CODE_EXTRA.value * 1000;
    let mut checks = vec![draft
        .measured(format!(
            "first call {} adds dearer than later ones (ratio {}), {} adds after a rewrite; {} rounds",
            milli(first),
            milli(ratio),
            milli(rewritten),
            fresh.rounds
        ))
        .expected(format!("at most {} adds dearer", FRESH_CODE_EXTRA.value))
        .decide(
            first.max(rewritten) <= limit,
            "New code runs at the cost of instruction-cache misses: nothing translates it first.",
            "New code is translated before it runs: this is a dynamic translator, not a processor.",
            &FRESH_CODE_EXTRA,
        )];
    if fresh.stale_rounds > 0 {
        checks.push(
            about("fresh_code", Aspect::Kind)
                .measured(format!("old code ran in {} of {} rounds", fresh.stale, fresh.stale_rounds))
                .expected("old code where instruction caches are not kept coherent, new code where they are")
                .so(
                    Outcome::Note,
                    "Collected: which processors run stale code for how long is not yet in the table.",
                    &NONE,
                ),
        );
    }
    checks
}
