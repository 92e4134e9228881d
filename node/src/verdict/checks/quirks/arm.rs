//! ARM, 32 bit: exclusive monitors, the kernel's helpers, trapped exceptions, rotated loads, and what the
//! architecture fixes. AArch64 shares the first and the last.
//!
//! Sources: ARM ARM DDI 0406 (version 7) A3.4 and DDI 0487 (version 8) B2.9, "Synchronization and
//! semaphores"; the reference manuals of Cortex-A8 (DDI 0344, 8.5), Cortex-A9 (DDI 0388, 7.4) and
//! Cortex-A55 (100442, "Internal exclusive monitor"), which say that a processor's own plain store leaves
//! its monitor as it is; user-mode QEMU 7.2 by `cargo run -p probe-arch --example facts`.

use super::answers;
use crate::verdict::checks::{about, Subject};
use crate::verdict::thresholds::{Threshold, MONITOR_HELD, MONITOR_SPLIT, NONE};
use crate::verdict::{Aspect, Check, Outcome};

/// Numbers of the registry (`probe_core::channels::quirks::arm`).
mod id {
    pub const VRECPE: u16 = 80;
    pub const VRSQRTE: u16 = 81;
    pub const FP_CONTROL: u16 = 82;
    pub const MONITOR_STORE: u16 = 83;
    pub const MONITOR_ADDRESS: u16 = 84;
    pub const MONITOR_SIZE: u16 = 85;
    pub const MONITOR_EXCEPTION: u16 = 86;
    pub const MULTIPLY: u16 = 87;
    pub const MUL_SAME: u16 = 88;
    pub const STORE_PC: u16 = 89;
    pub const STM_BASE: u16 = 90;
    pub const UNALIGNED: u16 = 91;
    pub const HELPERS: u16 = 92;
    pub const NAN: u16 = 93;
    pub const CONVERT: u16 = 94;
    pub const DIVIDE: u16 = 95;
}

/// Positions in `IdentityReport::words`, as `probe-arch` documents them.
mod word {
    pub const HWCAP: usize = 1;
    pub const VERSION: usize = 3;
}

/// Bits of `AT_HWCAP` (Linux, `arch/arm/include/uapi/asm/hwcap.h`): VFP, and all that is newer than VFPv2.
const HWCAP_VFP: u32 = 1 << 6;
const HWCAP_NEWER: u32 = 1 << 12 | 1 << 13 | 1 << 14 | 1 << 16;

/// The version whose only VFP units are VFP11 and its kin.
const VERSION_OF_VFP11: u32 = 6;
/// The first version in which multiplication leaves carry and overflow alone.
const VERSION_OF_KEPT_CARRY: u32 = 5;
/// The first version in which a stored PC is 8 ahead by architecture.
const VERSION_OF_PC_8: u32 = 7;

/// FPSCR: enables of trapped exceptions.
const TRAP_ENABLES: u32 = 0x9f00;

/// The first version of the kernel's helpers with compare-and-exchange.
const HELPER_COMPARE_EXCHANGE: u32 = 2;

/// Operands of a probe, each with the words answered to it.
pub(super) type Answers<'a> = [([u32; 2], &'a [u32])];

/// Judges what is known of ARM.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let word = |i: usize| {
        let words = &subject.evidence.identity.words;
        words.get(i).copied().unwrap_or(0)
    };
    let (hwcap, version) = (word(word::HWCAP), word(word::VERSION));
    let of = |id| answers(subject, id);
    let checks = [
        monitor(&of(id::MONITOR_STORE)),
        system_call(&of(id::MONITOR_EXCEPTION)),
        helpers(&of(id::HELPERS)),
        trapped(&of(id::FP_CONTROL), hwcap, version),
        rotation(&of(id::UNALIGNED)),
        fixed(&fixed_answers(&of, version)),
        collected(&[
            ("monitor_address", &of(id::MONITOR_ADDRESS)),
            ("monitor_size", &of(id::MONITOR_SIZE)),
            ("multiply", &of(id::MULTIPLY)),
            ("mul_same", &of(id::MUL_SAME)),
            ("store_pc", &of(id::STORE_PC)),
            ("stm_base", &of(id::STM_BASE)),
            ("fp_control", &of(id::FP_CONTROL)),
        ]),
    ];
    checks.into_iter().flatten().collect()
}

/// Whether a store between load-exclusive and store-exclusive counts may depend on the processor, but
/// not on the value stored: a monitor watches addresses. QEMU has none; it compares values.
pub(super) fn monitor(answers: &Answers<'_>) -> Option<Check> {
    let &[nothing, same, different, beside] = answers.first()?.1 else {
        return None;
    };
    let [nothing, same, different, beside] = [nothing, same, different, beside].map(u64::from);
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "of 16 store-exclusives {nothing} succeed after nothing, {same} after a store of the same \
             value, {different} of another, {beside} of one beside it"
        ))
        .expected("the same whatever value is stored");
    Some(if nothing < MONITOR_HELD.value {
        draft.so(
            Outcome::Note,
            "The monitor loses its mark by itself: nothing can be told.",
            &MONITOR_HELD,
        )
    } else if same >= different + MONITOR_SPLIT.value {
        draft.so(
            Outcome::Fail,
            "The store-exclusive compares values: an emulator does so in place of a monitor, which \
             watches addresses.",
            &MONITOR_SPLIT,
        )
    } else if different >= same + MONITOR_SPLIT.value {
        draft.so(
            Outcome::Note,
            "A monitor that nobody has described: collected.",
            &MONITOR_SPLIT,
        )
    } else {
        draft.so(
            Outcome::Pass,
            "The monitor watches the address, whatever is stored there.",
            &MONITOR_SPLIT,
        )
    })
}

/// A system call between the two. Linux opens the monitor on its way back since 2.6.32; older kernels may
/// not, so that a success is not held against a machine.
fn system_call(answers: &Answers<'_>) -> Option<Check> {
    let called = u64::from(*answers.first()?.1.first()?);
    let draft = about("quirks", Aspect::Kind)
        .measured(format!(
            "{called} of 16 store-exclusives succeed after a system call"
        ))
        .expected("none: Linux opens the monitor when it returns");
    Some(if called >= MONITOR_HELD.value {
        draft.so(
            Outcome::Note,
            "The system call left the monitor alone, as under QEMU or a kernel before 2.6.32.",
            &MONITOR_HELD,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The system call opened the monitor: a kernel stands behind it.",
            &MONITOR_HELD,
        )
    })
}

/// Code of the kernel, which every Linux for a processor before version 6 shows to its programs. QEMU's
/// user mode catches calls of it and has no code there.
fn helpers(answers: &Answers<'_>) -> Option<Check> {
    let &[version, compare_exchange, thread_pointer, barrier] = answers.first()?.1 else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "helpers of version {version} that begin with {compare_exchange:08X}, \
             {thread_pointer:08X}, {barrier:08X}"
        ))
        .expected("code: Linux, Documentation/arch/arm/kernel_user_helpers.rst");
    let nothing = compare_exchange == 0 && thread_pointer == 0;
    Some(if version >= HELPER_COMPARE_EXCHANGE && nothing {
        draft.so(
            Outcome::Fail,
            "The helpers have a version and no code: QEMU's user mode stands in for the kernel.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "The kernel's code is there; which processors have which is collected.",
            &NONE,
        )
    })
}

/// The only VFP units of version 6 are VFP11 and its kin, whose exceptions can trap (ARM1136 manual,
/// DDI 0211, 20.4.2; ARM1176 manual, DDI 0301, 20.4.2: the enables are read/write). QEMU has none.
fn trapped(answers: &Answers<'_>, hwcap: u32, version: u32) -> Option<Check> {
    let modes = *answers.first()?.1.get(1)?;
    if hwcap & HWCAP_VFP == 0 || hwcap & HWCAP_NEWER != 0 || version != VERSION_OF_VFP11 {
        return None;
    }
    Some(
        about("quirks", Aspect::Presence)
            .measured(format!("FPSCR {modes:08X} after all modes were set"))
            .expected("the enables of trapped exceptions can be written: VFP11, FPSCR")
            .decide(
                modes & TRAP_ENABLES == TRAP_ENABLES,
                "The exceptions of this VFP unit can trap, as those of every unit of version 6.",
                "The exceptions of this VFP unit cannot trap: no processor of version 6 has such a \
                 unit, and QEMU has no other.",
                &NONE,
            ),
    )
}

/// Before version 6 a load from an address that is not a multiple of four rotates the word there, unless
/// the system corrects it. QEMU always reads the four bytes.
fn rotation(answers: &Answers<'_>) -> Option<Check> {
    let ([a, _], words) = answers.first()?;
    let &[one, three, ..] = *words else {
        return None;
    };
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{a:08X} in memory loads as {one:08X} from byte 1 and {three:08X} from byte 3"
        ))
        .expected("the word rotated, unless the system corrects alignment");
    Some(if one == a.rotate_right(8) && three == a.rotate_right(24) {
        draft.so(
            Outcome::Pass,
            "Unaligned loads rotate, as in silicon before version 6.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Unaligned loads do not rotate: the system corrects them, or this is an emulator.",
            &NONE,
        )
    })
}

/// An answer that the architecture fixes: what it is called, what was answered, what is due.
pub(super) type Fixed = (&'static str, Vec<u32>, Vec<u32>);

/// Answers that the architecture fixes agree on every processor and in QEMU: they prove nothing, but
/// another value is none of this architecture's.
pub(super) fn fixed(answers: &[Fixed]) -> Option<Check> {
    if answers.is_empty() {
        return None;
    }
    let wrong: Vec<String> = answers
        .iter()
        .filter(|(_, answered, due)| answered != due)
        .map(|(name, answered, due)| format!("{name} {answered:08X?} for {due:08X?}"))
        .collect();
    let draft = about("quirks", Aspect::Presence)
        .measured(format!(
            "{} of {} answers are those of the architecture{}{}",
            answers.len() - wrong.len(),
            answers.len(),
            if wrong.is_empty() { "" } else { "; not: " },
            wrong.join(", ")
        ))
        .expected("all");
    Some(if wrong.is_empty() {
        draft.so(
            Outcome::Note,
            "Tables and rules of the architecture hold; emulators know them too.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Fail,
            "An answer that the architecture fixes is another's: this code runs through a translator.",
            &NONE,
        )
    })
}

/// What is collected and not judged.
pub(super) fn collected(probes: &[(&str, &Answers<'_>)]) -> Option<Check> {
    let all: Vec<String> = probes
        .iter()
        .filter_map(|(name, answers)| Some(format!("{name} {:X?}", answers.first()?.1)))
        .collect();
    if all.is_empty() {
        return None;
    }
    let none: &Threshold = &NONE;
    Some(
        about("quirks", Aspect::Kind)
            .measured(all.join("; "))
            .expected("left to the implementation")
            .so(
                Outcome::Note,
                "Collected: which processors answer what is not yet in the table.",
                none,
            ),
    )
}

/// What the architecture fixes of 32-bit ARM.
fn fixed_answers<'a>(of: &dyn Fn(u16) -> Vec<([u32; 2], &'a [u32])>, version: u32) -> Vec<Fixed> {
    let mut fixed = Vec::new();
    estimate_answers(
        ("vrecpe", &of(id::VRECPE)),
        ("vrsqrte", &of(id::VRSQRTE)),
        &mut fixed,
    );
    let default_modes = of(id::FP_CONTROL).iter().all(|(_, words)| words[0] == 0);
    if default_modes {
        for ([a, b], words) in of(id::NAN) {
            fixed.push(("nan", words.to_vec(), nans(a, b)[..words.len()].to_vec()));
        }
    }
    for ([a, _], words) in of(id::CONVERT) {
        fixed.push(("convert", words.to_vec(), conversions(a).to_vec()));
    }
    for ([a, b], words) in of(id::DIVIDE) {
        fixed.push(("divide", words.to_vec(), quotients(a, b).to_vec()));
    }
    if version >= VERSION_OF_KEPT_CARRY {
        for ([a, b], words) in of(id::MULTIPLY) {
            fixed.push(("multiply", words.to_vec(), conditions(a, b).to_vec()));
        }
    }
    if version >= VERSION_OF_PC_8 {
        for (_, words) in of(id::STORE_PC) {
            fixed.push(("store_pc", words.to_vec(), vec![8, 8]));
        }
    }
    fixed
}

/// Conditions after `muls` and `umulls`, in two runs: N and Z of the product, C and V as they were.
fn conditions(a: u32, b: u32) -> [u32; 2] {
    const N: u32 = 8;
    const Z: u32 = 4;
    const KEPT: u32 = 3;
    let both = |negative: bool, zero: bool| {
        let nz = if negative { N } else { 0 } | if zero { Z } else { 0 };
        nz | (nz | KEPT) << 16
    };
    let short = a.wrapping_mul(b);
    let long = u64::from(a) * u64::from(b);
    [
        both(short >> 31 != 0, short == 0),
        both(long >> 63 != 0, long == 0),
    ]
}

/// Quotients of the `divide` probes.
pub(super) fn quotients(a: u32, b: u32) -> [u32; 4] {
    let signed = (a as i32).wrapping_div((b | 1) as i32) as u32;
    [0, 0, 1 << 31, signed]
}

/// Results of the `convert` probes: saturation, and 0 for a NaN.
pub(super) const fn conversions(a: u32) -> [u32; 3] {
    if a >> 31 == 0 {
        [i32::MAX as u32, u32::MAX, 0]
    } else {
        [i32::MIN as u32, 0, 0]
    }
}

/// Results of the `nan` probes: a signalling operand before a quiet one, the first before the second, made
/// quiet; the default NaN where no operand is one; the number before a quiet NaN (`FPProcessNaNs`).
pub(super) const fn nans(a: u32, b: u32) -> [u32; 4] {
    const QUIET: u32 = 1 << 22;
    const DEFAULT: u32 = 0x7fc0_0000;
    const ONE: u32 = 0x3f80_0000;
    let signalling = (a & 0x803f_ffff) | 0x7f80_0001;
    let quiet = (b & 0x803f_ffff) | DEFAULT;
    [signalling | QUIET, quiet, DEFAULT, ONE]
}

/// Adds the estimates of all lanes, and what the architecture's tables give.
pub(super) fn estimate_answers(
    (reciprocal, reciprocals): (&'static str, &Answers<'_>),
    (root, roots): (&'static str, &Answers<'_>),
    fixed: &mut Vec<Fixed>,
) {
    let lanes = |a: u32, shift: u32| [0, 1, 2, 3].map(|lane| a ^ (lane << shift));
    for ([a, _], words) in reciprocals {
        let due = lanes(*a, 21).map(reciprocal_estimate);
        fixed.push((reciprocal, words.to_vec(), due.to_vec()));
    }
    for ([a, _], words) in roots {
        let due = lanes(*a, 22).map(root_estimate);
        fixed.push((root, words.to_vec(), due.to_vec()));
    }
}

/// Fraction bits of binary32 that an estimate of eight bits leaves 0.
const ESTIMATE_SHIFT: u32 = 15;

/// `FPRecipEstimate` of a positive normal binary32 number far from the ends of the range.
fn reciprocal_estimate(x: u32) -> u32 {
    let exponent = x >> 23 & 0xff;
    // Nine bits, 256 to 511: the number in [0.5, 1).
    let scaled = 0x100 | (x >> ESTIMATE_SHIFT & 0xff);
    let estimate = ((1 << 19) / (2 * scaled + 1)).div_ceil(2);
    (253 - exponent) << 23 | (estimate & 0xff) << ESTIMATE_SHIFT
}

/// `FPRSqrtEstimate` of a positive normal binary32 number.
fn root_estimate(x: u32) -> u32 {
    let exponent = x >> 23 & 0xff;
    // 256 to 511 for a number in [0.5, 1), 128 to 255 for one in [0.25, 0.5).
    let scaled = if exponent.is_multiple_of(2) {
        0x100 | (x >> ESTIMATE_SHIFT & 0xff)
    } else {
        0x80 | (x >> (ESTIMATE_SHIFT + 1) & 0x7f)
    };
    let a = if scaled < 256 {
        2 * scaled + 1
    } else {
        2 * ((scaled & !1) + 1)
    };
    // The greatest b with a b^2 below 2^28.
    let mut b = 512u32;
    while a * (b + 1) * (b + 1) < 1 << 28 {
        b += 1;
    }
    let estimate = b.div_ceil(2);
    ((380 - exponent) / 2) << 23 | (estimate & 0xff) << ESTIMATE_SHIFT
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outcome(check: Option<Check>) -> Option<Outcome> {
        check.map(|check| check.outcome)
    }

    fn one(operand: [u32; 2], words: &[u32]) -> [([u32; 2], &[u32]); 1] {
        [(operand, words)]
    }

    #[test]
    fn a_monitor_watches_addresses() {
        let judged = |words: [u32; 4]| outcome(monitor(&one([1, 2], &words)));
        // Cortex-A8, A9, A55 by their manuals: a plain store changes nothing.
        assert_eq!(judged([16, 16, 16, 16]), Some(Outcome::Pass));
        // A monitor that every store to its granule opens.
        assert_eq!(judged([16, 0, 0, 0]), Some(Outcome::Pass));
        // Interrupted now and then.
        assert_eq!(judged([15, 16, 13, 16]), Some(Outcome::Pass));
        // QEMU 7.2, every -cpu.
        assert_eq!(judged([16, 16, 0, 16]), Some(Outcome::Fail));
        // Never holds.
        assert_eq!(judged([0, 0, 0, 0]), Some(Outcome::Note));
        assert_eq!(outcome(monitor(&[])), None);
    }

    #[test]
    fn helpers_are_code() {
        let judged = |words: [u32; 4]| outcome(helpers(&one([0, 0], &words)));
        // QEMU 7.2, -cpu arm926 and pxa270.
        assert_eq!(judged([5, 0, 0, 0]), Some(Outcome::Fail));
        // Linux for ARMv5: `ldr r3, [r2]`, `ldr r0, [pc, #(16 - 8)]`, `bx lr`.
        assert_eq!(
            judged([5, 0xe592_3000, 0xe59f_0008, 0xe12f_ff1e]),
            Some(Outcome::Note)
        );
        // A kernel before the helpers.
        assert_eq!(judged([0, 0, 0, 0]), Some(Outcome::Note));
    }

    #[test]
    fn vfp11_traps() {
        let judged = |modes: u32, hwcap, version| {
            outcome(trapped(&one([0, 0], &[0, modes, 0, 0]), hwcap, version))
        };
        // ARM1176 by its manual, and QEMU 7.2 -cpu arm1176.
        assert_eq!(judged(0x0037_9f00, 0x80d7, 6), Some(Outcome::Pass));
        assert_eq!(judged(0x0037_0000, 0x80d7, 6), Some(Outcome::Fail));
        // Other versions and later units are not judged.
        assert_eq!(judged(0x0037_0000, 0x00d7, 5), None);
        assert_eq!(judged(0x0037_0000, 0x0008_b8d7, 7), None);
        assert_eq!(judged(0x0037_0000, 0xd7 | 1 << 13, 6), None);
    }

    #[test]
    fn old_loads_rotate() {
        let a = 0x4433_2211;
        let judged = |words: [u32; 4]| outcome(rotation(&one([a, 0x8877_6655], &words)));
        assert_eq!(
            judged([0x1144_3322, 0x3322_1144, 0, 0]),
            Some(Outcome::Pass)
        );
        // QEMU, or a kernel that corrects.
        assert_eq!(
            judged([0x5544_3322, 0x7766_5544, 0x3322, 0]),
            Some(Outcome::Note)
        );
    }

    #[test]
    fn the_architecture_is_known() {
        // QEMU 7.2's answers to 1, 1.1, 3 and 1e5, whose tables are the architecture's.
        let x = [0x3f80_0000, 0x3f8c_cccd, 0x4040_0000, 0x47c3_5000];
        assert_eq!(
            x.map(reciprocal_estimate),
            [0x3f7f_8000, 0x3f69_0000, 0x3eaa_8000, 0x3728_0000]
        );
        assert_eq!(
            x.map(root_estimate),
            [0x3f7f_8000, 0x3f74_8000, 0x3f13_8000, 0x3b4f_0000]
        );
        assert_eq!(conditions(8, 0), [0x0007_0004, 0x0007_0004]);
        assert_eq!(conditions(0x700, 3), [0x0003_0000, 0x0003_0000]);
        assert_eq!(
            nans(0xda11_ce79, 0xb578_5c38),
            [0xffd1_ce79, 0xfff8_5c38, 0x7fc0_0000, 0x3f80_0000]
        );
        assert_eq!(quotients(0x6b1d_8101, 0xebe1_fd4f)[3], 0xffff_fffb);
        let due = vec![1, 2];
        assert_eq!(
            outcome(fixed(&[("x", vec![1, 2], due.clone())])),
            Some(Outcome::Note)
        );
        assert_eq!(
            outcome(fixed(&[("x", vec![1, 3], due)])),
            Some(Outcome::Fail)
        );
    }

    proptest! {
        #[test]
        fn estimates_are_good_to_eight_bits(x in 1e-6f32..1e6) {
            let y = f64::from(f32::from_bits(reciprocal_estimate(x.to_bits())));
            prop_assert!((f64::from(x) * y - 1.0).abs() < 1.0 / 256.0);
            let y = f64::from(f32::from_bits(root_estimate(x.to_bits())));
            prop_assert!((f64::from(x).sqrt() * y - 1.0).abs() < 1.0 / 256.0);
        }

        #[test]
        fn no_answer_panics(operand: [u32; 2], words in prop::collection::vec(any::<u32>(), 0..5)) {
            let answers = one(operand, &words);
            monitor(&answers);
            system_call(&answers);
            helpers(&answers);
            trapped(&answers, HWCAP_VFP, VERSION_OF_VFP11);
            rotation(&answers);
            collected(&[("x", &answers)]);
            quotients(operand[0], operand[1]);
            conditions(operand[0], operand[1]);
        }
    }
}
