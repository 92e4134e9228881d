//! The digests that every back end gives: [`fold`] over the lanes in order, from 0.

use probe_core::machine::NAN_DIGEST;
use probe_core::seed::fold;

/// Bits by which the second register of a pairwise lane is rotated in its digest.
const PAIR_ROTATION: u32 = 16;

/// The digest of lanes of which each has one already.
pub fn lanes(lanes: impl IntoIterator<Item = u64>) -> u64 {
    lanes.into_iter().fold(0, fold)
}

/// The digest of integer lanes.
pub fn integers(lanes: &[u32]) -> u64 {
    self::lanes(lanes.iter().map(|&lane| u64::from(lane)))
}

/// The digest of binary64 lanes: their bits, and one value for any NaN.
pub fn floats(lanes: &[f64]) -> u64 {
    self::lanes(lanes.iter().map(|lane| {
        if lane.is_nan() {
            NAN_DIGEST
        } else {
            lane.to_bits()
        }
    }))
}

/// The digest of one pairwise lane.
pub const fn pair(x: u32, y: u32) -> u32 {
    x ^ y.rotate_left(PAIR_ROTATION)
}

/// The digest of vector lanes: for each the fold, from 0, of its words.
pub fn vectors<const WORDS: usize>(lanes: &[[u32; WORDS]]) -> u64 {
    self::lanes(
        lanes
            .iter()
            .map(|words| self::lanes(words.iter().map(|&word| u64::from(word)))),
    )
}
