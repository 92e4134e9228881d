//! The submission as it travels: the existing network's form, with `evidence` as a member that older
//! software ignores.
//!
//! Members are in alphabetical order and hold no floating point but what [`Legacy`] renders, so the
//! JSON text *is* the canonical text that gets signed; see `miner_tiny::submission`.

use crate::evidence::Evidence;
use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

/// A miner's id: a wallet address, or a name of `[A-Za-z0-9._:-]`.
pub type MinerId = String<128>;

/// The largest submission with facts of the environment, bytes of JSON: a miner leaves facts out
/// before it exceeds this.
pub const SUBMISSION_MAX: usize = 8 * 1024;

/// The largest submission of all, bytes of JSON: without facts, what the widest numbers of the
/// slowest machine with the most probes need.
pub const BARE_SUBMISSION_MAX: usize = 9 * 1024;

/// The body of `POST /attest/submit` without its signature members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submission<'a> {
    /// What the machine claims to be.
    pub device: Device,
    /// What was measured.
    pub evidence: &'a Evidence,
    /// The existing network's checks, derived from the evidence.
    pub fingerprint: Legacy,
    /// The wallet to credit.
    pub miner: MinerId,
    /// The miner's own name for itself.
    pub miner_id: MinerId,
    /// The challenge.
    pub nonce: String<64>,
    /// The existing network's report.
    pub report: Report,
    /// Where the machine is.
    pub signals: Signals,
}

/// What a machine claims to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Architecture class in the network's words: `modern`, `g4`, `68040` …
    pub arch: String<32>,
    /// Processor cores, 1 to 4,096.
    pub cores: u16,
    /// The processor's brand string.
    pub cpu: String<64>,
    /// Family in the network's words: `x86`, `PowerPC`, `ARM`, `M68K` …
    pub family: String<32>,
    /// The operating system's name for the architecture (`uname -m`).
    pub machine: String<16>,
    /// Model of the machine; the processor's name where that is all there is.
    pub model: String<64>,
}

/// Where the machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signals {
    /// Host name.
    pub hostname: String<64>,
    /// Hardware addresses of network interfaces, `aa:bb:cc:dd:ee:ff`.
    pub macs: Vec<String<17>, 4>,
}

/// The existing network's report, which repeats the nonce and commits to timings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// SHA-256 over nonce, miner and the evidence's JSON, hexadecimal.
    pub commitment: String<64>,
    /// Ticks of the oscillator channel's samples in the network's words.
    pub derived: Derived,
    /// Variance of the samples, ticks².
    pub entropy_score: u64,
    /// The challenge.
    pub nonce: String<64>,
}

/// The existing network's summary of timing samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Derived {
    /// Mean, nanoseconds.
    pub mean_ns: u64,
    /// Minimum, nanoseconds.
    pub min_ns: u64,
    /// How many.
    pub sample_count: u32,
    /// Population variance, ns².
    pub variance_ns: u64,
}

/// The existing network's `fingerprint` member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Legacy {
    /// Whether every check below passed by the network's own rules.
    pub all_passed: bool,
    /// The checks.
    pub checks: Checks,
}

/// The checks that the existing network knows. Each is `{"data": {...}, "passed": bool}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Environment marks.
    pub anti_emulation: Check<AntiEmulation>,
    /// Ratios of cache latencies.
    pub cache_timing: Check<CacheTiming>,
    /// Variation of fixed work.
    pub clock_drift: Check<ClockDrift>,
    /// Jitter by kind of instruction.
    pub instruction_jitter: Check<InstructionJitter>,
    /// Vector unit.
    pub simd_identity: Check<SimdIdentity>,
    /// Cold against hot.
    pub thermal_drift: Check<ThermalDrift>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check<T> {
    /// Raw numbers.
    pub data: T,
    /// The network's own verdict on them.
    pub passed: bool,
}

/// Environment marks in the network's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AntiEmulation {
    /// Length of the list.
    pub indicator_count: u8,
    /// Whether there is any.
    pub is_likely_vm: bool,
    /// `source:mark`.
    pub vm_indicators: Vec<String<64>, 8>,
}

/// Cache latencies in the network's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CacheTiming {
    /// `uname -m`.
    pub arch: String<16>,
    /// Nearest level, ns.
    pub l1_ns: Decimal,
    /// Second level over first.
    pub l2_l1_ratio: Decimal,
    /// Second level, ns.
    pub l2_ns: Decimal,
    /// Last level over second.
    pub l3_l2_ratio: Decimal,
    /// Last level, ns.
    pub l3_ns: Decimal,
}

/// Variation of fixed work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockDrift {
    /// Coefficient of variation.
    pub cv: Decimal,
    /// Standard deviation of successive differences, ns.
    pub drift_stdev: u64,
    /// Mean, ns.
    pub mean_ns: u64,
    /// How many.
    pub samples: u32,
    /// Standard deviation, ns.
    pub stdev_ns: u64,
}

/// Jitter by kind of instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstructionJitter {
    /// Branch window, ns.
    pub branch_avg_ns: u64,
    /// Its standard deviation.
    pub branch_stdev: u64,
    /// Floating-point window, ns.
    pub fp_avg_ns: u64,
    /// Its standard deviation.
    pub fp_stdev: u64,
    /// Integer window, ns.
    pub int_avg_ns: u64,
    /// Its standard deviation.
    pub int_stdev: u64,
}

/// Vector unit in the network's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SimdIdentity {
    /// `uname -m`.
    pub arch: String<16>,
    /// AltiVec seen.
    pub has_altivec: bool,
    /// AVX seen.
    pub has_avx: bool,
    /// NEON seen.
    pub has_neon: bool,
    /// SSE seen.
    pub has_sse: bool,
    /// How many flags were sampled.
    pub simd_flags_count: u16,
}

/// Cold against hot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ThermalDrift {
    /// Cold window, ns.
    pub cold_avg_ns: u64,
    /// Its standard deviation.
    pub cold_stdev: u64,
    /// Hot over cold.
    pub drift_ratio: Decimal,
    /// Hot window, ns.
    pub hot_avg_ns: u64,
    /// Its standard deviation.
    pub hot_stdev: u64,
}

/// A decimal number, written without floating point.
///
/// It serialises as a string that starts with a DEL character; [`unmark_decimals`] then takes mark
/// and quotes away, which leaves a plain JSON number, spelt as Python spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Decimal(String<16>);

/// DEL: no other string on the wire holds it, because [`crate::evidence::clip`] lets only printable
/// characters through.
const DECIMAL_MARK: u8 = 0x7f;

/// Turns every marked [`Decimal`] in the JSON text `body` into a plain number, in place; gives the
/// new length.
pub fn unmark_decimals(body: &mut [u8]) -> usize {
    let mut write = 0;
    let mut read = 0;
    let mut inside = false;
    while read < body.len() {
        if body[read] == b'"' && body.get(read + 1) == Some(&DECIMAL_MARK) {
            inside = true;
            read += 2;
        } else if inside && body[read] == b'"' {
            inside = false;
            read += 1;
        } else {
            body[write] = body[read];
            write += 1;
            read += 1;
        }
    }
    write
}

impl Decimal {
    /// `value` / 10^`places` (at most 4 places, 999,999 whole), without trailing zeros beyond the
    /// first decimal. Four places, because Python writes smaller numbers with an exponent.
    pub fn new(value: u64, places: u32) -> Self {
        let scale = 10u64.pow(places.min(4));
        let mut fraction = value % scale;
        let mut width = places.min(4) as usize;
        while width > 1 && fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        let mut text: String<16> = String::new();
        let _ = text.push(char::from(DECIMAL_MARK));
        // 16 bytes hold the mark and every value that the clamps let through.
        let whole = (value / scale).min(999_999);
        let _ = core::fmt::Write::write_fmt(&mut text, format_args!("{whole}.{fraction:0width$}"));
        Decimal(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::to_json;

    fn text(value: u64, places: u32) -> std::string::String {
        let mut out: Vec<u8, 64> = Vec::new();
        to_json(&[Decimal::new(value, places)], &mut out).unwrap();
        let length = unmark_decimals(&mut out);
        std::string::String::from_utf8(out[..length].to_vec()).unwrap()
    }

    #[test]
    fn decimals_are_spelt_as_python_spells_them() {
        assert_eq!(text(538, 4), "[0.0538]");
        assert_eq!(text(1000, 3), "[1.0]");
        assert_eq!(text(90_630, 3), "[90.63]");
        assert_eq!(text(0, 4), "[0.0]");
        assert_eq!(text(1, 4), "[0.0001]");
        assert_eq!(text(u64::MAX, 4), "[999999.1615]");
    }
}
