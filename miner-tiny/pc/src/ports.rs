//! Ports: how a PC's processor reaches its chips.
//!
//! Reference: Intel SDM volume 2, `IN`, `OUT`.

use core::arch::asm;

/// Writes a byte to a port.
///
/// # Safety
/// Whatever listens at the port must leave memory alone, or change only what the caller may change.
pub unsafe fn write(port: u16, byte: u8) {
    // SAFETY: the caller's promise.
    unsafe {
        asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack, preserves_flags));
    }
}

/// Reads a byte from a port.
///
/// # Safety
/// As [`fn@write`].
pub unsafe fn read(port: u16) -> u8 {
    let byte;
    // SAFETY: the caller's promise.
    unsafe {
        asm!("in al, dx", in("dx") port, out("al") byte, options(nomem, nostack, preserves_flags));
    }
    byte
}

/// Waits for the next interrupt.
///
/// # Safety
/// The processor is in its most privileged mode, and an interrupt comes.
pub unsafe fn halt() {
    // SAFETY: the caller's promise. The handler may write memory, so that nothing may be kept across it.
    unsafe { asm!("hlt", options(nostack, preserves_flags)) };
}
