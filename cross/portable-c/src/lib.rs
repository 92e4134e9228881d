//! The tiny miner as a WebAssembly module: everything but the kernels and the system calls, which it
//! imports from its host, `host/` in C. The program is only built for `wasm32`; what reads texts is
//! tested on any machine.
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod arguments;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod key_file;
#[cfg(target_arch = "wasm32")]
mod known_nodes;
#[cfg(any(target_arch = "wasm32", test))]
mod lines;
#[cfg(any(target_arch = "wasm32", test))]
mod node;
#[cfg(target_arch = "wasm32")]
mod program;
#[cfg(target_arch = "wasm32")]
mod report;
#[cfg(target_arch = "wasm32")]
mod surroundings;
