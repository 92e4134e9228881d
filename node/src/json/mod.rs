//! JSON from strangers: strict reading, and the one text form that gets signed.
//!
//! [`parse`] accepts less than the grammar allows: bounded depth and number of values, no repeated key at any depth, no
//! byte that is not UTF-8, nothing after the value. Numbers keep the digits the client wrote, so that
//! [`canonical`] can repeat them; where that is not the text that was signed, [`canonical_as_sent`] gives
//! the others that it may have been. None ever panics.

mod canonical;
mod resigned;
mod strict;

pub use canonical::{canonical, canonical_without, decimal};
pub use resigned::{as_python, canonical_as_sent, Spelling};
pub use strict::{parse, JsonError, DEPTH_MAX, VALUES_MAX};
