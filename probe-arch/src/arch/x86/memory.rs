//! Loads that wait for loads: a ring in the nearest cache, a ring over an arena, and a store that
//! the next load needs.
//!
//! References:
//! - Intel SDM volume 2, AMD APM volume 3: `MOV`, `ADD` to memory.
//! - Intel, "64 and IA-32 Architectures Optimization Reference Manual", "Store Forwarding"; AMD's
//!   optimisation guides, "Load Store Unit" (Zen 2 and later may forward a store at renaming where
//!   base register and displacement agree, which is a fact to be measured, not one to be avoided).

use super::common::memory::{Kernels, CHASE_UNROLL};
use super::common::INT;
use super::Backend;
use probe_core::machine::INT_LANES;

/// One link followed: `at = *at`.
macro_rules! follow {
    ($at:literal) => {
        concat!("mov {", $at, "}, [{", $at, "}]")
    };
}

/// To the label where the operand of a name is 0.
macro_rules! skip {
    ($name:literal, $label:literal) => {
        concat!("test {", $name, "}, {", $name, "}\njz ", $label)
    };
}

impl Kernels for Backend {
    follows!(follow, reg);
    store_loads!(["add dword ptr [{m}], {c}"], reg);
}

chase!(follow, skip);
