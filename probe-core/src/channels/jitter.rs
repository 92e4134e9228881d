//! Jitter of short windows over integer, branch, floating-point, load and store work.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// A histogram for each kind of work ([`KINDS`]), bins by [`bin`] over the excess above the minimum.
    pub histograms: Vec<Vec<u16, 16>, 5>,
    /// Smallest window of each kind, ticks.
    pub minima: Vec<u32, 5>,
    /// Ticks spent in this channel.
    pub ticks: u64,
    /// Windows of each kind.
    pub windows: u16,
    /// Longest window of each kind, ticks.
    pub worst: Vec<u32, 5>,
}
