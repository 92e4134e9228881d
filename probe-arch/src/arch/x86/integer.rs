//! Chains of integer instructions.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `ADD`, `IMUL`, `DIV`, `SHL/SHR`, `XOR`, `MOV`; all of them in
//!   the forms of the 386.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Move elimination": why the copies
//!   in the shift and divide chains cost no latency on processors that rename them away (elsewhere a copy
//!   adds its cycle, which is part of what is measured).
//!
//! Every block is the same: `OPS` operations in a straight line, and a loop round them that is the only
//! other thing in it. Its counter is no part of the chain.
//!
//! Four pairs of registers are more than there are. The independent shape of a pairwise operation runs its
//! four lanes as two blocks of two, one after the other: every operation is executed once and the digest is
//! the same, but no more than two chains are ever in flight, so that the cost shown is at least half the
//! latency. Operands in memory would show the cost of loads and stores in its place.

use super::{DOUBLE, SINGLE};
use c_shims::{digest, sound};
use core::arch::asm;
use probe_core::machine::{Body, Chain, Op, Operands, Shape, INT_LANES};

/// Operations in one step of a pairwise lane: `x ∘= y`, `y ∘= x`.
const PAIR: u32 = 2;
/// Operations in one step of xorshift.
const XORSHIFT: u32 = 3;
/// Lanes of the independent shapes, as the assembler counts them.
const INT: u32 = INT_LANES as u32;

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
            let mut lanes = [0; INT_LANES];
            match shape {
                Shape::Dependent => {
                    let (mut x0, mut y0) = (x[0], y[0]);
                    // SAFETY: arithmetic on the registers named, nothing else.
                    unsafe {
                        asm!(
                            ".p2align 5",
                            "2:",
                            ".rept {steps}",
                            concat!($instruction, " {x0}, {y0}"),
                            concat!($instruction, " {y0}, {x0}"),
                            ".endr",
                            "dec {n}",
                            "jnz 2b",
                            steps = const OPS / PAIR,
                            n = inout(reg) n => _,
                            x0 = inout(reg) x0,
                            y0 = inout(reg) y0,
                            options(nomem, nostack)
                        );
                    }
                    lanes[0] = digest::pair(x0, y0);
                }
                Shape::Independent => {
                    for (two, at) in lanes.chunks_exact_mut(2).zip([0, 2]) {
                        let [mut x0, mut x1] = [x[at], x[at + 1]];
                        let [mut y0, mut y1] = [y[at], y[at + 1]];
                        // SAFETY: as above.
                        unsafe {
                            asm!(
                                ".p2align 5",
                                "2:",
                                ".rept {steps}",
                                concat!($instruction, " {x0}, {y0}"),
                                concat!($instruction, " {x1}, {y1}"),
                                concat!($instruction, " {y0}, {x0}"),
                                concat!($instruction, " {y1}, {x1}"),
                                ".endr",
                                "dec {n}",
                                "jnz 2b",
                                steps = const OPS / PAIR / INT,
                                n = inout(reg) n => _,
                                x0 = inout(reg) x0, x1 = inout(reg) x1,
                                y0 = inout(reg) y0, y1 = inout(reg) y1,
                                options(nomem, nostack)
                            );
                        }
                        two.copy_from_slice(&[digest::pair(x0, y0), digest::pair(x1, y1)]);
                    }
                }
            }
            lanes
        }
    };
}

pairwise!(add, "add");
pairwise!(mul, "imul");

/// One xorshift operation on one lane: `x ^= x shifted by count`.
macro_rules! xorshift {
    ($x:literal, $t:literal, $shift:literal, $count:literal) => {
        concat!(
            "mov ", $t, ", ", $x, "\n", $shift, " ", $t, ", ", $count, "\n", "xor ", $x, ", ", $t
        )
    };
}

/// Saves the registers that the compiler may keep for itself, and loads four lanes from `[eax]`.
macro_rules! load_lanes {
    () => {
        "push ebx\npush ebp\npush esi\npush edi\npush eax\n\
         mov ebx, [eax]\nmov ebp, [eax + 4]\nmov esi, [eax + 8]\nmov edi, [eax + 12]"
    };
}

/// Undoes [`load_lanes`], with EAX free to use.
macro_rules! store_lanes {
    () => {
        "pop eax\n\
         mov [eax], ebx\nmov [eax + 4], ebp\nmov [eax + 8], esi\nmov [eax + 12], edi\n\
         pop edi\npop esi\npop ebp\npop ebx"
    };
}

/// A chain of xorshift operations.
fn shift<const OPS: u32>(shape: Shape, n: u32, x: &[u32]) -> Lanes {
    let mut lanes = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named, nothing else.
        Shape::Dependent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("{x0}", "{t0}", "shl", "13"),
                xorshift!("{x0}", "{t0}", "shr", "17"),
                xorshift!("{x0}", "{t0}", "shl", "5"),
                ".endr",
                "dec {n}",
                "jnz 2b",
                steps = const OPS / XORSHIFT,
                n = inout(reg) n => _,
                x0 = inout(reg) lanes[0],
                t0 = out(reg) _,
                options(nomem, nostack)
            );
        },
        // SAFETY: reads and writes the four lanes whose address it is given, and twenty bytes of stack (no
        // `nostack`); every register that is not declared is put back. Two registers for copies serve
        // four lanes: neighbours do not wait for each other, not even where nothing is renamed.
        Shape::Independent => unsafe {
            asm!(
                load_lanes!(),
                ".p2align 5",
                "2:",
                ".rept {steps}",
                xorshift!("ebx", "eax", "shl", "13"),
                xorshift!("ebp", "edx", "shl", "13"),
                xorshift!("esi", "eax", "shl", "13"),
                xorshift!("edi", "edx", "shl", "13"),
                xorshift!("ebx", "eax", "shr", "17"),
                xorshift!("ebp", "edx", "shr", "17"),
                xorshift!("esi", "eax", "shr", "17"),
                xorshift!("edi", "edx", "shr", "17"),
                xorshift!("ebx", "eax", "shl", "5"),
                xorshift!("ebp", "edx", "shl", "5"),
                xorshift!("esi", "eax", "shl", "5"),
                xorshift!("edi", "edx", "shl", "5"),
                ".endr",
                "dec ecx",
                "jnz 2b",
                store_lanes!(),
                steps = const OPS / XORSHIFT / INT,
                inout("eax") &mut lanes => _,
                inout("ecx") n => _,
                out("edx") _,
            );
        },
    }
    lanes
}

/// One division on one lane: `x = c / x`.
macro_rules! divide {
    ($c:literal, $x:literal) => {
        concat!(
            "mov eax, ",
            $c,
            "\nxor edx, edx\ndiv ",
            $x,
            "\nmov ",
            $x,
            ", eax"
        )
    };
}

/// A chain of divisions of `c`. The caller has seen to it that no divisor becomes 0.
fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &[u32]) -> Lanes {
    let mut lanes = [x[0], x[1], x[2], x[3]];
    match shape {
        // SAFETY: arithmetic on the registers named. The high half of the dividend is 0 and the divisor
        // is not, so the division cannot fault.
        Shape::Dependent => unsafe {
            asm!(
                ".p2align 5",
                "2:",
                ".rept {steps}",
                divide!("{c}", "{x0}"),
                ".endr",
                "dec {n}",
                "jnz 2b",
                steps = const OPS,
                c = in(reg) c,
                n = inout(reg) n => _,
                x0 = inout(reg) lanes[0],
                out("eax") _, out("edx") _,
                options(nomem, nostack)
            );
        },
        // SAFETY: as above; the lanes as in `shift`. The loop's counter is on the stack.
        Shape::Independent => unsafe {
            asm!(
                load_lanes!(),
                "push edx",
                ".p2align 5",
                "2:",
                ".rept {steps}",
                divide!("ecx", "ebx"),
                divide!("ecx", "ebp"),
                divide!("ecx", "esi"),
                divide!("ecx", "edi"),
                ".endr",
                "dec dword ptr [esp]",
                "jnz 2b",
                "pop edx",
                store_lanes!(),
                steps = const OPS / INT,
                inout("eax") &mut lanes => _,
                in("ecx") c,
                inout("edx") n => _,
            );
        },
    }
    lanes
}
