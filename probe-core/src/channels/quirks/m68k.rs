//! The value probes of 68k and 6888x.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
