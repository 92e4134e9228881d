//! Backups: everything that cannot be derived, in one text file that either database reads.
//!
//! The file has a JSON value on each line. First what it is:
//! `{"verdigris_backup":1,"schema":2}`. For each table its name and columns,
//! `{"table":"meta","columns":["key","number","bytes"]}`, and its rows as lists in that order,
//! `["pot",1500000,null]`; bytes are `{"hex":"00ff"}`. Last
//! `{"rows":7,"sha256":"…"}`, over all bytes before that line.
//!
//! It is made from one moment of a database that may go on being written. Balances are not in it: they
//! follow from the postings, and restoring derives them again.

mod read;
mod tables;
mod write;

pub use read::{restore, verify};
pub use tables::tables;
pub use write::backup;

use super::{sql, OpenError};

/// The version of the file's form.
const FORM: u64 = 1;

/// Why a backup could not be made or restored. What was there before is unchanged.
#[derive(Debug)]
pub enum BackupError {
    /// The file could not be read or written, or is there already.
    File(std::io::Error),
    /// The database.
    Open(OpenError),
    /// The file is not a whole backup that this program knows; why.
    Unsound(String),
    /// The database to restore into is not empty.
    NotEmpty,
}

impl std::fmt::Display for BackupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BackupError::File(e) => write!(f, "the backup file: {e}"),
            BackupError::Open(e) => e.fmt(f),
            BackupError::Unsound(why) => write!(f, "this is no sound backup: {why}"),
            BackupError::NotEmpty => {
                f.write_str("the database is not empty; restore into a new one")
            }
        }
    }
}

impl std::error::Error for BackupError {}

impl From<std::io::Error> for BackupError {
    fn from(e: std::io::Error) -> Self {
        BackupError::File(e)
    }
}

impl From<serde_json::Error> for BackupError {
    fn from(e: serde_json::Error) -> Self {
        BackupError::Unsound(e.to_string())
    }
}

impl From<OpenError> for BackupError {
    fn from(e: OpenError) -> Self {
        BackupError::Open(e)
    }
}

impl From<sql::Error> for BackupError {
    fn from(e: sql::Error) -> Self {
        BackupError::Open(e.into())
    }
}

/// What was written or read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows of all tables.
    pub rows: u64,
    /// Of everything before the last line.
    pub sha256: String,
}
