//! RISC-V: `ecall` with the number in a7 and arguments in a0 to a5; the result in a0, errors negative.
//!
//! References: syscall(2); RISC-V ELF psABI, "Integer Calling Convention", "Global Pointer".

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
            "ecall",
            in("a7") number as usize,
            inlateout("a0") a => result,
            in("a1") b,
            in("a2") c,
            in("a3") d,
            in("a4") e,
            in("a5") f,
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
            ".option push",
            ".option norelax",
            "lla gp, __global_pointer$",
            ".option pop",
            "li s0, 0",
            "mv a0, sp",
            "andi sp, sp, -16",
            "call verdigris_start",
            "unimp",
        );
    };
}
