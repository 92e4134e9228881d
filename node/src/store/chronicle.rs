//! Questions of readers: what a miner sent, how long without a gap, who is there, what was booked.

use super::sql::{self, params, Connection};

/// A row of a miner's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number in the log.
    pub id: i64,
    /// When it arrived, milliseconds since 1970.
    pub received_ms: i64,
    /// The epoch that was open.
    pub epoch: i64,
    /// Whether its evidence belonged to its challenge and agreed with itself.
    pub accepted: bool,
    /// Weight units.
    pub weight: i64,
    /// JSON.
    pub verdict: String,
}

/// A miner's submissions, newest first, and how many there are in all.
pub fn of_miner(
    c: &Connection,
    miner: &str,
    limit: i64,
    offset: i64,
) -> sql::Result<(Vec<Entry>, i64)> {
    let total = c.query_one(
        "SELECT count(*) FROM attestations WHERE miner = ?1",
        params![miner],
        |row| row.get(0),
    )?;
    let entries = c.query_all(
        "SELECT id, received_ms, epoch, accepted, weight, verdict FROM attestations
         WHERE miner = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
        params![miner, limit, offset],
        |row| {
            Ok(Entry {
                id: row.get(0)?,
                received_ms: row.get(1)?,
                epoch: row.get(2)?,
                accepted: row.get(3)?,
                weight: row.get(4)?,
                verdict: row.get(5)?,
            })
        },
    )?;
    Ok((entries, total))
}

/// The verdict of a row of the log, JSON.
pub fn verdict(c: &Connection, id: i64) -> sql::Result<Option<String>> {
    c.query_opt(
        "SELECT verdict FROM attestations WHERE id = ?1",
        params![id],
        |row| row.get(0),
    )
}

/// The epochs in which a miner attested, newest first, out of its newest `looked_at` submissions.
pub fn epochs_of(c: &Connection, miner: &str, looked_at: i64) -> sql::Result<Vec<i64>> {
    c.query_all(
        "SELECT DISTINCT epoch FROM (SELECT epoch, accepted FROM attestations WHERE miner = ?1
                                     ORDER BY id DESC LIMIT ?2) AS newest
         WHERE accepted ORDER BY epoch DESC",
        params![miner, looked_at],
        |row| row.get(0),
    )
}

/// Miners of one class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// As derived by the verdicts.
    pub family: String,
    /// As derived by the verdicts.
    pub class: String,
    /// How many.
    pub miners: i64,
    /// How many of them are silicon.
    pub physical: i64,
}

/// Miners that attested since `since_ms`, by class. Reads every one of them.
pub fn groups(c: &Connection, since_ms: i64) -> sql::Result<Vec<Group>> {
    c.query_all(
        "SELECT family, class, count(*), count(CASE WHEN physical THEN 1 END) FROM miners
         WHERE last_ms >= ?1 GROUP BY family, class ORDER BY count(*) DESC, family, class",
        params![since_ms],
        |row| {
            Ok(Group {
                family: row.get(0)?,
                class: row.get(1)?,
                miners: row.get(2)?,
                physical: row.get(3)?,
            })
        },
    )
}

/// A booked transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// What makes it unique: `epoch/N`, `transfer/HASH` …
    pub reference: String,
    /// When it was booked, milliseconds since 1970.
    pub created_ms: i64,
    /// Sender, receiver and µRTC, where it is a transfer.
    pub transfer: Option<(String, String, i64)>,
}

/// Booked transactions, newest first, and how many there are in all.
pub fn booked(c: &Connection, limit: i64, offset: i64) -> sql::Result<(Vec<Booked>, i64)> {
    let total = c.query_one("SELECT count(*) FROM transactions", params![], |row| {
        row.get(0)
    })?;
    let booked = c.query_all(
        "SELECT t.reference, t.created_ms, f.from_address, f.to_address, f.amount
         FROM (SELECT id, reference, created_ms FROM transactions
               ORDER BY id DESC LIMIT ?1 OFFSET ?2) AS t
         LEFT JOIN transfers f ON t.reference LIKE 'transfer/%' AND f.hash = substr(t.reference, 10)
         ORDER BY t.id DESC",
        params![limit, offset],
        |row| {
            let (from, to, amount): (Option<String>, Option<String>, Option<i64>) =
                (row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(Booked {
                reference: row.get(0)?,
                created_ms: row.get(1)?,
                transfer: from.zip(to).zip(amount).map(|((a, b), n)| (a, b, n)),
            })
        },
    )?;
    Ok((booked, total))
}
