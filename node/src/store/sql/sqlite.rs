//! The surface over SQLite.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{params_from_iter, OpenFlags};
use std::path::Path;

use super::{Access, Error, Purpose, Result, Row, Value};

/// Statements that a connection keeps prepared: more than the node has.
const STATEMENTS: usize = 128;

/// How long a connection waits for another program's lock on the file, milliseconds.
const BUSY_MS: u32 = 5_000;

/// Pages of the write-ahead log before it is copied back into the file: 32 MiB of 4 KiB pages. What many
/// commits wrote again and again is copied once; the commit that copies waits for it.
const CHECKPOINT_PAGES: u32 = 8_192;

/// What a connection that writes may keep of the file in memory, KiB (below zero for SQLite: a size, not a
/// number of pages): the inner pages of all indexes, and
/// the rows that are written again and again.
const WRITER_CACHE_KIB: i64 = 128 * 1_024;

/// The same of a connection that reads. Whatever somebody else commits empties it, which takes time by
/// its size, and a read needs few pages twice.
const READER_CACHE_KIB: i64 = 256;

pub struct Session {
    inner: rusqlite::Connection,
}

impl Session {
    pub fn open(path: &Path, access: Access) -> Result<Self> {
        // Readers, too, open for writing: the first to open after a crash must recover the
        // write-ahead log.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let inner = rusqlite::Connection::open_with_flags(path, flags)?;
        inner.set_prepared_statement_cache_capacity(STATEMENTS);
        inner.pragma_update(None, "busy_timeout", BUSY_MS)?;
        inner.pragma_update(None, "foreign_keys", true)?;
        // The file may come from elsewhere: its schema must not call functions with side effects.
        inner.pragma_update(None, "trusted_schema", false)?;
        match access {
            Access::Reader => {
                inner.pragma_update(None, "query_only", true)?;
                inner.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
            }
            Access::Writer => {
                inner.pragma_update(None, "journal_mode", "WAL")?;
                // On the disk, not just in the operating system.
                inner.pragma_update(None, "synchronous", "FULL")?;
                inner.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
                inner.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
            }
        }
        Ok(Session { inner })
    }

    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize> {
        let mut statement = self.inner.prepare_cached(sql)?;
        Ok(statement.execute(params_from_iter(params))?)
    }

    pub fn rows(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: &mut dyn FnMut(&Row<'_>) -> Result<bool>,
    ) -> Result<()> {
        let mut statement = self.inner.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(params))?;
        while let Some(row) = rows.next()? {
            if !read(&Row::Sqlite(row))? {
                break;
            }
        }
        Ok(())
    }

    pub fn batch(&self, sql: &str) -> Result<()> {
        Ok(self.inner.execute_batch(sql)?)
    }

    pub fn insert_all(&self, table: &str, columns: &[&str], rows: &[Vec<Value<'_>>]) -> Result<()> {
        let places = vec!["?"; columns.len()].join(", ");
        let columns = columns.join(", ");
        let sql = format!("INSERT INTO {table} ({columns}) VALUES ({places})");
        let mut statement = self.inner.prepare_cached(&sql)?;
        for row in rows {
            statement.execute(params_from_iter(row))?;
        }
        Ok(())
    }

    pub fn begin(&self, purpose: Purpose) -> Result<()> {
        self.run(match purpose {
            Purpose::Read => "BEGIN",
            Purpose::Write => "BEGIN IMMEDIATE",
        })
    }

    /// One statement without parameters, kept prepared.
    fn run(&self, sql: &str) -> Result<()> {
        self.inner.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    pub fn commit(&self) -> Result<()> {
        self.run("COMMIT")
    }

    pub fn roll_back(&self) -> Result<()> {
        if self.inner.is_autocommit() {
            return Ok(());
        }
        self.batch("ROLLBACK")
    }
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Integer(n) => ValueRef::Integer(n),
            Value::Truth(truth) => ValueRef::Integer(truth.into()),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Not floating point, nor texts that are not UTF-8: the node writes neither.
pub fn value<'a>(row: &'a rusqlite::Row<'_>, column: usize) -> Result<Value<'a>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Integer(n),
        ValueRef::Real(_) => return Err(Error::Kind(column)),
        ValueRef::Text(text) => {
            Value::Text(std::str::from_utf8(text).map_err(|_| Error::Kind(column))?)
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes),
    })
}
