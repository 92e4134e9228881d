//! What one process at a time does.

/// What one process at a time does, of those that share a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Bringing the schema up to date.
    Schema,
    /// Settling epochs and confirming transfers.
    Settlement,
}

impl Duty {
    /// Tables that nobody else may write while it is done. A settlement reads all enrolments of an
    /// epoch and moves the balance of every miner: under load it would otherwise be in conflict with
    /// somebody at every try, and never end.
    pub(super) const fn tables(self) -> Option<&'static str> {
        match self {
            Duty::Schema => None,
            Duty::Settlement => Some("assessments, enrolments, epochs, postings, transfers"),
        }
    }
}
