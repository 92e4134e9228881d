//! The tiny miner as a Power Macintosh's own program: Open Firmware starts it, its console is the line to the
//! relay ([serial line](../../../docs/serial.md)), and nothing else runs.
//!
//! What the firmware is asked for goes through its client interface ([`client`]).
#![no_std]

pub mod client;
