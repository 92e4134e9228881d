//! Calling the kernel: by number, with what old kernels lack replaced by what they have.

use crate::arch;
use crate::Errno;
use core::ops::ControlFlow;

/// Makes a system call by its number, with at most six arguments. Those that are not there are 0.
///
/// One copy of it: filling six registers is as long as the whole of most callers.
///
/// # Safety
/// As the call demands.
#[inline(never)]
pub(crate) unsafe fn by_number(number: u32, arguments: &[usize]) -> Result<usize, Errno> {
    #[cfg(test)]
    if missing::is(number) {
        return Err(Errno::NO_SYSTEM_CALL);
    }
    let mut six = [0; 6];
    for (place, &argument) in six.iter_mut().zip(arguments) {
        *place = argument;
    }
    // SAFETY: the caller's promise.
    unsafe { arch::call(number, six) }
}

/// Makes a system call of one to six arguments, each of a type that `as usize` takes.
///
/// To be used where `unsafe` is: what the call demands is the caller's to keep.
macro_rules! call {
    ($number:expr, $($argument:expr),+) => {
        $crate::kernel::by_number($number, &[$($argument as usize),+])
    };
}
pub(crate) use call;

/// Goes on to the next way where the kernel lacks this one.
pub(crate) fn unless_missing<T>(result: Result<T, Errno>) -> ControlFlow<Result<T, Errno>> {
    match result {
        Err(Errno::NO_SYSTEM_CALL) => ControlFlow::Continue(()),
        other => ControlFlow::Break(other),
    }
}

/// Tries the ways in their order until the kernel has one.
macro_rules! first_of {
    ($($way:expr),+ $(,)?) => {{
        #[allow(unused_labels, clippy::never_loop)]
        'ways: {
            $(
                if let core::ops::ControlFlow::Break(result) =
                    $crate::kernel::unless_missing($way)
                {
                    break 'ways result;
                }
            )+
            Err($crate::Errno::NO_SYSTEM_CALL)
        }
    }};
}
pub(crate) use first_of;

/// Makes a system call that this architecture may not have.
macro_rules! call_if {
    ($number:expr, $($argument:expr),+) => {
        match $number {
            Some(number) => $crate::kernel::call!(number, $($argument),+),
            None => Err($crate::Errno::NO_SYSTEM_CALL),
        }
    };
}
pub(crate) use call_if;

/// Longest name of a file that the program passes on, bytes.
const LONGEST_NAME: usize = 511;

/// A name as the kernel takes it.
pub(crate) struct Path([u8; LONGEST_NAME + 1]);

impl Path {
    /// Of a text.
    pub(crate) fn new(name: &str) -> Result<Self, Errno> {
        if name.as_bytes().contains(&0) {
            return Err(Errno::INVALID);
        }
        let mut path = Path([0; LONGEST_NAME + 1]);
        // One byte stays zero behind the longest name.
        match path.0[..LONGEST_NAME].get_mut(..name.len()) {
            Some(place) => place.copy_from_slice(name.as_bytes()),
            None => return Err(Errno::LONG_NAME),
        }
        Ok(path)
    }

    /// Where it begins.
    pub(crate) fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

/// Ends the program, all its threads where the kernel knows them.
pub fn exit(status: i32) -> ! {
    loop {
        // SAFETY: touches no memory.
        let _ = unsafe {
            first_of!(
                call!(linux_raw_sys::general::__NR_exit_group, status),
                call!(linux_raw_sys::general::__NR_exit, status),
            )
        };
    }
}

/// System calls that a test pretends this kernel lacks.
#[cfg(test)]
pub(crate) mod missing {
    use std::cell::RefCell;
    use std::vec::Vec;

    std::thread_local! {
        static NUMBERS: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    }

    /// Whether a call is to fail.
    pub fn is(number: u32) -> bool {
        NUMBERS.with_borrow(|numbers| numbers.contains(&number))
    }

    /// Does something on a kernel without these calls.
    pub fn without<T>(numbers: &[u32], something: impl FnOnce() -> T) -> T {
        let before = NUMBERS.with_borrow_mut(|now| core::mem::replace(now, numbers.to_vec()));
        let result = something();
        NUMBERS.set(before);
        result
    }
}
