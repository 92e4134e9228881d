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
//! SQLite ([`rusqlite`]) and PostgreSQL ([`::postgres`]) take the same statements. What keeps them the
//! same:
//! - a sum of whole numbers is wider than its parts on PostgreSQL: `CAST(sum(x) AS BIGINT)`;
//! - texts compare by bytes: PostgreSQL's columns say `COLLATE "C"`;
//! - after an error a job returns it and does nothing else. Whoever wants to try something and go on
//!   does it in [`Connection::savepoint`].
//!
//! Where they must differ, [`Connection::dialect`] says which one it is.

mod duty;
mod error;
mod location;
mod postgres;
mod row;
mod sqlite;
mod value;

pub use duty::Duty;
pub use error::{Error, Trouble};
pub use location::Location;
pub use row::Row;
pub use value::{FromValue, ToValue, Value};

use std::cell::Cell;

/// What a database answers.
pub type Result<T> = std::result::Result<T, Error>;

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

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite: one file, one writer at a time.
    Sqlite,
    /// PostgreSQL: a server, which several processes may share.
    Postgres,
}

/// A connection to a database. Used by one thread at a time.
pub struct Connection {
    session: Session,
    in_loop: Cell<bool>,
    trouble: Cell<Option<Trouble>>,
}

enum Session {
    Sqlite(sqlite::Session),
    Postgres(Box<postgres::Session>),
}

/// The same call on either session.
macro_rules! on {
    ($connection:expr, $session:ident => $call:expr) => {
        match &$connection.session {
            Session::Sqlite($session) => $call,
            Session::Postgres($session) => $call,
        }
    };
}

impl Connection {
    /// Connects to a database that exists. On PostgreSQL not from a thread that runs async code.
    ///
    /// # Errors
    /// Where there is none, or it refuses.
    pub fn open(location: &Location, access: Access) -> Result<Self> {
        let session = match location {
            Location::File(path) => Session::Sqlite(sqlite::Session::open(path, access)?),
            Location::Postgres(url) => {
                Session::Postgres(Box::new(postgres::Session::open(url, access)?))
            }
        };
        Ok(Connection {
            session,
            in_loop: Cell::new(false),
            trouble: Cell::new(None),
        })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        match self.session {
            Session::Sqlite(_) => Dialect::Sqlite,
            Session::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; gives how many rows it changed.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        self.free()?;
        self.noted(on!(self, session => session.execute(sql, params)))
    }

    /// The only row, or the first.
    ///
    /// # Errors
    /// [`Error::NoRow`] where there is none, and those of `read`.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnMut(&Row<'_>) -> Result<T>,
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
        mut read: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.rows(sql, params, &mut |row| {
            first = Some(read(row)?);
            Ok(false)
        })?;
        Ok(first)
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
        self.rows(sql, params, &mut |row| {
            all.push(read(row)?);
            Ok(true)
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
        self.rows(sql, params, &mut |row| read(row).map(|()| true))
    }

    /// Gives rows to `read` for as long as it wants more.
    fn rows(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        let _occupied = self.occupy()?;
        self.noted(on!(self, session => session.rows(sql, params, read)))
    }

    /// Statements without parameters, separated by semicolons.
    ///
    /// # Errors
    /// Of the first that fails; the rest are not run.
    pub fn batch(&self, sql: &str) -> Result<()> {
        self.free()?;
        self.noted(on!(self, session => session.batch(sql)))
    }

    /// Inserts rows into a table, `columns` in the order of each row's values.
    ///
    /// # Errors
    /// Where the database refuses one of them.
    pub fn insert_all(&self, table: &str, columns: &[&str], rows: &[Vec<Value<'_>>]) -> Result<()> {
        self.free()?;
        self.noted(on!(self, session => session.insert_all(table, columns, rows)))
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn begin(&self, purpose: Purpose) -> Result<()> {
        self.trouble.set(None);
        self.noted(on!(self, session => session.begin(purpose)))
    }

    /// Makes what was done since [`Connection::begin`] last. Where this fails nothing is kept, or
    /// where the connection was lost ([`Error::trouble`]) perhaps all.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn commit(&self) -> Result<()> {
        self.noted(on!(self, session => session.commit()))
    }

    /// Undoes what was done since [`Connection::begin`], if anything.
    pub fn roll_back(&self) {
        // A connection that cannot even do this is of no use, and its next statement says so.
        let _ = self.noted(on!(self, session => session.roll_back()));
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

    /// Takes a duty for this connection, if no other has it, until [`Connection::leave`] or the
    /// connection's end. On SQLite, where whoever writes is alone, always.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn try_take(&self, duty: Duty) -> Result<bool> {
        match self.dialect() {
            Dialect::Sqlite => Ok(true),
            Dialect::Postgres => {
                let sql = "SELECT pg_try_advisory_lock(?1)";
                self.query_one(sql, &[postgres::advisory(duty)], |row| row.get(0))
            }
        }
    }

    /// The same, but waits.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn take(&self, duty: Duty) -> Result<()> {
        match self.dialect() {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => {
                let sql = "SELECT pg_advisory_lock(?1)";
                self.rows(sql, &[postgres::advisory(duty)], &mut |_| Ok(true))
            }
        }
    }

    /// Gives a duty back.
    pub fn leave(&self, duty: Duty) {
        if self.dialect() == Dialect::Postgres {
            // Where this fails the connection is gone, and the duty with it.
            let sql = "SELECT pg_advisory_unlock(?1)";
            let _ = self.rows(sql, &[postgres::advisory(duty)], &mut |_| Ok(true));
        }
    }

    /// Keeps others from writing what a duty is about, until the transaction's end. Called first in
    /// a transaction, so that it sees everything that was done before.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn lock_for(&self, duty: Duty) -> Result<()> {
        match (self.dialect(), duty.tables()) {
            (Dialect::Postgres, Some(tables)) => {
                self.batch(&format!("LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the database still answers. Asks it only after a pause.
    pub fn is_alive(&self) -> bool {
        match &self.session {
            Session::Sqlite(_) => true,
            Session::Postgres(session) => session.is_alive(),
        }
    }

    /// The worst trouble since the last [`Connection::begin`], whatever became of the error.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.get()
    }

    fn noted<T>(&self, result: Result<T>) -> Result<T> {
        if let Err(e) = &result {
            self.trouble.set(self.trouble.get().max(e.trouble()));
        }
        result
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
