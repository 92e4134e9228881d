//! 68k and 6888x: condition codes that the manual leaves undefined, the FPU's status and its ROM.
//!
//! What silicon answers is WinUAE's (`newcpu_common.cpp`, `gencpu.cpp`, `fpp.cpp`), whose author runs
//! its processor tests on a 68000 to 68060 and the FPUs; what QEMU answers was measured with
//! `c-shims/tests/driver.c` under qemu-m68k 7.2.22, the same for `-cpu` m68020, m68030, m68040 and m68060.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::{NONE, X87_SHORT};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::m68k::{RESERVED_SLOTS, ROM_SLOTS};

/// Numbers of the registry (`probe_core::channels::quirks::m68k`).
mod id {
    pub const DIVU: u16 = 200;
    pub const DIVS: u16 = 201;
    pub const CHK: u16 = 202;
    pub const ABCD: u16 = 203;
    pub const SBCD: u16 = 204;
    pub const NBCD: u16 = 205;
    pub const FMOVECR: u16 = 207;
    pub const FMOVECR_RESERVED: u16 = 208;
    pub const FUNCTIONS: [u16; 4] = [209, 210, 211, 212];
    pub const FDIV_NAN: u16 = 213;
}

/// Condition codes.
const C: u32 = 1;
const V: u32 = 2;
const Z: u32 = 4;
const N: u32 = 8;

/// Judges what is known of 68k.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![flags(subject)];
    checks.extend(status(subject));
    checks.extend(functions(subject));
    checks.extend(rom(subject));
    checks.extend(reserved(subject));
    checks
}

/// Generations whose rules an answer fits, as a set; and QEMU's.
type Fits = u8;
const M68020: Fits = 1;
const M68040: Fits = 2;
const M68060: Fits = 4;
const QEMU: Fits = 8;
/// Every processor.
const SILICON: Fits = M68020 | M68040 | M68060;

/// The two runs of an answer word: from flags clear, from flags set.
fn runs(word: u32) -> [u32; 2] {
    [word & 0x1f, word >> 16 & 0x1f]
}

/// A set of the names whose condition holds.
fn those(conditions: [(Fits, bool); 4]) -> Fits {
    conditions
        .iter()
        .filter(|(_, holds)| *holds)
        .fold(0, |set, (name, _)| set | name)
}

/// The rules that an answer fits.
fn fits(probe: u16, [a, b]: [u32; 2], words: &[u32]) -> Fits {
    let word = words[0];
    let [clear, set] = runs(word);
    // Both divisions: V set and C clear; 68040 and 68060 leave N and Z; QEMU clears Z.
    let kept = [clear, set] == [V, N | Z | V];
    let emulated = [clear, set] == [V, N | V];
    match probe {
        id::DIVU => {
            // The dividend's sign is set. Whether Z and C are cleared is not certain.
            let follows = clear == N | V && set & (N | V) == N | V;
            those([
                (M68020, follows),
                (M68040, kept),
                (M68060, kept),
                (QEMU, emulated),
            ])
        }
        id::DIVS => {
            // N and Z of the quotient's low byte.
            let byte = a & 0xff;
            let nz = (if byte == 0 { Z } else { 0 }) | (if byte & 0x80 != 0 { N } else { 0 });
            let follows = [clear, set] == [nz | V; 2];
            those([
                (M68020, follows),
                (M68040, kept),
                (M68060, kept),
                (QEMU, emulated),
            ])
        }
        id::CHK => {
            let bound = (a & 0x7fff) | 1;
            let zero = if (b & 0xffff) % (bound + 1) == 0 {
                Z
            } else {
                0
            };
            let cleared = [clear, set] == [0, Z | V];
            let kept = [clear, set] == [0, Z | V | C];
            those([
                (M68020, [clear, set] == [zero; 2]),
                (M68040, cleared),
                (M68060, kept),
                (QEMU, cleared),
            ])
        }
        _ => {
            // BCD: N and V alone are undefined.
            let sign = |byte: u32| if byte & 0x80 != 0 { N } else { 0 };
            let (first, second) = (words[1] & 0xff, words[1] >> 16 & 0xff);
            let nv = [clear & (N | V), set & (N | V)];
            let follows = nv == [sign(first), sign(second)];
            let kept = nv == [0, N | V];
            those([
                (M68020, follows),
                (M68040, kept),
                (M68060, kept),
                (QEMU, kept),
            ])
        }
    }
}

/// Names of a set.
fn names(set: Fits) -> String {
    [
        (M68020, "68020 or 68030"),
        (M68040, "68040"),
        (M68060, "68060"),
        (QEMU, "QEMU"),
    ]
    .iter()
    .filter(|(name, _)| set & name != 0)
    .map(|(_, text)| *text)
    .collect::<Vec<_>>()
    .join(", ")
}

/// The rules that all the answers fit.
fn common<'a>(answers: impl IntoIterator<Item = (u16, [u32; 2], &'a [u32])>) -> Fits {
    answers
        .into_iter()
        .fold(SILICON | QEMU, |set, (probe, operand, words)| {
            set & fits(probe, operand, words)
        })
}

/// Undefined condition codes: of one generation throughout.
fn flags(subject: &Subject<'_>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let probes = [id::DIVU, id::DIVS, id::CHK, id::ABCD, id::SBCD, id::NBCD];
    let seen: Vec<_> = probes
        .iter()
        .flat_map(|&probe| {
            answers(subject, probe)
                .into_iter()
                .map(move |(operand, words)| (probe, operand, words))
        })
        .collect();
    // The divisions tell QEMU from every processor; without them nothing is said.
    if !seen.iter().any(|(probe, ..)| *probe == id::DIVU) {
        return draft.absent("No divisions were answered.");
    }
    let count = seen.len();
    let set = common(seen);
    let draft = draft
        .measured(format!("{count} answers fit: {}", names(set)))
        .expected("undefined condition codes of one generation, 68020 to 68060");
    if set & SILICON != 0 {
        draft.so(
            Outcome::Pass,
            "Undefined condition codes are left as one generation of 680x0 leaves them.",
            &NONE,
        )
    } else if set & QEMU != 0 {
        draft.so(
            Outcome::Fail,
            "Divisions that overflow leave N and clear Z: QEMU does, no 680x0 does.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Condition codes of no processor in the table: collected.",
            &NONE,
        )
    }
}

/// FPSR, exception status byte: operand error, and inexact result.
const OPERR: u32 = 0x2000;
const INEX2: u32 = 0x0200;

/// Of results that must be marked in FPSR's exception byte, how many are not.
fn unmarked<'a>(answers: impl IntoIterator<Item = (u16, &'a [u32])>) -> (usize, usize) {
    let (mut all, mut silent) = (0, 0);
    for (probe, words) in answers {
        let bit = if probe == id::FDIV_NAN { OPERR } else { INEX2 };
        all += 1;
        silent += usize::from(words[3] & bit == 0);
    }
    (all, silent)
}

/// The exception byte, which every operation sets (MC68881/MC68882 User's Manual, section 2.3;
/// the software packages of 68040 and 68060 do alike). A zero argument would be exact: it is not drawn,
/// but by one chance in 2^32.
fn status(subject: &Subject<'_>) -> Option<Check> {
    let probes = [id::FMOVECR, id::FDIV_NAN].into_iter().chain(id::FUNCTIONS);
    let (all, silent) = unmarked(probes.flat_map(|probe| {
        answers(subject, probe)
            .into_iter()
            .map(move |(_, words)| (probe, words))
    }));
    if all == 0 {
        return None;
    }
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{silent} of {all} inexact or invalid results leave FPSR unmarked"
        ))
        .expected("INEX2 or OPERR after each");
    Some(if silent == 0 {
        draft.so(
            Outcome::Pass,
            "The FPU's status says what each operation met.",
            &NONE,
        )
    } else if silent == all && all > 1 {
        draft.so(
            Outcome::Fail,
            "The FPU's status never changes: QEMU 7.2 does not keep it, every FPU does.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Some operations leave no mark in the FPU's status: collected.",
            &NONE,
        )
    })
}

/// Bits of an extended mantissa beyond binary64.
const BEYOND_BINARY64: u32 = 0x7ff;

/// Transcendental functions must use all 64 bits of the mantissa.
fn functions(subject: &Subject<'_>) -> Option<Check> {
    let results: Vec<&[u32]> = id::FUNCTIONS
        .iter()
        .flat_map(|&probe| answers(subject, probe))
        .map(|(_, words)| words)
        .collect();
    if results.is_empty() {
        return None;
    }
    let short = results
        .iter()
        .filter(|words| words[2] & BEYOND_BINARY64 == 0)
        .count();
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{short} of {} functions end in eleven zero bits",
            results.len()
        ))
        .expected("mantissas of 64 bits");
    Some(
        if short == results.len() && short as u64 >= X87_SHORT.value {
            draft.so(
                Outcome::Fail,
                "The functions were computed in 53 bits: an emulator on its host's arithmetic.",
                &X87_SHORT,
            )
        } else {
            // The last bits by FPU are not in a table yet; QEMU has 64 bits too.
            draft.so(
                Outcome::Note,
                "The last bits of each FPU's functions are not in the table yet: collected.",
                &X87_SHORT,
            )
        },
    )
}

/// What a slot of [`ROM_SLOTS`] holds, to nearest, and what is added to the last bit in the rounding
/// modes of FPCR: to nearest, toward zero, toward minus and plus infinity.
const ROM: [([u32; 3], [i8; 4]); ROM_SLOTS.len()] = [
    ([0x4000_0000, 0xc90f_daa2, 0x2168_c235], [0, -1, -1, 0]),
    ([0x3ffd_0000, 0x9a20_9a84, 0xfbcf_f798], [0, 0, 0, 1]),
    ([0x4000_0000, 0xadf8_5458, 0xa2bb_4a9a], [0, 0, 0, 1]),
    ([0x3fff_0000, 0xb8aa_3b29, 0x5c17_f0bc], [0, -1, -1, 0]),
    ([0x3ffe_0000, 0xb172_17f7, 0xd1cf_79ac], [0, -1, -1, 0]),
    ([0x4000_0000, 0x935d_8ddd, 0xaaa8_ac17], [0, -1, -1, 0]),
    ([0x4069_0000, 0x9dc5_ada8, 0x2b70_b59e], [0, -1, -1, 0]),
    ([0x40d3_0000, 0xc278_1f49, 0xffcf_a6d5], [0, 0, 0, 1]),
    ([0x41a8_0000, 0x93ba_47c9, 0x80e9_8ce0], [0, -1, -1, 0]),
    ([0x4351_0000, 0xaa7e_ebfb, 0x9df9_de8e], [0, -1, -1, 0]),
    ([0x46a3_0000, 0xe319_a0ae, 0xa60e_91c7], [0, -1, -1, 0]),
    ([0x4d48_0000, 0xc976_7586, 0x8175_0c17], [0, 0, 0, 1]),
    ([0x5a92_0000, 0x9e8b_3b5d, 0xc53d_5de5], [0, -1, -1, 0]),
];

/// How one constant was rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounded {
    /// The mode makes no difference here, or the value is not in the table.
    Unknown,
    /// As the mode says.
    ByMode,
    /// To nearest, whatever the mode says.
    ToNearest,
}

fn rounded([a, b]: [u32; 2], words: &[u32]) -> Rounded {
    let (nearest, offsets) = ROM[a as usize % ROM.len()];
    let offset = i32::from(offsets[b as usize & 3]);
    let by_mode = [
        nearest[0],
        nearest[1],
        nearest[2].wrapping_add_signed(offset),
    ];
    if offset == 0 {
        Rounded::Unknown
    } else if words[..3] == by_mode {
        Rounded::ByMode
    } else if words[..3] == nearest {
        Rounded::ToNearest
    } else {
        Rounded::Unknown
    }
}

/// The ROM's constants obey the rounding mode, on the 6888x and in the packages for 68040 and 68060.
fn rom(subject: &Subject<'_>) -> Option<Check> {
    let seen: Vec<Rounded> = answers(subject, id::FMOVECR)
        .into_iter()
        .map(|(operand, words)| rounded(operand, words))
        .filter(|&seen| seen != Rounded::Unknown)
        .collect();
    let by_mode = seen.iter().filter(|&&s| s == Rounded::ByMode).count();
    if seen.is_empty() {
        return None;
    }
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{by_mode} of {} constants are rounded by the mode",
            seen.len()
        ))
        .expected("all, as MC68881/MC68882 User's Manual, FMOVECR, says");
    Some(if by_mode == seen.len() {
        draft.so(
            Outcome::Pass,
            "The FPU's constants obey the rounding mode.",
            &NONE,
        )
    } else if by_mode == 0 {
        draft.so(
            Outcome::Fail,
            "The FPU's constants are those of QEMU, which rounds them to nearest in any mode.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Some constants obey the rounding mode: collected.",
            &NONE,
        )
    })
}

/// What the slots 1 to 10 that the manual reserves hold on 68881 and 68882; all others hold
/// [`OTHER_RESERVED`].
const RESERVED: [[u32; 3]; 10] = [
    [0x4001_0000, 0xfe00_0682, 0],
    [0x4001_0000, 0xffc0_0503, 0x8000_0000],
    [0x2000_0000, 0x7fff_ffff, 0],
    [0, 0xffff_ffff, 0xffff_ffff],
    [0x3c00_0000, 0xffff_ffff, 0xffff_f800],
    [0x3f80_0000, 0xffff_ff00, 0],
    [0x0001_0000, 0xf65d_8d9c, 0],
    [0x7fff_0000, 0x001e_0000, 0],
    [0x43ff_0000, 0x000e_0000, 0],
    [0x407f_0000, 0x0006_0000, 0],
];
const OTHER_RESERVED: [u32; 3] = [0x4000_0000, 0, 0];

/// Whether an answer is what the 6888x's ROM holds.
fn is_microcode([a, _]: [u32; 2], words: &[u32]) -> bool {
    let slot = RESERVED_SLOTS[a as usize % RESERVED_SLOTS.len()];
    let held = RESERVED
        .get(usize::from(slot) - 1)
        .unwrap_or(&OTHER_RESERVED);
    words[..3] == *held
}

/// The reserved slots: microcode on a 6888x. The packages for 68040 and 68060 give 0, as QEMU does: that
/// says nothing.
fn reserved(subject: &Subject<'_>) -> Option<Check> {
    let answers = answers(subject, id::FMOVECR_RESERVED);
    if answers.is_empty() {
        return None;
    }
    let microcode = answers
        .iter()
        .filter(|(operand, words)| is_microcode(*operand, words))
        .count();
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{microcode} of {} reserved slots hold what a 6888x has there",
            answers.len()
        ))
        .expected("all on 68881 and 68882, 0 on 68040 and 68060");
    Some(if microcode == answers.len() {
        draft.so(Outcome::Pass, "The ROM of a 68881 or 68882.", &NONE)
    } else {
        draft.so(Outcome::Note, "Not the ROM of a 68881 or 68882.", &NONE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Operands, and what qemu-m68k 7.2.22 answered to them, the same for every model.
    const QEMU_FLAGS: [(u16, [u32; 2], [u32; 2]); 12] = [
        (id::DIVU, [0x8000_0001, 0x1_2345], [0x000a_0002, 0]),
        (id::DIVU, [1, 0x1_2345], [0x000a_0002, 0]),
        (id::DIVS, [0x1081, 0x1_2345], [0x000a_0002, 0]),
        (id::DIVS, [0x1001, 0x345], [0x000a_0002, 0]),
        (id::CHK, [0x1234, 0x99], [0x0006_0000, 0]),
        (id::CHK, [0x1234, 0], [0x0006_0000, 0]),
        (id::ABCD, [0x85, 0x19], [0x001b_0011, 0x5_0004]),
        (id::ABCD, [0x3f, 0x5b], [0x001b_0011, 0x1_0000]),
        (id::SBCD, [0x22, 0x3d], [0x000a_0000, 0x1a_001b]),
        (id::SBCD, [0x9a, 0x15], [0x001b_0011, 0x14_0015]),
        (id::NBCD, [0, 0xff], [0x000a_0000, 0x9a_009b]),
        (id::NBCD, [0, 0x5b], [0x001b_0011, 0x3e_003f]),
    ];

    fn all(answers: &[(u16, [u32; 2], [u32; 2])]) -> impl Iterator<Item = (u16, [u32; 2], &[u32])> {
        answers
            .iter()
            .map(|(probe, operand, words)| (*probe, *operand, &words[..]))
    }

    #[test]
    fn qemu_is_no_generation() {
        assert_eq!(common(all(&QEMU_FLAGS)), QEMU);
        // Each division alone gives it away.
        for answer in all(&QEMU_FLAGS[..4]) {
            assert_eq!(common([answer]), QEMU, "{answer:x?}");
        }
    }

    #[test]
    fn the_generations_by_their_rules() {
        // 68040: N and Z stay after divisions, C goes after CHK.
        let m68040 = [
            (id::DIVU, [5, 6], [0x000e_0002, 0]),
            (id::DIVS, [0x1081, 6], [0x000e_0002, 0]),
            (id::CHK, [0x1234, 0x99], [0x0006_0000, 0]),
            (id::ABCD, [0x85, 0x19], [0x001b_0011, 0x5_0004]),
        ];
        assert_eq!(common(all(&m68040)), M68040);
        let mut m68060 = m68040;
        m68060[2].2[0] = 0x0007_0000;
        assert_eq!(common(all(&m68060)), M68060);
        // 68020 and 68030: N of the dividend; N and Z of the quotient's byte; CHK clears; BCD's N.
        let m68020 = [
            (id::DIVU, [5, 6], [0x000a_000a, 0]),
            (id::DIVU, [5, 6], [0x000e_000a, 0]),
            (id::DIVS, [0x1081, 6], [0x000a_000a, 0]),
            (id::DIVS, [0x1001, 6], [0x0002_0002, 0]),
            (id::DIVS, [0x1000, 6], [0x0006_0006, 0]),
            (id::CHK, [0x1234, 0x99], [0, 0]),
            (id::CHK, [0x1234, 0], [0x0004_0004, 0]),
            (id::NBCD, [0, 0xff], [0x0019_0019, 0x9a_009b]),
            (id::ABCD, [0x85, 0x19], [0x0011_0011, 0x5_0004]),
        ];
        assert_eq!(common(all(&m68020)), M68020);
        // One answer of another generation, and it is none of them.
        let mut mixed = m68020;
        mixed[5].2[0] = 0x0006_0000;
        assert_eq!(common(all(&mixed)), 0);
    }

    #[test]
    fn constants_by_mode() {
        const PI: [u32; 4] = [0x4000_0000, 0xc90f_daa2, 0x2168_c235, 0];
        let zero = |low| [PI[0], PI[1], low, 0x208];
        assert_eq!(rounded([0, 0], &PI), Rounded::Unknown);
        // QEMU 7.2 in every mode.
        assert_eq!(rounded([0, 1], &PI), Rounded::ToNearest);
        assert_eq!(rounded([13, 2], &PI), Rounded::ToNearest);
        assert_eq!(rounded([0, 1], &zero(0x2168_c234)), Rounded::ByMode);
        assert_eq!(rounded([0, 3], &zero(0x2168_c235)), Rounded::Unknown);
        assert_eq!(rounded([0, 1], &zero(0)), Rounded::Unknown);
        let log = [0x3ffd_0000, 0x9a20_9a84, 0xfbcf_f799, 0x208];
        assert_eq!(rounded([1, 3], &log), Rounded::ByMode);
    }

    #[test]
    fn reserved_slots() {
        let first = [0x4001_0000, 0xfe00_0682, 0, 0];
        assert!(is_microcode([0, 0], &first));
        assert!(is_microcode([10, 0], &[0x4000_0000, 0, 0, 0]));
        assert!(is_microcode([11, 0], &[0x4000_0000, 0, 0, 0]));
        assert!(!is_microcode([1, 0], &first));
        assert!(!is_microcode([0, 0], &[0; 4]));
    }

    #[test]
    fn status_marks() {
        // QEMU 7.2: fsin(1), 0 / 0.
        let sine = [0x3ffe_0000, 0xd76a_a478, 0x4867_7020, 0];
        let nan = [0x7fff_0000, u32::MAX, u32::MAX, 0x0100_0000];
        let emulated = [(id::FUNCTIONS[0], &sine[..]), (id::FDIV_NAN, &nan[..])];
        assert_eq!(unmarked(emulated), (2, 2));
        // INEX2 with its accrued bit; OPERR with its own, and NAN.
        let sine = [sine[0], sine[1], sine[2], 0x0000_0208];
        let nan = [nan[0], nan[1], nan[2], 0x0100_2080];
        let real = [(id::FUNCTIONS[0], &sine[..]), (id::FDIV_NAN, &nan[..])];
        assert_eq!(unmarked(real), (2, 0));
    }
}
