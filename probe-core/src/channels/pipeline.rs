//! Latency and throughput of scalar instructions, each against the dependent add chain.

use crate::evidence::Spread;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The calibrator, milliticks per dependent add, over the whole channel.
    pub add: Spread,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// For each of [`OPS`]: `[latency, reciprocal throughput]` in milliticks per operation, then both again in thousandths of the add chain measured beside it.
    pub matrix: Vec<Option<[u32; 4]>, 9>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
