//! What Verdigris measures and what the measurements mean, without knowing any processor.
//!
//! Reading order: [`ticks`] and [`machine`] are what an architecture must provide; [`seed`] is how a
//! challenge decides operands and permutations; [`channels`] hold one measurement each; [`prober`]
//! runs them a bounded slice at a time; [`evidence`] and [`wire`] are what leaves the machine;
//! [`replay`] is how a node checks the digests. Nothing here allocates, and nothing here judges.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod channels;
pub mod evidence;
mod json;
pub mod machine;
pub mod measure;
pub mod plan;
pub mod prober;
pub mod replay;
pub mod seed;
pub mod stats;
pub mod ticks;
pub mod wire;
