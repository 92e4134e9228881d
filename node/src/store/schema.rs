//! Opening the database: its pragmas, and the steps from an older schema to this one.

use rusqlite::{Connection, TransactionBehavior};

/// Step i takes a database from version i to i + 1. Released steps never change.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// How long a connection waits for another program's lock on the file, milliseconds.
const BUSY_MS: u32 = 5_000;

/// Pages of the write-ahead log before it is copied back into the file: 4 MiB of 4 KiB pages.
const CHECKPOINT_PAGES: u32 = 1_024;

/// Settings of every connection.
pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "busy_timeout", BUSY_MS)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // The file may come from elsewhere: its schema must not call functions with side effects.
    connection.pragma_update(None, "trusted_schema", false)
}

/// Settings of the connection that writes. With `synchronous = FULL` a commit is on the disk, not
/// just in the operating system, when it returns.
pub fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    prepare(connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
}

/// Brings the schema up to date, each step in its transaction.
///
/// # Errors
/// Also where the database is newer than this program.
pub fn migrate(connection: &mut Connection) -> Result<(), super::OpenError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = MIGRATIONS.len();
    let from = usize::try_from(version).ok().filter(|&v| v <= known);
    let Some(from) = from else {
        return Err(super::OpenError::Version(version));
    };
    for (to, step) in (1i64..).zip(MIGRATIONS).skip(from) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", to)?;
        tx.commit()?;
    }
    Ok(())
}
