//! Submissions of the existing network's miners, which carry only that network's checks: numbers
//! from an interpreter that no challenge binds. They are read for what the machine says against
//! itself, and prove nothing in its favour.

use super::about;
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use serde_json::{Map, Value};

/// The most indicators that are repeated in a verdict, and the most characters of each.
const SHOWN: usize = 8;
const SHOWN_CHARS: usize = 64;

/// One check for the environment, and one for everything else. Any shape is read without error:
/// members that are not of the form `{"passed": bool, "data": {…}}` count as missing, plain
/// booleans as `passed` without data.
pub fn check(checks: &Map<String, Value>) -> Vec<Check> {
    vec![
        environment(checks.get("anti_emulation")),
        measurements(checks),
    ]
}

fn environment(member: Option<&Value>) -> Check {
    let draft = about("environment", Aspect::Presence).expected("no mark of a virtual machine");
    let Some(member) = member else {
        return draft.absent("The miner sent no environment check.");
    };
    let data = member.get("data");
    let marks = indicators(data);
    let says_so = data
        .and_then(|d| d.get("is_likely_vm"))
        .and_then(Value::as_bool);
    let passed = member
        .as_bool()
        .or_else(|| member.get("passed").and_then(Value::as_bool));
    if !marks.is_empty() || says_so == Some(true) || passed == Some(false) {
        let measured = if marks.is_empty() {
            String::from("the miner's own check failed")
        } else {
            marks.join(", ")
        };
        draft.measured(measured).so(
            Outcome::Fail,
            "The machine says itself that it is a virtual machine.",
            &NONE,
        )
    } else {
        draft.measured("none").so(
            Outcome::Note,
            "The machine names no virtual machine. Nothing binds that to this machine.",
            &NONE,
        )
    }
}

fn indicators(data: Option<&Value>) -> Vec<String> {
    ["vm_indicators", "emulator_indicators"]
        .iter()
        .filter_map(|key| data?.get(key)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .take(SHOWN)
        .map(|s| {
            s.chars()
                .filter(|c| !c.is_control())
                .take(SHOWN_CHARS)
                .collect()
        })
        .collect()
}

fn measurements(checks: &Map<String, Value>) -> Check {
    let sent = checks
        .values()
        .filter(|v| v.get("data").is_some_and(Value::is_object))
        .count();
    about("binding", Aspect::Presence)
        .measured(format!("{} checks, {sent} of them with numbers", checks.len()))
        .expected("evidence that the challenge seeds and the node can recompute")
        .so(
            Outcome::Absent,
            "These numbers come from an interpreter and belong to no challenge: they could be of any \
             machine, at any time. They prove nothing physical, so the machine earns what a virtual \
             one earns. Verdigris evidence earns more.",
            &NONE,
        )
}
