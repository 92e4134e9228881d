//! A node to attest to: its own program on the loopback interface, as a miner meets it, and a client that speaks to it.
//! For rigs and for what runs built miners; a node's insides are tested in its own crate.

mod client;
mod process;

pub use client::{Answer, Challenge, Client};
pub use process::{guarded, Node};
