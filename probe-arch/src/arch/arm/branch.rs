//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `B`, `BL`, `BLX (register)` (from version 5T), `BX`, `MOVEQ`.
//! - Procedure Call Standard for the Arm Architecture: the stack pointer is a multiple of 8 at calls.
//!
//! In all loops the index goes round by a conditional move, so that the only conditional branch
//! besides the measured one is the loop's own, which is always taken but once.

use super::common::branch::{Kernels, MAX_TARGETS};
use super::identity::Features;
use super::Backend;
use core::arch::asm;

/// Bytes from one of the functions called indirectly to the next: three instructions, rounded up.
const TARGET_BYTES: usize = 16;
/// The first version with `BLX`.
const BLX: u8 = 5;

/// Calls through R12, `order` deciding where to.
macro_rules! calls {
    ($($call:literal),+; $order:expr, $calls:expr) => {{
        let order: &[u8] = $order;
        let mut x = 0u32;
        // SAFETY: reads `order` at an index below its length; every byte of it is below 64, so
        // every call goes to one of the 64 functions of the block, which return to it. Changes only
        // the registers named, the link register among them.
        unsafe {
            asm!(
                long!(),
                "adr {functions}, 3f",
                "b 4f",
                ".p2align 6",
                "3:",
                each_target!(),
                ".p2align 4",
                "add {x}, {x}, {x}, lsl #2",
                "add {x}, {x}, #\\target",
                "bx lr",
                ".endr",
                ".p2align 5",
                "4:",
                "ldrb r12, [{order}, {index}]",
                "add r12, {functions}, r12, lsl #{shift}",
                $($call,)+
                "add {index}, {index}, #1",
                "cmp {index}, {length}",
                "moveq {index}, #0",
                "subs {n}, {n}, #1",
                "bne 4b",
                shift = const TARGET_BYTES.ilog2(),
                order = in(reg) order.as_ptr(),
                length = in(reg) order.len(),
                functions = out(reg) _,
                index = inout(reg) 0usize => _,
                n = inout(reg) $calls => _,
                x = inout(reg) x,
                out("r12") _,
                out("lr") _,
            );
        }
        x
    }};
}

impl Kernels for Backend {
    // Five instructions, rounded up.
    const NESTED_BYTES: usize = 32;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
        let mut not_taken = 0u32;
        // SAFETY: reads `directions` at an index that goes from 0 to its length less one and round
        // again; changes only the registers named.
        unsafe {
            asm!(
                long!(),
                ".p2align 5",
                "2:",
                "ldrb {direction}, [{directions}, {index}]",
                "cmp {direction}, #0",
                "bne 3f",
                "add {not_taken}, {not_taken}, #1",
                "3:",
                "add {index}, {index}, #1",
                "cmp {index}, {period}",
                "moveq {index}, #0",
                "subs {n}, {n}, #1",
                "bne 2b",
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

    // Inlined, the blocks are written once more for each way in which the version may come to be known.
    #[inline(never)]
    unsafe fn indirect(order: &[u8], calls: u32) -> u32 {
        if Features::detect().version >= BLX {
            calls!(".inst 0xe12fff3c"; order, calls) // blx r12
        } else {
            calls!("mov lr, pc", "bx r12"; order, calls)
        }
    }

    unsafe fn nested_calls(skipped: usize, times: u32) -> u32 {
        let mut calls = 0u32;
        // SAFETY: the address called is that of one of the 64 functions of the block, each of which
        // saves the link register on the stack (no `nostack`), calls the next, restores it and
        // returns; the last only returns. At most 63 frames of 8 bytes. Changes only the registers
        // named. The first call is made by a branch to it with the link register set, which every
        // version has.
        unsafe {
            asm!(
                long!(),
                "adr {tmp}, 3f",
                "add {entry}, {entry}, {tmp}",
                "b 5f",
                ".p2align 6",
                "3:",
                ".rept {inner}",
                "add {calls}, {calls}, #1",
                "str lr, [sp, #-8]!",
                "bl 4f",
                "ldr lr, [sp], #8",
                "bx lr",
                ".p2align 5",
                "4:",
                ".endr",
                "add {calls}, {calls}, #1",
                "bx lr",
                ".p2align 5",
                "5:",
                "bl 6f",
                "subs {n}, {n}, #1",
                "bne 5b",
                "b 7f",
                "6:",
                "bx {entry}",
                "7:",
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
