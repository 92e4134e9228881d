//! Results that the manual leaves open, and silicon does not.

use super::{Answers, Family};
use crate::verdict::checks::{about, Draft};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::power::{fixed, tiny};

/// How the answers of a probe compare with those that are known.
struct Compared {
    silicon: bool,
    qemu: bool,
    /// Whether QEMU's answer contradicts what is documented of this family.
    known: bool,
}

impl Compared {
    /// The outcome, with the reasons for passing and failing.
    fn decide(self, draft: Draft, good: &str, bad: &str) -> Check {
        match (self.silicon, self.qemu, self.known) {
            (true, false, _) => draft.so(Outcome::Pass, good, &NONE),
            (false, true, true) => draft.so(Outcome::Fail, bad, &NONE),
            (false, true, false) => draft.so(
                Outcome::Note,
                "As QEMU answers; what this family answers is not documented: collected.",
                &NONE,
            ),
            _ => draft.so(
                Outcome::Note,
                "An answer that is not in the table, or that tells nothing apart: collected.",
                &NONE,
            ),
        }
    }
}

/// Integer division by 0.
///
/// On the 750CL the quotient is -1 for a negative dividend and 0 otherwise (Dolphin's hardware tests);
/// Apple's "Universal Binary Programming Guidelines" ("Divide-By-Zero Operations") say 0 of its PowerPC
/// machines, which had processors from the 601 to the 970. QEMU divides by 1 instead.
pub(super) fn division(answers: &Answers, family: Family) -> Option<Check> {
    let ([first, _], words) = answers.first()?;
    let silicon = answers.iter().all(|([a, _], words)| {
        let signed = words[0] == 0 || (*a as i32) < 0 && words[0] == u32::MAX;
        signed && words[1] == 0
    });
    let qemu = answers
        .iter()
        .all(|([a, _], words)| words[0] == *a && words[1] == *a);
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{first:08X} / 0 = {:08X} signed, {:08X} unsigned; 80000000 / -1 = {:08X}",
            words[0], words[1], words[2]
        ))
        .expected("0, or FFFFFFFF for a negative dividend");
    let compared = Compared {
        silicon,
        qemu,
        known: family != Family::Other,
    };
    Some(compared.decide(
        draft,
        "A division by 0 ends as the divider leaves it.",
        "A division by 0 gives the dividend: QEMU divides by 1 instead.",
    ))
}

/// Upper words that the manual calls undefined.
///
/// FFF8_0000 on the 750CL, with the lowest bit set for a negative number that becomes 0 (Dolphin's
/// hardware tests). QEMU extends the sign.
pub(super) fn conversion(answers: &Answers, family: Family) -> Option<Check> {
    const UPPER: u32 = 0xfff8_0000;
    let (_, words) = answers.first()?;
    let whole = |a: u32| fixed(a).round_ties_even() as i32 as u32;
    let right = answers.iter().all(|([a, _], w)| w[1] == whole(*a));
    let silicon = answers.iter().all(|([a, _], w)| {
        let negative_zero = w[1] == 0 && (*a as i32) < 0;
        w[0] == UPPER | u32::from(negative_zero) && w[2] == UPPER
    });
    let qemu = answers
        .iter()
        .all(|(_, w)| w[0] == ((w[1] as i32) >> 31) as u32 && w[2] == 0);
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "fctiw gives {:08X}:{:08X}, the upper word of mffs is {:08X}",
            words[0], words[1], words[2]
        ))
        .expected("FFF80000 in both upper words (750CL)");
    if !right {
        return Some(draft.so(
            Outcome::Fail,
            "A number was not rounded to the nearest integer.",
            &NONE,
        ));
    }
    let compared = Compared {
        silicon,
        qemu,
        known: family == Family::Broadway,
    };
    Some(compared.decide(
        draft,
        "The undefined words are those that silicon leaves.",
        "The undefined words are those that QEMU computes.",
    ))
}

/// Mantissa bits of binary64 that a multiplier of 25 bits rounds away.
const BEYOND_25_BITS: u32 = 28;

/// How many bits of its third operand a single-precision multiplication looks at.
///
/// On the 750CL 25 bits, rounded (Dolphin's hardware tests). QEMU looks at all 53.
pub(super) fn narrow_multiply(answers: &Answers, family: Family) -> Option<Check> {
    // 1 × (1 + a 2^-52) - 1.
    let scaled = |a: f64| (a / (1u64 << 52) as f64) as f32;
    let narrow = |a: u32| {
        let rounded = (u64::from(a) >> (BEYOND_25_BITS - 1)).div_ceil(2) << BEYOND_25_BITS;
        scaled(rounded as f64).to_bits()
    };
    let ([a, _], words) = answers.first()?;
    let silicon = answers.iter().all(|([a, _], w)| w[0] == narrow(*a));
    let qemu = answers
        .iter()
        .all(|([a, _], w)| w[0] == scaled(f64::from(*a)).to_bits());
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "1 × (1 + {a} × 2^-52) - 1 = {:08X} in single precision",
            words[0]
        ))
        .expected(format!("{:08X} by a multiplier of 25 bits", narrow(*a)));
    let compared = Compared {
        silicon,
        qemu,
        known: family == Family::Broadway,
    };
    Some(compared.decide(
        draft,
        "Single precision is multiplied by a multiplier of half the width.",
        "Single precision is multiplied in full width: QEMU rounds a product of binary64.",
    ))
}

/// A single-precision store of a number that is too small.
///
/// The bits of the register go to memory as for an ordinary number: on the 750CL (Dolphin's hardware
/// tests), on a 750 (examples on Stack Overflow, question 58769903), and on the 7400s of 2001
/// (9.4e-78 is stored as 3F8B522F: Apple's perfoptimization-dev list, October 2004). QEMU stores 0.
pub(super) fn tiny_store(answers: &Answers, family: Family) -> Option<Check> {
    let truncated = |a: u32, b: u32| {
        let bits = tiny(a, b);
        (bits >> 32) as u32 & 0xc000_0000 | (bits >> 29) as u32 & 0x3fff_ffff
    };
    let ([a, b], words) = answers.first()?;
    let silicon = answers.iter().all(|([a, b], w)| w[0] == truncated(*a, *b));
    let qemu = answers.iter().all(|([_, b], w)| w[0] == b & 1 << 31);
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{:016X} is stored as {:08X}",
            tiny(*a, *b),
            words[0]
        ))
        .expected(format!("{:08X} (750, 7400)", truncated(*a, *b)));
    let compared = Compared {
        silicon,
        qemu,
        known: matches!(family, Family::Broadway | Family::G3 | Family::G4),
    };
    Some(compared.decide(
        draft,
        "A store outside the range takes the bits as they lie, as the 750 and the 7400 do.",
        "A store outside the range gives 0, as QEMU computes.",
    ))
}
