//! What the architecture defines and imitators leave out.

use super::{joined, Answers};
use crate::verdict::checks::about;
use crate::verdict::thresholds::{NONE, RESERVATIONS_HELD, ROUNDED_UP};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::power::nans;

/// Bits of the FPSCR (Power ISA book I, "Floating-Point Status and Control Register").
mod fpscr {
    /// Some exception.
    pub const FX: u32 = 1 << 31;
    /// Inexact, ever.
    pub const XX: u32 = 1 << 25;
    /// The fraction was rounded up.
    pub const FR: u32 = 1 << 18;
    /// The fraction was inexact.
    pub const FI: u32 = 1 << 17;
    /// Class and sign of the result.
    pub const FPRF: u32 = 0x1f << 12;
    /// The class of a positive normal number.
    pub const POSITIVE: u32 = 0b00100 << 12;
    /// What a product defines.
    pub const DEFINED: u32 = FX | XX | FR | FI | FPRF;
}

/// The status that a product of `1.a` and `1.b` leaves.
fn product_status(a: u32, b: u32) -> u32 {
    /// Mantissa bits of binary64, with the hidden one.
    const PRECISION: u32 = 53;
    let significand = |bits: u32| 1u128 << 32 | u128::from(bits);
    let product = significand(a) * significand(b);
    let dropped = u128::BITS - product.leading_zeros() - PRECISION;
    let rest = product & ((1 << dropped) - 1);
    let half = 1 << (dropped - 1);
    let odd = product >> dropped & 1 == 1;
    let up = rest > half || rest == half && odd;
    let inexact = if rest == 0 {
        0
    } else {
        fpscr::FX | fpscr::XX | fpscr::FI
    };
    fpscr::POSITIVE | inexact | if up { fpscr::FR } else { 0 }
}

/// The status register after products whose rounding is known.
pub(super) fn status(answers: &Answers) -> Option<Check> {
    let seen: Vec<(u32, u32)> = answers
        .iter()
        .map(|([a, b], words)| (words[0] & fpscr::DEFINED, product_status(*a, *b)))
        .collect();
    let up = seen.iter().filter(|(_, due)| due & fpscr::FR != 0).count();
    let told = seen.iter().filter(|(got, _)| got & fpscr::FR != 0).count();
    if seen.is_empty() {
        return None;
    }
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "of {} products {up} were rounded up, and the status register told so of {told}",
            seen.len()
        ))
        .expected("FR, FI, XX and FPRF as the architecture defines them");
    let right = seen.iter().all(|(got, due)| got == due);
    let all_but_up = seen.iter().all(|(got, due)| *got == due & !fpscr::FR);
    let enough = up as u64 >= ROUNDED_UP.value;
    Some(match (right, all_but_up, enough) {
        (true, _, true) => draft.so(
            Outcome::Pass,
            "The status register tells how each product was rounded.",
            &ROUNDED_UP,
        ),
        (false, true, true) => draft.so(
            Outcome::Fail,
            "Rounding up is never told: QEMU does not compute the bit that every processor has.",
            &ROUNDED_UP,
        ),
        _ => draft.so(
            Outcome::Note,
            "These operands do not tell, or the status is neither a processor's nor QEMU's: collected.",
            &ROUNDED_UP,
        ),
    })
}

/// Whether the own plain store ends a reservation.
pub(super) fn reservations(answers: &Answers) -> Option<Check> {
    let (_, words) = answers.first()?;
    let [other, same, next, far] = **words else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "conditional stores that succeeded: {other} after storing another value, {same} after \
             the same value, {next} to the next word, {far} to another block"
        ))
        .expected("after the own store of any value: as good as all (Power ISA book II)");
    let held = |count: u32| u64::from(count) >= RESERVATIONS_HELD.value;
    Some(if held(other) && held(same) {
        draft.so(
            Outcome::Pass,
            "The own store ends no reservation, whatever it stores.",
            &RESERVATIONS_HELD,
        )
    } else if other == 0 && held(same) {
        draft.so(
            Outcome::Fail,
            "Reservations go by the value in memory: QEMU compares where a processor watches stores.",
            &RESERVATIONS_HELD,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Neither a processor's rule nor QEMU's: collected.",
            &RESERVATIONS_HELD,
        )
    })
}

/// NaNs that the architecture defines: a contradiction fails, agreement is no proof of silicon, since
/// every emulator of PowerPC knows the rule that does not hand it to its host.
pub(super) fn nan(answers: &Answers) -> Option<Check> {
    const QUIET: u64 = 1 << 51;
    let ([a, b], words) = answers.first()?;
    let [_, signalling] = nans(*a, *b);
    let invalid = joined(words[0], words[1]);
    let chosen = joined(words[2], words[3]);
    let right = invalid == 0x7ff8_0000_0000_0000 && chosen == signalling | QUIET;
    let aspect = if right {
        Aspect::Kind
    } else {
        Aspect::Presence
    };
    let draft = about("quirks", aspect)
        .measured(format!("0 / 0 = {invalid:016X}, 1 × C + B = {chosen:016X}"))
        .expected(format!("7FF8000000000000, {:016X}", signalling | QUIET));
    Some(draft.decide(
        right,
        "NaNs are made and chosen as in Power.",
        "NaNs are those of another architecture: a translator computes on its host.",
        &NONE,
    ))
}

/// The block that `dcbz` clears is the one that the system names: C libraries clear memory by it.
///
/// QEMU names 128 bytes for a 970 and clears 32. Where no system names a size (Mac OS X lets a 970 clear
/// 32) there is nothing to compare.
pub(super) fn block(answers: &Answers, named: u32) -> Option<Check> {
    let (_, words) = answers.first()?;
    if named == 0 {
        return None;
    }
    let right = words[0] == named;
    let aspect = if right {
        Aspect::Kind
    } else {
        Aspect::Presence
    };
    let draft = about("quirks", aspect)
        .measured(format!("dcbz clears {} bytes", words[0]))
        .expected(format!("{named}, the block that the system names"));
    Some(draft.decide(
        right,
        "dcbz clears one block.",
        "dcbz clears another block than the system names: no C library could run on that.",
        &NONE,
    ))
}
