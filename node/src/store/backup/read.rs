//! From a file into a database.

use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::{BackupError, Summary, FORM};
use crate::keys::{hex, unhex_all};
use crate::store::sql::{params, Connection, Dialect, Location, Value};
use crate::store::{open_to_write, schema, with_schema};

/// A line is at most this long, bytes: a submission of 64 KiB is 128 KiB in hexadecimal, its verdict
/// less.
const LINE_MAX: u64 = 16 << 20;

/// Rows that are put into the database at a time.
const ROWS_AT_ONCE: usize = 512;

/// Fills an empty database from a backup, of this schema version or an older one, and brings it to
/// this one. Nothing is kept of a restoration that fails. The file is read twice: nothing is written
/// before its sum is right.
///
/// # Errors
/// See [`BackupError`].
pub fn restore(path: &Path, location: &Location) -> Result<Summary, BackupError> {
    let summary = verify(path)?;
    let connection = open_to_write(location)?;
    with_schema(&connection, |c| {
        if !schema::is_empty(c)? {
            return Err(BackupError::NotEmpty);
        }
        let mut lines = Lines::open(path)?;
        let version = version(&lines.next_value()?.unwrap_or_default(), c.dialect())?;
        schema::migrate(c, version)?;
        fill(c, &mut lines)?;
        schema::migrate(c, schema::CURRENT)?;
        number_on(c)
    })?;
    Ok(summary)
}

/// The schema version that a backup's first line names.
fn version(first: &Json, dialect: Dialect) -> Result<usize, BackupError> {
    if first["verdigris_backup"].as_u64() != Some(FORM) {
        return Err(unsound("its form is not known"));
    }
    let version = first["schema"].as_u64().and_then(|v| v.try_into().ok());
    version
        .filter(|v| (schema::oldest(dialect)..=schema::CURRENT).contains(v))
        .ok_or_else(|| unsound("its schema version is not known"))
}

/// Puts the rows of all tables where they belong.
fn fill(c: &Connection, lines: &mut Lines) -> Result<(), BackupError> {
    let mut table: Option<(String, Vec<String>)> = None;
    let mut rows: Vec<Vec<Owned>> = Vec::new();
    while let Some(line) = lines.next_value()? {
        match &line {
            Json::Array(cells) => {
                let width = table.as_ref().map(|(_, columns)| columns.len());
                if width != Some(cells.len()) {
                    return Err(unsound("a row does not fit its table"));
                }
                rows.push(
                    cells
                        .iter()
                        .map(Owned::read)
                        .collect::<Option<_>>()
                        .ok_or_else(|| unsound("a row has a value of no known kind"))?,
                );
            }
            Json::Object(_) => {
                put(c, table.as_ref(), &mut rows)?;
                table = table_of(&line)?;
            }
            _ => return Err(unsound("a line is neither a row nor a table")),
        }
        if rows.len() == ROWS_AT_ONCE {
            put(c, table.as_ref(), &mut rows)?;
        }
    }
    put(c, table.as_ref(), &mut rows)
}

/// The table that a line begins; `None` for the last line.
fn table_of(line: &Json) -> Result<Option<(String, Vec<String>)>, BackupError> {
    let Some(name) = line["table"].as_str() else {
        return Ok(None);
    };
    let columns: Option<Vec<String>> = line["columns"]
        .as_array()
        .map(|columns| {
            columns
                .iter()
                .map(|c| c.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    let columns = columns.unwrap_or_default();
    // They become part of a statement.
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b"_0123456789".contains(&b))
    };
    if !is_name(name) || columns.is_empty() || !columns.iter().all(|c| is_name(c)) {
        return Err(unsound("a table has no sound name or columns"));
    }
    Ok(Some((name.to_owned(), columns)))
}

fn put(
    c: &Connection,
    table: Option<&(String, Vec<String>)>,
    rows: &mut Vec<Vec<Owned>>,
) -> Result<(), BackupError> {
    if let (Some((name, columns)), false) = (table, rows.is_empty()) {
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let values: Vec<Vec<Value<'_>>> = rows
            .iter()
            .map(|row| row.iter().map(Owned::value).collect())
            .collect();
        c.insert_all(name, &columns, &values)?;
    }
    rows.clear();
    Ok(())
}

/// Lets the numbers that PostgreSQL gives follow those that came with the backup.
fn number_on(c: &Connection) -> Result<(), BackupError> {
    if c.dialect() == Dialect::Postgres {
        for table in [
            "attestations",
            "transactions",
            "transfers",
            "wallet_reviews",
            "key_actions",
            "units",
            "unit_moves",
            "unit_events",
        ] {
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
            );
            c.query_opt(&sql, params![], |_| Ok(()))?;
        }
    }
    Ok(())
}

/// A value read from a backup.
enum Owned {
    Null,
    Integer(i64),
    Truth(bool),
    Text(String),
    Bytes(Vec<u8>),
}

impl Owned {
    fn read(json: &Json) -> Option<Self> {
        Some(match json {
            Json::Null => Owned::Null,
            Json::Bool(truth) => Owned::Truth(*truth),
            Json::Number(n) => Owned::Integer(n.as_i64()?),
            Json::String(text) => Owned::Text(text.clone()),
            Json::Object(members) => Owned::Bytes(unhex_all(members.get("hex")?.as_str()?)?),
            Json::Array(_) => return None,
        })
    }

    fn value(&self) -> Value<'_> {
        match self {
            Owned::Null => Value::Null,
            Owned::Integer(n) => Value::Integer(*n),
            Owned::Truth(truth) => Value::Truth(*truth),
            Owned::Text(text) => Value::Text(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

fn unsound(why: &str) -> BackupError {
    BackupError::Unsound(why.into())
}

/// Checks a backup's sum, without any database.
///
/// # Errors
/// See [`BackupError`].
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    let mut lines = Lines::open(path)?;
    let mut digest = Sha256::new();
    // A line counts once it is known that it is not the last.
    let mut held = String::new();
    while lines.next_line()? {
        digest.update(&held);
        std::mem::swap(&mut held, &mut lines.line);
    }
    let last: Json = serde_json::from_str(&held)?;
    let sha256 = hex(&digest.finalize());
    if last["sha256"].as_str() != Some(&sha256) {
        return Err(unsound("its sum is wrong, or its end is missing"));
    }
    let rows = last["rows"].as_u64().unwrap_or_default();
    Ok(Summary { rows, sha256 })
}

/// The lines of a file, none longer than [`LINE_MAX`].
struct Lines {
    file: BufReader<File>,
    line: String,
}

impl Lines {
    fn open(path: &Path) -> std::io::Result<Self> {
        Ok(Lines {
            file: BufReader::new(File::open(path)?),
            line: String::new(),
        })
    }

    /// Reads the next line, with its end; `false` where there is none.
    fn next_line(&mut self) -> Result<bool, BackupError> {
        self.line.clear();
        let read = (&mut self.file).take(LINE_MAX).read_line(&mut self.line)?;
        if read > 0 && !self.line.ends_with('\n') {
            return Err(unsound("a line is too long, or its end is missing"));
        }
        Ok(read > 0)
    }

    fn next_value(&mut self) -> Result<Option<Json>, BackupError> {
        Ok(match self.next_line()? {
            true => Some(serde_json::from_str(&self.line)?),
            false => None,
        })
    }
}
