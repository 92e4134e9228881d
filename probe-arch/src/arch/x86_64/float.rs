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

use super::common::{DOUBLE, FP, SINGLE};
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{special_operands, Body, Chain, Op, Operands, Shape, FP_LANES};

/// MXCSR bits 13 and 14 set: round toward zero.
const ROUND_TOWARD_ZERO: u32 = 0b11 << 13;

/// A kernel: iterations, lanes, two constants.
type Kernel = fn(u32, &mut [f64; FP_LANES], f64, f64);

/// Picks the instance of a kernel for a shape and a body.
macro_rules! instance {
    ($name:ident, $chain:expr) => {
        match ($chain.shape, $chain.body) {
            (Shape::Dependent, Body::Single) => $name::<1, SINGLE>,
            (Shape::Dependent, Body::Double) => $name::<1, DOUBLE>,
            (Shape::Independent, Body::Single) => $name::<FP, SINGLE>,
            (Shape::Independent, Body::Double) => $name::<FP, DOUBLE>,
        }
    };
}

/// Runs a binary64 chain. `None` for the rounding switch in the shape that it has not.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let mut lanes = operands.fx.map(f64::from_bits);
    let mut c = f64::from_bits(operands.fc);
    let mut d = 1.0 / c;
    let kernel: Kernel = match chain.op {
        Op::FpAdd => instance!(add, chain),
        Op::FpMul => instance!(mul, chain),
        Op::FpDiv => instance!(div, chain),
        Op::FpSqrt => instance!(sqrt, chain),
        Op::FpRounding if chain.shape == Shape::Dependent => {
            match chain.body {
                Body::Single => rounding::<SINGLE>(chain.iterations),
                Body::Double => rounding::<DOUBLE>(chain.iterations),
            }
            return Some(digest::lanes([0]));
        }
        Op::FpRounding => return None,
        special => {
            let (x, m, k) = special_operands(special);
            lanes = [f64::from_bits(x); FP_LANES];
            (c, d) = (f64::from_bits(m), f64::from_bits(k));
            instance!(mul_mask, chain)
        }
    };
    kernel(chain.iterations, &mut lanes, c, d);
    Some(digest::floats(&lanes[..chain.op.lanes(chain.shape)]))
}

/// A chain whose step is one group of lines after another, each group for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $([$($line:literal),+]),+) => {
        fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut [f64; FP_LANES], c: f64, d: f64,
        ) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            // SAFETY: arithmetic on the registers named. All exceptions are masked in the MXCSR
            // that a Rust program runs with; only its sticky flags change.
            unsafe {
                asm!(
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    $(
                        ".irp lane, 0,1,2,3,4,5,6,7",
                        ".if \\lane < {used}",
                        $($line,)+
                        ".endif",
                        ".endr",
                    )+
                    ".endr",
                    "dec {n:e}",
                    "jnz 2b",
                    steps = const OPS / USED / $ops_per_step,
                    used = const USED,
                    n = inout(reg) n => _,
                    inout("xmm0") x0, inout("xmm1") x1, inout("xmm2") x2, inout("xmm3") x3,
                    inout("xmm4") x4, inout("xmm5") x5, inout("xmm6") x6, inout("xmm7") x7,
                    in("xmm8") c, in("xmm9") d, out("xmm10") _,
                    options(nomem, nostack)
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
fn rounding<const OPS: u32>(n: u32) {
    let mut default = 0u32;
    let mut toward_zero = 0u32;
    // SAFETY: writes the two variables whose addresses it is given, reads them back, and leaves
    // MXCSR as it was.
    unsafe {
        asm!(
            "stmxcsr [{default}]",
            "mov {t:e}, [{default}]",
            "or {t:e}, {bits}",
            "mov [{toward_zero}], {t:e}",
            ".p2align 5",
            "2:",
            ".rept {ops}",
            "ldmxcsr [{toward_zero}]",
            "ldmxcsr [{default}]",
            ".endr",
            "dec {n:e}",
            "jnz 2b",
            ops = const OPS,
            bits = const ROUND_TOWARD_ZERO,
            default = in(reg) &mut default,
            toward_zero = in(reg) &mut toward_zero,
            n = inout(reg) n => _,
            t = out(reg) _,
            options(nostack)
        );
    }
}
