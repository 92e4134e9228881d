//! Evidence as it travels: it survives JSON, fits its bounds, verifies for its own challenge and for
//! no other, and hostile fields make no verifier panic.

use miner_tiny::submission::{compose, describe, Host, PUBLIC_KEY_BYTES, SIGNATURE_BYTES};
use probe_core::channels::environment::{self, Fact};
use probe_core::channels::{
    branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal,
};
use probe_core::evidence::{clip, to_json, Evidence, EVIDENCE_JSON_MAX};
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use probe_core::wire::BARE_SUBMISSION_MAX;
use proptest::prelude::*;
use test_rigs::sim::{presets, probe, probe_on, Simulated, Spec};

const KIB: u32 = 1_024;

fn plan(quick: bool, arena_bytes: u32) -> Plan {
    Plan { quick, arena_bytes }
}

/// For each channel with a digest that the evidence holds: its name, and whether it verifies.
fn digests(plan: &Plan, seed: &Seed, evidence: &Evidence) -> Vec<(&'static str, bool)> {
    let mut verdicts = Vec::new();
    macro_rules! check {
        ($($channel:ident),*) => {$(
            if let Some(found) = &evidence.$channel {
                let expected = $channel::expected_digest(plan, seed, found);
                verdicts.push((stringify!($channel), expected == found.digest));
            }
        )*};
    }
    check!(branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal);
    verdicts
}

fn all_specs() -> [Spec; 5] {
    [
        presets::g4e(),
        presets::zen(),
        presets::i486(),
        presets::m68k(),
        presets::translator(),
    ]
}

#[test]
fn digests_verify_for_their_challenge_alone() {
    let seed = Seed::derive("a nonce", "a miner");
    for spec in all_specs() {
        let name = spec.architecture;
        for quick in [false, true] {
            let plan = plan(quick, 256 * KIB);
            let evidence = probe(spec.clone(), 1, plan, seed);
            for (channel, verifies) in digests(&plan, &seed, &evidence) {
                assert!(verifies, "{name} {channel}");
            }
            for other in [
                Seed::derive("another nonce", "a miner"),
                Seed::derive("a nonce", "another miner"),
            ] {
                for (channel, verifies) in digests(&plan, &other, &evidence) {
                    // Special floating-point operands are constants: only their presence is bound.
                    assert!(!verifies || channel == "fpu", "{name} {channel}");
                }
            }
        }
    }
}

/// A counter that goes round several times within a probe: nothing in the evidence shows it.
#[test]
fn a_narrow_counter_measures_as_a_wide_one() {
    let seed = Seed::derive("a nonce", "a miner");
    const BITS: u8 = 28;
    let of_bits = |bits| {
        let mut spec = presets::zen();
        spec.counter.info.bits = bits;
        probe(spec, 1, plan(false, 256 * KIB), seed)
    };
    let (wide, mut narrow) = (of_bits(64), of_bits(BITS));
    assert!(wide.elapsed_ticks >> BITS > 2, "no rounds to lose");
    narrow.counter.as_mut().unwrap().bits = 64;
    assert_eq!(format!("{narrow:?}"), format!("{wide:?}"));
}

#[test]
fn digests_do_not_verify_for_another_plan() {
    let seed = Seed::derive("a nonce", "a miner");
    let standard = plan(false, 256 * KIB);
    let evidence = probe(presets::g4e(), 1, standard, seed);
    let verdicts = digests(&plan(true, 256 * KIB), &seed, &evidence);
    let broken = ["branch", "cache", "fresh_code", "jitter", "oscillator"];
    for (channel, verifies) in verdicts {
        assert_eq!(verifies, !broken.contains(&channel), "{channel}");
    }
}

#[test]
fn a_changed_field_breaks_its_digest() {
    let seed = Seed::derive("a nonce", "a miner");
    let plan = plan(true, 256 * KIB);
    let honest = probe(presets::zen(), 1, plan, seed);
    type Change = fn(&mut Evidence) -> Option<()>;
    let changes: [(&str, Change); 8] = [
        ("pipeline", |e| {
            e.pipeline.as_mut().map(|c| c.iterations *= 2)
        }),
        ("pipeline", |e| {
            e.pipeline.as_mut().map(|c| c.matrix[3] = None)
        }),
        ("simd", |e| e.simd.as_mut().map(|c| c.digest ^= 1)),
        ("jitter", |e| e.jitter.as_mut().map(|c| c.iterations *= 2)),
        ("oscillator", |e| {
            e.oscillator.as_mut().map(|c| c.samples -= 1)
        }),
        ("cache", |e| e.cache.as_mut().map(|c| c.steps += 1)),
        ("cache", |e| e.cache.as_mut()?.curve.pop().map(|_| ())),
        ("branch", |e| e.branch.as_mut().map(|c| c.repeats += 1)),
    ];
    for (changed, change) in changes {
        let mut evidence = honest.clone();
        change(&mut evidence).expect("the channel is there");
        for (channel, verifies) in digests(&plan, &seed, &evidence) {
            assert_eq!(verifies, channel != changed, "{changed}: {channel}");
        }
    }
}

/// The raw reading goes on from probe to probe; evidence from before there was one is still read.
#[test]
fn a_counter_can_be_followed_from_one_probe_to_the_next() {
    let mut machine = Simulated::new(presets::zen(), 2);
    let mut last_end = 0;
    for n in 0..3 {
        let seed = Seed::derive(&format!("nonce {n}"), "a miner");
        let evidence = probe_on(&mut machine, plan(true, 256 * KIB), seed);
        let start = evidence.counter_start.expect("a raw reading");
        assert!(start > last_end, "{start} {last_end}");
        last_end = start + evidence.elapsed_ticks;
    }

    let evidence = probe_on(&mut machine, plan(true, 256 * KIB), Seed::derive("n", "m"));
    let older = Evidence {
        counter_start: None,
        ..evidence
    };
    let json = serde_json::to_string(&older).expect("it is JSON");
    assert!(!json.contains("counter_start"));
    assert_eq!(serde_json::from_str::<Evidence>(&json).ok(), Some(older));
}

#[test]
fn evidence_survives_json_and_is_canonical() {
    let seed = Seed::derive("a nonce", "a miner");
    for spec in all_specs() {
        let evidence = probe(spec, 2, plan(true, 256 * KIB), seed);
        let mut json: heapless::Vec<u8, EVIDENCE_JSON_MAX> = heapless::Vec::new();
        to_json(&evidence, &mut json).expect("it fits");
        let parsed: Evidence = serde_json::from_slice(&json).expect("it parses");
        assert_eq!(parsed, evidence);
        // Sorted keys, no spaces: as a generic JSON library with sorted maps writes it.
        let generic: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
        assert_eq!(generic.to_string().as_bytes(), &json[..]);
    }
}

/// The widest evidence that a prober makes: every list as long as the largest arena makes it, every
/// number as wide as on the slowest machine imaginable.
fn widest() -> Evidence {
    let seed = Seed::derive("a nonce", "a miner");
    let facts: Vec<Fact> = (0..24)
        .map(|i| Fact::new(&format!("dmi.key.{i}"), &"\"".repeat(64)))
        .collect();
    let mut e = probe(presets::zen(), 3, plan(false, 64 * KIB), seed);
    // 8 hours at 4 GHz.
    let ticks = 115_200_000_000_000;
    // A load of 10,000 ticks: memory under an interpreter under a hypervisor.
    let cost = 10_000_000;
    let wide = [cost; 4];
    e.environment = Some(environment::Evidence::gather(&facts));
    (e.elapsed_ns, e.elapsed_ticks) = (ticks, ticks);
    e.counter_start = Some(u64::MAX);
    e.identity.name = clip(&"n".repeat(48));
    e.identity.architecture = clip(&"n".repeat(16));
    e.identity.vector_unit = clip(&"n".repeat(16));
    e.identity.words = [u32::MAX; 12].into_iter().collect();
    e.quirks.as_mut().expect("quirks").answers = probe_core::channels::quirks::x86::PROBES
        .iter()
        .map(|p| probe_core::channels::quirks::Answer {
            id: p.id,
            words: (0..p.draws * p.words).map(|_| u32::MAX).collect(),
        })
        .collect();
    let cache = e.cache.as_mut().expect("cache");
    cache.curve = [wide; 33].into_iter().collect();
    cache.tlb = [[15_360, cost, cost]; 16].into_iter().collect();
    cache.line_curve = [[512, cost]; 7].into_iter().collect();
    cache.boundaries = [65_536; 5].into_iter().collect();
    cache.tlb_reach = [15_360; 3].into_iter().collect();
    cache.ticks = ticks;
    e
}

#[test]
fn evidence_fits_its_bound() {
    let mut json: heapless::Vec<u8, EVIDENCE_JSON_MAX> = heapless::Vec::new();
    let widest = widest();
    let length = serde_json::to_string(&widest).expect("it is JSON").len();
    to_json(&widest, &mut json).unwrap_or_else(|_| panic!("{length} bytes"));
}

/// Facts are left out of a submission where it would be too long; nothing else can be.
#[test]
fn the_widest_measurements_fit_a_submission() {
    let mut widest = widest();
    widest.environment = None;
    let host = Host {
        cores: u16::MAX,
        hostname: &"h".repeat(64),
        machine: &"m".repeat(16),
        macs: &["aa:bb:cc:dd:ee:ff"; 4],
        model: &"M".repeat(64),
    };
    let mut out: heapless::Vec<u8, { 2 * BARE_SUBMISSION_MAX }> = heapless::Vec::new();
    let (miner, name) = (format!("RTC{}", "0".repeat(40)), "n".repeat(64));
    let nonce = "0".repeat(64);
    let submission = describe(&widest, &host, &miner, &name, &nonce, &mut out).expect("described");
    let sign = |_: &[u8]| [0; SIGNATURE_BYTES];
    compose(&submission, &[0; PUBLIC_KEY_BYTES], sign, &mut out).expect("it fits");
    assert!(out.len() <= BARE_SUBMISSION_MAX);
}

#[test]
fn facts_are_kept_from_the_first_while_they_fit() {
    let facts: Vec<Fact> = (0..24)
        .map(|i| Fact::new(&format!("key.{i}"), &"v\\".repeat(30)))
        .collect();
    let kept = environment::Evidence::gather(&facts);
    assert!(!kept.facts.is_empty() && kept.facts.len() < facts.len());
    assert_eq!(kept.facts[..], facts[..kept.facts.len()]);
    let json = serde_json::to_string(&kept.facts).expect("facts are JSON");
    assert!(json.len() <= environment::FACTS_JSON_MAX + 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A verifier meets whatever a liar writes: it may refuse, it may not panic or run for long.
    #[test]
    fn hostile_fields_are_refused(
        word: u32, small in 0u32..20_000, arena: u32, quick: bool, cut in 0usize..40,
    ) {
        use std::sync::OnceLock;
        static HONEST: OnceLock<Evidence> = OnceLock::new();
        let seed = Seed::derive("a nonce", "a miner");
        let made = || probe(presets::zen(), 1, plan(true, 64 * KIB), seed);
        let mut e = HONEST.get_or_init(made).clone();
        for value in [word, small, small.next_power_of_two()] {
            macro_rules! set {
                ($($channel:ident . $field:ident),*) => {$(
                    if let Some(c) = e.$channel.as_mut() { c.$field = value; }
                )*};
            }
            set!(pipeline.iterations, simd.iterations, fpu.iterations, jitter.iterations,
                oscillator.iterations, thermal.iterations, cache.steps, cache.page, branch.repeats);
            if let Some(c) = e.cache.as_mut() {
                c.curve.truncate(cut);
                c.boundaries.iter_mut().for_each(|b| *b = value);
            }
            if let Some(c) = e.fresh_code.as_mut() {
                (c.rounds, c.stale, c.held) = (value as u16, word as u16, value as u16);
            }
            if let Some(c) = e.thermal.as_mut() {
                c.phases = word.to_le_bytes();
            }
            digests(&plan(quick, arena), &seed, &e);
        }
    }
}
