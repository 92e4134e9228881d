//! Chains of integer instructions.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `ADD`, `MUL`, `UDIV` (an optional extension of ARMv7, part of ARMv8), `LSL`,
//!   `LSR`, `EOR`.
//! - Instruction timing chapters of the cores' reference manuals: multipliers and dividers that stop
//!   early.
//!
//! A32 could fold the shift of a xorshift step into its exclusive-or; it is written as two instructions, as
//! the operation is defined.

use super::common::integer::{Kernels, Lanes, Starts, PAIR, XORSHIFT};
use super::common::INT;
use super::Backend;
use c_shims::digest;
use probe_core::machine::Shape;

/// One pairwise operation on one lane: `x ∘= y`.
macro_rules! pair {
    ($instruction:literal, $x:expr, $y:expr) => {
        concat!($instruction, " ", $x, ", ", $x, ", ", $y)
    };
}

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:expr, $t:expr, $shift:literal, $count:literal) => {
        concat!($shift, " ", $t, ", ", $x, ", #", $count, "\n", "eor ", $x, ", ", $x, ", ", $t)
    };
}

/// `udiv r0, r4, r0` for lane 0, as a word: assemblers know it only of the cores that have it. Lane i
/// divides by Ri.
const UDIV: u32 = 0xe730_f014;
/// What makes it the next lane's: 1 more in bits 8 to 11 (divisor) and 16 to 19 (quotient).
const UDIV_NEXT: u32 = 0x0001_0100;

impl Kernels for Backend {
    fn divides(&self) -> bool {
        self.features.divide
    }

    pairwise!(add, pair, "add");
    pairwise!(mul, pair, "mul");
    xorshifts!(xorshift, "lsl", "lsr");

    unsafe fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &Starts) -> Lanes {
        let [mut x0, mut x1, mut x2, mut x3, ..] = *x;
        match shape {
            // SAFETY: arithmetic on the registers named; the caller vouches for the instruction, which
            // faults on no operands.
            Shape::Dependent => unsafe {
                repeat!(
                    n,
                    OPS,
                    [".inst {udiv}"],
                    [udiv = const UDIV, inout("r0") x0, in("r4") c,],
                    nomem, nostack
                );
            },
            // SAFETY: as above.
            Shape::Independent => unsafe {
                repeat!(
                    n,
                    OPS / INT,
                    [
                        ".inst {udiv}",
                        ".inst {udiv} + {next}",
                        ".inst {udiv} + 2 * {next}",
                        ".inst {udiv} + 3 * {next}",
                    ],
                    [
                        udiv = const UDIV,
                        next = const UDIV_NEXT,
                        inout("r0") x0, inout("r1") x1, inout("r2") x2, inout("r3") x3,
                        in("r4") c,
                    ],
                    nomem, nostack
                );
            },
        }
        [x0, x1, x2, x3]
    }
}
