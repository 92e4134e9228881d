//! Statements about everybody's money at once, for the operator.

use super::books;
use super::sql::{self, params, Connection, Row};
use crate::ledger::Account;

/// A line of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The transaction's number.
    pub tx: i64,
    /// What makes the transaction unique.
    pub reference: String,
    /// When it was booked, milliseconds since 1970.
    pub at_ms: i64,
    /// Whose balance changed.
    pub account: String,
    /// By how much, µRTC.
    pub amount: i64,
}

fn line(row: &Row<'_>) -> sql::Result<LedgerLine> {
    Ok(LedgerLine {
        tx: row.get(0)?,
        reference: row.get(1)?,
        at_ms: row.get(2)?,
        account: row.get(3)?,
        amount: row.get(4)?,
    })
}

/// Lines of the books, the newest transaction first; everybody's or one wallet's. Cost: linear in
/// `offset`, and for a wallet in the number of epochs and of its transfers.
///
/// # Errors
/// Where the database refuses.
pub fn ledger(
    c: &Connection,
    wallet: Option<&str>,
    limit: i64,
    offset: i64,
) -> sql::Result<Vec<LedgerLine>> {
    let columns = "t.id, t.reference, t.created_ms, p.account, p.amount";
    let Some(wallet) = wallet else {
        return c.query_all(
            &format!(
                "SELECT {columns} FROM postings p JOIN transactions t ON t.id = p.tx
                 ORDER BY p.tx DESC, p.account LIMIT ?1 OFFSET ?2"
            ),
            params![limit, offset],
            line,
        );
    };
    let account = Account::Wallet(wallet.to_owned()).name();
    // Postings have no index by account: a wallet's are in the parts of settlements that its name is in,
    // and in the bookings of its transfers.
    let booked = |side: &str| {
        format!(
            "SELECT {columns} FROM transfers f
             JOIN transactions t ON t.reference = 'transfer/' || f.hash
             JOIN postings p ON p.tx = t.id AND p.account = ?1
             WHERE f.{side} = ?2 AND f.state = 'confirmed'"
        )
    };
    c.query_all(
        &format!(
            "SELECT {columns} FROM settlements s
             JOIN payouts o ON o.epoch = s.epoch AND o.last_miner =
                  (SELECT min(last_miner) FROM payouts WHERE epoch = s.epoch AND last_miner >= ?2)
             JOIN postings p ON p.tx = o.tx AND p.account = ?1
             JOIN transactions t ON t.id = o.tx
             UNION ALL {} UNION ALL {}
             ORDER BY 1 DESC LIMIT ?3 OFFSET ?4",
            booked("from_address"),
            booked("to_address")
        ),
        params![account, wallet, limit, offset],
        line,
    )
}

/// How many wallets there are, and what they hold together, µRTC. Reads every balance.
pub fn wallets(c: &Connection) -> sql::Result<(i64, i64)> {
    c.query_one(
        "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM balances
         WHERE account LIKE 'wallet/%'",
        params![],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The first `limit` wallets after this id, and what each holds, µRTC.
pub fn holdings(c: &Connection, after: &str, limit: i64) -> sql::Result<Vec<(String, i64)>> {
    c.query_all(
        "SELECT substr(account, 8), amount FROM balances
         WHERE account > ?1 AND account LIKE 'wallet/%' ORDER BY account LIMIT ?2",
        params![Account::Wallet(after.to_owned()).name(), limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Whether transfers and balances fit each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integrity {
    /// Transfers that wait.
    pub pending: i64,
    /// What they come to, µRTC.
    pub promised: i64,
    /// Those of them that are due.
    pub overdue: i64,
    /// Wallets that promised more than they have.
    pub overpromised: Vec<String>,
    /// Confirmed transfers without a transaction.
    pub unbooked: i64,
    /// The sum of all balances, µRTC.
    pub balances_sum: i64,
}

impl Integrity {
    /// Whether all of it is as it must be.
    pub fn is_sound(&self) -> bool {
        self.overpromised.is_empty() && self.unbooked == 0 && self.balances_sum == 0
    }
}

/// Looks at all that waits. Reads every balance and every transfer.
///
/// # Errors
/// Where the database refuses.
pub fn integrity(c: &Connection, now_ms: i64) -> sql::Result<Integrity> {
    let (pending, promised, overdue) = c.query_one(
        "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT),
                count(CASE WHEN confirms_ms <= ?1 THEN 1 END)
         FROM transfers WHERE state = 'pending'",
        params![now_ms],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let overpromised = c.query_all(
        "SELECT from_address FROM transfers WHERE state = 'pending' GROUP BY from_address
         HAVING sum(amount) > coalesce((SELECT amount FROM balances
                                        WHERE account = 'wallet/' || from_address), 0)
         ORDER BY from_address",
        params![],
        |row| row.get(0),
    )?;
    let unbooked = c.query_one(
        "SELECT count(*) FROM transfers WHERE state = 'confirmed' AND NOT EXISTS
             (SELECT 1 FROM transactions WHERE reference = 'transfer/' || hash)",
        params![],
        |row| row.get(0),
    )?;
    Ok(Integrity {
        pending,
        promised,
        overdue,
        overpromised,
        unbooked,
        balances_sum: books::sum_of_balances(c)?,
    })
}
