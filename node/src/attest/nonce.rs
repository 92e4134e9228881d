//! The challenge's text: it proves by itself who issued it, when, and to whom, so that the node keeps
//! nothing of a challenge until it is answered.
//!
//! | bytes | |
//! |---|---|
//! | 6 | when it was issued, milliseconds since 1970, big-endian: nonces issued together lie together in the log's index |
//! | 8 | random |
//! | 4 | who alone may answer it: the start of a keyed hash of the miner's id; zero for everybody |
//! | 14 | the start of a keyed hash of the 18 bytes before |
//!
//! Both hashes are HMAC-SHA-256 under a key that is derived from the node's, so all processes on one
//! database take each other's challenges. A forger has one chance in 2^112 a try, and the tag is compared
//! in constant time. That a challenge is answered once is the log's to know: its nonces are unique.

use crate::keys::{hex, random, unhex, NoRandomness, NodeKey};

/// Bytes of a nonce.
const BYTES: usize = 32;

/// Where the bytes that the tag covers end, and of these the time, and what is random.
const COVERED: usize = 18;
const TIME_END: usize = 6;
const RANDOM_END: usize = 14;

/// What the keyed hashes are for, so that none can be taken for another.
const TAG: &str = "challenge";
const MINER: &str = "challenge of a miner";

/// Whom a challenge without a miner is for.
const EVERYBODY: [u8; COVERED - RANDOM_END] = [0; COVERED - RANDOM_END];

/// What a nonce of this node says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// When it was issued, milliseconds since 1970.
    pub issued_ms: i64,
    bound: [u8; COVERED - RANDOM_END],
}

/// A new nonce, for one miner or for everybody.
///
/// # Errors
/// [`NoRandomness`].
pub fn issue(key: &NodeKey, issued_ms: i64, miner: Option<&str>) -> Result<String, NoRandomness> {
    let mut bytes = [0; BYTES];
    // A clock before 1970 issues challenges that ended long ago; six bytes last until the year 10889.
    let time = u64::try_from(issued_ms).unwrap_or(0).to_be_bytes();
    bytes[..TIME_END].copy_from_slice(&time[time.len() - TIME_END..]);
    bytes[TIME_END..RANDOM_END].copy_from_slice(&random::<{ RANDOM_END - TIME_END }>()?);
    bytes[RANDOM_END..COVERED]
        .copy_from_slice(&miner.map_or(EVERYBODY, |miner| hash_of(key, miner)));
    let tag = key.tag(TAG, &bytes[..COVERED]);
    bytes[COVERED..].copy_from_slice(&tag[..BYTES - COVERED]);
    Ok(hex(&bytes))
}

/// What a nonce says; `None` where this node's key did not make it.
pub fn read(key: &NodeKey, nonce: &str) -> Option<Nonce> {
    let bytes: [u8; BYTES] = unhex(nonce)?;
    // Others spell the same bytes in capitals; the log knows one spelling.
    if nonce.bytes().any(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let (covered, tag) = bytes.split_at(COVERED);
    if !key.is_tag(TAG, covered, tag) {
        return None;
    }
    let mut time = [0; 8];
    time[8 - TIME_END..].copy_from_slice(&covered[..TIME_END]);
    let mut bound = EVERYBODY;
    bound.copy_from_slice(&covered[RANDOM_END..]);
    Some(Nonce {
        // Six bytes.
        issued_ms: i64::try_from(u64::from_be_bytes(time)).ok()?,
        bound,
    })
}

impl Nonce {
    /// Whether this miner may answer it.
    pub fn is_for(&self, key: &NodeKey, miner: &str) -> bool {
        self.bound == EVERYBODY || self.bound == hash_of(key, miner)
    }
}

/// Never [`EVERYBODY`].
fn hash_of(key: &NodeKey, miner: &str) -> [u8; COVERED - RANDOM_END] {
    let mut hash = EVERYBODY;
    hash.copy_from_slice(&key.tag(MINER, miner.as_bytes())[..COVERED - RANDOM_END]);
    if hash == EVERYBODY {
        hash[0] = 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> NodeKey {
        NodeKey::new(&[7; 32])
    }

    #[test]
    fn a_nonce_says_when_and_for_whom() {
        let now_ms = 1_800_000_000_123;
        let bound = read(&key(), &issue(&key(), now_ms, Some("dual-g4")).unwrap()).unwrap();
        assert_eq!(bound.issued_ms, now_ms);
        assert!(bound.is_for(&key(), "dual-g4") && !bound.is_for(&key(), "dual-g5"));
        let free = read(&key(), &issue(&key(), now_ms, None).unwrap()).unwrap();
        assert!(free.is_for(&key(), "dual-g4") && free.is_for(&key(), "dual-g5"));
    }

    #[test]
    fn nonces_differ_and_are_the_nodes_own() {
        let issue = |key: &NodeKey| issue(key, 5, None).unwrap();
        assert_ne!(issue(&key()), issue(&key()));
        assert_eq!(read(&key(), &issue(&NodeKey::new(&[8; 32]))), None);
        assert_eq!(read(&key(), &issue(&key()).to_uppercase()), None);
        assert_eq!(read(&key(), ""), None);
    }

    proptest! {
        #[test]
        fn every_bit_is_covered(issued_ms in 0i64..1 << 47, miner: Option<String>, bit in 0usize..256) {
            let nonce = issue(&key(), issued_ms, miner.as_deref()).unwrap();
            let mut bytes: [u8; BYTES] = unhex(&nonce).unwrap();
            prop_assert!(read(&key(), &nonce).is_some());
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(read(&key(), &hex(&bytes)), None);
        }
    }
}
