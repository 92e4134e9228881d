//! x86-64: `syscall` with the number in RAX and arguments in RDI, RSI, RDX, R10, R8, R9; the result in RAX,
//! errors negative; RCX and R11 are lost.
//!
//! References: syscall(2); System V ABI, AMD64 supplement, 3.4.1 and A.2.1.

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
    // SAFETY: the caller's promise; registers are as the kernel leaves them.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as usize => result,
            in("rdi") a,
            in("rsi") b,
            in("rdx") c,
            in("r10") d,
            in("r8") e,
            in("r9") f,
            lateout("rcx") _,
            lateout("r11") _,
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
            "xor ebp, ebp",
            "mov rdi, rsp",
            "and rsp, -16",
            "call verdigris_start",
            "ud2",
        );
    };
}
