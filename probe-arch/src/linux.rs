//! What Linux says of the processor to a program: the auxiliary vector, and the calls of one architecture.
//!
//! Both by the names that every C library has, without asking for one: a program without a C library
//! brings functions of these names itself.
//!
//! References: getauxval(3), syscall(2); Linux, `include/uapi/linux/auxvec.h`.

use core::ffi::c_ulong;

/// Entry of the auxiliary vector: a text that names the processor.
#[cfg(target_arch = "arm")]
pub const AT_PLATFORM: c_ulong = 15;
/// Entry of the auxiliary vector: the processor's features as bits.
pub const AT_HWCAP: c_ulong = 16;
/// Entry of the auxiliary vector: more of them.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub const AT_HWCAP2: c_ulong = 26;

extern "C" {
    /// The value of an entry of the auxiliary vector, 0 where there is none.
    pub fn getauxval(entry: c_ulong) -> c_ulong;

    /// A system call by its number; -1 where it fails.
    #[cfg(target_arch = "riscv64")]
    pub fn syscall(number: core::ffi::c_long, ...) -> core::ffi::c_long;
}
