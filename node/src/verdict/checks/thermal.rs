//! The calibrated loop over cold, ramp, saturation, recovery.

use super::{about, milli, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Tells of the response. Nothing fails here: a processor whose counter is its own fixed clock, as
/// most were before frequency scaling, shows no response in ticks.
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
        .expected("a response to load, where the clock can show one");
    vec![if most > least {
        draft.so(
            Outcome::Pass,
            "The cost of an add moves with load. The response of this model is not yet in the table, \
             so its size is only told.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "An add costs the same throughout. A core with one fixed clock, counted by that clock, \
             shows just that, so it is only told.",
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
