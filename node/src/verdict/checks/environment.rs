//! What the machine says of itself. Marks are easily removed, so their absence proves nothing; but
//! nobody adds them to a real machine, so their presence decides.

use super::{about, Subject};
use crate::verdict::environment_marks::Means;
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// One check for each mark found, or one that says that none was.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let name = subject.evidence.identity.name.as_str();
    let mut facts: Vec<(&str, &str)> = subject
        .evidence
        .environment
        .iter()
        .flat_map(|e| &e.facts)
        .map(|fact| (fact.key.as_str(), fact.value.as_str()))
        .collect();
    let gathered = facts.len();
    facts.push(("identity.name", name));
    // The hypervisor bit among the identification words is the same mark, should the fact be missing.
    let announced = subject.processor.x86.as_ref().is_some_and(|x| x.hypervisor);
    if announced && !facts.iter().any(|(key, _)| *key == "cpuid.hypervisor") {
        facts.push(("cpuid.hypervisor", "bit 31 of leaf 1 ECX"));
    }

    let mut checks = Vec::new();
    for rule in subject
        .profiles
        .marks
        .iter()
        .filter(|rule| rule.applies(&facts))
    {
        let (outcome, reason) = match rule.means {
            Means::Virtual => (
                Outcome::Fail,
                format!(
                    "The machine names itself: {}. It is not silicon of its own.",
                    rule.name
                ),
            ),
            Means::Remark => (
                Outcome::Note,
                format!(
                    "The machine names {}. That alone says nothing against it.",
                    rule.name
                ),
            ),
        };
        checks.push(
            about("environment", Aspect::Presence)
                .measured(rule.evidence(&facts))
                .expected("no mark of a hypervisor, an emulator or a cloud's virtual machine")
                .so(outcome, reason, &NONE),
        );
    }
    if !checks.iter().any(|c| c.outcome == Outcome::Fail) {
        let draft = about("environment", Aspect::Presence)
            .expected("no mark of a hypervisor, an emulator or a cloud's virtual machine");
        checks.push(if subject.evidence.environment.is_none() {
            draft.absent("The miner gathered nothing about its environment.")
        } else {
            draft.measured(format!("{gathered} facts, none of them such a mark")).so(
                Outcome::Note,
                "Nothing names a virtual machine. Marks can be removed, so this proves little; the \
                 other channels decide.",
                &NONE,
            )
        });
    }
    checks
}
