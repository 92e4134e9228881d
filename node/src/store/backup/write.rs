//! From a database into a file.

use serde::{Serialize, Serializer};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::tables::{Kind, TABLES};
use super::{BackupError, Summary, FORM};
use crate::keys::hex;
use crate::store::sql::{self, params, Connection, Location, Purpose, Value};
use crate::store::{open_to_look, schema};

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
