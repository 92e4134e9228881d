//! Writing and running code.
//!
//! References:
//! - Intel SDM volume 2: encodings of `MOV` (89 /r), `ADD EAX, imm32` (05 id), `RET` (C3); volume
//!   3, "Handling Self- and Cross-Modifying Code": a jump to the new code is enough on the
//!   processor that wrote it, because instruction caches are kept coherent.
//! - AMD APM volume 2, "Cache Coherency": the same.
//! - System V ABI, AMD64 supplement, "Parameter Passing": first argument in EDI, result in EAX.
//!
//! So on x86 an unsynchronised patch runs as new code on every processor: the channel's stale rounds
//! are 0 by architecture.

use super::common::fresh_code::write;
use c_shims::arch::MAX_FRESH_BYTES;
use probe_core::machine::{Routine, MAX_FRESH_ADDS};

/// `mov eax, edi`.
const MOV_EAX_EDI: [u8; 2] = [0x89, 0xf8];
/// `add eax, imm32`, without the constant.
const ADD_EAX: u8 = 0x05;
/// `ret`.
const RET: u8 = 0xc3;
/// Bytes of one addition.
const ADD_BYTES: usize = 5;
/// Bytes of a routine of so many additions.
const fn bytes(adds: u16) -> usize {
    MOV_EAX_EDI.len() + adds as usize * ADD_BYTES + 1
}

const _: () = assert!(bytes(MAX_FRESH_ADDS) <= MAX_FRESH_BYTES);

/// Serialises, as Intel's manual asks where code was changed through another address than the one it
/// runs at. Processors that compare physical addresses run the new code without it.
pub(super) fn synchronise() {
    super::identity::cpuid(0, 0);
}

// The calling convention is named, so that it is the same on every system.
call!("sysv64");

/// Writes the routine; gives its length.
pub(super) fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> usize {
    let (head, rest) = code.split_at_mut(MOV_EAX_EDI.len());
    head.copy_from_slice(&MOV_EAX_EDI);
    let adds = usize::from(routine.adds);
    let [a, b, c, d] = routine.constant.to_le_bytes();
    write(core::iter::repeat_n([ADD_EAX, a, b, c, d], adds), rest);
    rest[adds * ADD_BYTES] = RET;
    bytes(routine.adds)
}
