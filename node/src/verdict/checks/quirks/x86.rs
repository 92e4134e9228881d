//! x86: estimates, x87 transcendentals, undefined flags.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::{
    ESTIMATE_COMPUTED, ESTIMATE_ERROR, ESTIMATE_SHARE, FLAG_ANSWERS, NONE, X87_SHORT,
};
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::x86`).
mod id {
    pub const RCPPS: u16 = 1;
    pub const RSQRTPS: u16 = 2;
    pub const RCPSS: u16 = 3;
    pub const RSQRTSS: u16 = 4;
    pub const FSIN: u16 = 5;
    pub const FCOS: u16 = 6;
    pub const FSIN_PI: u16 = 10;
    pub const SHL: u16 = 11;
    pub const SHR: u16 = 12;
    pub const BSF: u16 = 16;
    pub const BSR: u16 = 17;
}

/// Parity flag and auxiliary carry in `RFLAGS`.
const PF: u32 = 1 << 2;
const AF: u32 = 1 << 4;

/// Judges what is known of x86.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![estimates(subject), x87(subject), scans(subject)];
    checks.extend(fsin_pi(subject));
    checks.extend(shifts(subject));
    checks
}

/// Relative error of an estimate `y` for the operand `x`.
type Error = fn(x: f64, y: f64) -> f64;

/// Relative errors of the estimates, in 1e-9.
fn estimate_errors(subject: &Subject<'_>) -> Vec<u64> {
    let reciprocal: Error = |x, y| x * y - 1.0;
    let root: Error = |x, y| y * x.sqrt() - 1.0;
    let probes = [
        (id::RCPPS, 21, reciprocal),
        (id::RSQRTPS, 22, root),
        (id::RCPSS, 0, reciprocal),
        (id::RSQRTSS, 0, root),
    ];
    let mut errors = Vec::new();
    for (id, lane_shift, error) in probes {
        for ([a, _], lanes) in answers(subject, id) {
            for (lane, &word) in (0u32..).zip(lanes) {
                let x = f64::from(f32::from_bits(a ^ (lane << lane_shift)));
                let relative = error(x, f64::from(f32::from_bits(word))).abs() * 1e9;
                // A NaN or an infinity is as wrong as can be: the cast saturates.
                errors.push(if relative.is_nan() {
                    u64::MAX
                } else {
                    relative as u64
                });
            }
        }
    }
    errors
}

/// Estimates must be as good as the manuals promise, and no better.
fn estimates(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let errors = estimate_errors(subject);
    let Some(worst) = errors.iter().copied().max() else {
        return draft.absent("No estimates were answered.");
    };
    let computed = errors
        .iter()
        .filter(|&&e| e <= ESTIMATE_COMPUTED.value)
        .count();
    let draft = draft
        .measured(format!(
            "{} reciprocal and square-root estimates: worst relative error {worst}e-9, {computed} exact",
            errors.len()
        ))
        .expected(format!("errors of a table, at most {}e-9", ESTIMATE_ERROR.value));
    if worst > ESTIMATE_ERROR.value {
        draft.so(
            Outcome::Fail,
            "An estimate is worse than every processor's manual promises.",
            &ESTIMATE_ERROR,
        )
    } else if computed as u64 * 1000 >= errors.len() as u64 * ESTIMATE_SHARE.value {
        draft.so(
            Outcome::Fail,
            "The estimates are exact: an emulator divides where a processor looks up a table.",
            &ESTIMATE_SHARE,
        )
    } else {
        draft.so(
            Outcome::Pass,
            "The estimates are those of a table in silicon.",
            &ESTIMATE_ERROR,
        )
    }
}

/// Sine and cosine must use all 64 bits of the mantissa.
fn x87(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let results: Vec<&[u32]> = [id::FSIN, id::FCOS]
        .iter()
        .flat_map(|&id| answers(subject, id))
        .map(|(_, w)| w)
        .collect();
    if results.is_empty() {
        return draft.absent("No x87 results were answered.");
    }
    let short = results.iter().filter(|w| w[0] & 0x7ff == 0).count();
    let all = short == results.len() && short as u64 >= X87_SHORT.value;
    draft
        .measured(format!(
            "{short} of {} sines and cosines end in eleven zero bits",
            results.len()
        ))
        .expected("mantissas of 64 bits")
        .decide(
            !all,
            "Sine and cosine have the last bits of an x87 unit.",
            "Sine and cosine were computed in 53 bits: an emulator on its host's arithmetic.",
            &X87_SHORT,
        )
}

/// sin π with π as the x87 holds it, `[mantissa low, mantissa high, sign and exponent]`.
const FSIN_PI_SILICON: [u32; 3] = [0, 0x8000_0000, 0xbfbf];
/// The same under QEMU 7.2.
const FSIN_PI_QEMU: [u32; 3] = [0xa2e0_3800, 0x8d31_3198, 0x3fca];

/// The one argument at which units that reduce by 66 bits of π differ from a library.
fn fsin_pi(subject: &Subject<'_>) -> Option<Check> {
    let answers = answers(subject, id::FSIN_PI);
    let [lo, hi, se] = *answers.first()?.1 else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("fsin(pi) = {se:04X}:{hi:08X}{lo:08X}"))
        .expected("BFBF:8000000000000000");
    Some(match [lo, hi, se] {
        FSIN_PI_SILICON => draft.so(
            Outcome::Pass,
            "Argument reduction by 66 bits of pi, as in silicon.",
            &NONE,
        ),
        FSIN_PI_QEMU => draft.so(Outcome::Fail, "The value that QEMU computes.", &NONE),
        _ => draft.so(
            Outcome::Note,
            "A value that is not in the table: collected.",
            &NONE,
        ),
    })
}

/// Even parity of the low byte, as PF has it.
fn parity(word: u32) -> u32 {
    if (word & 0xff).count_ones().is_multiple_of(2) {
        PF
    } else {
        0
    }
}

/// PF after a bit scan: of the index on silicon, of the source under QEMU.
fn scans(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence)
        .expected("PF of the index found (Intel, AMD); QEMU gives PF of the source");
    // (flags, source, index)
    let mut seen: Vec<(u32, u32, u32)> = Vec::new();
    for ([a, b], words) in answers(subject, id::BSF) {
        let source = (a | 1 << 31) & (u32::MAX << (b & 31));
        seen.push((words[0], source, source.trailing_zeros()));
    }
    for ([a, b], words) in answers(subject, id::BSR) {
        let source = (a >> (b & 31)) | 1;
        seen.push((words[0], source, 31 - source.leading_zeros()));
    }
    if (seen.len() as u64) < FLAG_ANSWERS.value {
        return draft.absent("Too few bit scans were answered.");
    }
    let by_index = seen
        .iter()
        .filter(|(f, _, index)| f & PF == parity(*index))
        .count();
    let by_source = seen
        .iter()
        .filter(|(f, source, _)| f & PF == parity(*source))
        .count();
    let draft = draft.measured(format!(
        "of {} bit scans {by_index} have PF of the index, {by_source} PF of the source",
        seen.len()
    ));
    match (by_index == seen.len(), by_source == seen.len()) {
        (true, false) => draft.so(
            Outcome::Pass,
            "Undefined flags as silicon leaves them.",
            &FLAG_ANSWERS,
        ),
        (false, true) => draft.so(
            Outcome::Fail,
            "Undefined flags as QEMU leaves them.",
            &FLAG_ANSWERS,
        ),
        _ => draft.so(
            Outcome::Note,
            "These operands do not tell the models apart, or the model is not in the table.",
            &FLAG_ANSWERS,
        ),
    }
}

/// AF after a shift is undefined: clear on Intel and under QEMU, set on AMD.
fn shifts(subject: &Subject<'_>) -> Option<Check> {
    const AF_BY_MAKER: [(&str, bool); 2] = [("Genu", false), ("Auth", true)];
    let maker = &subject.processor.x86.as_ref()?.maker;
    let &(_, expected) = AF_BY_MAKER.iter().find(|(m, _)| m == maker)?;
    let flags: Vec<u32> = [id::SHL, id::SHR]
        .iter()
        .flat_map(|&id| answers(subject, id))
        .map(|(_, words)| words[0])
        .collect();
    if flags.is_empty() {
        return None;
    }
    let set = flags.iter().filter(|&&f| f & AF != 0).count();
    let agrees = set == if expected { flags.len() } else { 0 };
    let draft = about("quirks", Aspect::Kind)
        .measured(format!("AF set after {set} of {} shifts", flags.len()))
        .expected(if expected {
            "all (AMD)"
        } else {
            "none (Intel)"
        });
    Some(if agrees {
        draft.so(
            Outcome::Pass,
            "Shifts leave AF as this maker's processors do.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Shifts leave AF otherwise than the two processors in the table (Sapphire Rapids, Zen 5): \
             collected.",
            &NONE,
        )
    })
}
