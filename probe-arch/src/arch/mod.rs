//! The port list: which folder provides the kernels of which architecture.
//!
//! Every native folder has the same files, so that who knows one knows all: `counter`, `identity`,
//! `integer`, `float`, `simd`, `branch`, `memory`, `quirks`, `fresh_code`, `trap`, and `mod.rs`, which
//! makes a `Port` of them and names `DefaultTicks`, `WORD_NAMES`, `hypervisor` and `hypervisor_root`.
//! What they have in common is in `common`, which each takes in as its own.
//! The folder `c` serves every other architecture; the files of one lie in `c-shims/src/arch`.

pub mod c;

#[cfg(target_arch = "aarch64")]
#[path = "aarch64/mod.rs"]
mod native;

// The M profile of ARM, which has no A32, is served by C.
#[cfg(all(target_arch = "arm", not(thumb_only)))]
#[path = "arm/mod.rs"]
mod native;

#[cfg(any(target_arch = "powerpc", target_arch = "powerpc64"))]
#[path = "powerpc/mod.rs"]
mod native;

#[cfg(target_arch = "riscv64")]
#[path = "riscv64/mod.rs"]
mod native;

#[cfg(target_arch = "x86")]
#[path = "x86/mod.rs"]
mod native;

#[cfg(target_arch = "x86_64")]
#[path = "x86_64/mod.rs"]
mod native;

#[cfg(not(any(
    target_arch = "aarch64",
    all(target_arch = "arm", not(thumb_only)),
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "riscv64",
    target_arch = "x86",
    target_arch = "x86_64"
)))]
use c as native;

/// The processor's counter, or another clock: of the architectures whose processors need not have a
/// counter that a program may read. The others always have [`DefaultTicks`].
#[cfg(not(any(
    target_arch = "aarch64",
    target_arch = "powerpc",
    target_arch = "powerpc64",
    target_arch = "riscv64",
    target_arch = "x86_64"
)))]
pub use native::Counter;
pub use native::{hypervisor, hypervisor_root, Backend, DefaultTicks, WORD_NAMES};
