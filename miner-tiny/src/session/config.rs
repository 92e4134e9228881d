//! What a session is told before it starts.

use crate::submission::{PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use probe_core::channels::environment::Fact;
use probe_core::plan::Plan;

/// Who signs: a wallet in memory, a smart card, a host on the other side of a call.
pub trait Signer {
    /// The Ed25519 public key (RFC 8032), the same one each time.
    fn public_key(&self) -> [u8; PUBLIC_KEY_BYTES];

    /// An Ed25519 signature over `message` by that key. Called once for each time that a submission
    /// is composed; may take as long as it needs.
    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES];
}

impl<S: Signer + ?Sized> Signer for &S {
    fn public_key(&self) -> [u8; PUBLIC_KEY_BYTES] {
        S::public_key(self)
    }

    fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        S::sign(self, message)
    }
}

/// What a session is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Ask the node for a challenge, measure, submit.
    #[default]
    Attest,
    /// Ask for a challenge, measure, sign, and stop before submitting.
    Rehearse,
    /// Measure and sign for a nonce of zeros, without any node.
    Offline,
}

/// What a session is told.
#[derive(Debug, Clone, Copy)]
pub struct Config<'a> {
    /// The `Host` header: host name or address of the node, with `:port` unless it is 80. Printable
    /// ASCII without spaces, at most [`super::HOST_MAX`] bytes.
    pub host: &'a str,
    /// What stands before `/attest/…` in the node's paths, without a slash at its end: mostly empty.
    /// At most [`super::BASE_MAX`] bytes.
    pub base: &'a str,
    /// What to do.
    pub purpose: Purpose,
    /// How much to measure.
    pub plan: Plan,
    /// The miner to credit, 1 to 128 of `[A-Za-z0-9._:-]`; empty for the signer's own address.
    pub miner: &'a str,
    /// The miner's own name for itself, of the same form; empty for architecture and host name.
    pub name: &'a str,
    /// The node's public key where it is known: answers signed by another key, or accepting answers
    /// that are not signed, are then not believed.
    pub node_key: Option<[u8; PUBLIC_KEY_BYTES]>,
    /// What the operating system says of the machine, the telling facts first; empty where there is
    /// nobody to ask. Facts that do not fit a submission are left out from the end.
    pub facts: &'a [Fact],
}
