//! Chains of scalar binary64 instructions, and the rounding-mode switch.
//!
//! References:
//! - Arm ARM C7: `FADD`, `FMUL`, `FDIV`, `FSQRT`, `AND (vector)`; C5: `FPCR`, whose bits 22 and 23
//!   are the rounding mode.
//! - Software optimisation guides of the cores, "FP data processing instructions".
//!
//! One block serves both shapes: each line is written for eight lanes, and `.if` keeps those that the
//! shape has. Lane i lives in Di; D16 and D17 hold the constants.

use super::common::float::{run, Kernel, Lanes};
use super::common::{DOUBLE, FP, SINGLE};
use probe_core::machine::{Chain, Op, Operands};

/// FPCR bits 22 and 23 set: round toward zero.
const ROUND_TOWARD_ZERO: u64 = 0b11 << 22;

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
    // SAFETY: the instructions are in every processor of this architecture with an operating system.
    unsafe { run(kernel, chain, operands) }
}

/// A chain whose step is one line after another, each line for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        fn $name<const USED: u32, const OPS: u32>(n: u32, lanes: &mut Lanes, c: f64, d: f64) {
            let [mut x0, mut x1, mut x2, mut x3, mut x4, mut x5, mut x6, mut x7] = *lanes;
            // SAFETY: arithmetic on the registers named. No exception traps in the FPCR that a
            // Rust program runs with; only the sticky flags of the FPSR change.
            unsafe {
                repeat!(
                    n,
                    OPS / USED / $ops_per_step,
                    [$(every_lane!($line)),+],
                    [
                        used = const USED,
                        inout("v0") x0, inout("v1") x1, inout("v2") x2, inout("v3") x3,
                        inout("v4") x4, inout("v5") x5, inout("v6") x6, inout("v7") x7,
                        in("v16") c, in("v17") d,
                    ],
                    nomem, nostack
                );
            }
            *lanes = [x0, x1, x2, x3, x4, x5, x6, x7];
        }
    };
}

line!(add_c, "fadd d", ", d", ", d16");
line!(mul_c, "fmul d", ", d", ", d16");
line!(mul_d, "fmul d", ", d", ", d17");
line!(divide_c, "fdiv d", ", d16, d", "");
line!(root, "fsqrt d", ", d", "");
line!(and_d, "and v", ".8b, v", ".8b, v17.8b");

scalar!(add, 1, add_c);
scalar!(mul, 2, mul_c, mul_d);
scalar!(div, 1, divide_c);
scalar!(sqrt, 1, root, add_c);
scalar!(mul_mask, 1, mul_c, and_d);

/// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
///
/// Assembly, because Rust (like C) takes the rounding mode to be the default everywhere. Here the
/// mode is back before the block ends, and nothing computes inside.
fn rounding<const USED: u32, const OPS: u32>(n: u32, _lanes: &mut Lanes, _c: f64, _d: f64) {
    // SAFETY: changes the rounding mode alone, and leaves the FPCR as it was.
    unsafe {
        repeat!(
            n,
            OPS,
            ["mrs {default}, fpcr", "orr {toward_zero}, {default}, #{bits}"],
            ["msr fpcr, {toward_zero}", "msr fpcr, {default}"],
            [],
            [
                bits = const ROUND_TOWARD_ZERO,
                default = out(reg) _,
                toward_zero = out(reg) _,
            ],
            nostack
        );
    }
}
