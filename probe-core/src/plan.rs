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

/// The largest working set of the quick plan.
pub const QUICK_WORKING_SET: u32 = 8 * 1024 * 1024;

impl Plan {
    /// `standard` or `quick`, as this plan is.
    pub fn pick<T>(&self, standard: T, quick: T) -> T {
        if self.quick {
            quick
        } else {
            standard
        }
    }

    /// Whether the arena is of a size that a probe runs with.
    pub const fn is_valid(&self) -> bool {
        MIN_ARENA <= self.arena_bytes && self.arena_bytes <= MAX_ARENA
    }

    /// Bytes of memory that this plan walks at most.
    pub fn largest_working_set(&self) -> u32 {
        let bound = self.pick(MAX_ARENA, QUICK_WORKING_SET);
        self.arena_bytes.min(bound)
    }
}
