//! The schema's versions, and the steps from one to the next. There are no steps back.

use super::sql::{params, Connection, Dialect};
use super::OpenError;

/// What leads from one version to the next, on each database.
struct Step {
    sqlite: &'static str,
    postgres: &'static str,
}

/// Step i takes a database from version i to i + 1. Released steps never change.
const STEPS: [Step; 10] = [
    Step {
        sqlite: include_str!("../../migrations/0001.sqlite.sql"),
        // Version 1 was of SQLite alone.
        postgres: "",
    },
    Step {
        sqlite: include_str!("../../migrations/0002.sqlite.sql"),
        postgres: include_str!("../../migrations/0002.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0003.sqlite.sql"),
        postgres: include_str!("../../migrations/0003.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0004.sqlite.sql"),
        postgres: include_str!("../../migrations/0004.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0005.sqlite.sql"),
        postgres: include_str!("../../migrations/0005.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0006.sqlite.sql"),
        postgres: include_str!("../../migrations/0006.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0007.sqlite.sql"),
        postgres: include_str!("../../migrations/0007.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0008.sqlite.sql"),
        postgres: include_str!("../../migrations/0008.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0009.sqlite.sql"),
        postgres: include_str!("../../migrations/0009.postgres.sql"),
    },
    Step {
        sqlite: include_str!("../../migrations/0010.sqlite.sql"),
        postgres: include_str!("../../migrations/0010.postgres.sql"),
    },
];

/// The version that this program works with.
pub const CURRENT: usize = STEPS.len();

/// The oldest version that exists on a database.
pub const fn oldest(dialect: Dialect) -> usize {
    match dialect {
        Dialect::Sqlite => 1,
        Dialect::Postgres => 2,
    }
}

/// A database's version; 0 where it is empty.
///
/// # Errors
/// Where it is newer than this program.
pub fn version(c: &Connection) -> Result<usize, OpenError> {
    let version: i64 = match c.dialect() {
        Dialect::Sqlite => c.query_one("PRAGMA user_version", params![], |row| row.get(0))?,
        Dialect::Postgres if has_migrations(c)? => c.query_one(
            "SELECT coalesce(max(version), 0) FROM migrations",
            params![],
            |row| row.get(0),
        )?,
        Dialect::Postgres => 0,
    };
    usize::try_from(version)
        .ok()
        .filter(|&known| known <= CURRENT)
        .ok_or(OpenError::Version(version))
}

fn has_migrations(c: &Connection) -> Result<bool, OpenError> {
    Ok(c.query_one(
        "SELECT to_regclass('migrations') IS NOT NULL",
        params![],
        |row| row.get(0),
    )?)
}

/// Whether a database holds nothing at all, of the node's or of anybody's.
pub fn is_empty(c: &Connection) -> Result<bool, OpenError> {
    let sql = match c.dialect() {
        Dialect::Sqlite => "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)",
        Dialect::Postgres => {
            "SELECT NOT EXISTS (SELECT 1 FROM pg_class WHERE relnamespace =
             (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))"
        }
    };
    Ok(c.query_one(sql, params![], |row| row.get(0))?)
}

/// Brings the schema to a version, in the caller's transaction.
///
/// # Errors
/// Where the database is newer than this program, or refuses.
pub fn migrate(c: &Connection, to: usize) -> Result<(), OpenError> {
    let from = version(c)?;
    for (version, step) in (1..=to).zip(&STEPS).skip(from) {
        match c.dialect() {
            Dialect::Sqlite => {
                c.batch(step.sqlite)?;
                c.batch(&format!("PRAGMA user_version = {version}"))?;
            }
            Dialect::Postgres if version >= oldest(Dialect::Postgres) => {
                c.batch(step.postgres)?;
                c.batch(&format!(
                    "INSERT INTO migrations (version) VALUES ({version})"
                ))?;
            }
            Dialect::Postgres => {}
        }
    }
    Ok(())
}
