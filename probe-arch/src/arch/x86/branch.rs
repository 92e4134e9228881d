//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `Jcc`, `CALL`, `RET`, `SBB`.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Branch Prediction Optimization";
//!   AMD's optimisation guides, "Branch Prediction": history, indirect target predictor, return stack.
//!
//! In all loops the index goes round by arithmetic (a borrow makes a mask), so that the only conditional
//! branch besides the measured one is the loop's own, which is always taken but once. Conditional moves
//! came with the Pentium Pro.
//!
//! What needs more registers than there are lies on the stack, in the nearest cache.

use super::common::branch::{Kernels, MAX_TARGETS};
use super::Backend;
use core::arch::asm;

/// Bytes from one function to the next: room for the longest, and a power of two.
const TARGET_BYTES: usize = 16;

impl Kernels for Backend {
    const NESTED_BYTES: usize = TARGET_BYTES;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
        let mut not_taken = 0u32;
        // SAFETY: reads `directions` at an index that goes from 0 to its length less one and round again;
        // changes only the registers named, and four bytes of stack (no `nostack`).
        unsafe {
            asm!(
                "push {period}",
                ".p2align 5",
                "2:",
                "cmp byte ptr [{directions} + {index}], 0",
                "jne 3f",
                "inc {not_taken}",
                "3:",
                "inc {index}",
                "cmp {index}, [esp]",
                "sbb {period}, {period}",
                "and {index}, {period}",
                "dec {n}",
                "jnz 2b",
                "pop {period}",
                directions = in(reg) directions.as_ptr(),
                period = inout(reg) directions.len() => _,
                index = inout(reg) 0usize => _,
                n = inout(reg) n => _,
                not_taken = inout(reg) not_taken,
            );
        }
        not_taken
    }

    unsafe fn indirect(order: &[u8], calls: u32) -> u32 {
        let mut x = 0u32;
        // SAFETY: reads `order` at an index below its length; every byte of it is below 64, so every call goes
        // to one of the 64 functions of the block, which return to it. The functions start 64 bytes after
        // the block's head, which is shorter and aligned to as much. The block may use the stack (no
        // `nostack`), and changes only the registers named.
        unsafe {
            asm!(
                ".p2align 6",
                "call 3f",
                "3:",
                "pop {address}",
                "and {address}, -64",
                "add {address}, 64",
                "push {address}",
                "push {length}",
                "jmp 5f",
                ".p2align 6",
                "4:",
                each_target!(),
                ".p2align 4",
                "lea {x}, [{x} + 4 * {x} + \\target]",
                "ret",
                ".endr",
                ".p2align 5",
                "5:",
                "movzx {address}, byte ptr [{order} + {index}]",
                "shl {address}, {shift}",
                "add {address}, [esp + 4]",
                "call {address}",
                "inc {index}",
                "cmp {index}, [esp]",
                "sbb {address}, {address}",
                "and {index}, {address}",
                "dec {n}",
                "jnz 5b",
                "pop {address}",
                "pop {address}",
                shift = const TARGET_BYTES.ilog2(),
                order = in(reg) order.as_ptr(),
                length = inout(reg) order.len() => _,
                address = out(reg) _,
                index = inout(reg) 0usize => _,
                n = inout(reg) calls => _,
                x = inout(reg) x,
            );
        }
        x
    }

    unsafe fn nested_calls(skipped: usize, times: u32) -> u32 {
        let mut calls = 0u32;
        // SAFETY: the address called is that of one of the 64 functions of the block (see `indirect`), each of
        // which calls the next and returns; the last only returns. At most 65 return addresses, 260 bytes, are on the stack (no
        // `nostack`). Changes only the registers named.
        unsafe {
            asm!(
                ".p2align 6",
                "call 3f",
                "3:",
                "pop {tmp}",
                "and {tmp}, -64",
                "add {tmp}, 64",
                "add {entry}, {tmp}",
                "jmp 6f",
                ".p2align 6",
                "4:",
                ".rept {inner}",
                "inc {calls}",
                "call 5f",
                "ret",
                ".p2align 4",
                "5:",
                ".endr",
                "inc {calls}",
                "ret",
                ".p2align 5",
                "6:",
                "call {entry}",
                "dec {n}",
                "jnz 6b",
                inner = const MAX_TARGETS - 1,
                tmp = out(reg) _,
                entry = inout(reg) skipped => _,
                calls = inout(reg) calls,
                n = inout(reg) times => _,
            );
        }
        calls
    }
}
