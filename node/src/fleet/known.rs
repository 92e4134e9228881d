//! What a node keeps of a miner from one attestation to the next, and how: one row of bounded size.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::assess::Dossier;
use super::circumstance::{Circumstance, Rhythm};
use super::index::Bucket;
use super::profile::Profile;
use super::rom;
use crate::binding::mac::MACS_MAX;
use crate::binding::rules::{Unit, SERIALS_MAX};
use crate::binding::salt::{Tag, TAG_BYTES};
use crate::continuity::chance::Surprise;
use crate::continuity::track::Track;

/// First byte of every row: the form below. Another form gets another number.
const FORM: u8 = 1;

/// Bytes of a row, at most: sixteen windows of five numbers, 24 rates of four, a profile of 64 features,
/// numbers of ten bytes each. In practice 300 to 1,500.
pub const ROW_MAX: usize = 4_096;

/// Measurements of a miner that copies are told by: those of two epochs, at four assessments a day.
pub const NOISES: usize = 8;

/// The name of a row: the hash of the miner's name. It needs no secret: the name stands beside it.
pub fn tag(miner: &str) -> Tag {
    let digest = Sha256::digest(miner.as_bytes());
    let mut tag = [0; TAG_BYTES];
    tag.copy_from_slice(&digest[..TAG_BYTES]);
    Tag(tag)
}

/// What is kept of a miner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// The hash of the network that it came from last.
    pub network: Option<Tag>,
    /// What its machine showed of itself last.
    pub unit: Unit,
    /// The shape of its costs, of the newest evidence.
    pub profile: Option<Profile>,
    /// [`super::profile::noise`] of the evidence that it was assessed by lately, newest last: at most
    /// [`NOISES`].
    pub noise: Vec<[u8; 16]>,
    /// Its counter over time.
    pub track: Option<Track>,
    /// When it arrives.
    pub rhythm: Rhythm,
    /// The ROM that it reported last.
    pub rom: Option<Reported>,
    /// The newest assessment.
    pub assessed: Option<Assessed>,
}

/// A ROM that a miner reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The hash of its name.
    pub key: [u8; 16],
    /// What it says of this machine.
    pub finding: rom::Finding,
}

/// What an assessment came to, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessed {
    /// In which epoch.
    pub epoch: i64,
    /// When, milliseconds of the node's clock.
    pub at_ms: i64,
    /// Names of one machine with this one, itself included; 1 where it is alone.
    pub names: u32,
    /// How sure that is.
    pub surprise: Surprise,
    /// The name that has the vote instead of this one.
    pub keeper: Option<Tag>,
    /// The last epoch in which names of one machine with this one were found.
    pub found_epoch: i64,
    /// What it has in common with others besides.
    pub circumstance: Circumstance,
    /// Miners that report its ROM, itself included.
    pub rom_miners: u32,
}

/// Why a row cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damaged {
    /// It has another form than this program knows.
    Form,
    /// Its bytes do not make one.
    Bytes,
    /// They make one that no program wrote.
    Unsound,
}

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Damaged::Form => "a row of the fleet's has an unknown form",
            Damaged::Bytes => "a row of the fleet's is damaged",
            Damaged::Unsound => "a row of the fleet's has values that cannot be",
        })
    }
}

impl std::error::Error for Damaged {}

impl Known {
    /// Whether this name counts: it is alone, or the first of its machine's names.
    pub fn has_vote(&self) -> bool {
        self.assessed.is_none_or(|a| a.keeper.is_none())
    }

    /// As it is kept.
    pub fn to_row(&self) -> Vec<u8> {
        to_row(self)
    }

    /// From what is kept.
    ///
    /// # Errors
    /// [`Damaged`] for bytes that [`Known::to_row`] does not write. Nothing here panics on any bytes, nor
    /// does anything that is done with what it gives.
    pub fn from_row(row: &[u8]) -> Result<Self, Damaged> {
        let known: Known = from_row(row)?;
        let sound = known.track.as_ref().is_none_or(Track::is_sound)
            && known.profile.as_ref().is_none_or(Profile::is_sound)
            && known.rhythm.is_sound()
            && known.noise.len() <= NOISES
            && known.unit.macs.len() <= MACS_MAX
            && known.unit.firmware.len() <= SERIALS_MAX
            && known.unit.machine_ids.len() <= SERIALS_MAX;
        sound.then_some(known).ok_or(Damaged::Unsound)
    }

    /// What an assessment compares.
    pub fn dossier(&self, miner: Tag, since_ms: i64) -> Dossier {
        Dossier {
            miner,
            since_ms,
            network: self.network,
            unit: self.unit.clone(),
            profile: self.profile.clone(),
            noise: self.noise.clone(),
            track: self.track.clone(),
            rhythm: self.rhythm.clone(),
        }
    }
}

impl Bucket {
    /// As it is kept.
    pub fn to_row(&self) -> Vec<u8> {
        to_row(self)
    }

    /// From what is kept.
    ///
    /// # Errors
    /// As [`Known::from_row`].
    pub fn from_row(row: &[u8]) -> Result<Self, Damaged> {
        let bucket: Bucket = from_row(row)?;
        bucket.is_sound().then_some(bucket).ok_or(Damaged::Unsound)
    }
}

fn to_row<T: Serialize>(value: &T) -> Vec<u8> {
    // Fails for sequences of unknown length and full buffers alone; neither is here.
    postcard::to_extend(value, vec![FORM]).unwrap_or_default()
}

fn from_row<T: for<'a> Deserialize<'a>>(row: &[u8]) -> Result<T, Damaged> {
    let (&form, bytes) = row.split_first().ok_or(Damaged::Bytes)?;
    if form != FORM {
        return Err(Damaged::Form);
    }
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(Damaged::Bytes),
    }
}
