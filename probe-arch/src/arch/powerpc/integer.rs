//! Chains of integer instructions.
//!
//! References: PEM and Power ISA book I: `add`, `mullw`, `divwu`, `rlwinm` (`slwi`, `srwi`), `xor`,
//! `bdnz`. On 64 bits the upper halves of the registers hold what they will: no instruction here
//! looks at them but `add`, whose lower half does not depend on them.
//!
//! The loop counts in the count register and takes no general register. A division faults on no operands.

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
        concat!("divwu ", $x, ", ", $c, ", ", $x)
    };
}

impl Kernels for Backend {
    pairwise!(add, pair, "add");
    pairwise!(mul, pair, "mullw");
    xorshifts!(xorshift, "slwi", "srwi");
    divisions!(divide);
}
