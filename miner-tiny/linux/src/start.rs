//! What the kernel hands to a program at its start, above the stack pointer: the count of arguments, their
//! addresses and a zero, the environment's addresses and a zero, and the auxiliary vector (getauxval(3)).

use core::ffi::{c_char, CStr};
use core::ptr;
use linux_raw_sys::auxvec;

/// Bytes of a page where the kernel does not say: those before 2.2 are not bound to.
const USUAL_PAGE: usize = if cfg!(target_arch = "sparc64") {
    8192
} else {
    4096
};

/// What the kernel handed over.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    arguments: *const *const c_char,
    count: usize,
    auxiliary: *const [usize; 2],
}

impl Start {
    /// Of a program that was handed nothing.
    pub const NOTHING: Start = Start {
        arguments: ptr::null(),
        count: 0,
        auxiliary: ptr::null(),
    };

    /// Reads it off the stack.
    ///
    /// # Safety
    /// `stack` must be the stack pointer as the kernel set it, or point to what is laid out alike, which stays
    /// as it is for the program's whole life.
    pub unsafe fn from_stack(stack: *const usize) -> Self {
        // SAFETY: the caller's promise: so many addresses and a zero, then addresses up to a zero, then the
        // auxiliary vector.
        unsafe {
            let count = stack.read();
            let arguments = stack.add(1);
            let mut at = arguments.add(count + 1);
            while at.read() != 0 {
                at = at.add(1);
            }
            Start {
                arguments: arguments.cast(),
                count,
                auxiliary: at.add(1).cast(),
            }
        }
    }

    /// The argument of this number, the program's name being 0.
    pub fn argument(&self, index: usize) -> Option<&'static [u8]> {
        if index >= self.count {
            return None;
        }
        // SAFETY: by the promise of `from_stack`, so many addresses of texts that end in zero bytes.
        Some(unsafe { CStr::from_ptr(self.arguments.add(index).read()) }.to_bytes())
    }

    /// An entry of the auxiliary vector, 0 where there is none.
    pub fn auxiliary(&self, entry: usize) -> usize {
        let mut at = self.auxiliary;
        if at.is_null() {
            return 0;
        }
        loop {
            // SAFETY: by the promise of `from_stack`, pairs up to one of `AT_NULL`.
            let [name, value] = unsafe { at.read() };
            if name == entry {
                return value;
            }
            if name == auxvec::AT_NULL as usize {
                return 0;
            }
            // SAFETY: as above.
            at = unsafe { at.add(1) };
        }
    }

    /// Bytes of a page.
    pub fn page_bytes(&self) -> usize {
        let page = self.auxiliary(auxvec::AT_PAGESZ as usize);
        if page.is_power_of_two() {
            page
        } else {
            USUAL_PAGE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::boxed::Box;
    use std::vec;

    /// A stack for ever.
    fn stack(arguments: &[&'static CStr], auxiliary: &[[usize; 2]]) -> Start {
        let mut words = vec![arguments.len()];
        words.extend(arguments.iter().map(|text| text.as_ptr() as usize));
        words.extend([0, c"HOME=/".as_ptr() as usize, c"A=b".as_ptr() as usize, 0]);
        words.extend(auxiliary.as_flattened());
        // SAFETY: laid out as the kernel does, and never given back.
        unsafe { Start::from_stack(Box::leak(words.into_boxed_slice()).as_ptr()) }
    }

    #[test]
    fn arguments_and_entries_are_found() {
        let start = stack(
            &[c"program", c"--quick", c""],
            &[[16, 5], [6, 16384], [0, 0]],
        );
        assert_eq!(start.argument(0), Some(&b"program"[..]));
        assert_eq!(start.argument(1), Some(&b"--quick"[..]));
        assert_eq!(start.argument(2), Some(&b""[..]));
        assert_eq!(start.argument(3), None);
        assert_eq!(start.auxiliary(16), 5);
        assert_eq!(start.auxiliary(17), 0);
        assert_eq!(start.page_bytes(), 16384);
    }

    #[test]
    fn nothing_is_nothing() {
        let start = stack(&[], &[[0, 0]]);
        assert_eq!(start.argument(0), None);
        assert_eq!(start.page_bytes(), USUAL_PAGE);
        assert_eq!(Start::NOTHING.argument(0), None);
        assert_eq!(Start::NOTHING.page_bytes(), USUAL_PAGE);
        // Neither is a page of no size.
        assert_eq!(stack(&[], &[[6, 0], [0, 0]]).page_bytes(), USUAL_PAGE);
    }
}
