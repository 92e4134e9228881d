//! The kernels of [`probe_core::machine`] in portable C, for targets without a native back end.
//!
//! [`Portable`] is the machine that C can see; `include/verdigris_shims.h` documents the kernels
//! for those who call them without Rust. [`digest`], [`ring`] and [`sound`] are what every back end
//! shares: the digest of lanes, the laying of a ring, and the checks that keep kernels from faults.
#![no_std]

pub mod digest;
mod portable;
mod raw;
pub mod ring;
pub mod sound;

pub use portable::Portable;
