//! What a Unix lends: an arena of small pages, a page for fresh code, a clock, sleep.
//!
//! References: POSIX.1-2017 `mmap`, `mprotect`, `clock_gettime`, `nanosleep`; Linux `madvise(2)`
//! and `clock_gettime(2)` for what is Linux's own.

use crate::platform::Platform;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use probe_core::ticks::{Clock, CounterInfo, Ticks};
use std::io::Error;

/// Memory mapped from the operating system, given back when dropped.
#[derive(Debug)]
struct Mapping {
    start: NonNull<u8>,
    bytes: usize,
}

// SAFETY: a mapping belongs to the process, not to a thread, and `Mapping` is its only owner.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Anonymous private memory, readable and writable, zeroed.
    fn new(bytes: usize) -> Result<Self, Error> {
        // SAFETY: asks for new memory at an address of the system's choice; touches no other.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(Error::last_os_error());
        }
        match NonNull::new(start.cast()) {
            Some(start) => Ok(Mapping { start, bytes }),
            None => Err(Error::from(std::io::ErrorKind::OutOfMemory)),
        }
    }

    /// Changes what the memory may be used for.
    fn protect(&mut self, protection: i32) -> Result<(), Error> {
        // SAFETY: the range is this mapping, and nobody else refers to it.
        match unsafe { libc::mprotect(self.start.as_ptr().cast(), self.bytes, protection) } {
            0 => Ok(()),
            _ => Err(Error::last_os_error()),
        }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range is this mapping, which nobody can use after its owner. The call fails
        // only for a range that is none.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// Bytes of a page, as the system says.
fn page_bytes() -> usize {
    // SAFETY: a query without arguments in memory.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).unwrap_or(4096)
}

/// Memory to lend to a probe: page-aligned, zeroed, every page present before the first probe
/// touches it, and made of small pages where the system lets a program ask (large ones would hide
/// the TLB).
#[derive(Debug)]
pub struct Arena(Mapping);

impl Arena {
    /// Maps at least `bytes` of memory (rounded up to whole pages; 0 counts as 1).
    ///
    /// # Errors
    /// What `mmap` reports: not enough memory, or a limit on address space.
    ///
    /// Cost: one page fault for each page; about 15 ms for 64 MiB.
    pub fn new(bytes: usize) -> Result<Self, Error> {
        let page = page_bytes();
        let bytes = bytes
            .max(1)
            .checked_next_multiple_of(page)
            .ok_or(std::io::ErrorKind::OutOfMemory)?;
        let mapping = Mapping::new(bytes)?;
        #[cfg(target_os = "linux")]
        // SAFETY: advice on the range of this mapping. It fails only on a kernel without large
        // pages, where there is nothing to avoid.
        unsafe {
            libc::madvise(mapping.start.as_ptr().cast(), bytes, libc::MADV_NOHUGEPAGE);
        }
        let mut arena = Arena(mapping);
        for first in arena.iter_mut().step_by(page) {
            // SAFETY: a store through a unique reference; volatile, because a store of 0 over 0
            // would otherwise be dropped and the page stay absent.
            unsafe { ptr::write_volatile(first, 0) };
        }
        Ok(arena)
    }
}

impl Deref for Arena {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping is readable, zeroed by the system, and lives as long as `self`.
        unsafe { core::slice::from_raw_parts(self.0.start.as_ptr(), self.0.bytes) }
    }
}

impl DerefMut for Arena {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and writable; `self` is borrowed uniquely.
        unsafe { core::slice::from_raw_parts_mut(self.0.start.as_ptr(), self.0.bytes) }
    }
}

/// The operating system as a [`Platform`]: one page for fresh code, mapped at its first use, and
/// `nanosleep`.
#[derive(Debug, Default)]
pub struct Os {
    code: Option<Mapping>,
}

impl Os {
    /// Copies `code` to the page: writable, then executable, never both.
    fn write_code(&mut self, code: &[u8]) -> Result<NonNull<u8>, Error> {
        let page = page_bytes();
        if code.len() > page {
            return Err(Error::from(std::io::ErrorKind::InvalidInput));
        }
        let mut mapping = match self.code.take() {
            Some(mut mapping) => {
                mapping.protect(libc::PROT_READ | libc::PROT_WRITE)?;
                mapping
            }
            None => Mapping::new(page)?,
        };
        // SAFETY: `code` is no longer than the page, the page is writable, and nothing but this
        // function refers to it.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), mapping.start.as_ptr(), code.len()) };
        mapping.protect(libc::PROT_READ | libc::PROT_EXEC)?;
        let entry = mapping.start;
        self.code = Some(mapping);
        Ok(entry)
    }
}

// SAFETY: `write_code` gives the start of a page that holds `code`, has become executable, and
// stays as it is until the next call or the drop.
unsafe impl Platform for Os {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        self.write_code(code).ok()
    }

    fn nap(&mut self) -> bool {
        let millisecond = libc::timespec {
            tv_sec: 0,
            tv_nsec: 1_000_000,
        };
        // SAFETY: reads one valid `timespec`; the remainder is not asked for. A signal that cuts
        // the nap short does no harm.
        unsafe { libc::nanosleep(&millisecond, ptr::null_mut()) };
        true
    }
}

/// The system's monotonic clock that nobody slews: `CLOCK_MONOTONIC_RAW` where there is one.
///
/// As a [`Clock`], the independent clock beside a hardware counter. As [`Ticks`], the counter of
/// machines that have no other; its tick is a nanosecond whatever its resolution.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

#[cfg(any(target_os = "linux", target_os = "macos"))]
const MONOTONIC: libc::clockid_t = libc::CLOCK_MONOTONIC_RAW;
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
const MONOTONIC: libc::clockid_t = libc::CLOCK_MONOTONIC;

impl Clock for MonotonicClock {
    fn now_ns(&mut self) -> u64 {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: writes one valid `timespec`. It fails only for a clock that the system lacks,
        // and then leaves zero: a counter that stands still, which the counter channel shows.
        unsafe { libc::clock_gettime(MONOTONIC, &mut time) };
        // Both fields are never negative on a monotonic clock.
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

impl Ticks for MonotonicClock {
    fn now(&mut self) -> u64 {
        self.now_ns()
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "os-monotonic",
            bits: 64,
            // A nanosecond of this clock is the system's estimate, not the hardware's statement.
            nominal_hz: None,
        }
    }
}
