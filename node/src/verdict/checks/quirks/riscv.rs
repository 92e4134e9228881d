//! RISC-V: reservations, the system behind a call, the counter's steps, and what the architecture fixes.
//!
//! Sources: RISC-V Unprivileged Architecture (20240411), "Zalrsc" (a reservation watches addresses; whether the
//! hart's own stores end it is left open), "M", "F"; Linux, `arch/riscv/kernel/entry.S` (a store-conditional ends
//! the reservation before the return to a program, since 5.4); user-mode QEMU 7.2 by
//! `cargo run -p probe-arch --example facts`, -cpu rv64 and sifive-u54.

use super::answers;
use super::arm::{collected, fixed, Answers, Fixed};
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::{HART_RESERVATIONS_HELD, HART_RESERVATIONS_SPLIT};
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::riscv`).
mod id {
    pub const RESERVATION_STORE: u16 = 120;
    pub const RESERVATION_ADDRESS: u16 = 121;
    pub const RESERVATION_EXCEPTION: u16 = 122;
    pub const DIVIDE: u16 = 123;
    pub const NAN: u16 = 124;
    pub const CONVERT: u16 = 125;
    pub const CLASSIFY: u16 = 126;
    pub const FLAGS: u16 = 127;
    pub const STATUS: u16 = 128;
    pub const MISALIGNED: u16 = 129;
    pub const TIME: u16 = 130;
}

/// Judges what is known of RISC-V.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let of = |id| answers(subject, id);
    let checks = [
        reservation(&of(id::RESERVATION_STORE)),
        system_call(&of(id::RESERVATION_EXCEPTION)),
        fixed(&fixed_answers(&of)),
        collected(&[
            ("reservation_address", &of(id::RESERVATION_ADDRESS)),
            ("nan", &of(id::NAN)),
            ("flags", &of(id::FLAGS)),
            ("status", &of(id::STATUS)),
            ("time", &of(id::TIME)),
        ]),
    ];
    checks.into_iter().flatten().collect()
}

/// Whether the hart's own store ends a reservation may depend on the processor, but not on the value stored: a
/// reservation watches addresses. QEMU has none; it compares values.
fn reservation(answers: &Answers<'_>) -> Option<Check> {
    let &[nothing, same, different, beside] = answers.first()?.1 else {
        return None;
    };
    let [nothing, same, different, beside] = [nothing, same, different, beside].map(u64::from);
    let split = HART_RESERVATIONS_SPLIT.value;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "of 16 store-conditionals {nothing} succeed after nothing, {same} after a store of the same value, \
             {different} of another, {beside} of one beside it"
        ))
        .expected("the same whatever value is stored");
    Some(if nothing < HART_RESERVATIONS_HELD.value {
        draft.so(
            Outcome::Note,
            "The reservation is lost by itself: nothing can be told.",
            &HART_RESERVATIONS_HELD,
        )
    } else if same >= different.saturating_add(split) {
        draft.so(
            Outcome::Fail,
            "The store-conditional compares values: an emulator does so in place of a reservation, which \
             watches addresses.",
            &HART_RESERVATIONS_SPLIT,
        )
    } else if different >= same.saturating_add(split) {
        draft.so(
            Outcome::Note,
            "A reservation that nobody has described: collected.",
            &HART_RESERVATIONS_SPLIT,
        )
    } else {
        draft.so(
            Outcome::Pass,
            "The reservation watches the address, whatever is stored there.",
            &HART_RESERVATIONS_SPLIT,
        )
    })
}

/// A system call between the two. Older kernels may not end the reservation, so that a success is not held
/// against a machine.
fn system_call(answers: &Answers<'_>) -> Option<Check> {
    let called = u64::from(*answers.first()?.1.first()?);
    let draft = about("quirks", Aspect::Kind)
        .measured(format!(
            "{called} of 16 store-conditionals succeed after a system call"
        ))
        .expected("none: Linux ends the reservation when it returns");
    Some(draft.so(
        Outcome::Note,
        if called >= HART_RESERVATIONS_HELD.value {
            "The system call left the reservation alone, as under QEMU's user mode or a kernel before 5.4."
        } else {
            "The system call ended the reservation: a kernel stands behind it."
        },
        &HART_RESERVATIONS_HELD,
    ))
}

/// What the architecture fixes.
fn fixed_answers<'a>(of: &dyn Fn(u16) -> Vec<([u32; 2], &'a [u32])>) -> Vec<Fixed> {
    type Due = fn([u32; 2]) -> Vec<u32>;
    let rules: [(&'static str, u16, Due); 4] = [
        ("divide", id::DIVIDE, |[a, b]| quotients(a, b).to_vec()),
        ("convert", id::CONVERT, |[a, _]| conversions(a).to_vec()),
        ("classify", id::CLASSIFY, |[a, _]| classes(a).to_vec()),
        ("misaligned", id::MISALIGNED, |[a, b]| {
            accesses(a, b).to_vec()
        }),
    ];
    let mut fixed = Vec::new();
    for (name, id, due) in rules {
        for (operand, words) in of(id) {
            fixed.push((name, words.to_vec(), due(operand)));
        }
    }
    fixed
}

/// "M", table "Semantics for division by zero and division overflow".
fn quotients(a: u32, b: u32) -> [u32; 4] {
    [u32::MAX, a, i32::MIN as u32, a / (b | 1)]
}

/// "F", table "Domains of float-to-integer conversions": saturated, a NaN as the greatest; invalid.
fn conversions(a: u32) -> [u32; 4] {
    const INVALID: u32 = 1 << 4;
    let greatest = i32::MAX as u32;
    if a >> 31 == 0 {
        [greatest, u32::MAX, greatest, INVALID]
    } else {
        [i32::MIN as u32, 0, greatest, INVALID]
    }
}

/// The bit that `FCLASS` sets, "F", table "Format of result of FCLASS instruction".
fn class(x: u32) -> u32 {
    const QUIET: u32 = 1 << 22;
    let negative = x >> 31 == 1;
    let (exponent, fraction) = (x >> 23 & 0xff, x & 0x7f_ffff);
    let by_sign = |minus: u32, plus: u32| if negative { minus } else { plus };
    let bit = match (exponent, fraction) {
        (0xff, 0) => by_sign(0, 7),
        (0xff, _) if fraction & QUIET == 0 => 8,
        (0xff, _) => 9,
        (0, 0) => by_sign(3, 4),
        (0, _) => by_sign(2, 5),
        _ => by_sign(1, 6),
    };
    1 << bit
}

fn classes(a: u32) -> [u32; 3] {
    let signalling = (a & 0x803f_ffff) | 0x7f80_0001;
    [a, signalling, (a & 0x807f_ffff) | 1].map(class)
}

/// Loads and a store that are not aligned, on little-endian words.
fn accesses(a: u32, b: u32) -> [u32; 3] {
    let both = u64::from(b) << 32 | u64::from(a);
    let stored = (a & 0xff00_00ff) | (b & 0xffff) << 8;
    [(both >> 8) as u32, (both >> 24) as u32 & 0xffff, stored]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome(check: Option<Check>) -> Option<Outcome> {
        check.map(|check| check.outcome)
    }

    fn one(words: &[u32]) -> [([u32; 2], &[u32]); 1] {
        [([1, 2], words)]
    }

    #[test]
    fn a_reservation_does_not_look_at_values() {
        let judged = |words: [u32; 4]| outcome(reservation(&one(&words)));
        // QEMU 7.2, every -cpu.
        assert_eq!(judged([16, 16, 0, 16]), Some(Outcome::Fail));
        // Own stores that keep it, and that end it; an interrupt now and then.
        assert_eq!(judged([16, 16, 16, 16]), Some(Outcome::Pass));
        assert_eq!(judged([16, 0, 0, 0]), Some(Outcome::Pass));
        assert_eq!(judged([15, 16, 13, 16]), Some(Outcome::Pass));
        assert_eq!(judged([0, 0, 0, 0]), Some(Outcome::Note));
        assert_eq!(judged([16, 0, 16, 16]), Some(Outcome::Note));
    }

    #[test]
    fn a_system_call_is_not_held_against_a_machine() {
        assert_eq!(outcome(system_call(&one(&[0]))), Some(Outcome::Note));
        assert_eq!(outcome(system_call(&one(&[16]))), Some(Outcome::Note));
    }

    #[test]
    fn the_architecture_is_known() {
        // As QEMU 7.2 answers.
        let (a, b) = (0x877c_f7be, 0xe4ef_1bed);
        assert_eq!(quotients(a, b), [u32::MAX, a, 0x8000_0000, 0]);
        assert_eq!(quotients(0x700, 3), [u32::MAX, 0x700, 0x8000_0000, 0x255]);
        assert_eq!(
            conversions(0x8000_0001),
            [0x8000_0000, 0, 0x7fff_ffff, 0x10]
        );
        assert_eq!(classes(0x1818_a04b), [0x40, 0x100, 0x20]);
        assert_eq!(classes(0x8000_0001), [4, 0x100, 4]);
        assert_eq!(
            accesses(0x90e1_8bcd, 0x5904_1d3b),
            [0x3b90_e18b, 0x3b90, 0x901d_3bcd]
        );
    }

    proptest! {
        #[test]
        fn every_number_has_one_class(x: u32) {
            let float = f32::from_bits(x);
            let bit = class(x).trailing_zeros();
            prop_assert_eq!(class(x).count_ones(), 1);
            prop_assert_eq!(bit >= 8, float.is_nan());
            prop_assert_eq!(matches!(bit, 0 | 7), float.is_infinite());
            prop_assert_eq!(matches!(bit, 2 | 5), float.is_subnormal());
            prop_assert_eq!(bit < 4, !float.is_nan() && float.is_sign_negative());
        }

        #[test]
        fn no_answer_panics(words in prop::collection::vec(any::<u32>(), 0..5)) {
            reservation(&one(&words));
            system_call(&one(&words));
        }
    }
}
