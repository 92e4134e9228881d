//! Conditional branches, indirect calls and nested calls.
//!
//! References:
//! - PEM and Power ISA book I, "Branch Facility": `bc`, `bcl`, `bl`, `bctrl`, `blr`; its programming
//!   notes say which forms a processor takes for calls and returns: `bcl 20,31,$+4` reads the address of
//!   the next instruction without an entry in the link stack, `blr` returns.
//! - PEM and Power ISA book I: `subfc`, `subfe`: how an index goes round without a branch.
//!
//! In all loops the index goes round by carry arithmetic (no member of the family before POWER9 and
//! the e500 has a conditional move), so that the only conditional branch besides the measured one is
//! the loop's own, which is always taken but once.

use super::wide;
use core::arch::asm;
use probe_core::machine::Pattern;

/// Functions among which indirect calls choose, and the deepest nesting of calls.
const MAX_TARGETS: u8 = 64;
/// Bytes from one target of an indirect call to the next: four instructions.
const TARGET_BYTES: usize = 16;
/// Bytes from one nested function to the next: eight instructions.
const NESTED_BYTES: usize = 32;

/// `index = (index + 1 < length) ? index + 1 : 0`, using a scratch register and the carry.
macro_rules! go_round {
    ($index:literal, $length:literal, $t:literal) => {
        concat!(
            "addi ", $index, ", ", $index, ", 1\n",
            // The carry is set where index >= length; then t = 0, else t = -1.
            "subfc ", $t, ", ", $length, ", ", $index, "\n", "subfe ", $t, ", ", $t, ", ", $t, "\n",
            "and ", $index, ", ", $index, ", ", $t
        )
    };
}

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
            "mtctr {n}",
            ".p2align 5",
            "2:",
            "lbzx {t}, {directions}, {index}",
            "cmpwi {t}, 0",
            "bne 3f",
            "addi {not_taken}, {not_taken}, 1",
            "3:",
            go_round!("{index}", "{period}", "{t}"),
            "bdnz 2b",
            directions = in(reg_nonzero) directions.as_ptr(),
            period = in(reg) directions.len(),
            index = inout(reg_nonzero) 0usize => _,
            n = in(reg) pattern.branches as usize,
            not_taken = inout(reg_nonzero) not_taken,
            t = out(reg) _,
            out("ctr") _, out("cr0") _, out("xer") _,
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
    // call goes to one of the 64 functions of the block, which return to it. Changes only the registers
    // named.
    unsafe {
        asm!(
            // The functions begin at the next instruction, whose address goes to the link register.
            "bcl 20, 31, 4f",
            concat!(
                ".irp target, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,",
                "16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,",
                "32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,",
                "48,49,50,51,52,53,54,55,56,57,58,59,60,61,62,63"
            ),
            "slwi {t}, {x}, 2",
            "add {x}, {x}, {t}",
            "addi {x}, {x}, \\target",
            "blr",
            ".endr",
            "4:",
            "mflr {functions}",
            ".p2align 5",
            "5:",
            "lbzx {t}, {order}, {index}",
            "slwi {t}, {t}, {shift}",
            "add {t}, {t}, {functions}",
            "mtctr {t}",
            "bctrl",
            go_round!("{index}", "{length}", "{t}"),
            "addic. {n}, {n}, -1",
            "bne 5b",
            shift = const TARGET_BYTES.ilog2(),
            order = in(reg_nonzero) order.as_ptr(),
            length = in(reg) order.len(),
            functions = out(reg) _,
            index = inout(reg_nonzero) 0usize => _,
            n = inout(reg) calls as usize => _,
            x = inout(reg_nonzero) x,
            t = out(reg) _,
            out("ctr") _, out("lr") _, out("cr0") _, out("xer") _,
            options(nostack, readonly)
        );
    }
    Some(x)
}

/// Calls through `depth` functions and back. Every call has its own place to return to, so that a
/// link stack that is too small is not helped out by the predictor of indirect branches.
pub(super) fn nested_calls(depth: u8, times: u32) -> Option<u32> {
    if !(1..=MAX_TARGETS).contains(&depth) || times == 0 {
        return None;
    }
    // Function 0 calls function 1 and so on to the last, so a call of function 64 - depth nests
    // `depth` deep.
    let skipped = usize::from(MAX_TARGETS - depth) * NESTED_BYTES;
    // Return addresses are kept here, not on the stack; the place below the first is never written.
    let mut returns = [0usize; MAX_TARGETS as usize + 1];
    let mut calls = 0u32;
    // SAFETY: the address called is that of one of the 64 functions of the block, each of which
    // keeps where to return to in `returns`, calls the next and returns; the last only returns. At most
    // 63 addresses are kept at once. Changes only those and the registers named.
    unsafe {
        asm!(
            "bcl 20, 31, 5f",
            long!(),
            ".rept {inner}",
            "mflr {t}",
            wide!("stwu {t}, 4({top})", "stdu {t}, 8({top})"),
            "addi {calls}, {calls}, 1",
            "bl 4f",
            wide!("lwz {t}, 0({top})", "ld {t}, 0({top})"),
            wide!("addi {top}, {top}, -4", "addi {top}, {top}, -8"),
            "mtlr {t}",
            "blr",
            "4:",
            ".endr",
            "addi {calls}, {calls}, 1",
            "blr",
            "5:",
            "mflr {t}",
            "add {entry}, {entry}, {t}",
            ".p2align 5",
            "6:",
            "mtctr {entry}",
            "bctrl",
            "addic. {n}, {n}, -1",
            "bne 6b",
            inner = const MAX_TARGETS - 1,
            entry = inout(reg) skipped => _,
            top = inout(reg_nonzero) returns.as_mut_ptr() => _,
            calls = inout(reg_nonzero) calls,
            n = inout(reg) times as usize => _,
            t = out(reg) _,
            out("ctr") _, out("lr") _, out("cr0") _, out("xer") _,
            options(nostack)
        );
    }
    Some(calls)
}
