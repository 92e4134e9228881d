//! The port list: which folder provides the kernels of which architecture.
//!
//! Every native folder has the same files, so that who knows one knows all: `counter`, `identity`,
//! `integer`, `float`, `simd`, `branch`, `memory`, `quirks`, `fresh_code`, `trap`, and `mod.rs`
//! that makes a [`Native`] of them.

#[cfg_attr(target_arch = "x86_64", path = "x86_64/mod.rs")]
#[cfg_attr(not(target_arch = "x86_64"), path = "portable/mod.rs")]
mod native;

pub use native::*;
