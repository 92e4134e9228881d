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

use super::common::float::{run, Kernel, Lanes};
use super::common::{DOUBLE, FP, SINGLE};
use probe_core::machine::{Chain, Op, Operands};

/// Rounding mode: toward zero.
const ROUND_TOWARD_ZERO: u32 = 1;

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
    // SAFETY: the instructions are in the target's baseline.
    unsafe { run(kernel, chain, operands) }
}

/// A chain whose step is one line after another, each line for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        fn $name<const USED: u32, const OPS: u32>(n: u32, lanes: &mut Lanes, c: f64, d: f64) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            // SAFETY: arithmetic on the registers named. Nothing traps; only the sticky flags of fcsr
            // change.
            unsafe {
                repeat!(
                    n,
                    OPS / USED / $ops_per_step,
                    ["fmv.x.d {k}, f17"],
                    [$(every_lane!($line)),+],
                    [],
                    [
                        used = const USED,
                        k = out(reg) _,
                        inout("f0") x0, inout("f1") x1, inout("f2") x2, inout("f3") x3,
                        inout("f4") x4, inout("f5") x5, inout("f6") x6, inout("f7") x7,
                        in("f16") c, in("f17") d,
                        out("a0") _, out("a1") _, out("a2") _, out("a3") _,
                        out("a4") _, out("a5") _, out("a6") _, out("a7") _,
                    ],
                    nomem, nostack
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
fn rounding<const USED: u32, const OPS: u32>(n: u32, _lanes: &mut Lanes, _c: f64, _d: f64) {
    // SAFETY: changes the rounding mode alone, and leaves it as it was.
    unsafe {
        repeat!(
            n,
            OPS,
            ["frrm {default}"],
            ["fsrmi {toward_zero}", "fsrm {default}"],
            [],
            [toward_zero = const ROUND_TOWARD_ZERO, default = out(reg) _,],
            nostack
        );
    }
}
