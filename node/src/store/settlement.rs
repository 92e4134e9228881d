//! Statements about settlement: an epoch is divided, then paid in parts, then sealed.
//!
//! What is decided is written first ([`begin`]): from then on the epoch takes no enrolment, and what
//! every miner gets is fixed. Then the miners are paid in the order of their ids, some thousands in
//! each transaction ([`pay`]), which says how far it got; so others write in between, whatever ends
//! the process leaves whole parts, and whoever comes next goes on after the last of them. The seal is
//! the epoch's row in `epochs`, written with the last part.

use super::books::{self, WEIGHTS};
use super::sql::{self, params, Connection, Row};
use crate::epoch::{apportion, Chain, Cut, Division};
use crate::ledger::{payout_reference, Account, Transaction};

/// Miners paid in one transaction, at most: what others wait for the writer meanwhile is some tens of
/// milliseconds.
pub const PART: i64 = 16_384;

/// An epoch whose division is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The epoch.
    pub epoch: i64,
    /// When it was decided, milliseconds since 1970.
    pub begun_ms: i64,
    /// The division.
    pub division: Division,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// To begin the settlement of this epoch, with this pot.
    Begin(i64, i64),
    /// To go on with this one.
    Pay(Settlement),
}

/// What is due at `now_ms`; `None` where nothing is. Epochs are settled in order; those without
/// enrolments pay nothing and leave no row, so that a node that was away for long has nothing to do
/// for them.
///
/// # Errors
/// Where the database refuses.
pub fn next(c: &Connection, chain: &Chain, now_ms: i64) -> sql::Result<Option<Next>> {
    if let Some(settlement) = under_way(c)? {
        return Ok(Some(Next::Pay(settlement)));
    }
    let epoch = c.query_opt(
        "SELECT epoch FROM enrolments
         WHERE epoch > (SELECT coalesce(max(epoch), -1) FROM settlements) AND epoch < ?1
         ORDER BY epoch LIMIT 1",
        params![chain.epoch(now_ms / 1_000)],
        |row| row.get(0),
    )?;
    // The last epochs of all share what is left: the supply is never exceeded.
    let pot = chain.pot.min(books::balance(c, &Account::Emission)?);
    Ok(epoch.map(|epoch| Next::Begin(epoch, pot)))
}

const COLUMNS: &str = "epoch, begun_ms, pot, paid, total_weight, miners, cut_remainder, cut_miner";

fn read(row: &Row<'_>) -> sql::Result<Settlement> {
    let number = |text: &str| {
        text.parse::<i128>()
            .map_err(|e| sql::Error::Unsound(e.to_string()))
    };
    let remainder: Option<String> = row.get(6)?;
    let miner: Option<String> = row.get(7)?;
    Ok(Settlement {
        epoch: row.get(0)?,
        begun_ms: row.get(1)?,
        division: Division {
            pot: row.get(2)?,
            paid: row.get(3)?,
            total_weight: number(&row.get::<String>(4)?)?,
            miners: row.get(5)?,
            cut: match (remainder, miner) {
                (Some(remainder), Some(miner)) => Some(Cut {
                    remainder: number(&remainder)?,
                    miner,
                }),
                _ => None,
            },
        },
    })
}

/// The settlement that has begun and not ended.
pub fn under_way(c: &Connection) -> sql::Result<Option<Settlement>> {
    c.query_opt(
        &format!(
            "SELECT {COLUMNS} FROM settlements
             WHERE epoch > (SELECT coalesce(max(epoch), -1) FROM epochs) ORDER BY epoch LIMIT 1"
        ),
        params![],
        read,
    )
}

/// What was decided about an epoch; `None` where nothing was.
pub fn decided(c: &Connection, epoch: i64) -> sql::Result<Option<Settlement>> {
    c.query_opt(
        &format!("SELECT {COLUMNS} FROM settlements WHERE epoch = ?1"),
        params![epoch],
        read,
    )
}

/// Every settlement, in order.
pub fn all(c: &Connection) -> sql::Result<Vec<Settlement>> {
    c.query_all(
        &format!("SELECT {COLUMNS} FROM settlements ORDER BY epoch"),
        params![],
        read,
    )
}

/// Divides a pot among those who are enrolled in an epoch. Cost: linear; memory: 24 bytes for each
/// miner.
///
/// # Errors
/// Where the database refuses.
pub fn divide(c: &Connection, epoch: i64, pot: i64) -> sql::Result<Division> {
    let weights: Vec<i64> = c.query_all(
        &format!("SELECT weight FROM {WEIGHTS} WHERE epoch = ?1 ORDER BY miner"),
        params![epoch],
        |row| row.get(0),
    )?;
    let found = apportion(pot, &weights);
    let cut = match found.cut {
        None => None,
        Some((remainder, place)) => c.query_opt(
            &format!(
                "SELECT miner FROM {WEIGHTS} WHERE epoch = ?1 ORDER BY miner LIMIT 1 OFFSET ?2"
            ),
            params![epoch, count(place)],
            |row| {
                let miner = row.get(0)?;
                Ok(Cut { remainder, miner })
            },
        )?,
    };
    Ok(Division {
        pot: pot.max(0),
        total_weight: found.total_weight,
        paid: found.paid,
        miners: count(weights.len()),
        cut,
    })
}

/// How many are enrolled in an epoch, and what they weigh together. Enrolments are only ever added, and
/// weight is only ever taken off before: where both are as they were, everything is.
fn weighed(c: &Connection, epoch: i64) -> sql::Result<(i64, i128)> {
    // A sum of 64 bits could overflow; those of the two halves cannot.
    c.query_one(
        &format!(
            "SELECT count(*), CAST(coalesce(sum(weight >> 32), 0) AS BIGINT),
                    CAST(coalesce(sum(weight & 4294967295), 0) AS BIGINT)
             FROM {WEIGHTS} WHERE epoch = ?1"
        ),
        params![epoch],
        |row| {
            let (high, low): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, (i128::from(high) << 32) + i128::from(low)))
        },
    )
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Writes down how an epoch is divided, in the caller's transaction; `false` where the division is not
/// that of those who are enrolled now, or not due any more.
///
/// # Errors
/// Where the database refuses.
pub fn begin(
    c: &Connection,
    chain: &Chain,
    epoch: i64,
    division: &Division,
    now_ms: i64,
) -> sql::Result<bool> {
    if next(c, chain, now_ms)? != Some(Next::Begin(epoch, division.pot)) {
        return Ok(false);
    }
    if weighed(c, epoch)? != (division.miners, division.total_weight) {
        return Ok(false);
    }
    let cut = division.cut.as_ref();
    c.execute(
        &format!("INSERT INTO settlements ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
        params![
            epoch,
            now_ms,
            division.pot,
            division.paid,
            division.total_weight.to_string(),
            division.miners,
            cut.map(|cut| cut.remainder.to_string()),
            cut.map(|cut| cut.miner.as_str()),
        ],
    )?;
    Ok(true)
}

/// Pays the next part of a settlement, up to `most` miners, and seals it with the last one, in the
/// caller's transaction. Gives whether it is sealed.
///
/// # Errors
/// Where the database refuses.
pub fn pay(c: &Connection, settlement: &Settlement, most: i64, now_ms: i64) -> sql::Result<bool> {
    let (epoch, division) = (settlement.epoch, &settlement.division);
    // Where nobody weighs anything there is nobody to go through.
    let part = match division.paid {
        0 => Vec::new(),
        _ => after(c, epoch, most)?,
    };
    if let Some((last_miner, _)) = part.last() {
        pay_part(c, settlement, &part, last_miner, now_ms)?;
    }
    let last = count(part.len()) < most;
    if last {
        c.execute(
            "INSERT INTO epochs (epoch, settled_ms, pot, paid, total_weight, miners)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                epoch,
                now_ms,
                division.pot,
                division.paid,
                division.total_weight.to_string(),
                division.miners,
            ],
        )?;
    }
    Ok(last)
}

/// The next miners to be paid, and their weights.
fn after(c: &Connection, epoch: i64, most: i64) -> sql::Result<Vec<(String, i64)>> {
    let paid: Option<String> = c.query_one(
        "SELECT max(last_miner) FROM payouts WHERE epoch = ?1",
        params![epoch],
        |row| row.get(0),
    )?;
    c.query_all(
        &format!(
            "SELECT miner, weight FROM {WEIGHTS} WHERE epoch = ?1 AND miner > ?2
             ORDER BY miner LIMIT ?3"
        ),
        params![epoch, paid.unwrap_or_default(), most],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn pay_part(
    c: &Connection,
    settlement: &Settlement,
    part: &[(String, i64)],
    last_miner: &str,
    now_ms: i64,
) -> sql::Result<()> {
    let (epoch, division) = (settlement.epoch, &settlement.division);
    let number: i64 = c.query_one(
        "SELECT count(*) + 1 FROM payouts WHERE epoch = ?1",
        params![epoch],
        |row| row.get(0),
    )?;
    let amounts = part.iter().map(|(miner, weight)| {
        let amount = division.share(miner, *weight).amount;
        (miner.clone(), amount)
    });
    // An error cannot be: the postings sum to zero by construction. Said, not panicked over.
    let movement = Transaction::payout(payout_reference(epoch, number), amounts)
        .map_err(|e| sql::Error::Unsound(e.to_string()))?;
    let (tx, amount) = match &movement {
        None => (None, 0),
        Some(movement) => {
            let tx = books::book(c, movement, now_ms)?;
            (
                tx,
                movement.postings().iter().map(|p| p.amount.max(0)).sum(),
            )
        }
    };
    c.execute(
        "INSERT INTO payouts (epoch, last_miner, tx, amount) VALUES (?1, ?2, ?3, ?4)",
        params![epoch, last_miner, tx, amount],
    )?;
    Ok(())
}
