//! What the host provides: `host/system.c` says what each import does.

use crate::lines::Lines;
use core::fmt;
use core::ptr::NonNull;
use heapless::{String, Vec};
use probe_arch::platform::{Platform, USUAL_PAGE};
use probe_core::ticks::{Clock, CounterInfo, Ticks};

#[link(wasm_import_module = "env")]
extern "C" {
    fn vh_argument(index: u32, to: *mut u8, room: u32) -> i32;
    fn vh_print(stream: u32, text: *const u8, length: u32);
    fn vh_now_ns() -> u64;
    fn vh_wait_ms(ms: u32);
    fn vh_entropy(to: *mut u8, length: u32) -> i32;
    fn vh_system(what: u32, to: *mut u8, room: u32) -> i32;
    fn vh_number(what: u32) -> u32;
    fn vh_entry(folder: *const u8, length: u32, index: u32, to: *mut u8, room: u32) -> i32;
    fn vh_read_file(
        name: *const u8,
        length: u32,
        private: u32,
        offset: u32,
        to: *mut u8,
        room: u32,
    ) -> i32;
    fn vh_append_file(name: *const u8, length: u32, bytes: *const u8, count: u32) -> i32;
    fn vh_create_file(name: *const u8, length: u32, bytes: *const u8, count: u32) -> i32;
    fn vh_connect(host: *const u8, length: u32, port: u32, ms: u32) -> i32;
    fn vh_send(bytes: *const u8, length: u32, ms: u32) -> i32;
    fn vh_receive(to: *mut u8, room: u32, ms: u32) -> i32;
    fn vh_close();
    fn vh_install(code: *const u8, length: u32) -> u32;
    fn vh_patch(code: *const u8, length: u32) -> u32;
}

/// Something that the host could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// How a name of the system is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// Of the host in its network.
    Host = 0,
    /// Of the architecture (`uname -m`).
    Machine = 1,
    /// Of itself (`uname -s`).
    System = 2,
    /// Of its version (`uname -r`).
    Release = 3,
}

/// How a number of the system is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// Processor cores in use.
    Cores = 0,
    /// KiB of free memory.
    FreeKib = 1,
    /// Bytes of a page.
    Page = 2,
}

/// Why a file was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// There is none.
    Absent,
    /// Others than its owner may read it.
    Public,
    /// It cannot be read, or is longer than expected.
    Unreadable,
}

/// A length, or why there is none: what the imports answer.
fn length(answer: i32) -> Result<usize, Refused> {
    usize::try_from(answer).map_err(|_| Refused)
}

/// Fills a buffer by an import that writes into it; cut short at the buffer's end.
fn filled<const N: usize>(fill: impl FnOnce(*mut u8, u32) -> i32) -> Option<Vec<u8, N>> {
    let mut bytes = Vec::new();
    let _ = bytes.resize(N, 0);
    let count = length(fill(bytes.as_mut_ptr(), N as u32)).ok()?;
    bytes.truncate(count);
    Some(bytes)
}

/// The argument of this number, the first being 0; cut short at `N` bytes.
pub fn argument<const N: usize>(index: u32) -> Option<Vec<u8, N>> {
    // SAFETY: the host writes at most as many bytes as there is room for.
    filled(|to, room| unsafe { vh_argument(index, to, room) })
}

/// Text of the system: what is printable ASCII of it.
fn printable<const N: usize>(bytes: &[u8]) -> String<N> {
    let fine = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let mut text = String::new();
    for &byte in bytes.iter().filter(|byte| fine(byte)) {
        if text.push(char::from(byte)).is_err() {
            break;
        }
    }
    text
}

/// A name of the system, or nothing.
pub fn system<const N: usize>(name: Name) -> String<N> {
    // SAFETY: as above.
    let bytes: Option<Vec<u8, N>> = filled(|to, room| unsafe { vh_system(name as u32, to, room) });
    printable(&bytes.unwrap_or_default())
}

/// A number of the system; `None` where it does not say.
fn number(what: Number) -> Option<u32> {
    // SAFETY: touches no memory.
    Some(unsafe { vh_number(what as u32) }).filter(|&number| number != 0)
}

/// Processor cores in use, as far as the system says.
pub fn cores() -> u16 {
    number(Number::Cores).map_or(1, |cores| cores.try_into().unwrap_or(u16::MAX))
}

/// Bytes of memory that nobody uses.
pub fn free_memory() -> Option<u64> {
    number(Number::FreeKib).map(|kib| u64::from(kib) * 1024)
}

/// The name of the entry of this number in a folder, the first being 0.
pub fn entry<const N: usize>(folder: &str, index: u32) -> Option<String<N>> {
    let bytes: Vec<u8, N> = filled(|to, room| {
        // SAFETY: reads the folder's name, writes at most as many bytes as there is room for.
        unsafe { vh_entry(folder.as_ptr(), folder.len() as u32, index, to, room) }
    })?;
    String::from_utf8(bytes).ok()
}

/// Reads a part of a file: how many bytes; 0 at its end.
fn read(name: &str, private: bool, offset: u32, to: &mut [u8]) -> Result<usize, FileError> {
    // SAFETY: reads the name, writes at most as many bytes as there is room for.
    let answer = unsafe {
        vh_read_file(
            name.as_ptr(),
            name.len() as u32,
            u32::from(private),
            offset,
            to.as_mut_ptr(),
            to.len() as u32,
        )
    };
    match answer {
        -1 => Err(FileError::Absent),
        -2 => Err(FileError::Public),
        count => length(count).map_err(|_| FileError::Unreadable),
    }
}

/// What a file holds, which only its owner may read; cut short at `N` bytes.
pub fn read_private<const N: usize>(name: &str) -> Result<Vec<u8, N>, FileError> {
    let mut bytes: Vec<u8, N> = Vec::new();
    let _ = bytes.resize(N, 0);
    let count = read(name, true, 0, &mut bytes)?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Bytes read from a file at a time.
const FILE_PIECE: usize = 512;

/// Longest part of a file that is read for its lines.
const FILE_MAX: u32 = 64 * 1024;

/// Calls `each` with the lines of a file that anybody may read.
pub fn each_line(name: &str, mut each: impl FnMut(&str)) -> Result<(), FileError> {
    let mut lines = Lines::default();
    let mut piece = [0; FILE_PIECE];
    let mut offset = 0;
    while offset < FILE_MAX {
        let count = read(name, false, offset, &mut piece)?;
        if count == 0 {
            break;
        }
        lines.piece(&piece[..count], &mut each);
        offset += count as u32;
    }
    lines.end(&mut each);
    Ok(())
}

/// The first text of a file, trimmed; `None` where there is nothing in it. A device tree's properties
/// are lists of texts that end in a zero byte: the first is the most exact.
pub fn first_text<const N: usize>(name: &str) -> Option<String<N>> {
    let mut piece = [0; FILE_PIECE];
    let count = read(name, false, 0, &mut piece).ok()?;
    let end = piece[..count].iter().position(|&b| b == 0 || b == b'\n');
    let text: String<N> = printable(piece[..end.unwrap_or(count)].trim_ascii());
    (!text.is_empty()).then_some(text)
}

/// Adds bytes to a file that anybody may read, in one write; makes it where there is none.
pub fn append(name: &str, bytes: &[u8]) -> Result<(), Refused> {
    // SAFETY: reads name and bytes.
    let answer = unsafe {
        vh_append_file(
            name.as_ptr(),
            name.len() as u32,
            bytes.as_ptr(),
            bytes.len() as u32,
        )
    };
    length(answer).map(drop)
}

/// Creates a file that was not there, which only its owner may read.
pub fn create_private(name: &str, bytes: &[u8]) -> Result<(), Refused> {
    // SAFETY: reads name and bytes.
    let answer = unsafe {
        vh_create_file(
            name.as_ptr(),
            name.len() as u32,
            bytes.as_ptr(),
            bytes.len() as u32,
        )
    };
    length(answer).map(drop)
}

/// Random bytes of the system.
pub fn entropy<const N: usize>() -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    // SAFETY: the host writes the bytes.
    length(unsafe { vh_entropy(bytes.as_mut_ptr(), N as u32) })?;
    Ok(bytes)
}

/// Where text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out = 1,
    /// Standard error.
    Error = 2,
}

impl fmt::Write for Stream {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: reads the text.
        unsafe { vh_print(*self as u32, text.as_ptr(), text.len() as u32) };
        Ok(())
    }
}

/// Milliseconds of a clock that does not go back.
pub fn now_ms() -> u64 {
    SystemClock.now_ns() / 1_000_000
}

/// Sleeps.
pub fn wait_ms(ms: u64) {
    // SAFETY: touches no memory.
    unsafe { vh_wait_ms(ms.min(u64::from(u32::MAX)) as u32) };
}

/// The system's clock, whose tick is a nanosecond whatever its resolution.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ns(&mut self) -> u64 {
        // SAFETY: touches no memory.
        unsafe { vh_now_ns() }
    }
}

impl Ticks for SystemClock {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        self.now_ns()
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "os-monotonic",
            bits: 64,
            nominal_hz: None,
        }
    }
}

/// The one connection.
#[derive(Debug)]
pub struct Wire;

/// What came of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; 0: the other side closed.
    Bytes(usize),
    /// Nothing in time.
    Nothing,
}

/// What `vh_receive` answers where nothing came in time.
const NOTHING: i32 = -2;

impl Wire {
    /// Connects to a literal address or a name that the host can resolve.
    pub fn connect(&mut self, host: &str, port: u16, ms: u64) -> Result<(), Refused> {
        // SAFETY: reads the name.
        let answer =
            unsafe { vh_connect(host.as_ptr(), host.len() as u32, u32::from(port), limit(ms)) };
        length(answer).map(drop)
    }

    /// Sends some of the bytes; says how many.
    pub fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        // SAFETY: reads the bytes.
        length(unsafe { vh_send(bytes.as_ptr(), bytes.len() as u32, limit(ms)) })
    }

    /// Receives into a buffer.
    pub fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        // SAFETY: writes at most as many bytes as there is room for.
        match unsafe { vh_receive(to.as_mut_ptr(), to.len() as u32, limit(ms)) } {
            NOTHING => Ok(Received::Nothing),
            count => length(count).map(Received::Bytes),
        }
    }

    /// Closes the connection, if there is one.
    pub fn close(&mut self) {
        // SAFETY: touches no memory.
        unsafe { vh_close() }
    }
}

/// A time limit as the host takes it.
fn limit(ms: u64) -> u32 {
    ms.clamp(1, u64::from(u32::MAX)) as u32
}

/// The host as a platform: it keeps fresh code in memory of its own, and gives a token for the address.
#[derive(Debug)]
pub struct HostPlatform;

// SAFETY: the token stands for memory in which the host keeps the bytes, executable, until the next
// call; only the host's own `vg_fresh_call` and `vg_fresh_synchronise` take it, and turn it back.
unsafe impl Platform for HostPlatform {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        // SAFETY: reads the code.
        let token = unsafe { vh_install(code.as_ptr(), code.len() as u32) };
        NonNull::new(core::ptr::without_provenance_mut(token as usize))
    }

    fn patch(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        // SAFETY: reads the code.
        let token = unsafe { vh_patch(code.as_ptr(), code.len() as u32) };
        NonNull::new(core::ptr::without_provenance_mut(token as usize))
    }

    fn page_bytes(&self) -> u32 {
        number(Number::Page).unwrap_or(USUAL_PAGE)
    }

    fn nap(&mut self) -> bool {
        wait_ms(1);
        true
    }
}
