//! The calibrated loop over cold, ramp, saturation, recovery.

use super::{about, milli, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Tells of the response; fails only a curve without any variation, which no clock shows.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("thermal", Aspect::Presence);
    let Some(thermal) = &subject.evidence.thermal else {
        return vec![draft.absent("The machine was not warmed.")];
    };
    let costs = || thermal.curve.iter().map(|point| point[1]);
    let (Some(least), Some(most)) = (costs().min(), costs().max()) else {
        return vec![draft.absent("The curve has no points.")];
    };
    let spread = u64::from(most - least) * 1_000_000 / u64::from(least.max(1));
    let draft = draft
        .measured(format!(
            "{} points, {} to {} ticks an add, {spread} ppm apart; time constants: ramp {}, recovery {}",
            thermal.curve.len(),
            milli(u64::from(least)),
            milli(u64::from(most)),
            constant(thermal.ramp),
            constant(thermal.recovery),
        ))
        .expected("points that differ");
    let fine = subject
        .evidence
        .counter
        .as_ref()
        .is_some_and(|c| c.step <= 256);
    vec![if most > least {
        draft.so(
            Outcome::Pass,
            "The cost of an add moves with load. The response of this model is not yet in the table, \
             so its size is only told.",
            &NONE,
        )
    } else if fine && thermal.curve.len() > 1 {
        draft.so(
            Outcome::Fail,
            "Not one point differs from another over the whole load.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The counter is too coarse to show a response.",
            &NONE,
        )
    }]
}

fn constant(value: Option<u32>) -> String {
    value.map_or_else(
        || String::from("none"),
        |v| format!("{} Kticks", u64::from(v)),
    )
}
