//! AArch64: `svc #0` with the number in X8 and arguments in X0 to X5; the result in X0, errors negative.
//!
//! References: syscall(2); Procedure Call Standard for the Arm 64-bit Architecture, "The stack".

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
            "svc #0",
            in("x8") number as usize,
            inlateout("x0") a => result,
            in("x1") b,
            in("x2") c,
            in("x3") d,
            in("x4") e,
            in("x5") f,
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
            "mov x29, #0",
            "mov x30, #0",
            "mov x0, sp",
            "and sp, x0, #-16",
            "bl verdigris_start",
            "udf #0",
        );
    };
}
