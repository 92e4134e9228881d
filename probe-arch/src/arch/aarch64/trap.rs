//! The identification instruction, and one that nothing intercepts.
//!
//! References:
//! - Arm ARM D19, `MIDR_EL1`: undefined at EL0, so each read from user mode is an exception that
//!   the operating system answers (Linux where `HWCAP_CPUID` is set).
//! - Arm ARM C6, `ISB`: no trap is defined for it.
//!
//! So on AArch64 `Trap::Identify` costs an exception, its return and some hundred instructions of
//! the kernel on every processor, virtual or not; an emulator of programs answers it inline.

use super::identity::{midr, Features};
use core::arch::asm;
use core::hint::black_box;
use probe_core::machine::Trap;

/// Executes the instruction once. `None` where the identification register is hidden.
#[inline(always)]
pub(super) fn trap(kind: Trap, features: &Features) -> Option<()> {
    match kind {
        Trap::Identify => {
            if !features.registers() {
                return None;
            }
            // SAFETY: asked above.
            black_box(unsafe { midr() });
        }
        // SAFETY: orders execution, changes nothing.
        Trap::Serialise => unsafe {
            asm!("isb", options(nostack, preserves_flags));
        },
    }
    Some(())
}
