//! Keyed hashes of what names a machine or a person: HMAC-SHA-256 (RFC 2104, FIPS 198-1) with a secret
//! of the node, so that a copy of the database cannot be searched for a serial number or an address.
//! The secret never changes: with another, every machine would be a new one.

use hmac::{Hmac, KeyInit, Mac};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;
use std::borrow::Cow;

use crate::keys::{hex, unhex};

/// Bytes of the secret.
pub const SECRET_BYTES: usize = 32;

/// Bytes of a block of SHA-256.
const BLOCK_BYTES: usize = 64;

/// Bytes of a hash that are kept: 2^-64 for a collision among 2^32 machines.
pub const TAG_BYTES: usize = 16;

/// What is hashed: the same text as something else is another hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A serial number of the firmware's.
    Firmware,
    /// The operating system's own number of the installation.
    MachineId,
    /// A hardware address.
    Mac,
    /// A network: the first part of an address.
    Network,
    /// A miner's name.
    Miner,
    /// What a ROM contains.
    Rom,
    /// The secret itself: a hash in the database tells whether another one is used.
    Check,
}

impl Field {
    /// Never to be changed: hashes that are kept depend on it.
    fn label(self) -> &'static [u8] {
        match self {
            Field::Firmware => b"verdigris/firmware-serial/1\0",
            Field::MachineId => b"verdigris/machine-id/1\0",
            Field::Mac => b"verdigris/mac/1\0",
            Field::Network => b"verdigris/network/1\0",
            Field::Miner => b"verdigris/miner/1\0",
            Field::Rom => b"verdigris/rom/1\0",
            Field::Check => b"verdigris/check/1\0",
        }
    }
}

/// A keyed hash, as it is kept and looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; TAG_BYTES]);

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        unhex(&text)
            .map(Tag)
            .ok_or_else(|| D::Error::custom("a hash has 32 hexadecimal digits"))
    }
}

/// The node's secret, ready to hash with. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct Salt(Hmac<Sha256>);

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Salt {
    /// With the node's secret. Nodes that share a database share it.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        // A key shorter than a block is filled with zeros (RFC 2104, section 2).
        let mut block = [0; BLOCK_BYTES];
        block[..SECRET_BYTES].copy_from_slice(secret);
        Salt(Hmac::new(&block.into()))
    }

    /// The hash of `text` as a `field`.
    pub fn tag(&self, field: Field, text: &[u8]) -> Tag {
        let full = self.keyed(field, text).finalize().into_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&full[..TAG_BYTES]);
        Tag(tag)
    }

    /// Whether `tag` is the hash of `text`, in a time that does not tell how much of it agrees: for
    /// answers that go to whoever sent the text. (A look-up in an index needs none: it compares
    /// hashes, which nobody outside can choose.)
    pub fn is(&self, tag: &Tag, field: Field, text: &[u8]) -> bool {
        self.keyed(field, text)
            .verify_truncated_left(&tag.0)
            .is_ok()
    }

    fn keyed(&self, field: Field, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(field.label());
        mac.update(text);
        mac
    }
}
