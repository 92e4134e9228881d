//! Floating-point special cases: the cost of subnormals, NaN, overflow against normal operands, and of switching the rounding mode.

use crate::evidence::Spread;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of each chain.
    pub iterations: u32,
    /// Milliticks per operation with a NaN.
    pub nan: Option<Spread>,
    /// Milliticks per operation with ordinary operands.
    pub normal: Option<Spread>,
    /// Milliticks per operation that overflows.
    pub overflow: Option<Spread>,
    /// Milliticks per switch of the rounding mode and back.
    pub rounding: Option<Spread>,
    /// Milliticks per operation with a subnormal.
    pub subnormal: Option<Spread>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
