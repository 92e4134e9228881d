//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `Jcc`, `CALL`, `RET`.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Branch Prediction
//!   Optimization"; AMD's optimisation guides, "Branch Prediction": history, indirect target
//!   predictor, return stack.
//!
//! In all loops the index goes round by a conditional move, so that the only conditional branch
//! besides the measured one is the loop's own, which is always taken but once.

use super::common::branch::{Kernels, MAX_TARGETS};
use super::Backend;
use core::arch::asm;

/// Bytes from one function to the next: room for the longest, and a power of two.
const TARGET_BYTES: usize = 16;

impl Kernels for Backend {
    const NESTED_BYTES: usize = TARGET_BYTES;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
        let mut not_taken = 0u32;
        // SAFETY: reads `directions` at an index that goes from 0 to its length less one and round
        // again; changes only the registers named.
        unsafe {
            asm!(
                ".p2align 5",
                "2:",
                "cmp byte ptr [{directions} + {index}], 0",
                "jne 3f",
                "inc {not_taken:e}",
                "3:",
                "inc {index}",
                "cmp {index}, {period}",
                "cmove {index}, {zero}",
                "dec {n:e}",
                "jnz 2b",
                directions = in(reg) directions.as_ptr(),
                period = in(reg) directions.len(),
                zero = in(reg) 0usize,
                index = inout(reg) 0usize => _,
                n = inout(reg) n => _,
                not_taken = inout(reg) not_taken,
                options(nostack, readonly)
            );
        }
        not_taken
    }

    unsafe fn indirect(order: &[u8], calls: u32) -> u32 {
        let mut x = 0u32;
        // SAFETY: reads `order` at an index below its length; every byte of it is below 64, so every
        // call goes to one of the 64 functions of the block, which return to it. The block may use the
        // stack (no `nostack`), and changes only the registers named.
        unsafe {
            asm!(
                "lea {functions}, [rip + 3f]",
                "jmp 4f",
                ".p2align 6",
                "3:",
                each_target!(),
                ".p2align 4",
                "lea {x:e}, [{x:r} + 4 * {x:r} + \\target]",
                "ret",
                ".endr",
                ".p2align 5",
                "4:",
                "movzx {address:e}, byte ptr [{order} + {index}]",
                "shl {address:e}, {shift}",
                "add {address}, {functions}",
                "call {address}",
                "inc {index}",
                "cmp {index}, {length}",
                "cmove {index}, {zero}",
                "dec {n:e}",
                "jnz 4b",
                shift = const TARGET_BYTES.ilog2(),
                order = in(reg) order.as_ptr(),
                length = in(reg) order.len(),
                zero = in(reg) 0usize,
                functions = out(reg) _,
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
        // SAFETY: the address called is that of one of the 64 functions of the block, each of which
        // calls the next and returns; the last only returns. At most 65 return addresses, 520 bytes,
        // are on the stack (no `nostack`). Changes only the registers named.
        unsafe {
            asm!(
                "lea {tmp}, [rip + 3f]",
                "add {entry}, {tmp}",
                "jmp 5f",
                ".p2align 6",
                "3:",
                ".rept {inner}",
                "inc {calls:e}",
                "call 4f",
                "ret",
                ".p2align 4",
                "4:",
                ".endr",
                "inc {calls:e}",
                "ret",
                ".p2align 5",
                "5:",
                "call {entry}",
                "dec {n:e}",
                "jnz 5b",
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
