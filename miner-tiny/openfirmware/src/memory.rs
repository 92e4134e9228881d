//! Memory of the program's own: a stack, an arena that is handed out once, a page for fresh code.

use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use probe_arch::platform::Platform;

/// Bytes of the stack: four times what an attestation takes elsewhere.
pub const STACK_BYTES: usize = 512 * 1024;

/// Bytes that the program may measure in, which every machine with Open Firmware has.
const ARENA_BYTES: usize = 8 << 20;

/// Bytes for fresh code: a page.
const CODE_BYTES: usize = 4096;

/// Memory at a page's start that is written through pointers alone.
#[repr(C, align(4096))]
pub struct Pages<const N: usize>(UnsafeCell<[u8; N]>);

// SAFETY: there is one thread.
unsafe impl<const N: usize> Sync for Pages<N> {}

impl<const N: usize> Pages<N> {
    const fn new() -> Self {
        Pages(UnsafeCell::new([0; N]))
    }
}

/// The stack.
pub static STACK: Pages<STACK_BYTES> = Pages::new();
static ARENA: Pages<ARENA_BYTES> = Pages::new();
static CODE: Pages<CODE_BYTES> = Pages::new();

/// Bytes of the arena that were handed out.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Bytes that are free.
pub fn free() -> usize {
    ARENA_BYTES - TAKEN.load(Ordering::Relaxed)
}

/// Hands out zeroed memory for ever; `None` where there is not as much.
pub fn take(bytes: usize) -> Option<&'static mut [u8]> {
    let taken = TAKEN.load(Ordering::Relaxed);
    let pages = bytes.checked_next_multiple_of(CODE_BYTES)?;
    if pages > free() {
        return None;
    }
    TAKEN.store(taken + pages, Ordering::Relaxed);
    // SAFETY: within the arena, which was zeros at the start, and no byte of it is handed out twice.
    Some(unsafe {
        let start = ARENA.0.get().cast::<u8>().add(taken);
        core::slice::from_raw_parts_mut(start, bytes)
    })
}

/// A page that fresh code runs in. The firmware maps memory to be written and executed, and at one address.
#[derive(Debug, Default)]
pub struct Code;

// SAFETY: `CODE` holds the bytes from then on; nobody else writes there, and there is one `Code` at a time.
unsafe impl Platform for Code {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        let page = NonNull::new(CODE.0.get().cast::<u8>())?;
        if code.len() > CODE_BYTES {
            return None;
        }
        // SAFETY: the page is this program's own and has room.
        unsafe {
            page.as_ptr()
                .copy_from_nonoverlapping(code.as_ptr(), code.len());
        }
        Some(page)
    }

    fn nap(&mut self) -> bool {
        false
    }
}
