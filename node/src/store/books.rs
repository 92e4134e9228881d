//! Statements about money: booking, balances, settlement.

use super::sql::{self, params, Connection, Dialect, Value};
use crate::epoch::{divide, Chain, Division};
use crate::ledger::{Account, Transaction};

/// Postings that are made ready for the database at a time: a settlement has one for every miner.
const POSTINGS_AT_ONCE: usize = 4_096;

/// Books a movement, once: where its reference is known already nothing happens, and the answer is
/// `false`.
///
/// # Errors
/// Where the database refuses: an account would fall below zero, for one.
pub fn book(c: &Connection, movement: &Transaction, now_ms: i64) -> sql::Result<bool> {
    let known: bool = c.query_one(
        "SELECT EXISTS (SELECT 1 FROM transactions WHERE reference = ?1)",
        params![movement.reference()],
        |row| row.get(0),
    )?;
    if known {
        return Ok(false);
    }
    let id = next_transaction(c)?;
    for (first, postings) in (0..)
        .step_by(POSTINGS_AT_ONCE)
        .zip(movement.postings().chunks(POSTINGS_AT_ONCE))
    {
        let accounts: Vec<String> = postings.iter().map(|p| p.account.name()).collect();
        let rows: Vec<Vec<Value<'_>>> = (first..)
            .zip(&accounts)
            .zip(postings)
            .map(|((line, account), p)| {
                let (tx, line) = (Value::Integer(id), Value::Integer(line));
                vec![tx, line, Value::Text(account), Value::Integer(p.amount)]
            })
            .collect();
        c.insert_all("postings", &["tx", "line", "account", "amount"], &rows)?;
    }
    c.execute(
        "INSERT INTO transactions (id, reference, created_ms) VALUES (?1, ?2, ?3)",
        params![id, movement.reference(), now_ms],
    )?;
    Ok(true)
}

/// The number of a transaction to be. Where several processes book at the same time, a number may be
/// left out.
fn next_transaction(c: &Connection) -> sql::Result<i64> {
    let sql = match c.dialect() {
        Dialect::Sqlite => "SELECT coalesce(max(id), 0) + 1 FROM transactions",
        Dialect::Postgres => "SELECT nextval(pg_get_serial_sequence('transactions', 'id'))",
    };
    c.query_one(sql, params![], |row| row.get(0))
}

/// An account's balance, µRTC; 0 for one that never had any.
pub fn balance(c: &Connection, account: &Account) -> sql::Result<i64> {
    c.query_opt(
        "SELECT amount FROM balances WHERE account = ?1",
        params![account.name()],
        |row| row.get(0),
    )
    .map(Option::unwrap_or_default)
}

/// The sum of all balances, µRTC: 0 in sound books. Reads every account.
pub fn sum_of_balances(c: &Connection) -> sql::Result<i64> {
    c.query_one(
        "SELECT CAST(coalesce(sum(amount), 0) AS BIGINT) FROM balances",
        params![],
        |row| row.get(0),
    )
}

/// The last epoch that paid or could have; `None` before the first.
pub fn last_settled(c: &Connection) -> sql::Result<Option<i64>> {
    c.query_one("SELECT max(epoch) FROM epochs", params![], |row| row.get(0))
}

/// The epoch that takes enrolments at `now_s`: the current one, but never one already settled, also
/// where the clock was put back.
pub fn open_epoch(c: &Connection, chain: &Chain, now_s: i64) -> sql::Result<i64> {
    let settled = last_settled(c)?.unwrap_or(-1);
    Ok(chain.epoch(now_s).max(settled.saturating_add(1)))
}

/// Enrols a miner in an epoch; the first enrolment counts. Gives the weight that counts.
pub fn enrol(
    c: &Connection,
    epoch: i64,
    miner: &str,
    weight: i64,
    attestation_id: i64,
) -> sql::Result<i64> {
    c.execute(
        "INSERT INTO enrolments (epoch, miner, weight, attestation_id) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (epoch, miner) DO NOTHING",
        params![epoch, miner, weight, attestation_id],
    )?;
    c.query_one(
        "SELECT weight FROM enrolments WHERE epoch = ?1 AND miner = ?2",
        params![epoch, miner],
        |row| row.get(0),
    )
}

/// Miners enrolled in an epoch.
pub fn enrolled(c: &Connection, epoch: i64) -> sql::Result<i64> {
    c.query_one(
        "SELECT count(*) FROM enrolments WHERE epoch = ?1",
        params![epoch],
        |row| row.get(0),
    )
}

/// What every miner weighs in every epoch: `epoch`, `miner`, `weight`, and `attestation_id`, whose verdict
/// says why. The one place: settlement, explanation and audit all read this, so whatever takes weight
/// from a miner before its epoch is settled does it here.
const WEIGHTS: &str = "(SELECT epoch, miner, weight, attestation_id FROM enrolments) AS weights";

/// Everybody's weight in an epoch, by miner id.
pub fn weights(c: &Connection, epoch: i64) -> sql::Result<Vec<(String, i64)>> {
    c.query_all(
        &format!("SELECT miner, weight FROM {WEIGHTS} WHERE epoch = ?1 ORDER BY miner"),
        params![epoch],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Settles up to `limit` epochs that ended before the one at `now_s` and have enrolments, oldest
/// first. Gives the epochs settled; fewer than `limit` means that none is left.
///
/// An epoch is settled by one row in `epochs` and one transaction, both unique, in the caller's
/// transaction: a crash leaves both or neither. Epochs without enrolments pay nothing and leave no
/// row, so that a node that was away for long has nothing to do for them.
///
/// # Errors
/// Where the database refuses.
pub fn settle_due(c: &Connection, chain: &Chain, now_ms: i64, limit: u32) -> sql::Result<Vec<i64>> {
    let current = chain.epoch(now_ms / 1_000);
    let due: Vec<i64> = c.query_all(
        "SELECT DISTINCT epoch FROM enrolments
         WHERE epoch > (SELECT coalesce(max(epoch), -1) FROM epochs) AND epoch < ?1
         ORDER BY epoch LIMIT ?2",
        params![current, limit],
        |row| row.get(0),
    )?;
    for &epoch in &due {
        settle(c, chain, epoch, now_ms)?;
    }
    Ok(due)
}

fn settle(c: &Connection, chain: &Chain, epoch: i64, now_ms: i64) -> sql::Result<()> {
    // The last epochs of all share what is left: the supply is never exceeded.
    let pot = chain.pot.min(balance(c, &Account::Emission)?);
    let weights = weights(c, epoch)?;
    let division = divide(pot, &weights);
    let movement = Transaction::settlement(epoch, &division.shares)
        // Cannot be: the division sums to what is paid. Said, not panicked over.
        .map_err(|e| sql::Error::Unsound(e.to_string()))?;
    if let Some(movement) = movement {
        book(c, &movement, now_ms)?;
    }
    c.execute(
        "INSERT INTO epochs (epoch, settled_ms, pot, paid, total_weight, miners)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            epoch,
            now_ms,
            pot,
            division.paid,
            division.total_weight.to_string(),
            i64::try_from(weights.len()).unwrap_or(i64::MAX),
        ],
    )?;
    Ok(())
}

/// How an epoch's pot was divided, or would be if it ended now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The epoch.
    pub epoch: i64,
    /// When it was settled, milliseconds since 1970; `None` where it is not.
    pub settled_ms: Option<i64>,
    /// The pot, µRTC.
    pub pot: i64,
    /// The division, recomputed from the enrolments.
    pub division: Division,
}

/// Recomputes an epoch's division; `None` where nobody was enrolled.
pub fn explain(c: &Connection, chain: &Chain, epoch: i64) -> sql::Result<Option<Explained>> {
    let weights = weights(c, epoch)?;
    if weights.is_empty() {
        return Ok(None);
    }
    let settled: Option<(i64, i64)> = c.query_opt(
        "SELECT settled_ms, pot FROM epochs WHERE epoch = ?1",
        params![epoch],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let pot = match settled {
        Some((_, pot)) => pot,
        None => chain.pot.min(balance(c, &Account::Emission)?),
    };
    Ok(Some(Explained {
        epoch,
        settled_ms: settled.map(|(at, _)| at),
        pot,
        division: divide(pot, &weights),
    }))
}
