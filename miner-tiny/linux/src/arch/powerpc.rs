//! PowerPC, 32 and 64 bit, both byte orders: `sc` with the number in R0 and arguments in R3 to R8; the result
//! in R3. Summary overflow in CR0 says that it is an error's number.
//!
//! References: syscall(2); System V ABI, PowerPC supplement, "Process Initialization"; 64-bit PowerPC ELF ABI
//! Supplement 1.9, "Function Descriptors" (big-endian); 64-Bit ELF V2 ABI Specification, 2.3.2 (little-endian).

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

/// Defines `_start`: of 32 bits.
#[cfg(target_arch = "powerpc")]
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

/// Defines `_start`: for the first ABI of 64 bits, whose functions are named by descriptors of code and table of
/// contents, from which the kernel fills R2.
#[cfg(all(target_arch = "powerpc64", target_endian = "big"))]
#[macro_export]
macro_rules! start {
    () => {
        core::arch::global_asm!(
            ".section .opd, \"aw\"",
            ".balign 8",
            ".globl _start",
            ".type _start, @function",
            "_start:",
            ".quad .Lverdigris_entry, .TOC.@tocbase, 0",
            ".text",
            ".Lverdigris_entry:",
            "mr 3, 1",
            "clrrdi 1, 1, 4",
            // The end of the chain of frames, and a frame with room for eight arguments.
            "li 0, 0",
            "mtlr 0",
            "stdu 0, -112(1)",
            "bl verdigris_start",
            "nop",
            "trap",
        );
    };
}

/// Defines `_start`: for the second ABI of 64 bits, in which R12 holds the entry's address, and R2 follows from it.
#[cfg(all(target_arch = "powerpc64", target_endian = "little"))]
#[macro_export]
macro_rules! start {
    () => {
        core::arch::global_asm!(
            ".globl _start",
            ".type _start, @function",
            "_start:",
            "addis 2, 12, .TOC. - _start@ha",
            "addi 2, 2, .TOC. - _start@l",
            ".localentry _start, . - _start",
            "mr 3, 1",
            "clrrdi 1, 1, 4",
            "li 0, 0",
            "mtlr 0",
            "stdu 0, -96(1)",
            "bl verdigris_start",
            "nop",
            "trap",
        );
    };
}
