//! The steps from an older schema to this one.

use super::sql::{params, Connection, Purpose};
use super::OpenError;

/// Step i takes a database from version i to i + 1. Released steps never change.
const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/0001.sqlite.sql")];

/// Brings the schema up to date, all or nothing.
///
/// # Errors
/// Also where the database is newer than this program.
pub fn migrate(connection: &Connection) -> Result<(), OpenError> {
    connection.transaction(Purpose::Write, |c| {
        let version: i64 = c.query_one("PRAGMA user_version", params![], |row| row.get(0))?;
        let known = MIGRATIONS.len();
        let from = usize::try_from(version).ok().filter(|&v| v <= known);
        let Some(from) = from else {
            return Err(OpenError::Version(version));
        };
        for (to, step) in (1i64..).zip(MIGRATIONS).skip(from) {
            c.batch(step)?;
            c.batch(&format!("PRAGMA user_version = {to}"))?;
        }
        Ok(())
    })
}
