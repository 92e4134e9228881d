//! The system calls of Linux on 32-bit x86 that the first program needs: the only `unsafe` code here.
//!
//! Sources: Linux `arch/x86/entry/syscalls/syscall_32.tbl` (numbers, and `int 80h`, which every 32-bit
//! kernel has), `include/uapi/linux/{net,in,if,route,sockios,mount,reboot}.h`, `mount(2)`, `ioctl(2)`,
//! `socketcall(2)`. Texts are ended with a zero, as the kernel wants them ([`CStr`]).

use core::arch::{asm, global_asm};
use core::ffi::CStr;
use core::net::Ipv4Addr;

/// The kernel's word for why not, as `errno` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

/// An open file. Closed by [`Fd::close`] or when dropped.
#[derive(Debug)]
pub struct Fd(i32);

/// The highest `errno` (Linux `include/linux/err.h`).
const MAX_ERRNO: i32 = 4095;

/// Numbers of system calls.
mod number {
    pub const EXIT: usize = 1;
    pub const FORK: usize = 2;
    pub const READ: usize = 3;
    pub const WRITE: usize = 4;
    pub const OPEN: usize = 5;
    pub const CLOSE: usize = 6;
    pub const UNLINK: usize = 10;
    pub const EXECVE: usize = 11;
    pub const MOUNT: usize = 21;
    pub const RENAME: usize = 38;
    pub const PIPE: usize = 42;
    pub const UMOUNT2: usize = 52;
    pub const IOCTL: usize = 54;
    pub const DUP2: usize = 63;
    pub const SOCKETCALL: usize = 102;
    pub const WAIT4: usize = 114;
    pub const FSYNC: usize = 118;
    pub const UNAME: usize = 122;
    pub const NANOSLEEP: usize = 162;
    pub const POLL: usize = 168;
    pub const CLOCK_GETTIME: usize = 265;
    pub const GETRANDOM: usize = 355;
}

/// `socketcall(2)`.
mod call {
    pub const SOCKET: usize = 1;
    pub const BIND: usize = 2;
    pub const CONNECT: usize = 3;
    pub const SENDTO: usize = 11;
    pub const SETSOCKOPT: usize = 14;
}

// The kernel starts a program with a word-aligned stack; what is called wants 16 bytes (System V ABI,
// i386 supplement, §2.2.2).
global_asm!(
    ".globl _start",
    "_start:",
    "xor ebp, ebp",
    "and esp, -16",
    "call {main}",
    "ud2",
    main = sym crate::main,
);

/// One system call: its number and up to five arguments.
///
/// # Safety
/// What the call demands of pointers among the arguments.
unsafe fn syscall(call: [usize; 6]) -> Result<usize, Errno> {
    let result: i32;
    // SAFETY: the kernel keeps all registers but EAX; EBX and ESI, which the compiler keeps for itself,
    // are restored. What the call does to memory is the caller's to know.
    unsafe {
        asm!(
            "push ebx",
            "push esi",
            "mov ebx, [eax + 4]",
            "mov ecx, [eax + 8]",
            "mov edx, [eax + 12]",
            "mov esi, [eax + 16]",
            "mov edi, [eax + 20]",
            "mov eax, [eax]",
            "int 0x80",
            "pop esi",
            "pop ebx",
            inlateout("eax") call.as_ptr() => result,
            out("ecx") _,
            out("edx") _,
            out("edi") _,
        );
    }
    if (-MAX_ERRNO..0).contains(&result) {
        Err(Errno(-result))
    } else {
        Ok(result as usize)
    }
}

/// Nothing to pass.
const NONE: usize = 0;

fn at<T: ?Sized>(value: &T) -> usize {
    core::ptr::from_ref(value).cast::<u8>() as usize
}

fn at_mut<T: ?Sized>(value: &mut T) -> usize {
    core::ptr::from_mut(value).cast::<u8>() as usize
}

/// Opens a file for reading.
pub fn open(path: &CStr) -> Result<Fd, Errno> {
    open_as(path, 0)
}

/// Makes a file that its owner alone may read, empty if it was there, and every write of which waits for
/// the disk.
pub fn create(path: &CStr) -> Result<Fd, Errno> {
    const WRITE_ONLY: usize = 1;
    const CREATE: usize = 0o100;
    const TRUNCATE: usize = 0o1000;
    open_as(path, WRITE_ONLY | CREATE | TRUNCATE)
}

fn open_as(path: &CStr, flags: usize) -> Result<Fd, Errno> {
    const OWNER_ALONE: usize = 0o600;
    let call = [
        number::OPEN,
        path.as_ptr() as usize,
        flags,
        OWNER_ALONE,
        NONE,
        NONE,
    ];
    // SAFETY: a text that ends with a zero.
    unsafe { syscall(call) }.map(|fd| Fd(fd as i32))
}

/// Removes a file.
pub fn remove(path: &CStr) {
    // SAFETY: a text that ends with a zero. A file that was not there is as good as removed.
    let _ = unsafe {
        syscall([
            number::UNLINK,
            path.as_ptr() as usize,
            NONE,
            NONE,
            NONE,
            NONE,
        ])
    };
}

/// Gives a file another name, in place of one that had it.
pub fn rename(from: &CStr, to: &CStr) -> Result<(), Errno> {
    let call = [
        number::RENAME,
        from.as_ptr() as usize,
        to.as_ptr() as usize,
        NONE,
        NONE,
        NONE,
    ];
    // SAFETY: texts that end with a zero.
    unsafe { syscall(call) }.map(drop)
}

/// Standard error, where kernel and miner write as well.
pub fn console(text: &[u8]) {
    let _ = write_all(2, text);
}

fn write_all(fd: i32, mut bytes: &[u8]) -> Result<(), Errno> {
    /// `EIO`: nothing was taken.
    const NOTHING_TAKEN: Errno = Errno(5);
    while !bytes.is_empty() {
        let call = [
            number::WRITE,
            fd as usize,
            at(bytes),
            bytes.len(),
            NONE,
            NONE,
        ];
        // SAFETY: the bytes are borrowed.
        let count = unsafe { syscall(call) }?;
        if count == 0 {
            return Err(NOTHING_TAKEN);
        }
        bytes = &bytes[count.min(bytes.len())..];
    }
    Ok(())
}

impl Fd {
    /// Reads once; gives how many bytes, 0 at the end.
    pub fn read(&self, to: &mut [u8]) -> Result<usize, Errno> {
        let call = [
            number::READ,
            self.0 as usize,
            at_mut(to),
            to.len(),
            NONE,
            NONE,
        ];
        // SAFETY: as many bytes as are lent.
        unsafe { syscall(call) }
    }

    /// Reads until the file ends or the buffer is full; gives how many bytes.
    pub fn read_all(&self, to: &mut [u8]) -> Result<usize, Errno> {
        let mut filled = 0;
        while filled < to.len() {
            match self.read(&mut to[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }

    /// Writes everything.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Errno> {
        write_all(self.0, bytes)
    }

    /// Waits until the disk has it.
    pub fn sync(&self) -> Result<(), Errno> {
        // SAFETY: no pointers.
        unsafe { syscall([number::FSYNC, self.0 as usize, NONE, NONE, NONE, NONE]) }.map(drop)
    }

    /// Waits until there is something to read, or the time is over; says which.
    pub fn wait(&self, ms: u32) -> bool {
        #[repr(C)]
        struct Poll {
            fd: i32,
            events: i16,
            happened: i16,
        }
        const INPUT: i16 = 1;
        let mut poll = Poll {
            fd: self.0,
            events: INPUT,
            happened: 0,
        };
        let ms = ms.min(i32::MAX as u32) as usize;
        // SAFETY: one element, as the count says.
        let ready = unsafe { syscall([number::POLL, at_mut(&mut poll), 1, ms, NONE, NONE]) };
        ready.is_ok_and(|count| count > 0)
    }

    /// A device's own calls, with a block of memory that both sides write.
    pub fn ioctl<T>(&self, request: usize, block: &mut T) -> Result<(), Errno> {
        let call = [
            number::IOCTL,
            self.0 as usize,
            request,
            at_mut(block),
            NONE,
            NONE,
        ];
        // SAFETY: callers pass blocks of the size that the request has in the kernel's headers.
        unsafe { syscall(call) }.map(drop)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: no pointers.
        let _ = unsafe { syscall([number::CLOSE, self.0 as usize, NONE, NONE, NONE, NONE]) };
    }
}

/// Mounts a file system.
pub fn mount(from: &CStr, to: &CStr, kind: &CStr, flags: usize, data: &CStr) -> Result<(), Errno> {
    let [from, to, kind, data] = [from, to, kind, data].map(|text| text.as_ptr() as usize);
    // SAFETY: texts that end with a zero.
    unsafe { syscall([number::MOUNT, from, to, kind, flags, data]) }.map(drop)
}

/// Takes a file system off.
pub fn unmount(path: &CStr) -> Result<(), Errno> {
    // SAFETY: a text that ends with a zero.
    unsafe {
        syscall([
            number::UMOUNT2,
            path.as_ptr() as usize,
            NONE,
            NONE,
            NONE,
            NONE,
        ])
    }
    .map(drop)
}

/// Two ends of a pipe: to read, to write.
pub fn pipe() -> Result<(Fd, Fd), Errno> {
    let mut ends = [0i32; 2];
    // SAFETY: two words.
    unsafe { syscall([number::PIPE, at_mut(&mut ends), NONE, NONE, NONE, NONE]) }?;
    Ok((Fd(ends[0]), Fd(ends[1])))
}

/// Arguments of a program, at most.
pub const ARGUMENTS: usize = 24;

/// Starts a program whose output goes into a pipe; gives its number. Arguments past [`ARGUMENTS`] are
/// left out.
pub fn start<'a>(
    program: &CStr,
    arguments: impl Iterator<Item = &'a CStr>,
    output: &Fd,
) -> Result<usize, Errno> {
    let mut list = [NONE; ARGUMENTS + 2];
    list[0] = program.as_ptr() as usize;
    for (slot, argument) in list[1..=ARGUMENTS].iter_mut().zip(arguments) {
        *slot = argument.as_ptr() as usize;
    }
    let environment = [NONE];
    // SAFETY: no pointers; the child goes on with a copy of everything.
    let child = unsafe { syscall([number::FORK, NONE, NONE, NONE, NONE, NONE]) }?;
    if child != 0 {
        return Ok(child);
    }
    for stream in 1..=2 {
        // SAFETY: no pointers.
        let _ = unsafe { syscall([number::DUP2, output.0 as usize, stream, NONE, NONE, NONE]) };
    }
    let call = [
        number::EXECVE,
        list[0],
        at(&list),
        at(&environment),
        NONE,
        NONE,
    ];
    // SAFETY: both lists end with a zero and point at texts that do.
    let _ = unsafe { syscall(call) };
    exit(CANNOT_START)
}

/// The status of a program that could not be started, as shells have it.
pub const CANNOT_START: u8 = 127;

fn exit(status: u8) -> ! {
    loop {
        // SAFETY: no pointers; does not come back.
        let _ = unsafe { syscall([number::EXIT, usize::from(status), NONE, NONE, NONE, NONE]) };
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Status(u8),
    /// By this signal.
    Signal(u8),
}

/// Waits for a program to end.
pub fn wait(child: usize) -> Result<Ended, Errno> {
    let mut status = 0u32;
    // SAFETY: one word.
    unsafe { syscall([number::WAIT4, child, at_mut(&mut status), NONE, NONE, NONE]) }?;
    // The lowest seven bits are the signal, the next byte but one bit the status (`wait(2)`).
    Ok(match status & 0x7f {
        0 => Ended::Status((status >> 8) as u8),
        signal => Ended::Signal(signal as u8),
    })
}

/// Sleeps; a signal may end it early.
pub fn sleep_ms(ms: u32) {
    let time = [ms / 1000, ms % 1000 * 1_000_000];
    // SAFETY: two words, seconds and nanoseconds.
    let _ = unsafe { syscall([number::NANOSLEEP, at(&time), NONE, NONE, NONE, NONE]) };
}

/// Seconds since the machine was started.
pub fn now_s() -> u32 {
    const MONOTONIC: usize = 1;
    let mut time = [0u32; 2];
    // SAFETY: two words, seconds and nanoseconds.
    let _ = unsafe {
        syscall([
            number::CLOCK_GETTIME,
            MONOTONIC,
            at_mut(&mut time),
            NONE,
            NONE,
            NONE,
        ])
    };
    time[0]
}

/// Random bytes for secrets, once the kernel has gathered enough to make them: seconds on a 486.
pub fn random(to: &mut [u8]) -> Result<(), Errno> {
    random_as(to, 0)
}

/// Random bytes at once, for what need not be secret but differ from other machines' (`getrandom(2)`,
/// `GRND_INSECURE`).
pub fn random_now(to: &mut [u8]) -> Result<(), Errno> {
    const INSECURE: usize = 4;
    random_as(to, INSECURE)
}

fn random_as(to: &mut [u8], flags: usize) -> Result<(), Errno> {
    /// `EAGAIN`.
    const TOO_FEW: Errno = Errno(11);
    let call = [number::GETRANDOM, at_mut(to), to.len(), flags, NONE, NONE];
    // SAFETY: as many bytes as are lent.
    match unsafe { syscall(call) }? {
        count if count == to.len() => Ok(()),
        _ => Err(TOO_FEW),
    }
}

/// One field of `uname(2)`.
const NAME_FIELD: usize = 65;

/// The kernel's release.
pub fn release(names: &mut [[u8; NAME_FIELD]; 6]) -> &str {
    const RELEASE: usize = 2;
    // SAFETY: six fields, as `struct new_utsname` has.
    let _ = unsafe { syscall([number::UNAME, at_mut(names), NONE, NONE, NONE, NONE]) };
    CStr::from_bytes_until_nul(&names[RELEASE])
        .ok()
        .and_then(|text| text.to_str().ok())
        .unwrap_or("?")
}

/// Room for [`release`].
pub const NO_NAMES: [[u8; NAME_FIELD]; 6] = [[0; NAME_FIELD]; 6];

/// An Internet address and a port, as the kernel has them.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct SocketAddress {
    family: u16,
    port: [u8; 2],
    ip: [u8; 4],
    zero: [u8; 8],
}

/// IPv4.
const AF_INET: u16 = 2;

impl SocketAddress {
    /// Of an address and a port.
    pub fn new(ip: Ipv4Addr, port: u16) -> Self {
        SocketAddress {
            family: AF_INET,
            port: port.to_be_bytes(),
            ip: ip.octets(),
            zero: [0; 8],
        }
    }
}

fn socketcall(call: usize, arguments: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: the callers below pass pointers with the sizes of what they point at.
    unsafe { syscall([number::SOCKETCALL, call, at(&arguments), NONE, NONE, NONE]) }
}

/// A socket.
#[derive(Debug)]
pub struct Socket(pub Fd);

impl Socket {
    /// For datagrams.
    pub fn datagram() -> Result<Self, Errno> {
        Self::new(2)
    }

    /// For a connection.
    pub fn stream() -> Result<Self, Errno> {
        Self::new(1)
    }

    fn new(kind: usize) -> Result<Self, Errno> {
        let arguments = [AF_INET.into(), kind, NONE, NONE, NONE, NONE];
        socketcall(call::SOCKET, arguments).map(|fd| Socket(Fd(fd as i32)))
    }

    fn set<T: ?Sized>(&self, option: usize, value: &T) -> Result<(), Errno> {
        const SOCKET_LEVEL: usize = 1;
        let size = core::mem::size_of_val(value);
        let arguments = [
            self.0 .0 as usize,
            SOCKET_LEVEL,
            option,
            at(value),
            size,
            NONE,
        ];
        socketcall(call::SETSOCKOPT, arguments).map(drop)
    }

    /// For broadcasts through one network card alone.
    pub fn broadcast_on(&self, card: &[u8; CARD_NAME]) -> Result<(), Errno> {
        const BROADCAST: usize = 6;
        const BIND_TO_DEVICE: usize = 25;
        self.set(BROADCAST, &1u32)?;
        self.set(BIND_TO_DEVICE, card)
    }

    /// Gives up sending and connecting after so many seconds.
    pub fn send_limit(&self, seconds: u32) -> Result<(), Errno> {
        const SEND_TIME_OUT: usize = 21;
        self.set(SEND_TIME_OUT, &[seconds, 0])
    }

    /// Takes a port.
    pub fn bind(&self, port: u16) -> Result<(), Errno> {
        let own = SocketAddress::new(Ipv4Addr::UNSPECIFIED, port);
        let size = core::mem::size_of_val(&own);
        let arguments = [self.0 .0 as usize, at(&own), size, NONE, NONE, NONE];
        socketcall(call::BIND, arguments).map(drop)
    }

    /// Connects.
    pub fn connect(&self, to: &SocketAddress) -> Result<(), Errno> {
        let size = core::mem::size_of_val(to);
        let arguments = [self.0 .0 as usize, at(to), size, NONE, NONE, NONE];
        socketcall(call::CONNECT, arguments).map(drop)
    }

    /// Sends a datagram.
    pub fn send_to(&self, bytes: &[u8], to: &SocketAddress) -> Result<(), Errno> {
        let size = core::mem::size_of_val(to);
        let arguments = [
            self.0 .0 as usize,
            at(bytes),
            bytes.len(),
            NONE,
            at(to),
            size,
        ];
        socketcall(call::SENDTO, arguments).map(drop)
    }
}

/// Bytes of a network card's name (`IFNAMSIZ`).
pub const CARD_NAME: usize = 16;

/// A question about a network card (`struct ifreq`).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct CardRequest {
    /// Its name, ended with a zero.
    pub name: [u8; CARD_NAME],
    /// What is asked or said.
    pub value: [u8; 16],
}

/// A route (`struct rtentry`).
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Route {
    pad1: usize,
    to: SocketAddress,
    gateway: SocketAddress,
    mask: SocketAddress,
    flags: u16,
    rest: [usize; 9],
}

// What `sizeof` gives on 32-bit x86.
const _: () = assert!(core::mem::size_of::<CardRequest>() == 32);
const _: () = assert!(core::mem::size_of::<Route>() == 92);

impl Route {
    /// Everything else goes to this router.
    pub fn default_by(router: Ipv4Addr) -> Self {
        const UP: u16 = 1;
        const GATEWAY: u16 = 2;
        let any = SocketAddress::new(Ipv4Addr::UNSPECIFIED, 0);
        Route {
            to: any,
            gateway: SocketAddress::new(router, 0),
            mask: any,
            flags: UP | GATEWAY,
            ..Route::default()
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    console(b"\nverdigris-init has failed: a bug.\nCtrl-Alt-Del restarts the machine.\n");
    loop {
        sleep_ms(u32::MAX);
    }
}
