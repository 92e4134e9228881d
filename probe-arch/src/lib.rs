//! How this processor is touched: its counter, its identification, its instruction kernels.
//!
//! [`Native`] is the machine that this program was built for, as [`probe_core`] measures it:
//! instructions written out where the back end is native, C elsewhere. [`Portable`] is the same machine
//! by the C kernels alone. [`platform`] is
//! what a bare processor lacks and an operating system or a firmware lends (memory to run fresh
//! code in, sleep); [`os`] lends it on Unix. All `unsafe` of the workspace lives here and in
//! `c-shims`, and this crate knows no statistics.
#![no_std]

#[cfg(all(feature = "os", unix))]
extern crate std;

pub mod arch;
mod fresh;
#[cfg(all(
    feature = "linux",
    target_os = "linux",
    any(
        target_arch = "aarch64",
        target_arch = "arm",
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "riscv64",
        target_arch = "x86",
    )
))]
mod linux;
mod native;
#[cfg(all(feature = "os", unix))]
pub mod os;
pub mod platform;
pub mod timers;

pub use arch::DefaultTicks;
pub use native::{Native, Port, Portable, Processor};
pub use platform::{DefaultPlatform, NoPlatform, Platform};
