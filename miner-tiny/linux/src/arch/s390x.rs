//! z/Architecture: `svc 0` with the number in R1 and arguments in R2 to R7; the result in R2, errors
//! negative.
//!
//! References: syscall(2); ELF Application Binary Interface s390x Supplement, "Process Initialization",
//! "The Stack Frame" (160 bytes for the callee to save registers in).

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
            in("r1") number as usize,
            inlateout("r2") a => result,
            in("r3") b,
            in("r4") c,
            in("r5") d,
            in("r6") e,
            in("r7") f,
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
            ".type _start, @function",
            "_start:",
            "lgr %r2, %r15",
            "lghi %r11, 0",
            "aghi %r15, -160",
            "brasl %r14, verdigris_start",
            "j .+2",
        );
    };
}
