//! Value probes: what the silicon answers where the manual leaves it open.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks`].
//! - Intel SDM volume 2: `RCPPS`, `RSQRTPS` (relative error below 1.5 · 2^-12, table not given);
//!   "Flags Affected" of `SHL`, `ROL`, `SHLD`, `BSF`, `BSR`, `IMUL`, `MUL`, `DIV` (undefined ones).
//! - Intel SDM volume 1, "Transcendental Instruction Accuracy"; "x87 FPU Control Word".
//! - AMD APM volumes 3, 4 and 5 for the same instructions.
//! - Intel SDM volume 2, `PUSH` (a segment register may leave the upper half of its place alone), `SMSW`,
//!   `BSWAP` (16 bits: undefined), `DAA`, `DAS`, `AAA`, `AAM` (undefined flags), `CPUID` (leaves beyond the
//!   highest); volume 1, "x87 FPU Instruction and Data (Operand) Pointers".
//! - Intel, "Statistical Analysis of Floating Point Flaw" (1994): the quotient that the first Pentiums get
//!   wrong.

use super::identity::{cpuid, Features};
use core::arch::asm;
use probe_core::channels::quirks::x86::PROBES;
use probe_core::machine::QuirkWords;

/// OF, SF, ZF, AF, PF and CF.
const STATUS_FLAGS: u32 = 0x8d5;

/// x87 control word: 64-bit precision, round to nearest, all exceptions masked.
const CONTROL_WORD: u16 = 0x037f;

/// Operands of the division that the first Pentiums get wrong in the fifth digit.
const FLAWED_DIVIDEND: u32 = 4_195_835;
const FLAWED_DIVISOR: u32 = 3_145_727;

/// 2^-31, exactly.
const TWO_TO_MINUS_31: f64 = 1.0 / (1u64 << 31) as f64;

/// Answers a probe of the registry; `None` for a number that is not in it, and for what this processor has
/// not.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2], has: &Features) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    let estimate = || if has.sse { estimate(name, a) } else { None };
    let transcendental = || {
        if has.x87 {
            transcendental(name, a)
        } else {
            None
        }
    };
    estimate()
        .or_else(transcendental)
        .or_else(|| flags(name, a, b))
        .or_else(|| decimal(name, a))
        .or_else(|| system(name, a, b, has))
}

/// Runs one instruction on the vector `$x`, in place.
macro_rules! on_vector {
    ($instruction:literal, $x:expr) => {{
        let mut x: [u32; 4] = $x;
        // SAFETY: reads and writes the 16 bytes whose address it is given. Estimates raise no
        // exception.
        unsafe {
            asm!(
                "movups xmm0, [{x}]",
                concat!($instruction, " xmm0, xmm0"),
                "movups [{x}], xmm0",
                x = in(reg) &mut x,
                out("xmm0") _,
                options(nostack, preserves_flags)
            );
        }
        x
    }};
}

/// Reciprocals and reciprocal square roots from the processor's tables.
fn estimate(name: &str, a: u32) -> Option<QuirkWords> {
    let spread = |shift: u32| [0, 1, 2, 3].map(|lane| a ^ (lane << shift));
    let low = |[word, ..]: [u32; 4]| [word, 0, 0, 0];
    Some(match name {
        "rcpps" => on_vector!("rcpps", spread(21)),
        "rsqrtps" => on_vector!("rsqrtps", spread(22)),
        "rcpss" => low(on_vector!("rcpss", [a, 0, 0, 0])),
        "rsqrtss" => low(on_vector!("rsqrtss", [a, 0, 0, 0])),
        _ => return None,
    })
}

/// Runs x87 instructions that leave one number on the stack, and stores it with its 80 bits.
macro_rules! x87 {
    ($($line:literal),+; $($operand:tt)*) => {{
        let mut result = [0u32; 4];
        let mut kept = 0u16;
        // SAFETY: the stack is empty on entry, since all its registers are declared clobbered, and
        // again on exit; the control word is put back, pending exceptions are cleared first. Writes
        // 10 and 2 bytes to the two variables, reads the operands.
        unsafe {
            asm!(
                "fnstcw word ptr [{kept}]",
                "fldcw word ptr [{control}]",
                $($line,)+
                "fstp tbyte ptr [{result}]",
                "fnclex",
                "fldcw word ptr [{kept}]",
                kept = in(reg) &mut kept,
                control = in(reg) &CONTROL_WORD,
                result = in(reg) &mut result,
                $($operand)*
                out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
                out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
                options(nostack)
            );
        }
        result
    }};
}

/// The x87's sines and logarithms.
fn transcendental(name: &str, a: u32) -> Option<QuirkWords> {
    Some(match name {
        "fsin" => x87!("fld dword ptr [{a}]", "fsin"; a = in(reg) &a,),
        "fcos" => x87!("fld dword ptr [{a}]", "fcos"; a = in(reg) &a,),
        "f2xm1" => x87!(
            "fild dword ptr [{a}]", "fmul qword ptr [{scale}]", "f2xm1";
            a = in(reg) &a, scale = in(reg) &TWO_TO_MINUS_31,
        ),
        "fyl2x" => x87!("fld1", "fld dword ptr [{a}]", "fyl2x"; a = in(reg) &a,),
        "fpatan" => x87!("fld dword ptr [{a}]", "fld1", "fpatan"; a = in(reg) &a,),
        "fsin_pi" => x87!("fldpi", "fsin";),
        "fdiv" => x87!(
            "fild dword ptr [{a}]", "fidiv dword ptr [{b}]";
            a = in(reg) &FLAWED_DIVIDEND, b = in(reg) &FLAWED_DIVISOR,
        ),
        _ => return None,
    })
}

/// What two runs of an instruction left: with the status flags clear before, and set.
struct Runs {
    flags: [u32; 2],
    results: [u32; 2],
}

impl Runs {
    /// Both runs' flags in one word.
    fn flags(&self) -> u32 {
        self.flags[0] | self.flags[1] << 16
    }
}

/// Runs an instruction on `{x}` with the status flags clear, then set. Between setting the flags
/// and reading them there must be nothing but the instruction and copies.
macro_rules! with_flags {
    ($($line:literal),+; $x:expr $(; $($operand:tt)*)?) => {{
        let run = |set: u32| -> (u32, u32) {
            let flags: u32;
            let result: u32;
            // SAFETY: only the six status flags differ from what they were, so no other mode of
            // the processor changes; uses the stack (no `nostack`) and the registers named. No
            // instruction passed here can fault: divisors are odd and dividends fit.
            unsafe {
                asm!(
                    "pushfd",
                    "and dword ptr [esp], {clear}",
                    "or dword ptr [esp], {set}",
                    "popfd",
                    $($line,)+
                    "pushfd",
                    "pop {flags}",
                    clear = const !STATUS_FLAGS as i32,
                    set = in(reg) set,
                    flags = lateout(reg) flags,
                    x = inout(reg) $x => result,
                    $($($operand)*)?
                );
            }
            (flags & STATUS_FLAGS, result)
        };
        let (clear, set) = (run(0), run(STATUS_FLAGS));
        Runs { flags: [clear.0, set.0], results: [clear.1, set.1] }
    }};
}

/// Flags and destinations that the manual calls undefined.
fn flags(name: &str, a: u32, b: u32) -> Option<QuirkWords> {
    let runs = match name {
        "shl" => with_flags!("shl {x}, cl"; b; in("ecx") a),
        "shr" => with_flags!("shr {x}, cl"; b; in("ecx") a),
        "rol" => with_flags!("rol {x}, cl"; b; in("ecx") a),
        "shld32" => with_flags!("shld {x}, {y}, cl"; b; in("ecx") a, y = in(reg) !b),
        "shld16" => {
            // A count of 16 to 31: beyond the operand, so the result itself is undefined.
            let runs = with_flags!(
                "shld {x:x}, {y:x}, cl"; b & 0xffff; in("ecx") a | 16, y = in(reg) b >> 16
            );
            return Some([runs.flags(), runs.results[0] & 0xffff, 0, 0]);
        }
        "bsf" => with_flags!("bsf {x}, {x}"; (a | 1 << 31) & (!0 << (b & 31))),
        "bsr" => with_flags!("bsr {x}, {x}"; (a >> (b & 31)) | 1),
        "imul" => with_flags!("imul {x}, {y}"; a; y = in(reg) b),
        "mul" => with_flags!(
            "mov eax, {x}", "mul {y}"; a; y = in(reg) b, out("eax") _, out("edx") _
        ),
        "div" => with_flags!(
            "mov eax, {x}", "mov edx, 0", "div {y}";
            a; y = in(reg) b | 1, out("eax") _, out("edx") _
        ),
        _ => return None,
    };
    Some([runs.flags(), 0, 0, 0])
}

/// Decimal adjustments, which programs of 64 bits have not: flags, and what is left in AX.
fn decimal(name: &str, a: u32) -> Option<QuirkWords> {
    /// Bits of AX.
    const AX: u32 = 0xffff;
    let runs = match name {
        "daa" => with_flags!("mov eax, {x}", "daa", "mov {x}, eax"; a; out("eax") _),
        "das" => with_flags!("mov eax, {x}", "das", "mov {x}, eax"; a; out("eax") _),
        "aaa" => with_flags!("mov eax, {x}", "aaa", "mov {x}, eax"; a; out("eax") _),
        "aam" => with_flags!("mov eax, {x}", "aam 10", "mov {x}, eax"; a; out("eax") _),
        _ => return None,
    };
    let [clear, set] = runs.results;
    Some([runs.flags(), clear & AX | (set & AX) << 16, 0, 0])
}

/// What belongs to 32 bits, to the system's side of the processor, or to one generation.
fn system(name: &str, a: u32, b: u32, has: &Features) -> Option<QuirkWords> {
    Some(match name {
        "bswap16" if has.is_486 => [swapped(a), 0, 0, 0],
        "segment" => segment(a, b),
        "machine_status" => [machine_status()?, 0, 0, 0],
        "cpuid_beyond" => {
            let there = has.cpuid?;
            let highest = cpuid(there, there.highest(), 0);
            let beyond = cpuid(there, there.highest().wrapping_add(a), 0);
            let nothing = beyond.eax | beyond.ebx | beyond.ecx | beyond.edx == 0;
            [
                u32::from(nothing) | u32::from(beyond == highest) << 1,
                0,
                0,
                0,
            ]
        }
        "fpu_pointers" if has.x87 => fpu_pointers(a),
        _ => return None,
    })
}

/// `BSWAP AX`, which assemblers refuse.
fn swapped(a: u32) -> u32 {
    let result;
    // SAFETY: changes EAX. The caller has asked for a 486.
    unsafe {
        asm!(
            ".byte 0x66, 0x0f, 0xc8",
            inout("eax") a => result,
            options(nomem, nostack, preserves_flags)
        );
    }
    result
}

/// Upper halves of a place on the stack to which a segment register is pushed, and of a register to which it
/// is moved.
fn segment(a: u32, b: u32) -> QuirkWords {
    let (pushed, moved): (u32, u32);
    // SAFETY: writes four bytes of stack (no `nostack`) and the registers named. Should a signal come between
    // the first two pushes, its frame is in the place.
    unsafe {
        asm!(
            "push {pushed}",
            "add esp, 4",
            // `push ds` with 32 bits; assemblers disagree on its size.
            ".byte 0x1e",
            "pop {pushed}",
            "mov {moved}, ds",
            pushed = inout(reg) a => pushed,
            moved = inout(reg) b => moved,
        );
    }
    [pushed >> 16, moved >> 16, 0, 0]
}

/// The low half of CR0, where no system is known to forbid it: Linux answers `SMSW` itself where the processor
/// lets it be forbidden (`Documentation/arch/x86`, "UMIP").
#[cfg(all(feature = "linux", target_os = "linux"))]
fn machine_status() -> Option<u32> {
    let status: u32;
    // SAFETY: reads a register.
    unsafe { asm!("smsw {}", out(reg) status, options(nomem, nostack, preserves_flags)) };
    Some(status)
}

/// Elsewhere it may be an exception.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn machine_status() -> Option<u32> {
    None
}

/// Where the x87 says that its last instruction and operand were, less where they were.
fn fpu_pointers(a: u32) -> QuirkWords {
    /// Positions in the environment of 32 bits: instruction, its segment and opcode, operand, its segment.
    const INSTRUCTION: usize = 3;
    const OPCODE: usize = 4;
    const OPERAND: usize = 5;
    const OPERAND_SEGMENT: usize = 6;
    // An ordinary number: no exception.
    let x = a & 0x007f_ffff | 1f32.to_bits();
    let mut environment = [0u32; 7];
    let instruction: u32;
    // SAFETY: writes the 28 bytes of the environment, and reads the operand; the stack is empty on entry, as
    // all its registers are declared, and on exit. The control word is put back. Uses four bytes of stack.
    unsafe {
        asm!(
            "fnclex",
            "call 2f",
            "2:",
            "fld dword ptr [{x}]",
            "pop {at}",
            "fnstenv [{environment}]",
            "fstp st(0)",
            "fldcw word ptr [{environment}]",
            x = in(reg) &x,
            environment = in(reg) &mut environment,
            at = out(reg) instruction,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
        );
    }
    let set = |segment: u32, bit: u32| u32::from(segment & 0xffff != 0) << bit;
    [
        environment[INSTRUCTION].wrapping_sub(instruction),
        environment[OPERAND].wrapping_sub((&raw const x).addr() as u32),
        environment[OPCODE] >> 16
            | set(environment[OPCODE], 31)
            | set(environment[OPERAND_SEGMENT], 30),
        0,
    ]
}
