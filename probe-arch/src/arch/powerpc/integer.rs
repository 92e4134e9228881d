//! Chains of integer instructions.
//!
//! References: PEM and Power ISA book I: `add`, `mullw`, `divwu`, `rlwinm` (`slwi`, `srwi`), `xor`,
//! `bdnz`. On 64 bits the upper halves of the registers hold what they will: no instruction here
//! looks at them but `add`, whose lower half does not depend on them.
//!
//! Every block is the same: `OPS` operations in a straight line, and a loop round them by the count
//! register, which is no part of the chain and takes no general register.

use super::{DOUBLE, INT, SINGLE};
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES};

/// Operations in one step of a pairwise lane: `x ∘= y`, `y ∘= x`.
const PAIR: u32 = 2;
/// Operations in one step of xorshift.
const XORSHIFT: u32 = 3;

/// Runs an integer chain. `None` for operands with which a division would be undefined.
pub(super) fn chain(chain: Chain, operands: &Operands) -> Option<u64> {
    let n = chain.iterations as usize;
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
        fn $name<const OPS: u32>(shape: Shape, n: usize, x: &[u32], y: &[u32]) -> Lanes {
            let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
            let [mut y0, mut y1, mut y2, mut y3] = [y[0], y[1], y[2], y[3]];
            match shape {
                // SAFETY: arithmetic on the registers named, nothing else.
                Shape::Dependent => unsafe {
                    asm!(
                        "mtctr {n}",
                        ".p2align 5",
                        "2:",
                        long!(),
                        ".rept {steps}",
                        concat!($instruction, " {x0}, {x0}, {y0}"),
                        concat!($instruction, " {y0}, {y0}, {x0}"),
                        ".endr",
                        "bdnz 2b",
                        steps = const OPS / PAIR,
                        n = in(reg) n,
                        x0 = inout(reg) x0,
                        y0 = inout(reg) y0,
                        out("ctr") _,
                        options(nomem, nostack)
                    );
                },
                // SAFETY: as above.
                Shape::Independent => unsafe {
                    asm!(
                        "mtctr {n}",
                        ".p2align 5",
                        "2:",
                        long!(),
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
                        "bdnz 2b",
                        steps = const OPS / PAIR / INT,
                        n = in(reg) n,
                        x0 = inout(reg) x0, x1 = inout(reg) x1,
                        x2 = inout(reg) x2, x3 = inout(reg) x3,
                        y0 = inout(reg) y0, y1 = inout(reg) y1,
                        y2 = inout(reg) y2, y3 = inout(reg) y3,
                        out("ctr") _,
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

pairwise!(add, "add");
pairwise!(mul, "mullw");

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:literal, $t:literal, $shift:literal, $count:literal) => {
        concat!($shift, " ", $t, ", ", $x, ", ", $count, "\n", "xor ", $x, ", ", $x, ", ", $t)
    };
}

/// A chain of xorshift operations.
fn shift<const OPS: u32>(shape: Shape, n: usize, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named, nothing else.
        Shape::Dependent => unsafe {
            asm!(
                "mtctr {n}",
                ".p2align 5",
                "2:",
                long!(),
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "slwi", "13"),
                xorshift!("{x0}", "{t0}", "srwi", "17"),
                xorshift!("{x0}", "{t0}", "slwi", "5"),
                ".endr",
                "bdnz 2b",
                steps = const OPS / XORSHIFT,
                n = in(reg) n,
                x0 = inout(reg) x0,
                t0 = out(reg) _,
                out("ctr") _,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above.
        Shape::Independent => unsafe {
            asm!(
                "mtctr {n}",
                ".p2align 5",
                "2:",
                long!(),
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "slwi", "13"),
                xorshift!("{x1}", "{t1}", "slwi", "13"),
                xorshift!("{x2}", "{t2}", "slwi", "13"),
                xorshift!("{x3}", "{t3}", "slwi", "13"),
                xorshift!("{x0}", "{t0}", "srwi", "17"),
                xorshift!("{x1}", "{t1}", "srwi", "17"),
                xorshift!("{x2}", "{t2}", "srwi", "17"),
                xorshift!("{x3}", "{t3}", "srwi", "17"),
                xorshift!("{x0}", "{t0}", "slwi", "5"),
                xorshift!("{x1}", "{t1}", "slwi", "5"),
                xorshift!("{x2}", "{t2}", "slwi", "5"),
                xorshift!("{x3}", "{t3}", "slwi", "5"),
                ".endr",
                "bdnz 2b",
                steps = const OPS / XORSHIFT / INT,
                n = in(reg) n,
                x0 = inout(reg) x0, x1 = inout(reg) x1,
                x2 = inout(reg) x2, x3 = inout(reg) x3,
                t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _, t3 = out(reg) _,
                out("ctr") _,
                options(nomem, nostack)
            );
        },
    }
    [x0, x1, x2, x3]
}

/// A chain of divisions of `c`. The caller has seen to it that no divisor becomes 0.
fn div<const OPS: u32>(shape: Shape, n: usize, c: u32, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named; a division faults on no operands.
        Shape::Dependent => unsafe {
            asm!(
                "mtctr {n}",
                ".p2align 5",
                "2:",
                long!(),
                ".rept {steps}",
                "divwu {x0}, {c}, {x0}",
                ".endr",
                "bdnz 2b",
                steps = const OPS,
                c = in(reg) c,
                n = in(reg) n,
                x0 = inout(reg) x0,
                out("ctr") _,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above.
        Shape::Independent => unsafe {
            asm!(
                "mtctr {n}",
                ".p2align 5",
                "2:",
                long!(),
                ".rept {steps}",
                "divwu {x0}, {c}, {x0}",
                "divwu {x1}, {c}, {x1}",
                "divwu {x2}, {c}, {x2}",
                "divwu {x3}, {c}, {x3}",
                ".endr",
                "bdnz 2b",
                steps = const OPS / INT,
                c = in(reg) c,
                n = in(reg) n,
                x0 = inout(reg) x0, x1 = inout(reg) x1,
                x2 = inout(reg) x2, x3 = inout(reg) x3,
                out("ctr") _,
                options(nomem, nostack)
            );
        },
    }
    [x0, x1, x2, x3]
}
