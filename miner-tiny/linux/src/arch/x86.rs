//! 32-bit x86: `int 0x80` with the number in EAX and arguments in EBX, ECX, EDX, ESI, EDI, EBP; the result
//! in EAX, errors negative.
//!
//! References: syscall(2); System V ABI, Intel386 supplement, "Process Initialization".

use crate::Errno;
use core::arch::asm;

/// Makes a system call.
///
/// # Safety
/// As the call demands.
#[inline(never)]
pub(crate) unsafe fn call(number: u32, arguments: [usize; 6]) -> Result<usize, Errno> {
    let result;
    // SAFETY: the caller's promise. EBX, ESI and EBP, which the compiler keeps for itself, are put back.
    unsafe {
        asm!(
            "push ebx",
            "push esi",
            "push ebp",
            "mov ebx, [edi]",
            "mov ecx, [edi + 4]",
            "mov edx, [edi + 8]",
            "mov esi, [edi + 12]",
            "mov ebp, [edi + 20]",
            "mov edi, [edi + 16]",
            "int 0x80",
            "pop ebp",
            "pop esi",
            "pop ebx",
            inlateout("eax") number as usize => result,
            inout("edi") arguments.as_ptr() => _,
            out("ecx") _,
            out("edx") _,
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
            "mov eax, esp",
            "and esp, -16",
            "sub esp, 12",
            "push eax",
            "call verdigris_start",
            "hlt",
        );
    };
}
