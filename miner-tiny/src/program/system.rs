//! What the program needs of the system under it: a clock, files, one connection, memory.
//!
//! Texts are UTF-8; file names are those of POSIX and hold no zero byte. Nothing blocks for longer than
//! it was allowed to, but for files, which are small and near.

use core::fmt;
use core::net::IpAddr;
use probe_core::machine::Machine;
use probe_core::ticks::Clock;

/// Something that the system could not do: why, in a few words for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// A name that the system has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Of the host in its network.
    Host = 0,
    /// Of the architecture (`uname -m`).
    Machine = 1,
    /// Of the system itself (`uname -s`).
    System = 2,
    /// Of its version (`uname -r`).
    Release = 3,
}

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output: results.
    Out = 1,
    /// Standard error: progress and errors.
    Error = 2,
}

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Anybody.
    All,
    /// Its owner alone; else it is [`FileError::Public`].
    Owner,
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// There is none.
    Absent,
    /// Others than its owner may read it.
    Public,
    /// It cannot be read.
    Unreadable,
}

/// What came of reading from the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; never 0.
    Bytes(usize),
    /// Nothing in time.
    Nothing,
    /// The other side has closed: nothing will come.
    Closed,
}

/// A system. There is one *line*: a connection, or a serial device.
pub trait System {
    /// This machine, as it is measured.
    type Machine: Machine;

    /// The system's clock, as it is measured.
    type Clock: Clock;

    /// This machine; called before each measurement.
    fn machine(&mut self) -> Self::Machine;

    /// The clock.
    fn clock(&mut self) -> Self::Clock;

    /// `bytes` of memory, zeroed, for the whole life of the program: called once or twice. `None`
    /// where there is not as much.
    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]>;

    /// Copies the argument of this number, the first after the program's name being 0; gives how many
    /// bytes were copied, which are as many as fit. `None` after the last.
    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize>;

    /// Prints. A reader that has gone away is no fault.
    fn print(&mut self, stream: Stream, text: &str);

    /// Milliseconds of a clock that does not go back.
    fn now_ms(&mut self) -> u64;

    /// Sleeps; may come back early.
    fn wait_ms(&mut self, ms: u64);

    /// Fills a buffer from the system's generator of random numbers.
    ///
    /// # Errors
    /// Where there is none, or it is not ready.
    fn entropy(&mut self, to: &mut [u8]) -> Result<(), Refused>;

    /// Copies a name of the system; gives how many bytes, which are as many as fit, 0 where it has none.
    fn name(&mut self, name: Name, to: &mut [u8]) -> usize;

    /// Processor cores that the program may use, 1 where nobody knows.
    fn cores(&mut self) -> u16;

    /// Bytes of memory that nobody uses, where the system says so other than in `/proc/meminfo`.
    fn free_memory(&mut self) -> Option<u64>;

    /// Copies the name of the entry of this number in a folder, the first being 0, `.` and `..` not
    /// counted; gives how many bytes, which are as many as fit. `None` after the last.
    fn entry(&mut self, folder: &str, index: u32, to: &mut [u8]) -> Option<usize>;

    /// Reads a part of a file: how many bytes; 0 at its end, fewer than asked for only there.
    ///
    /// # Errors
    /// [`FileError`].
    fn read(
        &mut self,
        file: &str,
        readers: Readers,
        offset: u32,
        to: &mut [u8],
    ) -> Result<usize, FileError>;

    /// Adds bytes to a file that anybody may read, in one write; makes it where there is none.
    ///
    /// # Errors
    /// Where it cannot be written.
    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused>;

    /// Creates a file that was not there, which only its owner may read, and waits for the disk.
    ///
    /// # Errors
    /// Where it was there or cannot be written whole; then nothing is left of it.
    fn create_private(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused>;

    /// Sends a datagram to a port and waits for the first one from there: how many bytes it has, which
    /// are as many as fit; `None` where none came in time.
    ///
    /// # Errors
    /// Where there is no way to the address.
    fn ask(
        &mut self,
        server: IpAddr,
        port: u16,
        question: &[u8],
        answer: &mut [u8],
        ms: u64,
    ) -> Result<Option<usize>, Refused>;

    /// Makes a TCP connection the line.
    ///
    /// # Errors
    /// Where nobody answers in time.
    fn connect(&mut self, address: IpAddr, port: u16, ms: u64) -> Result<(), Refused>;

    /// Makes a serial device the line: raw, 8 bits, no parity, one stop bit, no flow control.
    ///
    /// # Errors
    /// Where it cannot be opened, or has no such speed.
    fn open_serial(&mut self, device: &str, baud: u32) -> Result<(), Refused>;

    /// Sends some of the bytes on the line; says how many, 0 where none could be in time.
    ///
    /// # Errors
    /// Where the line is broken or there is none.
    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused>;

    /// Receives from the line.
    ///
    /// # Errors
    /// Where the line is broken or there is none.
    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused>;

    /// Closes the line, if there is one.
    fn close(&mut self);
}

/// Writes to a stream of a system.
#[derive(Debug)]
pub struct Printer<'s, S>(pub &'s mut S, pub Stream);

impl<S: System> fmt::Write for Printer<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.print(self.1, text);
        Ok(())
    }
}
