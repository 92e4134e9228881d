//! Is this name another name of a machine that is known? What one unit alone has, weighed.
//!
//! Each thing that two names have in common and two machines would not is a surprise, in thousandths of a
//! bit: how improbable it is between two honest machines, with a cap where honest rooms are known to
//! produce it. A group's surprise counts how many groups could have been picked from those that were
//! compared. That its counters started together counts once: one switch does that to a whole room.
//! Nothing but these enters: not the network, not the hour, not the model.

use super::circumstance::{Circumstance, Rhythm};
use super::index::{Bucket, Index, Key, Kind};
use super::profile::Profile;
use crate::binding::rules::Unit;
use crate::binding::salt::Tag;
use crate::continuity::chance::Surprise;
use crate::continuity::crystal::{compare, Comparison};
use crate::continuity::track::Track;
use serde::{Deserialize, Serialize};

/// From here on names are one machine: one in a million, 20 bits less what rounding loses.
pub const ONE_MACHINE: Surprise = Surprise(19_931);

/// Raw noise to the last digit: a histogram of hundreds of samples in at least four bins. 30 bits.
const COPY: Surprise = Surprise(30_000);

/// One firmware serial, or one card: one in two thousand, for makers give numbers twice, and cards
/// travel. Both together are needed, or one and the counter.
const NUMBER: Surprise = Surprise(11_000);

/// One installation: one in sixteen. Disks are copied.
const INSTALLATION: Surprise = Surprise(4_000);

/// Others that one attestation is compared with, at most. Nearly always it is none or a few.
pub const OTHERS_MAX: usize = 128;

/// Neighbours of network or profile that are looked at, at most: only for what is told.
pub const NEIGHBOURS_MAX: usize = 16;

/// Width of the cells by start: twice what 100 ppm move a start by in two days, with a second grid
/// between.
const START_CELL_NS: i128 = 32_000_000_000;

/// What is known of a miner for this: bounded, some kilobytes.
#[derive(Debug, Clone)]
pub struct Dossier {
    /// Who: the hash of the name.
    pub miner: Tag,
    /// First attestation, milliseconds of the node's clock.
    pub since_ms: i64,
    /// The hash of [`super::circumstance::network`].
    pub network: Option<Tag>,
    /// Numbers of the unit.
    pub unit: Unit,
    /// The shape of its costs.
    pub profile: Option<Profile>,
    /// [`super::profile::noise`] of the evidence that it was entered with lately, newest last.
    pub noise: Vec<[u8; 16]>,
    /// Its counter over time.
    pub track: Option<Track>,
    /// When it arrives.
    pub rhythm: Rhythm,
}

impl Dossier {
    /// The rows that this miner belongs into: at most 28. Those that name units come first.
    pub fn keys(&self) -> Vec<Key> {
        let mut keys = Vec::new();
        if let Some(noise) = self.noise.last() {
            keys.push(Key::of(Kind::Copy, &[noise]));
        }
        if let Some(track) = &self.track {
            let clock = track.clock();
            let counter = [clock.source.as_bytes(), &clock.hz.to_be_bytes()];
            for (grid, cell) in cells(track.start_ns(), START_CELL_NS) {
                keys.push(Key::of(
                    Kind::Start,
                    &[counter[0], counter[1], &[grid], &cell.to_be_bytes()],
                ));
            }
        }
        let tags = |kind, tags: &[Tag]| -> Vec<Key> {
            tags.iter().map(|tag| Key::of(kind, &[&tag.0])).collect()
        };
        keys.extend(tags(Kind::Firmware, &self.unit.firmware));
        keys.extend(tags(Kind::Mac, &self.unit.macs));
        keys.extend(tags(Kind::MachineId, &self.unit.machine_ids));
        if let Some(network) = &self.network {
            keys.push(Key::of(Kind::Network, &[&network.0]));
        }
        keys.extend(self.profile.iter().flat_map(Profile::bands));
        keys
    }
}

/// Two overlapping grids: two numbers nearer than half a cell share a cell of one of them.
fn cells(number: Option<i128>, width: i128) -> impl Iterator<Item = (u8, i128)> {
    number.into_iter().flat_map(move |n| {
        [
            (0, n.div_euclid(width)),
            (1, (n + width / 2).div_euclid(width)),
        ]
    })
}

/// Whom to compare a miner with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Those that share what one unit has; at most [`OTHERS_MAX`].
    pub others: Vec<Tag>,
    /// Those that share a network or the shape of a profile; at most [`NEIGHBOURS_MAX`].
    pub neighbours: Vec<Tag>,
    /// Out of how many a group of one start could have been picked, with the miner itself.
    pub crowd: u32,
    /// How many there are in its network.
    pub network: u32,
}

impl Candidates {
    /// Enters the miner into all its rows, and gathers who else is there. Cost: one row for each key,
    /// however many miners there are.
    ///
    /// # Errors
    /// Those of the index.
    pub fn gather<I: Index>(
        dossier: &Dossier,
        epoch: i64,
        index: &mut I,
    ) -> Result<Self, I::Error> {
        let mut found = Candidates::default();
        for key in dossier.keys() {
            let bucket = index.enter(key, dossier.miner, epoch)?;
            found.take(key.kind, &bucket, dossier.miner);
        }
        Ok(found)
    }

    fn take(&mut self, kind: Kind, bucket: &Bucket, me: Tag) {
        let (list, most) = match kind {
            Kind::Network | Kind::Band => (&mut self.neighbours, NEIGHBOURS_MAX),
            _ => (&mut self.others, OTHERS_MAX),
        };
        for entry in bucket.entries() {
            let room = list.len() < most;
            if room && entry.miner != me && !list.contains(&entry.miner) {
                list.push(entry.miner);
            }
        }
        match kind {
            // Who found no place in a full bucket is not compared: no group can be picked from them.
            Kind::Start => self.crowd = self.crowd.max(bucket.entries().len() as u32),
            Kind::Network => self.network = bucket.crowd(),
            _ => {}
        }
    }
}

/// What is said of a miner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// Names of the same machine, with this one, by age; empty where it is alone.
    pub names: Vec<Tag>,
    /// How sure that is.
    pub surprise: Surprise,
    /// Whether this name keeps the machine's vote: alone, or the first of its names.
    pub has_vote: bool,
    /// What each of the others has in common with it.
    pub found: Vec<Common>,
    /// What it has in common with its neighbours besides: told, without effect.
    pub circumstance: Circumstance,
}

/// What two names have in common that two machines would not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    /// The other.
    pub other: Tag,
    /// The noise of a measurement.
    pub noise: bool,
    /// A firmware serial.
    pub firmware: bool,
    /// A network card.
    pub mac: bool,
    /// An installation.
    pub machine_id: bool,
    /// What the crystals say.
    pub crystal: Comparison,
    /// That both counters started together; 0 where they did not, or a room did.
    pub start: Surprise,
    /// All else.
    pub surprise: Surprise,
}

/// Compares a miner with the candidates that the index gave: `others` and `neighbours` are theirs. Pure;
/// symmetric but for who came first.
pub fn assess(
    dossier: &Dossier,
    others: &[Dossier],
    neighbours: &[Dossier],
    candidates: &Candidates,
) -> Assessment {
    let others = &others[..others.len().min(OTHERS_MAX)];
    let crystals: Vec<Comparison> = others.iter().map(|o| crystals(dossier, o)).collect();
    // Machines that started together and are proven to be several: a room got its power back, and
    // neither a common start nor a rate says anything there.
    let site_event = others.iter().zip(&crystals).any(|(other, crystal)| {
        matches!(crystal, Comparison::Different { .. }) && one_room(dossier, other)
    });
    let mut found: Vec<Common> = others
        .iter()
        .zip(&crystals)
        .map(|(other, &crystal)| common(dossier, other, crystal, site_event))
        .filter(|c| c.surprise > Surprise(0))
        .collect();
    found.sort_by_key(|c| (std::cmp::Reverse(c.surprise), c.other));

    let groups = (1..=found.len()).map(|n| {
        // A group is as sure as its least sure member, and started together if all of it did.
        let least = found[n - 1].surprise;
        let start = found[..n].iter().map(|c| c.start).min().unwrap_or_default();
        let members = n as u32 + 1;
        // Numbers are equal or not: those who have them are all that there are to pick from.
        let crowd = if start == Surprise(0) {
            members
        } else {
            candidates.crowd
        };
        (least.of_group(members, crowd).and(start), n)
    });
    let (surprise, size) = groups.max().unwrap_or_default();
    let mut assessment = Assessment {
        names: Vec::new(),
        surprise,
        has_vote: true,
        found,
        circumstance: Circumstance::of(dossier, neighbours, candidates.network),
    };
    if surprise >= ONE_MACHINE {
        let members = &assessment.found[..size];
        let mut names: Vec<(i64, Tag)> = others
            .iter()
            .filter(|o| members.iter().any(|m| m.other == o.miner))
            .map(|o| (o.since_ms, o.miner))
            .chain([(dossier.since_ms, dossier.miner)])
            .collect();
        names.sort_unstable();
        assessment.names = names.iter().map(|(_, miner)| *miner).collect();
        assessment.has_vote = assessment.names.first() == Some(&dossier.miner);
    }
    assessment
}

fn crystals(a: &Dossier, b: &Dossier) -> Comparison {
    match (&a.track, &b.track) {
        (Some(a), Some(b)) => compare(a, b),
        _ => Comparison::Incomparable,
    }
}

/// Machines of one network whose counters began within half a minute.
fn one_room(a: &Dossier, b: &Dossier) -> bool {
    let start = |d: &Dossier| d.track.as_ref().and_then(Track::start_ns);
    let together = match (start(a), start(b)) {
        (Some(a), Some(b)) => a.abs_diff(b) <= START_CELL_NS.unsigned_abs(),
        _ => false,
    };
    together && a.network.is_some() && a.network == b.network
}

fn common(a: &Dossier, b: &Dossier, crystal: Comparison, site_event: bool) -> Common {
    let shares = |x: &[Tag], y: &[Tag]| x.iter().any(|tag| y.contains(tag));
    let noise = a.noise.iter().any(|noise| b.noise.contains(noise));
    let firmware = shares(&a.unit.firmware, &b.unit.firmware);
    let mac = shares(&a.unit.macs, &b.unit.macs);
    let machine_id = shares(&a.unit.machine_ids, &b.unit.machine_ids);
    let (mut surprise, mut together) = (Surprise(0), Surprise(0));
    for (is, much) in [
        (noise, COPY),
        (firmware, NUMBER),
        (mac, NUMBER),
        (machine_id, INSTALLATION),
    ] {
        if is {
            surprise = surprise.and(much);
        }
    }
    match crystal {
        // Two crystals are two machines, whatever numbers they claim: only a copy stays a copy.
        Comparison::Different { .. } => surprise = if noise { COPY } else { Surprise(0) },
        // A rate alone names nobody: chance gives a farm's rate to its honest neighbours too.
        Comparison::Alike {
            rate,
            start: Some(start),
        } if !site_event => {
            surprise = surprise.and(rate);
            together = start;
        }
        Comparison::Alike { .. } | Comparison::Incomparable => {}
    }
    Common {
        other: b.miner,
        noise,
        firmware,
        mac,
        machine_id,
        crystal,
        start: together,
        surprise,
    }
}
