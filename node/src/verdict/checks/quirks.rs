//! Values where manuals leave them to the silicon, on operands that the challenge drew: one file for
//! each registry of [`probe_core::channels::quirks`].

mod aarch64;
mod arm;
mod m68k;
mod mips;
mod portable;
mod power;
mod riscv;
mod sparc;
mod x86;

use super::{about, Draft, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::{registry, Probe};

/// Judges what is known of the architecture's registry.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("quirks", Aspect::Presence);
    if subject.evidence.quirks.is_none() {
        return vec![draft.absent(if is_due(subject) {
            "Every processor of this architecture answers value probes, and none was answered."
        } else {
            "The architecture has no value probes, or they did not run."
        })];
    }
    let mut checks = judged(subject, draft);
    checks.extend(left_out(subject));
    checks
}

/// The checks of the architecture's own file.
fn judged(subject: &Subject<'_>, draft: Draft) -> Vec<Check> {
    let checks = match subject.processor.architecture {
        "x86_64" | "x86" => x86::check(subject),
        "powerpc" | "powerpc64" => power::check(subject),
        "arm" => arm::check(subject),
        "aarch64" => aarch64::check(subject),
        "riscv64" => riscv::check(subject),
        "sparc" | "sparc64" => sparc::check(subject),
        "mips" | "mips64" => mips::check(subject),
        "m68k" => m68k::check(subject),
        "alpha" | "hppa" | "sh4" | "s390x" => portable::check(subject),
        _ => Vec::new(),
    };
    if checks.is_empty() {
        return vec![draft
            .measured("answers")
            .expected("a table for this architecture")
            .so(
                Outcome::Note,
                "No values of this architecture are in the table yet: collected, not judged.",
                &NONE,
            )];
    }
    checks
}

/// Probes that every processor of an architecture answers to the program that is made for it, whatever units and
/// whatever system it has: of those that the back ends of `probe-arch` and `c-shims` run without asking for a feature, the
/// ones that are judged. Several lists where programs of one architecture differ: one of them answered is enough. x86 is
/// not here: who forges one has one, and answers.
const DUE: [(&[&str], &[&[u16]]); 7] = [
    // All but estimates and AltiVec: the program is made for processors with floating point.
    (
        &["powerpc", "powerpc64"],
        &[&[46, 47, 48, 49, 51, 52, 53, 54]],
    ),
    // Multiplication, and how the program counter and a base register are stored.
    (&["arm"], &[&[87, 89, 90]]),
    (&["aarch64"], &[&[100, 101, 103, 106, 107, 108, 109]]),
    (&["riscv64"], &[&[120, 121, 123, 124, 125]]),
    (&["sparc", "sparc64"], &[&[141, 142, 143]]),
    // Integer divisions before release 6, conditional stores from MIPS II on.
    (&["mips", "mips64"], &[&[170, 171], &[183]]),
    (&["m68k"], &[&[200, 201, 202]]),
];

/// The part of [`DUE`] that this machine's program answers.
fn due(subject: &Subject<'_>) -> &'static [&'static [u16]] {
    let (architecture, words) = (
        subject.processor.architecture,
        &subject.evidence.identity.words,
    );
    let excused = match architecture {
        // A program for a 68000 has none; any other finds the generation, or says in word 5 that it could look.
        "m68k" => words.iter().skip(4).take(2).all(|&word| word & !1 == 0),
        // FSR.ver 7: a program without floating point, which has none either.
        "sparc" => words.first() == Some(&7),
        _ => false,
    };
    let due = DUE.iter().find(|(names, _)| names.contains(&architecture));
    due.filter(|_| !excused).map_or(&[], |(_, lists)| lists)
}

/// Whether the machine owes answers.
fn is_due(subject: &Subject<'_>) -> bool {
    !due(subject).is_empty()
}

/// Whether the machine owes answers to value probes and has not given them all: it is then not proven to be silicon,
/// however well it does elsewhere.
pub fn are_owed(subject: &Subject<'_>) -> bool {
    let answered = |list: &&[u16]| list.iter().all(|&id| !answers(subject, id).is_empty());
    is_due(subject) && !due(subject).iter().any(answered)
}

/// Tells that some answers are owed.
fn left_out(subject: &Subject<'_>) -> Option<Check> {
    are_owed(subject).then(|| {
        about("quirks", Aspect::Presence)
            .measured("answers to some of the probes")
            .expected("those that every processor of this architecture gives")
            .so(
                Outcome::Note,
                "Probes that every processor of this architecture answers are left out: it counts as if none was \
                 answered.",
                &NONE,
            )
    })
}

/// Operands of one probe, each with the words answered to it. Answers of another length than the
/// registry says are no answers.
pub(super) fn answers<'a>(subject: &Subject<'a>, id: u16) -> Vec<([u32; 2], &'a [u32])> {
    let probe: Option<&Probe> = registry(subject.processor.architecture)
        .iter()
        .find(|p| p.id == id);
    let answer = subject
        .evidence
        .quirks
        .iter()
        .flat_map(|q| &q.answers)
        .find(|a| a.id == id);
    let (Some(probe), Some(answer)) = (probe, answer) else {
        return Vec::new();
    };
    if answer.words.len() != usize::from(probe.draws) * usize::from(probe.words) {
        return Vec::new();
    }
    probe
        .operands(subject.seed)
        .zip(answer.words.chunks(usize::from(probe.words)))
        .collect()
}
