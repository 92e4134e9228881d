//! Chains of integer instructions.
//!
//! References:
//! - Unprivileged Architecture, "RV64I" and "M": `ADDW`, `MULW`, `DIVUW`, `SLLIW`, `SRLIW`, `XOR`.
//! - Core manuals (SiFive U74, T-Head C906), "Divider": they stop early, so that the cost depends on the
//!   quotient.
//!
//! Every block is the same: `OPS` operations in a straight line, and a loop round them that is the
//! only other thing in it. Its counter is no part of the chain. All arithmetic is on the low words of registers.

use super::{DOUBLE, INT, SINGLE};
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES};

/// Operations in one step of a pairwise lane: `x ∘= y`, `y ∘= x`.
const PAIR: u32 = 2;
/// Operations in one step of xorshift.
const XORSHIFT: u32 = 3;

/// Runs an integer chain. `None` for operands with which a division would fault.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let n = chain.iterations;
    let (x, y) = (&operands.x, &operands.y);
    let lanes = match chain.op {
        Op::IntAdd => match chain.body {
            Body::Single => add::<SINGLE>(chain.shape, n, x, y),
            Body::Double => add::<DOUBLE>(chain.shape, n, x, y),
        },
        Op::IntMul => match chain.body {
            Body::Single => mul::<SINGLE>(chain.shape, n, x, y),
            Body::Double => mul::<DOUBLE>(chain.shape, n, x, y),
        },
        Op::Shift => match chain.body {
            Body::Single => shift::<SINGLE>(chain.shape, n, x),
            Body::Double => shift::<DOUBLE>(chain.shape, n, x),
        },
        Op::IntDiv => {
            if !sound::division(operands) {
                return None;
            }
            let (c, x) = (operands.dividend, &operands.divisor);
            match chain.body {
                Body::Single => div::<SINGLE>(chain.shape, n, c, x),
                Body::Double => div::<DOUBLE>(chain.shape, n, c, x),
            }
        }
        _ => return None,
    };
    Some(digest::integers(&lanes[..chain.op.lanes(chain.shape)]))
}

/// The lanes' digests; one in the dependent shape.
type Lanes = [u32; INT_LANES];

/// A chain of `x ∘= y`, `y ∘= x`.
macro_rules! pairwise {
    ($name:ident, $instruction:literal) => {
        fn $name<const OPS: u32>(shape: Shape, n: u32, x: &[u32], y: &[u32]) -> Lanes {
            let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
            let [mut y0, mut y1, mut y2, mut y3] = [y[0], y[1], y[2], y[3]];
            match shape {
                // SAFETY: arithmetic on the registers named, nothing else.
                Shape::Dependent => unsafe {
                    asm!(
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        concat!($instruction, " {x0}, {x0}, {y0}"),
                        concat!($instruction, " {y0}, {y0}, {x0}"),
                        ".endr",
                        "addiw {n}, {n}, -1",
                        "bnez {n}, 2b",
                        steps = const OPS / PAIR,
                        n = inout(reg) n => _,
                        x0 = inout(reg) x0,
                        y0 = inout(reg) y0,
                        options(nomem, nostack)
                    );
                },
                // SAFETY: as above.
                Shape::Independent => unsafe {
                    asm!(
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        concat!($instruction, " {x0}, {x0}, {y0}"),
                        concat!($instruction, " {x1}, {x1}, {y1}"),
                        concat!($instruction, " {x2}, {x2}, {y2}"),
                        concat!($instruction, " {x3}, {x3}, {y3}"),
                        concat!($instruction, " {y0}, {y0}, {x0}"),
                        concat!($instruction, " {y1}, {y1}, {x1}"),
                        concat!($instruction, " {y2}, {y2}, {x2}"),
                        concat!($instruction, " {y3}, {y3}, {x3}"),
                        ".endr",
                        "addiw {n}, {n}, -1",
                        "bnez {n}, 2b",
                        steps = const OPS / PAIR / INT,
                        n = inout(reg) n => _,
                        x0 = inout(reg) x0, x1 = inout(reg) x1,
                        x2 = inout(reg) x2, x3 = inout(reg) x3,
                        y0 = inout(reg) y0, y1 = inout(reg) y1,
                        y2 = inout(reg) y2, y3 = inout(reg) y3,
                        options(nomem, nostack)
                    );
                },
            }
            [
                digest::pair(x0, y0),
                digest::pair(x1, y1),
                digest::pair(x2, y2),
                digest::pair(x3, y3),
            ]
        }
    };
}

pairwise!(add, "addw");
pairwise!(mul, "mulw");

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:literal, $t:literal, $shift:literal, $count:literal) => {
        concat!($shift, " ", $t, ", ", $x, ", ", $count, "\n", "xor ", $x, ", ", $x, ", ", $t)
    };
}

/// A chain of xorshift operations.
fn shift<const OPS: u32>(shape: Shape, n: u32, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named, nothing else.
        Shape::Dependent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "slliw", "13"),
                xorshift!("{x0}", "{t0}", "srliw", "17"),
                xorshift!("{x0}", "{t0}", "slliw", "5"),
                ".endr",
                "addiw {n}, {n}, -1",
                "bnez {n}, 2b",
                steps = const OPS / XORSHIFT,
                n = inout(reg) n => _,
                x0 = inout(reg) x0,
                t0 = out(reg) _,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above.
        Shape::Independent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "slliw", "13"),
                xorshift!("{x1}", "{t1}", "slliw", "13"),
                xorshift!("{x2}", "{t2}", "slliw", "13"),
                xorshift!("{x3}", "{t3}", "slliw", "13"),
                xorshift!("{x0}", "{t0}", "srliw", "17"),
                xorshift!("{x1}", "{t1}", "srliw", "17"),
                xorshift!("{x2}", "{t2}", "srliw", "17"),
                xorshift!("{x3}", "{t3}", "srliw", "17"),
                xorshift!("{x0}", "{t0}", "slliw", "5"),
                xorshift!("{x1}", "{t1}", "slliw", "5"),
                xorshift!("{x2}", "{t2}", "slliw", "5"),
                xorshift!("{x3}", "{t3}", "slliw", "5"),
                ".endr",
                "addiw {n}, {n}, -1",
                "bnez {n}, 2b",
                steps = const OPS / XORSHIFT / INT,
                n = inout(reg) n => _,
                x0 = inout(reg) x0, x1 = inout(reg) x1,
                x2 = inout(reg) x2, x3 = inout(reg) x3,
                t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _, t3 = out(reg) _,
                options(nomem, nostack)
            );
        },
    }
    [x0, x1, x2, x3]
}

/// One division on one lane: `x = c / x`.
macro_rules! divide {
    ($x:literal) => {
        concat!("divuw ", $x, ", {c}, ", $x)
    };
}

/// A chain of divisions of `c`. The caller has seen to it that no divisor becomes 0.
fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named; no division faults.
        Shape::Dependent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                divide!("{x0}"),
                ".endr",
                "addiw {n}, {n}, -1",
                "bnez {n}, 2b",
                steps = const OPS,
                c = in(reg) c,
                n = inout(reg) n => _,
                x0 = inout(reg) x0,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above.
        Shape::Independent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                divide!("{x0}"),
                divide!("{x1}"),
                divide!("{x2}"),
                divide!("{x3}"),
                ".endr",
                "addiw {n}, {n}, -1",
                "bnez {n}, 2b",
                steps = const OPS / INT,
                c = in(reg) c,
                n = inout(reg) n => _,
                x0 = inout(reg) x0, x1 = inout(reg) x1,
                x2 = inout(reg) x2, x3 = inout(reg) x3,
                options(nomem, nostack)
            );
        },
    }
    [x0, x1, x2, x3]
}
