//! The value probes of architectures that are measured through C alone.

use super::Probe;

/// The registry.
pub const PROBES: &[Probe] = &[];
