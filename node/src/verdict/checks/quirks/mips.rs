//! MIPS: results that are flushed to zero, tininess, and division by zero.
//!
//! What decides, and its source:
//!
//! - With FCSR.FS set, a tiny result rounded away from zero becomes the least normal number, and
//!   underflow and inexact are flagged: MIPS R4000 User's Manual, table 7-1; "Programming the MIPS32
//!   74K Core Family", FCSR; the kernel's emulation does the same for what a unit leaves to it. QEMU 7.2
//!   gives zero, flags nothing, and still shows FS as set (user mode, 24Kf and 74Kf, `cargo run -p
//!   probe-arch --example facts`). R8000 and other units that ignore FS give other answers: collected.
//! - Tininess is detected after rounding (R4000 manual, chapter 7): QEMU agrees.
//! - Division by zero is UNPREDICTABLE by the architecture. R3000 and VR4300, by tests on the hardware (nocash PSX
//!   specifications; n64-systemtest), leave the dividend in HI and all ones (or 1, for a negative
//!   dividend) in LO, as a dividing circuit does. QEMU 7.2 divides by 1 instead: LO is the dividend, HI
//!   is 0. No table covers the MIPS32 and MIPS64 cores, so that answer alone fails nobody: it is a
//!   note.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::mips`).
mod id {
    pub const DIV_ZERO: u16 = 170;
    pub const DIVU_ZERO: u16 = 171;
    pub const FLUSH: u16 = 174;
    pub const TINY: u16 = 176;
}

/// FCSR: flush to zero; flags and causes of inexact and underflow.
const FCSR_FLUSH: u32 = 1 << 24;
const FCSR_INEXACT: u32 = 1 << 2 | 1 << 12;
const FCSR_UNDERFLOW: u32 = 1 << 3 | 1 << 13;

/// The least normal binary64, high word.
const LEAST_NORMAL: u32 = 0x0010_0000;
/// The sign of a number, in its high word.
const SIGN: u32 = 1 << 31;

/// Judges what is known of MIPS.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    vec![flushes(subject), tininess(subject), divisions(subject)]
}

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// As documented for silicon.
    Silicon,
    /// As QEMU 7.2.
    Emulator,
    /// As neither.
    Unknown,
}

/// Whether all answers are of one kind; `Unknown` where they differ. `None` where there are none.
fn agreed(answers: impl Iterator<Item = Answer>) -> Option<Answer> {
    answers.reduce(|all, one| if all == one { all } else { Answer::Unknown })
}

/// A tiny product under FCSR.FS, rounded away from zero.
fn flush([a, _]: [u32; 2], words: &[u32]) -> Answer {
    let sign = a & SIGN;
    match *words {
        [high, 0, fcsr] if high == sign | LEAST_NORMAL && fcsr & FCSR_FLUSH != 0 => Answer::Silicon,
        [high, 0, fcsr]
            if high == sign
                && fcsr & FCSR_FLUSH != 0
                && fcsr & (FCSR_INEXACT | FCSR_UNDERFLOW) == 0 =>
        {
            Answer::Emulator
        }
        _ => Answer::Unknown,
    }
}

/// Results that are flushed must follow the rounding mode.
fn flushes(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let all = answers(subject, id::FLUSH);
    let Some(whose) = agreed(all.iter().map(|&(operand, words)| flush(operand, words))) else {
        return draft.absent("No flushed product was answered.");
    };
    let first = all[0].1;
    let draft = draft
        .measured(format!(
            "{} flushed products, the first {first:08x?}",
            all.len()
        ))
        .expected("with FCSR.FS set and rounding away from zero, the least normal number");
    match whose {
        Answer::Silicon => draft.so(
            Outcome::Pass,
            "Tiny results are replaced as the rounding mode demands.",
            &NONE,
        ),
        Answer::Emulator => draft.so(
            Outcome::Fail,
            "Tiny results become zero against the rounding mode, and nothing is flagged: QEMU 7.2.",
            &NONE,
        ),
        Answer::Unknown => draft.so(
            Outcome::Note,
            "This unit treats tiny results in a way that is in no table: collected.",
            &NONE,
        ),
    }
}

/// Tininess after rounding.
fn tininess(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Kind);
    let all = answers(subject, id::TINY);
    let Some(&(_, words)) = all.first() else {
        return draft.absent("No product near the least normal number was answered.");
    };
    let after = matches!(*words, [LEAST_NORMAL, 0, fcsr]
        if fcsr & FCSR_UNDERFLOW == 0 && fcsr & FCSR_INEXACT != 0);
    draft
        .measured(format!("{words:08x?}"))
        .expected("the least normal number, inexact and no underflow: tininess after rounding")
        .so(
            if after { Outcome::Pass } else { Outcome::Note },
            if after {
                "Tininess is detected after rounding, as on MIPS."
            } else {
                "Tininess is detected otherwise than on MIPS: collected."
            },
            &NONE,
        )
}

/// A division by zero, signed or not.
fn division(signed: bool, [a, _]: [u32; 2], words: &[u32]) -> Answer {
    let quotient = if signed && a & SIGN != 0 { 1 } else { u32::MAX };
    match *words {
        [low, high] if low == quotient && high == a => Answer::Silicon,
        [low, 0] if low == a => Answer::Emulator,
        _ => Answer::Unknown,
    }
}

/// Divisions by zero as a circuit leaves them.
fn divisions(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let all: Vec<Answer> = [(id::DIV_ZERO, true), (id::DIVU_ZERO, false)]
        .iter()
        .flat_map(|&(id, signed)| {
            answers(subject, id)
                .into_iter()
                .map(move |(operand, words)| division(signed, operand, words))
        })
        .collect();
    let Some(whose) = agreed(all.iter().copied()) else {
        return draft.absent("No division by zero was answered.");
    };
    let count = |answer| all.iter().filter(|&&a| a == answer).count();
    let draft = draft
        .measured(format!(
            "of {} divisions by zero {} as a circuit divides, {} as by 1",
            all.len(),
            count(Answer::Silicon),
            count(Answer::Emulator)
        ))
        .expected("the dividend in HI, all ones or 1 in LO (R3000, VR4300)");
    match whose {
        Answer::Silicon => draft.so(
            Outcome::Pass,
            "Division by zero leaves what a dividing circuit leaves.",
            &NONE,
        ),
        Answer::Emulator => draft.so(
            Outcome::Note,
            "Division by zero was done as if by 1: QEMU 7.2 does so, and no known core; but the architecture \
             leaves the result open, so it is not held against the machine alone.",
            &NONE,
        ),
        Answer::Unknown => draft.so(
            Outcome::Note,
            "Division by zero leaves what is in no table: collected.",
            &NONE,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qemu_is_recognised_by_what_it_answered() {
        // User-mode QEMU 7.2, 24Kf and 74Kf.
        for (operand, words) in [
            ([8, 0], [0, 0, 0x0100_0002]),
            ([0xe9d1_23ff, 0x645a_477e], [SIGN, 0, 0x0100_0003]),
        ] {
            assert_eq!(flush(operand, &words), Answer::Emulator, "{operand:x?}");
        }
        let signed = division(true, [0xc125_ffca, 0x8584_6af6], &[0xc125_ffca, 0]);
        let unsigned = division(false, [0x7206_d1d0, 0xc0d6_adcf], &[0x7206_d1d0, 0]);
        assert_eq!([signed, unsigned], [Answer::Emulator; 2]);
    }

    #[test]
    fn what_manuals_and_hardware_tests_say_is_silicon() {
        // R4000 manual, table 7-1: the format's least number of that sign, underflow and inexact.
        assert_eq!(
            flush([8, 0], &[LEAST_NORMAL, 0, 0x0100_300e]),
            Answer::Silicon
        );
        assert_eq!(
            flush([SIGN, 0], &[SIGN | LEAST_NORMAL, 0, 0x0100_300f]),
            Answer::Silicon
        );
        // Flushed to zero, but flagged: not the emulator.
        assert_eq!(flush([8, 0], &[0, 0, 0x0100_300e]), Answer::Unknown);
        // A unit without FS: the kernel rounds the subnormal.
        assert_eq!(flush([8, 0], &[0, 1, 0x0000_300e]), Answer::Unknown);
        // R3000 and VR4300.
        assert_eq!(division(true, [5, 0], &[u32::MAX, 5]), Answer::Silicon);
        assert_eq!(division(true, [SIGN, 0], &[1, SIGN]), Answer::Silicon);
        assert_eq!(
            division(false, [SIGN, 0], &[u32::MAX, SIGN]),
            Answer::Silicon
        );
    }

    #[test]
    fn answers_that_differ_are_unknown() {
        use Answer::*;
        assert_eq!(agreed([Silicon, Silicon].into_iter()), Some(Silicon));
        assert_eq!(agreed([Silicon, Emulator].into_iter()), Some(Unknown));
        assert_eq!(agreed([].into_iter()), None);
    }

    #[test]
    fn answers_of_any_length_are_judged_without_a_panic() {
        for words in [&[][..], &[1], &[1, 2], &[1, 2, 3], &[1, 2, 3, 4]] {
            let _ = (flush([1, 2], words), division(true, [1, 2], words));
        }
    }
}
