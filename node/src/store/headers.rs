//! Statements about signed headers of slots.

use super::sql::{self, params, Connection};
use crate::slot_header::SlotHeader;

/// A header that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The slot.
    pub slot: i64,
    /// Its producer.
    pub miner: String,
    /// Canonical JSON; `None` where a text was signed.
    pub header: Option<String>,
    /// The bytes that were signed.
    pub message: Vec<u8>,
    /// The signature.
    pub signature: [u8; 64],
    /// The producer's key.
    pub public_key: [u8; 32],
    /// When it arrived, milliseconds since 1970.
    pub received_ms: i64,
}

/// Keeps a header, the first of its slot; `false` where the slot has one.
pub fn keep(
    c: &Connection,
    header: &SlotHeader,
    public_key: &[u8; 32],
    now_ms: i64,
) -> sql::Result<bool> {
    let changed = c.execute(
        "INSERT INTO headers (slot, miner, header, message, signature, public_key, received_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (slot) DO NOTHING",
        params![
            header.slot,
            header.miner,
            header.header,
            header.message,
            header.signature,
            public_key,
            now_ms,
        ],
    )?;
    Ok(changed == 1)
}

/// The message of a slot's header.
pub fn message_of(c: &Connection, slot: i64) -> sql::Result<Option<Vec<u8>>> {
    c.query_opt(
        "SELECT message FROM headers WHERE slot = ?1",
        params![slot],
        |row| row.get(0),
    )
}

/// Headers, newest slot first, and how many there are in all.
pub fn page(c: &Connection, limit: i64, offset: i64) -> sql::Result<(Vec<Kept>, i64)> {
    let total = c.query_one("SELECT count(*) FROM headers", params![], |row| row.get(0))?;
    let headers = c.query_all(
        "SELECT slot, miner, header, message, signature, public_key, received_ms FROM headers
         ORDER BY slot DESC LIMIT ?1 OFFSET ?2",
        params![limit, offset],
        |row| {
            Ok(Kept {
                slot: row.get(0)?,
                miner: row.get(1)?,
                header: row.get(2)?,
                message: row.get(3)?,
                signature: row.get(4)?,
                public_key: row.get(5)?,
                received_ms: row.get(6)?,
            })
        },
    )?;
    Ok((headers, total))
}
