//! Statements about wallets that the operator looks into: whether they may send.

use super::sql::{self, params, Connection, Row};

/// What the operator decided about a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It sends nothing until somebody has looked into it.
    Held,
    /// It sends nothing.
    Blocked,
    /// It may send again.
    Cleared,
}

impl Decision {
    /// Every decision.
    pub const ALL: [Decision; 3] = [Decision::Held, Decision::Blocked, Decision::Cleared];

    /// Its name, in the store and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Held => "held",
            Decision::Blocked => "blocked",
            Decision::Cleared => "cleared",
        }
    }

    /// The decision of a name.
    pub fn named(name: &str) -> Option<Self> {
        Decision::ALL.into_iter().find(|d| d.name() == name)
    }
}

/// A decision about a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The wallet.
    pub wallet: String,
    /// What was decided.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
}

fn read(row: &Row<'_>) -> sql::Result<Review> {
    let decision: String = row.get(1)?;
    Ok(Review {
        wallet: row.get(0)?,
        decision: Decision::named(&decision)
            .ok_or_else(|| sql::Error::Unsound(format!("no decision is {decision}")))?,
        reason: row.get(2)?,
        at_ms: row.get(3)?,
    })
}

/// Writes a decision down; from then on it is the one that counts.
///
/// # Errors
/// Where the database refuses.
pub fn decide(c: &Connection, review: &Review) -> sql::Result<()> {
    c.execute(
        "INSERT INTO wallet_reviews (at_ms, wallet, decision, reason) VALUES (?1, ?2, ?3, ?4)",
        params![
            review.at_ms,
            review.wallet,
            review.decision.name(),
            review.reason
        ],
    )
    .map(drop)
}

/// The newest decision about a wallet.
pub fn of(c: &Connection, wallet: &str) -> sql::Result<Option<Review>> {
    c.query_opt(
        "SELECT wallet, decision, reason, at_ms FROM wallet_reviews
         WHERE wallet = ?1 ORDER BY id DESC LIMIT 1",
        params![wallet],
        read,
    )
}

/// Decisions, newest first; and how many there are in all.
pub fn list(c: &Connection, limit: i64, offset: i64) -> sql::Result<(Vec<Review>, i64)> {
    let total = c.query_one("SELECT count(*) FROM wallet_reviews", params![], |row| {
        row.get(0)
    })?;
    let page = c.query_all(
        "SELECT wallet, decision, reason, at_ms FROM wallet_reviews
         ORDER BY id DESC LIMIT ?1 OFFSET ?2",
        params![limit, offset],
        read,
    )?;
    Ok((page, total))
}
