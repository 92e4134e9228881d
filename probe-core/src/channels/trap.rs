//! Cost of instructions that a hypervisor must intercept against ones that it need not.

use crate::evidence::Spread;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Milliticks of one identification instruction.
    pub identify: Spread,
    /// Of each kind.
    pub samples: u16,
    /// Milliticks of one serialising instruction that is never intercepted.
    pub serialise: Spread,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
