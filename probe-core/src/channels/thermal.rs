//! The calibrated loop over cold, ramp, saturation and recovery: a curve with time constants.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// `[ticks / 1,024 since the start, milliticks per add]`.
    pub curve: Vec<[u32; 2], 48>,
    /// Fold of all kernels' results.
    pub digest: u32,
    /// Iterations of the add chain in one window.
    pub iterations: u32,
    /// Points of the curve in cold, ramp, saturation, recovery. Recovery is 0 where the machine cannot idle.
    pub phases: [u8; 4],
    /// Ticks / 1,024 from the start of the ramp to 63 % of the change, where there is a change.
    pub ramp: Option<u32>,
    /// The same for the recovery.
    pub recovery: Option<u32>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
