//! x86 of 32 and 64 bits: estimates, x87 transcendentals, undefined flags; in 32 bits also what a swap of
//! 16 bits leaves, CR0, and the division of the first Pentiums.
//!
//! What QEMU answers was measured with `cargo run -p probe-arch --example facts` under user-mode QEMU 7.2, in 32
//! bits with -cpu 486, pentium, pentium2, pentium3, athlon, core2duo, phenom and max; what silicon answers in 32
//! bits on an EPYC of family 19h.

use super::answers;
use super::arm::{collected, Answers};
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
    pub const FDIV: u16 = 22;
    pub const BSWAP16: u16 = 23;
    pub const SEGMENT: u16 = 24;
    pub const MACHINE_STATUS: u16 = 25;
    pub const DAA: u16 = 26;
    pub const DAS: u16 = 27;
    pub const AAA: u16 = 28;
    pub const AAM: u16 = 29;
    pub const CPUID_BEYOND: u16 = 30;
    pub const FPU_POINTERS: u16 = 31;
}

/// Parity flag and auxiliary carry in `RFLAGS`.
const PF: u32 = 1 << 2;
const AF: u32 = 1 << 4;

/// Judges what is known of x86.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![estimates(subject), x87(subject), scans(subject)];
    checks.extend(fsin_pi(subject));
    checks.extend(shifts(subject));
    checks.extend(of_32_bits(subject));
    checks
}

/// The first family of which undefined answers are known: the Pentium Pro's. AMD's 6 is the Athlon.
const FAMILY_KNOWN: u16 = 6;
/// The first family that has no coprocessor beside it: the Pentium's.
const FAMILY_PENTIUM: u16 = 5;

/// First four letters of the makers whose undefined answers are known.
const MAKERS_KNOWN: [&str; 2] = ["Genu", "Auth"];

/// What a program of 32 bits is asked besides.
fn of_32_bits(subject: &Subject<'_>) -> Vec<Check> {
    let of = |id| answers(subject, id);
    let family = subject.processor.x86.as_ref().map(|x| x.signature.family);
    let maker = subject.processor.x86.as_ref().map(|x| x.maker.as_str());
    let known =
        family >= Some(FAMILY_KNOWN) && maker.is_some_and(|maker| MAKERS_KNOWN.contains(&maker));
    let checks = [
        machine_status(&of(id::MACHINE_STATUS), family),
        swap(&of(id::BSWAP16), known),
        segment(&of(id::SEGMENT)),
        division(&of(id::FDIV), family),
        collected(&[
            ("daa", &of(id::DAA)),
            ("das", &of(id::DAS)),
            ("aaa", &of(id::AAA)),
            ("aam", &of(id::AAM)),
            ("cpuid_beyond", &of(id::CPUID_BEYOND)),
            ("fpu_pointers", &of(id::FPU_POINTERS)),
        ]),
    ];
    checks.into_iter().flatten().collect()
}

/// CR0.ET: the coprocessor is a 387 or an x87 of the processor's own. Always 1 on the Pentium and later (Intel
/// SDM volume 3, "Control Registers"), in what Linux answers for a processor that forbids the instruction, and
/// under a hypervisor.
const CR0_ET: u32 = 1 << 4;

fn machine_status(answers: &Answers<'_>, family: Option<u16>) -> Option<Check> {
    let status = *answers.first()?.1.first()?;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("CR0 {status:08X}"))
        .expected("bit 4 set: always so since the Pentium");
    Some(if status & CR0_ET == 0 && family >= Some(FAMILY_PENTIUM) {
        draft.so(
            Outcome::Fail,
            "CR0 without its bit 4, which is wired to 1: QEMU's user mode answers 80010001.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "CR0 as on a processor; emulators of whole machines have it so too.",
            &NONE,
        )
    })
}

/// `bswap` of 16 bits is undefined and clears them: Coldwind, "BSWAP + 66h prefix" (2009), on Core 2, Duron and
/// Athlon, and Ferrie in its comments, on every processor since the 486; the EPYC.
fn swap(answers: &Answers<'_>, known: bool) -> Option<Check> {
    let &([a, _], words) = answers.first()?;
    let result = *words.first()?;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("bswap of 16 bits: {a:08X} to {result:08X}"))
        .expected(format!("{:08X}", a & 0xffff_0000));
    Some(if result == a & 0xffff_0000 {
        draft.so(
            Outcome::Pass,
            "The swap of 16 bits clears them, as in silicon.",
            &NONE,
        )
    } else if result == a.swap_bytes() && known {
        draft.so(
            Outcome::Fail,
            "The swap of 16 bits swaps 32, as QEMU's does.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "A value that is not in the table: collected.",
            &NONE,
        )
    })
}

/// A segment register that is pushed may leave the upper half of its place alone, as recent Core and Atom
/// processors do (Intel SDM volume 2, `PUSH`). QEMU extends it by zeros, and so does the EPYC.
fn segment(answers: &Answers<'_>) -> Option<Check> {
    let &([a, _], words) = answers.first()?;
    let &[pushed, moved] = words else { return None };
    let draft = about("quirks", Aspect::Kind)
        .measured(format!(
            "upper half {:04X} of a place to which DS is pushed becomes {pushed:04X}, of a register {moved:04X}",
            a >> 16
        ))
        .expected("the same (Intel) or 0 (AMD)");
    Some(draft.so(
        Outcome::Note,
        if pushed == a >> 16 && pushed != 0 {
            "The push writes 16 bits, as recent processors of Intel do."
        } else {
            "The push extends by zeros, as processors of AMD and emulators do."
        },
        &NONE,
    ))
}

/// 4195835 / 3145727 with 64 bits of mantissa.
const QUOTIENT: [u32; 3] = [0xe35a_14bd, 0xaaba_a0e3, 0x3fff];
/// The upper half of the mantissa of what the first Pentiums answer, 1.33373906…, is between these (Intel,
/// "Statistical Analysis of Floating Point Flaw").
const FLAWED: core::ops::RangeInclusive<u32> = 0xaab7_f500..=0xaab7_f7ff;

fn division(answers: &Answers<'_>, family: Option<u16>) -> Option<Check> {
    let words = answers.first()?.1;
    let &[low, high, exponent] = words else {
        return None;
    };
    let draft = about("quirks", Aspect::Kind)
        .measured(format!(
            "4195835 / 3145727 = {exponent:04X}:{high:08X}{low:08X}"
        ))
        .expected("3FFF:AABAA0E3E35A14BD, or the first Pentiums' 1.33373906");
    let flawed = exponent == QUOTIENT[2] && FLAWED.contains(&high);
    Some(if flawed && family == Some(FAMILY_PENTIUM) {
        draft.so(
            Outcome::Pass,
            "The quotient of the first Pentiums' divider.",
            &NONE,
        )
    } else if words == QUOTIENT {
        draft.so(
            Outcome::Note,
            "The right quotient, as all but the first Pentiums answer.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "A quotient that is not in the table: collected.",
            &NONE,
        )
    })
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

/// The same under Bochs 2.7, as a Pentium MMX and as a Ryzen (rig system, "PC, no system, Bochs").
const FSIN_PI_BOCHS: [u32; 3] = [0, 0xc000_0000, 0xbfc0];

/// The one argument at which units that reduce by 66 bits of π differ from a library. Makers whose units do so (Intel SDM
/// volume 1, "Approximation of Pi"; AMD: the EPYC) cannot answer as an emulator does.
fn fsin_pi(subject: &Subject<'_>) -> Option<Check> {
    const REDUCE_BY_66_BITS: [&str; 2] = ["Genu", "Auth"];
    let maker = subject.processor.x86.as_ref().map(|x| x.maker.as_str());
    let known = maker.is_some_and(|maker| REDUCE_BY_66_BITS.contains(&maker));
    let answers = answers(subject, id::FSIN_PI);
    sine_of_pi(*answers.first()?.1.first_chunk()?, known)
}

fn sine_of_pi([lo, hi, se]: [u32; 3], known: bool) -> Option<Check> {
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
        FSIN_PI_BOCHS if known => draft.so(Outcome::Fail, "The value that Bochs computes.", &NONE),
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
    // What processors before the Pentium Pro leave is not in the table; none of them has 64 bits.
    let old = subject.processor.architecture != "x86_64"
        && subject
            .processor
            .x86
            .as_ref()
            .is_none_or(|x| x.signature.family < FAMILY_KNOWN);
    match (by_index == seen.len(), by_source == seen.len()) {
        (true, false) => draft.so(
            Outcome::Pass,
            "Undefined flags as silicon leaves them.",
            &FLAG_ANSWERS,
        ),
        (false, true) if !old => draft.so(
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome(check: Option<Check>) -> Option<Outcome> {
        check.map(|check| check.outcome)
    }

    #[test]
    fn a_swap_of_16_bits_clears_them() {
        let judged = |a, result, known| outcome(swap(&[([a, 0], &[result])], known));
        // EPYC, QEMU 7.2.
        assert_eq!(judged(0x1fb8_7c2e, 0x1fb8_0000, true), Some(Outcome::Pass));
        assert_eq!(judged(0x1fb8_7c2e, 0x2e7c_b81f, true), Some(Outcome::Fail));
        assert_eq!(judged(0x1fb8_7c2e, 0x2e7c_b81f, false), Some(Outcome::Note));
        assert_eq!(judged(0x1fb8_7c2e, 0x1fb8_2e7c, true), Some(Outcome::Note));
    }

    #[test]
    fn the_sine_of_pi_names_emulators() {
        let judged = |words, known| outcome(sine_of_pi(words, known));
        assert_eq!(judged(FSIN_PI_SILICON, true), Some(Outcome::Pass));
        assert_eq!(judged(FSIN_PI_QEMU, true), Some(Outcome::Fail));
        assert_eq!(judged(FSIN_PI_BOCHS, true), Some(Outcome::Fail));
        assert_eq!(judged(FSIN_PI_BOCHS, false), Some(Outcome::Note));
        assert_eq!(judged([1, 2, 3], true), Some(Outcome::Note));
    }

    #[test]
    fn a_pentium_has_its_coprocessor() {
        let judged = |status, family| outcome(machine_status(&[([0, 0], &[status])], family));
        // EPYC, what Linux answers where the instruction is forbidden, QEMU 7.2.
        assert_eq!(judged(0x8005_0033, Some(0x19)), Some(Outcome::Note));
        assert_eq!(judged(0x33, Some(6)), Some(Outcome::Note));
        assert_eq!(judged(0x8001_0001, Some(5)), Some(Outcome::Fail));
        // A 386 without a 387.
        assert_eq!(judged(0x8000_0001, None), Some(Outcome::Note));
        assert_eq!(judged(0x8000_0001, Some(4)), Some(Outcome::Note));
    }

    #[test]
    fn the_first_pentiums_divide_as_they_do() {
        let judged = |words: [u32; 3], family| outcome(division(&[([0, 0], &words)], family));
        assert_eq!(judged(QUOTIENT, Some(6)), Some(Outcome::Note));
        // 1.33373906 as 80 bits.
        let mantissa = (1.333_739_06_f64 * 2f64.powi(63)) as u64;
        let flawed = [mantissa as u32, (mantissa >> 32) as u32, 0x3fff];
        assert_eq!(judged(flawed, Some(5)), Some(Outcome::Pass));
        assert_eq!(judged(flawed, Some(6)), Some(Outcome::Note));
    }

    proptest! {
        #[test]
        fn no_answer_panics(
            operand: [u32; 2], words in prop::collection::vec(any::<u32>(), 0..5),
            family: Option<u16>, known: bool,
        ) {
            let answers: [([u32; 2], &[u32]); 1] = [(operand, &words)];
            machine_status(&answers, family);
            swap(&answers, known);
            segment(&answers);
            division(&answers, family);
        }
    }
}
