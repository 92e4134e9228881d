//! Writing and running code.
//!
//! References:
//! - PEM and Power ISA book I: encodings of `addis` (opcode 15), `addi` (opcode 14), `blr`
//!   (4E80_0020). Instructions are words in the byte order of the program.
//! - Power ISA book II, "Instruction Storage" and the programming note with `icbi`: what a program
//!   does to make modified code visible: `dcbst` each block, `sync`, `icbi` each block, `sync`,
//!   `isync`, all of them allowed in user mode. Until then the old code may be executed.
//! - PEM, "Cache Model": blocks of 16 bytes (8xx, 403) to 128 (970, POWER); stepping by the smallest
//!   touches a larger block more than once, which changes nothing.
//!
//! The routine takes and returns `x` in register 3. It is called by address, not through a function
//! pointer, because on 64 bits the first ABI's function pointers are descriptors (64-bit PowerPC ELF
//! ABI Supplement, "Function Descriptors").

use super::common::fresh_code::write;
use c_shims::arch::MAX_FRESH_BYTES;
use core::arch::asm;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `addis 3, 3, …` without the number.
const ADDIS_3_3: u32 = 15 << 26 | 3 << 21 | 3 << 16;
/// `addi 3, 3, …` without the number.
const ADDI_3_3: u32 = 14 << 26 | 3 << 21 | 3 << 16;
/// `blr`.
const BLR: u32 = 0x4e80_0020;
/// Instructions of one addition.
const ADD: usize = 2;
/// The smallest cache block of any PowerPC, bytes.
const SMALLEST_BLOCK: usize = 16;

/// Bytes of an instruction.
const INSTRUCTION: usize = 4;

/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    (adds as usize * ADD + 1) * INSTRUCTION
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

/// Writes the routine; gives its length.
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> usize {
    let low = routine.constant & 0xffff;
    // `addi` extends the sign of its number, so the upper half makes up for it.
    let high = routine.constant.wrapping_add(0x8000) >> 16;
    let add = [ADDIS_3_3 | high, ADDI_3_3 | low];
    let adds = core::iter::repeat_n(add, usize::from(routine.adds)).flatten();
    let instructions = adds.chain([BLR]);
    write(instructions.map(u32::to_ne_bytes), code);
    bytes(routine.adds)
}

/// Makes modified code visible to instruction fetch, on every processor of the machine.
///
/// # Safety
/// The range must be mapped.
pub(super) unsafe fn synchronise(code: *const u8, bytes: usize) {
    let blocks = || (0..bytes).step_by(SMALLEST_BLOCK);
    for offset in blocks() {
        // SAFETY: writes a block of mapped memory back; no byte changes.
        unsafe {
            asm!("dcbst 0, {block}", block = in(reg) code.wrapping_add(offset), options(nostack));
        }
    }
    // SAFETY: orders what was written back before what is discarded.
    unsafe { asm!("sync", options(nostack)) }
    for offset in blocks() {
        // SAFETY: discards copies of a mapped block in instruction caches.
        unsafe {
            asm!("icbi 0, {block}", block = in(reg) code.wrapping_add(offset), options(nostack));
        }
    }
    // SAFETY: orders the above before, and refetches, what comes next.
    unsafe { asm!("sync", "isync", options(nostack)) }
}

/// Calls a routine.
///
/// # Safety
/// What [`encode`] wrote must lie at `code`, executable.
pub(super) unsafe fn call(code: *const u8, x: u32) -> u32 {
    let result: usize;
    // SAFETY: the routine changes register 3 and returns through the link register; the call changes
    // that and the count register. It uses no stack.
    unsafe {
        asm!(
            "mtctr {code}",
            "bctrl",
            code = in(reg) code,
            inout("r3") x as usize => result,
            out("ctr") _,
            out("lr") _,
            options(nostack)
        );
    }
    result as u32
}
