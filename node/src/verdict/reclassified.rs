//! A claim that did not hold, explained: what was claimed, what the machine counts as instead, which finding
//! decided, and what each is worth. The claim itself decides nothing.

use super::antiquity::{decayed, Antiquity, Class, UNPROVEN, VIRTUAL};
use super::names::{Named, Names};
use super::{reason, Case, Check, Claim, Outcome, Profiles};
use serde::Serialize;
use utoipa::ToSchema;

/// Why a machine counts as something else than was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reclassified {
    /// The text of the claim that was read.
    pub claimed: String,
    /// The class that it names.
    pub claimed_class: Option<String>,
    /// What that class is worth at this age of the chain, weight units.
    pub claimed_units: Option<u64>,
    /// What the machine counts as.
    pub class: String,
    /// What that is worth, weight units.
    pub units: u64,
    /// Why, for programs: a code of [`reason`].
    pub code: &'static str,
    /// The finding that decided: its channel, and what was measured.
    pub decided_by: String,
    /// Why, in a sentence for the owner.
    pub reason: String,
}

/// What a claim says that the machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// No text at all.
    Nothing,
    /// A class, by this text.
    Class(&'a str, &'a Class),
    /// This text, which names nothing that is known.
    Unknown(&'a str),
    /// This text, which no name of a machine can be.
    Unreadable(&'a str),
}

/// Reads a claim: the first of its texts that names a class counts, the narrowest first.
pub fn said<'a>(claim: &'a Claim, names: &'a Names, antiquity: &'a Antiquity) -> Said<'a> {
    let texts = [&claim.arch, &claim.model, &claim.cpu];
    let mut other = Said::Nothing;
    for text in texts
        .into_iter()
        .map(|t| t.trim())
        .filter(|t| !t.is_empty())
    {
        let key = text.to_ascii_lowercase().replace([' ', '-'], "_");
        let read = match antiquity.class(&key) {
            Some(class) => return Said::Class(text, class),
            None => names.read(text),
        };
        match read {
            Named::Class(key) => {
                if let Some(class) = antiquity.class(key) {
                    return Said::Class(text, class);
                }
            }
            Named::Unknown if other == Said::Nothing => other = Said::Unknown(text),
            Named::Unreadable if other == Said::Nothing => other = Said::Unreadable(text),
            Named::Unknown | Named::Unreadable => {}
        }
    }
    other
}

/// Explains the claim of a case that counts as `class`, worth `units`; `None` where it claims nothing, or no more
/// than it got.
pub(super) fn explain(
    case: &Case<'_>,
    profiles: &Profiles,
    class: &str,
    units: u64,
    checks: &[Check],
) -> Option<Reclassified> {
    let antiquity = &profiles.antiquity;
    let counted = antiquity.class(class)?;
    let (claimed, claimed_class) = match said(&case.claim, &profiles.names, antiquity) {
        Said::Nothing => return None,
        Said::Class(text, claimed) => {
            // Silicon that has grown old counts under another key, for more.
            let more = claimed.family == counted.family && units >= claimed.base_units;
            if claimed.key == counted.key || more {
                return None;
            }
            (text, Some(claimed))
        }
        Said::Unknown(text) | Said::Unreadable(text) => (text, None),
    };
    let failed = |code: &str| {
        checks
            .iter()
            .find(|c| c.code == code && c.outcome == Outcome::Fail)
    };
    let by_code = [
        reason::CORE_CANNOT_HAVE_THE_UNIT,
        reason::CORE_TOO_FAST,
        reason::LATENCIES_OF_ANOTHER_CORE,
    ]
    .into_iter()
    .find_map(|code| Some((code, failed(code)?)));
    let any_failed = || checks.iter().find(|c| c.outcome == Outcome::Fail);
    let family = || checks.iter().find(|c| c.channel == "claim");
    let (code, by) = match (class, claimed_class, by_code) {
        (VIRTUAL, ..) => (reason::COUNTED_AS_VIRTUAL, any_failed()),
        (UNPROVEN, ..) => (reason::NOT_PROVEN, any_failed()),
        (_, _, Some((code, check))) => (code, Some(check)),
        (_, None, None) => (reason::CLAIM_UNKNOWN, family()),
        (_, Some(claimed), None) if claimed.family != counted.family => {
            (reason::CLAIM_OF_ANOTHER_FAMILY, family())
        }
        _ => (reason::CLAIM_OF_ANOTHER_CLASS, family()),
    };
    let decided_by = by.map_or_else(
        || String::from("nothing that was measured proves the claim"),
        |check| format!("{}: {}", check.channel, check.measured),
    );
    let what = claimed_class.map_or("nothing that is known", |c| c.name.as_str());
    Some(Reclassified {
        claimed: claimed.to_owned(),
        claimed_class: claimed_class.map(|c| c.key.clone()),
        claimed_units: claimed_class.map(|c| decayed(c.base_units, case.chain_age_s)),
        class: class.to_owned(),
        units,
        code,
        reason: format!(
            "The claim names {what}; by {} it counts as {}.",
            by.map_or("what was sent", |c| c.channel),
            counted.name
        ),
        decided_by,
    })
}
