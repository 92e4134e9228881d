//! The existing network's report and its six checks, derived from the evidence in integers, with that
//! network's own pass rules.
//!
//! A Verdigris node judges the evidence itself and takes nothing from here; an older node sees what
//! its own miners would send. Where a channel is absent its numbers are zero, which the network's
//! rules fail. One departure: a virtual machine is named by exact marks, because the network's own
//! search for parts of names hits real machines (an Acer Nitro, a Surface, a Chromebook).

use crate::submission::hex;
use heapless::{String, Vec};
use probe_core::channels::{cache, environment, jitter, oscillator, thermal};
use probe_core::evidence::{clip, clip_into, Evidence, Milliticks, MIN};
use probe_core::machine::UNROLL;
use probe_core::stats::{mul_div, Moments};
use probe_core::wire::{
    AntiEmulation, CacheTiming, Check, Checks, ClockDrift, Decimal, Derived, InstructionJitter,
    Legacy, MinerId, Report, SimdIdentity, ThermalDrift,
};
use sha2::{Digest, Sha256};

/// Working sets that the network calls its three levels, bytes.
const LEVELS: [u64; 3] = [8 * 1024, 128 * 1024, 4 * 1024 * 1024];

/// A coefficient of variation below this is synthetic to the network (0.0001), parts per million.
const SYNTHETIC_CV_PPM: u32 = 100;

/// Both cache ratios below this is no hierarchy to the network (1.01), thousandths.
const FLAT_RATIO: u64 = 1010;

/// √2 in thousandths: from Allan deviation to the deviation of successive differences.
const SQRT_2_MILLI: u64 = 1414;

/// How long a tick is: so many ticks last so many nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Ticks, not 0.
    pub ticks: u64,
    /// Nanoseconds, not 0.
    pub ns: u64,
}

impl Rate {
    /// The best that the evidence knows ([`Evidence::rate`]).
    pub fn of(evidence: &Evidence) -> Option<Self> {
        let [ticks, ns] = evidence.rate()?;
        Some(Rate { ticks, ns })
    }

    /// `amount` ticks (or any fraction of them) in nanoseconds (or the same fraction), rounded down.
    #[inline(never)]
    pub fn ns(self, amount: u64) -> u64 {
        mul_div(amount, self.ns, self.ticks)
    }
}

/// The six checks. `machine` is the operating system's name for the architecture.
pub fn fingerprint(evidence: &Evidence, machine: &str) -> Legacy {
    // Without any clock a tick stands for a nanosecond: the network's ratios do not notice.
    let rate = Rate::of(evidence).unwrap_or(Rate { ticks: 1, ns: 1 });
    let checks = Checks {
        anti_emulation: anti_emulation(evidence.environment.as_ref()),
        cache_timing: cache_timing(evidence, rate, machine),
        clock_drift: clock_drift(evidence.oscillator.as_ref(), rate),
        instruction_jitter: instruction_jitter(evidence.jitter.as_ref(), rate),
        simd_identity: simd_identity(evidence, machine),
        thermal_drift: thermal_drift(evidence.thermal.as_ref(), rate),
    };
    let all_passed = checks.anti_emulation.passed
        && checks.cache_timing.passed
        && checks.clock_drift.passed
        && checks.instruction_jitter.passed
        && checks.simd_identity.passed
        && checks.thermal_drift.passed;
    Legacy { all_passed, checks }
}

/// The report. `evidence_json` is the evidence as [`probe_core::evidence::to_json`] writes it.
pub fn report(evidence: &Evidence, nonce: &str, miner: &MinerId, evidence_json: &[u8]) -> Report {
    let hash = Sha256::new()
        .chain_update(nonce.as_bytes())
        .chain_update(miner.as_bytes())
        .chain_update(evidence_json)
        .finalize();
    let rate = Rate::of(evidence).unwrap_or(Rate { ticks: 1, ns: 1 });
    let samples = Samples::of(evidence.oscillator.as_ref());
    let stdev_ns = rate.ns(samples.stdev);
    Report {
        commitment: hash
            .iter()
            .flat_map(|&byte| hex(byte))
            .map(char::from)
            .collect(),
        derived: Derived {
            mean_ns: rate.ns(samples.mean),
            min_ns: rate.ns(samples.minimum),
            sample_count: samples.count,
            variance_ns: stdev_ns.saturating_mul(stdev_ns),
        },
        entropy_score: samples.stdev.saturating_mul(samples.stdev),
        nonce: clip(nonce),
    }
}

/// The oscillator channel's samples, ticks.
#[derive(Default)]
struct Samples {
    count: u32,
    mean: u64,
    minimum: u64,
    stdev: u64,
    cv_ppm: u32,
    /// Deviation of the differences between one sample and the next.
    difference: u64,
}

impl Samples {
    fn of(oscillator: Option<&oscillator::Evidence>) -> Self {
        let Some(oscillator) = oscillator else {
            return Samples::default();
        };
        let mean = u64::from(oscillator.mean);
        let allan = oscillator.allan_ppb.first().copied().unwrap_or(0);
        Samples {
            count: oscillator.samples.into(),
            mean,
            minimum: oscillator.minimum.into(),
            stdev: mean * u64::from(oscillator.cv_ppm) / 1_000_000,
            cv_ppm: oscillator.cv_ppm,
            // The Allan variance is half the mean square of successive differences.
            difference: mul_div(mean * u64::from(allan), SQRT_2_MILLI, 1_000_000_000_000),
        }
    }
}

fn clock_drift(oscillator: Option<&oscillator::Evidence>, rate: Rate) -> Check<ClockDrift> {
    let samples = Samples::of(oscillator);
    Check {
        passed: samples.cv_ppm >= SYNTHETIC_CV_PPM && samples.difference > 0,
        data: ClockDrift {
            cv: Decimal::new(u64::from(samples.cv_ppm) / 100, 4),
            drift_stdev: rate.ns(samples.difference),
            mean_ns: rate.ns(samples.mean),
            samples: samples.count,
            stdev_ns: rate.ns(samples.stdev),
        },
    }
}

fn cache_timing(evidence: &Evidence, rate: Rate, machine: &str) -> Check<CacheTiming> {
    let cost = |bytes: u64| -> Milliticks {
        // The largest working set measured that is not beyond `bytes`.
        let points = evidence
            .cache
            .iter()
            .flat_map(|cache| cache.curve.iter().enumerate());
        let within = points.take_while(|&(index, _)| cache::working_set(index) <= bytes);
        within.last().map_or(0, |(_, spread)| spread[MIN])
    };
    let [l1, l2, l3] = LEVELS.map(|bytes| u64::from(cost(bytes)));
    let ratio = |slow: u64, fast: u64| (slow * 1000).checked_div(fast).unwrap_or(0);
    let (l2_l1, l3_l2) = (ratio(l2, l1), ratio(l3, l2));
    let flat = l2_l1 < FLAT_RATIO && l3_l2 < FLAT_RATIO;
    // The network calls a flat curve inconclusive on PowerPC.
    let inconclusive = evidence.identity.architecture.starts_with("powerpc");
    // Thousandths of a tick to hundredths of a nanosecond.
    let ns = |cost: u64| Decimal::new(rate.ns(cost) / 10, 2);
    Check {
        passed: l1 > 0 && l2 > 0 && l3 > 0 && (!flat || inconclusive),
        data: CacheTiming {
            arch: clip(machine),
            l1_ns: ns(l1),
            l2_l1_ratio: Decimal::new(l2_l1, 3),
            l2_ns: ns(l2),
            l3_l2_ratio: Decimal::new(l3_l2, 3),
            l3_ns: ns(l3),
        },
    }
}

fn simd_identity(evidence: &Evidence, machine: &str) -> Check<SimdIdentity> {
    let unit = evidence.identity.vector_unit.as_str();
    let has_avx = unit.starts_with("avx");
    let has = [
        unit == "altivec" || unit == "vsx",
        has_avx,
        unit == "neon",
        has_avx || unit.starts_with("sse") || unit.starts_with("ssse"),
    ];
    let count = has.iter().filter(|&&seen| seen).count();
    Check {
        passed: count > 0,
        data: SimdIdentity {
            arch: clip(machine),
            has_altivec: has[0],
            has_avx: has[1],
            has_neon: has[2],
            has_sse: has[3],
            simd_flags_count: count as u16,
        },
    }
}

fn thermal_drift(thermal: Option<&thermal::Evidence>, rate: Rate) -> Check<ThermalDrift> {
    // Windows of the phase that starts after `skip` points, ticks: mean and deviation.
    let phase = |skip: usize, length: usize| {
        let mut moments = Moments::default();
        if let Some(thermal) = thermal {
            let operations = u64::from(thermal.iterations) * u64::from(UNROLL);
            for &[_, cost] in thermal.curve.iter().skip(skip).take(length) {
                moments.add(u64::from(cost) * operations / 1000, 1);
            }
        }
        (moments.mean(), moments.deviation())
    };
    let [cold, ramp, saturation, _] = thermal.map_or([0; 4], |t| t.phases.map(usize::from));
    let (cold_avg, cold_stdev) = phase(0, cold);
    let (hot_avg, hot_stdev) = phase(cold + ramp, saturation);
    let ratio = match cold_avg {
        0 => 0,
        _ => mul_div(hot_avg, 10_000, cold_avg),
    };
    Check {
        passed: cold_stdev > 0 || hot_stdev > 0,
        data: ThermalDrift {
            cold_avg_ns: rate.ns(cold_avg),
            cold_stdev: rate.ns(cold_stdev),
            drift_ratio: Decimal::new(ratio, 4),
            hot_avg_ns: rate.ns(hot_avg),
            hot_stdev: rate.ns(hot_stdev),
        },
    }
}

/// The middle of what a histogram's bin stands for ([`probe_core::stats::bin`]): bin 0 is 0, bin `k`
/// is 2^(k-1) up to 2^k.
fn bin_middle(bin: usize) -> u32 {
    match bin {
        0 => 0,
        _ => (3u32 << bin.min(30)) >> 2,
    }
}

fn instruction_jitter(jitter: Option<&jitter::Evidence>, rate: Rate) -> Check<InstructionJitter> {
    let kind = |index: usize| {
        let mut moments = Moments::default();
        let found = jitter.and_then(|j| Some((*j.minima.get(index)?, j.histograms.get(index)?)));
        if let Some((minimum, histogram)) = found {
            for (bin, &windows) in histogram.iter().enumerate() {
                let window = u64::from(minimum) + u64::from(bin_middle(bin));
                moments.add(window, windows.into());
            }
        }
        (moments.mean(), moments.deviation())
    };
    let [(int_avg, int_stdev), (branch_avg, branch_stdev), (fp_avg, fp_stdev)] =
        [0, 1, 2].map(kind);
    Check {
        passed: int_stdev > 0 || fp_stdev > 0 || branch_stdev > 0,
        data: InstructionJitter {
            branch_avg_ns: rate.ns(branch_avg),
            branch_stdev: rate.ns(branch_stdev),
            fp_avg_ns: rate.ns(fp_avg),
            fp_stdev: rate.ns(fp_stdev),
            int_avg_ns: rate.ns(int_avg),
            int_stdev: rate.ns(int_stdev),
        },
    }
}

/// Facts whose presence alone names a virtual machine or a translator.
const MARKS: [&str; 4] = [
    "cpuid.hypervisor",
    "proc.cpuinfo.hypervisor",
    "process.translated",
    "sys.hypervisor.type",
];

/// Makers' names in firmware that stand for nothing but virtual machines.
const VIRTUAL_VENDORS: [&str; 9] = [
    "QEMU",
    "Bochs",
    "VMware, Inc.",
    "innotek GmbH",
    "Xen",
    "Parallels Software International Inc.",
    "Amazon EC2",
    "DigitalOcean",
    "BHYVE",
];

fn anti_emulation(environment: Option<&environment::Evidence>) -> Check<AntiEmulation> {
    let mut indicators: Vec<String<64>, 8> = Vec::new();
    for fact in environment
        .iter()
        .flat_map(|environment| &environment.facts)
    {
        let vendor = fact.key.starts_with("dmi.") && VIRTUAL_VENDORS.contains(&fact.value.as_str());
        if vendor || MARKS.contains(&fact.key.as_str()) {
            let mut text: String<64> = clip(&fact.key);
            clip_into(":", &mut text);
            clip_into(&fact.value, &mut text);
            // More than eight marks say no more than eight.
            let _ = indicators.push(text);
        }
    }
    Check {
        // Nothing looked at is nothing seen: the check needs the channel.
        passed: environment.is_some() && indicators.is_empty(),
        data: AntiEmulation {
            indicator_count: indicators.len() as u8,
            is_likely_vm: !indicators.is_empty(),
            vm_indicators: indicators,
        },
    }
}

#[cfg(test)]
#[path = "legacy_tests.rs"]
mod tests;
