//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - Arm ARM C6: `CBNZ`, `CSEL`, `BLR`, `BL`, `RET`.
//! - Procedure Call Standard for the Arm 64-bit Architecture: the link register X30, the stack
//!   pointer a multiple of 16.
//!
//! In all loops the index goes round by a conditional select, so that the only conditional branch
//! besides the measured one is the loop's own, which is always taken but once.

use super::common::branch::{Kernels, MAX_TARGETS};
use super::Backend;
use core::arch::asm;

/// Bytes from one of the functions called indirectly to the next: three instructions, rounded up.
const TARGET_BYTES: usize = 16;

impl Kernels for Backend {
    // Five instructions, rounded up.
    const NESTED_BYTES: usize = 32;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
        let mut not_taken = 0u32;
        // SAFETY: reads `directions` at an index that goes from 0 to its length less one and round
        // again; changes only the registers named.
        unsafe {
            asm!(
                ".p2align 5",
                "2:",
                "ldrb {direction:w}, [{directions}, {index}]",
                "cbnz {direction:w}, 3f",
                "add {not_taken:w}, {not_taken:w}, #1",
                "3:",
                "add {index}, {index}, #1",
                "cmp {index}, {period}",
                "csel {index}, xzr, {index}, eq",
                "subs {n:w}, {n:w}, #1",
                "b.ne 2b",
                directions = in(reg) directions.as_ptr(),
                period = in(reg) directions.len(),
                direction = out(reg) _,
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
        // call goes to one of the 64 functions of the block, which return to it. Changes only the
        // registers named, the link register among them.
        unsafe {
            asm!(
                "adr {functions}, 3f",
                "b 4f",
                ".p2align 6",
                "3:",
                each_target!(),
                ".p2align 4",
                "add {x:w}, {x:w}, {x:w}, lsl #2",
                "add {x:w}, {x:w}, #\\target",
                "ret",
                ".endr",
                ".p2align 5",
                "4:",
                "ldrb {address:w}, [{order}, {index}]",
                "add {address}, {functions}, {address}, lsl #{shift}",
                "blr {address}",
                "add {index}, {index}, #1",
                "cmp {index}, {length}",
                "csel {index}, xzr, {index}, eq",
                "subs {n:w}, {n:w}, #1",
                "b.ne 4b",
                shift = const TARGET_BYTES.ilog2(),
                order = in(reg) order.as_ptr(),
                length = in(reg) order.len(),
                functions = out(reg) _,
                address = out(reg) _,
                index = inout(reg) 0usize => _,
                n = inout(reg) calls => _,
                x = inout(reg) x,
                out("lr") _,
            );
        }
        x
    }

    unsafe fn nested_calls(skipped: usize, times: u32) -> u32 {
        let mut calls = 0u32;
        // SAFETY: the address called is that of one of the 64 functions of the block, each of which
        // saves the link register on the stack (no `nostack`), calls the next, restores it and
        // returns; the last only returns. At most 63 frames of 16 bytes. Changes only the registers
        // named.
        unsafe {
            asm!(
                "adr {tmp}, 3f",
                "add {entry}, {entry}, {tmp}",
                "b 5f",
                ".p2align 6",
                "3:",
                ".rept {inner}",
                "add {calls:w}, {calls:w}, #1",
                "str x30, [sp, #-16]!",
                "bl 4f",
                "ldr x30, [sp], #16",
                "ret",
                ".p2align 5",
                "4:",
                ".endr",
                "add {calls:w}, {calls:w}, #1",
                "ret",
                ".p2align 5",
                "5:",
                "blr {entry}",
                "subs {n:w}, {n:w}, #1",
                "b.ne 5b",
                inner = const MAX_TARGETS - 1,
                tmp = out(reg) _,
                entry = inout(reg) skipped => _,
                calls = inout(reg) calls,
                n = inout(reg) times => _,
                out("lr") _,
            );
        }
        calls
    }
}
