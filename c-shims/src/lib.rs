//! The kernels of [`probe_core::machine`] in portable C.
#![no_std]

pub mod digest;
pub mod ring;
