//! Writing and running code.
//!
//! References:
//! - Arm ARM C6: encodings of `MOVZ`, `MOVK`, `ADD (shifted register)`, `RET`; B2.4.4, "Concurrent
//!   modification and execution of instructions", and the sequence that makes new code visible:
//!   `DC CVAU`, `DSB ISH`, `IC IVAU`, `DSB ISH`, `ISB`. `CTR_EL0` gives the line sizes.
//! - Linux sets `SCTLR_EL1.UCI` and `UCT`, so that a program may do so for itself.
//! - Procedure Call Standard for the Arm 64-bit Architecture: first argument and result in W0, W1 free.
//!
//! The constant lies in the instructions, not in data beside them, so that a patch that is not
//! synchronised may leave the old one in an instruction cache that is not coherent.

use super::common::fresh_code::write;
use super::identity::cache_type;
use c_shims::arch::MAX_FRESH_BYTES;
use core::arch::asm;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `movz w1, #imm16`, without the constant.
const MOVZ_W1: u32 = 0x5280_0001;
/// `movk w1, #imm16, lsl #16`, without the constant.
const MOVK_W1_HIGH: u32 = 0x72a0_0001;
/// Where both have their constant.
const IMM16_SHIFT: u32 = 5;
/// `add w0, w0, w1`.
const ADD_W0_W1: u32 = 0x0b01_0000;
/// `ret`.
const RET: u32 = 0xd65f_03c0;

/// Bytes of an instruction.
const INSTRUCTION: usize = 4;
/// Instructions that are not additions.
const OTHERS: usize = 3;

/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    (adds as usize + OTHERS) * INSTRUCTION
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

call!("C");

/// Writes the routine; gives its length. Instructions are little-endian whatever data is.
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> usize {
    let head = [
        MOVZ_W1 | (routine.constant & 0xffff) << IMM16_SHIFT,
        MOVK_W1_HIGH | (routine.constant >> 16) << IMM16_SHIFT,
    ];
    let adds = core::iter::repeat_n(ADD_W0_W1, usize::from(routine.adds));
    let instructions = head.into_iter().chain(adds).chain([RET]);
    write(instructions.map(u32::to_le_bytes), code);
    bytes(routine.adds)
}

/// Cleans `bytes` of code at `code` to the point of unification, and invalidates what instruction
/// caches hold of it.
///
/// # Safety
/// The range must be mapped and readable.
pub(super) unsafe fn synchronise(code: *const u8, bytes: usize) {
    let lines = cache_type();
    let (data, instruction) = (lines.data_line(), lines.instruction_line());
    let start = code.addr();
    let end = start + bytes;
    // SAFETY: cache maintenance by address of memory that the caller vouches for, rounded down to
    // lines of that memory's pages; it changes no value.
    unsafe {
        for line in (start & !(data - 1)..end).step_by(data) {
            asm!("dc cvau, {line}", line = in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", options(nostack, preserves_flags));
        for line in (start & !(instruction - 1)..end).step_by(instruction) {
            asm!("ic ivau, {line}", line = in(reg) line, options(nostack, preserves_flags));
        }
        asm!("dsb ish", "isb", options(nostack, preserves_flags));
    }
}
