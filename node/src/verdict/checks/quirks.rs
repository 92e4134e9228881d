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

use super::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::{registry, Probe};

/// Judges what is known of the architecture's registry.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("quirks", Aspect::Presence);
    if subject.evidence.quirks.is_none() {
        return vec![draft.absent("The architecture has no value probes, or they did not run.")];
    }
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
