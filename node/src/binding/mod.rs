//! Which machine is it, and whose name is it bound to? Evidence by kind, and what agrees with what.
//!
//! A machine is known by what only one unit has: serial numbers, hardware addresses, the rate and the
//! start of its counter ([`crate::continuity`]). What all units of a model have in common, processor
//! and profile, can speak against two being one, never for it: identical models are no collision.
//! Serials and addresses are kept as keyed hashes only ([`salt`]), whose key is outside the database
//! ([`secret`]).
//!
//! [`shown`] reads what an attestation shows, [`rules`] compares, [`decide`] says whose machine it is:
//! all three are pure. [`migration`] takes a machine to another name or to other parts. The rows are in
//! [`crate::store::bindings`]; `docs/binding.md` gives the reasons.

pub mod audit;
pub mod command;
pub mod decide;
pub mod mac;
pub mod migration;
pub mod rules;
pub mod salt;
pub mod secret;
pub mod serial;
pub mod shown;
