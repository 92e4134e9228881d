//! One instruction that a hypervisor must intercept, and one that it need not.
//!
//! References:
//! - Intel SDM volume 3, "Instructions That Cause VM Exits Unconditionally": `CPUID` is one.
//! - AMD APM volume 2, "Instruction Intercepts": `CPUID` can be, and every hypervisor does.
//! - Intel SDM volume 2, `LFENCE`: no exit is defined for it; volume 3, "Bus Locking": a locked operation
//!   on memory waits for all earlier loads and stores, on every processor since the 386.

use super::identity::{cpuid, Features};
use core::arch::asm;
use probe_core::machine::Trap;

/// Executes the instruction once. `None` for `CPUID` where there is none.
#[inline(always)]
pub(super) fn trap(kind: Trap, features: &Features) -> Option<()> {
    match kind {
        Trap::Identify => {
            cpuid(features.cpuid?, 0, 0);
        }
        // SAFETY: orders execution, changes nothing; SSE2 has the fence.
        Trap::Serialise if features.sse2 => unsafe {
            asm!("lfence", options(nostack, preserves_flags));
        },
        // SAFETY: adds 0 to what lies on top of the stack, which is this thread's own.
        Trap::Serialise => unsafe {
            asm!("lock add dword ptr [esp], 0", options(nostack));
        },
    }
    Some(())
}
