//! Writing and running code.
//!
//! References:
//! - Unprivileged Architecture, "RV32I Base Integer Instruction Set": encodings of `LUI`, `ADDI`, `JALR`;
//!   "RV64I": `ADDW`, `ADDIW`; "Zifencei": `FENCE.I` makes a hart's stores visible to its own fetches.
//! - Linux, `Documentation/arch/riscv/cmodx.rst`: a program may be moved to another hart between its store
//!   and its fetch, so the portable way is the system call `riscv_flush_icache` (259), which does it on all.
//! - RISC-V ABIs Specification: first argument and result in a0, a1 free.
//!
//! The constant lies in the instructions, not in data beside them, so that a patch that is not synchronised
//! may leave the old one in an instruction cache that is not coherent.

use super::common::fresh_code::write;
use c_shims::arch::MAX_FRESH_BYTES;
use core::arch::asm;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `lui a1, imm20`, without the constant, which is its upper 20 bits.
const LUI_A1: u32 = 0x0000_05b7;
/// `addiw a1, a1, imm12`, without the constant.
const ADDIW_A1_A1: u32 = 0x0005_859b;
/// Where the latter has it.
const IMM12_SHIFT: u32 = 20;
/// `addw a0, a0, a1`.
const ADDW_A0_A0_A1: u32 = 0x00b5_053b;
/// `ret`: `jalr zero, 0(ra)`.
const RET: u32 = 0x0000_8067;

/// Bytes of an instruction.
const INSTRUCTION: usize = 4;
/// Instructions that are not additions.
const OTHERS: usize = 3;

/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    (adds as usize + OTHERS) * INSTRUCTION
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

// Results of 32 bits are sign-extended, which `ADDW` does.
call!("C");

/// Writes the routine; gives its length. Instructions are little-endian.
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> usize {
    // The lower twelve bits are added as a signed number: where it is negative the upper ones are one more.
    let low = routine.constant & 0xfff;
    let high = routine.constant.wrapping_add(0x800) & !0xfff;
    let head = [LUI_A1 | high, ADDIW_A1_A1 | low << IMM12_SHIFT];
    let adds = core::iter::repeat_n(ADDW_A0_A0_A1, usize::from(routine.adds));
    let instructions = head.into_iter().chain(adds).chain([RET]);
    write(instructions.map(u32::to_le_bytes), code);
    bytes(routine.adds)
}

/// Asks the system to make `bytes` of code at `code` visible to instruction fetch on every hart. `false`
/// where it has no such call.
#[cfg(all(feature = "linux", target_os = "linux"))]
fn flushed_by_the_system(code: *const u8, bytes: usize) -> bool {
    /// Number of `riscv_flush_icache`.
    const RISCV_FLUSH_ICACHE: core::ffi::c_long = 259;
    // SAFETY: changes no memory; the kernel takes any addresses.
    unsafe {
        crate::linux::syscall(RISCV_FLUSH_ICACHE, code, code.wrapping_add(bytes), 0usize) == 0
    }
}

/// Nobody to ask.
#[cfg(not(all(feature = "linux", target_os = "linux")))]
fn flushed_by_the_system(_code: *const u8, _bytes: usize) -> bool {
    false
}

/// Makes `bytes` of code at `code` visible to instruction fetch.
pub(super) fn synchronise(code: *const u8, bytes: usize) {
    if !flushed_by_the_system(code, bytes) {
        // SAFETY: orders fetches behind stores. Without a system the program stays on its hart.
        unsafe { asm!("fence.i", options(nostack, preserves_flags)) };
    }
}
