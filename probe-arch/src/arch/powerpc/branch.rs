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

use super::common::branch::{Kernels, MAX_TARGETS};
use super::{wide, Backend};
use core::arch::asm;

/// Bytes from one target of an indirect call to the next: four instructions.
const TARGET_BYTES: usize = 16;

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

impl Kernels for Backend {
    // Eight instructions.
    const NESTED_BYTES: usize = 32;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
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
                n = in(reg) n as usize,
                not_taken = inout(reg_nonzero) not_taken,
                t = out(reg) _,
                out("ctr") _, out("cr0") _, out("xer") _,
                options(nostack, readonly)
            );
        }
        not_taken
    }

    unsafe fn indirect(order: &[u8], calls: u32) -> u32 {
        let mut x = 0u32;
        // SAFETY: reads `order` at an index below its length; every byte of it is below 64, so every
        // call goes to one of the 64 functions of the block, which return to it. Changes only the registers
        // named.
        unsafe {
            asm!(
                // The functions begin at the next instruction, whose address goes to the link register.
                "bcl 20, 31, 4f",
                each_target!(),
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
        x
    }

    unsafe fn nested_calls(skipped: usize, times: u32) -> u32 {
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
        calls
    }
}
