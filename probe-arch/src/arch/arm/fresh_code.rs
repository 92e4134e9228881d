//! Writing and running code.
//!
//! References:
//! - ARM ARM (DDI 0406) A5.2, A8: encodings of `MOV`, `ORR`, `ADD` with a rotated immediate, `BX`; A3.9 and
//!   B2.2.7: instruction caches are not coherent with data.
//! - Procedure Call Standard for the Arm Architecture: first argument and result in R0, R1 to R3 and R12
//!   free. `BX LR` returns to either instruction set, and is in every version since 4T.
//! - Linux, `arch/arm/kernel/traps.c`: the ARM-private system call `cacheflush`, number 0x0f0002.
//!
//! The constant lies in the instructions, eight bits in each of four, as version 4T can; not in a
//! literal, so that a patch that is not synchronised may leave the old one in the instruction cache.

use super::common::fresh_code::write;
use super::identity::Features;
use c_shims::arch::MAX_FRESH_BYTES;
use core::arch::asm;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `mov r1, #imm8`; `orr r1, r1, #imm8` rotated right by 24, 16 and 8. All without the constant.
const LOAD_R1: [u32; 4] = [0xe3a0_1000, 0xe381_1c00, 0xe381_1800, 0xe381_1400];
/// `add r0, r0, r1`.
const ADD_R0_R1: u32 = 0xe080_0001;
/// `bx lr`.
const BX_LR: u32 = 0xe12f_ff1e;

/// Number of the system call that makes a range visible to instruction fetch.
const CACHEFLUSH: u32 = 0x000f_0002;

/// Bytes of an instruction.
const INSTRUCTION: usize = 4;

/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    (LOAD_R1.len() + adds as usize + 1) * INSTRUCTION
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

// The address is even, so it is A32.
call!("C");

/// Writes the routine; gives its length. `None` where nobody can make it visible: without Linux a
/// program has no say over caches, and where instructions are not in the order of data (BE8).
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
    if !Features::detect().linux || cfg!(target_endian = "big") {
        return None;
    }
    let constant = routine.constant.to_le_bytes();
    let head = LOAD_R1
        .into_iter()
        .zip(constant)
        .map(|(instruction, byte)| instruction | u32::from(byte));
    let adds = core::iter::repeat_n(ADD_R0_R1, usize::from(routine.adds));
    let instructions = head.chain(adds).chain([BX_LR]);
    write(instructions.map(u32::to_le_bytes), code);
    Some(bytes(routine.adds))
}

/// Makes `bytes` of code at `code` visible to instruction fetch.
///
/// # Safety
/// The range must be mapped; the system must be Linux.
pub(super) unsafe fn synchronise(code: *const u8, bytes: usize) {
    let start = code.addr();
    // SAFETY: the system call changes R0 and no memory's value. Its number goes into R7, which a
    // compiler may keep for itself, so it is put back.
    unsafe {
        asm!(
            "mov {kept}, r7",
            "mov r7, {number}",
            "svc 0",
            "mov r7, {kept}",
            kept = out(reg) _,
            number = in(reg) CACHEFLUSH,
            inout("r0") start => _,
            in("r1") start + bytes,
            in("r2") 0,
            options(nostack)
        );
    }
}
