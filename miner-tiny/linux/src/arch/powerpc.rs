//! 32-bit PowerPC: `sc` with the number in R0 and arguments in R3 to R8; the result in R3. Summary overflow in
//! CR0 says that it is an error's number.
//!
//! References: syscall(2); System V ABI, PowerPC supplement, "Process Initialization".

use crate::Errno;
use core::arch::asm;

/// Summary overflow of CR0, as `mfcr` shows it.
const FAILED: usize = 1 << 28;

/// Makes a system call.
///
/// # Safety
/// As the call demands.
#[inline(never)]
pub(crate) unsafe fn call(number: u32, arguments: [usize; 6]) -> Result<usize, Errno> {
    let [a, b, c, d, e, f] = arguments;
    let result: usize;
    let condition: usize;
    // SAFETY: the caller's promise; what the kernel may change is said to be lost.
    unsafe {
        asm!(
            "sc",
            "mfcr 0",
            inlateout("r0") number as usize => condition,
            inlateout("r3") a => result,
            inlateout("r4") b => _,
            inlateout("r5") c => _,
            inlateout("r6") d => _,
            inlateout("r7") e => _,
            inlateout("r8") f => _,
            lateout("r9") _,
            lateout("r10") _,
            lateout("r11") _,
            lateout("r12") _,
            lateout("cr0") _,
            lateout("ctr") _,
            lateout("xer") _,
            options(nostack)
        );
    }
    if condition & FAILED != 0 {
        Err(Errno(result as u16))
    } else {
        Ok(result)
    }
}

/// Defines `_start`.
#[macro_export]
macro_rules! start {
    () => {
        core::arch::global_asm!(
            ".globl _start",
            ".type _start, @function",
            "_start:",
            "mr 3, 1",
            "clrrwi 1, 1, 4",
            // The end of the chain of frames.
            "li 0, 0",
            "mtlr 0",
            "stwu 0, -16(1)",
            "bl verdigris_start",
            "trap",
        );
    };
}
