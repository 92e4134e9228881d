//! From measurements of real processors to what the verdict knows of them.
//!
//! [`table`] reads the CSV files, strictly; [`mod@derive`] turns them into the data files of x86;
//! [`cross`] says how well claims are told from lies when a processor's own model is left out;
//! [`command`] is the `silicon` subcommand around them. Nothing here judges: that is
//! [`crate::verdict`], whose data this makes.

pub mod command;
pub mod cross;
pub mod derive;
pub mod table;
