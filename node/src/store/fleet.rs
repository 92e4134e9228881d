//! Statements about what is known of miners over time: their rows, the buckets that they share, the rates
//! that counters are held against, and what assessments came to.

use std::collections::BTreeMap;

use super::sql::{self, params, Connection, Row, Value};
use crate::binding::salt::{Tag, TAG_BYTES};
use crate::fleet::index::{Bucket, Index, Key};
use crate::fleet::known::{tag, Damaged, Known};

/// What is kept of a miner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// Its name.
    pub miner: String,
    /// First attestation, milliseconds since 1970.
    pub since_ms: i64,
    /// The newest one that was taken in.
    pub seen_ms: i64,
    /// Its epoch.
    pub epoch: i64,
    /// What is known, as [`Known::to_row`] wrote it.
    pub state: Vec<u8>,
}

impl Dossier {
    /// What is known.
    ///
    /// # Errors
    /// [`Damaged`] where the row is.
    pub fn known(&self) -> Result<Known, Damaged> {
        Known::from_row(&self.state)
    }
}

const COLUMNS: &str = "miner, since_ms, seen_ms, epoch, state";

fn read(row: &Row<'_>) -> sql::Result<Dossier> {
    Ok(Dossier {
        miner: row.get(0)?,
        since_ms: row.get(1)?,
        seen_ms: row.get(2)?,
        epoch: row.get(3)?,
        state: row.get(4)?,
    })
}

/// What is kept of a miner, by the hash of its name.
pub fn dossier(c: &Connection, tag: Tag) -> sql::Result<Option<Dossier>> {
    c.query_opt(
        &format!("SELECT {COLUMNS} FROM dossiers WHERE tag = ?1"),
        params![tag.0],
        read,
    )
}

/// The same of several miners, in one statement; in no order.
pub fn dossiers(c: &Connection, tags: &[Tag]) -> sql::Result<Vec<Dossier>> {
    if tags.is_empty() {
        return Ok(Vec::new());
    }
    let parameters: Vec<Value<'_>> = tags.iter().map(|tag| Value::Bytes(&tag.0)).collect();
    let sql = format!(
        "SELECT {COLUMNS} FROM dossiers WHERE tag IN ({})",
        places(tags.len())
    );
    c.query_all(&sql, &parameters, read)
}

/// Keeps it.
pub fn put_dossier(c: &Connection, d: &Dossier) -> sql::Result<()> {
    c.execute(
        "INSERT INTO dossiers (tag, miner, since_ms, seen_ms, epoch, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (tag) DO UPDATE SET
             seen_ms = excluded.seen_ms, epoch = excluded.epoch, state = excluded.state",
        params![
            tag(&d.miner).0,
            d.miner,
            d.since_ms,
            d.seen_ms,
            d.epoch,
            d.state
        ],
    )?;
    Ok(())
}

/// The rate that counters of this model and source are held against: the nearest that is there within
/// `within_ppm` of what was measured, or from now on the measured one.
pub fn reference(
    c: &Connection,
    model: &[u8; 16],
    source: &str,
    measured_hz: i64,
    within_ppm: i64,
) -> sql::Result<i64> {
    const PPM: i64 = 1_000_000;
    let margin = measured_hz / PPM * within_ppm + measured_hz % PPM * within_ppm / PPM;
    let known: Vec<i64> = c.query_all(
        "SELECT hz FROM clock_references
         WHERE model = ?1 AND source = ?2 AND hz BETWEEN ?3 AND ?4 ORDER BY hz",
        params![
            model,
            source,
            measured_hz.saturating_sub(margin),
            measured_hz.saturating_add(margin)
        ],
        |row| row.get(0),
    )?;
    let nearest = known.into_iter().min_by_key(|hz| hz.abs_diff(measured_hz));
    if let Some(hz) = nearest {
        return Ok(hz);
    }
    c.execute(
        "INSERT INTO clock_references (model, source, hz) VALUES (?1, ?2, ?3)",
        params![model, source, measured_hz],
    )?;
    Ok(measured_hz)
}

/// Buckets of the database, read together and written together.
pub struct Buckets {
    rows: BTreeMap<Key, (Bucket, bool)>,
    epoch: i64,
}

impl Buckets {
    /// Reads the rows of these keys, in one statement.
    ///
    /// # Errors
    /// Where the database refuses, or a row is damaged.
    pub fn read(c: &Connection, keys: &[Key], epoch: i64) -> sql::Result<Self> {
        let mut rows: BTreeMap<Key, (Bucket, bool)> = keys
            .iter()
            .map(|&key| (key, (Bucket::default(), false)))
            .collect();
        let names: Vec<[u8; KEY_BYTES]> = rows.keys().map(bytes).collect();
        let by_name: BTreeMap<_, _> = names.iter().copied().zip(rows.keys().copied()).collect();
        let parameters: Vec<Value<'_>> = names.iter().map(|n| Value::Bytes(n)).collect();
        if parameters.is_empty() {
            return Ok(Buckets { rows, epoch });
        }
        let sql = format!(
            "SELECT key, state FROM fleet_buckets WHERE key IN ({})",
            places(parameters.len())
        );
        let found: Vec<(Vec<u8>, Vec<u8>)> =
            c.query_all(&sql, &parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (name, state) in found {
            let key = <[u8; KEY_BYTES]>::try_from(name)
                .ok()
                .and_then(|name| by_name.get(&name));
            if let Some(row) = key.and_then(|key| rows.get_mut(key)) {
                row.0 = Bucket::from_row(&state).map_err(damaged)?;
            }
        }
        Ok(Buckets { rows, epoch })
    }

    /// Writes those that changed.
    ///
    /// # Errors
    /// Where the database refuses.
    pub fn write(&self, c: &Connection) -> sql::Result<()> {
        for (key, (bucket, _)) in self.rows.iter().filter(|(_, (_, changed))| *changed) {
            c.execute(
                "INSERT INTO fleet_buckets (key, epoch, state) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET epoch = excluded.epoch, state = excluded.state",
                params![bytes(key), self.epoch, bucket.to_row()],
            )?;
        }
        Ok(())
    }
}

impl Index for Buckets {
    type Error = std::convert::Infallible;

    fn enter(&mut self, key: Key, miner: Tag, epoch: i64) -> Result<Bucket, Self::Error> {
        let (bucket, changed) = self.rows.entry(key).or_default();
        let before = bucket.entries().to_vec();
        bucket.enter(miner, epoch);
        // That a full bucket had no place for somebody is not worth a row that everybody of a large
        // network writes.
        *changed |= before != bucket.entries();
        Ok(bucket.clone())
    }
}

/// Bytes of a key's name: its kind and its hash.
const KEY_BYTES: usize = 1 + TAG_BYTES;

fn bytes(key: &Key) -> [u8; KEY_BYTES] {
    let mut bytes = [key.kind as u8; KEY_BYTES];
    bytes[1..].copy_from_slice(&key.digest);
    bytes
}

/// Forgets up to `limit` buckets that nobody entered since `before_epoch`. Gives how many.
pub fn forget_buckets(c: &Connection, before_epoch: i64, limit: u32) -> sql::Result<usize> {
    c.execute(
        "DELETE FROM fleet_buckets WHERE key IN
         (SELECT key FROM fleet_buckets WHERE epoch < ?1 ORDER BY epoch, key LIMIT ?2)",
        params![before_epoch, limit],
    )
}

/// What an assessment came to, where that is worth a row: the last one of an epoch counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// In which epoch.
    pub epoch: i64,
    /// Who.
    pub miner: String,
    /// The attestation that it was made at.
    pub attestation_id: i64,
    /// When, milliseconds since 1970.
    pub assessed_ms: i64,
    /// Whether the miner counts in this epoch.
    pub has_vote: bool,
    /// Why, JSON.
    pub detail: String,
}

/// Records an assessment in the place of an earlier one of the epoch. Nothing is recorded of an epoch whose
/// settlement has begun.
pub fn put_assessment(c: &Connection, a: &Assessment) -> sql::Result<()> {
    c.execute(
        "INSERT INTO assessments (epoch, miner, attestation_id, assessed_ms, has_vote, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (epoch, miner) DO UPDATE SET
             attestation_id = excluded.attestation_id, assessed_ms = excluded.assessed_ms,
             has_vote = excluded.has_vote, detail = excluded.detail",
        params![
            a.epoch,
            a.miner,
            a.attestation_id,
            a.assessed_ms,
            a.has_vote,
            a.detail
        ],
    )?;
    Ok(())
}

/// The assessment of a miner in an epoch, if it is worth a row.
pub fn assessment(c: &Connection, epoch: i64, miner: &str) -> sql::Result<Option<Assessment>> {
    c.query_opt(
        "SELECT attestation_id, assessed_ms, has_vote, detail FROM assessments
         WHERE epoch = ?1 AND miner = ?2",
        params![epoch, miner],
        |row| {
            Ok(Assessment {
                epoch,
                miner: miner.to_owned(),
                attestation_id: row.get(0)?,
                assessed_ms: row.get(1)?,
                has_vote: row.get(2)?,
                detail: row.get(3)?,
            })
        },
    )
}

/// `?1, ?2, …`
fn places(count: usize) -> String {
    let places: Vec<String> = (1..=count).map(|n| format!("?{n}")).collect();
    places.join(", ")
}

fn damaged(e: Damaged) -> sql::Error {
    sql::Error::Unsound(e.to_string())
}
