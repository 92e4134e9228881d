//! How much to measure: the two plans that the node accepts, and what bounds each.

/// How thorough a probe is. Everything that a channel repeats is derived from this, so that the
/// node, told only which plan ran, can recompute every digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// A short probe: fewer samples and passes, a smaller largest working set.
    pub quick: bool,
    /// Bytes lent to the probe; see [`MIN_ARENA`] and [`MAX_ARENA`].
    pub arena_bytes: u32,
}

/// The smallest arena with which a probe runs.
pub const MIN_ARENA: u32 = 64 * 1024;

/// The largest arena that a probe uses: twice the last-level cache of most machines.
pub const MAX_ARENA: u32 = 64 * 1024 * 1024;
