//! Values, not times, on operands that the challenge draws: estimate tables, undefined flags, last bits.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What each probe of the architecture's registry answered.
    pub answers: Vec<Answer, 32>,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// The answer of one value probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The probe's number in its architecture's registry.
    pub id: u16,
    /// Words answered, [`Probe::words`] for each operand drawn.
    pub words: Vec<u32, 16>,
}

/// One entry of an architecture's registry of value probes. The same table serves the miner (what to
/// run) and the node (what it drew).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Number, unique over all architectures, never used again once released.
    pub id: u16,
    /// Architecture, as in [`crate::machine::Identity::architecture`].
    pub architecture: &'static str,
    /// Short name for people.
    pub name: &'static str,
    /// Operands drawn from the challenge for each run of the probe.
    pub draws: u8,
    /// Words of each answer that mean something, 1 to [`crate::machine::QUIRK_WORDS`].
    pub words: u8,
    /// How operands are drawn.
    pub domain: Domain,
}

/// How a probe's operands are drawn from its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Two words of 32 random bits.
    Words,
    /// First word: a binary32 in [2^-20, 2^20) with a random mantissa; second: 0.
    Float32,
    /// First word: a shift count or small number in 1..=31; second: 32 random bits.
    Small,
    /// No operand: both words 0.
    None,
}
