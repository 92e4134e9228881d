//! What the first program of the boot disk decides, without touching the machine: its settings, the
//! conversation that gets an address, what the miner says, what the wallet holds.
//!
//! Everything here reads bytes from outside: a file that people edit, datagrams, a node's answer. The
//! program around it is in `init/`, and is built for 32-bit x86 alone.
#![no_std]
#![forbid(unsafe_code)]

pub mod balance;
pub mod config;
pub mod dhcp;
pub mod watch;
