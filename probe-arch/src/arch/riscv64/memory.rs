//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References:
//! - Unprivileged Architecture, "Load and Store Instructions": `LD`, `LW`, `SW`; `ADDW`.
//! - Core manuals (SiFive U74, T-Head C906), "Data memory system".

use super::common::memory::{Kernels, CHASE_UNROLL};
use super::common::INT;
use super::Backend;
use probe_core::machine::INT_LANES;

/// One link followed: `at = *at`.
macro_rules! follow {
    ($at:literal) => {
        concat!("ld {", $at, "}, 0({", $at, "})")
    };
}

/// To the label where the operand of a name is 0.
macro_rules! skip {
    ($name:literal, $label:literal) => {
        concat!("beqz {", $name, "}, ", $label)
    };
}

impl Kernels for Backend {
    follows!(follow, reg);
    store_loads!(
        ["lw {t}, 0({m})", "addw {t}, {t}, {c}", "sw {t}, 0({m})"],
        reg,
        t = out(reg) _
    );
}

chase!(follow, skip);
