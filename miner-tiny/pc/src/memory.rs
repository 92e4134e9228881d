//! Memory: what is free above the program, and a page for fresh code.

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use probe_arch::platform::Platform;

/// Memory is handed out in pages.
const PAGE: usize = 4096;

/// What is free: from here,
static START: AtomicUsize = AtomicUsize::new(0);
/// up to here.
static END: AtomicUsize = AtomicUsize::new(0);

/// Says once what may be handed out.
///
/// # Safety
/// The range must be ordinary memory that nobody uses, for as long as the program runs.
pub unsafe fn lend(start: usize, end: usize) {
    START.store(start.next_multiple_of(PAGE), Ordering::Relaxed);
    END.store(end, Ordering::Relaxed);
}

/// Bytes that are free.
pub fn free() -> usize {
    let (start, end) = (START.load(Ordering::Relaxed), END.load(Ordering::Relaxed));
    end.saturating_sub(start)
}

/// Hands out memory, zeroed, for ever; `None` where there is not as much.
pub fn take(bytes: usize) -> Option<&'static mut [u8]> {
    let start = START.load(Ordering::Relaxed);
    let pages = bytes.checked_next_multiple_of(PAGE)?;
    if pages > free() {
        return None;
    }
    START.store(start + pages, Ordering::Relaxed);
    // SAFETY: `lend` was promised this memory, and what is handed out is never handed out again.
    Some(unsafe {
        let memory = start as *mut u8;
        memory.write_bytes(0, bytes);
        core::slice::from_raw_parts_mut(memory, bytes)
    })
}

/// A page that fresh code runs in. Without page tables all memory may be written and executed, and there is no second
/// address by which to patch it.
#[derive(Debug, Default)]
pub struct Code;

/// The page, once it has been taken.
static PAGE_OF_CODE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: `install` gives the start of a page of its own that holds `code`; there is one `Code` at a time, and nobody else
// writes there.
unsafe impl Platform for Code {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        if code.len() > PAGE {
            return None;
        }
        let page = match NonNull::new(PAGE_OF_CODE.load(Ordering::Relaxed) as *mut u8) {
            Some(page) => page,
            None => NonNull::from(take(PAGE)?).cast(),
        };
        PAGE_OF_CODE.store(page.as_ptr() as usize, Ordering::Relaxed);
        // SAFETY: a page of this program's own, and `code` is no longer.
        unsafe {
            page.as_ptr()
                .copy_from_nonoverlapping(code.as_ptr(), code.len())
        };
        Some(page)
    }

    fn nap(&mut self) -> bool {
        // SAFETY: the timer's interrupt comes 18 times a second.
        unsafe { crate::ports::halt() };
        true
    }
}
