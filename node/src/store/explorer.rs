//! Questions of the explorer's pages. Each reads about as many rows as it shows, by an index, unless it says
//! otherwise.

use crate::epoch::Chain;

use super::chronicle::Entry;
use super::records::{miner_row, Miner, MINER_COLUMNS};
use super::sql::{self, params, Connection, Value};

/// In which order miners are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Who attested last.
    #[default]
    Recent,
    /// By id.
    Name,
    /// What counts most.
    Weight,
    /// Who has been here longest.
    Age,
}

impl Order {
    /// Its columns, each of which has an index.
    fn columns(self) -> &'static str {
        match self {
            Order::Recent => "last_ms DESC, miner DESC",
            Order::Name => "miner",
            Order::Weight => "weight DESC, miner DESC",
            Order::Age => "first_ms, miner",
        }
    }
}

/// Which miners.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this class, as verdicts call it.
    pub class: Option<String>,
    /// Of this architecture's family.
    pub family: Option<String>,
    /// Whose id begins like this.
    pub begins: Option<String>,
    /// Whose last attestation came then or later, milliseconds since 1970.
    pub since_ms: Option<i64>,
}

/// The conditions of a filter, and those of their parameters ?1 to ?5 that are texts, ?1 to ?4.
fn conditions(filter: &Filter) -> (String, [Option<String>; 4]) {
    let Filter {
        class,
        family,
        begins,
        since_ms,
    } = filter.clone();
    // Ids are ASCII: this is the first text behind all that begin so.
    let behind = begins.as_ref().map(|begins| format!("{begins}\u{7f}"));
    // A condition for each that is given; PostgreSQL wants to know of what type the others are.
    let which = |number: usize, given: &Option<String>, condition: &str| match given {
        Some(_) => format!("{condition} ?{number}"),
        None => format!("CAST(?{number} AS TEXT) IS NULL"),
    };
    let since = match since_ms {
        Some(_) => "last_ms >= ?5",
        None => "CAST(?5 AS BIGINT) IS NULL",
    };
    let all = [
        which(1, &class, "class ="),
        which(2, &family, "family ="),
        which(3, &begins, "miner >="),
        which(4, &behind, "miner <"),
        since.into(),
    ];
    (all.join(" AND "), [class, family, begins, behind])
}

/// A page of miners, and how many there are in all. Cost: that of counting what fits the filter, and of
/// stepping over `offset`, both in an index alone; where a filter and another order than by id are asked for
/// together, that of sorting all that fit.
///
/// # Errors
/// Where the database refuses.
pub fn miners(
    c: &Connection,
    filter: &Filter,
    order: Order,
    limit: i64,
    offset: i64,
) -> sql::Result<(Vec<Miner>, i64)> {
    let (which, [class, family, begins, behind]) = conditions(filter);
    let total = c.query_one(
        &format!("SELECT count(*) FROM miners WHERE {which}"),
        params![class, family, begins, behind, filter.since_ms],
        |row| row.get(0),
    )?;
    let columns = order.columns();
    // The inner question is answered from an index alone, so that what is stepped over is not fetched.
    let miners = c.query_all(
        &format!(
            "SELECT {MINER_COLUMNS} FROM miners WHERE miner IN
                 (SELECT miner FROM miners WHERE {which} ORDER BY {columns} LIMIT ?6 OFFSET ?7)
             ORDER BY {columns}"
        ),
        params![
            class,
            family,
            begins,
            behind,
            filter.since_ms,
            limit,
            offset
        ],
        miner_row,
    )?;
    Ok((miners, total))
}

/// Miners of one class, or of one family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// As verdicts call it.
    pub name: String,
    /// How many.
    pub miners: i64,
}

/// How many miners there are of each class, most first. Reads an index as a whole.
///
/// # Errors
/// Where the database refuses.
pub fn classes(c: &Connection) -> sql::Result<Vec<Group>> {
    counted(c, "class")
}

/// The same of each architecture's family.
///
/// # Errors
/// Where the database refuses.
pub fn families(c: &Connection) -> sql::Result<Vec<Group>> {
    counted(c, "family")
}

fn counted(c: &Connection, column: &str) -> sql::Result<Vec<Group>> {
    c.query_all(
        &format!(
            "SELECT {column}, count(*) FROM miners GROUP BY {column} ORDER BY count(*) DESC, {column}"
        ),
        params![],
        |row| {
            Ok(Group {
                name: row.get(0)?,
                miners: row.get(1)?,
            })
        },
    )
}

/// The first miners of a class in an order, silicon alone.
///
/// # Errors
/// Where the database refuses.
pub fn silicon_of(
    c: &Connection,
    class: &str,
    order: Order,
    limit: i64,
) -> sql::Result<Vec<Miner>> {
    let columns = order.columns();
    c.query_all(
        &format!(
            "SELECT {MINER_COLUMNS} FROM miners WHERE class = ?1 AND physical
             ORDER BY {columns} LIMIT ?2"
        ),
        params![class, limit],
        miner_row,
    )
}

/// The first miners in an order, silicon alone.
///
/// # Errors
/// Where the database refuses.
pub fn silicon(c: &Connection, order: Order, limit: i64) -> sql::Result<Vec<Miner>> {
    let columns = order.columns();
    c.query_all(
        &format!("SELECT {MINER_COLUMNS} FROM miners WHERE physical ORDER BY {columns} LIMIT ?1"),
        params![limit],
        miner_row,
    )
}

/// A line of the log, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who.
    pub miner: String,
    /// What was sent, and how it was judged.
    pub entry: Entry,
}

/// The newest lines of the log.
///
/// # Errors
/// Where the database refuses.
pub fn newest(c: &Connection, limit: i64) -> sql::Result<Vec<Line>> {
    c.query_all(
        "SELECT id, received_ms, miner, epoch, accepted, weight, verdict FROM attestations
         ORDER BY id DESC LIMIT ?1",
        params![limit],
        |row| {
            Ok(Line {
                miner: row.get(2)?,
                entry: Entry {
                    id: row.get(0)?,
                    received_ms: row.get(1)?,
                    epoch: row.get(3)?,
                    accepted: row.get(4)?,
                    weight: row.get(5)?,
                    verdict: row.get(6)?,
                },
            })
        },
    )
}

/// The number of the newest line of the log; 0 of none. Numbers rise by one with each.
///
/// # Errors
/// Where the database refuses.
pub fn newest_id(c: &Connection) -> sql::Result<i64> {
    c.query_one(
        "SELECT coalesce(max(id), 0) FROM attestations",
        params![],
        |row| row.get(0),
    )
}

/// How many lines of the log arrived before a time. By halving, as lines are in the order of arrival: a few
/// dozen rows are read.
///
/// # Errors
/// Where the database refuses.
pub fn lines_before(c: &Connection, at_ms: i64) -> sql::Result<i64> {
    let (mut low, mut high) = (0, newest_id(c)?);
    // All up to `low` came before, none after `high` did.
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let received: Option<i64> = c.query_opt(
            "SELECT received_ms FROM attestations WHERE id <= ?1 ORDER BY id DESC LIMIT 1",
            params![middle],
            |row| row.get(0),
        )?;
        match received {
            Some(received) if received >= at_ms => high = middle - 1,
            _ => low = middle,
        }
    }
    Ok(low)
}

/// A settled epoch, or one that is being paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub epoch: i64,
    /// When it was divided, milliseconds since 1970.
    pub begun_ms: i64,
    /// What is paid, µRTC.
    pub paid: i64,
    /// Who shares in it.
    pub miners: i64,
    /// Whether everybody is paid.
    pub settled: bool,
}

/// Divided epochs, newest first, and how many there are in all.
///
/// # Errors
/// Where the database refuses.
pub fn epochs(c: &Connection, limit: i64, offset: i64) -> sql::Result<(Vec<Epoch>, i64)> {
    let total = c.query_one("SELECT count(*) FROM settlements", params![], |row| {
        row.get(0)
    })?;
    let epochs = c.query_all(
        "SELECT s.epoch, s.begun_ms, s.paid, s.miners,
                EXISTS (SELECT 1 FROM epochs e WHERE e.epoch = s.epoch)
         FROM settlements s ORDER BY s.epoch DESC LIMIT ?1 OFFSET ?2",
        params![limit, offset],
        |row| {
            Ok(Epoch {
                epoch: row.get(0)?,
                begun_ms: row.get(1)?,
                paid: row.get(2)?,
                miners: row.get(3)?,
                settled: row.get(4)?,
            })
        },
    )?;
    Ok((epochs, total))
}

/// What was divided and moved in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stretch {
    /// What epochs paid that were divided in it, µRTC.
    pub paid: i64,
    /// The most miners that shared in one of them.
    pub miners: i64,
}

/// What was divided of the epochs that ended from one second on and before another. Reads those epochs.
///
/// # Errors
/// Where the database refuses.
pub fn divided(c: &Connection, chain: &Chain, from_s: i64, before_s: i64) -> sql::Result<Stretch> {
    // The first epoch that ends at this second or later.
    let first = |at_s: i64| {
        let since = at_s.saturating_sub(chain.genesis_s);
        let length = chain.epoch_s().max(1);
        (since.saturating_add(length - 1)).div_euclid(length) - 1
    };
    c.query_one(
        "SELECT CAST(coalesce(sum(paid), 0) AS BIGINT), coalesce(max(miners), 0)
         FROM settlements WHERE epoch >= ?1 AND epoch < ?2",
        params![first(from_s), first(before_s)],
        |row| {
            Ok(Stretch {
                paid: row.get(0)?,
                miners: row.get(1)?,
            })
        },
    )
}

/// Transfers of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// How many.
    pub transfers: i64,
    /// What they moved, µRTC.
    pub amount: i64,
}

/// Transfers that were taken in a stretch of time, milliseconds since 1970, and booked by now. Reads the
/// transfers of that time.
///
/// # Errors
/// Where the database refuses.
pub fn moved(c: &Connection, from_ms: i64, before_ms: i64) -> sql::Result<Moved> {
    c.query_one(
        "SELECT count(*), CAST(coalesce(sum(amount), 0) AS BIGINT) FROM transfers
         WHERE received_ms >= ?1 AND received_ms < ?2 AND state = 'confirmed'",
        params![from_ms, before_ms],
        |row| {
            Ok(Moved {
                transfers: row.get(0)?,
                amount: row.get(1)?,
            })
        },
    )
}

/// The lines of a booked transaction: accounts and µRTC; at most `limit`, largest first.
///
/// # Errors
/// Where the database refuses.
pub fn postings(c: &Connection, reference: &str, limit: i64) -> sql::Result<Option<Postings>> {
    let found: Option<(i64, i64)> = c.query_opt(
        "SELECT id, created_ms FROM transactions WHERE reference = ?1",
        params![reference],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((tx, created_ms)) = found else {
        return Ok(None);
    };
    let total = c.query_one(
        "SELECT count(*) FROM postings WHERE tx = ?1",
        params![tx],
        |row| row.get(0),
    )?;
    let lines = c.query_all(
        "SELECT account, amount FROM postings WHERE tx = ?1 ORDER BY account LIMIT ?2",
        params![tx, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Some(Postings {
        created_ms,
        total,
        lines,
    }))
}

/// A booked transaction, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postings {
    /// When it was booked, milliseconds since 1970.
    pub created_ms: i64,
    /// Lines that there are.
    pub total: i64,
    /// Account and µRTC of some of them, by account.
    pub lines: Vec<(String, i64)>,
}

/// Wallets with the highest balances. Reads every account.
///
/// # Errors
/// Where the database refuses.
pub fn richest(c: &Connection, limit: i64) -> sql::Result<Vec<(String, i64)>> {
    c.query_all(
        "SELECT substr(account, 8), amount FROM balances
         WHERE account >= ?1 AND account < ?2 ORDER BY amount DESC, account LIMIT ?3",
        params![Value::Text("wallet/"), Value::Text("wallet0"), limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// What an epoch paid a miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reward {
    /// The epoch.
    pub epoch: i64,
    /// When it was booked, milliseconds since 1970.
    pub at_ms: i64,
    /// µRTC.
    pub amount: i64,
}

/// Epochs, the newest ones, in which a miner's rewards are looked for: a year of days, ten weeks of the
/// shortest epochs that anybody runs for others.
const REWARDS_LOOKED_AT: i64 = 500;

/// A miner's newest rewards. Cost: a few lookups for each of the epochs looked at.
///
/// # Errors
/// Where the database refuses.
pub fn rewards(c: &Connection, miner: &str, limit: i64) -> sql::Result<Vec<Reward>> {
    let account = crate::ledger::Account::Wallet(miner.to_owned()).name();
    // In each settlement, the part that the miner's name is in.
    c.query_all(
        "SELECT s.epoch, t.created_ms, p.amount
         FROM (SELECT epoch FROM settlements ORDER BY epoch DESC LIMIT ?4) AS s
         JOIN payouts o ON o.epoch = s.epoch AND o.last_miner =
              (SELECT min(last_miner) FROM payouts WHERE epoch = s.epoch AND last_miner >= ?2)
         JOIN postings p ON p.tx = o.tx AND p.account = ?1
         JOIN transactions t ON t.id = o.tx
         ORDER BY s.epoch DESC LIMIT ?3",
        params![account, miner, limit, REWARDS_LOOKED_AT],
        |row| {
            Ok(Reward {
                epoch: row.get(0)?,
                at_ms: row.get(1)?,
                amount: row.get(2)?,
            })
        },
    )
}

/// How many machines of a class are silicon, and the milliseconds from first to last attestation of them all.
/// Reads all of the class.
///
/// # Errors
/// Where the database refuses.
pub fn silicon_seen(c: &Connection, class: &str) -> sql::Result<(i64, i64)> {
    c.query_one(
        "SELECT count(*), CAST(coalesce(sum(last_ms - first_ms), 0) AS BIGINT) FROM miners
         WHERE class = ?1 AND physical",
        params![class],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
