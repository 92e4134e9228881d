//! The identification instruction, and one that nothing intercepts.
//!
//! References:
//! - RISC-V International, "Volume II: Privileged Architecture": `mvendorid`, `marchid` and `mimpid` belong to
//!   machine mode; a program has no instruction that identifies the processor.
//! - Unprivileged Architecture, "FENCE": no trap is defined for it.

use core::arch::asm;
use probe_core::machine::Trap;

/// Executes the instruction once. `None` for the identification that there is not.
#[inline(always)]
pub(super) fn trap(kind: Trap) -> Option<()> {
    match kind {
        Trap::Identify => None,
        Trap::Serialise => {
            // SAFETY: orders memory, changes nothing.
            unsafe { asm!("fence", options(nostack, preserves_flags)) };
            Some(())
        }
    }
}
