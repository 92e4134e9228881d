//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - Unprivileged Architecture, "Control Transfer Instructions": `BNE`, `JAL`, `JALR`, and which registers
//!   tell a call and a return from a jump.
//! - RISC-V ABIs Specification: return address in ra, the stack pointer a multiple of 16.
//!
//! In all loops the index goes round by arithmetic (a comparison makes a mask), so that the only conditional
//! branch besides the measured one is the loop's own, which is always taken but once.
//!
//! Compressed instructions and relaxation are off where distances count.

use core::arch::asm;
use probe_core::machine::Pattern;

/// Functions among which indirect calls choose, and the deepest nesting of calls.
const MAX_TARGETS: u8 = 64;
/// Bytes from one of the functions called indirectly to the next: four instructions.
const TARGET_BYTES: usize = 16;
/// Bytes from one of the nested functions to the next: seven instructions, rounded up.
const NESTED_BYTES: usize = 32;

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
            ".p2align 5",
            "2:",
            "add {t}, {directions}, {index}",
            "lbu {t}, 0({t})",
            "bnez {t}, 3f",
            "addiw {not_taken}, {not_taken}, 1",
            "3:",
            "addi {index}, {index}, 1",
            "sltu {t}, {index}, {period}",
            "neg {t}, {t}",
            "and {index}, {index}, {t}",
            "addiw {n}, {n}, -1",
            "bnez {n}, 2b",
            directions = in(reg) directions.as_ptr(),
            period = in(reg) directions.len(),
            t = out(reg) _,
            index = inout(reg) 0usize => _,
            n = inout(reg) pattern.branches => _,
            not_taken = inout(reg) not_taken,
            options(nostack, readonly)
        );
    }
    Some(pattern.branches - not_taken)
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
    let mut x = 0u32;
    // SAFETY: reads `order` at an index below its length; every byte of it is below 64, so every
    // call goes to one of the 64 functions of the block, which return to it. Changes only the
    // registers named, the return address among them.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".option norelax",
            "lla {functions}, 3f",
            "j 4f",
            ".p2align 6",
            "3:",
            concat!(
                ".irp target, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,",
                "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,",
                "32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,",
                "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
            ),
            ".p2align 4",
            "slliw {t}, {x}, 2",
            "addw {x}, {x}, {t}",
            "addiw {x}, {x}, \\target",
            "ret",
            ".endr",
            ".p2align 5",
            "4:",
            "add {address}, {order}, {index}",
            "lbu {address}, 0({address})",
            "slli {address}, {address}, {shift}",
            "add {address}, {address}, {functions}",
            "jalr ra, 0({address})",
            "addi {index}, {index}, 1",
            "sltu {t}, {index}, {length}",
            "neg {t}, {t}",
            "and {index}, {index}, {t}",
            "addiw {n}, {n}, -1",
            "bnez {n}, 4b",
            ".option pop",
            shift = const TARGET_BYTES.ilog2(),
            order = in(reg) order.as_ptr(),
            length = in(reg) order.len(),
            functions = out(reg) _,
            t = out(reg) _,
            address = out(reg) _,
            index = inout(reg) 0usize => _,
            n = inout(reg) calls => _,
            x = inout(reg) x,
            out("ra") _,
        );
    }
    Some(x)
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
    // saves the return address on the stack (no `nostack`), calls the next, restores it and
    // returns; the last only returns. At most 63 frames of 16 bytes. Changes only the registers
    // named.
    unsafe {
        asm!(
            ".option push",
            ".option norvc",
            ".option norelax",
            "lla {tmp}, 3f",
            "add {entry}, {entry}, {tmp}",
            "j 5f",
            ".p2align 6",
            "3:",
            ".rept {inner}",
            "addiw {calls}, {calls}, 1",
            "addi sp, sp, -16",
            "sd ra, 0(sp)",
            "jal ra, 4f",
            "ld ra, 0(sp)",
            "addi sp, sp, 16",
            "ret",
            ".p2align 5",
            "4:",
            ".endr",
            "addiw {calls}, {calls}, 1",
            "ret",
            ".p2align 5",
            "5:",
            "jalr ra, 0({entry})",
            "addiw {n}, {n}, -1",
            "bnez {n}, 5b",
            ".option pop",
            inner = const MAX_TARGETS - 1,
            tmp = out(reg) _,
            entry = inout(reg) skipped => _,
            calls = inout(reg) calls,
            n = inout(reg) times => _,
            out("ra") _,
        );
    }
    Some(calls)
}
