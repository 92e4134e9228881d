//! Submissions of the existing network's miners, which carry only that network's checks: numbers
//! from an interpreter that no challenge binds. They are read for what the machine says against
//! itself, and prove nothing in its favour.
//!
//! What a miner says of its own checks (`passed`, `all_passed`) decides nothing: each is derived again
//! from its raw numbers (`numbers`), or from the marks that it lists (`marks`). The most that comes of it
//! is "not proven", because any program can write such numbers.

mod marks;
mod numbers;

use super::about;
use crate::verdict::names::Named;
use crate::verdict::reason;
use crate::verdict::reclassified::{said, Said};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Case, Check, Outcome, Profiles};
use serde_json::{Map, Value};

/// The existing network's six checks by the name that is theirs, the other name that some miners use, and
/// the channel of ours that asks the same.
pub const CHECKS: [(&str, &str, &str); 6] = [
    ("clock_drift", "clock_drift", "oscillator"),
    ("cache_timing", "cache_timing", "cache"),
    ("simd_identity", "simd_bias", "simd"),
    ("thermal_drift", "thermal_drift", "thermal"),
    ("instruction_jitter", "instruction_jitter", "jitter"),
    ("anti_emulation", "anti_emulation", "environment"),
];

/// A check for each of the six, one for the claim, and one for what all of them lack. Any shape is read
/// without error: members that are not of the form `{"passed": bool, "data": {…}}` count as missing, plain
/// booleans as `passed` without data.
pub fn check(case: &Case<'_>, profiles: &Profiles, sent: &Map<String, Value>) -> Vec<Check> {
    let mut checks: Vec<Check> = CHECKS
        .iter()
        .map(|&(name, alias, channel)| {
            let member = sent.get(name).or_else(|| sent.get(alias));
            match name {
                "anti_emulation" => marks::environment(member),
                _ => numbers::derived(name, channel, member),
            }
        })
        .collect();
    checks.extend(claim(case, profiles));
    checks.push(binding(sent));
    checks
}

/// The class that a miner's own word for its processor names; nothing else in the submission says what it
/// runs on.
pub fn class_of_brand<'a>(case: &Case<'_>, profiles: &'a Profiles) -> Option<&'a str> {
    match profiles.names.read(&case.claim.cpu) {
        Named::Class(key) => Some(key),
        Named::Unknown | Named::Unreadable => None,
    }
}

/// The class claimed against the class of the processor named. Both are words of the miner's: that they
/// agree proves nothing, that they do not is worth saying.
fn claim(case: &Case<'_>, profiles: &Profiles) -> Option<Check> {
    let brand = class_of_brand(case, profiles)?;
    let antiquity = &profiles.antiquity;
    let named = antiquity.class(brand)?;
    let Said::Class(_, claimed) = said(&case.claim, &profiles.names, antiquity) else {
        return None;
    };
    if claimed.key == named.key {
        return None;
    }
    let code = if claimed.family == named.family {
        reason::CLAIM_OF_ANOTHER_CLASS
    } else {
        reason::CLAIM_OF_ANOTHER_FAMILY
    };
    let reason = format!(
        "Claimed as {}, but the processor named is of class {brand}.",
        claimed.name
    );
    Some(
        about("claim", Aspect::Kind)
            .code(code)
            .measured(format!("the processor is called {:?}", case.claim.cpu))
            .expected(format!("claimed class {}", claimed.key))
            .so(Outcome::Note, reason, &NONE),
    )
}

fn binding(sent: &Map<String, Value>) -> Check {
    let with_numbers = sent
        .values()
        .filter(|v| v.get("data").is_some_and(Value::is_object))
        .count();
    about("binding", Aspect::Presence)
        .measured(format!(
            "{} checks, {with_numbers} of them with numbers",
            sent.len()
        ))
        .expected("evidence that the challenge seeds and the node can recompute")
        .so(
            Outcome::Absent,
            "These numbers come from an interpreter and belong to no challenge: they could be of any \
             machine, at any time. They prove nothing physical, so the machine earns what a virtual \
             one earns. Verdigris evidence earns more.",
            &NONE,
        )
}
