//! Value probes: what the silicon answers where the manual leaves it open, or where an emulator of
//! programs takes a short cut.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks`].
//! - ARM ARM (DDI 0406) A3.4, "Synchronization and semaphores": the local monitor watches addresses, never
//!   values. Cortex-A8 manual (DDI 0344) 8.5 and Cortex-A9 manual (DDI 0388) 7.4: a store of the same
//!   processor leaves it as it is.
//! - Linux, `arch/arm/kernel/entry-header.S`: every return to user mode opens the monitor, by `CLREX` or by a
//!   `STREX` (from version 6).
//! - ARM ARM (DDI 0406) A2.5.3, `FPSCR`; D12.5.6: unaligned loads rotate before version 6.
//! - ARM ARM (DDI 0100) A2.4.3: whether a store of the PC gives 8 or 12 is implementation defined before
//!   version 7; A4.1: carry after `MULS` is unpredictable in version 4, `MUL` with `Rd = Rm` before version 6;
//!   DDI 0406 A8.8.199: what `STM` stores of a base that it writes back and that is not the lowest register is
//!   unknown.
//! - Linux, `Documentation/arch/arm/kernel_user_helpers.rst`: code that the kernel puts at 0xffff0f60 and
//!   above, on every processor before version 6; `Documentation/arch/arm/mem_alignment.rst`.
//!
//! What is newer than the baseline is given in words, whose meaning stands beside them.

use super::identity::Features;
use core::arch::asm;
use probe_core::channels::quirks::arm::{MONITOR_TRIES, PROBES};
use probe_core::machine::QuirkWords;

/// The first version with `LDREX` and with unaligned loads.
const EXCLUSIVES: u8 = 6;
/// The first version with `LDREXD` for certain.
const EXCLUSIVE_PAIRS: u8 = 7;

/// The greatest exclusives reservation granule, in bytes.
const GRANULE: usize = 2048;

/// FPSCR: stride and length of short vectors, and the enables of trapped exceptions.
const FPSCR_MODES: u32 = 0x0037_9f00;
/// FPSCR: NZCV, QC, AHP, DN, FZ, RMode, and the cumulative exceptions.
const FPSCR_STATE: u32 = 0xffc0_009f;

/// CPSR: NZCV.
const CONDITIONS: u32 = 0xf << 28;
/// Where the conditions of the second run go in an answer.
const SECOND_RUN: u32 = 16;
/// Where the conditions lie in the CPSR.
const CONDITIONS_SHIFT: u32 = 28;

/// Answers a probe of the registry; `None` for a number that is not in it, and for what this processor
/// lacks.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2], has: &Features) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    let old = has.version < EXCLUSIVES;
    // SAFETY: the guard of each arm asks for what its function needs.
    Some(unsafe {
        match name {
            "vrecpe" if has.neon => vrecpe([0, 1, 2, 3].map(|lane| a ^ (lane << 21))),
            "vrsqrte" if has.neon => vrsqrte([0, 1, 2, 3].map(|lane| a ^ (lane << 22))),
            "fp_control" if has.vfp => control(),
            "monitor_store" if !old => monitor_store(a, b | 1),
            "monitor_address" if !old => monitor_address(a),
            "monitor_size" if has.version >= EXCLUSIVE_PAIRS => monitor_size(a),
            "monitor_exception" if !old && has.linux => monitor_exception(a),
            "multiply" => multiply(a, b),
            "mul_same" if old => mul_same(a, b),
            "store_pc" => store_pc(),
            "stm_base" => stm_base(a),
            "unaligned" if old && alignment_is_safe() => unaligned(a, b),
            "helpers" if old && has.linux => helpers(),
            "nan" if has.vfp => nan(a, b),
            "convert" if has.vfp => convert(a, b),
            "divide" if has.divide => divide(a, b),
            _ => return None,
        }
    })
}

/// Runs an estimate on a vector, in place.
macro_rules! estimate {
    ($instruction:ident, $text:literal) => {
        /// # Safety
        /// The processor must have NEON.
        unsafe fn $instruction(mut x: QuirkWords) -> QuirkWords {
            // SAFETY: reads and writes the 16 bytes whose address it is given.
            unsafe {
                asm!(
                    fpu!(),
                    "vld1.32 {{d0, d1}}, [{x}]",
                    concat!($text, " q0, q0"),
                    "vst1.32 {{d0, d1}}, [{x}]",
                    fpu_end!(),
                    x = in(reg) &mut x,
                    out("q0") _,
                    options(nostack)
                );
            }
            x
        }
    };
}

estimate!(vrecpe, "vrecpe.f32");
estimate!(vrsqrte, "vrsqrte.f32");

/// Which bits of the FPSCR can be written.
///
/// # Safety
/// The processor must have VFP.
unsafe fn control() -> QuirkWords {
    let (kept, modes, state, zeros): (u32, u32, u32, u32);
    // SAFETY: writes the register, reads it back and restores it; no instruction between computes, so
    // that neither short vectors nor exceptions that are enabled for a moment take effect.
    unsafe {
        asm!(
            fpu!(),
            "vmrs {kept}, fpscr",
            "vmsr fpscr, {modes}",
            "vmrs {modes}, fpscr",
            "vmsr fpscr, {state}",
            "vmrs {state}, fpscr",
            "vmsr fpscr, {zeros}",
            "vmrs {zeros}, fpscr",
            "vmsr fpscr, {kept}",
            fpu_end!(),
            kept = out(reg) kept,
            modes = inout(reg) FPSCR_MODES => modes,
            state = inout(reg) FPSCR_STATE => state,
            zeros = inout(reg) 0 => zeros,
            options(nostack)
        );
    }
    [kept, modes, state, zeros]
}

/// Words in [`GRANULE`].
const GRANULE_WORDS: usize = GRANULE / size_of::<u32>();

/// Memory whose granules are its own: the location in the first, somewhere else in the second.
#[repr(C, align(2048))]
struct Granules([u32; 2 * GRANULE_WORDS]);

impl Granules {
    fn new(a: u32) -> Self {
        let mut granules = Granules([0; 2 * GRANULE_WORDS]);
        granules.0[0] = a;
        granules.0[1] = !a;
        granules
    }
}

/// Counts how often a store-exclusive to word `$target` of `$memory` succeeds after a load-exclusive of
/// its first word into R0, with `$line`s between them. R1 is the address of the first word, R3 that of
/// the target, R8 that of a word far off, R12 is scratch, and R5 holds `$mask`.
macro_rules! exclusives {
    ($memory:expr, $target:expr, $mask:expr $(, $line:literal)*) => {{
        let memory: *mut u32 = $memory.0.as_mut_ptr();
        let mut successes = 0u32;
        for _ in 0..MONITOR_TRIES {
            let failed: u32;
            // SAFETY: reads and writes words of the memory that this function borrows uniquely. The
            // caller vouches for the instructions; the lines are those of this file and change R12
            // and R2 alone.
            unsafe {
                asm!(
                    ".inst 0xe1882f90", // strex r2, r0, [r8]: opens the monitor
                    ".inst 0xe1910f9f", // ldrex r0, [r1]
                    $($line,)*
                    ".inst 0xe1832f90", // strex r2, r0, [r3]
                    inout("r0") 0 => _,
                    in("r1") memory,
                    out("r2") failed,
                    in("r3") memory.wrapping_add($target),
                    in("r5") $mask,
                    in("r8") memory.wrapping_add(GRANULE_WORDS + 1),
                    out("r12") _,
                    options(nostack)
                );
            }
            successes += u32::from(failed == 0);
        }
        successes
    }};
}

/// Plain stores of the same processor between load and store.
///
/// # Safety
/// The version must be at least [`EXCLUSIVES`].
unsafe fn monitor_store(a: u32, m: u32) -> QuirkWords {
    let mut memory = Granules::new(a);
    let nothing = exclusives!(memory, 0, 0, "eor r12, r0, r5");
    // Both run the same instructions: what differs is the value stored.
    let mut stored = |m: u32| exclusives!(memory, 0, m, "eor r12, r0, r5", "str r12, [r1]");
    let (same, different) = (stored(0), stored(m));
    let beside = exclusives!(memory, 0, m, "eor r12, r0, r5", "str r12, [r1, #4]");
    [nothing, same, different, beside]
}

/// Stores to other places than what was loaded.
///
/// # Safety
/// As [`monitor_store`].
unsafe fn monitor_address(a: u32) -> QuirkWords {
    let mut memory = Granules::new(a);
    let beside = exclusives!(memory, 1, 0);
    let beyond = exclusives!(memory, GRANULE_WORDS, 0);
    [beside, beyond, 0, 0]
}

/// A store of another size than what was loaded.
///
/// # Safety
/// The version must be at least [`EXCLUSIVE_PAIRS`].
unsafe fn monitor_size(a: u32) -> QuirkWords {
    let (mut successes, mut changed) = (0, 0);
    for _ in 0..MONITOR_TRIES {
        let mut memory = Granules::new(a);
        let failed: u32;
        // SAFETY: as in `exclusives`; the pair lies at the start of the memory.
        unsafe {
            asm!(
                ".inst 0xf57ff01f", // clrex
                ".inst 0xe1b14f9f", // ldrexd r4, r5, [r1]
                "mvn r4, r4",
                ".inst 0xe1812f94", // strex r2, r4, [r1]
                ".inst 0xf57ff01f", // clrex
                in("r1") memory.0.as_mut_ptr(),
                out("r2") failed,
                out("r4") _,
                out("r5") _,
                options(nostack)
            );
        }
        successes += u32::from(failed == 0);
        changed += u32::from(memory.0[0] != a);
    }
    [successes, changed, 0, 0]
}

/// What opens the monitor: a system call, and a store-exclusive to another place.
///
/// # Safety
/// As [`monitor_store`], and the system must be Linux.
unsafe fn monitor_exception(a: u32) -> QuirkWords {
    /// Number of `getpid`, which takes nothing and changes nothing.
    const GETPID: u32 = 20;
    let mut memory = Granules::new(a);
    // The number goes into R7, which a compiler may keep for itself, and the result comes in R0, where
    // the value loaded is.
    let called = exclusives!(
        memory,
        0,
        GETPID,
        "mov r12, r7",
        "mov r2, r0",
        "mov r7, r5",
        "svc 0",
        "mov r7, r12",
        "mov r0, r2"
    );
    let stored = exclusives!(memory, 0, 0, ".inst 0xe1882f90"); // strex r2, r0, [r8]
    [called, stored, 0, 0]
}

/// Runs an instruction with NZCV clear, then set; gives the conditions that each run left.
macro_rules! with_conditions {
    ($instruction:literal, $a:expr, $b:expr $(, $high:ident)?) => {{
        let run = |set: u32| -> u32 {
            let flags: u32;
            // SAFETY: changes the conditions and the registers named.
            unsafe {
                asm!(
                    "msr cpsr_f, {set}",
                    $instruction,
                    "mrs {flags}, cpsr",
                    set = in(reg) set,
                    flags = out(reg) flags,
                    low = out(reg) _,
                    $($high = out(reg) _,)?
                    a = in(reg) $a,
                    b = in(reg) $b,
                    options(nomem, nostack)
                );
            }
            flags >> CONDITIONS_SHIFT
        };
        run(0) | run(CONDITIONS) << SECOND_RUN
    }};
}

/// Conditions after multiplications.
fn multiply(a: u32, b: u32) -> QuirkWords {
    [
        with_conditions!("muls {low}, {a}, {b}", a, b),
        with_conditions!("umulls {low}, {high}, {a}, {b}", a, b, high),
        0,
        0,
    ]
}

/// A product in the register of its first factor.
fn mul_same(a: u32, b: u32) -> QuirkWords {
    let product;
    // SAFETY: changes R0.
    unsafe {
        asm!(
            ".inst 0xe0000190", // mul r0, r0, r1
            inout("r0") a => product,
            in("r1") b,
            options(nomem, nostack)
        );
    }
    [product, 0, 0, 0]
}

/// How far the PC is ahead of an instruction that stores it.
fn store_pc() -> QuirkWords {
    let mut stored = [0u32; 2];
    let (first, second): (u32, u32);
    // SAFETY: writes the two words whose addresses it is given.
    unsafe {
        asm!(
            "adr {first}, 2f",
            "adr {second}, 3f",
            "2:",
            "str pc, [{single}]",
            "3:",
            "stmia {multiple}, {{pc}}",
            single = in(reg) &raw mut stored[0],
            multiple = in(reg) &raw mut stored[1],
            first = out(reg) first,
            second = out(reg) second,
            options(nostack)
        );
    }
    [
        stored[0].wrapping_sub(first),
        stored[1].wrapping_sub(second),
        0,
        0,
    ]
}

/// What a store of several registers stores of a base that it writes back.
fn stm_base(a: u32) -> QuirkWords {
    let mut stored = [0u32; 2];
    let base = stored.as_mut_ptr();
    // SAFETY: writes the two words at the base.
    unsafe {
        asm!(
            ".inst 0xe8a10003", // stmia r1!, {r0, r1}
            in("r0") a,
            inout("r1") base => _,
            options(nostack)
        );
    }
    [stored[1].wrapping_sub(base.addr() as u32), 0, 0, 0]
}

/// Whether the system lets a program of an old processor access unaligned words. Linux may be told to
/// kill it (bit 2 of the mode); it has no such file where it leaves alignment alone.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn alignment_is_safe() -> bool {
    const SIGNAL: u32 = 1 << 2;
    const LABEL: &[u8] = b"User faults:";
    let mut text = [0; 512];
    let Some(count) = crate::linux::read_file(c"/proc/cpu/alignment", &mut text) else {
        return true;
    };
    let mode = text[..count].split(|&byte| byte == b'\n').find_map(|line| {
        let digits = line.strip_prefix(LABEL)?.trim_ascii_start();
        let end = digits.iter().position(|byte| !byte.is_ascii_digit());
        let digits = &digits[..end.unwrap_or(digits.len())];
        core::str::from_utf8(digits).ok()?.parse::<u32>().ok()
    });
    mode.is_some_and(|mode| mode & SIGNAL == 0)
}

/// Without Linux nobody says whether an alignment check is on.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn alignment_is_safe() -> bool {
    false
}

/// Unaligned loads and stores.
///
/// # Safety
/// The system must let them through.
unsafe fn unaligned(a: u32, b: u32) -> QuirkWords {
    let mut words = [a, b];
    let (one, three, half): (u32, u32, u32);
    // SAFETY: stays inside the two words, whatever the processor makes of the low bits of an address.
    unsafe {
        asm!(
            "ldr {one}, [{at}, #1]",
            "ldr {three}, [{at}, #3]",
            "ldrh {half}, [{at}, #1]",
            "str {b}, [{at}, #2]",
            at = in(reg) words.as_mut_ptr(),
            b = in(reg) b,
            one = out(reg) one,
            three = out(reg) three,
            half = out(reg) half,
            options(nostack)
        );
    }
    [one, three, half, words[0]]
}

/// The version of the kernel's helpers, and the first instructions of three of them.
///
/// # Safety
/// The system must be Linux, and the version below [`EXCLUSIVES`]: there no kernel can be built without
/// the helpers.
unsafe fn helpers() -> QuirkWords {
    // Version, compare-and-exchange, thread pointer, memory barrier.
    [0xffff_0ffc_usize, 0xffff_0fc0, 0xffff_0fe0, 0xffff_0fa0].map(|address| {
        let word;
        // SAFETY: the page is readable; in assembly, because no object of Rust's lies there.
        unsafe {
            asm!(
                "ldr {word}, [{address}]",
                address = in(reg) address,
                word = out(reg) word,
                options(nostack, readonly, preserves_flags)
            );
        }
        word
    })
}

/// The quiet NaN that `b` gives.
const fn quiet(b: u32) -> u32 {
    (b & 0x803f_ffff) | 0x7fc0_0000
}

/// Defines a function on binary32 numbers given by their bits in S0 and S1, which leaves its result in
/// S0.
macro_rules! binary32 {
    ($name:ident, $instruction:literal) => {
        /// # Safety
        /// The processor must have VFP.
        unsafe fn $name(x: u32, y: u32) -> u32 {
            let result;
            // SAFETY: arithmetic on registers; no exception traps.
            unsafe {
                asm!(
                    fpu!(),
                    "vmov s0, {x}",
                    "vmov s1, {y}",
                    $instruction,
                    "vmov {result}, s0",
                    fpu_end!(),
                    x = in(reg) x,
                    y = in(reg) y,
                    result = lateout(reg) result,
                    out("d0") _,
                    options(nostack)
                );
            }
            result
        }
    };
}

binary32!(add, "vadd.f32 s0, s0, s1");
binary32!(multiplied, "vmul.f32 s0, s0, s1");
binary32!(to_signed, "vcvt.s32.f32 s0, s0");
binary32!(to_unsigned, "vcvt.u32.f32 s0, s0");

/// Which NaN comes out.
///
/// # Safety
/// The processor must have VFP.
unsafe fn nan(a: u32, b: u32) -> QuirkWords {
    const PAYLOAD: u32 = 0x003f_ffff;
    let signalling = (a & 0x803f_ffff) | 0x7f80_0001;
    let infinity = f32::INFINITY.to_bits();
    // SAFETY: the caller vouches for VFP.
    unsafe {
        [
            add(quiet(b), signalling),
            multiplied(quiet(b), quiet(b) ^ PAYLOAD),
            add(infinity, f32::NEG_INFINITY.to_bits()),
            0,
        ]
    }
}

/// Conversions of what no integer holds.
///
/// # Safety
/// The processor must have VFP.
unsafe fn convert(a: u32, b: u32) -> QuirkWords {
    let great = (a & 0x807f_ffff) | 0x4f80_0000;
    // SAFETY: the caller vouches for VFP.
    unsafe {
        [
            to_signed(great, 0),
            to_unsigned(great, 0),
            to_signed(quiet(b), 0),
            0,
        ]
    }
}

/// Divisions that other architectures refuse.
///
/// # Safety
/// The processor must have `UDIV` and `SDIV`.
unsafe fn divide(a: u32, b: u32) -> QuirkWords {
    let (unsigned, zero, overflow, signed): (u32, u32, u32, u32);
    // SAFETY: arithmetic on registers; no division faults in the A profile.
    unsafe {
        asm!(
            ".inst 0xe730f110", // udiv r0, r0, r1
            ".inst 0xe712f112", // sdiv r2, r2, r1
            ".inst 0xe713f413", // sdiv r3, r3, r4
            ".inst 0xe715f815", // sdiv r5, r5, r8
            inout("r0") a => unsigned,
            in("r1") 0,
            inout("r2") a => zero,
            inout("r3") i32::MIN => overflow,
            in("r4") -1,
            inout("r5") a => signed,
            in("r8") b | 1,
            options(nomem, nostack)
        );
    }
    [unsigned, zero, overflow, signed]
}
