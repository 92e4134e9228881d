//! The value probes of SPARC, v8 and v9.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
