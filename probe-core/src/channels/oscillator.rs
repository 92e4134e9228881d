//! The tick counter against fixed work and against an independent clock.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Allan deviation of the work's duration at octaves of averaging, 1, 2, 4 … samples, parts per billion of the mean.
    pub allan_ppb: Vec<u32, 12>,
    /// Paired readings, `[ticks, nanoseconds]` since the first pair, spread over the whole probe; empty without an independent clock.
    pub clock: Vec<[u64; 2], 9>,
    /// Coefficient of variation of the samples, parts per million.
    pub cv_ppm: u32,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Samples by excess over the minimum; bins by [`bin`].
    pub histogram: Vec<u16, 24>,
    /// Iterations of the add chain in one sample.
    pub iterations: u32,
    /// Lag-1 autocorrelation, parts per million.
    pub lag1_ppm: i32,
    /// Mean sample, ticks.
    pub mean: u32,
    /// Smallest sample, ticks.
    pub minimum: u32,
    /// Samples taken.
    pub samples: u16,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
