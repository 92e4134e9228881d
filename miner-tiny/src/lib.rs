//! What a miner does without std, alloc or I/O: turn evidence into a signed submission.
//!
//! [`describe`] says in the network's words what the evidence shows ([`legacy`] holds the existing
//! network's own checks); [`compose`] writes the submission as canonical JSON, has exactly those
//! bytes signed, and adds the signature; [`answer`] finds what a node signed. [`session`] drives all
//! of it, from the challenge to the node's verdict, without knowing a socket or a clock;
//! [`program`] is the tiny program around it, for any system; [`self_check`] shows whether a machine
//! computes what every other one does. Parts of that program that need no system: [`dns`], [`entropy`],
//! and [`link`], a connection over a serial line.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod answer;
pub mod device;
pub mod dns;
pub mod entropy;
pub mod http;
pub mod json;
pub mod legacy;
pub mod link;
pub mod program;
#[cfg(feature = "self-check")]
pub mod self_check;
pub mod session;
pub mod submission;
pub mod wallet;

#[cfg(any(test, feature = "self-check"))]
mod sample;
mod scalar;

pub use submission::{compose, describe, ComposeError, Host};
