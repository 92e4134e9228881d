//! The tick source itself: resolution, overhead, smallest step, lattice, order.

use heapless::String;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Reads that were less than the one before (wraps aside). Zero on a sound counter.
    pub backwards: u32,
    /// Width.
    pub bits: u8,
    /// Greatest common divisor of all steps seen: 1 on a counter that counts every tick.
    pub gcd: u32,
    /// Frequency as the hardware states it.
    pub nominal_hz: Option<u64>,
    /// Ticks between two reads in a row: minimum, median, 99th percentile.
    pub overhead: [u32; 3],
    /// Reads equal to the one before.
    pub repeats: u32,
    /// Pairs read.
    pub samples: u32,
    /// Which counter.
    pub source: String<16>,
    /// Smallest step that is not zero, ticks.
    pub step: u32,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
