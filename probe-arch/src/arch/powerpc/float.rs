//! Chains of scalar binary64 instructions, and the rounding-mode switch.
//!
//! References:
//! - PEM and Power ISA book I: `fadd`, `fmul`, `fdiv`, `fsqrt` (optional), `mffs`, `mtfsf`, `mtfsb0`,
//!   `mtfsb1`; FPSCR bits 30 and 31: rounding mode, 00 to nearest, 01 toward zero.
//! - Power ISA book I, `xxland` (VSX): the only logic on floating-point registers. Without VSX the
//!   mask of `FpMul*` goes through memory, for ordinary operands as for special ones.
//!
//! One block serves both shapes: `.irp` writes each line for eight lanes, `.if` keeps those that the
//! shape has. Lane i lives in register i; 8 and 9 hold the constants.

use super::common::float::{run, Kernel, Lanes};
use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use probe_core::machine::{Chain, Op, Operands};

/// Runs a binary64 chain. `None` for the rounding switch in the shape that it has not, and for a
/// square root where the processor has none.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    let kernel: Kernel = match chain.op {
        Op::FpAdd => instance!(add, chain),
        Op::FpMul => instance!(mul, chain),
        Op::FpDiv => instance!(div, chain),
        Op::FpSqrt if features.sqrt => instance!(sqrt, chain),
        Op::FpSqrt => return None,
        Op::FpRounding => instance!(rounding, chain),
        _ if features.vsx => instance!(mul_mask_vsx, chain),
        _ => instance!(mul_mask, chain),
    };
    // SAFETY: the arms above let no kernel through whose instructions are not there.
    unsafe { run(kernel, chain, operands) }
}

/// A chain whose step is one group of lines after another, each group for every lane. The operands
/// after the semicolon are the kernel's own.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $([$($line:expr),+]),+ $(; |$d:ident| $($operand:tt)*)?) => {
        /// # Safety
        /// The processor must have the instructions.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut Lanes, c: f64, d: f64,
        ) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            $(let $d = d.to_bits();)?
            // SAFETY: arithmetic on the registers named (and on memory where the kernel's own operands
            // say so). Exceptions are disabled in the FPSCR that a Rust program runs with; only its
            // status bits change. The caller vouches for the instructions.
            unsafe {
                repeat!(
                    n,
                    OPS / USED / $ops_per_step,
                    [$(by_lane!($($line),+)),+],
                    [
                        used = const USED,
                        $($($operand)*)?
                        inout("f0") x0, inout("f1") x1, inout("f2") x2, inout("f3") x3,
                        inout("f4") x4, inout("f5") x5, inout("f6") x6, inout("f7") x7,
                        in("f8") c, in("f9") d,
                    ],
                    nostack
                );
            }
            *lanes = [x0, x1, x2, x3, x4, x5, x6, x7];
        }
    };
}

scalar!(add, 1, ["fadd \\lane, \\lane, 8"]);
scalar!(
    mul,
    2,
    ["fmul \\lane, \\lane, 8"],
    ["fmul \\lane, \\lane, 9"]
);
scalar!(div, 1, ["fdiv \\lane, 8, \\lane"]);
scalar!(sqrt, 1, ["fsqrt \\lane, \\lane", "fadd \\lane, \\lane, 8"]);
scalar!(
    mul_mask_vsx,
    1,
    ["fmul \\lane, \\lane, 8", "xxland \\lane, \\lane, 9"]
);

// Each lane has its own place in memory, and the mask is in general registers.
#[cfg(target_pointer_width = "32")]
scalar!(
    mul_mask,
    1,
    [
        "fmul \\lane, \\lane, 8",
        "stfd \\lane, 8 * \\lane({place})",
        "lwz {t}, 8 * \\lane({place})",
        "lwz {u}, 8 * \\lane + 4({place})",
        "and {t}, {t}, {first}",
        "and {u}, {u}, {second}",
        "stw {t}, 8 * \\lane({place})",
        "stw {u}, 8 * \\lane + 4({place})",
        "lfd \\lane, 8 * \\lane({place})"
    ];
    |mask|
    place = in(reg_nonzero) &mut [0u64; FP as usize],
    // PowerPC of 32 bits is big-endian: the upper word comes first.
    first = in(reg) (mask >> 32) as u32,
    second = in(reg) mask as u32,
    t = out(reg) _, u = out(reg) _,
);

#[cfg(target_pointer_width = "64")]
scalar!(
    mul_mask,
    1,
    [
        "fmul \\lane, \\lane, 8",
        "stfd \\lane, 8 * \\lane({place})",
        "ld {t}, 8 * \\lane({place})",
        "and {t}, {t}, {mask}",
        "std {t}, 8 * \\lane({place})",
        "lfd \\lane, 8 * \\lane({place})"
    ];
    |mask|
    place = in(reg_nonzero) &mut [0u64; FP as usize],
    mask = in(reg) mask,
    t = out(reg) _,
);

/// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
///
/// Assembly, because Rust takes the rounding mode to be the default everywhere. Here the mode is back
/// before the block ends, and nothing computes inside.
fn rounding<const USED: u32, const OPS: u32>(n: u32, _lanes: &mut Lanes, _c: f64, _d: f64) {
    // SAFETY: puts the FPSCR back as it was; in between only its rounding mode differs.
    unsafe {
        repeat!(
            n,
            OPS,
            ["mffs {kept}", "mtfsb0 30", "mtfsb0 31"],
            ["mtfsb1 31", "mtfsb0 31"],
            ["mtfsf 255, {kept}"],
            [kept = out(freg) _,],
            nostack
        );
    }
}
