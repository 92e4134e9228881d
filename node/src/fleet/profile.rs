//! The shape of a machine's costs: alike on machines of one model. It finds whom to look at, and never
//! tells units apart.

use super::index::{Key, Kind};
use crate::continuity::chance::log2_milli;
use probe_core::evidence::{Evidence, MIN};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Features of one band.
const BAND: usize = 3;

/// Width of a cell: a third of an octave, 26 %, against some per cent of noise in a minimum.
const CELL_MILLI: u32 = 333;

/// Features differ from here on: 10 % are 138 thousandths of an octave.
const ALIKE_MILLI: u32 = 138;

/// The cache curve is taken at every fourth working set, two octaves apart.
const CURVE_STEP: usize = 4;

/// Bands of one profile, at most: the rows that it costs.
pub const BANDS_MAX: usize = 8;

/// Features of one profile, at most: two for each operation, and every fourth point of the curve, with
/// room.
const FEATURES_MAX: usize = 64;

/// Logarithms of costs in adds, thousandths of an octave; 0 where not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What the processor says that it is, hashed.
    pub model: [u8; 16],
    /// In a fixed order.
    pub features: Vec<u32>,
}

impl Profile {
    /// That of evidence; `None` where nothing gives a unit to measure in.
    pub fn of(evidence: &Evidence) -> Option<Self> {
        let pipeline = evidence.pipeline.as_ref()?;
        let add = u64::from(pipeline.add[MIN]);
        if add == 0 {
            return None;
        }
        // Rows hold thousandths of an add in their last two places.
        let ratios = pipeline.matrix.iter().flat_map(|row| match row {
            Some([_, _, latency, throughput]) => [*latency, *throughput],
            None => [0, 0],
        });
        let curve = evidence.cache.iter().flat_map(|cache| {
            let points = cache.curve.iter().step_by(CURVE_STEP);
            points.map(|load| u32::try_from(u64::from(load[MIN]) * 1_000 / add).unwrap_or(u32::MAX))
        });
        let octaves = |cost: u32| u32::try_from(log2_milli(cost.into())).unwrap_or(u32::MAX);
        Some(Profile {
            model: model(evidence),
            features: ratios.chain(curve).map(octaves).collect(),
        })
    }

    /// Whether it is as long as profiles are: what came from a database may not be.
    pub fn is_sound(&self) -> bool {
        self.features.len() <= FEATURES_MAX
    }

    /// Keys that near profiles share some of: bands of three features, every other one on a grid shifted
    /// by half a cell, so that what lies at an edge in one lies in the middle in the next.
    pub fn bands(&self) -> Vec<Key> {
        let bands = self.features.chunks(BAND).take(BANDS_MAX).enumerate();
        bands
            .map(|(band, features)| {
                let shift = if band % 2 == 0 { 0 } else { CELL_MILLI / 2 };
                let cells: Vec<u8> = features
                    .iter()
                    .flat_map(|&f| (f.saturating_add(shift) / CELL_MILLI).to_be_bytes())
                    .collect();
                // No more than eight.
                Key::of(Kind::Band, &[&self.model, &[band as u8], &cells])
            })
            .collect()
    }

    /// How alike two are: features within 10 %, of a thousand.
    pub fn likeness(&self, other: &Profile) -> u32 {
        let longest = self.features.len().max(other.features.len());
        if self.model != other.model || longest == 0 {
            return 0;
        }
        let pairs = self.features.iter().zip(&other.features);
        let alike = pairs
            .filter(|(a, b)| a.abs_diff(**b) <= ALIKE_MILLI)
            .count();
        // Counts of some dozens.
        (alike * 1_000 / longest) as u32
    }
}

/// The processor's identification, hashed.
pub fn model(evidence: &Evidence) -> [u8; 16] {
    let id = &evidence.identity;
    let mut hash = Sha256::new();
    for text in [
        id.architecture.as_str(),
        id.name.as_str(),
        id.vector_unit.as_str(),
    ] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    for word in &id.words {
        hash.update(word.to_be_bytes());
    }
    half(&hash.finalize())
}

/// The raw numbers of the channels that hold noise, to the last digit: two measurements are never alike in
/// them, not even of one machine. `None` where there are none. Digests are left out: they belong to the
/// challenge, and whoever sends somebody's numbers again has to compute them anew.
pub fn noise(evidence: &Evidence) -> Option<[u8; 16]> {
    let mut oscillator = evidence.oscillator.clone()?;
    // A counter of 60 Hz tells too little: equal samples are no copy there.
    if oscillator.histogram.len() < NOISY_BINS {
        return None;
    }
    oscillator.digest = 0;
    let mut jitter = evidence.jitter.clone();
    if let Some(jitter) = &mut jitter {
        jitter.digest = 0;
    }
    let mut thermal = evidence.thermal.clone();
    if let Some(thermal) = &mut thermal {
        thermal.digest = 0;
    }
    let text = serde_json::to_vec(&(oscillator, jitter, thermal)).ok()?;
    Some(half(&Sha256::digest(text)))
}

/// Octaves of noise from which chance cannot repeat a histogram of hundreds of samples.
const NOISY_BINS: usize = 4;

fn half(digest: &[u8]) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&digest[..16]);
    out
}
