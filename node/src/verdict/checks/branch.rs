//! Branch prediction: a pattern beyond any history must cost more than a branch that never changes.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{BRANCH_LEARNT, BRANCH_PREDICTION};
use crate::verdict::{Aspect, Check, Outcome};

/// Architectures of which every processor predicts branches from their history. Elsewhere there are some
/// that take a fixed time for each, or predict by the instruction alone: 486, 603, R3000, 68030, SPARC V8.
const PREDICTING: [&str; 3] = ["x86_64", "aarch64", "powerpc64"];

/// Judges the rise from predictable branches to unpredictable ones.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("branch", Aspect::Presence);
    let Some(branch) = &subject.evidence.branch else {
        return vec![draft.absent("Branches were not timed.")];
    };
    let Some(&[period, cost]) = branch.pattern.last() else {
        return vec![draft.absent("No pattern was timed.")];
    };
    if branch.predictable == 0 {
        return vec![draft.absent("Predictable branches cost nothing that the counter can show.")];
    }
    let ratio = u64::from(cost) * 1000 / u64::from(branch.predictable);
    let adds = subject
        .in_adds(cost.saturating_sub(branch.predictable))
        .unwrap_or(0);
    let draft = draft
        .measured(format!(
            "{} times a predictable branch at period {period}, {} adds more",
            milli(ratio),
            milli(adds)
        ))
        .expected(format!("at least {} times", milli(BRANCH_PREDICTION.value)));
    let alike = ratio < BRANCH_PREDICTION.value;
    // Under a coarse counter the pattern is run over and over, until large predictors know it by heart.
    if alike && u64::from(branch.repeats) > BRANCH_LEARNT.value {
        return vec![draft.so(
            Outcome::Note,
            format!(
                "The pattern ran {} times for the counter to show it: long enough for a large predictor to \
                 learn all of it.",
                branch.repeats
            ),
            &BRANCH_LEARNT,
        )];
    }
    if alike && !PREDICTING.contains(&subject.processor.architecture) {
        return vec![draft.so(
            Outcome::Note,
            "Branches cost the same whether predictable or not, as on a processor that does not predict \
             them. Some of this architecture do not.",
            &BRANCH_PREDICTION,
        )];
    }
    vec![draft.decide(
        !alike,
        "Branches are predicted, and mispredicted, as a pipeline does.",
        "Branches cost the same whether predictable or not: no pipeline runs them.",
        &BRANCH_PREDICTION,
    )]
}
