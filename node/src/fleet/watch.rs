//! What happens at an accepted attestation, in its transaction: the miner's track takes the sighting in, and
//! now and then the miner is compared with those that have something in common with it.
//!
//! One row is read and written for an attestation, none for a second one within a minute. An assessment
//! (four times a day) reads and writes as many rows as the miner has keys, however many miners there are.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::assess::{assess, Assessment, Candidates, Common};
use super::index::{Index, Key, Kind, EPOCHS_KEPT};
use super::known::{tag, Assessed, Known};
use super::seen::{Counter, Seen};
use crate::binding::salt::Tag;
use crate::continuity::chance::Surprise;
use crate::continuity::crystal::{compare, Comparison};
use crate::store::fleet::{self as rows, Buckets};
use crate::store::records;
use crate::store::sql::{self, Connection};

/// A second attestation within so many milliseconds is not taken in: windows of a track are a minute wide.
const PAUSE_MS: i64 = 60_000;

/// A miner is assessed again after so many milliseconds: [`crate::continuity::spell::SPAN_MIN_NS`], which a
/// spell needs for a rate. Four times in an epoch of a day.
const AGAIN_MS: i64 = 6 * 3_600_000;

/// What a counter may be off from another of its model to be held against the same rate, ppm: less than what
/// a skew may be ([`crate::continuity::spell::LIMITS`]), for neither was measured exactly.
const REFERENCE_PPM: i64 = 300;

/// Others that a record names, at most.
const RECORDED: usize = 16;

/// An accepted attestation.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Under which name.
    pub miner: &'a str,
    /// Its number in the log.
    pub attestation_id: i64,
    /// The open epoch.
    pub epoch: i64,
    /// When, milliseconds since 1970.
    pub now_ms: i64,
}

/// Why a name counts, or does not: what an assessment found, as it is recorded beside the attestation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name that has the vote of the machine.
    pub keeper: String,
    /// Names of the machine, this one included, by age: the first of them.
    pub names: Vec<String>,
    /// How many there are.
    pub names_total: usize,
    /// How sure it is that they are one machine.
    pub surprise: Surprise,
    /// Whether this was found before, and nothing has spoken against it since.
    pub kept: bool,
    /// What others have in common with this name that two machines would not: the surest of them.
    pub found: Vec<Found>,
    /// How many there are.
    pub found_total: usize,
}

/// What one other name has in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The other.
    pub miner: String,
    /// What.
    #[serde(flatten)]
    pub common: Common,
}

/// Takes an attestation in. Gives whether its name counts in the epoch.
///
/// # Errors
/// Where the database refuses.
pub fn watch(c: &Connection, arrival: &Arrival<'_>, seen: &Seen) -> sql::Result<bool> {
    let me = tag(arrival.miner);
    let row = rows::dossier(c, me)?;
    let mut known = match row.as_ref().map(rows::Dossier::known) {
        None => Known::default(),
        Some(Ok(known)) => known,
        Some(Err(e)) => {
            // A fault of the disk's or of this program's must not keep a miner out.
            tracing::error!(miner = arrival.miner, "{e}; it begins anew");
            Known::default()
        }
    };
    let first_of_epoch = row.as_ref().is_none_or(|row| row.epoch != arrival.epoch);
    let paused = row
        .as_ref()
        .is_some_and(|row| row.seen_ms.abs_diff(arrival.now_ms) < PAUSE_MS.unsigned_abs());
    if paused && !first_of_epoch {
        return Ok(known.has_vote());
    }
    let since_ms = match row {
        Some(row) => row.since_ms,
        // It may have attested before without evidence.
        None => records::miner(c, arrival.miner)?.map_or(arrival.now_ms, |miner| miner.first_ms),
    };

    seen.enter(&mut known);
    if let Some(counter) = &seen.counter {
        counter.follow(&mut known.track, |counter| {
            reference(c, &seen.model, counter)
        })?;
    }
    if is_due(known.assessed, arrival, first_of_epoch) {
        seen.enter_noise(&mut known);
        look_around(c, arrival, me, since_ms, &mut known)?;
    }
    rows::put_dossier(
        c,
        &rows::Dossier {
            miner: arrival.miner.to_owned(),
            since_ms,
            seen_ms: arrival.now_ms,
            epoch: arrival.epoch,
            state: known.to_row(),
        },
    )?;
    Ok(known.has_vote())
}

/// What a counter without a track is held against: what the hardware states, or the first measured rate of its
/// model.
fn reference(c: &Connection, model: &[u8; 16], counter: &Counter) -> sql::Result<Option<u64>> {
    if counter.stated_hz.is_some() {
        return Ok(counter.stated_hz);
    }
    let measured = counter.measured_hz.and_then(|hz| i64::try_from(hz).ok());
    let Some(measured) = measured.filter(|&hz| hz > 0) else {
        return Ok(None);
    };
    let hz = rows::reference(c, model, &counter.source, measured, REFERENCE_PPM)?;
    Ok(u64::try_from(hz).ok())
}

/// Whether to compare the miner with others now: at first, four times a day, before it leaves the buckets,
/// and in every epoch in which another name has its vote.
fn is_due(last: Option<Assessed>, arrival: &Arrival<'_>, first_of_epoch: bool) -> bool {
    last.is_none_or(|last| {
        last.at_ms.abs_diff(arrival.now_ms) >= AGAIN_MS.unsigned_abs()
            || arrival.epoch.abs_diff(last.epoch) >= EPOCHS_KEPT.unsigned_abs()
            || (first_of_epoch && last.keeper.is_some())
    })
}

/// Enters the miner into its buckets, compares it with those who are there, and records what that says.
fn look_around(
    c: &Connection,
    arrival: &Arrival<'_>,
    me: Tag,
    since_ms: i64,
    known: &mut Known,
) -> sql::Result<()> {
    let dossier = known.dossier(me, since_ms);
    let rom = known.rom.map(|rom| Key::of(Kind::Rom, &[&rom.key]));
    let mut keys = dossier.keys();
    keys.extend(rom);
    let mut buckets = Buckets::read(c, &keys, arrival.epoch)?;
    let Ok(candidates) = Candidates::gather(&dossier, arrival.epoch, &mut buckets);
    let rom_miners = rom.map_or(0, |key| {
        let Ok(bucket) = buckets.enter(key, me, arrival.epoch);
        bucket.crowd()
    });
    buckets.write(c)?;

    let others = people(c, &candidates.others)?;
    let neighbours = people(c, &candidates.neighbours)?;
    let known_of = |people: &BTreeMap<Tag, Person>| {
        people
            .iter()
            .map(|(&tag, p)| p.known.dossier(tag, p.since_ms))
            .collect::<Vec<_>>()
    };
    let found = assess(
        &dossier,
        &known_of(&others),
        &known_of(&neighbours),
        &candidates,
    );
    let before = known.assessed;
    let mut after = Assessed {
        epoch: arrival.epoch,
        at_ms: arrival.now_ms,
        names: u32::try_from(found.names.len().max(1)).unwrap_or(u32::MAX),
        surprise: found.surprise,
        keeper: found.names.first().copied().filter(|_| !found.has_vote),
        found_epoch: arrival.epoch,
        circumstance: found.circumstance,
        rom_miners,
    };
    let mut keeper_name = after
        .keeper
        .and_then(|tag| others.get(&tag))
        .map(|p| p.miner.clone());
    let mut kept = false;
    if let (true, Some(before)) = (found.names.is_empty(), before) {
        if let Some((keeper, name)) = still_joined(c, &dossier, &before, arrival.epoch)? {
            kept = true;
            keeper_name = Some(name);
            after.keeper = Some(keeper);
            after.names = before.names;
            after.found_epoch = before.found_epoch;
        }
    }
    let undone = before.is_some_and(|b| b.epoch == arrival.epoch && b.keeper.is_some());
    if !found.found.is_empty() || after.keeper.is_some() || undone {
        let name = |tag: &Tag| match others.get(tag) {
            Some(person) => person.miner.clone(),
            None => arrival.miner.to_owned(),
        };
        let record = record(
            &found,
            kept,
            keeper_name.unwrap_or_else(|| arrival.miner.to_owned()),
            name,
        );
        rows::put_assessment(
            c,
            &rows::Assessment {
                epoch: arrival.epoch,
                miner: arrival.miner.to_owned(),
                attestation_id: arrival.attestation_id,
                assessed_ms: arrival.now_ms,
                has_vote: after.keeper.is_none(),
                detail: serde_json::to_string(&record)
                    .map_err(|e| sql::Error::Unsound(e.to_string()))?,
            },
        )?;
    }
    known.assessed = Some(after);
    Ok(())
}

fn record(found: &Assessment, kept: bool, keeper: String, name: impl Fn(&Tag) -> String) -> Record {
    Record {
        keeper,
        names: found.names.iter().take(RECORDED).map(&name).collect(),
        names_total: found.names.len(),
        surprise: found.surprise,
        kept,
        found: found
            .found
            .iter()
            .take(RECORDED)
            .map(|common| Found {
                miner: name(&common.other),
                common: *common,
            })
            .collect(),
        found_total: found.found.len(),
    }
}

/// Names that were found to be one machine stay it until two crystals say otherwise: a new spell knows less
/// than the one before. Without crystals to compare, for [`EPOCHS_KEPT`] epochs. A name that nobody uses
/// any more has no vote to keep.
fn still_joined(
    c: &Connection,
    dossier: &super::assess::Dossier,
    before: &Assessed,
    epoch: i64,
) -> sql::Result<Option<(Tag, String)>> {
    let Some(keeper) = before.keeper else {
        return Ok(None);
    };
    let people = people(c, &[keeper])?;
    let Some(person) = people.get(&keeper) else {
        return Ok(None);
    };
    let lately = |then: i64| epoch.saturating_sub(then) <= EPOCHS_KEPT;
    let comparison = match (&dossier.track, &person.known.track) {
        (Some(mine), Some(theirs)) => compare(mine, theirs),
        _ => Comparison::Incomparable,
    };
    let joined = match comparison {
        Comparison::Different { .. } => false,
        Comparison::Alike { .. } => true,
        Comparison::Incomparable => lately(before.found_epoch),
    };
    Ok((joined && lately(person.epoch)).then(|| (keeper, person.miner.clone())))
}

/// Another miner, as far as its row can be read.
struct Person {
    miner: String,
    since_ms: i64,
    epoch: i64,
    known: Known,
}

fn people(c: &Connection, tags: &[Tag]) -> sql::Result<BTreeMap<Tag, Person>> {
    let mut people = BTreeMap::new();
    for row in rows::dossiers(c, tags)? {
        match row.known() {
            Ok(known) => {
                let person = Person {
                    since_ms: row.since_ms,
                    epoch: row.epoch,
                    known,
                    miner: row.miner,
                };
                people.insert(tag(&person.miner), person);
            }
            // Somebody else's damaged row is no reason to refuse this miner.
            Err(e) => tracing::error!(miner = row.miner, "{e}; it is compared with nobody"),
        }
    }
    Ok(people)
}
