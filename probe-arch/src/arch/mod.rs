//! The port list: which folder provides the kernels of which architecture.
//!
//! Every native folder has the same files, so that who knows one knows all: `counter`, `identity`,
//! `integer`, `float`, `simd`, `branch`, `memory`, `quirks`, `fresh_code`, `trap`, and `mod.rs`
//! that makes a [`Native`] of them. `--cfg verdigris_portable` takes the C kernels everywhere.

#[cfg_attr(
    all(target_arch = "x86_64", not(verdigris_portable)),
    path = "x86_64/mod.rs"
)]
#[cfg_attr(
    any(verdigris_portable, not(target_arch = "x86_64")),
    path = "portable/mod.rs"
)]
mod native;

pub use native::*;
