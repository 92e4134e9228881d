//! Linux for a program that has no C library: what [`miner_tiny::program`] needs of a system, by raw system
//! calls.
//!
//! [`system::Linux`] is the whole of it, put together from [`files`], [`host`], [`memory`], [`net`],
//! [`terminal`], [`time`], [`wait`] and [`code`]. Each asks the kernel for the newest call that matters, and
//! falls back to what Linux 2.0 to 2.4 had. `arch` holds what depends on the processor: how to call, and
//! where a program starts.
#![no_std]

#[cfg(test)]
extern crate std;

mod arch;
mod errno;
mod kernel;
mod numbers;

pub mod code;
pub mod files;
pub mod host;
pub mod memory;
pub mod net;
pub mod start;
pub mod system;
pub mod terminal;
pub mod time;
pub mod wait;

pub use errno::Errno;
pub use kernel::exit;

/// Makes a system call by its number.
///
/// # Errors
/// The kernel's.
///
/// # Safety
/// As the call demands.
pub unsafe fn raw_call(number: u32, arguments: [usize; 6]) -> Result<usize, Errno> {
    // SAFETY: the caller's promise.
    unsafe { kernel::by_number(number, &arguments) }
}
