//! Branch prediction: a pattern beyond any history must cost more than a branch that never changes.

use super::{about, milli, Subject};
use crate::verdict::thresholds::BRANCH_PREDICTION;
use crate::verdict::{Aspect, Check};

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
    vec![draft
        .measured(format!(
            "{} times a predictable branch at period {period}, {} adds more",
            milli(ratio),
            milli(adds)
        ))
        .expected(format!("at least {} times", milli(BRANCH_PREDICTION.value)))
        .decide(
            ratio >= BRANCH_PREDICTION.value,
            "Branches are predicted, and mispredicted, as a pipeline does.",
            "Branches cost the same whether predictable or not: no pipeline runs them.",
            &BRANCH_PREDICTION,
        )]
}
