//! Linux as the program wants a system.

use crate::code::Code;
use crate::files::{self, Descriptor};
use crate::start::Start;
use crate::time::{self, Monotonic};
use crate::wait::{until_ready, Deadline, For};
use crate::{host, memory, net, terminal, Errno};
use core::net::IpAddr;
use linux_raw_sys::general as linux;
use miner_tiny::program::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use probe_arch::Native;

/// The processor's counter, or the system's clock where it may have none.
#[cfg(any(
    target_arch = "arm",
    target_arch = "mips",
    target_arch = "mips64",
    target_arch = "s390x",
    target_arch = "sparc",
    target_arch = "sparc64",
    target_arch = "x86"
))]
pub type Counter = probe_arch::arch::Counter<Monotonic>;

/// The counter that every processor of this architecture has.
#[cfg(any(
    target_arch = "aarch64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "riscv64",
    target_arch = "x86_64"
))]
pub type Counter = probe_arch::DefaultTicks;

/// Rights of a new file that only its owner may read, and of one that anybody may (inode(7)).
const OWNERS: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Rights of anybody but the owner.
const OTHERS: u32 = 0o077;

/// A program's Linux.
#[derive(Debug)]
pub struct Linux {
    start: Start,
    clock: Monotonic,
    line: Option<Descriptor>,
}

impl Linux {
    /// For a program that was started so.
    pub fn new(start: Start) -> Self {
        host::ignore_broken_pipes();
        Linux {
            start,
            clock: Monotonic::default(),
            line: None,
        }
    }

    fn until(&self, ms: u64) -> Deadline {
        Deadline::after(self.clock, ms)
    }

    fn line(&self) -> Result<&Descriptor, Refused> {
        self.line.as_ref().ok_or(Refused("there is no line"))
    }
}

/// Why a file was not read.
fn file_error(error: Errno) -> FileError {
    match error {
        Errno::NO_ENTRY | Errno::NOT_A_FOLDER => FileError::Absent,
        _ => FileError::Unreadable,
    }
}

impl System for Linux {
    type Machine = Native<Counter, Code>;
    type Clock = Monotonic;

    fn machine(&mut self) -> Self::Machine {
        Native::with(Counter::default(), Code::new(self.start.page_bytes()))
    }

    fn clock(&mut self) -> Monotonic {
        self.clock
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        memory::for_ever(bytes, self.start.page_bytes())
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        let index = usize::try_from(index).ok()?.checked_add(1)?;
        let argument = self.start.argument(index)?;
        let count = argument.len().min(to.len());
        to.get_mut(..count)?.copy_from_slice(argument.get(..count)?);
        Some(count)
    }

    fn print(&mut self, stream: Stream, text: &str) {
        // There is nobody to tell.
        let _ = files::write_all(stream as i32, text.as_bytes());
    }

    fn now_ms(&mut self) -> u64 {
        self.clock.now_ms()
    }

    fn wait_ms(&mut self, ms: u64) {
        time::sleep_ms(ms);
    }

    fn entropy(&mut self, to: &mut [u8]) -> Result<(), Refused> {
        host::entropy(to)
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        host::name(name, to)
    }

    fn cores(&mut self) -> u16 {
        host::cores()
    }

    fn free_memory(&mut self) -> Option<u64> {
        // `/proc/meminfo` says it better than sysinfo(2), whose free memory leaves caches out.
        None
    }

    fn entry(&mut self, folder: &str, index: u32, to: &mut [u8]) -> Option<usize> {
        files::entry(folder, index, to)
    }

    fn read(
        &mut self,
        file: &str,
        readers: Readers,
        offset: u32,
        to: &mut [u8],
    ) -> Result<usize, FileError> {
        let file = Descriptor::open_to_read(file).map_err(file_error)?;
        if readers == Readers::Owner && file.mode().map_err(file_error)? & OTHERS != 0 {
            return Err(FileError::Public);
        }
        if offset != 0 {
            file.seek(offset).map_err(file_error)?;
        }
        file.read_full(to).map_err(file_error)
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        let flags = linux::O_WRONLY | linux::O_APPEND | linux::O_CREAT | linux::O_NOCTTY;
        let count = Descriptor::open(file, flags, PUBLIC).and_then(|file| file.write(bytes));
        match count {
            Ok(count) if count == bytes.len() => Ok(()),
            _ => Err(Refused("cannot write the file")),
        }
    }

    fn create_private(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        let flags = linux::O_WRONLY | linux::O_CREAT | linux::O_EXCL | linux::O_NOFOLLOW;
        let created = Descriptor::open(file, flags, OWNERS).map_err(|error| match error {
            Errno::EXISTS => Refused("the file is there already"),
            _ => Refused("cannot create the file"),
        })?;
        let written = created
            .write_all(bytes)
            .and_then(|()| match created.synchronise() {
                // What cannot be synchronised at all is no disk.
                Err(Errno::INVALID) => Ok(()),
                other => other,
            });
        written.map_err(|_| {
            // Nothing more can be done where this fails, too.
            let _ = files::remove(file);
            Refused("cannot write the file")
        })
    }

    fn ask(
        &mut self,
        server: IpAddr,
        port: u16,
        question: &[u8],
        answer: &mut [u8],
        ms: u64,
    ) -> Result<Option<usize>, Refused> {
        net::ask(&server, port, question, answer, &mut self.until(ms))
            .map_err(|_| Refused("no way to the server"))
    }

    fn connect(&mut self, address: IpAddr, port: u16, ms: u64) -> Result<(), Refused> {
        self.line = None;
        match net::connect(&address, port, &mut self.until(ms)) {
            Ok(Some(line)) => {
                self.line = Some(line);
                Ok(())
            }
            Ok(None) => Err(Refused("nobody answers in time")),
            Err(_) => Err(Refused("no connection")),
        }
    }

    fn open_serial(&mut self, device: &str, baud: u32) -> Result<(), Refused> {
        self.line = None;
        match terminal::open(device, baud) {
            Ok(line) => {
                self.line = Some(line);
                Ok(())
            }
            Err(Errno::INVALID) => Err(Refused("the device has no such speed")),
            Err(_) => Err(Refused("cannot open the device")),
        }
    }

    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        let mut until = self.until(ms);
        let line = self.line()?;
        if bytes.is_empty() {
            return Ok(0);
        }
        loop {
            match line.write(bytes) {
                Ok(count) => return Ok(count),
                Err(Errno::INTERRUPTED | Errno::AGAIN) => {}
                Err(_) => return Err(Refused("the line is broken")),
            }
            match until_ready(line, For::Writing, &mut until) {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(_) => return Err(Refused("the line is broken")),
            }
        }
    }

    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        let mut until = self.until(ms);
        let line = self.line()?;
        if to.is_empty() {
            return Ok(Received::Nothing);
        }
        loop {
            match until_ready(line, For::Reading, &mut until) {
                Ok(true) => {}
                Ok(false) => return Ok(Received::Nothing),
                Err(_) => return Err(Refused("the line is broken")),
            }
            match line.read(to) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(Errno::INTERRUPTED | Errno::AGAIN) => {}
                // A serial line that was hung up, or a connection that was reset.
                Err(Errno::IO | Errno::RESET) => return Ok(Received::Closed),
                Err(_) => return Err(Refused("the line is broken")),
            }
        }
    }

    fn close(&mut self) {
        self.line = None;
    }
}

#[cfg(test)]
#[path = "system_tests.rs"]
mod tests;
