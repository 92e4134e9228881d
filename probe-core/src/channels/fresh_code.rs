//! Freshly written code: first call, later calls, first call after a rewrite, and whether stale code runs.

use crate::evidence::Spread;
use serde::{Deserialize, Serialize};

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Milliticks of a call after the first.
    pub again: Spread,
    /// Fold of all results.
    pub digest: u32,
    /// Milliticks of the first call of newly written code.
    pub first: Spread,
    /// Milliticks of the first call after rewriting code that has run.
    pub rewritten: Spread,
    /// Routines written.
    pub rounds: u16,
    /// Rounds in which the old code ran after an unsynchronised patch.
    pub stale: u16,
    /// Rounds in which an unsynchronised patch was tried; 0 where it cannot be.
    pub stale_rounds: u16,
    /// Ticks spent in this channel.
    pub ticks: u64,
}
