//! What a probe found: raw costs, curves, histograms, matrices and digests, never an opinion.
//!
//! Everything is an integer or a short ASCII string. Field names are in alphabetical order in every
//! type, so that the JSON that `serde` writes is already the canonical form that gets signed
//! (sorted keys, no spaces). A channel that the machine cannot run is `null`.

use crate::channels::{
    branch, cache, counter, environment, fpu, fresh_code, jitter, oscillator, pipeline, quirks,
    simd, thermal, trap,
};
use crate::json;
use crate::machine::{Identity, IDENTITY_NAME, IDENTITY_WORDS};
use heapless::string::StringView;
use heapless::{String, Vec, VecView};
use serde::{Deserialize, Serialize};

/// The version of the evidence format and of everything that a challenge seeds. A node judges only
/// versions it knows.
pub const EVIDENCE_VERSION: u16 = 1;

/// A cost in thousandths of a tick of the machine's counter. At 5 GHz the type holds 0.86 ms.
pub type Milliticks = u32;

/// Minimum, lower quartile, median, upper quartile of repeated measurements of one cost.
pub type Spread = [Milliticks; 4];

/// Index of the minimum in a [`Spread`].
pub const MIN: usize = 0;
/// Index of the median in a [`Spread`].
pub const MEDIAN: usize = 2;

/// All that a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Arena lent to the probe, bytes.
    pub arena: u32,
    /// See [`branch`].
    pub branch: Option<branch::Evidence>,
    /// See [`cache`].
    pub cache: Option<cache::Evidence>,
    /// See [`counter`].
    pub counter: Option<counter::Evidence>,
    /// The counter's raw value at the start of the probe, which `elapsed_ticks` and the pairs of
    /// [`oscillator::Evidence::clock`] count from; so a node can follow one counter from probe to probe. Its
    /// source, width and stated rate are in `counter`. `None`, and not in the JSON, from older probers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter_start: Option<u64>,
    /// Elapsed time of the whole probe by the independent clock, nanoseconds; 0 without a clock.
    pub elapsed_ns: u64,
    /// Elapsed time of the whole probe, ticks.
    pub elapsed_ticks: u64,
    /// See [`environment`].
    pub environment: Option<environment::Evidence>,
    /// See [`fpu`].
    pub fpu: Option<fpu::Evidence>,
    /// See [`fresh_code`].
    pub fresh_code: Option<fresh_code::Evidence>,
    /// The processor by its own registers.
    pub identity: IdentityReport,
    /// See [`jitter`].
    pub jitter: Option<jitter::Evidence>,
    /// See [`oscillator`].
    pub oscillator: Option<oscillator::Evidence>,
    /// See [`pipeline`].
    pub pipeline: Option<pipeline::Evidence>,
    /// Whether the quick plan ran.
    pub quick: bool,
    /// See [`quirks`].
    pub quirks: Option<quirks::Evidence>,
    /// See [`simd`].
    pub simd: Option<simd::Evidence>,
    /// See [`thermal`].
    pub thermal: Option<thermal::Evidence>,
    /// See [`trap`].
    pub trap: Option<trap::Evidence>,
    /// [`EVIDENCE_VERSION`].
    pub version: u16,
}

impl Evidence {
    /// The counter against another clock, `[ticks, nanoseconds]`, neither of them 0. The best that is known:
    /// the longest stretch of the independent clock, else the whole probe by that clock, else the frequency
    /// that the hardware states; `None` where nothing is.
    pub fn rate(&self) -> Option<[u64; 2]> {
        let stretch = self
            .oscillator
            .as_ref()
            .and_then(|oscillator| oscillator.clock.last().copied());
        let nominal = self
            .counter
            .as_ref()
            .and_then(|counter| counter.nominal_hz)
            .map(|hz| [hz, 1_000_000_000]);
        let whole = Some([self.elapsed_ticks, self.elapsed_ns]);
        [stretch, whole, nominal]
            .into_iter()
            .flatten()
            .find(|&[ticks, ns]| ticks > 0 && ns > 0)
    }

    /// Ticks that the channels took between one paired reading of counter and clock
    /// ([`oscillator::Evidence::clock`]) and the next, in the order in which the prober runs them.
    pub fn ticks_between_readings(&self) -> [u128; 8] {
        macro_rules! ticks {
            ($($channel:ident),*) => {
                [$(self.$channel.as_ref().map_or(0, |it| it.ticks)),*].into_iter().map(u128::from).sum()
            };
        }
        [
            ticks!(counter),
            ticks!(pipeline, simd),
            ticks!(fpu),
            ticks!(branch, trap, quirks, fresh_code),
            ticks!(cache),
            ticks!(jitter),
            ticks!(oscillator),
            ticks!(thermal),
        ]
    }
}

/// [`Identity`] as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityReport {
    /// See [`Identity::architecture`].
    pub architecture: String<16>,
    /// See [`Identity::backend`].
    pub backend: String<16>,
    /// See [`Identity::name`]; printable ASCII.
    pub name: String<48>,
    /// See [`Identity::vector_unit`].
    pub vector_unit: String<16>,
    /// See [`Identity::words`].
    pub words: Vec<u32, IDENTITY_WORDS>,
}

impl From<&Identity> for IdentityReport {
    fn from(identity: &Identity) -> Self {
        let mut name: String<IDENTITY_NAME> = String::new();
        for &byte in identity.name.iter().take_while(|&&b| b != 0) {
            let printable = if (b' '..=b'~').contains(&byte) {
                byte
            } else {
                b'?'
            };
            // The report is as long as the register string: no push can fail.
            let _ = name.push(char::from(printable));
        }
        IdentityReport {
            architecture: clip(identity.architecture),
            backend: clip(identity.backend),
            name: clip(name.as_str().trim_ascii()),
            vector_unit: clip(identity.vector_unit),
            words: identity.words.iter().copied().collect(),
        }
    }
}

/// As much of `text` as fits, printable ASCII only (anything else becomes `?`), so that the JSON
/// text of it is itself.
pub fn clip<const N: usize>(text: &str) -> String<N> {
    let mut out = String::new();
    clip_into(text, &mut out);
    out
}

/// Adds as much of `text` to `out` as fits, clipped as by [`clip`].
#[inline(never)]
pub fn clip_into(text: &str, out: &mut StringView) {
    for &byte in text.as_bytes() {
        let c = match byte {
            b' '..=b'~' => char::from(byte),
            // One mark for each character, not for each byte of it.
            0x80..=0xbf => continue,
            _ => '?',
        };
        if out.push(c).is_err() {
            break;
        }
    }
}

/// Why evidence could not be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// The caller's buffer is too small.
    BufferFull,
    /// A type that evidence has none of: a floating-point number, a map, a variant.
    Unsupported,
}

impl core::fmt::Display for EncodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            EncodeError::BufferFull => f.write_str("the buffer is too small for the encoding"),
            EncodeError::Unsupported => f.write_str("a type that evidence has none of"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// Bytes that suffice for the JSON of any evidence that a prober makes, all its facts included. A
/// submission that carries it leaves facts out where it would exceed
/// [`SUBMISSION_MAX`](crate::wire::SUBMISSION_MAX).
pub const EVIDENCE_JSON_MAX: usize = 7 * 1024 + 512;

/// Writes `value` as JSON into `out`, replacing what was there.
///
/// # Errors
/// [`EncodeError::BufferFull`] where `N` bytes do not suffice, [`EncodeError::Unsupported`] for what
/// evidence is not made of; `out` is then empty.
pub fn to_json<T: Serialize, const N: usize>(
    value: &T,
    out: &mut Vec<u8, N>,
) -> Result<(), EncodeError> {
    to_json_view(value, out.as_mut_view())
}

/// As [`to_json`], for a buffer of any size.
///
/// # Errors
/// As [`to_json`].
pub fn to_json_view<T: Serialize>(value: &T, out: &mut VecView<u8>) -> Result<(), EncodeError> {
    out.clear();
    // `resize_default` to the capacity cannot fail.
    let _ = out.resize_default(out.capacity());
    let mut writer = json::Writer::new(out);
    let written = value.serialize(&mut writer);
    let length = writer.length();
    let result = match written {
        Err(json::Unsupported) => Err(EncodeError::Unsupported),
        Ok(()) if length > out.len() => Err(EncodeError::BufferFull),
        Ok(()) => Ok(()),
    };
    out.truncate(if result.is_ok() { length } else { 0 });
    result
}
