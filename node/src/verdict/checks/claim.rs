//! What the machine is, from its evidence, beside what the submission claims. The claim decides
//! nothing; a wrong one is corrected and explained. The host name is not read at all.

use super::{about, Subject};
use crate::verdict::processor::Known;
use crate::verdict::reason;
use crate::verdict::reclassified::{said, Said};
use crate::verdict::silicon::unit_rank;
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// The claimed family and brand against the derived ones, and the identification words against what
/// was seen to run.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![family(subject)];
    checks.extend(class(subject));
    checks.extend(brand(subject));
    checks.extend(unit(subject));
    checks
}

/// The family derived from the evidence's architecture.
pub fn derived_family<'a>(subject: &Subject<'a>) -> &'a str {
    let known = subject
        .profiles
        .antiquity
        .architecture(subject.processor.architecture);
    known.map_or("unknown", |a| a.family.as_str())
}

fn family(subject: &Subject<'_>) -> Check {
    let claimed = &subject.case.claim.family;
    let derived = derived_family(subject);
    let draft = about("claim", Aspect::Kind)
        .measured(format!("{derived}: {}", subject.processor.describe()))
        .expected(format!("claimed family {claimed:?}"));
    match family_named(claimed) {
        Some(family) if family == derived => draft.so(
            Outcome::Pass,
            "The evidence is of the family claimed.",
            &NONE,
        ),
        Some(family) => draft.so(
            Outcome::Note,
            format!(
                "Claimed as {family}, but the evidence is of {derived}: judged and paid as that."
            ),
            &NONE,
        ),
        None => draft.so(
            Outcome::Note,
            format!("{claimed:?} names no family that is known; the evidence is of {derived}."),
            &NONE,
        ),
    }
}

/// The family that a whole word names; `None` for anything else. Never a search inside the text:
/// "BCM2711" holds an "m2" and is no Apple M2.
pub fn family_named(text: &str) -> Option<&'static str> {
    const NAMES: &[(&str, &[&str])] = &[
        (
            "x86",
            &[
                "x86", "x86_64", "x86-64", "amd64", "i386", "i486", "i586", "i686", "ia32",
                "windows",
            ],
        ),
        ("PowerPC", &["powerpc", "ppc", "power macintosh"]),
        (
            "POWER",
            &["power", "powerpc64", "powerpc64le", "ppc64", "ppc64le"],
        ),
        (
            "ARM",
            &[
                "arm", "aarch64", "arm64", "armv5", "armv6", "armv6l", "armv7", "armv7l", "armv8",
            ],
        ),
        ("Apple Silicon", &["apple silicon", "apple_silicon"]),
        ("M68K", &["m68k", "68k", "mc68k", "68000"]),
        ("SPARC", &["sparc", "sparc64", "sun4m", "sun4u"]),
        ("MIPS", &["mips", "mips64", "mipsel"]),
        ("RISC-V", &["riscv", "risc-v", "riscv32", "riscv64"]),
        ("Alpha", &["alpha"]),
        ("PA-RISC", &["pa-risc", "parisc", "hppa"]),
        ("IA-64", &["ia-64", "ia64", "itanium"]),
        ("S390", &["s390", "s390x"]),
        ("SuperH", &["superh", "sh4"]),
        ("VAX", &["vax"]),
        ("Transputer", &["transputer"]),
        ("Cell", &["cell"]),
    ];
    let text = text.trim().to_ascii_lowercase();
    NAMES
        .iter()
        .find(|(_, words)| words.contains(&text.as_str()))
        .map(|(family, _)| *family)
}

/// The class that the claim names, against the class of the processor.
fn class(subject: &Subject<'_>) -> Option<Check> {
    let profiles = subject.profiles;
    let core = subject.processor.core();
    let derived = core.map(|c| c.class()).or_else(|| {
        let known = profiles
            .antiquity
            .architecture(subject.processor.architecture);
        known.map(|a| a.class.as_str())
    })?;
    let draft = about("claim", Aspect::Kind).measured(format!("class {derived}"));
    let claimed = match said(&subject.case.claim, &profiles.names, &profiles.antiquity) {
        Said::Nothing => return None,
        Said::Class(_, claimed) => claimed,
        Said::Unknown(text) => {
            let draft = draft.code(reason::CLAIM_UNKNOWN);
            let draft = draft.expected(format!("claimed {text:?}"));
            let why = "The claim names no machine that the tables know; it decides nothing.";
            return Some(draft.so(Outcome::Note, why, &NONE));
        }
        Said::Unreadable(text) => {
            let draft = draft.code(reason::CLAIM_UNREADABLE);
            let draft = draft.expected(format!("claimed {text:?}"));
            let why = "The claim is no text that a machine is called by; it decides nothing.";
            return Some(draft.so(Outcome::Note, why, &NONE));
        }
    };
    let draft = draft.expected(format!("claimed class {}", claimed.key));
    Some(if claimed.key == derived {
        draft.code(reason::CLAIM_CONFIRMED).so(
            Outcome::Pass,
            "The class claimed is the class of the processor named.",
            &NONE,
        )
    } else {
        let same = claimed.family == derived_family(subject);
        let code = if same {
            reason::CLAIM_OF_ANOTHER_CLASS
        } else {
            reason::CLAIM_OF_ANOTHER_FAMILY
        };
        draft.code(code).so(
            Outcome::Note,
            format!(
                "Claimed as {}, but the processor is of class {derived}.",
                claimed.name
            ),
            &NONE,
        )
    })
}

/// The claimed brand against the processor's own name, as whole texts.
fn brand(subject: &Subject<'_>) -> Option<Check> {
    let claimed = subject.case.claim.cpu.trim();
    let own = subject.processor.name.trim();
    if claimed.is_empty() || own.is_empty() {
        return None;
    }
    let draft = about("claim", Aspect::Kind)
        .measured(format!("the processor's own name {own:?}"))
        .expected(format!("claimed {claimed:?}"));
    Some(if words(claimed).eq(words(own)) {
        draft.so(
            Outcome::Pass,
            "The brand claimed is the processor's own name.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The brand claimed is not the processor's own name; the processor's counts.",
            &NONE,
        )
    })
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split_whitespace().map(str::to_ascii_lowercase)
}

/// The vector unit's name that needs AVX.
const WIDE_UNIT: &str = "avx2";

/// The identification words claim too: a core that never had 64-bit mode or AVX cannot run them.
fn unit(subject: &Subject<'_>) -> Option<Check> {
    let core = subject.processor.core()?;
    let unit = subject.evidence.identity.vector_unit.as_str();
    let newer = match core {
        Known::X86(core) => unit_rank(unit) > unit_rank(&core.unit),
        Known::Other(_) => false,
    };
    let announced = subject.processor.x86.as_ref().is_some_and(|x| x.avx);
    let long = subject.processor.is_long();
    let impossible = ((unit == WIDE_UNIT || announced) && !core.is_wide())
        || newer
        || (long && !core.is_long())
        || (!unit.is_empty() && !core.may_have_vectors());
    let draft = about("claim", Aspect::Kind);
    let draft = match core {
        Known::X86(known) => draft
            .measured(format!(
                "unit {unit:?}, AVX announced: {announced}, 64-bit mode: {long}"
            ))
            .expected(format!(
                "{}: unit {:?} at most, AVX {}, 64-bit mode {}",
                core.name(),
                known.unit,
                may(core.is_wide()),
                may(core.is_long())
            )),
        Known::Other(_) => draft
            .measured(format!("unit {unit:?}, 64-bit programs: {long}"))
            .expected(format!(
                "{}: vectors {}, 64-bit programs {}",
                core.name(),
                may(core.may_have_vectors()),
                may(core.is_long())
            )),
    };
    Some(if impossible {
        let why = format!(
            "No {} has it: the identification words are not this machine's.",
            core.name()
        );
        let draft = draft.code(reason::CORE_CANNOT_HAVE_THE_UNIT);
        draft.so(Outcome::Fail, why, &NONE)
    } else {
        draft.so(
            Outcome::Pass,
            format!("A {} may have this unit.", core.name()),
            &NONE,
        )
    })
}

fn may(possible: bool) -> &'static str {
    if possible {
        "possible"
    } else {
        "impossible"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_never_searched() {
        assert_eq!(family_named("x86_64"), Some("x86"));
        assert_eq!(family_named(" PowerPC "), Some("PowerPC"));
        for text in [
            "BCM2711",
            "ARM2 Cortex-M4",
            "m2",
            "Core i7 vax",
            "",
            "dawson-pc",
        ] {
            assert_eq!(family_named(text), None, "{text}");
        }
    }
}
