//! The SQL surface: what the rest of the node may ask of a database.
//!
//! Statements are texts with numbered parameters, `?1`, `?2`, …; they are prepared once for each
//! connection and kept. [`params!`](crate::store::sql::params) makes the list of parameters:
//!
//! ```no_run
//! # use verdigris_node::store::sql::{params, Connection, Result};
//! # fn example(c: &Connection) -> Result<()> {
//! let weight: Option<i64> = c.query_opt(
//!     "SELECT weight FROM enrolments WHERE epoch = ?1 AND miner = ?2",
//!     params![7, "dual-g4-125"],
//!     |row| row.get(0),
//! )?;
//! # Ok(())
//! # }
//! ```
//!
//! After an error a job returns it and does nothing else; whoever wants to try something and go on
//! does it in [`Connection::savepoint`].

mod value;

pub use value::{FromValue, ToValue, Value};

use std::cell::Cell;
use std::path::Path;

/// Statements that a connection keeps prepared: more than the node has.
const STATEMENTS: usize = 128;

/// How long a connection waits for another program's lock on the file, milliseconds.
const BUSY_MS: u32 = 5_000;

/// Pages of the write-ahead log before it is copied back into the file: 4 MiB of 4 KiB pages.
const CHECKPOINT_PAGES: u32 = 1_024;

/// What a database answers.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a statement failed.
#[derive(Debug)]
pub enum Error {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// A row was expected and there is none.
    NoRow,
    /// The column with this number, from 0, holds another kind of value than was asked for.
    Kind(usize),
    /// The connection was used inside [`Connection::for_each`] on itself.
    Nested,
    /// What was to be written is not sound. A fault of this program's.
    Unsound(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Sqlite(e) => e.fmt(f),
            Error::NoRow => f.write_str("there is no such row"),
            Error::Kind(column) => write!(f, "column {column} holds another kind of value"),
            Error::Nested => f.write_str("the connection is in use"),
            Error::Unsound(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}

impl From<rusqlite::Error> for Error {
    fn from(e: rusqlite::Error) -> Self {
        match e {
            rusqlite::Error::QueryReturnedNoRows => Error::NoRow,
            e => Error::Sqlite(e),
        }
    }
}

/// Parameters of a statement, in order: anything that is [`ToValue`].
#[macro_export]
#[doc(hidden)]
macro_rules! sql_params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::store::sql::ToValue::to_value(&$value)),*] as &[$crate::store::sql::Value<'_>]
    };
}

#[doc(inline)]
pub use crate::sql_params as params;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reading: every question sees the same moment.
    Read,
    /// Writing, as if nobody else did at the same time.
    Write,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading alone: it refuses to write.
    Reader,
    /// Reading and writing. A commit is on the disk when it returns.
    Writer,
}

/// A connection to a database. Used by one thread at a time.
pub struct Connection {
    sqlite: rusqlite::Connection,
    in_loop: Cell<bool>,
}

impl Connection {
    /// Opens an existing file.
    ///
    /// # Errors
    /// Where it cannot be read or is not a database.
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        // Readers, too, open for writing: the first to open after a crash must recover the
        // write-ahead log.
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let sqlite = rusqlite::Connection::open_with_flags(path, flags)?;
        sqlite.set_prepared_statement_cache_capacity(STATEMENTS);
        sqlite.pragma_update(None, "busy_timeout", BUSY_MS)?;
        sqlite.pragma_update(None, "foreign_keys", true)?;
        // The file may come from elsewhere: its schema must not call functions with side effects.
        sqlite.pragma_update(None, "trusted_schema", false)?;
        match access {
            Access::Reader => sqlite.pragma_update(None, "query_only", true)?,
            Access::Writer => {
                sqlite.pragma_update(None, "journal_mode", "WAL")?;
                // On the disk, not just in the operating system.
                sqlite.pragma_update(None, "synchronous", "FULL")?;
                sqlite.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
            }
        }
        Ok(Connection {
            sqlite,
            in_loop: Cell::new(false),
        })
    }

    /// Runs a statement; gives how many rows it changed.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.free()?;
        let mut statement = self.sqlite.prepare_cached(sql)?;
        Ok(statement.execute(rusqlite::params_from_iter(params))?)
    }

    /// The only row, or the first.
    ///
    /// # Errors
    /// [`Error::NoRow`] where there is none, and those of `read`.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<T> {
        self.query_opt(sql, params, read)?.ok_or(Error::NoRow)
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// Where the database refuses, and those of `read`.
    pub fn query_opt<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.free()?;
        let mut statement = self.sqlite.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        rows.next()?.map(|row| read(&Row(row))).transpose()
    }

    /// All rows.
    ///
    /// # Errors
    /// Where the database refuses, and those of `read`.
    pub fn query_all<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.for_each(sql, params, |row| {
            all.push(read(row)?);
            Ok(())
        })?;
        Ok(all)
    }

    /// Every row in turn, without holding all of them. Meanwhile the connection answers nothing
    /// else.
    ///
    /// # Errors
    /// Where the database refuses, and those of `read`, which end the loop.
    pub fn for_each(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let _occupied = self.occupy()?;
        let mut statement = self.sqlite.prepare_cached(sql)?;
        let mut rows = statement.query(rusqlite::params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            read(&Row(row))?;
        }
        Ok(())
    }

    /// Statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// Of the first that fails; the rest are not run.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.free()?;
        Ok(self.sqlite.execute_batch(sql)?)
    }

    /// Whether a transaction is open.
    pub fn in_transaction(&self) -> bool {
        !self.sqlite.is_autocommit()
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn begin(&self, purpose: Purpose) -> Result<()> {
        self.batch(match purpose {
            Purpose::Read => "BEGIN",
            Purpose::Write => "BEGIN IMMEDIATE",
        })
    }

    /// Makes what was done since [`Connection::begin`] last. Nothing is kept where this fails.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn commit(&self) -> Result<()> {
        self.batch("COMMIT")
    }

    /// Undoes what was done since [`Connection::begin`], if anything.
    pub fn roll_back(&self) {
        if self.in_transaction() {
            // A connection that cannot even do this is of no use, and its next statement says so.
            let _ = self.batch("ROLLBACK");
        }
    }

    /// Runs `job` in a transaction, which is committed where it succeeds and undone otherwise.
    ///
    /// # Errors
    /// The job's own, and those of the database.
    pub fn transaction<T, E: From<Error>>(
        &self,
        purpose: Purpose,
        job: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.begin(purpose)?;
        let done = job(self).and_then(|done| {
            self.commit()?;
            Ok(done)
        });
        if done.is_err() {
            self.roll_back();
        }
        done
    }

    /// Runs `job` inside a transaction; where it fails, what it did is undone, and the transaction
    /// goes on.
    ///
    /// # Errors
    /// The job's own, and those of the database.
    pub fn savepoint<T, E: From<Error>>(
        &self,
        job: impl FnOnce(&Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.batch("SAVEPOINT job")?;
        let done = job(self);
        // Where the database ended the whole transaction by itself (disk full, for one), this fails.
        self.batch(if done.is_ok() {
            "RELEASE job"
        } else {
            "ROLLBACK TO job; RELEASE job"
        })?;
        done
    }

    fn free(&self) -> Result<()> {
        if self.in_loop.get() {
            return Err(Error::Nested);
        }
        Ok(())
    }

    fn occupy(&self) -> Result<Occupied<'_>> {
        self.free()?;
        self.in_loop.set(true);
        Ok(Occupied(&self.in_loop))
    }
}

/// While it lives its connection is in a loop.
struct Occupied<'a>(&'a Cell<bool>);

impl Drop for Occupied<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// A row of an answer.
pub struct Row<'a>(&'a rusqlite::Row<'a>);

impl Row<'_> {
    /// The value in a column, counted from 0.
    ///
    /// # Errors
    /// [`Error::Kind`] where it is of another kind, or there is no such column.
    pub fn get<T: FromValue>(&self, column: usize) -> Result<T> {
        T::from_value(self.value(column)?).ok_or(Error::Kind(column))
    }

    /// The same, as it is.
    ///
    /// # Errors
    /// [`Error::Kind`] where the kind is one that this surface does not know.
    pub fn value(&self, column: usize) -> Result<Value<'_>> {
        value::from_sqlite(self.0.get_ref(column)?).ok_or(Error::Kind(column))
    }
}
