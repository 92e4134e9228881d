//! An independent pointer chase in C, `reference/chase.c`: what the cache channel is held against.
//!
//! The comparison runs over the same memory, because which physical pages an arena has decides
//! where its latency curve bends; so it is a call in this process, not a program beside it.

/// A ring of pointers to walk, in the reference's own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chase {
    /// Nodes in the ring, at least 2; a multiple of `group`.
    pub nodes: u32,
    /// Bytes from one node to the next, a multiple of 8.
    pub stride: usize,
    /// Nodes visited before the walk moves on to the next group, at least 1.
    pub group: u32,
    /// Decides the order.
    pub seed: u64,
    /// Loads in one timed pass.
    pub steps: usize,
    /// Timed passes, at least 1; the fastest counts.
    pub passes: u32,
}

/// Why there is no figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChaseError {
    /// The ring does not fit the arena, or the arguments make no ring.
    Arguments,
    /// The walk did not come round to its start: the C code is wrong.
    Broken,
}

impl core::fmt::Display for ChaseError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            ChaseError::Arguments => "these arguments make no ring in this arena",
            ChaseError::Broken => "the reference's ring is not a single cycle",
        })
    }
}

impl std::error::Error for ChaseError {}

impl Chase {
    /// Lays the ring in `arena`, replacing what was there, goes round it once untimed, and gives
    /// the nanoseconds of one load.
    ///
    /// # Errors
    /// See [`ChaseError`].
    ///
    /// Cost: one turn of the ring, and `steps * passes` loads.
    pub fn nanoseconds(&self, arena: &mut [u8]) -> Result<f64, ChaseError> {
        let bytes = (self.nodes as usize)
            .checked_mul(self.stride)
            .filter(|&bytes| bytes <= arena.len())
            .ok_or(ChaseError::Arguments)?;
        let figure = call(arena, bytes, self);
        if figure > 0.0 {
            Ok(figure)
        } else if figure == BROKEN {
            Err(ChaseError::Broken)
        } else {
            Err(ChaseError::Arguments)
        }
    }
}

/// What the C code answers for a walk that does not come round.
const BROKEN: f64 = -2.0;

// The one foreign call outside `probe-arch` and `c-shims`: it exists to check those two, and so can
// live in neither.
#[allow(unsafe_code)]
fn call(arena: &mut [u8], bytes: usize, chase: &Chase) -> f64 {
    extern "C" {
        fn reference_chase_ns(
            arena: *mut core::ffi::c_void,
            bytes: usize,
            stride: usize,
            group: u32,
            seed: u64,
            steps: usize,
            passes: u32,
        ) -> f64;
    }
    if arena.as_ptr().align_offset(align_of::<*const u8>()) != 0 || bytes > arena.len() {
        return -1.0;
    }
    let _one_at_a_time = LOCK.lock();
    // SAFETY: the C code reads and writes `bytes` bytes from the start of `arena` and no others:
    // they are inside the slice (checked above), borrowed uniquely for the call, and aligned for
    // pointers. It keeps no pointer into them that it would follow later, and checks its other
    // arguments itself. It has one static variable, the generator's state, which is why calls from
    // several threads are kept apart by the lock.
    unsafe {
        reference_chase_ns(
            arena.as_mut_ptr().cast(),
            bytes,
            chase.stride,
            chase.group,
            chase.seed,
            chase.steps,
            chase.passes,
        )
    }
}

/// Guards the C code's static state.
static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Chase = Chase {
        nodes: 64,
        stride: 64,
        group: 16,
        seed: 1,
        steps: 1000,
        passes: 2,
    };

    #[test]
    fn every_ring_that_fits_is_one_cycle() {
        let mut arena = vec![0; 64 * 64];
        for (nodes, group) in [(2, 1), (2, 2), (3, 3), (64, 1), (64, 16), (64, 64), (63, 7)] {
            for seed in 0..20 {
                let chase = Chase {
                    nodes,
                    group,
                    seed,
                    ..SMALL
                };
                assert!(chase.nanoseconds(&mut arena).is_ok(), "{chase:?}");
            }
        }
    }

    #[test]
    fn what_makes_no_ring_is_refused() {
        let mut arena = vec![0; 64 * 64];
        let wrong = [
            Chase {
                nodes: 1,
                group: 1,
                ..SMALL
            },
            Chase {
                nodes: 65,
                group: 65,
                ..SMALL
            },
            Chase { group: 0, ..SMALL },
            Chase { group: 63, ..SMALL },
            Chase {
                stride: 12,
                ..SMALL
            },
            Chase { stride: 0, ..SMALL },
            Chase {
                stride: usize::MAX,
                ..SMALL
            },
            Chase { passes: 0, ..SMALL },
        ];
        for chase in wrong {
            assert_eq!(
                chase.nanoseconds(&mut arena),
                Err(ChaseError::Arguments),
                "{chase:?}"
            );
        }
    }
}
