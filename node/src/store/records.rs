//! Statements about attestations and miners.

use super::sql::{self, params, Connection, Row};

/// Whether a challenge was answered by a submission that was judged.
pub fn is_answered(c: &Connection, nonce: &str) -> sql::Result<bool> {
    c.query_one(
        "SELECT EXISTS (SELECT 1 FROM attestations WHERE nonce = ?1)",
        params![nonce],
        |row| row.get(0),
    )
}

/// A judged submission.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// When its challenge was issued, milliseconds since 1970.
    pub issued_ms: i64,
    /// When it arrived.
    pub received_ms: i64,
    /// Who is credited.
    pub miner: String,
    /// The challenge.
    pub nonce: String,
    /// The epoch that was open.
    pub epoch: i64,
    /// Whether its evidence belongs to the challenge and agrees with itself.
    pub accepted: bool,
    /// Weight units.
    pub weight: i64,
    /// The accepted attestation that it was judged against.
    pub previous_id: Option<i64>,
    /// See [`crate::attest::replay`].
    pub fingerprint_hash: Option<[u8; 32]>,
    /// As received.
    pub body: Vec<u8>,
    /// JSON.
    pub verdict: String,
}

/// Appends to the log; gives the row's number, or `None` where the challenge was answered already.
pub fn append(c: &Connection, a: &Attestation) -> sql::Result<Option<i64>> {
    c.query_opt(
        "INSERT INTO attestations (issued_ms, received_ms, miner, nonce, epoch, accepted, weight,
                                   previous_id, fingerprint_hash, body, verdict)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (nonce) DO NOTHING
         RETURNING id",
        params![
            a.issued_ms,
            a.received_ms,
            a.miner,
            a.nonce,
            a.epoch,
            a.accepted,
            a.weight,
            a.previous_id,
            a.fingerprint_hash,
            a.body,
            a.verdict,
        ],
        |row| row.get(0),
    )
}

/// The body of a miner's newest accepted attestation, and its number.
pub fn last_accepted(c: &Connection, miner: &str) -> sql::Result<Option<(i64, Vec<u8>)>> {
    c.query_opt(
        "SELECT a.id, a.body FROM miners m JOIN attestations a ON a.id = m.attestation_id
         WHERE m.miner = ?1",
        params![miner],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// A row of the log, as shown to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Number in the log.
    pub id: i64,
    /// When it arrived, milliseconds since 1970.
    pub received_ms: i64,
    /// The challenge.
    pub nonce: String,
    /// The epoch that was open.
    pub epoch: i64,
    /// See [`Attestation::accepted`].
    pub accepted: bool,
    /// JSON.
    pub verdict: String,
}

/// The newest row of a miner, accepted or not.
pub fn latest(c: &Connection, miner: &str) -> sql::Result<Option<Judged>> {
    c.query_opt(
        "SELECT id, received_ms, nonce, epoch, accepted, verdict FROM attestations
         WHERE miner = ?1 ORDER BY id DESC LIMIT 1",
        params![miner],
        |row| {
            Ok(Judged {
                id: row.get(0)?,
                received_ms: row.get(1)?,
                nonce: row.get(2)?,
                epoch: row.get(3)?,
                accepted: row.get(4)?,
                verdict: row.get(5)?,
            })
        },
    )
}

/// When the newest row of the log arrived, milliseconds since 1970.
pub fn newest_ms(c: &Connection) -> sql::Result<Option<i64>> {
    c.query_opt(
        "SELECT received_ms FROM attestations ORDER BY id DESC LIMIT 1",
        params![],
        |row| row.get(0),
    )
}

/// Who was the first to have an attestation with this fingerprint accepted.
pub fn fingerprint_owner(c: &Connection, hash: &[u8; 32]) -> sql::Result<Option<String>> {
    c.query_opt(
        "SELECT miner FROM fingerprints WHERE hash = ?1",
        params![hash],
        |row| row.get(0),
    )
}

/// Notes who was the first with a fingerprint that nobody had.
pub fn own_fingerprint(c: &Connection, hash: &[u8; 32], miner: &str) -> sql::Result<()> {
    c.execute(
        "INSERT INTO fingerprints (hash, miner) VALUES (?1, ?2)",
        params![hash, miner],
    )?;
    Ok(())
}

/// What is known of a miner from its newest accepted attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miner {
    /// Its id.
    pub miner: String,
    /// The key that owns the name.
    pub public_key: Option<[u8; 32]>,
    /// First accepted, milliseconds since 1970.
    pub first_ms: i64,
    /// Last accepted.
    pub last_ms: i64,
    /// Number in the log.
    pub attestation_id: i64,
    /// As derived by the verdict.
    pub family: String,
    /// As derived by the verdict.
    pub class: String,
    /// Whether it is silicon.
    pub physical: bool,
    /// Score for presence, parts per million.
    pub presence_ppm: Option<i64>,
    /// Weight units.
    pub multiplier: i64,
    /// Weight units.
    pub weight: i64,
}

/// What [`miner_row`] reads.
pub(super) const MINER_COLUMNS: &str =
    "miner, public_key, first_ms, last_ms, attestation_id, family, class, \
                             physical, presence_ppm, multiplier, weight";

/// A row of [`MINER_COLUMNS`].
pub(super) fn miner_row(row: &Row<'_>) -> sql::Result<Miner> {
    Ok(Miner {
        miner: row.get(0)?,
        public_key: row.get(1)?,
        first_ms: row.get(2)?,
        last_ms: row.get(3)?,
        attestation_id: row.get(4)?,
        family: row.get(5)?,
        class: row.get(6)?,
        physical: row.get(7)?,
        presence_ppm: row.get(8)?,
        multiplier: row.get(9)?,
        weight: row.get(10)?,
    })
}

/// One miner.
pub fn miner(c: &Connection, id: &str) -> sql::Result<Option<Miner>> {
    c.query_opt(
        &format!("SELECT {MINER_COLUMNS} FROM miners WHERE miner = ?1"),
        params![id],
        miner_row,
    )
}

/// Records a miner's newest accepted attestation. A key that is pinned stays, and so does the time
/// of the first attestation.
pub fn put_miner(c: &Connection, m: &Miner) -> sql::Result<()> {
    c.execute(
        "INSERT INTO miners (miner, public_key, first_ms, last_ms, attestation_id, family, class,
                             physical, presence_ppm, multiplier, weight)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (miner) DO UPDATE SET
             public_key = coalesce(miners.public_key, excluded.public_key),
             last_ms = excluded.last_ms, attestation_id = excluded.attestation_id,
             family = excluded.family, class = excluded.class, physical = excluded.physical,
             presence_ppm = excluded.presence_ppm, multiplier = excluded.multiplier,
             weight = excluded.weight",
        params![
            m.miner,
            m.public_key,
            m.first_ms,
            m.last_ms,
            m.attestation_id,
            m.family,
            m.class,
            m.physical,
            m.presence_ppm,
            m.multiplier,
            m.weight
        ],
    )?;
    Ok(())
}

/// How many miners attested since `since_ms`, milliseconds since 1970.
///
/// # Errors
/// Where the database refuses.
pub fn count_since(c: &Connection, since_ms: i64) -> sql::Result<i64> {
    c.query_one(
        "SELECT count(*) FROM miners WHERE last_ms >= ?1",
        params![since_ms],
        |row| row.get(0),
    )
}

/// The round of slot producers: miners attested since `since_ms`, by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// How many.
    pub size: i64,
    /// Whose turn it is; `None` where there is nobody.
    pub producer: Option<String>,
    /// The place of the miner asked for, from 0; `None` where it has not attested.
    pub place: Option<i64>,
}

/// Who produces `slot`, and where `miner` stands.
pub fn rotation(c: &Connection, since_ms: i64, slot: i64, miner: &str) -> sql::Result<Rotation> {
    let size = count_since(c, since_ms)?;
    if size == 0 {
        return Ok(Rotation {
            size,
            producer: None,
            place: None,
        });
    }
    let producer = c.query_opt(
        "SELECT miner FROM miners WHERE last_ms >= ?1 ORDER BY miner LIMIT 1 OFFSET ?2",
        params![since_ms, slot % size],
        |row| row.get(0),
    )?;
    let place = c.query_opt(
        "SELECT (SELECT count(*) FROM miners WHERE last_ms >= ?1 AND miner < ?2)
             FROM miners WHERE last_ms >= ?1 AND miner = ?2",
        params![since_ms, miner],
        |row| row.get(0),
    )?;
    Ok(Rotation {
        size,
        producer,
        place,
    })
}
