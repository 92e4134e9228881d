//! Statements about transfers between wallets: taking, booking, calling off, looking up.

use super::books;
use super::reviews::{self, Decision};
use super::sql::{self, params, Connection, Row};
use crate::ledger::{Account, Transaction};
use crate::transfer::{Signature, Transfer};

/// Transfers of one sender that may wait at a time: what is promised is summed up for each new one.
pub const PENDING_MAX: i64 = 1_024;

/// Why a signed transfer is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The operator looks into the sender, for this reason.
    Held(String),
    /// The operator lets the sender send nothing, for this reason.
    Blocked(String),
    /// The sender used this nonce before, for the transfer of this hash.
    Replay(String),
    /// The sender used this nonce, which is higher.
    OutOfOrder(i64),
    /// [`PENDING_MAX`] transfers of the sender wait, the first of them until this time, milliseconds
    /// since 1970.
    TooMany(i64),
    /// The sender has less than what is asked for and promised together, µRTC.
    Funds {
        /// What the wallet holds.
        balance: i64,
        /// What of it is promised.
        pending: i64,
    },
}

/// What became of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Pending,
    /// It was booked then, milliseconds since 1970.
    Confirmed(i64),
    /// It was called off then, for this reason.
    Voided(i64, String),
}

impl State {
    /// Its name, in the store and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Confirmed(_) => "confirmed",
            State::Voided(..) => "voided",
        }
    }
}

/// A transfer in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number: later ones have higher ones.
    pub id: i64,
    /// What was signed.
    pub transfer: Transfer,
    /// When it was taken, milliseconds since 1970.
    pub received_ms: i64,
    /// When it is due.
    pub confirms_ms: i64,
    /// What became of it.
    pub state: State,
}

/// Takes a transfer whose signature is right, or that is ordered. Gives its number.
///
/// # Errors
/// Where the database refuses.
pub fn accept(
    c: &Connection,
    t: &Transfer,
    received_ms: i64,
    confirms_ms: i64,
) -> sql::Result<Result<i64, Refusal>> {
    // The operator's own orders are no matter of review.
    if let (Some(_), Some(review)) = (t.signature, reviews::of(c, &t.from)?) {
        match review.decision {
            Decision::Held => return Ok(Err(Refusal::Held(review.reason))),
            Decision::Blocked => return Ok(Err(Refusal::Blocked(review.reason))),
            Decision::Cleared => {}
        }
    }
    let used = c.query_opt(
        "SELECT hash FROM transfers WHERE from_address = ?1 AND nonce = ?2",
        params![t.from, t.nonce],
        |row| row.get(0),
    )?;
    if let Some(hash) = used {
        return Ok(Err(Refusal::Replay(hash)));
    }
    let latest = latest_nonce(c, &t.from)?;
    if latest >= t.nonce {
        return Ok(Err(Refusal::OutOfOrder(latest)));
    }
    let balance = books::balance(c, &Account::Wallet(t.from.clone()))?;
    let (waiting, pending, first_due) = promised(c, &t.from)?;
    if waiting >= PENDING_MAX {
        return Ok(Err(Refusal::TooMany(first_due)));
    }
    if balance.saturating_sub(pending) < t.amount {
        return Ok(Err(Refusal::Funds { balance, pending }));
    }
    c.query_one(
        "INSERT INTO transfers (hash, from_address, to_address, amount, nonce, memo, public_key,
                                signature, signed, received_ms, confirms_ms, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending')
         RETURNING id",
        params![
            t.hash,
            t.from,
            t.to,
            t.amount,
            t.nonce,
            t.memo,
            t.signature.map(|signature| signature.public_key),
            t.signature.map(|signature| signature.bytes),
            t.signed,
            received_ms,
            confirms_ms,
        ],
        |row| row.get(0),
    )
    .map(Ok)
}

/// The highest nonce that a wallet used; 0 where it used none.
pub fn latest_nonce(c: &Connection, from: &str) -> sql::Result<i64> {
    c.query_one(
        "SELECT coalesce(max(nonce), 0) FROM transfers WHERE from_address = ?1",
        params![from],
        |row| row.get(0),
    )
}

/// How many transfers of a wallet wait, what they come to, µRTC, and until when the first of them does.
fn promised(c: &Connection, from: &str) -> sql::Result<(i64, i64, i64)> {
    c.query_one(
        "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT), coalesce(min(confirms_ms), 0)
         FROM transfers WHERE from_address = ?1 AND state = 'pending'",
        params![from],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Books up to `limit` transfers that are due, those that were due first before the others. Gives their
/// numbers; fewer than `limit` means that none is left.
///
/// A transfer is booked by one transaction, unique by its hash, and by its new state, in the caller's
/// transaction: a crash leaves both or neither.
///
/// # Errors
/// Where the database refuses.
pub fn confirm_due(c: &Connection, now_ms: i64, limit: u32) -> sql::Result<Vec<i64>> {
    let due: Vec<(i64, String, String, String, i64)> = c.query_all(
        "SELECT id, hash, from_address, to_address, amount FROM transfers
         WHERE state = 'pending' AND confirms_ms <= ?1 ORDER BY confirms_ms, id LIMIT ?2",
        params![now_ms, limit],
        |row| {
            Ok((
                row.get(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
            ))
        },
    )?;
    for (id, hash, from, to, amount) in &due {
        let movement = Transaction::transfer(hash, from, to, *amount)
            .map_err(|e| sql::Error::Unsound(e.to_string()))?;
        books::book(c, &movement, now_ms)?;
        c.execute(
            "UPDATE transfers SET state = 'confirmed', ended_ms = ?1 WHERE id = ?2",
            params![now_ms, id],
        )?;
    }
    Ok(due.iter().map(|(id, ..)| *id).collect())
}

/// Whether a transfer is due. Costs no lock.
pub fn is_any_due(c: &Connection, now_ms: i64) -> sql::Result<bool> {
    c.query_one(
        "SELECT EXISTS (SELECT 1 FROM transfers WHERE state = 'pending' AND confirms_ms <= ?1)",
        params![now_ms],
        |row| row.get(0),
    )
}

/// Calls off a transfer that waits; `false` where there is none of this number that does.
///
/// # Errors
/// Where the database refuses.
pub fn void(c: &Connection, id: i64, reason: &str, now_ms: i64) -> sql::Result<bool> {
    let changed = c.execute(
        "UPDATE transfers SET state = 'voided', ended_ms = ?1, reason = ?2
         WHERE id = ?3 AND state = 'pending'",
        params![now_ms, reason, id],
    )?;
    Ok(changed == 1)
}

const COLUMNS: &str = "id, hash, from_address, to_address, amount, nonce, memo, public_key, \
                       signature, signed, received_ms, confirms_ms, state, ended_ms, reason";

fn read(row: &Row<'_>) -> sql::Result<Kept> {
    let ended: Option<i64> = row.get(13)?;
    let reason: Option<String> = row.get(14)?;
    let (key, signature): (Option<[u8; 32]>, Option<[u8; 64]>) = (row.get(7)?, row.get(8)?);
    Ok(Kept {
        id: row.get(0)?,
        transfer: Transfer {
            hash: row.get(1)?,
            from: row.get(2)?,
            to: row.get(3)?,
            amount: row.get(4)?,
            nonce: row.get(5)?,
            memo: row.get(6)?,
            signature: key
                .zip(signature)
                .map(|(public_key, bytes)| Signature { public_key, bytes }),
            signed: row.get(9)?,
        },
        received_ms: row.get(10)?,
        confirms_ms: row.get(11)?,
        state: match (ended, reason) {
            (None, _) => State::Pending,
            (Some(at), None) => State::Confirmed(at),
            (Some(at), Some(reason)) => State::Voided(at, reason),
        },
    })
}

/// The transfer of a hash.
pub fn by_hash(c: &Connection, hash: &str) -> sql::Result<Option<Kept>> {
    c.query_opt(
        &format!("SELECT {COLUMNS} FROM transfers WHERE hash = ?1"),
        params![hash],
        read,
    )
}

/// The transfer of a number.
pub fn by_id(c: &Connection, id: i64) -> sql::Result<Option<Kept>> {
    c.query_opt(
        &format!("SELECT {COLUMNS} FROM transfers WHERE id = ?1"),
        params![id],
        read,
    )
}

/// Every transfer, in the order in which they were taken.
///
/// # Errors
/// Where the database refuses, and those of `look`.
pub fn for_each(c: &Connection, mut look: impl FnMut(Kept) -> sql::Result<()>) -> sql::Result<()> {
    c.for_each(
        &format!("SELECT {COLUMNS} FROM transfers ORDER BY id"),
        params![],
        |row| look(read(row)?),
    )
}

/// A wallet's transfers or everybody's, newest first, of one state or of all; and how many there are in
/// all.
pub fn list(
    c: &Connection,
    wallet: Option<&str>,
    state: Option<&str>,
    limit: i64,
    offset: i64,
) -> sql::Result<(Vec<Kept>, i64)> {
    // Two texts: one for both could not use the indexes.
    let which = match wallet {
        Some(_) => {
            "FROM transfers WHERE (from_address = ?1 OR to_address = ?1)
             AND (CAST(?2 AS TEXT) IS NULL OR state = ?2)"
        }
        None => {
            "FROM transfers WHERE CAST(?1 AS TEXT) IS NULL
             AND (CAST(?2 AS TEXT) IS NULL OR state = ?2)"
        }
    };
    let total = c.query_one(
        &format!("SELECT count(*) {which}"),
        params![wallet, state],
        |row| row.get(0),
    )?;
    let page = c.query_all(
        &format!("SELECT {COLUMNS} {which} ORDER BY id DESC LIMIT ?3 OFFSET ?4"),
        params![wallet, state, limit, offset],
        read,
    )?;
    Ok((page, total))
}

/// A line of a wallet's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An epoch paid it.
    Reward {
        /// The epoch.
        epoch: i64,
        /// What it paid, µRTC.
        amount: i64,
        /// When, milliseconds since 1970.
        at_ms: i64,
    },
    /// A transfer from or to it, of any state.
    Transfer(Box<Kept>),
}

/// A wallet's rewards and transfers, newest first; and how many there are in all. Cost: linear in the
/// number of epochs and of the wallet's transfers.
pub fn history(
    c: &Connection,
    wallet: &str,
    limit: i64,
    offset: i64,
) -> sql::Result<(Vec<Event>, i64)> {
    // In each settlement, the part that the wallet's name is in.
    let events = "FROM (SELECT t.created_ms AS at_ms, 0 AS kind, s.epoch AS id, p.amount AS amount
                        FROM settlements s
                        JOIN payouts o ON o.epoch = s.epoch AND o.last_miner =
                             (SELECT min(last_miner) FROM payouts
                              WHERE epoch = s.epoch AND last_miner >= ?2)
                        JOIN postings p ON p.tx = o.tx AND p.account = ?1
                        JOIN transactions t ON t.id = o.tx
                        UNION ALL
                        SELECT received_ms, 1, id, amount FROM transfers WHERE from_address = ?2
                        UNION ALL
                        SELECT received_ms, 1, id, amount FROM transfers WHERE to_address = ?2)
                  AS events";
    let account = Account::Wallet(wallet.to_owned()).name();
    let total = c.query_one(
        &format!("SELECT count(*) {events}"),
        params![account, wallet],
        |row| row.get(0),
    )?;
    let page: Vec<(i64, i64, i64, i64)> = c.query_all(
        &format!(
            "SELECT at_ms, CAST(kind AS BIGINT), id, amount {events}
             ORDER BY at_ms DESC, kind DESC, id DESC LIMIT ?3 OFFSET ?4"
        ),
        params![account, wallet, limit, offset],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let mut history = Vec::with_capacity(page.len());
    for (at_ms, kind, id, amount) in page {
        match kind {
            0 => history.push(Event::Reward {
                epoch: id,
                amount,
                at_ms,
            }),
            _ => history.extend(by_id(c, id)?.map(|kept| Event::Transfer(Box::new(kept)))),
        }
    }
    Ok((history, total))
}
