//! What Linux says of the processor to a program: the auxiliary vector, and on some architectures a little more.
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

/// Reads the beginning of a small file; `None` where it cannot be opened.
#[cfg(target_arch = "arm")]
pub fn read_file(name: &core::ffi::CStr, to: &mut [u8]) -> Option<usize> {
    const READ_ONLY: core::ffi::c_int = 0;
    // SAFETY: reads the name, writes at most the buffer, closes what was opened.
    unsafe {
        let file = open(name.as_ptr(), READ_ONLY);
        if file < 0 {
            return None;
        }
        let count = read(file, to.as_mut_ptr().cast(), to.len());
        close(file);
        usize::try_from(count).ok()
    }
}

#[cfg(target_arch = "arm")]
extern "C" {
    fn open(name: *const core::ffi::c_char, flags: core::ffi::c_int, ...) -> core::ffi::c_int;
    fn read(file: core::ffi::c_int, to: *mut core::ffi::c_void, room: usize) -> isize;
    fn close(file: core::ffi::c_int) -> core::ffi::c_int;
}

extern "C" {
    /// The value of an entry of the auxiliary vector, 0 where there is none.
    pub fn getauxval(entry: c_ulong) -> c_ulong;

    /// A system call by its number; -1 where it fails.
    #[cfg(target_arch = "riscv64")]
    pub fn syscall(number: core::ffi::c_long, ...) -> core::ffi::c_long;
}
