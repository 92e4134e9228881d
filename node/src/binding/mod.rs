//! Which machine is it? Evidence by kind, and what agrees with what.
//!
//! A machine is known by what only one unit has: serial numbers, hardware addresses, the rate and the
//! start of its counter ([`crate::continuity`]). What all units of a model have in common, processor
//! and profile, can speak against two being one, never for it: identical models are no collision.
//! Serials and addresses are kept as keyed hashes only ([`salt`]).
//!
//! Pure: nothing here reads a clock or a database. `docs/continuity.md` names the rows to be kept.

pub mod mac;
pub mod rules;
pub mod salt;
pub mod serial;
