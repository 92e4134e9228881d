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

use serde::{Serialize, Serializer};
use serde_json::{json, Value as Json};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::sql::{self, params, Connection, Dialect, Location, Purpose, Value};
use super::{open_to_look, open_to_write, schema, with_schema, OpenError};
use crate::keys::hex;

/// The version of the file's form.
const FORM: u64 = 1;

/// A line is at most this long, bytes: a submission of 64 KiB is 128 KiB in hexadecimal, its verdict
/// less.
const LINE_MAX: u64 = 16 << 20;

/// Rows that are put into the database at a time.
const ROWS_AT_ONCE: usize = 512;

/// What a column holds. Not what the database says it holds: SQLite has no truths.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Truth,
}

/// A table of the current schema version.
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Kind)],
    order: &'static str,
}

const fn plain(name: &'static str) -> (&'static str, Kind) {
    (name, Kind::Plain)
}

const fn truth(name: &'static str) -> (&'static str, Kind) {
    (name, Kind::Truth)
}

/// In the order in which the schema's own rules let them be filled: enrolments before their epoch is
/// settled, postings before their transaction seals them.
const TABLES: [Table; 8] = [
    Table {
        name: "meta",
        columns: &[plain("key"), plain("number"), plain("bytes")],
        order: "key",
    },
    Table {
        name: "challenges",
        columns: &[
            plain("nonce"),
            plain("issued_ms"),
            plain("expires_ms"),
            plain("bound_miner"),
            plain("used_ms"),
        ],
        order: "nonce",
    },
    Table {
        name: "attestations",
        columns: &[
            plain("id"),
            plain("issued_ms"),
            plain("received_ms"),
            plain("miner"),
            plain("nonce"),
            plain("epoch"),
            truth("accepted"),
            plain("weight"),
            plain("previous_id"),
            plain("fingerprint_hash"),
            plain("body"),
            plain("verdict"),
        ],
        order: "id",
    },
    Table {
        name: "miners",
        columns: &[
            plain("miner"),
            plain("public_key"),
            plain("first_ms"),
            plain("last_ms"),
            plain("attestation_id"),
            plain("family"),
            plain("class"),
            truth("physical"),
            plain("presence_ppm"),
            plain("multiplier"),
            plain("weight"),
        ],
        order: "miner",
    },
    Table {
        name: "enrolments",
        columns: &[
            plain("epoch"),
            plain("miner"),
            plain("weight"),
            plain("attestation_id"),
        ],
        order: "epoch, miner",
    },
    Table {
        name: "epochs",
        columns: &[
            plain("epoch"),
            plain("settled_ms"),
            plain("pot"),
            plain("paid"),
            plain("total_weight"),
            plain("miners"),
        ],
        order: "epoch",
    },
    Table {
        name: "postings",
        columns: &[
            plain("tx"),
            plain("line"),
            plain("account"),
            plain("amount"),
        ],
        order: "tx, line",
    },
    Table {
        name: "transactions",
        columns: &[plain("id"), plain("reference"), plain("created_ms")],
        order: "id",
    },
];

/// Tables and columns that a backup of this version holds.
pub fn tables() -> impl Iterator<Item = (&'static str, Vec<&'static str>)> {
    TABLES
        .iter()
        .map(|table| (table.name, table.columns.iter().map(|c| c.0).collect()))
}

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

/// Writes a backup of a database to a new file, readable by its owner alone: it holds the node's key.
/// The file appears when it is whole and on the disk. Memory: a row at a time.
///
/// # Errors
/// See [`BackupError`].
pub fn backup(location: Location, path: &Path) -> Result<Summary, BackupError> {
    let (connection, _) = open_to_look(location)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let file = tempfile::NamedTempFile::new_in(directory)?;
    let mut out = Summed::new(BufWriter::new(file));
    let rows = connection.transaction(Purpose::Read, |c| write_tables(c, &mut out))?;
    let sha256 = hex(&out.digest.finalize());
    let mut out = out.inner;
    writeln!(out, "{}", json!({"rows": rows, "sha256": sha256}))?;
    let file = out
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|e| e.error)?;
    // The file's name, too.
    File::open(directory)?.sync_all()?;
    Ok(Summary { rows, sha256 })
}

fn write_tables(c: &Connection, out: &mut impl Write) -> Result<u64, BackupError> {
    let first = json!({"verdigris_backup": FORM, "schema": schema::CURRENT});
    writeln!(out, "{first}")?;
    let mut rows = 0;
    for table in &TABLES {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.0).collect();
        writeln!(out, "{}", json!({"table": table.name, "columns": columns}))?;
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            table.name,
            table.order
        );
        let mut failed = None;
        c.for_each(&sql, params![], |row| {
            let cells: Vec<Cell<'_>> = (0..)
                .zip(table.columns)
                .map(|(place, column)| {
                    Ok(Cell(match column.1 {
                        Kind::Plain => row.value(place)?,
                        Kind::Truth => Value::Truth(row.get(place)?),
                    }))
                })
                .collect::<sql::Result<_>>()?;
            rows += 1;
            let written = serde_json::to_writer(&mut *out, &cells)
                .map_err(std::io::Error::from)
                .and_then(|()| out.write_all(b"\n"));
            written.map_err(|e| {
                let error = sql::Error::Unsound(e.to_string());
                failed = Some(e);
                error
            })
        })
        .map_err(|e| failed.take().map_or_else(|| e.into(), BackupError::File))?;
    }
    Ok(rows)
}

/// A value as it is written.
struct Cell<'a>(Value<'a>);

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Integer(n) => serializer.serialize_i64(n),
            Value::Truth(truth) => serializer.serialize_bool(truth),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.collect_map([("hex", hex(bytes))]),
        }
    }
}

/// Sums what is written.
struct Summed<W> {
    inner: W,
    digest: Sha256,
}

impl<W> Summed<W> {
    fn new(inner: W) -> Self {
        let digest = Sha256::new();
        Summed { inner, digest }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

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
        number_on(c)?;
        schema::migrate(c, schema::CURRENT)?;
        Ok(())
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
        for table in ["attestations", "transactions"] {
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
            Json::Object(members) => Owned::Bytes(unhex(members.get("hex")?.as_str()?)?),
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

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
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
