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

use super::common::branch::{Kernels, MAX_TARGETS};
use super::Backend;
use core::arch::asm;

/// Bytes from one of the functions called indirectly to the next: four instructions.
const TARGET_BYTES: usize = 16;

impl Kernels for Backend {
    // Seven instructions, rounded up.
    const NESTED_BYTES: usize = 32;

    unsafe fn branches(directions: &[u8], n: u32) -> u32 {
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
                each_target!(),
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
        x
    }

    unsafe fn nested_calls(skipped: usize, times: u32) -> u32 {
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
        calls
    }
}
