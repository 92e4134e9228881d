//! Statements about machines: whom each is bound to, what names it, where it is moving to.
//!
//! An attestation costs one look-up ([`candidates`]), whatever the number of miners; only what it changes
//! is written ([`apply`]), which in an ordinary epoch is once for each machine.

use super::sql::{self, params, Connection, Row, Value};
use crate::binding::decide::{Decision, Known, Sighting, CANDIDATES_MAX, UNITS_MAX};
use crate::binding::mac::MACS_MAX;
use crate::binding::migration::{Cancellation, Kind, Migration};
use crate::binding::rules::{Unit, SERIALS_MAX};
use crate::binding::salt::{Tag, TAG_BYTES};

/// Marks of what one attestation shows, at most.
const MARKS_MAX: usize = SERIALS_MAX + MACS_MAX;

/// Migrations in one list, at most: a page for people.
const LIST_MAX: i64 = 500;

const UNIT_COLUMNS: &str = "id, miner, bound_ms, known, renews, epoch, paid";

fn unit_row(row: &Row<'_>) -> sql::Result<Known> {
    let known: String = row.get(3)?;
    let (epoch, paid): (Option<i64>, Option<String>) = (row.get(5)?, row.get(6)?);
    Ok(Known {
        id: row.get(0)?,
        miner: row.get(1)?,
        bound_ms: row.get(2)?,
        unit: serde_json::from_str(&known)
            .map_err(|e| sql::Error::Unsound(format!("a unit's hashes: {e}")))?,
        renews: row.get(4)?,
        paid: epoch.zip(paid),
    })
}

fn text(unit: &Unit) -> sql::Result<String> {
    serde_json::to_string(unit).map_err(|e| sql::Error::Unsound(e.to_string()))
}

/// The units of a name, and those that have one of the marks shown, oldest first. One statement; none,
/// and nothing, where no mark is shown.
pub fn candidates(c: &Connection, miner: &str, shown: &Unit) -> sql::Result<Vec<Known>> {
    let mut tags: Vec<Tag> = shown.marks().take(MARKS_MAX).collect();
    let Some(&first) = tags.first() else {
        return Ok(Vec::new());
    };
    // One statement for any number of marks: the first stands in for those that there are not.
    tags.resize(MARKS_MAX, first);
    let places: Vec<String> = (0..MARKS_MAX).map(|i| format!("?{}", i + 2)).collect();
    let mut values = vec![Value::Text(miner)];
    values.extend(tags.iter().map(|tag| Value::Bytes(&tag.0)));
    c.query_all(
        &format!(
            "SELECT {UNIT_COLUMNS} FROM units WHERE id IN
                 (SELECT unit FROM unit_marks WHERE tag IN ({})
                  UNION SELECT id FROM units WHERE miner = ?1)
             ORDER BY id",
            places.join(", ")
        ),
        &values,
        unit_row,
    )
}

/// One unit.
pub fn unit(c: &Connection, id: i64) -> sql::Result<Option<Known>> {
    c.query_opt(
        &format!("SELECT {UNIT_COLUMNS} FROM units WHERE id = ?1"),
        params![id],
        unit_row,
    )
}

/// The units of a name, oldest first.
pub fn units_of(c: &Connection, miner: &str) -> sql::Result<Vec<Known>> {
    c.query_all(
        &format!("SELECT {UNIT_COLUMNS} FROM units WHERE miner = ?1 ORDER BY id"),
        params![miner],
        unit_row,
    )
}

/// Every unit.
///
/// # Errors
/// Where the database refuses.
pub fn all_units(c: &Connection) -> sql::Result<Vec<Known>> {
    c.query_all(
        &format!("SELECT {UNIT_COLUMNS} FROM units ORDER BY id"),
        params![],
        unit_row,
    )
}

/// Writes what was decided about a sighting, once it is in the log. `known` are the units that it was
/// decided by. Gives the unit.
pub fn apply(
    c: &Connection,
    decision: &Decision,
    sighting: Sighting<'_>,
    known: &[Known],
    attestation_id: i64,
    at_ms: i64,
) -> sql::Result<Option<i64>> {
    let of = |id: i64| {
        let found = known.iter().find(|known| known.id == id);
        found.ok_or_else(|| sql::Error::Unsound(format!("unit {id} was not looked up")))
    };
    let event = |kind, id| Event {
        at_ms,
        unit: id,
        kind,
        miner: sighting.miner,
        attestation_id: Some(attestation_id),
        ..Event::default()
    };
    let id = match decision {
        Decision::Unbound | Decision::Refused(_) => return Ok(None),
        Decision::Own { id, joined } => {
            let before = of(*id)?;
            let mut unit = before.unit.clone();
            for &other in joined {
                unit.learn(&of(other)?.unit);
                join(c, of(other)?, &event("joined", other), *id)?;
            }
            unit.learn(sighting.shown);
            if unit != before.unit || !joined.is_empty() {
                set_known(c, *id, &before.unit, &unit)?;
                record(c, &event("learned", *id))?;
            }
            *id
        }
        Decision::Renewed(id) => {
            let before = of(*id)?;
            set_known(c, *id, &before.unit, sighting.shown)?;
            c.execute(
                "UPDATE units SET renews = FALSE WHERE id = ?1",
                params![*id],
            )?;
            record(c, &event("renewed", *id))?;
            *id
        }
        Decision::Taken(id) => {
            set_known(c, *id, &of(*id)?.unit, sighting.shown)?;
            c.execute(
                "UPDATE units SET miner = ?1, bound_ms = ?2 WHERE id = ?3",
                params![sighting.miner, at_ms, *id],
            )?;
            record(c, &event("bound", *id))?;
            *id
        }
        Decision::New => {
            let id = c.query_one(
                "INSERT INTO units (miner, bound_ms, known) VALUES (?1, ?2, ?3) RETURNING id",
                params![sighting.miner, at_ms, text(sighting.shown)?],
                |row| row.get(0),
            )?;
            enter(c, id, &Unit::default(), sighting.shown)?;
            record(c, &event("bound", id))?;
            id
        }
    };
    let paid = known
        .iter()
        .find(|k| k.id == id)
        .and_then(|k| k.paid.as_ref());
    if paid.is_none_or(|(epoch, _)| *epoch != sighting.epoch) {
        pay(c, id, sighting.epoch, sighting.miner, attestation_id)?;
    }
    Ok(Some(id))
}

/// Notes that a unit is paid for under a name in an epoch.
fn pay(c: &Connection, id: i64, epoch: i64, miner: &str, attestation_id: i64) -> sql::Result<()> {
    c.execute(
        "INSERT INTO unit_epochs (epoch, unit, miner, attestation_id) VALUES (?1, ?2, ?3, ?4)",
        params![epoch, id, miner, attestation_id],
    )?;
    c.execute(
        "UPDATE units SET epoch = ?1, paid = ?2 WHERE id = ?3",
        params![epoch, miner, id],
    )
    .map(drop)
}

/// Carries the units of an attestation on to a later epoch, in which its miner enrols with it. `false`
/// where one of them is another's by now: then nothing is changed.
pub fn carry_on(c: &Connection, miner: &str, attestation_id: i64, epoch: i64) -> sql::Result<bool> {
    let own = |name: Option<String>| name.as_deref() == Some(miner);
    // The number of each, whether it is another's, and whether it is paid for already.
    let units: Vec<(i64, bool, bool)> = c.query_all(
        "SELECT u.id, u.miner, u.epoch, u.paid
         FROM attestations a JOIN unit_epochs e ON e.miner = a.miner AND e.epoch = a.epoch
                             JOIN units u ON u.id = e.unit
         WHERE a.id = ?1 AND a.miner = ?2",
        params![attestation_id, miner],
        |row| {
            let is_paid = row.get::<Option<i64>>(2)? == Some(epoch);
            let is_others = !own(row.get(1)?) || is_paid && !own(row.get(3)?);
            Ok((row.get(0)?, is_others, is_paid))
        },
    )?;
    if units.iter().any(|&(_, is_others, _)| is_others) {
        return Ok(false);
    }
    for (id, _, is_paid) in units {
        if !is_paid {
            pay(c, id, epoch, miner, attestation_id)?;
        }
    }
    Ok(true)
}

/// Empties a unit that is another one.
fn join(c: &Connection, other: &Known, event: &Event<'_>, into: i64) -> sql::Result<()> {
    let reason = format!("the machine is unit {into}");
    cancel_pending(c, other.id, &reason, event.at_ms)?;
    set_known(c, other.id, &other.unit, &Unit::default())?;
    c.execute(
        "UPDATE units SET miner = NULL, renews = FALSE WHERE id = ?1",
        params![other.id],
    )?;
    record(
        c,
        &Event {
            other: Some(into),
            ..*event
        },
    )
}

fn set_known(c: &Connection, id: i64, before: &Unit, after: &Unit) -> sql::Result<()> {
    c.execute(
        "UPDATE units SET known = ?1 WHERE id = ?2",
        params![text(after)?, id],
    )?;
    enter(c, id, before, after)
}

/// Brings the index of marks from one state of a unit to the next. A mark that as many have as are
/// looked at takes no more: a look-up stays bounded, and the oldest are found.
fn enter(c: &Connection, id: i64, before: &Unit, after: &Unit) -> sql::Result<()> {
    for gone in before
        .marks()
        .filter(|tag| !after.marks().any(|t| t == *tag))
    {
        c.execute(
            "DELETE FROM unit_marks WHERE tag = ?1 AND unit = ?2",
            params![gone.0, id],
        )?;
    }
    for new in after
        .marks()
        .filter(|tag| !before.marks().any(|t| t == *tag))
    {
        if units_with(c, &new)? < CANDIDATES_MAX as i64 {
            c.execute(
                "INSERT INTO unit_marks (tag, unit) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![new.0, id],
            )?;
        }
    }
    Ok(())
}

/// Units that are found by a mark.
pub fn units_with(c: &Connection, tag: &Tag) -> sql::Result<i64> {
    c.query_one(
        "SELECT count(*) FROM unit_marks WHERE tag = ?1",
        params![tag.0],
        |row| row.get(0),
    )
}

/// The index of marks: tags and units.
pub fn all_marks(c: &Connection) -> sql::Result<Vec<(Tag, i64)>> {
    c.query_all(
        "SELECT tag, unit FROM unit_marks ORDER BY unit, tag",
        params![],
        |row| Ok((Tag(row.get::<[u8; TAG_BYTES]>(0)?), row.get(1)?)),
    )
}

/// What happened to a unit.
#[derive(Debug, Clone, Copy, Default)]
struct Event<'a> {
    at_ms: i64,
    unit: i64,
    kind: &'static str,
    miner: &'a str,
    attestation_id: Option<i64>,
    migration: Option<i64>,
    other: Option<i64>,
    reason: Option<&'a str>,
}

fn record(c: &Connection, e: &Event<'_>) -> sql::Result<()> {
    c.execute(
        "INSERT INTO unit_events (at_ms, unit, kind, miner, attestation_id, move, other, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            e.at_ms,
            e.unit,
            e.kind,
            e.miner,
            e.attestation_id,
            e.migration,
            e.other,
            e.reason
        ],
    )
    .map(drop)
}

/// A row of what happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Its number.
    pub id: i64,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// To which unit.
    pub unit: i64,
    /// `bound`, `learned`, `renewed`, `joined`, `moved`, `opened` or `released`.
    pub kind: String,
    /// The name that it was about.
    pub miner: String,
    /// The attestation that showed it.
    pub attestation_id: Option<i64>,
    /// The migration that it was the end of.
    pub migration: Option<i64>,
    /// The unit that it was joined to.
    pub other: Option<i64>,
    /// The operator's.
    pub reason: Option<String>,
}

const EVENT_COLUMNS: &str = "id, at_ms, unit, kind, miner, attestation_id, move, other, reason";

fn event_row(row: &Row<'_>) -> sql::Result<Happened> {
    Ok(Happened {
        id: row.get(0)?,
        at_ms: row.get(1)?,
        unit: row.get(2)?,
        kind: row.get(3)?,
        miner: row.get(4)?,
        attestation_id: row.get(5)?,
        migration: row.get(6)?,
        other: row.get(7)?,
        reason: row.get(8)?,
    })
}

/// Everything that happened, in order.
pub fn events(c: &Connection) -> sql::Result<Vec<Happened>> {
    c.query_all(
        &format!("SELECT {EVENT_COLUMNS} FROM unit_events ORDER BY id"),
        params![],
        event_row,
    )
}

/// What happened to one unit, the newest first, at most 500 lines.
pub fn events_of(c: &Connection, unit: i64) -> sql::Result<Vec<Happened>> {
    c.query_all(
        &format!(
            "SELECT {EVENT_COLUMNS} FROM unit_events WHERE unit = ?1 ORDER BY id DESC LIMIT ?2"
        ),
        params![unit, LIST_MAX],
        event_row,
    )
}

/// What became of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Pending,
    /// It was done then, milliseconds since 1970.
    Done(i64),
    /// It was cancelled then, by its owner's signature.
    CancelledByOwner(i64, Cancellation),
    /// It was cancelled then, for this reason.
    Cancelled(i64, String),
}

impl State {
    /// Its name, in the store and on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Done(_) => "done",
            State::CancelledByOwner(..) | State::Cancelled(..) => "cancelled",
        }
    }
}

/// Who asked for a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The owner, signed.
    Owner(Box<Migration>),
    /// The operator, for this reason.
    Operator(String),
}

/// A migration in the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: i64,
    /// Of what.
    pub kind: Kind,
    /// Which machine.
    pub unit: i64,
    /// Whose it is.
    pub from: String,
    /// Whose it will be.
    pub to: String,
    /// Who asked.
    pub origin: Origin,
    /// When, milliseconds since 1970.
    pub requested_ms: i64,
    /// When it is due.
    pub due_ms: i64,
    /// What became of it.
    pub state: State,
}

const MOVE_COLUMNS: &str =
    "id, kind, unit, from_miner, to_miner, nonce, public_key, signature, signed, \
                            reason, requested_ms, due_ms, state, ended_ms, cancel_key, \
                            cancel_signature, cancel_signed, cancel_reason";

fn move_row(row: &Row<'_>) -> sql::Result<Kept> {
    let unsound = || sql::Error::Unsound("a migration's row".into());
    let kind = Kind::named(&row.get::<String>(1)?).ok_or_else(unsound)?;
    let (id, unit): (i64, i64) = (row.get(0)?, row.get(2)?);
    let (from, to): (String, String) = (row.get(3)?, row.get(4)?);
    let origin = match row.get::<Option<i64>>(5)? {
        Some(nonce) => Origin::Owner(Box::new(Migration {
            kind,
            unit,
            from: from.clone(),
            to: to.clone(),
            nonce,
            public_key: row.get(6)?,
            signature: row.get(7)?,
            signed: row.get(8)?,
        })),
        None => Origin::Operator(row.get(9)?),
    };
    let state: String = row.get(12)?;
    let state = match (state.as_str(), row.get::<Option<i64>>(13)?) {
        ("pending", _) => State::Pending,
        ("done", Some(at)) => State::Done(at),
        ("cancelled", Some(at)) => match row.get::<Option<String>>(17)? {
            Some(reason) => State::Cancelled(at, reason),
            None => State::CancelledByOwner(
                at,
                Cancellation {
                    miner: from.clone(),
                    migration: id,
                    public_key: row.get(14)?,
                    signature: row.get(15)?,
                    signed: row.get(16)?,
                },
            ),
        },
        _ => return Err(unsound()),
    };
    Ok(Kept {
        id,
        kind,
        unit,
        from,
        to,
        origin,
        requested_ms: row.get(10)?,
        due_ms: row.get(11)?,
        state,
    })
}

/// Why a migration is not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such machine, or it is not bound to that name.
    NotBound,
    /// It is the receiver's already.
    ItsOwn,
    /// The name used this nonce before.
    Replay,
    /// The name used this nonce, which is higher.
    OutOfOrder(i64),
    /// This migration of the machine waits already.
    Waits(i64),
    /// The receiver has as many machines as it can.
    TooMany,
}

/// Begins a migration: one that its owner signed, or one that the operator has a reason for.
pub fn begin(
    c: &Connection,
    kind: Kind,
    unit_id: i64,
    to: &str,
    origin: &Origin,
    requested_ms: i64,
    due_ms: i64,
) -> sql::Result<Result<i64, Refusal>> {
    let Some(from) = unit(c, unit_id)?.and_then(|unit| unit.miner) else {
        return Ok(Err(Refusal::NotBound));
    };
    let (signed, reason) = match origin {
        Origin::Owner(migration) => (Some(migration), None),
        Origin::Operator(reason) => (None, Some(reason)),
    };
    if signed.is_some_and(|migration| migration.from != from) {
        return Ok(Err(Refusal::NotBound));
    }
    if kind == Kind::Wallet && from == to {
        return Ok(Err(Refusal::ItsOwn));
    }
    if let Some(migration) = signed {
        let latest: Option<i64> = c.query_one(
            "SELECT max(nonce) FROM unit_moves WHERE from_miner = ?1",
            params![from],
            |row| row.get(0),
        )?;
        match latest {
            Some(latest) if latest == migration.nonce => return Ok(Err(Refusal::Replay)),
            Some(latest) if latest > migration.nonce => {
                return Ok(Err(Refusal::OutOfOrder(latest)))
            }
            _ => {}
        }
    }
    let waits = c.query_opt(
        "SELECT id FROM unit_moves WHERE unit = ?1 AND state = 'pending'",
        params![unit_id],
        |row| row.get(0),
    )?;
    if let Some(waits) = waits {
        return Ok(Err(Refusal::Waits(waits)));
    }
    if kind == Kind::Wallet && units_of(c, to)?.len() >= UNITS_MAX {
        return Ok(Err(Refusal::TooMany));
    }
    c.query_one(
        "INSERT INTO unit_moves (kind, unit, from_miner, to_miner, nonce, public_key, signature,
                                 signed, reason, requested_ms, due_ms, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'pending') RETURNING id",
        params![
            kind.name(),
            unit_id,
            from,
            to,
            signed.map(|m| m.nonce),
            signed.map(|m| m.public_key),
            signed.map(|m| m.signature),
            signed.map(|m| m.signed.clone()),
            reason,
            requested_ms,
            due_ms,
        ],
        |row| row.get(0),
    )
    .map(Ok)
}

/// Whether a migration is due.
pub fn is_any_due(c: &Connection, now_ms: i64) -> sql::Result<bool> {
    c.query_one(
        "SELECT EXISTS (SELECT 1 FROM unit_moves WHERE state = 'pending' AND due_ms <= ?1)",
        params![now_ms],
        |row| row.get(0),
    )
}

/// Does up to `limit` migrations that are due. Gives how many; fewer than `limit` means that none is
/// left.
pub fn complete_due(c: &Connection, now_ms: i64, limit: u32) -> sql::Result<usize> {
    let due = c.query_all(
        &format!(
            "SELECT {MOVE_COLUMNS} FROM unit_moves WHERE state = 'pending' AND due_ms <= ?1
             ORDER BY due_ms, id LIMIT ?2"
        ),
        params![now_ms, limit],
        move_row,
    )?;
    for kept in &due {
        c.execute(
            "UPDATE unit_moves SET state = 'done', ended_ms = ?1 WHERE id = ?2",
            params![now_ms, kept.id],
        )?;
        let kind = match kept.kind {
            Kind::Wallet => {
                c.execute(
                    "UPDATE units SET miner = ?1, bound_ms = ?2, renews = FALSE WHERE id = ?3",
                    params![kept.to, now_ms, kept.unit],
                )?;
                "moved"
            }
            Kind::Hardware => {
                c.execute(
                    "UPDATE units SET renews = TRUE WHERE id = ?1",
                    params![kept.unit],
                )?;
                "opened"
            }
        };
        record(
            c,
            &Event {
                at_ms: now_ms,
                unit: kept.unit,
                kind,
                miner: &kept.to,
                migration: Some(kept.id),
                ..Event::default()
            },
        )?;
    }
    Ok(due.len())
}

/// Cancels a migration that waits, by its owner's signature; `false` where it does not wait.
pub fn cancel_signed(c: &Connection, by: &Cancellation, now_ms: i64) -> sql::Result<bool> {
    let changed = c.execute(
        "UPDATE unit_moves SET state = 'cancelled', ended_ms = ?1, cancel_key = ?2,
                               cancel_signature = ?3, cancel_signed = ?4
         WHERE id = ?5 AND from_miner = ?6 AND state = 'pending'",
        params![
            now_ms,
            by.public_key,
            by.signature,
            by.signed,
            by.migration,
            by.miner
        ],
    )?;
    Ok(changed == 1)
}

/// Cancels a migration that waits, for a reason; `false` where it does not wait.
pub fn cancel(c: &Connection, id: i64, reason: &str, now_ms: i64) -> sql::Result<bool> {
    let changed = c.execute(
        "UPDATE unit_moves SET state = 'cancelled', ended_ms = ?1, cancel_reason = ?2
         WHERE id = ?3 AND state = 'pending'",
        params![now_ms, reason, id],
    )?;
    Ok(changed == 1)
}

fn cancel_pending(c: &Connection, unit: i64, reason: &str, now_ms: i64) -> sql::Result<()> {
    c.execute(
        "UPDATE unit_moves SET state = 'cancelled', ended_ms = ?1, cancel_reason = ?2
         WHERE unit = ?3 AND state = 'pending'",
        params![now_ms, reason, unit],
    )
    .map(drop)
}

/// Gives a machine back to nobody: whoever proves it next has it, but is paid for it from the next epoch
/// on. `None` where it is nobody's already, or is not there; otherwise whose it was.
pub fn release(
    c: &Connection,
    unit_id: i64,
    reason: &str,
    now_ms: i64,
) -> sql::Result<Option<String>> {
    let Some(miner) = unit(c, unit_id)?.and_then(|unit| unit.miner) else {
        return Ok(None);
    };
    cancel_pending(c, unit_id, "the machine was released", now_ms)?;
    c.execute(
        "UPDATE units SET miner = NULL, renews = FALSE WHERE id = ?1",
        params![unit_id],
    )?;
    record(
        c,
        &Event {
            at_ms: now_ms,
            unit: unit_id,
            kind: "released",
            miner: &miner,
            reason: Some(reason),
            ..Event::default()
        },
    )?;
    Ok(Some(miner))
}

/// One migration.
pub fn migration(c: &Connection, id: i64) -> sql::Result<Option<Kept>> {
    c.query_opt(
        &format!("SELECT {MOVE_COLUMNS} FROM unit_moves WHERE id = ?1"),
        params![id],
        move_row,
    )
}

/// Migrations from and to a name, newest first, at most 500.
pub fn migrations_of(c: &Connection, miner: &str) -> sql::Result<Vec<Kept>> {
    c.query_all(
        &format!(
            "SELECT {MOVE_COLUMNS} FROM unit_moves WHERE id IN
                 (SELECT id FROM unit_moves WHERE from_miner = ?1
                  UNION SELECT id FROM unit_moves WHERE to_miner = ?1)
             ORDER BY id DESC LIMIT ?2"
        ),
        params![miner, LIST_MAX],
        move_row,
    )
}

/// Migrations that wait, those first that are due first; or all, newest first. At most 500.
pub fn migrations(c: &Connection, all: bool) -> sql::Result<Vec<Kept>> {
    let which = if all {
        "ORDER BY id DESC"
    } else {
        "WHERE state = 'pending' ORDER BY due_ms, id"
    };
    c.query_all(
        &format!("SELECT {MOVE_COLUMNS} FROM unit_moves {which} LIMIT ?1"),
        params![LIST_MAX],
        move_row,
    )
}

/// Every migration, in the order in which they were begun.
///
/// # Errors
/// Where the database refuses, and those of `look`.
pub fn for_each_migration(
    c: &Connection,
    mut look: impl FnMut(Kept) -> sql::Result<()>,
) -> sql::Result<()> {
    c.for_each(
        &format!("SELECT {MOVE_COLUMNS} FROM unit_moves ORDER BY id"),
        params![],
        |row| look(move_row(row)?),
    )
}
