//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References:
//! - Arm ARM C6: `LDR (immediate)`, `STR (immediate)`, `ADD`.
//! - Software optimisation guides of the cores, "Load instructions", "Store instructions".

use super::common::memory::{Kernels, CHASE_UNROLL};
use super::common::INT;
use super::Backend;
use probe_core::machine::INT_LANES;

/// One link followed: `at = *at`.
macro_rules! follow {
    ($at:literal) => {
        concat!("ldr {", $at, "}, [{", $at, "}]")
    };
}

/// To the label where the operand of a name is 0.
macro_rules! skip {
    ($name:literal, $label:literal) => {
        concat!("cbz {", $name, ":w}, ", $label)
    };
}

impl Kernels for Backend {
    follows!(follow, reg);
    store_loads!(
        ["ldr {t:w}, [{m}]", "add {t:w}, {t:w}, {c:w}", "str {t:w}, [{m}]"],
        reg,
        t = out(reg) _
    );
}

chase!(follow, skip);
