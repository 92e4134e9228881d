//! Statements about money and what it is paid for: booking, balances, enrolment.

use super::sql::{self, params, Connection, Dialect, Value};
use crate::epoch::Chain;
use crate::ledger::{Account, Transaction};

/// Books a movement, once, and gives the number of the transaction; where its reference is known
/// already nothing happens, and there is none.
///
/// # Errors
/// Where the database refuses: an account would fall below zero, for one.
pub fn book(c: &Connection, movement: &Transaction, now_ms: i64) -> sql::Result<Option<i64>> {
    let known: bool = c.query_one(
        "SELECT EXISTS (SELECT 1 FROM transactions WHERE reference = ?1)",
        params![movement.reference()],
        |row| row.get(0),
    )?;
    if known {
        return Ok(None);
    }
    let id = next_transaction(c)?;
    let lines: Vec<(String, i64)> = movement
        .postings()
        .iter()
        .map(|p| (p.account.name(), p.amount))
        .collect();
    let rows: Vec<Vec<Value<'_>>> = lines
        .iter()
        .map(|(account, amount)| {
            let (tx, amount) = (Value::Integer(id), Value::Integer(*amount));
            vec![tx, Value::Text(account), amount]
        })
        .collect();
    c.insert_all("postings", &["tx", "account", "amount"], &rows)?;
    c.execute(
        "INSERT INTO transactions (id, reference, created_ms) VALUES (?1, ?2, ?3)",
        params![id, movement.reference(), now_ms],
    )?;
    Ok(Some(id))
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

/// The last epoch of which everybody is paid; `None` before the first.
pub fn last_settled(c: &Connection) -> sql::Result<Option<i64>> {
    c.query_one("SELECT max(epoch) FROM epochs", params![], |row| row.get(0))
}

/// The epoch that takes enrolments at `now_s`: the current one, but never one whose settlement has
/// begun, also where the clock was put back.
pub fn open_epoch(c: &Connection, chain: &Chain, now_s: i64) -> sql::Result<i64> {
    let closed: i64 = c.query_one(
        "SELECT coalesce(max(epoch), -1) FROM settlements",
        params![],
        |row| row.get(0),
    )?;
    Ok(chain.epoch(now_s).max(closed.saturating_add(1)))
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
pub const WEIGHTS: &str = "(SELECT epoch, miner,
         CASE WHEN EXISTS (SELECT 1 FROM assessments a
                           WHERE a.epoch = e.epoch AND a.miner = e.miner AND NOT a.has_vote)
              THEN 0 ELSE weight END AS weight,
         attestation_id
     FROM enrolments e) AS weights";
