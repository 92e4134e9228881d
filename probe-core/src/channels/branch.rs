//! Branch prediction: cost of a conditional branch against the period of its pattern, of an indirect call against the number of targets, of a return against nesting depth.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// `[targets, milliticks per call]`, rising targets.
    pub indirect: Vec<[u32; 2], 8>,
    /// `[period, milliticks per branch]`, rising periods; the last is far beyond any history.
    pub pattern: Vec<[u32; 2], 16>,
    /// Milliticks per branch that always goes the same way.
    pub predictable: u32,
    /// `[depth, milliticks per call and return]`, rising depths.
    pub returns: Vec<[u32; 2], 8>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
