//! What the checks amount to together: one set of rules, in the order in which they apply.

use super::antiquity::{decayed, UNKNOWN, UNPROVEN, VIRTUAL};
use super::checks::cache::is_cacheless;
use super::checks::claim::derived_family;
use super::checks::legacy::class_of_brand;
use super::checks::pipeline::recognised;
use super::checks::quirks::are_owed;
use super::checks::Subject;
use super::families::Core;
use super::processor::Known;
use super::thresholds::{ACTIVE_CHANNELS, KIND_FIT};
use super::{reclassified, Aspect, Case, Check, Outcome, Profiles, Verdict, RULES_VERSION};

/// Channels that provoke an emulator instead of watching it.
const ACTIVE: [&str; 2] = ["fresh_code", "quirks"];
/// Passive channels without which silicon is not proven: a machine that sends neither has shown no
/// processor and no memory.
const REQUIRED: [&str; 2] = ["pipeline", "cache"];

/// Channels of which one check is enough to say that a machine is not of the kind that it names: what it could
/// not run, and whose latencies it has.
const DECISIVE: [&str; 2] = ["claim", "likeness"];

/// Share of the checks of `aspect` that passed, of those that passed or failed, parts per million.
/// Notes and absences do not count: the verdict does not depend on them.
pub fn score(checks: &[Check], aspect: Aspect) -> Option<u32> {
    let count = |outcome| {
        checks
            .iter()
            .filter(|c| c.aspect == aspect && c.outcome == outcome)
            .count()
    };
    let (passed, failed) = (count(Outcome::Pass), count(Outcome::Fail));
    let ppm = (passed * 1_000_000).checked_div(passed + failed)?;
    u32::try_from(ppm).ok()
}

/// The channels in which a check of `aspect` came out as `outcome`, each once.
fn channels(checks: &[Check], aspect: Aspect, outcome: Outcome) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = Vec::new();
    for check in checks
        .iter()
        .filter(|c| c.aspect == aspect && c.outcome == outcome)
    {
        if !names.contains(&check.channel) {
            names.push(check.channel);
        }
    }
    names
}

/// What was concluded, before it is worth anything.
struct Finding {
    class: String,
    physical: bool,
    base_units: u64,
    summary: String,
}

/// Concludes from the checks of evidence.
pub fn conclude(subject: &Subject<'_>, checks: Vec<Check>) -> Verdict {
    let integrity = !checks
        .iter()
        .any(|c| c.aspect == Aspect::Integrity && c.outcome == Outcome::Fail);
    let failed = channels(&checks, Aspect::Presence, Outcome::Fail);
    let passed = channels(&checks, Aspect::Presence, Outcome::Pass);
    let active = ACTIVE.iter().filter(|c| passed.contains(c)).count() as u64;
    // Where memory cannot speak, because there may be no data cache, every active channel must.
    let silent = is_cacheless(subject) && subject.evidence.cache.is_some();
    let enough = if silent && !passed.contains(&"cache") {
        ACTIVE.len() as u64
    } else {
        ACTIVE_CHANNELS.value
    };
    let mut missing: Vec<&str> = REQUIRED
        .iter()
        .copied()
        .filter(|c| !(passed.contains(c) || silent && *c == "cache"))
        .collect();
    // What every processor of the architecture answers may not be left out.
    if are_owed(subject) {
        missing.push("quirks");
    }

    let what = subject.processor.describe();
    let finding = if !integrity {
        let broken = channels(&checks, Aspect::Integrity, Outcome::Fail);
        Finding {
            class: String::from(UNPROVEN),
            physical: false,
            base_units: 0,
            summary: format!(
                "Refused: the evidence does not hold together ({}).",
                broken.join(", ")
            ),
        }
    } else if !failed.is_empty() {
        let by = failed.join(", ");
        let shown = if passed.is_empty() {
            String::new()
        } else {
            format!(
                " These channels fit silicon all the same: {}.",
                passed.join(", ")
            )
        };
        worth(
            subject.profiles,
            VIRTUAL,
            false,
            format!("A virtual machine or an emulator, by {by}: {what}.{shown}"),
        )
    } else if !missing.is_empty() || active < enough {
        let lack = if missing.is_empty() && enough > 1 {
            ACTIVE.join(" and ")
        } else if missing.is_empty() {
            ACTIVE.join(" or ")
        } else {
            missing.join(" and ")
        };
        worth(
            subject.profiles,
            UNPROVEN,
            false,
            format!(
                "Not proven to be silicon: nothing speaks against {what}, but {lack} did not pass."
            ),
        )
    } else {
        silicon(subject, &checks)
    };
    finish(
        subject.case,
        subject.profiles,
        finding,
        derived_family(subject).to_owned(),
        checks,
        integrity,
    )
}

/// Whether a machine counts as of the kind that it names: enough checks of it passed, and none that is enough to
/// say the opposite failed.
pub fn kind_holds(checks: &[Check]) -> bool {
    let contradicted = checks
        .iter()
        .any(|c| DECISIVE.contains(&c.channel) && c.outcome == Outcome::Fail);
    let kind = score(checks, Aspect::Kind);
    kind.is_some_and(|ppm| u64::from(ppm) >= KIND_FIT.value) && !contradicted
}

/// Real silicon: of the kind that it names if its kind is proven, otherwise of none that earns more
/// than its architecture.
fn silicon(subject: &Subject<'_>, checks: &[Check]) -> Finding {
    let antiquity = &subject.profiles.antiquity;
    let what = subject.processor.describe();
    let fallback = antiquity
        .architecture(subject.processor.architecture)
        .map_or(UNKNOWN, |a| a.class.as_str());
    let fits = kind_holds(checks);
    let Some(core) = core(subject).filter(|_| fits) else {
        let why = if subject.processor.core().is_some() {
            "but not of the kind that it names"
        } else {
            "of a kind that the table does not have"
        };
        return worth(
            subject.profiles,
            fallback,
            true,
            format!("Real silicon, {why}: {what}."),
        );
    };
    // A class that is worth more than its architecture needs more: the core itself measured, or one
    // like it, and not one check of its kind failed.
    let aged = antiquity.aged(core.class(), core.year(), subject.case.year);
    let (key, base) = aged.map_or((UNKNOWN, 0), |c| (c.key.as_str(), c.base_units));
    let plain = antiquity.class(fallback).map_or(0, |c| c.base_units);
    let measured = match core {
        Known::X86(core) => subject.profiles.silicon.of_core(core).is_some(),
        Known::Other(_) => true,
    };
    let spotless = channels(checks, Aspect::Kind, Outcome::Fail).is_empty();
    if base > plain && !(measured && spotless) {
        let why = "but too little proves the kind that it names for a bonus";
        return worth(
            subject.profiles,
            fallback,
            true,
            format!("Real silicon, {why}: {what}."),
        );
    }
    let like = if subject.processor.core().is_some() {
        String::new()
    } else {
        format!(" with the latencies of {}", core.name())
    };
    worth(
        subject.profiles,
        key,
        true,
        format!("Real silicon: {what}{like}, made since {}.", core.year()),
    )
}

/// The core that the machine names; where it cannot name one, the least in worth of those that it fits
/// entirely.
fn core<'a>(subject: &Subject<'a>) -> Option<Known<'a>> {
    let value = |core: &&Core| {
        let class = subject
            .profiles
            .antiquity
            .aged(&core.class, core.year, subject.case.year);
        class.map_or(0, |c| c.base_units)
    };
    let least = || recognised(subject).into_iter().min_by_key(value);
    subject
        .processor
        .core()
        .or_else(|| least().map(Known::Other))
}

fn worth(profiles: &Profiles, key: &str, physical: bool, summary: String) -> Finding {
    let class = profiles.antiquity.class(key);
    Finding {
        class: key.to_owned(),
        physical,
        base_units: class.map_or(1, |c| c.base_units),
        summary,
    }
}

/// Concludes from the existing network's checks alone: they prove nothing physical, and can earn at
/// most what a virtual machine earns. The family is that of the processor named, or else the one claimed.
pub fn conclude_legacy(case: &Case<'_>, profiles: &Profiles, checks: Vec<Check>) -> Verdict {
    let failed = channels(&checks, Aspect::Presence, Outcome::Fail);
    let made_up: Vec<&str> = failed
        .iter()
        .copied()
        .filter(|channel| *channel != "environment")
        .collect();
    let (key, summary) = if failed.len() > made_up.len() {
        (
            VIRTUAL,
            String::from("A virtual machine, by its own words."),
        )
    } else if !made_up.is_empty() {
        let made_up = made_up.join(", ");
        let summary =
            format!("Not proven to be silicon: its numbers contradict each other ({made_up}).");
        (UNPROVEN, summary)
    } else {
        let why =
            "Not proven to be silicon: the submission carries no evidence that a challenge binds.";
        (UNPROVEN, String::from(why))
    };
    let named = class_of_brand(case, profiles).and_then(|class| profiles.antiquity.class(class));
    let claimed = super::checks::claim::family_named(&case.claim.family).unwrap_or("unknown");
    let family = named
        .map_or(claimed, |class| class.family.as_str())
        .to_owned();
    let finding = worth(profiles, key, false, summary);
    finish(case, profiles, finding, family, checks, true)
}

fn finish(
    case: &Case<'_>,
    profiles: &Profiles,
    finding: Finding,
    family: String,
    checks: Vec<Check>,
    integrity: bool,
) -> Verdict {
    let units = decayed(finding.base_units, case.chain_age_s);
    let reclassified = integrity
        .then(|| reclassified::explain(case, profiles, &finding.class, units, &checks))
        .flatten();
    Verdict {
        reclassified,
        rules: RULES_VERSION,
        integrity,
        physical: finding.physical,
        family,
        class: finding.class,
        kind_ppm: score(&checks, Aspect::Kind),
        presence_ppm: score(&checks, Aspect::Presence),
        continuity_ppm: score(&checks, Aspect::Continuity),
        multiplier_units: units,
        weight_units: units,
        summary: finding.summary,
        checks,
    }
}
