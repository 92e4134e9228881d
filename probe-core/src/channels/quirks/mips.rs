//! The value probes of MIPS, 32 and 64 bit.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
