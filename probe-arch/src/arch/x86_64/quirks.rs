//! Value probes: what the silicon answers where the manual leaves it open.
//!
//! References:
//! - The registry, whose table says what each probe computes: [`probe_core::channels::quirks`].
//! - Intel SDM volume 2: `RCPPS`, `RSQRTPS` (relative error below 1.5 · 2^-12, table not given);
//!   "Flags Affected" of `SHL`, `ROL`, `SHLD`, `BSF`, `BSR`, `IMUL`, `MUL`, `DIV` (undefined ones).
//! - Intel SDM volume 1, "Transcendental Instruction Accuracy"; "x87 FPU Control Word".
//! - AMD APM volumes 3, 4 and 5 for the same instructions.

use core::arch::asm;
use probe_core::channels::quirks::x86::PROBES;
use probe_core::machine::QuirkWords;

/// OF, SF, ZF, AF, PF and CF.
const STATUS_FLAGS: u64 = 0x8d5;

/// x87 control word: 64-bit precision, round to nearest, all exceptions masked.
const CONTROL_WORD: u16 = 0x037f;

/// 2^-31, exactly.
const TWO_TO_MINUS_31: f64 = 1.0 / (1u64 << 31) as f64;

/// Answers a probe of the registry; `None` for a number that is not in it.
pub(super) fn quirk(probe: u16, [a, b]: [u32; 2]) -> Option<QuirkWords> {
    let name = PROBES.iter().find(|entry| entry.id == probe)?.name;
    estimate(name, a)
        .or_else(|| transcendental(name, a))
        .or_else(|| flags(name, a, b))
}

/// Runs one instruction on the vector `$x`, in place.
macro_rules! on_vector {
    ($instruction:literal, $x:expr) => {{
        let mut x: [u32; 4] = $x;
        // SAFETY: reads and writes the 16 bytes whose address it is given. Estimates raise no
        // exception.
        unsafe {
            asm!(
                "movups {t}, [{x}]",
                concat!($instruction, " {t}, {t}"),
                "movups [{x}], {t}",
                x = in(reg) &mut x,
                t = out(xmm_reg) _,
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
        _ => return None,
    })
}

/// What two runs of an instruction left: with the status flags clear before, and set.
struct Runs {
    flags: [u64; 2],
    results: [u64; 2],
}

impl Runs {
    /// Both runs' flags in one word.
    fn flags(&self) -> u32 {
        self.flags[0] as u32 | (self.flags[1] as u32) << 16
    }
}

/// Runs an instruction on `{x}` with the status flags clear, then set. Between setting the flags
/// and reading them there must be nothing but the instruction and copies.
macro_rules! with_flags {
    ($($line:literal),+; $x:expr $(; $($operand:tt)*)?) => {{
        let run = |set: u64| -> (u64, u64) {
            let flags: u64;
            let result: u64;
            // SAFETY: only the six status flags differ from what they were, so no other mode of
            // the processor changes; uses the stack (no `nostack`) and the registers named. No
            // instruction passed here can fault: divisors are odd and dividends fit.
            unsafe {
                asm!(
                    "pushfq",
                    "and qword ptr [rsp], {clear}",
                    "or qword ptr [rsp], {set}",
                    "popfq",
                    $($line,)+
                    "pushfq",
                    "pop {flags}",
                    clear = const !(STATUS_FLAGS as i32),
                    set = in(reg) set,
                    flags = out(reg) flags,
                    x = inout(reg) u64::from($x) => result,
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
        "shl" => with_flags!("shl {x:e}, cl"; b; in("ecx") a),
        "shr" => with_flags!("shr {x:e}, cl"; b; in("ecx") a),
        "rol" => with_flags!("rol {x:e}, cl"; b; in("ecx") a),
        "shld32" => with_flags!("shld {x:e}, {y:e}, cl"; b; in("ecx") a, y = in(reg) !b),
        "shld16" => {
            // A count of 16 to 31: beyond the operand, so the result itself is undefined.
            let runs = with_flags!(
                "shld {x:x}, {y:x}, cl"; b & 0xffff; in("ecx") a | 16, y = in(reg) b >> 16
            );
            return Some([runs.flags(), runs.results[0] as u32 & 0xffff, 0, 0]);
        }
        "bsf" => with_flags!("bsf {x:e}, {x:e}"; (a | 1 << 31) & (!0 << (b & 31))),
        "bsr" => with_flags!("bsr {x:e}, {x:e}"; (a >> (b & 31)) | 1),
        "bsf_zero" => {
            let destination = u64::from(b) << 32 | u64::from(a);
            let runs = with_flags!("bsf {x:e}, {zero:e}"; destination; zero = in(reg) 0);
            let [left, _] = runs.results;
            return Some([left as u32, (left >> 32) as u32, runs.flags(), 0]);
        }
        "imul" => with_flags!("imul {x:e}, {y:e}"; a; y = in(reg) b),
        "mul" => with_flags!(
            "mov eax, {x:e}", "mul {y:e}"; a; y = in(reg) b, out("eax") _, out("edx") _
        ),
        "div" => with_flags!(
            "mov eax, {x:e}", "mov edx, 0", "div {y:e}";
            a; y = in(reg) b | 1, out("eax") _, out("edx") _
        ),
        _ => return None,
    };
    Some([runs.flags(), 0, 0, 0])
}
