//! SPARC: rounding that the architecture fixes, and the Visual Instruction Set.
//!
//! What decides, and its source:
//!
//! - Tininess is detected before rounding: JPS1 (implementation dependency 55; UltraSPARC and SPARC64
//!   processors); UltraSPARC User's Manual, 14.3.2; the kernel that completes what the processor
//!   leaves unfinished does the same. QEMU 7.2 detects it after rounding.
//! - Where FSR.NS can be set, a subnormal operand counts as 0: UltraSPARC User's Manual, 14.3.1; Fujitsu
//!   SPARC64 V supplement, B.6.2. Where there is no such mode the bit reads as 0 (SPARC V9, 5.1.7.5).
//!   QEMU 7.2 lets the bit be set and does nothing.
//! - A negative NaN becomes the least integer: SPARC V9, B.5. QEMU 7.2 gives the greatest.
//! - VIS: Sun, "VIS Instruction Set User's Manual". QEMU 7.2 takes single registers with odd numbers
//!   for doubles, and gives the left edge alone where both addresses are in one block.
//!
//! These are rules of version 9. Processors of version 8 were free in the first three, so that a 32-bit
//! program whose processor answers no VIS probe is not judged by them.
//!
//! What QEMU 7.2 does was measured in user mode, `cargo run -p probe-arch --example facts`.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::sparc`).
mod id {
    pub const NONSTANDARD: u16 = 141;
    pub const TINY: u16 = 142;
    pub const FDTOI: u16 = 143;
    pub const EDGE: u16 = 150;
    pub const FMUL8X16: u16 = 152;
    pub const FMUL8X16AU: u16 = 153;
    pub const FMUL8X16AL: u16 = 154;
    pub const FMULD8ULX16: u16 = 155;
    pub const FEXPAND: u16 = 156;
    pub const FPMERGE: u16 = 157;
}

/// FSR: the mode for nonstandard results, and the current exception underflow.
const FSR_NONSTANDARD: u32 = 1 << 22;
const FSR_UNDERFLOW: u32 = 1 << 2;
const FSR_INEXACT: u32 = 1;

/// Judges what is known of SPARC.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let version_9 =
        subject.processor.architecture == "sparc64" || !answers(subject, id::EDGE).is_empty();
    let rounding = judge(
        version_9,
        "subnormals, tininess and NaN to integer",
        "as SPARC V9, JPS1 and the processors' manuals have them",
        [id::NONSTANDARD, id::TINY, id::FDTOI]
            .iter()
            .flat_map(|&id| {
                answers(subject, id)
                    .into_iter()
                    .map(move |(operand, words)| float(id, operand, words))
            }),
    );
    let vis = judge(
        true,
        "VIS results",
        "as the VIS manual defines them",
        (id::EDGE..=id::FPMERGE).flat_map(|id| {
            answers(subject, id)
                .into_iter()
                .filter_map(move |(operand, words)| vis(id, operand, words))
        }),
    );
    vec![rounding, vis]
}

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// As documented, and not as the emulator answers.
    Silicon,
    /// As QEMU 7.2 answers, and not as documented.
    Emulator,
    /// Both would answer so.
    Both,
    /// Neither: unknown.
    Unknown,
}

/// Tells by what each would answer.
fn whose(silicon: bool, emulator: bool) -> Whose {
    match (silicon, emulator) {
        (true, false) => Whose::Silicon,
        (false, true) => Whose::Emulator,
        (true, true) => Whose::Both,
        (false, false) => Whose::Unknown,
    }
}

/// Fails only where every answer that tells is the emulator's, and there are at least two: one quirk
/// of one unknown core proves nothing. Where the architecture leaves it open (not `defined`), nobody
/// fails.
fn judge(defined: bool, what: &str, expected: &str, all: impl Iterator<Item = Whose>) -> Check {
    let draft = about("quirks", Aspect::Presence);
    let all: Vec<Whose> = all.collect();
    if all.is_empty() {
        return draft.absent("None of these was answered.");
    }
    let count = |whose| all.iter().filter(|&&w| w == whose).count();
    let (silicon, emulator) = (count(Whose::Silicon), count(Whose::Emulator));
    let unknown = count(Whose::Unknown);
    let draft = draft
        .measured(format!(
            "of {} {what}, {silicon} as documented, {emulator} as QEMU, {unknown} as neither",
            all.len()
        ))
        .expected(expected);
    if defined && emulator >= 2 && silicon == 0 && unknown == 0 {
        draft.so(
            Outcome::Fail,
            "What the architecture defines is computed otherwise, and exactly as QEMU 7.2 does.",
            &NONE,
        )
    } else if silicon >= 2 && emulator == 0 && unknown == 0 {
        draft.so(
            Outcome::Pass,
            "Computed as the architecture defines and QEMU 7.2 does not.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "These answers do not tell, or are in no table: collected.",
            &NONE,
        )
    }
}

/// Floating-point answers: see the table at the top.
fn float(id: u16, [a, b]: [u32; 2], words: &[u32]) -> Whose {
    match (id, words) {
        (id::NONSTANDARD, &[high, low, fsr]) => {
            let operand = [(a & 0x800f_ffff) | 1, b];
            let set = fsr & FSR_NONSTANDARD != 0;
            let unchanged = [high, low] == operand;
            let flushed = [high & 0x7fff_ffff, low] == [0, 0];
            if set {
                whose(flushed, unchanged)
            } else {
                // A processor without the mode: the ordinary result, which tells nothing.
                whose(unchanged, unchanged)
            }
        }
        (id::TINY, &[0x0010_0000, 0, fsr]) if fsr & FSR_INEXACT != 0 => {
            let before = fsr & FSR_UNDERFLOW != 0;
            whose(before, !before)
        }
        (id::FDTOI, &[integer, _]) => {
            let by_sign = if a >> 31 == 1 {
                1 << 31
            } else {
                i32::MAX as u32
            };
            whose(integer == by_sign, integer == i32::MAX as u32)
        }
        _ => Whose::Unknown,
    }
}

/// VIS answers: see the table at the top. `None` for a probe that does not tell.
fn vis(id: u16, [a, b]: [u32; 2], words: &[u32]) -> Option<Whose> {
    let pair = |halves: [u16; 4]| {
        let [w, x, y, z] = halves.map(u32::from);
        [w << 16 | x, y << 16 | z]
    };
    let low = |word: u32| word as u16 as i16;
    let high = |word: u32| (word >> 16) as i16;
    let by = |factors: [i16; 4]| {
        pair(core::array::from_fn(|i| {
            product(a.to_be_bytes()[i], factors[i])
        }))
    };
    // QEMU reads zeros for both, but for the expansion, whose operand it takes from elsewhere.
    let (silicon, emulator) = match id {
        id::EDGE => return Some(edge(a, b, *words.first()?)),
        id::FMUL8X16 => (by([high(b), low(b), high(a ^ b), low(a ^ b)]), [0, 0]),
        id::FMUL8X16AU => (by([high(b); 4]), [0, 0]),
        id::FMUL8X16AL => (by([low(b); 4]), [0, 0]),
        id::FMULD8ULX16 => {
            let lower = |a: u32, b: i16| (i32::from(a as u8) * i32::from(b)) as u32;
            ([lower(a >> 16, high(b)), lower(a, low(b))], [0, 0])
        }
        id::FEXPAND => {
            let expanded = |word: u32| pair(word.to_be_bytes().map(|byte| u16::from(byte) << 4));
            (expanded(b), expanded(a))
        }
        id::FPMERGE => {
            let (a, b) = (a.to_be_bytes(), b.to_be_bytes());
            let merged = |i: usize| u32::from_be_bytes([a[i], b[i], a[i + 1], b[i + 1]]);
            ([merged(0), merged(2)], [0, 0])
        }
        _ => return None,
    };
    Some(whose(words == silicon, words == emulator))
}

/// The upper 16 bits of the 24-bit product of a byte and a 16-bit number, rounded.
fn product(byte: u8, number: i16) -> u16 {
    ((i32::from(byte) * i32::from(number) + 0x80) >> 8) as u16
}

/// The six edge masks of an edge within one block, packed as the registry says.
fn edge(a: u32, b: u32, packed: u32) -> Whose {
    // (elements in eight bytes, bytes of one, place of the mask, place of its little-endian form)
    const SIZES: [(u32, u32, u32, u32); 3] = [(8, 1, 0, 16), (4, 2, 8, 24), (2, 4, 12, 28)];
    let (mut silicon, mut emulator) = (0, 0);
    for (elements, bytes, place, little) in SIZES {
        let all = (1 << elements) - 1;
        let (first, last) = ((a & 7) / bytes, (b & 7) / bytes);
        let left = all >> first;
        let right = all & !(all >> (last + 1));
        let mirrored = |mask: u32| mask.reverse_bits() >> (32 - elements);
        silicon |= (left & right) << place | mirrored(left & right) << little;
        // Its table of four-byte elements is empty for the second.
        let wrong = if (bytes, first) == (4, 1) { 0 } else { left };
        emulator |= wrong << place | mirrored(wrong) << little;
    }
    whose(packed == silicon, packed == emulator)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What user-mode QEMU 7.2 answered (`cargo run -p probe-arch --example facts`).
    const QEMU_FLOAT: [(u16, [u32; 2], &[u32]); 6] = [
        (
            id::NONSTANDARD,
            [0xd689_63e4, 0x5859_470b],
            &[0x8009_63e5, 0x5859_470b, 0x0040_0000],
        ),
        (id::NONSTANDARD, [8, 0], &[9, 0, 0x0040_0000]),
        (
            id::TINY,
            [0xc2af_450e, 0xbcc8_d91b],
            &[0x0010_0000, 0, 0x21],
        ),
        (
            id::TINY,
            [0x52ed_0e66, 0x3a9b_e143],
            &[0x0010_0000, 0, 0x21],
        ),
        (id::FDTOI, [0xb4f7_ac86, 0x5cae_e570], &[0x7fff_ffff, 0x210]),
        (id::FDTOI, [0x8000_0001, 5], &[0x7fff_ffff, 0x210]),
    ];

    const QEMU_VIS: [(u16, [u32; 2], &[u32]); 8] = [
        (id::EDGE, [0xde8d_814c, 0xf2db_0ba3], &[0x0cf0_030f]),
        (id::EDGE, [7, 9], &[0x0880_0101]),
        (id::FMUL8X16, [0x856b_6968, 0xd45c_714d], &[0, 0]),
        (id::FMUL8X16AU, [0xf85d_08f5, 0x3c51_cb70], &[0, 0]),
        (id::FMUL8X16AL, [0x8622_2788, 0x7ca4_acc5], &[0, 0]),
        (id::FMULD8ULX16, [0x9386_c18c, 0xa2e4_c217], &[0, 0]),
        (
            id::FEXPAND,
            [0x2254_8518, 0xb963_0090],
            &[0x0220_0540, 0x0850_0180],
        ),
        (id::FPMERGE, [0x2417_20e8, 0xbeef_be7e], &[0, 0]),
    ];

    #[test]
    fn qemu_is_recognised_by_every_answer_that_it_gave() {
        for (id, operand, words) in QEMU_FLOAT {
            assert_eq!(
                float(id, operand, words),
                Whose::Emulator,
                "{id} {operand:x?}"
            );
        }
        for (id, operand, words) in QEMU_VIS {
            assert_eq!(
                vis(id, operand, words),
                Some(Whose::Emulator),
                "{id} {operand:x?}"
            );
        }
        let outcome = |all: Vec<Whose>| judge(true, "", "", all.into_iter()).outcome;
        let open = [Whose::Emulator; 2].into_iter();
        assert_eq!(judge(false, "", "", open).outcome, Outcome::Note);
        assert_eq!(outcome(vec![Whose::Emulator; 2]), Outcome::Fail);
        assert_eq!(outcome(vec![Whose::Emulator]), Outcome::Note);
        assert_eq!(
            outcome(vec![Whose::Emulator, Whose::Emulator, Whose::Unknown]),
            Outcome::Note
        );
        assert_eq!(
            outcome(vec![Whose::Emulator, Whose::Emulator, Whose::Silicon]),
            Outcome::Note
        );
        assert_eq!(
            outcome(vec![Whose::Silicon, Whose::Silicon, Whose::Both]),
            Outcome::Pass
        );
        assert_eq!(outcome(vec![]), Outcome::Absent);
    }

    #[test]
    fn what_the_manuals_say_is_silicon() {
        // SPARC64 V and UltraSPARC: flushed, tiny before rounding, integer by the sign.
        assert_eq!(
            float(id::NONSTANDARD, [8, 0], &[0, 0, 0x0040_0000]),
            Whose::Silicon
        );
        assert_eq!(
            float(id::NONSTANDARD, [1 << 31, 0], &[1 << 31, 0, 0x0040_0021]),
            Whose::Silicon
        );
        assert_eq!(float(id::NONSTANDARD, [8, 0], &[9, 0, 0]), Whose::Both);
        assert_eq!(
            float(id::TINY, [1, 1], &[0x0010_0000, 0, 0xa5]),
            Whose::Silicon
        );
        assert_eq!(
            float(id::FDTOI, [1 << 31, 0], &[1 << 31, 0x210]),
            Whose::Silicon
        );
        assert_eq!(float(id::FDTOI, [0, 0], &[0x7fff_ffff, 0x210]), Whose::Both);
        // The VIS manual's definitions, by hand.
        assert_eq!(
            vis(id::FEXPAND, [1, 0xb963_0090], &[0x0b90_0630, 0x0000_0900]),
            Some(Whose::Silicon)
        );
        assert_eq!(
            vis(
                id::FPMERGE,
                [0x0123_4567, 0x89ab_cdef],
                &[0x0189_23ab, 0x45cd_67ef]
            ),
            Some(Whose::Silicon)
        );
        // 0x80 * 0x0100 = 0x8000, of which the upper bits are 0x80; and 1 * 0x80 rounds up to 1.
        assert_eq!(
            vis(
                id::FMUL8X16AU,
                [0x8001_0000, 0x0100_0000],
                &[0x0080_0001, 0]
            ),
            Some(Whose::Silicon)
        );
        assert_eq!(product(1, 0x80), 1);
        assert_eq!(product(255, -1), 0xffff);
        // From byte 4 to byte 6 of one block: big-endian mask 0000 1110, mirrored 0111 0000; 16 bits
        // wide 0011 and 1100, 32 bits wide 01 and 10.
        assert_eq!(edge(4, 6, 0x2c70_130e), Whose::Silicon);
    }

    #[test]
    fn answers_of_any_length_are_judged_without_a_panic() {
        for id in 140..170 {
            for words in [&[][..], &[1], &[1, 2], &[1, 2, 3], &[1, 2, 3, 4]] {
                let _ = (float(id, [1, 2], words), vis(id, [1, 2], words));
            }
        }
    }
}
