//! Files and folders.

use crate::kernel::{call, call_if, first_of, Path};
use crate::{numbers, Errno};
use core::mem::{offset_of, size_of, MaybeUninit};
use linux_raw_sys::general as linux;

/// An open file, closed when dropped.
#[derive(Debug)]
pub struct Descriptor(i32);

impl Descriptor {
    /// What a call gave that opens something.
    pub(crate) fn of(result: Result<usize, Errno>) -> Result<Self, Errno> {
        result.map(|number| Descriptor(number as i32))
    }

    /// Its number.
    pub(crate) fn number(&self) -> i32 {
        self.0
    }

    /// Opens a file; `mode` is who may do what with a new one.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(name: &str, flags: u32, mode: u32) -> Result<Self, Errno> {
        let path = Path::new(name)?;
        let name = path.as_ptr();
        // SAFETY: `name` is a text that ends in a zero byte.
        Descriptor::of(unsafe {
            first_of!(
                call_if!(numbers::OPEN, name, flags, mode),
                call!(linux::__NR_openat, linux::AT_FDCWD, name, flags, mode),
            )
        })
    }

    /// Opens a file to read, without waiting for a writer and without taking a terminal over.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open_to_read(name: &str) -> Result<Self, Errno> {
        Descriptor::open(
            name,
            linux::O_RDONLY | linux::O_NONBLOCK | linux::O_NOCTTY,
            0,
        )
    }

    /// Reads once.
    ///
    /// # Errors
    /// The kernel's.
    pub fn read(&self, to: &mut [u8]) -> Result<usize, Errno> {
        // SAFETY: writes at most the buffer.
        unsafe { call!(linux::__NR_read, self.0, to.as_mut_ptr(), to.len()) }
    }

    /// Reads until the buffer is full or the file ends; says how many bytes.
    ///
    /// # Errors
    /// The kernel's.
    pub fn read_full(&self, to: &mut [u8]) -> Result<usize, Errno> {
        let mut done = 0;
        while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.read(rest) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(Errno::INTERRUPTED) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    /// Writes once.
    ///
    /// # Errors
    /// The kernel's.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        write(self.0, bytes)
    }

    /// Writes everything.
    ///
    /// # Errors
    /// The kernel's.
    pub fn write_all(&self, bytes: &[u8]) -> Result<(), Errno> {
        write_all(self.0, bytes)
    }

    /// Goes on from a place, counted from the beginning.
    ///
    /// # Errors
    /// The kernel's.
    pub fn seek(&self, offset: u32) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        unsafe { call!(linux::__NR_lseek, self.0, offset, linux::SEEK_SET) }.map(drop)
    }

    /// Waits until the disk has it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn synchronise(&self) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        unsafe { call!(linux::__NR_fsync, self.0) }.map(drop)
    }

    /// Makes the file so long.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_length(&self, bytes: usize) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        unsafe { call!(linux::__NR_ftruncate, self.0, bytes) }.map(drop)
    }

    /// Sets its flags.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_flags(&self, flags: u32) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        unsafe { call!(linux::__NR_fcntl, self.0, linux::F_SETFL, flags) }.map(drop)
    }

    /// Its type and who may do what with it (inode(7)).
    ///
    /// # Errors
    /// The kernel's.
    // The field is shorter on some architectures.
    #[allow(clippy::unnecessary_cast)]
    pub fn mode(&self) -> Result<u32, Errno> {
        #[cfg(target_pointer_width = "32")]
        {
            let mut about = MaybeUninit::<linux::stat64>::zeroed();
            // SAFETY: writes one `stat64`.
            match unsafe { call_if!(numbers::FSTAT64, self.0, about.as_mut_ptr()) } {
                Err(Errno::NO_SYSTEM_CALL) => {}
                // SAFETY: the kernel has filled it, and any bits are numbers.
                result => return result.map(|_| unsafe { about.assume_init() }.st_mode as u32),
            }
        }
        #[cfg(target_pointer_width = "64")]
        const {
            assert!(numbers::FSTAT64.is_none())
        };
        let mut about = MaybeUninit::<linux::stat>::zeroed();
        // SAFETY: writes one `stat`, which the kernel has then filled; any bits are numbers.
        unsafe {
            call!(linux::__NR_fstat, self.0, about.as_mut_ptr())
                .map(|_| about.assume_init().st_mode as u32)
        }
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this one's alone. Nothing can be done where closing fails.
        let _ = unsafe { call!(linux::__NR_close, self.0) };
    }
}

/// Writes once to a file by its number.
pub(crate) fn write(file: i32, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: reads the bytes.
    unsafe { call!(linux::__NR_write, file, bytes.as_ptr(), bytes.len()) }
}

/// Writes everything to a file by its number.
pub(crate) fn write_all(file: i32, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match write(file, bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::INTERRUPTED) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Removes a file's name.
///
/// # Errors
/// The kernel's.
pub fn remove(name: &str) -> Result<(), Errno> {
    let path = Path::new(name)?;
    let name = path.as_ptr();
    // SAFETY: `name` is a text that ends in a zero byte.
    let result: Result<usize, Errno> = unsafe {
        first_of!(
            call_if!(numbers::UNLINK, name),
            call!(linux::__NR_unlinkat, linux::AT_FDCWD, name, 0),
        )
    };
    result.map(drop)
}

/// Words of a piece of a folder's list: room for at least one name of 255 bytes.
const PIECE_WORDS: usize = 128;

/// In which form the kernel lists a folder.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// `getdents64`.
    Wide,
    /// `getdents`.
    Long,
}

/// The start of what `getdents` writes for each name, which follows it (getdents(2)).
#[repr(C)]
struct LongEntry {
    inode: usize,
    offset: usize,
    length: u16,
    name: [u8; 0],
}

/// Copies the name of an entry of a folder, the first being 0, `.` and `..` not counted; gives how many bytes
/// there are of it, which are as many as fit. `None` after the last.
pub fn entry(folder: &str, index: u32, to: &mut [u8]) -> Option<usize> {
    let folder = Descriptor::open(folder, linux::O_RDONLY | linux::O_DIRECTORY, 0).ok()?;
    let mut piece = [0u64; PIECE_WORDS];
    let mut left = index;
    loop {
        let (count, form) = list(&folder, &mut piece).ok().filter(|(n, _)| *n != 0)?;
        // SAFETY: the kernel has filled so many bytes of the words, and all others are zero.
        let mut entries = unsafe {
            let most = PIECE_WORDS * size_of::<u64>();
            core::slice::from_raw_parts(piece.as_ptr().cast::<u8>(), count.min(most))
        };
        while let Some((name, rest)) = first_name(entries, form) {
            if name != b"." && name != b".." {
                if left == 0 {
                    let count = name.len().min(to.len());
                    to.get_mut(..count)?.copy_from_slice(name.get(..count)?);
                    return Some(count);
                }
                left -= 1;
            }
            entries = rest;
        }
    }
}

fn list(folder: &Descriptor, piece: &mut [u64]) -> Result<(usize, Form), Errno> {
    let (at, room) = (piece.as_mut_ptr(), size_of_val(piece));
    // SAFETY: writes at most the buffer.
    match unsafe { call!(linux::__NR_getdents64, folder.0, at, room) } {
        Err(Errno::NO_SYSTEM_CALL) => {
            // SAFETY: as above.
            unsafe { call_if!(numbers::GETDENTS, folder.0, at, room) }
                .map(|count| (count, Form::Long))
        }
        other => other.map(|count| (count, Form::Wide)),
    }
}

/// The first name of a list, and the rest of the list.
fn first_name(entries: &[u8], form: Form) -> Option<(&[u8], &[u8])> {
    let (at, name) = match form {
        Form::Wide => (
            offset_of!(linux::linux_dirent64, d_reclen),
            offset_of!(linux::linux_dirent64, d_name),
        ),
        Form::Long => (offset_of!(LongEntry, length), offset_of!(LongEntry, name)),
    };
    let length = entries.get(at..at + size_of::<u16>())?;
    let length = usize::from(u16::from_ne_bytes(length.try_into().ok()?));
    let text = entries.get(name..length)?;
    let end = text.iter().position(|&byte| byte == 0)?;
    Some((text.get(..end)?, entries.get(length..)?))
}
