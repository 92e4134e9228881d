//! Memory from the kernel.

use crate::files::Descriptor;
use crate::kernel::{call, call_if, first_of};
use crate::{numbers, Errno};
use core::ptr::{self, NonNull};
use linux_raw_sys::general as linux;

/// Readable and writable.
pub(crate) const WRITABLE: u32 = linux::PROT_READ | linux::PROT_WRITE;
/// Readable and executable.
pub(crate) const EXECUTABLE: u32 = linux::PROT_READ | linux::PROT_EXEC;

/// Mapped memory, given back when dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

impl Mapping {
    /// New memory, zeroed, readable and writable.
    pub(crate) fn new(bytes: usize) -> Result<Self, Errno> {
        Mapping::map(bytes, linux::MAP_PRIVATE | linux::MAP_ANONYMOUS, -1)
    }

    /// The beginning of a file, readable and writable, shared with its other mappings.
    pub(crate) fn of_file(file: &Descriptor, bytes: usize) -> Result<Self, Errno> {
        Mapping::map(bytes, linux::MAP_SHARED, file.number())
    }

    fn map(bytes: usize, flags: u32, file: i32) -> Result<Self, Errno> {
        // `-1` is extended by its sign, as the kernel wants it.
        let block = [
            0,
            bytes,
            WRITABLE as usize,
            flags as usize,
            file as usize,
            0,
        ];
        let [a, b, c, d, e, f] = block;
        // SAFETY: asks for new memory at an address of the kernel's choice; touches no other.
        let start = unsafe {
            first_of!(
                call_if!(numbers::MMAP2, a, b, c, d, e, f),
                call_if!(numbers::MMAP, a, b, c, d, e, f),
                call_if!(numbers::BLOCK_MMAP, block.as_ptr()),
            )
        }?;
        NonNull::new(ptr::with_exposed_provenance_mut(start))
            .map(|start| Mapping { start, bytes })
            .ok_or(Errno::INVALID)
    }

    /// Where it begins.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// How long it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Changes what the memory may be used for.
    pub(crate) fn protect(&mut self, protection: u32) -> Result<(), Errno> {
        // SAFETY: the range is this mapping, to which nobody else refers.
        unsafe {
            call!(
                linux::__NR_mprotect,
                self.start.as_ptr(),
                self.bytes,
                protection
            )
        }
        .map(drop)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is this mapping, which nobody can use after its owner.
        let _ = unsafe { call!(linux::__NR_munmap, self.start.as_ptr(), self.bytes) };
    }
}

/// Memory to measure in, for the program's whole life: zeroed, every page present, and made of small pages
/// where the kernel lets a program ask (large ones would hide the TLB). `None` where there is not as much.
pub fn for_ever(bytes: usize, page: usize) -> Option<&'static mut [u8]> {
    let mapping = Mapping::new(bytes.max(1)).ok()?;
    let start = mapping.start.as_ptr();
    core::mem::forget(mapping);
    // SAFETY: advice on a range that was just mapped. Kernels without large pages refuse it, which is
    // as good.
    let _ = unsafe { call!(linux::__NR_madvise, start, bytes, linux::MADV_NOHUGEPAGE) };
    // SAFETY: the memory is new, zeroed, readable and writable, and never given back.
    let memory = unsafe { core::slice::from_raw_parts_mut(start, bytes) };
    for first in memory.iter_mut().step_by(page.max(1)) {
        // SAFETY: a store through a unique reference; volatile, because a store of 0 over 0 would
        // otherwise be dropped and the page stay absent.
        unsafe { ptr::write_volatile(first, 0) };
    }
    Some(memory)
}
