//! An instruction that nothing intercepts. There is none that identifies the processor in user mode.
//!
//! References:
//! - ARM ARM (DDI 0406) A8.8.53: `ISB`, from ARMv7; D12.7.10 and the ARM1136 manual: the same in ARMv6 by
//!   a write to CP15 c7, which user mode may do; before that the register belongs to the system.

use super::identity::Features;
use core::arch::asm;
use probe_core::machine::Trap;

/// The first version with `ISB` as an instruction, and with it in CP15.
const ISB: u8 = 7;
const ISB_IN_CP15: u8 = 6;

/// Executes `ISB`.
///
/// # Safety
/// The architecture must be version 7 or later.
#[inline(always)]
pub(super) unsafe fn barrier() {
    // SAFETY: orders execution, changes nothing.
    unsafe {
        asm!(
            ".inst 0xf57ff06f", // isb sy
            options(nostack, preserves_flags)
        );
    }
}

/// Executes the instruction once. `None` where there is none.
#[inline(always)]
pub(super) fn trap(kind: Trap, features: &Features) -> Option<()> {
    match kind {
        Trap::Identify => None,
        Trap::Serialise if features.version >= ISB => {
            // SAFETY: asked for the version.
            unsafe { barrier() };
            Some(())
        }
        Trap::Serialise if features.version >= ISB_IN_CP15 => {
            // SAFETY: flushes the prefetch buffer, changes nothing.
            unsafe {
                asm!(
                    "mcr p15, 0, {zero}, c7, c5, 4",
                    zero = in(reg) 0,
                    options(nostack, preserves_flags)
                );
            }
            Some(())
        }
        Trap::Serialise => None,
    }
}
