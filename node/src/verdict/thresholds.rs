//! Every number that decides a check, each with its name, unit and source. Nothing else in the
//! verdict compares a measurement with a literal.
//!
//! "The processor table" is the set of published latency dumps of 140 real x86 processors from
//! which `data/silicon/x86-latency.toml` is derived (`examples/import_silicon.rs`): one row for each
//! processor, cycles by instruction.

/// A number that decides, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold {
    /// Name, as it appears in a [`super::Check`].
    pub name: &'static str,
    /// Value in `unit`.
    pub value: u64,
    /// Unit of the value.
    pub unit: &'static str,
    /// A manual, a paper, a statistic of the processor table, or a measurement and its command.
    pub source: &'static str,
}

/// Stands where a check applies no number: a table or an identity decides.
pub const NONE: Threshold = Threshold {
    name: "",
    value: 0,
    unit: "",
    source: "",
};
