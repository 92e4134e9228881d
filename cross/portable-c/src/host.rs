//! What the host provides: `host/system.c` says what each import does.

use core::net::IpAddr;
use core::ptr::NonNull;
use miner_tiny::program::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use probe_arch::arch::c::Counter;
use probe_arch::platform::{Platform, USUAL_PAGE};
use probe_arch::{Native, Processor};
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
    fn vh_ask(
        server: *const u8,
        length: u32,
        port: u32,
        question: *const u8,
        count: u32,
        answer: *mut u8,
        room: u32,
        ms: u32,
    ) -> i32;
    fn vh_connect(address: *const u8, length: u32, port: u32, ms: u32) -> i32;
    fn vh_open_serial(device: *const u8, length: u32, baud: u32) -> i32;
    fn vh_send(bytes: *const u8, length: u32, ms: u32) -> i32;
    fn vh_receive(to: *mut u8, room: u32, ms: u32) -> i32;
    fn vh_close();
    fn vh_install(code: *const u8, length: u32) -> u32;
    fn vh_patch(code: *const u8, length: u32) -> u32;
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

/// What `vh_read_file` answers.
const ABSENT: i32 = -1;
const PUBLIC: i32 = -2;

/// What `vh_receive` and `vh_ask` answer where nothing came in time.
const NOTHING: i32 = -2;

/// Bytes of a page of linear memory.
const PAGE: usize = 64 * 1024;

/// A length, or why there is none: what the imports answer.
fn length(answer: i32) -> Result<usize, Refused> {
    usize::try_from(answer).map_err(|_| Refused("the system refuses"))
}

/// A number of the system; `None` where it does not say.
fn number(what: Number) -> Option<u32> {
    // SAFETY: touches no memory.
    Some(unsafe { vh_number(what as u32) }).filter(|&number| number != 0)
}

/// A time limit as the host takes it.
fn limit(ms: u64) -> u32 {
    ms.clamp(1, u64::from(u32::MAX)) as u32
}

/// Calls `with` with the bytes of an address in the network's order.
fn with_bytes<T>(address: IpAddr, with: impl FnOnce(&[u8]) -> T) -> T {
    match address {
        IpAddr::V4(address) => with(&address.octets()),
        IpAddr::V6(address) => with(&address.octets()),
    }
}

/// The host as a system.
#[derive(Debug)]
pub struct Host;

impl System for Host {
    /// The kernels in C behind imports, the counter or the clock, the host's memory for code.
    type Machine = Native<Counter<SystemClock>, HostPlatform>;
    type Clock = SystemClock;

    fn machine(&mut self) -> Self::Machine {
        Processor::with(Counter::default(), HostPlatform)
    }

    fn clock(&mut self) -> SystemClock {
        SystemClock
    }

    /// From the end of what linear memory there is.
    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        let pages = bytes.div_ceil(PAGE);
        let first = core::arch::wasm32::memory_grow(0, pages);
        if first == usize::MAX {
            return None;
        }
        let start = core::ptr::with_exposed_provenance_mut(first * PAGE);
        // SAFETY: the host has just added these pages, zeroed, and nothing else knows of them.
        Some(unsafe { core::slice::from_raw_parts_mut(start, bytes) })
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        // SAFETY: the host writes at most as many bytes as there is room for.
        length(unsafe { vh_argument(index, to.as_mut_ptr(), to.len() as u32) }).ok()
    }

    fn print(&mut self, stream: Stream, text: &str) {
        // SAFETY: reads the text.
        unsafe { vh_print(stream as u32, text.as_ptr(), text.len() as u32) };
    }

    fn now_ms(&mut self) -> u64 {
        SystemClock.now_ns() / 1_000_000
    }

    fn wait_ms(&mut self, ms: u64) {
        // SAFETY: touches no memory.
        unsafe { vh_wait_ms(limit(ms)) };
    }

    fn entropy(&mut self, to: &mut [u8]) -> Result<(), Refused> {
        // SAFETY: the host writes the bytes.
        length(unsafe { vh_entropy(to.as_mut_ptr(), to.len() as u32) }).map(drop)
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        // SAFETY: as above.
        length(unsafe { vh_system(name as u32, to.as_mut_ptr(), to.len() as u32) }).unwrap_or(0)
    }

    fn cores(&mut self) -> u16 {
        number(Number::Cores).map_or(1, |cores| cores.try_into().unwrap_or(u16::MAX))
    }

    fn free_memory(&mut self) -> Option<u64> {
        number(Number::FreeKib).map(|kib| u64::from(kib) * 1024)
    }

    fn entry(&mut self, folder: &str, index: u32, to: &mut [u8]) -> Option<usize> {
        // SAFETY: reads the folder's name, writes at most as many bytes as there is room for.
        let answer = unsafe {
            vh_entry(
                folder.as_ptr(),
                folder.len() as u32,
                index,
                to.as_mut_ptr(),
                to.len() as u32,
            )
        };
        length(answer).ok()
    }

    fn read(
        &mut self,
        file: &str,
        readers: Readers,
        offset: u32,
        to: &mut [u8],
    ) -> Result<usize, FileError> {
        // SAFETY: reads the name, writes at most as many bytes as there is room for.
        let answer = unsafe {
            vh_read_file(
                file.as_ptr(),
                file.len() as u32,
                u32::from(readers == Readers::Owner),
                offset,
                to.as_mut_ptr(),
                to.len() as u32,
            )
        };
        match answer {
            ABSENT => Err(FileError::Absent),
            PUBLIC => Err(FileError::Public),
            count => length(count).map_err(|_| FileError::Unreadable),
        }
    }

    fn append(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        // SAFETY: reads name and bytes.
        let answer = unsafe {
            vh_append_file(
                file.as_ptr(),
                file.len() as u32,
                bytes.as_ptr(),
                bytes.len() as u32,
            )
        };
        length(answer).map(drop)
    }

    fn create_private(&mut self, file: &str, bytes: &[u8]) -> Result<(), Refused> {
        // SAFETY: reads name and bytes.
        let answer = unsafe {
            vh_create_file(
                file.as_ptr(),
                file.len() as u32,
                bytes.as_ptr(),
                bytes.len() as u32,
            )
        };
        length(answer).map(drop)
    }

    fn ask(
        &mut self,
        server: IpAddr,
        port: u16,
        question: &[u8],
        answer: &mut [u8],
        ms: u64,
    ) -> Result<Option<usize>, Refused> {
        // SAFETY: reads address and question, writes at most as many bytes as there is room for.
        let count = with_bytes(server, |server| unsafe {
            vh_ask(
                server.as_ptr(),
                server.len() as u32,
                u32::from(port),
                question.as_ptr(),
                question.len() as u32,
                answer.as_mut_ptr(),
                answer.len() as u32,
                limit(ms),
            )
        });
        match count {
            NOTHING => Ok(None),
            count => length(count).map(Some),
        }
    }

    fn connect(&mut self, address: IpAddr, port: u16, ms: u64) -> Result<(), Refused> {
        // SAFETY: reads the address.
        let answer = with_bytes(address, |bytes| unsafe {
            vh_connect(
                bytes.as_ptr(),
                bytes.len() as u32,
                u32::from(port),
                limit(ms),
            )
        });
        length(answer)
            .map_err(|_| Refused("nobody answers"))
            .map(drop)
    }

    fn open_serial(&mut self, device: &str, baud: u32) -> Result<(), Refused> {
        // SAFETY: reads the name.
        let answer = unsafe { vh_open_serial(device.as_ptr(), device.len() as u32, baud) };
        length(answer).map(drop)
    }

    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        // SAFETY: reads the bytes.
        length(unsafe { vh_send(bytes.as_ptr(), bytes.len() as u32, limit(ms)) })
    }

    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        // SAFETY: writes at most as many bytes as there is room for.
        match unsafe { vh_receive(to.as_mut_ptr(), to.len() as u32, limit(ms)) } {
            NOTHING => Ok(Received::Nothing),
            0 => Ok(Received::Closed),
            count => length(count).map(Received::Bytes),
        }
    }

    fn close(&mut self) {
        // SAFETY: touches no memory.
        unsafe { vh_close() }
    }
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
        Host.wait_ms(1);
        true
    }
}
