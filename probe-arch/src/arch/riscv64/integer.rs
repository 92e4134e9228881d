//! Chains of integer instructions.
//!
//! References:
//! - Unprivileged Architecture, "RV64I" and "M": `ADDW`, `MULW`, `DIVUW`, `SLLIW`, `SRLIW`, `XOR`.
//! - Core manuals (SiFive U74, T-Head C906), "Divider": they stop early, so that the cost depends on the
//!   quotient.
//!
//! All arithmetic is on the low words of registers. No division faults.

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
        concat!($shift, " ", $t, ", ", $x, ", ", $count, "\n", "xor ", $x, ", ", $x, ", ", $t)
    };
}

/// One division on one lane: `x = c / x`.
macro_rules! divide {
    ($c:expr, $x:expr) => {
        concat!("divuw ", $x, ", ", $c, ", ", $x)
    };
}

impl Kernels for Backend {
    pairwise!(add, pair, "addw");
    pairwise!(mul, pair, "mulw");
    xorshifts!(xorshift, "slliw", "srliw");
    divisions!(divide);
}
