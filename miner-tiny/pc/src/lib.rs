//! A PC without an operating system, as a board of [`miner_tiny::program::polled`].
//!
//! Everything is polled but one thing: the timer's interrupt, 18 times a second, counts how often the timer went round.
//! There is one thread, and nothing here is shared with anybody but that interrupt. The parts are also compiled
//! for 64 bits, so that whoever builds the workspace compiles them; `system` is for 32.
#![no_std]
#![cfg(any(target_arch = "x86", target_arch = "x86_64"))]

pub mod memory;
pub mod ports;
pub mod screen;
pub mod serial;
#[cfg(target_arch = "x86")]
pub mod system;
pub mod timer;
