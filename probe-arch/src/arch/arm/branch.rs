//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - ARM ARM (DDI 0406) A8: `B`, `BL`, `BLX (register)` (from version 5T), `BX`, `MOVEQ`.
//! - Procedure Call Standard for the Arm Architecture: the stack pointer is a multiple of 8 at calls.
//!
//! In all loops the index goes round by a conditional move, so that the only conditional branch
//! besides the measured one is the loop's own, which is always taken but once.

use super::identity::Features;
use core::arch::asm;
use probe_core::machine::Pattern;

/// Functions among which indirect calls choose, and the deepest nesting of calls.
const MAX_TARGETS: u8 = 64;
/// Bytes from one of the functions called indirectly to the next: three instructions, rounded up.
const TARGET_BYTES: usize = 16;
/// Bytes from one of the nested functions to the next: five instructions, rounded up.
const NESTED_BYTES: usize = 32;
/// The first version with `BLX`.
const BLX: u8 = 5;

/// Executes one conditional branch for each element: taken where the direction is not 0.
///
/// One branch instruction serves all elements, so that it is predicted from the history alone, as
/// the period of the pattern decides. What it jumps over counts the branches not taken.
pub(super) fn branches(pattern: Pattern<'_>) -> Option<u32> {
    let directions = pattern.directions;
    if directions.is_empty() || pattern.branches == 0 {
        return None;
    }
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
            n = inout(reg) pattern.branches => _,
            not_taken = inout(reg) not_taken,
            options(nostack, readonly)
        );
    }
    Some(pattern.branches - not_taken)
}

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
                concat!(
                    ".irp target, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,",
                    "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,",
                    "32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,",
                    "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
                ),
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

/// Calls one of 64 functions through a register, as `order` says.
pub(super) fn indirect(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
    let sound = (1..=MAX_TARGETS).contains(&targets)
        && !order.is_empty()
        && calls > 0
        && order.iter().all(|&target| target < targets);
    if !sound {
        return None;
    }
    Some(if Features::detect().version >= BLX {
        calls!(".inst 0xe12fff3c"; order, calls) // blx r12
    } else {
        calls!("mov lr, pc", "bx r12"; order, calls)
    })
}

/// Calls through `depth` functions and back. Every call has its own place to return to, so that a
/// return stack that is too small is not helped out by the predictor of indirect jumps.
pub(super) fn nested_calls(depth: u8, times: u32) -> Option<u32> {
    if !(1..=MAX_TARGETS).contains(&depth) || times == 0 {
        return None;
    }
    // Function 0 calls function 1 and so on to the last, so a call of function 64 - depth nests
    // `depth` deep.
    let skipped = usize::from(MAX_TARGETS - depth) * NESTED_BYTES;
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
    Some(calls)
}
