//! One instruction that a hypervisor must intercept, and one that it need not.
//!
//! References:
//! - Intel SDM volume 3, "Instructions That Cause VM Exits Unconditionally": `CPUID` is one.
//! - AMD APM volume 2, "Instruction Intercepts": `CPUID` can be, and every hypervisor does.
//! - Intel SDM volume 2, `LFENCE`: no exit is defined for it.

use super::identity::cpuid;
use core::arch::asm;
use probe_core::machine::Trap;

/// Executes the instruction once.
#[inline(always)]
pub(super) fn trap(kind: Trap) {
    match kind {
        Trap::Identify => {
            cpuid(0, 0);
        }
        // SAFETY: orders execution, changes nothing.
        Trap::Serialise => unsafe {
            asm!("lfence", options(nostack, preserves_flags));
        },
    }
}
