//! A second derivation of what is bound to whom: from what happened, and, with the secret, from the
//! submissions that showed it.

use std::collections::BTreeMap;

use super::decide::CANDIDATES_MAX;
use super::rules::Unit;
use super::salt::{Salt, Tag};
use super::shown::shown;
use crate::attest::{evidence_of, object};
use crate::json::parse;
use crate::store::bindings::{self, Happened, Kept, Origin, State};
use crate::store::sql::{self, params, Connection};

/// What is checked without the secret.
pub const EVENTS: &str =
    "each machine is bound to whom what happened to it gives, and was proven when it \
                          was bound";

/// What is checked with it.
pub const MARKS: &str = "each machine is known by what the submissions that bound it showed";

/// What must hold of rows, and a query that gives a sentence for everything that does not.
pub const CHECKS: [(&str, &str); 4] = [
    (
        "each machine was paid for by an accepted attestation of that miner",
        "SELECT 'unit ' || e.unit || ' in epoch ' || e.epoch || ' was paid for without an attestation'
         FROM unit_epochs e LEFT JOIN attestations a
           ON a.id = e.attestation_id AND a.miner = e.miner AND a.accepted AND a.epoch <= e.epoch
         WHERE a.id IS NULL",
    ),
    (
        "each machine knows the last epoch in which it was paid for",
        "SELECT 'unit ' || u.id || ' does not know when it was last paid for'
         FROM units u WHERE u.epoch IS DISTINCT FROM
              (SELECT max(e.epoch) FROM unit_epochs e WHERE e.unit = u.id)
            OR u.epoch IS NOT NULL AND NOT EXISTS
              (SELECT 1 FROM unit_epochs e
               WHERE e.unit = u.id AND e.epoch = u.epoch AND e.miner = u.paid)",
    ),
    (
        "each migration that waits takes a machine from whom it is bound to",
        "SELECT 'migration ' || m.id || ' waits for a machine that is not bound to ' || m.from_miner
         FROM unit_moves m JOIN units u ON u.id = m.unit
         WHERE m.state = 'pending' AND u.miner IS DISTINCT FROM m.from_miner",
    ),
    (
        "each migration that is done happened, once",
        "SELECT 'migration ' || m.id || ' is done and did not happen once'
         FROM unit_moves m WHERE m.state = 'done' AND 1 <>
              (SELECT count(*) FROM unit_events e WHERE e.move = m.id AND e.unit = m.unit)",
    ),
];

/// What happened gives of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Derived {
    miner: Option<String>,
    bound_ms: i64,
    renews: bool,
    known: Unit,
}

/// Derives every unit again, and tells what differs. Without the secret, hashes are not checked. Cost:
/// linear in what happened.
///
/// # Errors
/// Where the database cannot be read.
pub fn check(
    c: &Connection,
    salt: Option<&Salt>,
    fault: &mut dyn FnMut(String),
) -> sql::Result<()> {
    let mut derived: BTreeMap<i64, Derived> = BTreeMap::new();
    for event in bindings::events(c)? {
        replay(c, &event, salt, &mut derived, fault)?;
    }
    let units = bindings::all_units(c)?;
    for unit in &units {
        let now = Derived {
            miner: unit.miner.clone(),
            bound_ms: unit.bound_ms,
            renews: unit.renews,
            known: if salt.is_some() {
                unit.unit.clone()
            } else {
                Unit::default()
            },
        };
        if derived.remove(&unit.id) != Some(now) {
            fault(format!("unit {} is not what happened to it gives", unit.id));
        }
    }
    for id in derived.keys() {
        fault(format!("unit {id} is missing"));
    }
    check_marks(c, &units, fault)?;
    bindings::for_each_migration(c, |kept| {
        if let Err(why) = proof(&kept) {
            fault(format!("migration {}: {why}", kept.id));
        }
        Ok(())
    })
}

fn replay(
    c: &Connection,
    event: &Happened,
    salt: Option<&Salt>,
    derived: &mut BTreeMap<i64, Derived>,
    fault: &mut dyn FnMut(String),
) -> sql::Result<()> {
    let seen = match event.attestation_id {
        Some(id) => sighting(c, id, event, salt, fault)?,
        None => Unit::default(),
    };
    if let (Some(into), "joined") = (event.other, event.kind.as_str()) {
        let gone = derived.get(&event.unit).map(|unit| unit.known.clone());
        let kept = derived.entry(into).or_default();
        kept.known.learn(&gone.unwrap_or_default());
    }
    let unit = derived.entry(event.unit).or_default();
    match event.kind.as_str() {
        "bound" => {
            *unit = Derived {
                miner: Some(event.miner.clone()),
                bound_ms: event.at_ms,
                renews: unit.renews,
                known: seen,
            }
        }
        "learned" => unit.known.learn(&seen),
        "renewed" => (unit.known, unit.renews) = (seen, false),
        "joined" => {
            *unit = Derived {
                bound_ms: unit.bound_ms,
                ..Derived::default()
            }
        }
        "moved" => {
            unit.miner = Some(event.miner.clone());
            (unit.bound_ms, unit.renews) = (event.at_ms, false);
        }
        "opened" => unit.renews = true,
        "released" => (unit.miner, unit.renews) = (None, false),
        other => fault(format!("event {} is of the unknown kind {other}", event.id)),
    }
    Ok(())
}

/// What an attestation showed; tells where it is not one that could bind.
fn sighting(
    c: &Connection,
    id: i64,
    event: &Happened,
    salt: Option<&Salt>,
    fault: &mut dyn FnMut(String),
) -> sql::Result<Unit> {
    let found: Option<(String, bool, String, Vec<u8>)> = c.query_opt(
        "SELECT miner, accepted, verdict, body FROM attestations WHERE id = ?1",
        params![id],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?;
    let Some((miner, accepted, verdict, body)) = found else {
        fault(format!("event {} refers to no attestation", event.id));
        return Ok(Unit::default());
    };
    let physical = parse(verdict.as_bytes()).is_ok_and(|v| v["physical"] == true);
    if miner != event.miner || !accepted || !physical {
        fault(format!(
            "event {} refers to an attestation that binds nothing to {}",
            event.id, event.miner
        ));
    }
    Ok(match (salt, object(&body)) {
        (Some(salt), Ok(members)) => shown(&members, evidence_of(&body).as_deref(), salt),
        _ => Unit::default(),
    })
}

/// The index of marks has what is in the units, but for marks that too many have.
fn check_marks(
    c: &Connection,
    units: &[super::decide::Known],
    fault: &mut dyn FnMut(String),
) -> sql::Result<()> {
    let index = bindings::all_marks(c)?;
    let mut entries: BTreeMap<i64, Vec<Tag>> = BTreeMap::new();
    let mut common: BTreeMap<Tag, usize> = BTreeMap::new();
    for (tag, unit) in index {
        entries.entry(unit).or_default().push(tag);
        *common.entry(tag).or_default() += 1;
    }
    for unit in units {
        let entered = entries.remove(&unit.id).unwrap_or_default();
        let extra = entered
            .iter()
            .any(|tag| !unit.unit.marks().any(|m| m == *tag));
        let full = |tag: &Tag| common.get(tag).is_some_and(|&n| n >= CANDIDATES_MAX);
        let missing = unit
            .unit
            .marks()
            .any(|tag| !entered.contains(&tag) && !full(&tag));
        if extra || missing {
            fault(format!(
                "unit {} is not found by what it is known by",
                unit.id
            ));
        }
    }
    Ok(())
}

/// Checks what was signed of a migration.
fn proof(kept: &Kept) -> Result<(), &'static str> {
    if let Origin::Owner(migration) = &kept.origin {
        migration.proof()?;
    }
    match &kept.state {
        State::CancelledByOwner(_, by) => by.proof(),
        _ => Ok(()),
    }
}
