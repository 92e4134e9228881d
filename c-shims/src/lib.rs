//! The kernels of [`probe_core::machine`] in C, for what Rust has no stable assembly for, and for
//! everything that has a C compiler and no Rust.
//!
//! [`kernels`] is what plain C can do on any processor (`include/verdigris_shims.h`), [`arch`] what
//! one architecture adds (`include/verdigris_arch.h`, a folder each in `src/arch`). [`digest`],
//! [`ring`] and [`sound`] are what every back end shares: the digest of lanes, the laying of a ring,
//! and the checks that keep kernels from faults.
#![no_std]

pub mod arch;
pub mod digest;
pub mod kernels;
mod raw;
pub mod ring;
pub mod sound;
