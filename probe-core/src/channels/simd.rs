//! Latency and throughput of the vector unit, against the scalar add chain.

use crate::evidence::Spread;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The calibrator, milliticks per dependent add.
    pub add: Spread,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// For each of [`OPS`]: as in [`super::pipeline::Evidence::matrix`].
    pub matrix: Vec<Option<[u32; 4]>, 11>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
