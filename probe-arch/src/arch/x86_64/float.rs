//! Chains of scalar binary64 instructions, and the rounding-mode switch.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volumes 3 and 4: `ADDSD`, `MULSD`, `DIVSD`, `SQRTSD`, `ANDPD`,
//!   `LDMXCSR`, `STMXCSR`.
//! - Intel SDM volume 1, "MXCSR Control and Status Register": rounding control is bits 13–14;
//!   "Denormalized Finite Numbers" and AMD's optimisation guides for the assists measured here.
//!
//! One block serves both shapes: `.irp` writes each line for eight lanes, `.if` keeps those that
//! the shape has. Lane i lives in XMMi; XMM8 and XMM9 hold the constants, XMM10 is scratch.

use super::common::float::{run, Kernel, Lanes};
use super::common::{DOUBLE, FP, SINGLE};
use probe_core::machine::{Chain, Op, Operands};

/// MXCSR bits 13 and 14 set: round toward zero.
const ROUND_TOWARD_ZERO: u32 = 0b11 << 13;

/// Runs a binary64 chain. `None` for the rounding switch in the shape that it has not.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let kernel: Kernel = match chain.op {
        Op::FpAdd => instance!(add, chain),
        Op::FpMul => instance!(mul, chain),
        Op::FpDiv => instance!(div, chain),
        Op::FpSqrt => instance!(sqrt, chain),
        Op::FpRounding => instance!(rounding, chain),
        _ => instance!(mul_mask, chain),
    };
    // SAFETY: the instructions are in every processor of this architecture.
    unsafe { run(kernel, chain, operands) }
}

/// A chain whose step is one group of lines after another, each group for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $([$($line:literal),+]),+) => {
        fn $name<const USED: u32, const OPS: u32>(n: u32, lanes: &mut Lanes, c: f64, d: f64) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            // SAFETY: arithmetic on the registers named. All exceptions are masked in the MXCSR
            // that a Rust program runs with; only its sticky flags change.
            unsafe {
                repeat!(
                    n,
                    OPS / USED / $ops_per_step,
                    [$(by_lane!($($line),+)),+],
                    [
                        used = const USED,
                        inout("xmm0") x0, inout("xmm1") x1, inout("xmm2") x2, inout("xmm3") x3,
                        inout("xmm4") x4, inout("xmm5") x5, inout("xmm6") x6, inout("xmm7") x7,
                        in("xmm8") c, in("xmm9") d, out("xmm10") _,
                    ],
                    nomem, nostack
                );
            }
            *lanes = [x0, x1, x2, x3, x4, x5, x6, x7];
        }
    };
}

scalar!(add, 1, ["addsd xmm\\lane, xmm8"]);
scalar!(mul, 2, ["mulsd xmm\\lane, xmm8"], ["mulsd xmm\\lane, xmm9"]);
scalar!(
    div,
    1,
    [
        "movapd xmm10, xmm8",
        "divsd xmm10, xmm\\lane",
        "movapd xmm\\lane, xmm10"
    ]
);
scalar!(
    sqrt,
    1,
    ["sqrtsd xmm\\lane, xmm\\lane", "addsd xmm\\lane, xmm8"]
);
scalar!(
    mul_mask,
    1,
    ["mulsd xmm\\lane, xmm8", "andpd xmm\\lane, xmm9"]
);

/// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
///
/// Assembly, because Rust (like C) takes the rounding mode to be the default everywhere: the
/// `_mm_setcsr` intrinsic would make any floating-point operation that the compiler moves beside it
/// undefined. Here the mode is back before the block ends, and nothing computes inside.
fn rounding<const USED: u32, const OPS: u32>(n: u32, _lanes: &mut Lanes, _c: f64, _d: f64) {
    let mut default = 0u32;
    let mut toward_zero = 0u32;
    // SAFETY: writes the two variables whose addresses it is given, reads them back, and leaves
    // MXCSR as it was.
    unsafe {
        repeat!(
            n,
            OPS,
            [
                "stmxcsr [{default}]",
                "mov {t:e}, [{default}]",
                "or {t:e}, {bits}",
                "mov [{toward_zero}], {t:e}",
            ],
            ["ldmxcsr [{toward_zero}]", "ldmxcsr [{default}]"],
            [],
            [
                bits = const ROUND_TOWARD_ZERO,
                default = in(reg) &mut default,
                toward_zero = in(reg) &mut toward_zero,
                t = out(reg) _,
            ],
            nostack
        );
    }
}
