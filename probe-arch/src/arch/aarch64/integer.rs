//! Chains of integer instructions.
//!
//! References:
//! - Arm ARM C6: `ADD`, `MUL`, `UDIV`, `LSL`, `LSR`, `EOR`.
//! - Software optimisation guides of the cores, "Divide and multiply instructions": dividers that
//!   stop early, so that the cost depends on the quotient.
//!
//! A64 could fold the shift of a xorshift step into its exclusive-or; it is written as two instructions, as
//! the operation is defined. No division faults.

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

/// One division on one lane: `x = c / x`.
macro_rules! divide {
    ($c:expr, $x:expr) => {
        concat!("udiv ", $x, ", ", $c, ", ", $x)
    };
}

impl Kernels for Backend {
    pairwise!(add, pair, "add");
    pairwise!(mul, pair, "mul");
    xorshifts!(xorshift, "lsl", "lsr");
    divisions!(divide);
}
