//! `verdigris-tiny` for Linux, without a C library.
//!
//! Nothing here unwinds and nothing allocates. `_start`, in [`verdigris_linux`], calls [`verdigris_start`].
#![no_std]
#![no_main]

#[cfg(target_arch = "arm")]
use core::ffi::c_int;
use core::ffi::c_ulong;
use core::sync::atomic::{AtomicPtr, Ordering};
#[cfg(target_arch = "arm")]
use linux_raw_sys::general;
#[cfg(any(target_arch = "arm", target_arch = "riscv64"))]
use verdigris_linux::raw_call;
use verdigris_linux::start::Start;
use verdigris_linux::system::Linux;

verdigris_linux::start!();

/// Exit status after a fault of the program's own, as programs in Rust have it.
const FAULT: i32 = 101;

/// The stack as the kernel left it.
static STACK: AtomicPtr<usize> = AtomicPtr::new(core::ptr::null_mut());

/// What the kernel handed over.
fn start() -> Start {
    let stack = STACK.load(Ordering::Relaxed);
    if stack.is_null() {
        return Start::NOTHING;
    }
    // SAFETY: only `verdigris_start` sets it, to what the kernel left.
    unsafe { Start::from_stack(stack) }
}

/// Where `_start` goes on.
#[no_mangle]
extern "C" fn verdigris_start(stack: *mut usize) -> ! {
    STACK.store(stack, Ordering::Relaxed);
    let mut system = Linux::new(start());
    verdigris_linux::exit(miner_tiny::program::run(&mut system))
}

/// An entry of the auxiliary vector, 0 where there is none: what `probe-arch` asks Linux.
#[no_mangle]
extern "C" fn getauxval(entry: c_ulong) -> c_ulong {
    start().auxiliary(entry as usize) as c_ulong
}

/// A system call by its number, -1 where it fails: what `probe-arch` asks of this architecture's Linux. The
/// caller passes arguments as to a function of any number of them, which is the same here (RISC-V psABI,
/// "Integer Calling Convention": arguments beyond the named ones go in registers alike).
///
/// # Safety
/// As the call demands.
#[cfg(target_arch = "riscv64")]
#[no_mangle]
unsafe extern "C" fn syscall(
    number: usize,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
) -> isize {
    // SAFETY: the caller's promise.
    unsafe { raw_call(number as u32, [a, b, c, d, e, 0]) }.map_or(-1, |result| result as isize)
}

/// Opens a file: what `probe-arch` asks of this architecture's Linux, to read only. The flags are the last
/// named argument, and there are no others.
///
/// # Safety
/// `name` must be a text that ends in a zero byte.
#[cfg(target_arch = "arm")]
#[no_mangle]
unsafe extern "C" fn open(name: *const core::ffi::c_char, flags: c_int) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        raw_call(
            general::__NR_open,
            [name as usize, flags as usize, 0, 0, 0, 0],
        )
    }
    .map_or(-1, |file| file as c_int)
}

/// Reads from a file.
///
/// # Safety
/// `room` bytes at `to` must be the caller's to write.
#[cfg(target_arch = "arm")]
#[no_mangle]
unsafe extern "C" fn read(file: c_int, to: *mut core::ffi::c_void, room: usize) -> isize {
    // SAFETY: the caller's promise.
    unsafe {
        raw_call(
            general::__NR_read,
            [file as usize, to as usize, room, 0, 0, 0],
        )
    }
    .map_or(-1, |count| count as isize)
}

/// Closes a file.
#[cfg(target_arch = "arm")]
#[no_mangle]
extern "C" fn close(file: c_int) -> c_int {
    // SAFETY: touches no memory.
    unsafe { raw_call(general::__NR_close, [file as usize, 0, 0, 0, 0, 0]) }.map_or(-1, |_| 0)
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    verdigris_linux::exit(FAULT)
}
