//! The value probes of PowerPC and Power, 32 and 64 bit.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
