//! Architectures measured through C alone: Alpha, PA-RISC, SH-4, s390x.
//!
//! What QEMU answers was measured with `c-shims/tests/driver.c` under qemu-user 7.2.22. On SH-4 nothing
//! that a program may ask without risking a trap was found to differ from what the manual says; it is
//! collected.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::portable`).
mod id {
    pub const ZERO_BY_ZERO: u16 = 241;
    pub const SUBNORMAL: u16 = 243;
    pub const TIE: u16 = 244;
    pub const HPPA_SPACES: u16 = 258;
    pub const S390_ECAG: u16 = 268;
}

/// Judges what is known of these architectures.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    match subject.processor.architecture {
        "alpha" => checks.extend(alpha_nan(subject)),
        "hppa" => checks.extend(hppa_spaces(subject)),
        "s390x" => checks.extend(s390_caches(subject)),
        _ => {}
    }
    checks.extend(arithmetic(subject));
    checks
}

/// The words answered to the first operand of a probe.
fn first<'a>(subject: &Subject<'a>, probe: u16) -> Option<&'a [u32]> {
    answers(subject, probe).first().map(|(_, words)| *words)
}

/// The NaN that an invalid operation creates: "canonical", with the sign set (Alpha Architecture
/// Handbook, 4.7.4; Linux, arch/alpha/include/asm/sfp-machine.h, for what traps to the kernel).
const ALPHA_NAN: [u32; 2] = [0xfff8_0000, 0];
/// The same under QEMU 7.2, for ev4 to ev67.
const ALPHA_NAN_QEMU: [u32; 2] = [0x7ff8_0000, 0];

fn alpha_nan(subject: &Subject<'_>) -> Option<Check> {
    let words = first(subject, id::ZERO_BY_ZERO)?;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("0 / 0 = {:08x}{:08x}", words[0], words[1]))
        .expected("fff8000000000000");
    let (outcome, reason) = judge_alpha_nan(words);
    Some(draft.so(outcome, reason, &NONE))
}

fn judge_alpha_nan(words: &[u32]) -> (Outcome, &'static str) {
    if words == ALPHA_NAN {
        (Outcome::Pass, "The NaN that an Alpha makes.")
    } else if words == ALPHA_NAN_QEMU {
        (
            Outcome::Fail,
            "The NaN that QEMU makes: an Alpha's has the sign set.",
        )
    } else {
        (Outcome::Note, "A NaN that is not in the table: collected.")
    }
}

/// A program's addresses lie in a space of their own: Linux gives out none with the number 0 (arch/parisc/mm/init.c,
/// "disallow space 0"). Under QEMU's user mode there are no spaces.
fn hppa_spaces(subject: &Subject<'_>) -> Option<Check> {
    let words = first(subject, id::HPPA_SPACES)?;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("space registers 4 to 7: {words:x?}"))
        .expected("a space of the program's own");
    let (outcome, reason) = judge_spaces(words);
    Some(draft.so(outcome, reason, &NONE))
}

fn judge_spaces(words: &[u32]) -> (Outcome, &'static str) {
    if words.iter().all(|&space| space == 0) {
        (
            Outcome::Fail,
            "The program runs in space 0, the kernel's: no PA-RISC system runs programs there, \
             QEMU's user mode does.",
        )
    } else {
        // A system under an emulator has spaces as well.
        (Outcome::Note, "The program has a space of its own.")
    }
}

/// Where EXTRACT CPU ATTRIBUTE is installed (z10 and later) it knows the first cache, whose lines have
/// 256 bytes on all of them; all ones stand for what it does not know (z/Architecture Principles of
/// Operation, "EXTRACT CPU ATTRIBUTE").
const ECAG_UNKNOWN: u32 = u32::MAX;
/// Bytes of a line.
const S390_LINE: u32 = 256;

fn s390_caches(subject: &Subject<'_>) -> Option<Check> {
    let words = first(subject, id::S390_ECAG)?;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "cache summary {:08x}, line {:x}, size {:x}, second level {:x}",
            words[0], words[1], words[2], words[3]
        ))
        .expected("a first cache with lines of 256 bytes");
    let (outcome, reason) = judge_caches(words);
    Some(draft.so(outcome, reason, &NONE))
}

fn judge_caches(words: &[u32]) -> (Outcome, &'static str) {
    if words.iter().all(|&word| word == ECAG_UNKNOWN) {
        (
            Outcome::Fail,
            "The processor knows nothing of its caches: QEMU answers so, every z10 and later \
             describes them.",
        )
    } else if words[1] == S390_LINE {
        (Outcome::Pass, "The processor describes its caches.")
    } else {
        (
            Outcome::Note,
            "Caches that are not in the table: collected.",
        )
    }
}

/// Halving a subnormal and rounding a tie, as IEEE 754 has them.
fn arithmetic(subject: &Subject<'_>) -> Option<Check> {
    let probes = [id::SUBNORMAL, id::TIE];
    let seen: Vec<bool> = probes
        .iter()
        .flat_map(|&probe| {
            answers(subject, probe)
                .into_iter()
                .map(move |(operand, words)| words == ieee(probe, operand))
        })
        .collect();
    if seen.is_empty() {
        return None;
    }
    let right = seen.iter().filter(|&&right| right).count();
    // Emulators compute it as well as silicon, and a mode that flushes subnormals is no crime.
    Some(
        about("quirks", Aspect::Presence)
            .measured(format!(
                "{right} of {} subnormals and ties as IEEE 754 says",
                seen.len()
            ))
            .expected("all, unless a mode flushes subnormals")
            .so(
                Outcome::Note,
                "Collected, not judged: both kinds can be right.",
                &NONE,
            ),
    )
}

/// What IEEE 754 answers to [`id::SUBNORMAL`] and [`id::TIE`].
fn ieee(probe: u16, [a, b]: [u32; 2]) -> [u32; 2] {
    let number = |high: u32| f64::from_bits(u64::from(high) << 32 | u64::from(b));
    let result = if probe == id::SUBNORMAL {
        number((a & 0x7_ffff) | 0x4_0000) * 0.5
    } else {
        number(0x3ff0_0000 | (a & 0xf_ffff)) + f64::EPSILON / 2.0
    };
    [(result.to_bits() >> 32) as u32, result.to_bits() as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alpha_s_nan_has_its_sign() {
        assert_eq!(judge_alpha_nan(&[0xfff8_0000, 0]).0, Outcome::Pass);
        assert_eq!(judge_alpha_nan(&[0x7ff8_0000, 0]).0, Outcome::Fail);
        assert_eq!(judge_alpha_nan(&[0x7fff_ffff, u32::MAX]).0, Outcome::Note);
    }

    #[test]
    fn nobody_lives_in_space_0() {
        assert_eq!(judge_spaces(&[0; 4]).0, Outcome::Fail);
        assert_eq!(judge_spaces(&[0x1200; 4]).0, Outcome::Note);
    }

    #[test]
    fn a_mainframe_knows_its_caches() {
        assert_eq!(judge_caches(&[u32::MAX; 4]).0, Outcome::Fail);
        let z13 = [0x0407_0000, 256, 128 << 10, 2 << 20];
        assert_eq!(judge_caches(&z13).0, Outcome::Pass);
        assert_eq!(judge_caches(&[0x0407_0000, 128, 1, 1]).0, Outcome::Note);
    }

    #[test]
    fn arithmetic_as_measured() {
        // The same on Alpha, PA-RISC, SH-4 and s390x under QEMU 7.2.
        let halved = ieee(id::SUBNORMAL, [0x1_2345, 0x2345_6789]);
        assert_eq!(halved, [0x0002_91a2, 0x91a2_b3c4]);
        let odd = ieee(id::TIE, [0x1_2345, 0x2345_6789]);
        assert_eq!(odd, [0x3ff1_2345, 0x2345_678a]);
        let even = ieee(id::TIE, [0x1_2345, 0x2345_6788]);
        assert_eq!(even, [0x3ff1_2345, 0x2345_6788]);
    }
}
