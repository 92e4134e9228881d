//! Writing and running code.
//!
//! References:
//! - Intel SDM volume 2: encodings of `MOV` (8B /r), `ADD EAX, imm32` (05 id), `RET` (C3); volume 3,
//!   "Handling Self- and Cross-Modifying Code": a jump to the new code is enough on the processor that
//!   wrote it, because instruction caches are kept coherent. (On the 486 and before only the jump matters:
//!   the prefetch queue holds what was read before the store.)
//! - AMD APM volume 2, "Cache Coherency": the same.
//! - System V ABI, Intel386 supplement, "Function Calling Sequence": arguments on the stack, result in EAX.
//!
//! So on x86 nothing is left to synchronise, and an unsynchronised patch runs as new code on every
//! processor: the channel's stale rounds are 0 by architecture.

use super::common::fresh_code::write;
use c_shims::arch::MAX_FRESH_BYTES;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `mov eax, [esp + 4]`.
const MOV_EAX_ARGUMENT: [u8; 4] = [0x8b, 0x44, 0x24, 0x04];
/// `add eax, imm32`, without the constant.
const ADD_EAX: u8 = 0x05;
/// `ret`.
const RET: u8 = 0xc3;
/// Bytes of one addition.
const ADD_BYTES: usize = 5;
/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    MOV_EAX_ARGUMENT.len() + adds as usize * ADD_BYTES + 1
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

// The calling convention is named, so that it is the same on every system.
call!("cdecl");

/// Writes the routine; gives its length.
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> usize {
    let (head, rest) = code.split_at_mut(MOV_EAX_ARGUMENT.len());
    head.copy_from_slice(&MOV_EAX_ARGUMENT);
    let adds = usize::from(routine.adds);
    let [a, b, c, d] = routine.constant.to_le_bytes();
    write(core::iter::repeat_n([ADD_EAX, a, b, c, d], adds), rest);
    rest[adds * ADD_BYTES] = RET;
    bytes(routine.adds)
}
