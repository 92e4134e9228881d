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

use core::arch::asm;
use probe_core::machine::Pattern;

/// Functions among which indirect calls choose, and the deepest nesting of calls.
const MAX_TARGETS: u8 = 64;
/// Bytes from one function to the next: room for the longest, and a power of two.
const TARGET_BYTES: usize = 16;

/// Executes one conditional jump for each element: taken where the direction is not 0.
///
/// One jump instruction serves all elements, so that it is predicted from the history alone, as the period
/// of the pattern decides. What it jumps over counts the branches not taken.
pub(super) fn branches(pattern: Pattern<'_>) -> Option<u32> {
    let directions = pattern.directions;
    if directions.is_empty() || pattern.branches == 0 {
        return None;
    }
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
            n = inout(reg) pattern.branches => _,
            not_taken = inout(reg) not_taken,
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
            concat!(
                ".irp target, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,",
                "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,",
                "32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,",
                "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
            ),
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
    Some(x)
}

/// Calls through `depth` functions and back. Every call has its own place to return to, so that a return
/// stack that is too small is not helped out by the predictor of indirect jumps.
pub(super) fn nested_calls(depth: u8, times: u32) -> Option<u32> {
    if !(1..=MAX_TARGETS).contains(&depth) || times == 0 {
        return None;
    }
    // Function 0 calls function 1 and so on to the last, so a call of function 64 - depth nests `depth`
    // deep.
    let skipped = usize::from(MAX_TARGETS - depth) * TARGET_BYTES;
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
    Some(calls)
}
