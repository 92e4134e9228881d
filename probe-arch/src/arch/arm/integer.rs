//! Chains of integer instructions.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `ADD`, `MUL`, `UDIV` (an optional extension of ARMv7, part of ARMv8), `LSL`,
//!   `LSR`, `EOR`.
//! - Instruction timing chapters of the cores' reference manuals: multipliers and dividers that stop
//!   early.
//!
//! Every block is the same: `OPS` operations in a straight line, and a loop round them that is the
//! only other thing in it. Its counter is no part of the chain. A32 could fold the shift of a xorshift
//! step into its exclusive-or; it is written as two instructions, as the operation is defined. Where
//! there is no divider the operation is absent: a library's division says nothing of the silicon.

use super::identity::Features;
use super::{DOUBLE, INT, SINGLE};
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES};

/// Operations in one step of a pairwise lane: `x ∘= y`, `y ∘= x`.
const PAIR: u32 = 2;
/// Operations in one step of xorshift.
const XORSHIFT: u32 = 3;

/// Runs an integer chain. `None` where there is no divider, and for operands that divide by 0.
pub(super) fn chain(chain: Chain, operands: &Operands, features: &Features) -> Option<u64> {
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
            if !features.divide || !sound::division(operands) {
                return None;
            }
            let (c, x) = (operands.dividend, &operands.divisor);
            match chain.body {
                // SAFETY: asked above.
                Body::Single => unsafe { div::<SINGLE>(chain.shape, n, c, x) },
                // SAFETY: asked above.
                Body::Double => unsafe { div::<DOUBLE>(chain.shape, n, c, x) },
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
                        long!(),
                        ".p2align 5",
                        "2:",
                        ".rept {steps}",
                        concat!($instruction, " {x0}, {x0}, {y0}"),
                        concat!($instruction, " {y0}, {y0}, {x0}"),
                        ".endr",
                        "subs {n}, {n}, #1",
                        "bne 2b",
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
                        long!(),
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
                        "subs {n}, {n}, #1",
                        "bne 2b",
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

pairwise!(add, "add");
pairwise!(mul, "mul");

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:literal, $t:literal, $shift:literal, $count:literal) => {
        concat!($shift, " ", $t, ", ", $x, ", #", $count, "\n", "eor ", $x, ", ", $x, ", ", $t)
    };
}

/// A chain of xorshift operations.
fn shift<const OPS: u32>(shape: Shape, n: u32, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named, nothing else.
        Shape::Dependent => unsafe {
            asm!(
                long!(),
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "lsl", "13"),
                xorshift!("{x0}", "{t0}", "lsr", "17"),
                xorshift!("{x0}", "{t0}", "lsl", "5"),
                ".endr",
                "subs {n}, {n}, #1",
                "bne 2b",
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
                long!(),
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "lsl", "13"),
                xorshift!("{x1}", "{t1}", "lsl", "13"),
                xorshift!("{x2}", "{t2}", "lsl", "13"),
                xorshift!("{x3}", "{t3}", "lsl", "13"),
                xorshift!("{x0}", "{t0}", "lsr", "17"),
                xorshift!("{x1}", "{t1}", "lsr", "17"),
                xorshift!("{x2}", "{t2}", "lsr", "17"),
                xorshift!("{x3}", "{t3}", "lsr", "17"),
                xorshift!("{x0}", "{t0}", "lsl", "5"),
                xorshift!("{x1}", "{t1}", "lsl", "5"),
                xorshift!("{x2}", "{t2}", "lsl", "5"),
                xorshift!("{x3}", "{t3}", "lsl", "5"),
                ".endr",
                "subs {n}, {n}, #1",
                "bne 2b",
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

/// `udiv r0, r4, r0` for lane 0, as a word: assemblers know it only of the cores that have it. Lane i
/// divides by Ri.
const UDIV: u32 = 0xe730_f014;
/// What makes it the next lane's: 1 more in bits 8 to 11 (divisor) and 16 to 19 (quotient).
const UDIV_NEXT: u32 = 0x0001_0100;

/// A chain of divisions of `c`. The caller has seen to it that no divisor becomes 0.
///
/// # Safety
/// The processor must have `UDIV`.
unsafe fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &[u32]) -> Lanes {
    let [mut x0, mut x1, mut x2, mut x3] = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named; no division faults.
        Shape::Dependent => unsafe {
            asm!(
                long!(),
                ".p2align 5",
                "2:",
                ".rept {steps}",
                ".inst {udiv}",
                ".endr",
                "subs {n}, {n}, #1",
                "bne 2b",
                steps = const OPS,
                udiv = const UDIV,
                n = inout(reg) n => _,
                inout("r0") x0,
                in("r4") c,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above.
        Shape::Independent => unsafe {
            asm!(
                long!(),
                ".p2align 5",
                "2:",
                ".rept {steps}",
                ".inst {udiv}",
                ".inst {udiv} + {next}",
                ".inst {udiv} + 2 * {next}",
                ".inst {udiv} + 3 * {next}",
                ".endr",
                "subs {n}, {n}, #1",
                "bne 2b",
                steps = const OPS / INT,
                udiv = const UDIV,
                next = const UDIV_NEXT,
                n = inout(reg) n => _,
                inout("r0") x0, inout("r1") x1, inout("r2") x2, inout("r3") x3,
                in("r4") c,
                options(nomem, nostack)
            );
        },
    }
    [x0, x1, x2, x3]
}
