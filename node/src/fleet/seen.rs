//! What one attestation shows that is of use here.

use probe_core::evidence::Evidence;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::known::{Known, Reported, NOISES};
use super::profile::{self, Profile};
use super::rom::{Finding, Hash, Roms};
use crate::binding::rules::Unit;
use crate::binding::salt::Tag;
use crate::continuity::track::{Clock, Sighting, Track};
use crate::verdict::antiquity::Architecture;

/// Counters that are the operating system's clock: NTP steers it, so its rate is NTP's.
const STEERED: [&str; 1] = ["os-monotonic"];

/// Nanoseconds of a probe from which its two clocks tell the counter's rate to a few hundred ppm, as close
/// as a reference needs.
const MEASURED_NS: u64 = 50_000_000;

/// Nanoseconds in a second.
const SECOND_NS: u128 = 1_000_000_000;

/// Facts of the environment that name a ROM.
const ROM_FACTS: [&str; 3] = ["rom.sha1", "rom.md5", "rom.apple"];

/// A machine's counter, as one attestation shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    /// Which.
    pub source: String,
    /// Its width.
    pub bits: u8,
    /// What the hardware states, Hz.
    pub stated_hz: Option<u64>,
    /// What the probe's other clock makes of it, Hz.
    pub measured_hz: Option<u64>,
    /// The readings.
    pub sighting: Sighting,
}

/// What one attestation shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The hash of the network that it came from.
    pub network: Option<Tag>,
    /// When it arrived, milliseconds of the node's clock.
    pub received_ms: i64,
    /// What the machine shows of itself; nothing where it is not proven to be one.
    pub unit: Unit,
    /// The processor's identification, hashed.
    pub model: [u8; 16],
    /// The shape of its costs.
    pub profile: Option<Profile>,
    /// The noise in it.
    pub noise: Option<[u8; 16]>,
    /// The machine's counter.
    pub counter: Option<Counter>,
    /// Its ROM.
    pub rom: Option<Reported>,
}

impl Seen {
    /// An attestation without evidence.
    pub fn bare(network: Option<Tag>, received_ms: i64) -> Self {
        Seen {
            network,
            received_ms,
            unit: Unit::default(),
            model: [0; 16],
            profile: None,
            noise: None,
            counter: None,
            rom: None,
        }
    }

    /// One with evidence. Times are the node's, in milliseconds.
    pub fn of(evidence: &Evidence, network: Option<Tag>, issued_ms: i64, received_ms: i64) -> Self {
        Seen {
            model: profile::model(evidence),
            profile: Profile::of(evidence),
            noise: profile::noise(evidence),
            counter: Counter::of(evidence, issued_ms, received_ms),
            ..Seen::bare(network, received_ms)
        }
    }

    /// Puts what it shows in the place of what was known. The track is moved by [`Counter::follow`], the
    /// noise by [`Seen::enter_noise`].
    pub fn enter(&self, known: &mut Known) {
        known.network = self.network;
        known.unit.clone_from(&self.unit);
        known.profile.clone_from(&self.profile);
        known.rhythm.record(self.received_ms);
        known.rom = self.rom;
    }

    /// Keeps the noise to be compared with that of others.
    pub fn enter_noise(&self, known: &mut Known) {
        let Some(noise) = self.noise else { return };
        if known.noise.len() >= NOISES {
            known.noise.remove(0);
        }
        known.noise.push(noise);
    }
}

impl Counter {
    /// Reads evidence: `None` where it has no raw reading, or the counter is no crystal's.
    fn of(evidence: &Evidence, issued_ms: i64, received_ms: i64) -> Option<Self> {
        let counter = evidence.counter.as_ref()?;
        let source = counter.source.as_str();
        if STEERED.contains(&source) {
            return None;
        }
        let (ticks, ns) = (evidence.elapsed_ticks, evidence.elapsed_ns);
        let rate = (ns >= MEASURED_NS).then(|| u128::from(ticks) * SECOND_NS / u128::from(ns));
        Some(Counter {
            source: source.to_owned(),
            bits: counter.bits,
            stated_hz: counter.nominal_hz,
            measured_hz: rate.and_then(|hz| u64::try_from(hz).ok()),
            sighting: Sighting::from_ms(issued_ms, received_ms, evidence.counter_start?, ticks),
        })
    }

    /// Moves a track: the one that there is where it is of this counter, otherwise a new one against the
    /// rate that `reference` gives. What there was stays where it gives none.
    ///
    /// # Errors
    /// Those of `reference`.
    pub fn follow<E>(
        &self,
        track: &mut Option<Track>,
        reference: impl FnOnce(&Counter) -> Result<Option<u64>, E>,
    ) -> Result<(), E> {
        let same = |clock: &Clock| {
            clock.source == self.source
                && clock.bits == self.bits
                && self.stated_hz.is_none_or(|hz| hz == clock.hz)
        };
        match track {
            Some(track) if same(track.clock()) => {
                track.observe(&self.sighting);
            }
            _ => {
                if let Some(hz) = reference(self)? {
                    let clock = Clock {
                        source: self.source.clone(),
                        bits: self.bits,
                        hz,
                    };
                    *track = Track::new(clock, self.sighting).or_else(|| track.take());
                }
            }
        }
        Ok(())
    }
}

/// The ROM that a submission reports: in its evidence as a fact `rom.sha1`, `rom.md5` or `rom.apple`, or in
/// the existing network's check `rom_fingerprint`. A known one is taken before others. `derived` is the
/// processor's architecture as the evidence shows it; without one, nothing is said of what a ROM means.
pub fn rom(
    evidence: Option<&Evidence>,
    checks: &Map<String, Value>,
    derived: Option<&Architecture>,
    roms: &Roms,
) -> Option<Reported> {
    let facts = evidence.and_then(|e| e.environment.as_ref());
    let facts = facts.into_iter().flat_map(|e| &e.facts);
    let facts = facts
        .filter(|fact| ROM_FACTS.contains(&fact.key.as_str()))
        .map(|fact| fact.value.as_str());
    let data = checks.get("rom_fingerprint").and_then(|c| c.get("data"));
    let listed = data.and_then(|d| d.get("rom_hashes")?.as_object());
    let listed = listed.into_iter().flat_map(|hashes| hashes.values());
    let details = data.and_then(|d| d.get("detection_details")?.as_array());
    let details = details.into_iter().flatten().filter_map(|d| d.get("hash"));
    let sent = listed.chain(details).filter_map(Value::as_str);
    let named = facts.chain(sent).filter_map(|value| {
        let hash = Hash::of_length(value)?;
        let finding = match derived {
            Some(derived) => roms.judge(hash, value, derived),
            None => Finding::Unknown,
        };
        let value = value.trim().to_ascii_lowercase();
        let digest = Sha256::digest(value.trim_start_matches("0x").as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Some((roms.find(hash, &value).is_none(), Reported { key, finding }))
    });
    // False comes before true.
    named
        .min_by_key(|(unknown, _)| *unknown)
        .map(|(_, rom)| rom)
}
