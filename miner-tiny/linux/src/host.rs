//! What the kernel knows of the machine and of chance.

use crate::files::Descriptor;
use crate::kernel::{call, call_if, first_of};
use crate::{numbers, Errno};
use core::mem::MaybeUninit;
use linux_raw_sys::{general as linux, system};
use miner_tiny::program::system::{Name, Refused};

/// Copies a name of the system; gives how many bytes, which are as many as fit.
pub fn name(which: Name, to: &mut [u8]) -> usize {
    let mut names = MaybeUninit::<system::new_utsname>::zeroed();
    // SAFETY: writes one `new_utsname`; any bits are letters.
    let names = unsafe {
        if call!(linux::__NR_uname, names.as_mut_ptr()).is_err() {
            return 0;
        }
        names.assume_init()
    };
    let name = match which {
        Name::Host => &names.nodename,
        Name::Machine => &names.machine,
        Name::System => &names.sysname,
        Name::Release => &names.release,
    };
    let letters = name.iter().take_while(|&&letter| letter != 0);
    let mut count = 0;
    for (place, &letter) in to.iter_mut().zip(letters) {
        *place = letter as u8;
        count += 1;
    }
    count
}

/// Words of a set of processors: 1024 of them.
const PROCESSOR_WORDS: usize = 1024 / usize::BITS as usize;

/// Bytes of `/proc/cpuinfo` that are read at a time.
const PIECE: usize = 256;

/// Processor cores that the program may use, 1 where nobody knows.
pub fn cores() -> u16 {
    let mut set = [0usize; PROCESSOR_WORDS];
    // SAFETY: writes at most the set.
    let result = unsafe {
        call!(
            linux::__NR_sched_getaffinity,
            0,
            size_of_val(&set),
            set.as_mut_ptr()
        )
    };
    let count = match result {
        Ok(_) => set.iter().map(|word| word.count_ones()).sum(),
        // Before Linux 2.5.
        Err(_) => Descriptor::open_to_read("/proc/cpuinfo").map_or(0, |file| listed(&file)),
    };
    u16::try_from(count).unwrap_or(u16::MAX).max(1)
}

/// Counts the lines that begin with "processor".
fn listed(file: &Descriptor) -> u32 {
    const MARK: &[u8] = b"processor";
    let mut piece = [0; PIECE];
    let (mut count, mut matched) = (0, Some(0));
    while let Some(bytes) = file
        .read_full(&mut piece)
        .ok()
        .filter(|n| *n != 0)
        .and_then(|n| piece.get(..n))
    {
        for &byte in bytes {
            matched = match matched {
                _ if byte == b'\n' => Some(0),
                Some(so_far) if MARK.get(so_far) == Some(&byte) => {
                    count += u32::from(so_far + 1 == MARK.len());
                    Some(so_far + 1)
                }
                _ => None,
            };
        }
    }
    count
}

/// Fills a buffer from the kernel's generator of random numbers: `getrandom` (Linux 3.17), which says when it
/// is not ready, else the device.
///
/// # Errors
/// There is none, or it is not ready.
pub fn entropy(to: &mut [u8]) -> Result<(), Refused> {
    let mut done = 0;
    while let Some(rest) = to.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let (at, room) = (rest.as_mut_ptr(), rest.len());
        // SAFETY: writes at most the rest of the buffer.
        match unsafe { call!(linux::__NR_getrandom, at, room, linux::GRND_NONBLOCK) } {
            Ok(count) => done += count,
            Err(Errno::INTERRUPTED) => {}
            Err(Errno::NO_SYSTEM_CALL) => return from_device("/dev/urandom", to),
            Err(_) => return Err(Refused("random numbers are not ready")),
        }
    }
    Ok(())
}

/// Fills a buffer from a device that must be one: a file of that name could hold anything.
fn from_device(device: &str, to: &mut [u8]) -> Result<(), Refused> {
    let none = |_| Refused("no random numbers");
    let device = Descriptor::open_to_read(device).map_err(none)?;
    if device.mode().map_err(none)? & linux::S_IFMT != linux::S_IFCHR {
        return Err(Refused("no random device"));
    }
    match device.read_full(to) {
        Ok(count) if count == to.len() => Ok(()),
        _ => Err(Refused("no random numbers")),
    }
}

/// Ignores the signal that a reader which has gone away sends.
pub fn ignore_broken_pipes() {
    /// `SIG_IGN` (Linux, `include/uapi/asm-generic/signal-defs.h`).
    const IGNORE: usize = 1;
    /// Bytes of a set of signals.
    const SET_BYTES: usize = linux::_NSIG as usize / 8;
    let mut action = MaybeUninit::<linux::kernel_sigaction>::zeroed();
    // SAFETY: the field lies in `action`, and is a word on all architectures. The call reads it; on SPARC the
    // fourth argument is the restorer, and the size of the set comes behind it.
    let _: Result<usize, Errno> = unsafe {
        let handler = &raw mut (*action.as_mut_ptr()).sa_handler_kernel;
        handler.cast::<usize>().write(IGNORE);
        let action = action.as_ptr();
        let sparc = cfg!(any(target_arch = "sparc", target_arch = "sparc64"));
        let fourth = if sparc { 0 } else { SET_BYTES };
        first_of!(
            call!(
                linux::__NR_rt_sigaction,
                linux::SIGPIPE,
                action,
                0,
                fourth,
                SET_BYTES
            ),
            call_if!(numbers::SIGNAL, linux::SIGPIPE, IGNORE),
        )
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::missing::without;
    use std::io::Write;
    use std::string::String;

    #[test]
    fn names_are_those_of_uname() {
        let mut name_ = [0; 64];
        let count = name(Name::System, &mut name_);
        assert_eq!(&name_[..count], b"Linux");
        let count = name(Name::Release, &mut name_);
        let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        assert_eq!(&name_[..count], release.trim().as_bytes());
        assert_eq!(name(Name::System, &mut name_[..2]), 2);
    }

    #[test]
    fn cores_are_counted_the_old_way_too() {
        let modern = cores();
        let listed = without(&[linux::__NR_sched_getaffinity], cores);
        let there = std::thread::available_parallelism().unwrap().get();
        assert_eq!(usize::from(modern), there);
        // The list names all processors, also those that the program may not use.
        assert!(listed >= modern);
    }

    #[test]
    fn only_the_start_of_a_line_counts() {
        let mut text = String::from("processor\t: 0\nmodel name: processor\n processor\n");
        // Longer than a piece, with a mark across its end.
        text.push_str(&"x".repeat(PIECE - text.len() - 4));
        text.push_str("\nprocessor : 1\n\nprocesso\nprocessor");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let file = Descriptor::open_to_read(file.path().to_str().unwrap()).unwrap();
        assert_eq!(listed(&file), 3);
    }

    #[test]
    fn random_numbers_come_from_the_call_or_the_device() {
        let mut first = [0; 32];
        let mut second = [0; 32];
        entropy(&mut first).unwrap();
        without(&[linux::__NR_getrandom], || entropy(&mut second)).unwrap();
        assert_ne!(first, [0; 32]);
        assert_ne!(second, [0; 32]);
        assert_ne!(first, second);
    }

    #[test]
    fn a_file_in_place_of_the_device_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&[7; 64]).unwrap();
        let mut to = [0; 32];
        assert!(from_device(file.path().to_str().unwrap(), &mut to).is_err());
        assert_eq!(to, [0; 32]);
        assert!(from_device("/nowhere", &mut to).is_err());
    }
}
