//! Buckets of miners that have something in common: one row for each key, of bounded size.
//!
//! A database holds [`Bucket`] under [`Key`], and moves a row by [`Bucket::enter`]; [`Memory`] does the
//! same for tests. Nothing scans.

use crate::binding::salt::Tag;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Miners that a bucket names. More only count.
pub const BUCKET: usize = 64;

/// Epochs after which a miner that was not seen leaves.
pub const EPOCHS_KEPT: i64 = 2;

/// What miners of one bucket have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum Kind {
    /// The raw measurements, to the last digit.
    Copy,
    /// The counter's source and rate, and when it began to count.
    Start,
    /// A serial of the firmware.
    Firmware,
    /// A network card.
    Mac,
    /// An installation.
    MachineId,
    /// Network.
    Network,
    /// Part of a profile: locality-sensitive, so that near profiles share some.
    Band,
    /// A ROM.
    Rom,
}

/// A row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// Of what.
    pub kind: Kind,
    /// Hash of it.
    pub digest: [u8; 16],
}

impl Key {
    /// The key of these parts, each with its length before it, so that no two lists are one text.
    pub fn of(kind: Kind, parts: &[&[u8]]) -> Self {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update([kind as u8]);
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let full = hash.finalize();
        let mut digest = [0; 16];
        digest.copy_from_slice(&full[..16]);
        Key { kind, digest }
    }
}

/// A miner in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Who.
    pub miner: Tag,
    /// Last epoch in which it attested.
    pub epoch: i64,
}

/// A row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    entries: Vec<Entry>,
    /// Epoch that `missed` counts in.
    epoch: i64,
    /// Attestations of that epoch whose miner found no place.
    missed: u32,
}

impl Bucket {
    /// Puts a miner in, and those out that have not been seen for [`EPOCHS_KEPT`] epochs. In a full
    /// bucket the newcomer is only counted: who is there stays, so that nobody is pushed out of sight.
    pub fn enter(&mut self, miner: Tag, epoch: i64) {
        self.entries
            .retain(|e| e.miner == miner || epoch.saturating_sub(e.epoch) <= EPOCHS_KEPT);
        if self.epoch != epoch {
            self.epoch = epoch;
            self.missed = 0;
        }
        if let Some(known) = self.entries.iter_mut().find(|e| e.miner == miner) {
            known.epoch = epoch;
        } else if self.entries.len() < BUCKET {
            self.entries.push(Entry { miner, epoch });
        } else {
            self.missed = self.missed.saturating_add(1);
        }
    }

    /// Whether it names no more miners than it may: what came from a database may.
    pub fn is_sound(&self) -> bool {
        self.entries.len() <= BUCKET
    }

    /// Who is in it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many it was entered by, at most: those that found no place count each time.
    pub fn crowd(&self) -> u32 {
        // A bucket holds fewer than 2^32.
        (self.entries.len() as u32).saturating_add(self.missed)
    }
}

/// Where buckets are.
pub trait Index {
    /// What goes wrong with a row.
    type Error;

    /// Moves one row by [`Bucket::enter`], making it where there is none, and gives it as it then is.
    ///
    /// # Errors
    /// As the store has them.
    fn enter(&mut self, key: Key, miner: Tag, epoch: i64) -> Result<Bucket, Self::Error>;
}

/// An index in memory.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    rows: HashMap<Key, Bucket>,
}

impl Memory {
    /// Rows that there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

impl Index for Memory {
    type Error = std::convert::Infallible;

    fn enter(&mut self, key: Key, miner: Tag, epoch: i64) -> Result<Bucket, Self::Error> {
        let bucket = self.rows.entry(key).or_default();
        bucket.enter(miner, epoch);
        Ok(bucket.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn miner(n: u32) -> Tag {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        Tag(bytes)
    }

    #[test]
    fn a_bucket_is_bounded_and_forgets() {
        let mut bucket = Bucket::default();
        for n in 0..1_000 {
            bucket.enter(miner(n), 5);
        }
        assert_eq!(bucket.entries().len(), BUCKET);
        assert_eq!(bucket.crowd(), 1_000);
        bucket.enter(miner(3), 5);
        assert_eq!(bucket.crowd(), 1_000, "who is there counts once");
        bucket.enter(miner(3), 5 + EPOCHS_KEPT);
        assert_eq!(
            bucket.crowd(),
            64,
            "who found no place is counted anew in every epoch"
        );
        bucket.enter(miner(3), 6 + EPOCHS_KEPT);
        assert_eq!(bucket.entries().len(), 1);
    }

    #[test]
    fn keys_tell_parts_apart() {
        let key = |parts: &[&[u8]]| Key::of(Kind::Band, parts);
        assert_ne!(key(&[b"ab", b"c"]), key(&[b"a", b"bc"]));
        assert_ne!(Key::of(Kind::Mac, &[b"a"]), Key::of(Kind::Band, &[b"a"]));
    }
}
