//! Chains of integer instructions, whatever the instructions are.
//!
//! Every block is the same: `OPS` operations in a straight line, and a loop round them that is the only
//! other thing in it. Its counter is no part of the chain.

use super::{DOUBLE, SINGLE};
use c_shims::{digest, sound};
use probe_core::machine::{Body, Chain, Op, Operands, Shape, FP_LANES, INT_LANES};

/// Operations in one step of a pairwise lane: `x ∘= y`, `y ∘= x`.
pub const PAIR: u32 = 2;
/// Operations in one step of xorshift.
pub const XORSHIFT: u32 = 3;

/// What lanes start from.
pub type Starts = [u32; FP_LANES];
/// The lanes' digests; one in the dependent shape.
pub type Lanes = [u32; INT_LANES];

/// The integer kernels of an architecture. Each runs `n` times, at least once, `OPS` operations in a straight
/// line, shared by the lanes of the shape.
pub trait Kernels {
    /// Whether this processor has a divider. Where it has none the operation is absent: a library's division
    /// says nothing of the silicon.
    fn divides(&self) -> bool {
        true
    }

    /// `x += y`, `y += x`.
    fn add<const OPS: u32>(shape: Shape, n: u32, x: &Starts, y: &Starts) -> Lanes;

    /// `x *= y`, `y *= x`.
    fn mul<const OPS: u32>(shape: Shape, n: u32, x: &Starts, y: &Starts) -> Lanes;

    /// `x ^= x << 13`, `x ^= x >> 17`, `x ^= x << 5`.
    fn shift<const OPS: u32>(shape: Shape, n: u32, x: &Starts) -> Lanes;

    /// `x = c / x`.
    ///
    /// # Safety
    /// The processor must have a divider, and no divisor may become 0 ([`sound::division`]).
    unsafe fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &Starts) -> Lanes;
}

/// Runs an integer chain. `None` without a divider, and for operands with which a division would fault.
pub fn chain<K: Kernels>(kernels: &K, chain: Chain, operands: &Operands) -> Option<u64> {
    let (shape, n) = (chain.shape, chain.iterations);
    let (x, y) = (&operands.x, &operands.y);
    let lanes = match chain.op {
        Op::IntAdd => match chain.body {
            Body::Single => K::add::<SINGLE>(shape, n, x, y),
            Body::Double => K::add::<DOUBLE>(shape, n, x, y),
        },
        Op::IntMul => match chain.body {
            Body::Single => K::mul::<SINGLE>(shape, n, x, y),
            Body::Double => K::mul::<DOUBLE>(shape, n, x, y),
        },
        Op::Shift => match chain.body {
            Body::Single => K::shift::<SINGLE>(shape, n, x),
            Body::Double => K::shift::<DOUBLE>(shape, n, x),
        },
        Op::IntDiv => {
            if !kernels.divides() || !sound::division(operands) {
                return None;
            }
            let (c, x) = (operands.dividend, &operands.divisor);
            // SAFETY: both have just been asked.
            unsafe {
                match chain.body {
                    Body::Single => K::div::<SINGLE>(shape, n, c, x),
                    Body::Double => K::div::<DOUBLE>(shape, n, c, x),
                }
            }
        }
        _ => return None,
    };
    Some(digest::integers(&lanes[..chain.op.lanes(shape)]))
}

/// A pairwise kernel: `$step!($instruction, x, y)` is `x ∘= y`.
macro_rules! pairwise {
    ($name:ident, $step:ident, $instruction:literal) => {
        fn $name<const OPS: u32>(shape: Shape, n: u32, x: &Starts, y: &Starts) -> Lanes {
            let [mut x0, mut x1, mut x2, mut x3, ..] = *x;
            let [mut y0, mut y1, mut y2, mut y3, ..] = *y;
            match shape {
                // SAFETY: arithmetic on the registers named, nothing else.
                Shape::Dependent => unsafe {
                    repeat!(
                        n,
                        OPS / PAIR,
                        [
                            $step!($instruction, w!("x0"), w!("y0")),
                            $step!($instruction, w!("y0"), w!("x0")),
                        ],
                        [x0 = inout(reg) x0, y0 = inout(reg) y0,],
                        nomem, nostack
                    );
                },
                // SAFETY: as above.
                Shape::Independent => unsafe {
                    repeat!(
                        n,
                        OPS / PAIR / INT,
                        [
                            $step!($instruction, w!("x0"), w!("y0")),
                            $step!($instruction, w!("x1"), w!("y1")),
                            $step!($instruction, w!("x2"), w!("y2")),
                            $step!($instruction, w!("x3"), w!("y3")),
                            $step!($instruction, w!("y0"), w!("x0")),
                            $step!($instruction, w!("y1"), w!("x1")),
                            $step!($instruction, w!("y2"), w!("x2")),
                            $step!($instruction, w!("y3"), w!("x3")),
                        ],
                        [
                            x0 = inout(reg) x0, x1 = inout(reg) x1,
                            x2 = inout(reg) x2, x3 = inout(reg) x3,
                            y0 = inout(reg) y0, y1 = inout(reg) y1,
                            y2 = inout(reg) y2, y3 = inout(reg) y3,
                        ],
                        nomem, nostack
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

/// The kernel of xorshift: `$step!(x, t, shift, count)` is `x ^= x shifted by count`, by way of `t`; `$left` and
/// `$right` are the shifts.
macro_rules! xorshifts {
    ($step:ident, $left:literal, $right:literal) => {
        fn shift<const OPS: u32>(shape: Shape, n: u32, x: &Starts) -> Lanes {
            let [mut x0, mut x1, mut x2, mut x3, ..] = *x;
            match shape {
                // SAFETY: arithmetic on the registers named, nothing else.
                Shape::Dependent => unsafe {
                    repeat!(
                        n,
                        OPS / XORSHIFT,
                        [
                            $step!(w!("x0"), w!("t0"), $left, "13"),
                            $step!(w!("x0"), w!("t0"), $right, "17"),
                            $step!(w!("x0"), w!("t0"), $left, "5"),
                        ],
                        [x0 = inout(reg) x0, t0 = out(reg) _,],
                        nomem, nostack
                    );
                },
                // SAFETY: as above.
                Shape::Independent => unsafe {
                    repeat!(
                        n,
                        OPS / XORSHIFT / INT,
                        [
                            $step!(w!("x0"), w!("t0"), $left, "13"),
                            $step!(w!("x1"), w!("t1"), $left, "13"),
                            $step!(w!("x2"), w!("t2"), $left, "13"),
                            $step!(w!("x3"), w!("t3"), $left, "13"),
                            $step!(w!("x0"), w!("t0"), $right, "17"),
                            $step!(w!("x1"), w!("t1"), $right, "17"),
                            $step!(w!("x2"), w!("t2"), $right, "17"),
                            $step!(w!("x3"), w!("t3"), $right, "17"),
                            $step!(w!("x0"), w!("t0"), $left, "5"),
                            $step!(w!("x1"), w!("t1"), $left, "5"),
                            $step!(w!("x2"), w!("t2"), $left, "5"),
                            $step!(w!("x3"), w!("t3"), $left, "5"),
                        ],
                        [
                            x0 = inout(reg) x0, x1 = inout(reg) x1,
                            x2 = inout(reg) x2, x3 = inout(reg) x3,
                            t0 = out(reg) _, t1 = out(reg) _, t2 = out(reg) _, t3 = out(reg) _,
                        ],
                        nomem, nostack
                    );
                },
            }
            [x0, x1, x2, x3]
        }
    };
}

/// The kernel of divisions: `$step!(c, x)` is `x = c / x`. The operands after it are what else it changes.
macro_rules! divisions {
    ($step:ident $(, $($changed:tt)+)?) => {
        unsafe fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &Starts) -> Lanes {
            let [mut x0, mut x1, mut x2, mut x3, ..] = *x;
            match shape {
                // SAFETY: arithmetic on the registers named; the caller vouches that no division faults.
                Shape::Dependent => unsafe {
                    repeat!(
                        n,
                        OPS,
                        [$step!(w!("c"), w!("x0"))],
                        [c = in(reg) c, x0 = inout(reg) x0, $($($changed)+,)?],
                        nomem, nostack
                    );
                },
                // SAFETY: as above.
                Shape::Independent => unsafe {
                    repeat!(
                        n,
                        OPS / INT,
                        [
                            $step!(w!("c"), w!("x0")),
                            $step!(w!("c"), w!("x1")),
                            $step!(w!("c"), w!("x2")),
                            $step!(w!("c"), w!("x3")),
                        ],
                        [
                            c = in(reg) c,
                            x0 = inout(reg) x0, x1 = inout(reg) x1,
                            x2 = inout(reg) x2, x3 = inout(reg) x3,
                            $($($changed)+,)?
                        ],
                        nomem, nostack
                    );
                },
            }
            [x0, x1, x2, x3]
        }
    };
}
