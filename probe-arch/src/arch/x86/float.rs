//! Chains of scalar binary64 instructions, and the rounding-mode switch: in SSE2 where it is, otherwise in
//! the x87.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volumes 3 to 5: `ADDSD`, `MULSD`, `DIVSD`, `SQRTSD`, `ANDPD`, `LDMXCSR`;
//!   `FADD`, `FMUL`, `FDIVR`, `FSQRT`, `FXCH`, `FLDCW`.
//! - Intel SDM volume 1, "x87 FPU Control Word": precision control is bits 8 and 9, rounding control bits
//!   10 and 11; "MXCSR Control and Status Register": rounding control is bits 13 and 14; "Denormalized
//!   Finite Numbers" and AMD's optimisation guides for the assists measured here.
//!
//! The x87 computes with 64 bits of mantissa and 15 of exponent. With precision control at 53 bits every
//! sum, product, quotient and root is rounded once, to binary64, as long as its exponent is that of a normal
//! number, which holds for all chains but those on special values. Those store each product, which rounds
//! the exponent too: it overflows, or becomes subnormal, there.
//!
//! Numbers travel as bits: Rust's own binary64 may live in x87 registers here.

use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Float;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{special_operands, Chain, Op, Operands, Shape, FP_LANES, NAN_DIGEST};

/// MXCSR bits 13 and 14 set: round toward zero.
const SSE_TOWARD_ZERO: u32 = 0b11 << 13;
/// Bits 10 and 11 of the x87's control word: round toward zero.
const X87_TOWARD_ZERO: u16 = 0b11 << 10;
/// x87 control word: 53 bits of mantissa, round to nearest, all exceptions masked.
const X87_BINARY64: u16 = 0x027f;

/// Where the lanes are and what they compute with, for both units.
#[repr(C, align(16))]
struct Work {
    lanes: [u64; FP_LANES],
    /// The constants, each in a vector of its own.
    c: [u64; 2],
    d: [u64; 2],
    /// The control word to come back to.
    kept: u32,
    /// The one to compute or to switch with.
    other: u32,
}

/// Offsets in [`Work`].
const C: usize = core::mem::offset_of!(Work, c);
const D: usize = core::mem::offset_of!(Work, d);
const KEPT: usize = core::mem::offset_of!(Work, kept);
const OTHER: usize = core::mem::offset_of!(Work, other);

/// A kernel: iterations, lanes and constants. Unsafe, because the processor must have its unit.
type Kernel = unsafe fn(u32, &mut Work);

/// The kernels of one unit for an operation.
macro_rules! kernel {
    ($unit:ident, $chain:expr) => {
        match $chain.op {
            Op::FpAdd => instance!($unit::add, $chain),
            Op::FpMul => instance!($unit::mul, $chain),
            Op::FpDiv => instance!($unit::div, $chain),
            Op::FpSqrt => instance!($unit::sqrt, $chain),
            Op::FpRounding => instance!($unit::rounding, $chain),
            _ => instance!($unit::mul_mask, $chain),
        }
    };
}

/// Runs a binary64 chain. `None` without a unit, and for the rounding switch in the shape that it has not.
pub(super) fn chain(chain: Chain, operands: &Operands, unit: Float) -> Option<u64> {
    let kernel: Kernel = match unit {
        Float::Absent => return None,
        Float::Sse2 => kernel!(sse2, chain),
        Float::X87 | Float::Imitated => kernel!(x87, chain),
    };
    let mut work = Work {
        lanes: operands.fx,
        c: [operands.fc, 0],
        d: [0; 2],
        kept: 0,
        other: 0,
    };
    match chain.op {
        Op::FpAdd | Op::FpDiv | Op::FpSqrt => {}
        Op::FpMul => work.d[0] = reciprocal(operands.fc, unit)?,
        Op::FpRounding if chain.shape == Shape::Dependent => {}
        Op::FpRounding => return None,
        special => {
            let (x, m, k) = special_operands(special);
            work.lanes = [x; FP_LANES];
            (work.c[0], work.d[0]) = (m, k);
        }
    }
    // SAFETY: the unit is there.
    unsafe { kernel(chain.iterations, &mut work) };
    if chain.op == Op::FpRounding {
        return Some(digest::lanes([0]));
    }
    let lanes = &work.lanes[..chain.op.lanes(chain.shape)];
    Some(digest::lanes(lanes.iter().map(|&bits| {
        if is_nan(bits) {
            NAN_DIGEST
        } else {
            bits
        }
    })))
}

/// Whether the bits are those of a NaN, without loading them into a register that changes them.
const fn is_nan(bits: u64) -> bool {
    bits & !(1 << 63) > f64::INFINITY.to_bits()
}

/// 1 / c, rounded to binary64, in bits.
fn reciprocal(c: u64, unit: Float) -> Option<u64> {
    let mut work = Work {
        lanes: [1f64.to_bits(); FP_LANES],
        c: [c, 0],
        d: [0; 2],
        kept: 0,
        other: 0,
    };
    // SAFETY: the unit is there.
    unsafe {
        match unit {
            Float::Absent => return None,
            Float::Sse2 => sse2::reciprocal(&mut work),
            Float::X87 | Float::Imitated => x87::reciprocal(&mut work),
        }
    }
    Some(work.lanes[0])
}

/// The kernels in SSE2. Lane i lives in XMMi; the constants are operands in memory, in the nearest cache.
mod sse2 {
    use super::*;

    /// Loads the lanes, runs `$body` `steps` times in a straight line in a loop, stores the lanes.
    macro_rules! kernel {
        ($name:ident, $ops_per_step:literal, [$($line:literal),+ $(,)?]) => {
            /// # Safety
            /// The processor must have SSE2, and the system must save its registers.
            pub(super) unsafe fn $name<const USED: u32, const OPS: u32>(n: u32, work: &mut Work) {
                // SAFETY: reads and writes `work`, which is aligned for any operand. All exceptions are
                // masked in the MXCSR that a Rust program runs with; only its sticky flags change.
                unsafe {
                    asm!(
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {used}",
                        "movsd xmm\\lane, [{w} + 8 * \\lane]",
                        ".endif",
                        ".endr",
                        "/* {c} {d} */",
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        $($line,)+
                        ".endr",
                        "dec {n}",
                        "jnz 2b",
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {used}",
                        "movsd [{w} + 8 * \\lane], xmm\\lane",
                        ".endif",
                        ".endr",
                        steps = const OPS / USED / $ops_per_step,
                        used = const USED,
                        c = const C,
                        d = const D,
                        w = in(reg) work,
                        n = inout(reg) n => _,
                        out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
                        out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
                        options(nostack)
                    );
                }
            }
        };
    }

    /// A line for every lane of the shape.
    macro_rules! scalar {
        ($name:ident, $ops_per_step:literal, $([$($line:literal),+]),+) => {
            kernel!($name, $ops_per_step, [$(
                ".irp lane, 0,1,2,3,4,5,6,7",
                ".if \\lane < {used}",
                $($line,)+
                ".endif",
                ".endr",
            )+]);
        };
    }

    scalar!(add, 1, ["addsd xmm\\lane, [{w} + {c}]"]);
    scalar!(
        mul,
        2,
        ["mulsd xmm\\lane, [{w} + {c}]"],
        ["mulsd xmm\\lane, [{w} + {d}]"]
    );
    scalar!(
        sqrt,
        1,
        [
            "sqrtsd xmm\\lane, xmm\\lane",
            "addsd xmm\\lane, [{w} + {c}]"
        ]
    );
    scalar!(
        mul_mask,
        1,
        [
            "mulsd xmm\\lane, [{w} + {c}]",
            "andpd xmm\\lane, [{w} + {d}]"
        ]
    );

    // With eight lanes no register is left for the quotient, so the divisor comes from memory: eight lanes
    // hide what that costs behind the divider.
    kernel!(
        div,
        1,
        [
            ".if {used} == 1",
            "movapd xmm7, [{w} + {c}]",
            "divsd xmm7, xmm0",
            "movapd xmm0, xmm7",
            ".else",
            ".irp lane, 0,1,2,3,4,5,6,7",
            "movsd xmm\\lane, [{w} + {c}]",
            "divsd xmm\\lane, [{w} + 8 * \\lane]",
            "movsd [{w} + 8 * \\lane], xmm\\lane",
            ".endr",
            ".endif",
        ]
    );

    /// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
    ///
    /// Assembly, because Rust (like C) takes the rounding mode to be the default everywhere. Here the mode
    /// is back before the block ends, and nothing computes inside.
    ///
    /// # Safety
    /// The processor must have SSE, and the system must save its registers.
    pub(super) unsafe fn rounding<const USED: u32, const OPS: u32>(n: u32, work: &mut Work) {
        // SAFETY: writes two words of `work`, reads them back, and leaves MXCSR as it was.
        unsafe {
            asm!(
                "stmxcsr [{w} + {kept}]",
                "mov {t}, [{w} + {kept}]",
                "or {t}, {bits}",
                "mov [{w} + {other}], {t}",
                ".p2align 5",
                "2:",
                ".rept {ops}",
                "ldmxcsr [{w} + {other}]",
                "ldmxcsr [{w} + {kept}]",
                ".endr",
                "dec {n}",
                "jnz 2b",
                ops = const OPS,
                bits = const SSE_TOWARD_ZERO,
                kept = const KEPT,
                other = const OTHER,
                w = in(reg) work,
                n = inout(reg) n => _,
                t = out(reg) _,
                options(nostack)
            );
        }
    }

    /// Divides the first lane by the first constant.
    ///
    /// # Safety
    /// The processor must have SSE2, and the system must save its registers.
    pub(super) unsafe fn reciprocal(work: &mut Work) {
        // SAFETY: reads and writes `work`.
        unsafe {
            asm!(
                "movsd xmm0, [{w}]",
                "divsd xmm0, [{w} + {c}]",
                "movsd [{w}], xmm0",
                c = const C,
                w = in(reg) work,
                out("xmm0") _,
                options(nostack)
            );
        }
    }
}

/// The kernels in the x87. Lane i starts in ST(i); the constants are operands in memory.
mod x87 {
    use super::*;

    /// Runs `$body` with the control word for binary64, all registers of the x87 being free.
    macro_rules! block {
        ([$($line:expr),+ $(,)?], $work:expr $(, $($operand:tt)*)?) => {
            asm!(
                "fnstcw word ptr [{w} + {kept}]",
                "mov word ptr [{w} + {other}], {binary64}",
                "fldcw word ptr [{w} + {other}]",
                "/* {c} {d} */",
                $($line,)+
                "fnclex",
                "fldcw word ptr [{w} + {kept}]",
                binary64 = const X87_BINARY64,
                kept = const KEPT,
                other = const OTHER,
                c = const C,
                d = const D,
                w = in(reg) $work,
                $($($operand)*)?
                out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
                out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
                options(nostack)
            )
        };
    }

    /// A chain whose step is one group of lines after another, each group for every lane.
    ///
    /// Arithmetic needs one operand on top of the stack. In the independent shape an exchange brings up the
    /// next lane: it costs nothing on processors that pair or rename it. Seven exchanges leave the lanes one
    /// place further down, so that the order in which they end is known.
    macro_rules! scalar {
        ($name:ident, $ops_per_step:literal, $([$($line:literal),+]),+) => {
            /// # Safety
            /// There must be an x87.
            pub(super) unsafe fn $name<const USED: u32, const OPS: u32>(n: u32, work: &mut Work) {
                // SAFETY: reads and writes `work`. The stack is empty on entry, since all its registers
                // are declared, and on exit; exceptions are masked, and the control word is put back.
                unsafe {
                    block!(
                        [
                            ".irp lane, 7,6,5,4,3,2,1,0",
                            ".if \\lane < {used}",
                            "fld qword ptr [{w} + 8 * \\lane]",
                            ".endif",
                            ".endr",
                            ".p2align 5",
                            "2:",
                            ".rept {steps}",
                            $(
                                $($line,)+
                                ".if {used} > 1",
                                ".irp lane, 1,2,3,4,5,6,7",
                                "fxch st(\\lane)",
                                $($line,)+
                                ".endr",
                                ".endif",
                            )+
                            ".endr",
                            "dec {n}",
                            "jnz 2b",
                            ".irp lane, 0,1,2,3,4,5,6,7",
                            ".if \\lane < {used}",
                            "fstp qword ptr [{w} + 8 * \\lane]",
                            ".endif",
                            ".endr",
                        ],
                        &raw mut *work,
                        steps = const OPS / USED / $ops_per_step,
                        used = const USED,
                        n = inout(reg) n => _,
                    );
                }
                if USED == FP {
                    let groups = n.wrapping_mul(OPS / USED);
                    work.lanes.rotate_left((groups % FP) as usize);
                }
            }
        };
    }

    scalar!(add, 1, ["fadd qword ptr [{w} + {c}]"]);
    scalar!(
        mul,
        2,
        ["fmul qword ptr [{w} + {c}]"],
        ["fmul qword ptr [{w} + {d}]"]
    );
    scalar!(div, 1, ["fdivr qword ptr [{w} + {c}]"]);
    scalar!(sqrt, 1, ["fsqrt", "fadd qword ptr [{w} + {c}]"]);

    /// Multiplies, stores to round the exponent, and masks in memory.
    ///
    /// # Safety
    /// There must be an x87.
    pub(super) unsafe fn mul_mask<const USED: u32, const OPS: u32>(n: u32, work: &mut Work) {
        // SAFETY: as above.
        unsafe {
            block!(
                [
                    "mov {low}, [{w} + {d}]",
                    "mov {high}, [{w} + {d} + 4]",
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    ".irp lane, 0,1,2,3,4,5,6,7",
                    ".if \\lane < {used}",
                    "fld qword ptr [{w} + 8 * \\lane]",
                    "fmul qword ptr [{w} + {c}]",
                    "fstp qword ptr [{w} + 8 * \\lane]",
                    "and [{w} + 8 * \\lane], {low}",
                    "and [{w} + 8 * \\lane + 4], {high}",
                    ".endif",
                    ".endr",
                    ".endr",
                    "dec {n}",
                    "jnz 2b",
                ],
                work,
                steps = const OPS / USED,
                used = const USED,
                n = inout(reg) n => _,
                low = out(reg) _,
                high = out(reg) _,
            );
        }
    }

    /// Switches the rounding mode to toward-zero and back, as in SSE.
    ///
    /// # Safety
    /// There must be an x87.
    pub(super) unsafe fn rounding<const USED: u32, const OPS: u32>(n: u32, work: &mut Work) {
        // SAFETY: writes two words of `work`, reads them back, and leaves the control word as it was.
        unsafe {
            asm!(
                "fnstcw word ptr [{w} + {kept}]",
                "mov {t}, [{w} + {kept}]",
                "or {t}, {bits}",
                "mov [{w} + {other}], {t}",
                ".p2align 5",
                "2:",
                ".rept {ops}",
                "fldcw word ptr [{w} + {other}]",
                "fldcw word ptr [{w} + {kept}]",
                ".endr",
                "dec {n}",
                "jnz 2b",
                ops = const OPS,
                bits = const X87_TOWARD_ZERO,
                kept = const KEPT,
                other = const OTHER,
                w = in(reg) work,
                n = inout(reg) n => _,
                t = out(reg) _,
                options(nostack)
            );
        }
    }

    /// Divides the first lane by the first constant.
    ///
    /// # Safety
    /// There must be an x87.
    pub(super) unsafe fn reciprocal(work: &mut Work) {
        // SAFETY: as above.
        unsafe {
            block!(
                [
                    "fld qword ptr [{w}]",
                    "fdiv qword ptr [{w} + {c}]",
                    "fstp qword ptr [{w}]",
                ],
                work
            );
        }
    }
}
