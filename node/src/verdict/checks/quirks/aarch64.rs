//! AArch64: exclusive monitors, reads that must be exceptions, cache geometry, and what the architecture
//! fixes.
//!
//! Sources: Arm ARM DDI 0487 B2.9 (monitors; an exception return opens the local one), C5 (`DC ZVA`), D19
//! (`CTR_EL0`, `DCZID_EL0`, `MIDR_EL1`); Linux, `Documentation/arch/arm64/cpu-feature-registers.rst`
//! (`MIDR_EL1` traps from user mode and the kernel answers); user-mode QEMU 7.2 by
//! `cargo run -p probe-arch --example facts`.

use super::answers;
use super::arm::{
    collected, conversions, estimate_answers, fixed, monitor, nans, quotients, Answers, Fixed,
};
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::{MONITOR_HELD, NONE};
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::aarch64`).
mod id {
    pub const FRECPE: u16 = 100;
    pub const FRSQRTE: u16 = 101;
    pub const FP_CONTROL: u16 = 102;
    pub const MONITOR_STORE: u16 = 103;
    pub const MONITOR_ADDRESS: u16 = 104;
    pub const MONITOR_EXCEPTION: u16 = 105;
    pub const GEOMETRY: u16 = 106;
    pub const NAN: u16 = 107;
    pub const CONVERT: u16 = 108;
    pub const DIVIDE: u16 = 109;
    pub const FLUSH: u16 = 110;
}

/// Position of `MIDR_EL1` in `IdentityReport::words`.
const WORD_MIDR: usize = 0;
/// Where MIDR has the implementer.
const MIDR_IMPLEMENTER: u32 = 24;

/// DCZID_EL0: `DC ZVA` is prohibited; logarithm of the words in a block.
const DCZID_PROHIBITED: u32 = 1 << 4;
const DCZID_SIZE: u32 = 0xf;

/// `CTR_EL0` and `DCZID_EL0` of QEMU's `max`: lines of 32 bytes with no granule stated, blocks of 512.
const GEOMETRY_QEMU_MAX: [u32; 2] = [0x8003_8003, 7];

/// Judges what is known of AArch64.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let midr = subject.evidence.identity.words.get(WORD_MIDR).copied();
    let of = |id| answers(subject, id);
    let checks = [
        monitor(&of(id::MONITOR_STORE)),
        exception(&of(id::MONITOR_EXCEPTION)),
        geometry(&of(id::GEOMETRY)),
        implementer(midr.unwrap_or(0)),
        fixed(&fixed_answers(&of)),
        collected(&[
            ("monitor_address", &of(id::MONITOR_ADDRESS)),
            ("fp_control", &of(id::FP_CONTROL)),
        ]),
    ];
    checks.into_iter().flatten().collect()
}

/// A read of `MIDR_EL1` in user mode is an exception on every processor, and the return from it opens the
/// monitor. QEMU's user mode answers the read without one.
fn exception(answers: &Answers<'_>) -> Option<Check> {
    let &[identified, called, cleared] = answers.first()?.1 else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "of 16 store-exclusives {identified} succeed after a read of MIDR_EL1, {called} after a \
             system call, {cleared} after CLREX"
        ))
        .expected("none: each opens the monitor");
    Some(if u64::from(identified) >= MONITOR_HELD.value {
        draft.so(
            Outcome::Fail,
            "The read of MIDR_EL1 was no exception: an emulator answered it in line.",
            &MONITOR_HELD,
        )
    } else if identified == 0 && called == 0 && cleared == 0 {
        draft.so(
            Outcome::Pass,
            "The read of MIDR_EL1 is an exception, as on every processor under this system.",
            &MONITOR_HELD,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The monitor is open only sometimes: collected.",
            &MONITOR_HELD,
        )
    })
}

/// `DC ZVA` must zero the block that `DCZID_EL0` states, and the geometry must be some processor's.
fn geometry(answers: &Answers<'_>) -> Option<Check> {
    let &[ctr, dczid, before, bytes] = answers.first()?.1 else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "CTR_EL0 {ctr:08X}, DCZID_EL0 {dczid:X}, {bytes} bytes zeroed, {before} of them before the \
             address"
        ))
        .expected("the block that DCZID_EL0 states");
    let block = if dczid & DCZID_PROHIBITED == 0 {
        4 << (dczid & DCZID_SIZE)
    } else {
        0
    };
    Some(if [ctr, dczid] == GEOMETRY_QEMU_MAX {
        draft.so(
            Outcome::Fail,
            "The geometry that QEMU gives its processor `max`: no processor has lines of 32 bytes and \
             zeroes 512.",
            &NONE,
        )
    } else if bytes != block || before != 0 {
        draft.so(
            Outcome::Fail,
            "DC ZVA zeroes another block than DCZID_EL0 states.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The geometry holds; emulators of a named processor have it too.",
            &NONE,
        )
    })
}

/// Implementer 0 is reserved for software (Arm ARM D19, `MIDR_EL1`).
fn implementer(midr: u32) -> Option<Check> {
    if midr == 0 {
        return None;
    }
    let software = midr >> MIDR_IMPLEMENTER == 0;
    let draft = about("quirks", Aspect::Presence)
        .measured(format!("MIDR_EL1 {midr:08X}"))
        .expected("an implementer of processors");
    Some(if software {
        draft.so(
            Outcome::Fail,
            "The implementer is 0, which the architecture reserves for software: an emulator.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The processor names an implementer; so do emulators of it.",
            &NONE,
        )
    })
}

/// What the architecture fixes of AArch64.
fn fixed_answers<'a>(of: &dyn Fn(u16) -> Vec<([u32; 2], &'a [u32])>) -> Vec<Fixed> {
    let mut fixed = Vec::new();
    estimate_answers(
        ("frecpe", &of(id::FRECPE)),
        ("frsqrte", &of(id::FRSQRTE)),
        &mut fixed,
    );
    for ([a, _], words) in of(id::CONVERT) {
        fixed.push(("convert", words.to_vec(), conversions(a).to_vec()));
    }
    for ([a, b], words) in of(id::DIVIDE) {
        fixed.push(("divide", words.to_vec(), quotients(a, b).to_vec()));
    }
    // FPCR other than 0 may ask for other NaNs and flags.
    let default_modes = of(id::FP_CONTROL).iter().all(|(_, words)| words[0] == 0);
    if default_modes {
        for ([a, b], words) in of(id::NAN) {
            fixed.push(("nan", words.to_vec(), nans(a, b).to_vec()));
        }
        for ([a, b], words) in of(id::FLUSH) {
            fixed.push(("flush", words.to_vec(), flushed(a, b).to_vec()));
        }
    }
    fixed
}

/// Results and flags of the `flush` probe: a flushed operand raises IDC alone, a flushed result UFC alone.
const fn flushed(a: u32, b: u32) -> [u32; 4] {
    const SIGN: u32 = 1 << 31;
    const IDC: u32 = 1 << 7;
    const UFC: u32 = 1 << 3;
    [a & SIGN, IDC, b & SIGN, UFC]
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
    fn a_trapped_read_opens_the_monitor() {
        let judged = |words: [u32; 3]| outcome(exception(&one(&words)));
        assert_eq!(judged([0, 0, 0]), Some(Outcome::Pass));
        // QEMU 7.2, every -cpu.
        assert_eq!(judged([16, 0, 0]), Some(Outcome::Fail));
        // CLREX that clears nothing.
        assert_eq!(judged([0, 0, 16]), Some(Outcome::Note));
    }

    #[test]
    fn geometry_is_some_processors() {
        let judged = |words: [u32; 4]| outcome(geometry(&one(&words)));
        // Cortex-A53; a system that prohibits DC ZVA; A64FX with blocks of 256.
        assert_eq!(judged([0x8444_8004, 4, 0, 64]), Some(Outcome::Note));
        assert_eq!(judged([0x8444_8004, 0x14, 0, 0]), Some(Outcome::Note));
        assert_eq!(judged([0x8666_8006, 6, 0, 256]), Some(Outcome::Note));
        // QEMU 7.2 -cpu max.
        assert_eq!(judged([0x8003_8003, 7, 0, 512]), Some(Outcome::Fail));
        // A block that is none.
        assert_eq!(judged([0x8444_8004, 4, 0, 128]), Some(Outcome::Fail));
        assert_eq!(judged([0x8444_8004, 4, 32, 64]), Some(Outcome::Fail));
    }

    #[test]
    fn software_names_itself() {
        // QEMU 7.2 -cpu max; Cortex-A72; hidden.
        assert_eq!(outcome(implementer(0x000f_0510)), Some(Outcome::Fail));
        assert_eq!(outcome(implementer(0x410f_d083)), Some(Outcome::Note));
        assert_eq!(outcome(implementer(0)), None);
    }

    #[test]
    fn the_architecture_is_known() {
        // QEMU 7.2's answers.
        let words = [0x8000_0000, 0x80, 0, 0x08];
        assert_eq!(flushed(0xa69f_8843, 0x0e7d_a4f8), words);
        assert_eq!(
            nans(8, 0),
            [0x7fc0_0009, 0x7fc0_0000, 0x7fc0_0000, 0x3f80_0000]
        );
        assert_eq!(conversions(0x8000_0001), [0x8000_0000, 0, 0]);
    }

    proptest! {
        #[test]
        fn no_answer_panics(words in prop::collection::vec(any::<u32>(), 0..5), midr: u32) {
            exception(&one(&words));
            geometry(&one(&words));
            implementer(midr);
        }
    }
}
