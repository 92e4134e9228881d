//! The value probes of AArch64.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
