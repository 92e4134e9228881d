//! The existing network's checks on evidence made by hand.

use super::*;
use crate::sample::{ample, bare};
use probe_core::channels::environment::Fact;

fn number(decimal: &Decimal) -> std::string::String {
    std::format!("{decimal:?}")
}

#[test]
fn nothing_measured_passes_nothing() {
    let legacy = fingerprint(&bare("x86_64"), "x86_64");
    let checks = &legacy.checks;
    assert!(!legacy.all_passed);
    assert!(!checks.clock_drift.passed && !checks.cache_timing.passed);
    assert!(!checks.simd_identity.passed && !checks.thermal_drift.passed);
    assert!(!checks.instruction_jitter.passed && !checks.anti_emulation.passed);
}

#[test]
fn ample_evidence_passes_everything() {
    let evidence = ample();
    // Half a nanosecond to the tick, by the clock pairs.
    assert_eq!(
        Rate::of(&evidence),
        Some(Rate {
            ticks: 4_000_000_000,
            ns: 2_000_000_000
        })
    );
    let legacy = fingerprint(&evidence, "x86_64");
    assert!(legacy.all_passed, "{legacy:?}");
    let drift = &legacy.checks.clock_drift.data;
    assert_eq!(
        (drift.mean_ns, drift.stdev_ns, drift.samples),
        (100_000, 150, 1024)
    );
    // 200,000 ticks × 200 ppm × √2 = 56.56 ticks.
    assert_eq!(drift.drift_stdev, 28);
    assert!(number(&drift.cv).contains("0.0015"));
    let cache = &legacy.checks.cache_timing.data;
    assert!(number(&cache.l1_ns).contains("0.5"));
    assert!(
        number(&cache.l2_l1_ratio).contains("4.0") && number(&cache.l3_l2_ratio).contains("4.0")
    );
    let thermal = &legacy.checks.thermal_drift.data;
    // 64 × 48 adds at 1.005 ticks on average, and 1.105.
    assert_eq!((thermal.cold_avg_ns, thermal.hot_avg_ns), (1543, 1697));
    assert!(number(&thermal.drift_ratio).contains("1.09"));
    let jitter = &legacy.checks.instruction_jitter.data;
    assert_eq!(jitter.int_avg_ns, 12_345 / 2);
    assert!(legacy.checks.simd_identity.data.has_avx && !legacy.checks.simd_identity.data.has_neon);
}

#[test]
fn a_flat_curve_fails_but_on_powerpc() {
    let mut flat = ample();
    for point in &mut flat.cache.as_mut().unwrap().curve {
        *point = [1_000; 4];
    }
    assert!(!fingerprint(&flat, "x86_64").checks.cache_timing.passed);
    flat.identity.architecture = clip("powerpc");
    assert!(fingerprint(&flat, "ppc").checks.cache_timing.passed);
}

#[test]
fn work_without_variation_is_synthetic() {
    let mut clean = ample();
    clean.oscillator.as_mut().unwrap().cv_ppm = 99;
    assert!(!fingerprint(&clean, "x86_64").checks.clock_drift.passed);
}

#[test]
fn virtual_machines_are_named_and_look_alikes_are_not() {
    let with = |key: &str, value: &str| {
        let mut evidence = ample();
        let fact = Fact {
            key: clip(key),
            value: clip(value),
        };
        evidence.environment = Some(environment::Evidence {
            facts: core::iter::once(fact).collect(),
        });
        fingerprint(&evidence, "x86_64").checks.anti_emulation
    };
    for (key, value) in [
        ("cpuid.hypervisor", "KVMKVMKVM"),
        ("dmi.sys_vendor", "QEMU"),
        ("process.translated", "1"),
    ] {
        let check = with(key, value);
        assert!(!check.passed && check.data.is_likely_vm, "{key}");
        assert_eq!(
            check.data.vm_indicators[0].as_str(),
            std::format!("{key}:{value}")
        );
    }
    for (key, value) in [
        ("dmi.product_name", "Nitro AN515-58"),
        ("dmi.sys_vendor", "Microsoft Corporation"),
        ("dmi.sys_vendor", "Google"),
        ("dmi.bios_vendor", "SeaBIOS"),
        ("container", "docker"),
    ] {
        assert!(with(key, value).passed, "{key} {value}");
    }
}

#[test]
fn the_commitment_is_the_hash_of_nonce_miner_and_evidence() {
    let miner: MinerId = "m".try_into().unwrap();
    let report = report(&ample(), "n", &miner, b"{}");
    let hash = Sha256::digest(b"nm{}");
    let digits: std::string::String = hash.iter().map(|byte| std::format!("{byte:02x}")).collect();
    assert_eq!(report.commitment.as_str(), digits);
    assert_eq!(report.derived.variance_ns, 150 * 150);
    assert_eq!(report.entropy_score, 300 * 300);
}

#[test]
fn extremes_saturate() {
    let mut wild = ample();
    wild.elapsed_ns = u64::MAX;
    let oscillator = wild.oscillator.as_mut().unwrap();
    oscillator.mean = u32::MAX;
    oscillator.cv_ppm = u32::MAX;
    oscillator.allan_ppb[0] = u32::MAX;
    oscillator.clock[8] = [1, u64::MAX];
    wild.cache.as_mut().unwrap().curve[0] = [u32::MAX; 4];
    wild.thermal.as_mut().unwrap().iterations = u32::MAX;
    wild.thermal.as_mut().unwrap().phases = [255; 4];
    let miner: MinerId = "m".try_into().unwrap();
    fingerprint(&wild, "x86_64");
    report(&wild, "n", &miner, b"{}");
}
