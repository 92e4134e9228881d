//! Chains of integer instructions.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `ADD`, `IMUL`, `DIV`, `SHL/SHR`, `XOR`, `MOV`.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Move elimination": why the
//!   copies in the shift and divide chains cost no latency on processors that rename them away
//!   (elsewhere a copy adds its cycle, which is part of what is measured).

use super::common::integer::{Kernels, Lanes, Starts, PAIR, XORSHIFT};
use super::common::INT;
use super::Backend;
use c_shims::digest;
use probe_core::machine::Shape;

/// One pairwise operation on one lane: `x ∘= y`.
macro_rules! pair {
    ($instruction:literal, $x:expr, $y:expr) => {
        concat!($instruction, " ", $x, ", ", $y)
    };
}

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:expr, $t:expr, $shift:literal, $count:literal) => {
        concat!(
            "mov ", $t, ", ", $x, "\n", $shift, " ", $t, ", ", $count, "\n", "xor ", $x, ", ", $t
        )
    };
}

/// One division on one lane: `x = c / x`. The high half of the dividend is 0: it cannot fault but by 0.
macro_rules! divide {
    ($c:expr, $x:expr) => {
        concat!(
            "mov eax, ",
            $c,
            "\n",
            "xor edx, edx\n",
            "div ",
            $x,
            "\n",
            "mov ",
            $x,
            ", eax"
        )
    };
}

impl Kernels for Backend {
    pairwise!(add, pair, "add");
    pairwise!(mul, pair, "imul");
    xorshifts!(xorshift, "shl", "shr");
    divisions!(divide, out("eax") _, out("edx") _);
}
