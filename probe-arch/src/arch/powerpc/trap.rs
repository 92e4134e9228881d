//! One instruction that a hypervisor or a system must intercept, and one that it need not.
//!
//! References:
//! - Power ISA book III, "Processor Version Register": privileged, readable by a guest's kernel
//!   without leaving the guest, but not by a program: under an operating system what is timed here is
//!   the system's own trap, some thousand cycles, and on bare metal a cycle or two.
//! - Power ISA book II, `sync` (`hwsync`): no interrupt is defined for it.

use super::identity;
use core::arch::asm;
use probe_core::machine::Trap;

/// Executes the instruction once; `None` for one that would end the program.
#[inline(always)]
pub(super) fn trap(kind: Trap) -> Option<()> {
    match kind {
        // Assembly that is not called pure is never dropped, though its result is.
        Trap::Identify => {
            identity::pvr()?;
        }
        // SAFETY: orders memory accesses, changes nothing.
        Trap::Serialise => unsafe {
            asm!("sync", options(nostack, preserves_flags));
        },
    }
    Some(())
}
