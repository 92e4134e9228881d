//! ROM images: which one a machine reports, and whether a machine of that kind can hold it.
//!
//! The existing network takes every known dump for an emulator's, and every second owner of one for a
//! fleet. But a dump has the chip's own bytes, and every machine of a model has the same chip. So:
//!
//! - A ROM of a machine with another processor than the one that was derived runs in an emulator.
//! - An image that no chip was sold with comes from a file. Real machines load such files too (a soft
//!   kick, a programmed EPROM): told.
//! - A chip's image on a machine of its kind is expected, however many have it: identical models.
//! - The same ROM from three miners or more is told, with which of the above it is.

use crate::verdict::antiquity::Architecture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// So many miners with one ROM are told of.
pub const CLUSTER: u32 = 3;

/// How a ROM is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hash {
    /// SHA-1 of the image.
    Sha1,
    /// MD5 of the image.
    Md5,
    /// Apple's: the image's first four bytes, which hold the sum of the rest.
    Apple,
}

impl Hash {
    /// Which hash a text of hexadecimal digits is, by its length.
    pub fn of_length(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let kinds = [Hash::Sha1, Hash::Md5, Hash::Apple];
        let hexadecimal = digits.bytes().all(|c| c.is_ascii_hexdigit());
        kinds
            .into_iter()
            .find(|kind| hexadecimal && kind.digits() == digits.len())
    }

    /// Hexadecimal digits.
    const fn digits(self) -> usize {
        match self {
            Hash::Sha1 => 40,
            Hash::Md5 => 32,
            Hash::Apple => 8,
        }
    }
}

/// What an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// The chip's bytes.
    Chip,
    /// The chip's bytes twice, as a machine sees them whose window is twice as large.
    Doubled,
    /// Bytes that no chip was sold with.
    Altered,
}

/// A known ROM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rom {
    /// How it is named.
    pub hash: Hash,
    /// Hexadecimal, lower case.
    pub value: String,
    /// `amiga`, `macintosh`.
    pub platform: String,
    /// The processor's, as in `antiquity.toml`.
    pub architecture: String,
    /// What it is.
    pub image: Image,
    /// Machines that it was sold in.
    pub models: Vec<String>,
    /// Where that is known from.
    pub source: String,
}

/// What a reported ROM says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// No known ROM.
    Unknown,
    /// A chip that machines of this kind are sold with.
    Expected,
    /// An image from a file, on a processor that could run it.
    FromFile,
    /// A ROM of a machine that this one is not: an emulator's.
    Foreign,
}

impl Finding {
    /// Whether it speaks against real silicon.
    pub fn is_emulation(self) -> bool {
        self == Finding::Foreign
    }
}

/// All known ROMs: `data/roms.toml`.
#[derive(Debug, Clone)]
pub struct Roms(BTreeMap<(Hash, String), Rom>);

impl Roms {
    /// What the node is built with.
    ///
    /// # Panics
    /// Never: a test reads the file.
    pub fn builtin() -> Self {
        Roms::parse(include_str!("../../data/roms.toml")).expect("tested")
    }

    /// Parses the file.
    ///
    /// # Errors
    /// Not TOML of this form, a hash that is none, or one that is there twice.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {
            rom: Vec<Rom>,
        }
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut roms = BTreeMap::new();
        for rom in file.rom {
            let plain = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
            if rom.value.len() != rom.hash.digits() || !rom.value.bytes().all(plain) {
                return Err(format!("{:?} is no {:?}", rom.value, rom.hash));
            }
            let value = rom.value.clone();
            if roms.insert((rom.hash, rom.value.clone()), rom).is_some() {
                return Err(format!("{value} is there twice"));
            }
        }
        Ok(Roms(roms))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Rom> {
        self.0.values()
    }

    /// The ROM of a hash of either case, with or without `0x`.
    pub fn find(&self, hash: Hash, value: &str) -> Option<&Rom> {
        let value = value.trim().to_ascii_lowercase();
        let value = value.strip_prefix("0x").unwrap_or(&value);
        self.0.get(&(hash, value.to_owned()))
    }

    /// What this ROM says of a machine whose processor is of `derived` architecture, as the evidence
    /// shows it and not as it is claimed.
    pub fn judge(&self, hash: Hash, value: &str, derived: &Architecture) -> Finding {
        match self.find(hash, value) {
            None => Finding::Unknown,
            // A PowerPC Macintosh is one under a kernel of 64 bits too.
            Some(rom) if !derived.name.starts_with(rom.architecture.as_str()) => Finding::Foreign,
            Some(rom) => match rom.image {
                Image::Chip | Image::Doubled => Finding::Expected,
                Image::Altered => Finding::FromFile,
            },
        }
    }
}

/// Miners that report one ROM: told, with whether there is anything to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cluster {
    /// How many, by the index's row of the ROM.
    pub miners: u32,
    /// What the ROM is on the machine that was asked about.
    pub finding: Finding,
    /// Whether an operator should look: an expected chip is what identical models have.
    pub worth_a_look: bool,
}

/// The cluster of a ROM that so many report; `None` below [`CLUSTER`].
pub fn cluster(miners: u32, finding: Finding) -> Option<Cluster> {
    (miners >= CLUSTER).then_some(Cluster {
        miners,
        finding,
        worth_a_look: finding != Finding::Expected,
    })
}
