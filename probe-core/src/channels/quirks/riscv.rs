//! The value probes of RISC-V, 64 bit.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
