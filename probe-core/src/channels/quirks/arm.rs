//! The value probes of ARM, 32 bit.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
