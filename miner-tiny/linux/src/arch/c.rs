//! MIPS and SPARC, by the C compiler's assembly: `../../c`.

use crate::Errno;
use core::ffi::{c_int, c_long};

extern "C" {
    /// Makes a system call with six arguments; says whether the result is an error's number.
    fn vl_call(number: c_long, arguments: *const usize, failed: *mut c_int) -> usize;
}

/// Makes a system call.
///
/// # Safety
/// As the call demands.
#[inline(never)]
pub(crate) unsafe fn call(number: u32, arguments: [usize; 6]) -> Result<usize, Errno> {
    let mut failed = 0;
    // SAFETY: the caller's promise; six arguments are read, one flag is written.
    let result = unsafe { vl_call(number as c_long, arguments.as_ptr(), &mut failed) };
    if failed != 0 {
        Err(Errno(result as u16))
    } else {
        Ok(result)
    }
}

/// Defines `_start`: nothing to do, it lies in the library that the C compiler made.
#[macro_export]
macro_rules! start {
    () => {};
}
