//! Statements that show why each miner got of an epoch's pot what it got.

use super::books::{self, WEIGHTS};
use super::settlement::{self, Settlement};
use super::sql::{self, params, Connection};
use crate::epoch::{Chain, Division, Share};
use crate::ledger::Account;

/// An epoch, and how its pot is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The epoch.
    pub epoch: i64,
    /// When the division was decided, milliseconds since 1970; `None` where it is not, and what is shown
    /// would be if the epoch ended now.
    pub begun_ms: Option<i64>,
    /// When everybody was paid; `None` where not everybody is.
    pub settled_ms: Option<i64>,
    /// The division.
    pub division: Division,
}

/// A miner's part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The miner.
    pub miner: String,
    /// What it was enrolled with, weight units.
    pub enrolled: i64,
    /// What counts of that.
    pub weight: i64,
    /// What follows from that.
    pub share: Share,
    /// What was booked, µRTC; 0 where nothing was, or not yet.
    pub booked: i64,
    /// The attestation that it was enrolled for.
    pub attestation_id: i64,
    /// When that arrived, milliseconds since 1970.
    pub received_ms: i64,
    /// The verdict on it, JSON.
    pub verdict: String,
}

/// Which miners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// This one alone.
    Miner(String),
    /// By id, the first `limit` of those after this id, without the first `offset`.
    Page {
        /// Empty for the beginning.
        after: String,
        /// How many are left out; costs as much as if they were read.
        offset: i64,
        /// How many, at most.
        limit: i64,
    },
}

/// How an epoch's pot is divided; `None` where nobody was enrolled. Cost: linear in the number of miners
/// where it is not decided yet, otherwise small.
///
/// # Errors
/// Where the database refuses.
pub fn explain(c: &Connection, chain: &Chain, epoch: i64) -> sql::Result<Option<Explained>> {
    let (begun_ms, division) = match settlement::decided(c, epoch)? {
        Some(Settlement {
            begun_ms, division, ..
        }) => (Some(begun_ms), division),
        None => {
            let pot = chain.pot.min(books::balance(c, &Account::Emission)?);
            (None, settlement::divide(c, epoch, pot)?)
        }
    };
    if division.miners == 0 {
        return Ok(None);
    }
    let settled_ms = c.query_opt(
        "SELECT settled_ms FROM epochs WHERE epoch = ?1",
        params![epoch],
        |row| row.get(0),
    )?;
    Ok(Some(Explained {
        epoch,
        begun_ms,
        settled_ms,
        division,
    }))
}

/// What was booked for the miner of a row, µRTC.
const BOOKED: &str = "(SELECT p.amount FROM postings p
    WHERE p.account = 'wallet/' || weights.miner AND p.tx =
        (SELECT o.tx FROM payouts o WHERE o.epoch = weights.epoch AND o.last_miner >= weights.miner
         ORDER BY o.last_miner LIMIT 1))";

/// Some of an epoch's miners, by id. Memory: that of `limit` lines.
///
/// # Errors
/// Where the database refuses.
pub fn lines(c: &Connection, explained: &Explained, which: &Which) -> sql::Result<Vec<Line>> {
    let (range, limit, offset) = match which {
        Which::Miner(miner) => (("=", miner), 1, 0),
        Which::Page {
            after,
            offset,
            limit,
        } => ((">", after), *limit, *offset),
    };
    let ((comparison, id), division) = (range, &explained.division);
    c.query_all(
        &format!(
            "SELECT weights.miner, e.weight, weights.weight, coalesce({BOOKED}, 0),
                    weights.attestation_id, a.received_ms, a.verdict
             FROM {WEIGHTS}
             JOIN enrolments e ON e.epoch = weights.epoch AND e.miner = weights.miner
             JOIN attestations a ON a.id = weights.attestation_id
             WHERE weights.epoch = ?1 AND weights.miner {comparison} ?2
             ORDER BY weights.miner LIMIT ?3 OFFSET ?4"
        ),
        params![explained.epoch, id, limit, offset],
        |row| {
            let miner: String = row.get(0)?;
            let weight = row.get(2)?;
            Ok(Line {
                share: division.share(&miner, weight),
                miner,
                enrolled: row.get(1)?,
                weight,
                booked: row.get(3)?,
                attestation_id: row.get(4)?,
                received_ms: row.get(5)?,
                verdict: row.get(6)?,
            })
        },
    )
}
