//! Chains of scalar binary64 instructions, and the rounding-mode switch, where there is a VFP unit.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `VADD`, `VMUL`, `VDIV`, `VSQRT` (floating-point), `VAND`, `VMOV`; A2.5.3,
//!   `FPSCR`, whose bits 22 and 23 are the rounding mode.
//! - ARM1136JF-S manual (DDI 0211), "VFP exception handling": subnormal operands bounce to support code.
//! - Procedure Call Standard for the Arm Architecture: D8 to D15 belong to the caller.
//!
//! Operands go through memory, so that the same kernels serve builds that pass floats in core registers;
//! `.fpu` tells the assembler what the processor was found to have. Where there is no unit these
//! operations are absent: what a library does in software says nothing of the silicon.
//!
//! Each line is written for eight lanes, and `.if` keeps those that the shape has. Lane i lives in Di;
//! D8 and D9 hold the constants.

use super::common::float::{run, Kernel, Lanes};
use super::common::{DOUBLE, FP, SINGLE};
use super::identity::Features;
use probe_core::machine::{Chain, Op, Operands};

/// FPSCR bits 22 and 23 set: round toward zero.
const ROUND_TOWARD_ZERO: u32 = 0b11 << 22;

/// Runs a binary64 chain. `None` without a unit, and for the rounding switch in the shape that it has
/// not.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
    if !features.vfp {
        return None;
    }
    let kernel: Kernel = match chain.op {
        Op::FpAdd => instance!(add, chain),
        Op::FpMul => instance!(mul, chain),
        Op::FpDiv => instance!(div, chain),
        Op::FpSqrt => instance!(sqrt, chain),
        Op::FpRounding => instance!(rounding, chain),
        _ if features.neon => instance!(mul_mask, chain),
        _ => instance!(mul_mask_in_core, chain),
    };
    // SAFETY: the arms above let no kernel through whose instructions are not there.
    unsafe { run(kernel, chain, operands) }
}

/// A chain whose step is one line after another, each line for every lane.
macro_rules! scalar {
    ($name:ident, $ops_per_step:literal, $($line:ident),+) => {
        /// # Safety
        /// The processor must have the instructions.
        unsafe fn $name<const USED: u32, const OPS: u32>(
            n: u32, lanes: &mut Lanes, c: f64, d: f64,
        ) {
            // SAFETY: reads and writes the lanes, reads the constants, and changes D0 to D9, of which
            // the last two are kept on the stack meanwhile. No exception traps in the FPSCR that a
            // Rust program runs with; only its sticky flags change.
            unsafe {
                repeat!(
                    n,
                    OPS / USED / $ops_per_step,
                    [
                        fpu!(),
                        "vpush {{d8, d9}}",
                        "vldmia {lanes}, {{d0-d7}}",
                        "vldmia {constants}, {{d8, d9}}",
                    ],
                    [$(every_lane!($line)),+],
                    ["vstmia {lanes}, {{d0-d7}}", "vpop {{d8, d9}}", fpu_end!()],
                    [
                        used = const USED,
                        lanes = in(reg) lanes,
                        constants = in(reg) &[c, d],
                        in("r0") d.to_bits() as u32,
                        in("r1") (d.to_bits() >> 32) as u32,
                        out("r2") _, out("r3") _,
                        out("d0") _, out("d1") _, out("d2") _, out("d3") _,
                        out("d4") _, out("d5") _, out("d6") _, out("d7") _,
                    ],
                );
            }
        }
    };
}

line!(add_c, "vadd.f64 d", ", d", ", d8");
line!(mul_c, "vmul.f64 d", ", d", ", d8");
line!(mul_d, "vmul.f64 d", ", d", ", d9");
line!(divide_c, "vdiv.f64 d", ", d8, d", "");
line!(root, "vsqrt.f64 d", ", d", "");
line!(and_d, "vand d", ", d", ", d9");
// VFPv2 has no logic of its own: the bits go through the core registers.
line!(
    and_in_core,
    "vmov r2, r3, d",
    "\nand r2, r2, r0\nand r3, r3, r1\nvmov d",
    ", r2, r3"
);

scalar!(add, 1, add_c);
scalar!(mul, 2, mul_c, mul_d);
scalar!(div, 1, divide_c);
scalar!(sqrt, 1, root, add_c);
scalar!(mul_mask, 1, mul_c, and_d);
scalar!(mul_mask_in_core, 1, mul_c, and_in_core);

/// Switches the rounding mode to toward-zero and back, `OPS` times in a straight line.
///
/// Assembly, because Rust (like C) takes the rounding mode to be the default everywhere. Here the
/// mode is back before the block ends, and nothing computes inside.
///
/// # Safety
/// The processor must have VFP.
unsafe fn rounding<const USED: u32, const OPS: u32>(n: u32, _lanes: &mut Lanes, _c: f64, _d: f64) {
    // SAFETY: changes the rounding mode alone, and leaves the FPSCR as it was.
    unsafe {
        repeat!(
            n,
            OPS,
            [
                fpu!(),
                "vmrs {default}, fpscr",
                "orr {toward_zero}, {default}, #{bits}",
            ],
            ["vmsr fpscr, {toward_zero}", "vmsr fpscr, {default}"],
            [fpu_end!()],
            [
                bits = const ROUND_TOWARD_ZERO,
                default = out(reg) _,
                toward_zero = out(reg) _,
            ],
            nostack
        );
    }
}
