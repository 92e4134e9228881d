//! Chains of integer instructions.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `ADD`, `IMUL`, `DIV`, `SHL/SHR`, `XOR`, `MOV`; all of them in
//!   the forms of the 386.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Move elimination": why the copies
//!   in the shift and divide chains cost no latency on processors that rename them away (elsewhere a copy
//!   adds its cycle, which is part of what is measured).
//!
//! Four pairs of registers are more than there are. The independent shape of a pairwise operation runs its
//! four lanes as two blocks of two, one after the other: every operation is executed once and the digest is
//! the same, but no more than two chains are ever in flight, so that the cost shown is at least half the
//! latency. Operands in memory would show the cost of loads and stores in its place.

use super::common::integer::{Kernels, Lanes, Starts, PAIR, XORSHIFT};
use super::common::INT;
use super::Backend;
use c_shims::digest;
use core::arch::asm;
use probe_core::machine::{Shape, INT_LANES};

/// One pairwise operation on one lane: `x ∘= y`.
macro_rules! pair {
    ($instruction:literal, $x:expr, $y:expr) => {
        concat!($instruction, " ", $x, ", ", $y)
    };
}

/// A chain of `x ∘= y`, `y ∘= x`, two lanes in a block.
macro_rules! pairwise_by_two {
    ($name:ident, $instruction:literal) => {
        fn $name<const OPS: u32>(shape: Shape, n: u32, x: &Starts, y: &Starts) -> Lanes {
            let mut lanes = [0; INT_LANES];
            match shape {
                Shape::Dependent => {
                    let (mut x0, mut y0) = (x[0], y[0]);
                    // SAFETY: arithmetic on the registers named, nothing else.
                    unsafe {
                        repeat!(
                            n,
                            OPS / PAIR,
                            [
                                pair!($instruction, "{x0}", "{y0}"),
                                pair!($instruction, "{y0}", "{x0}"),
                            ],
                            [x0 = inout(reg) x0, y0 = inout(reg) y0,],
                            nomem, nostack
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
                            repeat!(
                                n,
                                OPS / PAIR / INT,
                                [
                                    pair!($instruction, "{x0}", "{y0}"),
                                    pair!($instruction, "{x1}", "{y1}"),
                                    pair!($instruction, "{y0}", "{x0}"),
                                    pair!($instruction, "{y1}", "{x1}"),
                                ],
                                [
                                    x0 = inout(reg) x0, x1 = inout(reg) x1,
                                    y0 = inout(reg) y0, y1 = inout(reg) y1,
                                ],
                                nomem, nostack
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

/// One division on one lane: `x = c / x`. The high half of the dividend is 0: it cannot fault but by 0.
macro_rules! divide {
    ($c:literal, $x:literal) => {
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
    pairwise_by_two!(add, "add");
    pairwise_by_two!(mul, "imul");

    fn shift<const OPS: u32>(shape: Shape, n: u32, x: &Starts) -> Lanes {
        let mut lanes = [x[0], x[1], x[2], x[3]];
        match shape {
            // SAFETY: arithmetic on the registers named, nothing else.
            Shape::Dependent => unsafe {
                repeat!(
                    n,
                    OPS / XORSHIFT,
                    [
                        xorshift!("{x0}", "{t0}", "shl", "13"),
                        xorshift!("{x0}", "{t0}", "shr", "17"),
                        xorshift!("{x0}", "{t0}", "shl", "5"),
                    ],
                    [x0 = inout(reg) lanes[0], t0 = out(reg) _,],
                    nomem, nostack
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

    unsafe fn div<const OPS: u32>(shape: Shape, n: u32, c: u32, x: &Starts) -> Lanes {
        let mut lanes = [x[0], x[1], x[2], x[3]];
        match shape {
            // SAFETY: arithmetic on the registers named; the caller vouches that no divisor is 0.
            Shape::Dependent => unsafe {
                repeat!(
                    n,
                    OPS,
                    [divide!("{c}", "{x0}")],
                    [c = in(reg) c, x0 = inout(reg) lanes[0], out("eax") _, out("edx") _,],
                    nomem, nostack
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
}
