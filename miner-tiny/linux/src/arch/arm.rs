//! ARM, EABI: `svc 0` with the number in R7 and arguments in R0 to R5; the result in R0, errors negative.
//!
//! References: syscall(2); Procedure Call Standard for the Arm Architecture, "The Stack".

use crate::Errno;
use core::arch::asm;

/// Makes a system call.
///
/// # Safety
/// As the call demands.
#[inline(never)]
pub(crate) unsafe fn call(number: u32, arguments: [usize; 6]) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = arguments;
    let result;
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "svc 0",
            in("r7") number,
            inlateout("r0") a => result,
            in("r1") b,
            in("r2") c,
            in("r3") d,
            in("r4") e,
            in("r5") f,
            options(nostack)
        );
    }
    super::signed(result)
}

/// Defines `_start`.
#[macro_export]
macro_rules! start {
    () => {
        core::arch::global_asm!(
            ".globl _start",
            ".type _start, %function",
            "_start:",
            "mov r11, #0",
            "mov lr, #0",
            "mov r0, sp",
            "bic sp, sp, #7",
            "bl verdigris_start",
            // Never reached; ARMv4 has no permanently undefined instruction with a name.
            "1: b 1b",
        );
    };
}
