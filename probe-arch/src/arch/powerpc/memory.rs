//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References: PEM and Power ISA book I: `lwz`, `ld`, `stw`, `add`. A load at offset 0 from a register
//! must not name register 0 as its base (it would mean the number 0), hence `reg_nonzero`.

use super::common::memory::{Kernels, CHASE_UNROLL};
use super::common::INT;
use super::{wide, Backend};
use probe_core::machine::INT_LANES;

/// One link followed: `at = *at`.
macro_rules! follow {
    ($at:literal) => {
        concat!(wide!("lwz {", "ld {"), $at, "}, 0({", $at, "})")
    };
}

impl Kernels for Backend {
    follows!(follow, reg_nonzero);
    store_loads!(
        ["lwz {t}, 0({m})", "add {t}, {t}, {c}", "stw {t}, 0({m})"],
        reg_nonzero,
        t = out(reg) _
    );
}

/// Follows `steps` links.
///
/// # Safety
/// `at` must be the address of a link to a link and so on for `steps` links, all valid for reads.
#[inline(always)]
pub(super) unsafe fn follow(mut at: usize, steps: u32) -> usize {
    let (turns, rest) = (steps / CHASE_UNROLL, steps % CHASE_UNROLL);
    // SAFETY: the caller's promise is the same, and neither count is 0.
    unsafe {
        if turns > 0 {
            at = Backend::follow_one::<CHASE_UNROLL>(at, turns);
        }
        if rest > 0 {
            at = Backend::follow_one::<1>(at, rest);
        }
    }
    at
}
