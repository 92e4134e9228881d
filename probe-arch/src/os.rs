//! What a Unix lends: an arena of small pages, a page for fresh code, a clock, sleep.
//!
//! References: POSIX.1-2017 `mmap`, `mprotect`, `mkstemp`, `sysconf`, `clock_gettime`, `nanosleep`;
//! Linux `madvise(2)`, `memfd_create(2)` and `clock_gettime(2)` for what is Linux's own.

use crate::platform::Platform;
use core::ops::{Deref, DerefMut};
use core::ptr::{self, NonNull};
use probe_core::ticks::{Clock, CounterInfo, Ticks};
use std::fs::File;
use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};

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
        Mapping::map(bytes, libc::MAP_PRIVATE | libc::MAP_ANON, -1)
    }

    /// The first bytes of a file, readable and writable, shared with its other mappings.
    fn of_file(file: &File, bytes: usize) -> Result<Self, Error> {
        Mapping::map(bytes, libc::MAP_SHARED, file.as_raw_fd())
    }

    fn map(bytes: usize, flags: i32, file: RawFd) -> Result<Self, Error> {
        // SAFETY: asks for new memory at an address of the system's choice; touches no other.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                file,
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

/// Bytes of a page, as the system says: 4 KiB on most, 8 KiB on SPARC V9 and Alpha, 16 or 64 KiB as
/// kernels of AArch64, MIPS and Power are configured.
fn page_bytes() -> usize {
    // SAFETY: a query without arguments in memory.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes)
        .ok()
        .filter(|bytes| bytes.is_power_of_two())
        .unwrap_or(crate::platform::USUAL_PAGE as usize)
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

/// Folders for a file of one page, where the kernel has no `memfd_create` (Linux before 3.17, others):
/// memory first. A folder that is mounted without execution serves no code and is passed over.
const FILE_FOLDERS: [&core::ffi::CStr; 2] =
    [c"/dev/shm/verdigris-XXXXXX", c"/tmp/verdigris-XXXXXX"];

/// A nameless file in memory.
#[cfg(target_os = "linux")]
fn memory_file() -> Option<File> {
    // By number, because C libraries older than the kernel lack the function.
    // SAFETY: reads one string; gives a new descriptor or -1.
    let file = unsafe {
        libc::syscall(
            libc::SYS_memfd_create,
            c"verdigris".as_ptr(),
            libc::MFD_CLOEXEC,
        )
    };
    let file = RawFd::try_from(file).ok().filter(|&file| file >= 0)?;
    // SAFETY: the descriptor is new, and nobody else's.
    Some(unsafe { File::from_raw_fd(file) })
}

#[cfg(not(target_os = "linux"))]
fn memory_file() -> Option<File> {
    None
}

/// A file in a folder, whose name is gone already.
fn unlinked_file(template: &core::ffi::CStr) -> Option<File> {
    let mut name = template.to_bytes_with_nul().to_vec();
    // SAFETY: `name` is a string that ends in a zero byte and may be written; the call gives a new
    // descriptor, which is nobody else's, or -1.
    let file = unsafe {
        let file = libc::mkstemp(name.as_mut_ptr().cast());
        (file >= 0).then(|| File::from_raw_fd(file))
    };
    if file.is_some() {
        // SAFETY: `mkstemp` left the name of the file there. Should it fail, a file of one page stays.
        unsafe { libc::unlink(name.as_ptr().cast()) };
    }
    file
}

/// The page for fresh code.
#[derive(Debug)]
struct Code {
    /// Where it runs: executable, or for the moment of an installation writable, never both.
    page: Mapping,
    /// The same memory at another address: writable, never executable. `None` where the system lends
    /// no such thing.
    alias: Option<Mapping>,
}

impl Code {
    /// A page that can be executed, with an alias if there can be one.
    fn new(bytes: usize) -> Result<Self, Error> {
        let folders = FILE_FOLDERS.iter().filter_map(|name| unlinked_file(name));
        memory_file()
            .into_iter()
            .chain(folders)
            .find_map(|file| Code::shared(&file, bytes))
            .map_or_else(
                || {
                    let page = Mapping::new(bytes)?;
                    Ok(Code { page, alias: None })
                },
                Ok,
            )
    }

    /// Both mappings of a new file; `None` where it cannot be mapped so, or not be executed.
    fn shared(file: &File, bytes: usize) -> Option<Self> {
        file.set_len(bytes as u64).ok()?;
        let mut page = Mapping::of_file(file, bytes).ok()?;
        let alias = Mapping::of_file(file, bytes).ok()?;
        page.protect(libc::PROT_READ | libc::PROT_EXEC).ok()?;
        Some(Code {
            page,
            alias: Some(alias),
        })
    }

    /// Copies `code` to the page: writable, then executable, never both.
    fn write(&mut self, code: &[u8]) -> Result<(), Error> {
        self.page.protect(libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: `code` is no longer than the page, the page is writable, and nothing but `Code`
        // refers to it.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), self.page.start.as_ptr(), code.len()) };
        self.page.protect(libc::PROT_READ | libc::PROT_EXEC)
    }
}

/// The operating system as a [`Platform`]: one page for fresh code, mapped at its first use, and
/// `nanosleep`.
///
/// [`Platform::patch`] stores through a second mapping of that page, so that nothing but the stores
/// happens: no system call, no change of protection, by which a kernel would synchronise caches and a
/// translator would learn of them. A processor with coherent instruction caches compares physical
/// addresses and runs the new code (Intel SDM volume 3A §13.6).
#[derive(Debug, Default)]
pub struct Os {
    code: Option<Code>,
}

impl Os {
    /// See [`Platform::install`].
    fn write_code(&mut self, code: &[u8]) -> Result<NonNull<u8>, Error> {
        let bytes = page_bytes();
        if code.len() > bytes {
            return Err(Error::from(std::io::ErrorKind::InvalidInput));
        }
        let mut there = match self.code.take() {
            Some(there) => there,
            None => Code::new(bytes)?,
        };
        there.write(code)?;
        let entry = there.page.start;
        self.code = Some(there);
        Ok(entry)
    }

    /// See [`Platform::patch`]. Without an alias as [`Os::write_code`].
    fn patch_code(&mut self, code: &[u8]) -> Result<NonNull<u8>, Error> {
        match &mut self.code {
            Some(Code {
                page,
                alias: Some(alias),
            }) if code.len() <= alias.bytes => {
                // SAFETY: `code` is no longer than the alias, which is writable, and nothing but
                // `Code` refers to it or to the page beside it.
                unsafe {
                    ptr::copy_nonoverlapping(code.as_ptr(), alias.start.as_ptr(), code.len())
                };
                Ok(page.start)
            }
            _ => self.write_code(code),
        }
    }
}

// SAFETY: both give the start of a page that holds `code`, is executable, and stays as it is until the
// next call or the drop: its alias is written by `patch_code` alone.
unsafe impl Platform for Os {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        self.write_code(code).ok()
    }

    fn patch(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        self.patch_code(code).ok()
    }

    fn page_bytes(&self) -> u32 {
        u32::try_from(page_bytes()).unwrap_or(crate::platform::USUAL_PAGE)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec;

    /// What lies at `entry`.
    fn there(entry: NonNull<u8>, bytes: usize) -> std::vec::Vec<u8> {
        // SAFETY: `Platform` vouches for readable memory of that length.
        unsafe { core::slice::from_raw_parts(entry.as_ptr(), bytes) }.to_vec()
    }

    #[test]
    fn a_patch_lies_where_the_code_was() {
        let mut os = Os::default();
        let entry = os.install(&[1; 64]).unwrap();
        assert_eq!(os.patch(&[2; 64]), Some(entry));
        assert_eq!(there(entry, 64), [2; 64]);
        assert_eq!(os.install(&[3; 32]), Some(entry));
        assert_eq!(there(entry, 64)[..32], [3; 32]);
        assert_eq!(os.patch(&[4; 16]), Some(entry));
        assert_eq!(there(entry, 17)[15..], [4, 3]);
        let long = vec![0; page_bytes() + 1];
        assert_eq!((os.patch(&long), os.install(&long)), (None, None));
    }

    #[test]
    fn a_file_in_a_folder_serves_where_the_kernel_has_no_nameless_ones() {
        let bytes = page_bytes();
        // A folder may be missing, or mounted without execution; on most systems one is fit.
        let files = FILE_FOLDERS.iter().filter_map(|name| unlinked_file(name));
        for mut code in files.filter_map(|file| Code::shared(&file, bytes)) {
            code.write(&[5; 8]).unwrap();
            let alias = code.alias.as_ref().unwrap();
            assert_eq!(there(alias.start, 8), [5; 8]);
        }
    }

    #[test]
    fn without_an_alias_a_patch_is_an_installation() {
        let mut os = Os {
            code: Some(Code {
                page: Mapping::new(page_bytes()).unwrap(),
                alias: None,
            }),
        };
        let entry = os.install(&[1; 8]).unwrap();
        assert_eq!(os.patch(&[2; 8]), Some(entry));
        assert_eq!(there(entry, 8), [2; 8]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn no_mapping_of_the_code_is_writable_and_executable() {
        let mut os = Os::default();
        for entry in [os.install(&[1; 8]), os.patch(&[2; 8])] {
            let entry = entry.unwrap().as_ptr().addr();
            let alias = os.code.as_ref().and_then(|code| code.alias.as_ref());
            let alias = alias.map(|alias| alias.start.as_ptr().addr());
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            let rights = |address: usize| -> Option<String> {
                maps.lines().find_map(|line| {
                    let (range, rest) = line.split_once(' ')?;
                    let (from, to) = range.split_once('-')?;
                    let at = |text| usize::from_str_radix(text, 16).ok();
                    let within = (at(from)?..at(to)?).contains(&address);
                    within.then(|| rest[..3].into())
                })
            };
            assert_eq!(rights(entry).as_deref(), Some("r-x"));
            assert!(alias.is_none_or(|alias| rights(alias).as_deref() == Some("rw-")));
        }
    }
}
