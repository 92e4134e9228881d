//! The tiny miner as a WebAssembly module: everything but the kernels and the system calls, which it
//! imports from its host, `host/` in C. Only built for `wasm32`; on any other target it is empty.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod arguments;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod program;
#[cfg(target_arch = "wasm32")]
mod report;
