//! Caches and address translation: latency against working set, capacities, line size, TLB reach.

use crate::evidence::Spread;
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Capacities found, KiB, rising.
    pub boundaries: Vec<u32, 5>,
    /// Milliticks per load; entry i is the working set of [`working_set`]`(i)` bytes.
    pub curve: Vec<Spread, 40>,
    /// Fold of the ends of all walks.
    pub digest: u32,
    /// Line size, bytes, where a step was found.
    pub line: Option<u32>,
    /// `[distance in bytes, milliticks of the second load of a pair]`.
    pub line_curve: Vec<[u32; 2], 8>,
    /// Ticks spent in this channel.
    pub ticks: u64,
    /// `[pages, milliticks one line in each page, milliticks the same number of lines packed]`.
    pub tlb: Vec<[u32; 3], 16>,
    /// Pages reached by each level of TLB found, rising.
    pub tlb_reach: Vec<u32, 3>,
}
