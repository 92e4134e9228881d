//! From a node's challenge to every permutation, pattern and operand of a probe.
//!
//! A [`Seed`] binds the challenge to the miner it was answered for; a [`Stream`] is one channel's
//! deterministic sequence drawn from it. The node derives the same streams and recomputes the
//! digests ([`crate::replay`]), so evidence measured before the challenge, or for another miner,
//! does not fit.

use sha2::{Digest, Sha256};

/// Domain separation for [`Seed::derive`].
const SEED_DOMAIN: &[u8] = b"verdigris/probe/1\0";

/// 256 bits that decide everything a probe draws at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed([u64; 4]);

impl Seed {
    /// Binds a challenge to a miner: SHA-256 over a domain tag, the nonce's text as the node sent
    /// it, a zero byte, and the miner's id.
    pub fn derive(nonce: &str, miner: &str) -> Self {
        let hash = Sha256::new()
            .chain_update(SEED_DOMAIN)
            .chain_update(nonce.as_bytes())
            .chain_update([0])
            .chain_update(miner.as_bytes())
            .finalize();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(hash.chunks_exact(8)) {
            let mut le = [0; 8];
            le.copy_from_slice(bytes);
            *word = u64::from_le_bytes(le);
        }
        Seed(words)
    }

    /// The sequence for one use. `tag` separates uses; each channel has its own range of tags
    /// (see [`crate::channels`]).
    pub fn stream(&self, tag: u32) -> Stream {
        let [a, b, c, d] = self.0;
        let mut key = Stream { state: a };
        let mut state = key.next_u64() ^ b ^ u64::from(tag);
        key.state = state;
        state = key.next_u64() ^ c;
        key.state = state;
        state = key.next_u64() ^ d;
        Stream { state }
    }
}

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014):
/// one 64-bit state, three multiplications, the same on every architecture. Unpredictability comes
/// from the nonce, not from the generator.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

/// The golden-ratio increment of SplitMix64.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Stream {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        finish(self.state)
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        (self.next_u64() >> 32) as u32
    }

    /// A number below `bound` (which must not be 0), by multiply-shift: a bias below 2^-32 × bound,
    /// which no probe can notice.
    pub fn below(&mut self, bound: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(bound)) >> 32) as u32
    }
}

/// The output function of SplitMix64: a bijection of the 64-bit words that mixes every bit.
pub const fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Folds `value` into a channel's running digest. Order matters; the start value is 0.
pub const fn fold(digest: u64, value: u64) -> u64 {
    finish(digest.rotate_left(23) ^ value).wrapping_add(GOLDEN_GAMMA)
}

/// The 32 bits of a folded digest that travel on the wire.
pub const fn wire_digest(digest: u64) -> u32 {
    (digest ^ (digest >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_known_answers() {
        // The published reference sequence for seed 1234567.
        let mut stream = Stream { state: 1_234_567 };
        assert_eq!(stream.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(stream.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn every_input_moves_every_stream() {
        let seed = Seed::derive("n", "m");
        assert_ne!(seed, Seed::derive("n", "x"));
        assert_ne!(seed, Seed::derive("x", "m"));
        assert_ne!(seed.stream(1).next_u64(), seed.stream(2).next_u64());
    }
}
