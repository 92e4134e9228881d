//! Waiting for a file to be ready, no longer than allowed.

use crate::files::Descriptor;
use crate::kernel::{call_if, first_of};
use crate::time::Monotonic;
use crate::{numbers, Errno};
use core::ptr;
use linux_raw_sys::general as linux;

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Something to read, or an end.
    Reading,
    /// Room to write, or a connection, or its failure.
    Writing,
}

/// A point in time until which something may take.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    clock: Monotonic,
    at_ms: u64,
}

impl Deadline {
    /// So many milliseconds from now.
    pub fn after(mut clock: Monotonic, ms: u64) -> Self {
        let at_ms = clock.now_ms().saturating_add(ms);
        Deadline { clock, at_ms }
    }

    /// Milliseconds that are left.
    fn left_ms(&mut self) -> u64 {
        self.at_ms.saturating_sub(self.clock.now_ms())
    }
}

/// Longest wait at once, milliseconds: what every form of the call takes.
const LONGEST_MS: u64 = 1_000_000;

/// Waits until a file is ready; `false` where it is not in time.
///
/// # Errors
/// The kernel's.
pub fn until_ready(file: &Descriptor, what: For, until: &mut Deadline) -> Result<bool, Errno> {
    loop {
        let left_ms = until.left_ms();
        let ms = left_ms.min(LONGEST_MS) as u32;
        let ready = first_of!(
            poll(file, what, ms),
            ppoll(file, what, ms),
            select(file, what, ms),
        );
        match ready {
            Ok(0) | Err(Errno::INTERRUPTED) if left_ms == 0 => return Ok(false),
            Ok(0) | Err(Errno::INTERRUPTED) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error),
        }
    }
}

fn question(file: &Descriptor, what: For) -> linux::pollfd {
    linux::pollfd {
        fd: file.number(),
        events: match what {
            For::Reading => linux::POLLIN,
            For::Writing => linux::POLLOUT,
        } as i16,
        revents: 0,
    }
}

fn poll(file: &Descriptor, what: For, ms: u32) -> Result<usize, Errno> {
    let mut question = question(file, what);
    // SAFETY: reads and writes one `pollfd`.
    unsafe { call_if!(numbers::POLL, &raw mut question, 1, ms) }
}

fn ppoll(file: &Descriptor, what: For, ms: u32) -> Result<usize, Errno> {
    let mut question = question(file, what);
    // Only asked where a `timespec` is two words of 64 bits.
    let mut time = linux::__kernel_timespec {
        tv_sec: i64::from(ms / 1_000),
        tv_nsec: i64::from(ms % 1_000 * 1_000_000),
    };
    // SAFETY: reads and writes one `pollfd` and one `timespec`; no set of signals.
    unsafe { call_if!(numbers::PPOLL, &raw mut question, 1, &raw mut time, 0, 0) }
}

/// Files that `select` can wait for, by number.
const SELECTABLE: usize = 1024;
const WORDS: usize = SELECTABLE / usize::BITS as usize;

fn select(file: &Descriptor, what: For, ms: u32) -> Result<usize, Errno> {
    let number = file.number() as usize;
    let mut files = [0usize; WORDS];
    let word = files.get_mut(number / usize::BITS as usize);
    *word.ok_or(Errno::INVALID)? |= 1 << (number % usize::BITS as usize);
    let mut time = linux::__kernel_old_timeval {
        tv_sec: (ms / 1_000) as _,
        tv_usec: (ms % 1_000 * 1_000) as _,
    };
    let there = files.as_mut_ptr();
    let (read, write) = match what {
        For::Reading => (there, ptr::null_mut()),
        For::Writing => (ptr::null_mut(), there),
    };
    let (count, time) = (number + 1, &raw mut time);
    // SAFETY: reads and writes one set of 1024 files, which `files` is, and one `timeval`.
    unsafe {
        first_of!(
            call_if!(numbers::NEW_SELECT, count, read, write, 0, time),
            call_if!(numbers::SELECT, count, read, write, 0, time),
        )
    }
}
