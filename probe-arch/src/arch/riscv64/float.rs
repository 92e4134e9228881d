//! Chains of scalar binary64 instructions, and the rounding-mode switch.
//!
//! References:
//! - Unprivileged Architecture, "F" and "D": `FADD.D`, `FMUL.D`, `FDIV.D`, `FSQRT.D`, `FMV.X.D`, `FMV.D.X`,
//!   `FSRM`; "Floating-Point Control and Status Register": rounding mode 1 is toward zero.
//! - GCC, `config/riscv/sifive-7.md`: latencies, and which units share a pipeline.
//!
//! One block serves both shapes: each line is written for eight lanes, and `.if` keeps those that the shape
//! has. Lane i lives in fi; f16 and f17 hold the constants. There is no logic on floating-point registers: a
//! mask goes by way of ai.

use super::common::{DOUBLE, FP, SINGLE};
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{special_operands, Body, Chain, Op, Operands, Shape, FP_LANES};

/// Rounding mode: toward zero.
const ROUND_TOWARD_ZERO: u32 = 1;

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

/// A chain whose step is one line after another, each line for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut [f64; FP_LANES], c: f64, d: f64,
        ) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            // SAFETY: arithmetic on the registers named. Nothing traps; only the sticky flags of fcsr
            // change.
            unsafe {
                asm!(
                    "fmv.x.d {k}, f17",
                    ".p2align 5",
                    "2:",
                    ".rept {steps}",
                    $(
                        $line!("0"),
                        ".if {used} > 1",
                        $line!("1"), $line!("2"), $line!("3"), $line!("4"),
                        $line!("5"), $line!("6"), $line!("7"),
                        ".endif",
                    )+
                    ".endr",
                    "addiw {n}, {n}, -1",
                    "bnez {n}, 2b",
                    steps = const OPS / USED / $ops_per_step,
                    used = const USED,
                    n = inout(reg) n => _,
                    inout("f0") x0, inout("f1") x1, inout("f2") x2, inout("f3") x3,
                    inout("f4") x4, inout("f5") x5, inout("f6") x6, inout("f7") x7,
                    in("f16") c, in("f17") d,
                    k = out(reg) _,
                    out("a0") _, out("a1") _, out("a2") _, out("a3") _,
                    out("a4") _, out("a5") _, out("a6") _, out("a7") _,
                    options(nomem, nostack)
                );
            }
            *lanes = [x0, x1, x2, x3, x4, x5, x6, x7];
        }
    };
}

line!(add_c, "fadd.d f", ", f", ", f16");
line!(mul_c, "fmul.d f", ", f", ", f16");
line!(mul_d, "fmul.d f", ", f", ", f17");
line!(divide_c, "fdiv.d f", ", f16, f", "");
line!(root, "fsqrt.d f", ", f", "");
line!(take, "fmv.x.d a", ", f", "");
line!(mask, "and a", ", a", ", {k}");
line!(give, "fmv.d.x f", ", a", "");

scalar!(add, 1, add_c);
scalar!(mul, 2, mul_c, mul_d);
scalar!(div, 1, divide_c);
scalar!(sqrt, 1, root, add_c);
scalar!(mul_mask, 1, mul_c, take, mask, give);

/// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
///
/// Assembly, because Rust (like C) takes the rounding mode to be the default everywhere. Here the
/// mode is back before the block ends, and nothing computes inside.
fn rounding<const OPS: u32>(n: u32) {
    // SAFETY: changes the rounding mode alone, and leaves it as it was.
    unsafe {
        asm!(
            "frrm {default}",
            ".p2align 5",
            "2:",
            ".rept {ops}",
            "fsrmi {toward_zero}",
            "fsrm {default}",
            ".endr",
            "addiw {n}, {n}, -1",
            "bnez {n}, 2b",
            ops = const OPS,
            toward_zero = const ROUND_TOWARD_ZERO,
            default = out(reg) _,
            n = inout(reg) n => _,
            options(nostack)
        );
    }
}
