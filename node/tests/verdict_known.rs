//! Known machines get known verdicts: silicon, guests, emulators, old submissions.

mod verdict_machine;

use probe_core::evidence::clip;
use probe_core::seed::Seed;
use test_rigs::bind::bind;
use verdict_machine::*;
use verdigris_node::verdict::{judge, Aspect, Case, Outcome, Profiles, Proof, WEIGHT_ONE};

#[test]
fn a_machine_on_metal_is_real_silicon_of_its_kind() {
    let verdict = verdict(&honest());
    assert!(
        having(&verdict, Outcome::Fail).is_empty(),
        "{:#?}",
        having(&verdict, Outcome::Fail)
    );
    assert!(verdict.integrity && verdict.physical, "{verdict:#?}");
    assert_eq!(
        (verdict.family.as_str(), verdict.class.as_str()),
        ("x86", "modern_x86_64")
    );
    assert_eq!(verdict.weight_units, WEIGHT_ONE);
    assert_eq!(verdict.presence_ppm, Some(1_000_000));
    assert_eq!(verdict.kind_ppm, Some(1_000_000));
    assert_eq!(verdict.continuity_ppm, None);
}

#[test]
fn every_check_explains_itself() {
    for check in verdict(&honest()).checks {
        assert!(
            !check.measured.is_empty() && check.reason.ends_with('.'),
            "{check:#?}"
        );
        assert!(
            check.outcome == Outcome::Absent || !check.expected.is_empty(),
            "{check:#?}"
        );
        assert_eq!(
            check.threshold.is_empty(),
            check.source.is_empty(),
            "{check:#?}"
        );
    }
}

#[test]
fn a_recorded_kvm_guest_earns_one_unit_and_its_physical_channels_are_shown() {
    let mut evidence = guest();
    evidence.environment = Some(facts(&[("cpuid.hypervisor", "KVMKVMKVM")]));
    let verdict = verdict(&evidence);
    assert!(verdict.integrity && !verdict.physical);
    assert_eq!(
        (verdict.class.as_str(), verdict.weight_units),
        ("virtual", 1)
    );
    assert!(fails(&verdict, "environment") && fails(&verdict, "trap"));
    for channel in [
        "pipeline",
        "simd",
        "cache",
        "fresh_code",
        "quirks",
        "branch",
        "binding",
    ] {
        assert!(
            !fails(&verdict, channel),
            "{channel}: {:#?}",
            having(&verdict, Outcome::Fail)
        );
    }
    assert!(verdict.kind_ppm >= Some(900_000), "{verdict:#?}");
    assert!(verdict.summary.contains("environment") && verdict.summary.contains("pipeline"));
}

#[test]
fn the_hypervisor_bit_alone_is_a_mark() {
    let mut evidence = honest();
    evidence.identity.words[3] |= 1 << 31;
    let verdict = verdict(&evidence);
    assert!(fails(&verdict, "environment") && verdict.weight_units == 1);
}

#[test]
fn a_guest_without_marks_is_found_by_the_cost_of_its_traps() {
    let mut evidence = honest();
    set_trap(&mut evidence, 15_000);
    let verdict = verdict(&evidence);
    assert!(!fails(&verdict, "environment") && fails(&verdict, "trap"));
    assert_eq!(verdict.weight_units, 1);
}

#[test]
fn the_four_real_processors_with_dear_identification_are_not_refused() {
    for cycles in [727, 1_292, 1_298, 1_752] {
        let mut evidence = honest();
        set_trap(&mut evidence, cycles);
        let verdict = verdict(&evidence);
        assert!(verdict.physical, "{cycles}: {verdict:#?}");
        assert!(verdict
            .checks
            .iter()
            .any(|c| c.channel == "trap" && c.outcome == Outcome::Note));
    }
}

#[test]
fn recorded_qemu_is_recognised_without_any_mark() {
    let mut evidence = qemu();
    unmark(&mut evidence);
    let verdict = verdict(&evidence);
    assert!(verdict.integrity, "{:#?}", having(&verdict, Outcome::Fail));
    assert!(!fails(&verdict, "environment"));
    for channel in ["fresh_code", "quirks", "pipeline", "simd"] {
        assert!(fails(&verdict, channel), "{channel}: {verdict:#?}");
    }
    assert_eq!(
        (verdict.class.as_str(), verdict.weight_units),
        ("virtual", 1)
    );
}

#[test]
fn silicon_of_which_no_active_channel_speaks_is_not_proven() {
    let mut evidence = honest();
    evidence.fresh_code = None;
    evidence.quirks = None;
    let verdict = verdict(&evidence);
    assert!(verdict.integrity && !verdict.physical);
    assert_eq!(
        (verdict.class.as_str(), verdict.weight_units),
        ("unproven", 1)
    );
}

#[test]
fn kinds_on_both_sides_of_the_table() {
    // A model that the table does not have falls back to its maker's cores.
    let mut evidence = honest();
    evidence.identity.words[1] = 0x00c0_0f21;
    let unknown = verdict(&evidence);
    assert!(unknown.physical);
    assert_eq!(unknown.class, "modern_x86_64");
    // An Alder Lake that names itself a Pentium III: 64-bit mode gives it away.
    evidence.identity.words[1] = 0x0000_0673;
    evidence.identity.words[11] = 0x756e_6547;
    let liar = verdict(&evidence);
    assert!(fails(&liar, "claim"));
    assert_eq!(
        (liar.class.as_str(), liar.weight_units),
        ("modern_x86_64", WEIGHT_ONE)
    );
}

#[test]
fn bonuses_decay_with_the_chain_and_silicon_ages_with_the_calendar() {
    let evidence = honest();
    let mut case = case(&evidence);
    case.year = 2040;
    let verdict = judge(&case, &Profiles::builtin());
    assert_eq!(
        (verdict.class.as_str(), verdict.weight_units),
        ("retro_x86", 1_400_000_000)
    );
    case.chain_age_s = 5 * 31_557_600;
    assert_eq!(
        judge(&case, &Profiles::builtin()).weight_units,
        1_100_000_000
    );
}

#[test]
fn a_recorded_submission_of_the_stock_client_is_a_virtual_machine_by_its_own_words() {
    let text = include_str!("data/attestation-stock-linux.json");
    let body: serde_json::Value = serde_json::from_str(text).unwrap();
    let checks = body["fingerprint"]["checks"].as_object().unwrap();
    let case = Case {
        claim: Default::default(),
        proof: Proof::Legacy(checks),
        answered_after_ms: 10_000,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    let verdict = judge(&case, &Profiles::builtin());
    assert!(verdict.integrity && !verdict.physical);
    assert_eq!(
        (verdict.class.as_str(), verdict.weight_units),
        ("virtual", 1)
    );
    assert!(verdict
        .checks
        .iter()
        .any(|c| c.channel == "environment" && c.measured.contains("cpuinfo:hypervisor")));
}

#[test]
fn evidence_for_another_challenge_or_miner_is_refused() {
    let evidence = honest();
    for other in [
        Seed::derive("another nonce", "a miner"),
        Seed::derive("a nonce", "another"),
    ] {
        let mut case = case(&evidence);
        case.proof = Proof::Evidence {
            evidence: &evidence,
            seed: other,
        };
        let verdict = judge(&case, &Profiles::builtin());
        assert!(!verdict.integrity && fails(&verdict, "binding"));
        assert_eq!(verdict.weight_units, 0);
    }
}

#[test]
fn evidence_that_no_challenge_binds_is_refused() {
    let mut evidence = honest();
    evidence.pipeline = None;
    evidence.simd = None;
    evidence.fpu = None;
    evidence.branch = None;
    evidence.fresh_code = None;
    evidence.cache = None;
    evidence.jitter = None;
    evidence.oscillator = None;
    evidence.thermal = None;
    assert!(!verdict(&evidence).integrity);
}

#[test]
fn a_probe_longer_than_its_challenge_is_refused() {
    let evidence = honest();
    let mut case = case(&evidence);
    let probed_ms = evidence.elapsed_ns / 1_000_000;
    case.answered_after_ms = probed_ms - 10;
    let verdict = judge(&case, &Profiles::builtin());
    assert!(!verdict.integrity && fails(&verdict, "clock"));
    case.answered_after_ms = probed_ms + 1;
    assert!(judge(&case, &Profiles::builtin()).integrity);
}

#[test]
fn numbers_that_contradict_each_other_are_refused() {
    type Change = fn(&mut probe_core::evidence::Evidence);
    let changes: [(&str, Change); 25] = [
        ("quartiles", |e| e.pipeline.as_mut().unwrap().add.reverse()),
        ("histogram", |e| {
            e.jitter.as_mut().unwrap().histograms[0][0] += 1
        }),
        ("samples", |e| e.oscillator.as_mut().unwrap().samples += 1),
        ("channel", |e| e.cache.as_mut().unwrap().ticks = u64::MAX),
        ("rows", |e| e.pipeline.as_mut().unwrap().ticks = 10),
        ("lattice", |e| e.counter.as_mut().unwrap().step += 1),
        ("ratio", |e| {
            e.simd.as_mut().unwrap().matrix[0] = Some([10, 10, 900_000, 900_000])
        }),
        ("clock", |e| e.oscillator.as_mut().unwrap().clock[8][0] /= 2),
        ("version", |e| e.version = 0),
        // Computed from what is sent as well.
        ("capacities", |e| {
            e.cache.as_mut().unwrap().boundaries[0] = 64
        }),
        ("curve", |e| {
            e.cache.as_mut().unwrap().curve[15] = [2_300; 4]
        }),
        ("line", |e| e.cache.as_mut().unwrap().line = Some(128)),
        ("reach", |e| e.cache.as_mut().unwrap().tlb_reach.clear()),
        ("ramp", |e| e.thermal.as_mut().unwrap().ramp = None),
        ("worst", |e| e.jitter.as_mut().unwrap().worst[0] *= 16),
        ("mean", |e| e.oscillator.as_mut().unwrap().mean += 4_000),
        ("variation", |e| e.oscillator.as_mut().unwrap().cv_ppm = 900),
        ("neighbours", |e| {
            e.oscillator.as_mut().unwrap().allan_ppb[0] /= 2
        }),
        // Channels between two readings, and the readings' ends.
        ("reading", |e| {
            e.oscillator.as_mut().unwrap().clock[4][0] -= 40_000_000
        }),
        ("end", |e| e.elapsed_ns += 1),
        // Whole steps of the counter, divided as the probe does.
        ("step", |e| e.jitter.as_mut().unwrap().minima[1] -= 1),
        ("between", |e| {
            let histogram = &mut e.jitter.as_mut().unwrap().histograms[0];
            (histogram[0], histogram[1]) = (histogram[0] - 30, 30);
        }),
        ("call", |e| e.fresh_code.as_mut().unwrap().first[0] -= 500),
        ("trap", |e| e.trap.as_mut().unwrap().serialise[0] -= 250),
        ("missing", |e| e.jitter = None),
    ];
    for (name, change) in changes {
        let mut evidence = honest();
        change(&mut evidence);
        bind(&mut evidence, &seed());
        let verdict = verdict(&evidence);
        assert!(
            !verdict.integrity && verdict.weight_units == 0,
            "{name}: {verdict:#?}"
        );
    }
}

#[test]
fn a_scaled_counter_is_longer_by_one_now_and_then() {
    let mut evidence = honest();
    let histogram = &mut evidence.jitter.as_mut().unwrap().histograms[0];
    (histogram[0], histogram[1]) = (histogram[0] - 5, 5);
    bind(&mut evidence, &seed());
    assert!(verdict(&evidence).integrity);
}

#[test]
fn latencies_that_are_together_no_core_s_are_an_imitation() {
    // Each within what some core shows, and in the short windows as in the pipeline.
    let mut evidence = honest();
    let pipeline = evidence.pipeline.as_mut().unwrap();
    for (row, adds) in [(1, 9), (4, 2), (5, 2), (6, 11)] {
        let cell = pipeline.matrix[row].as_mut().unwrap();
        (cell[0], cell[2]) = (pipeline.add[0] * adds, 1_000 * adds);
    }
    let vector = evidence.simd.as_mut().unwrap();
    for (row, adds) in [(1, 8), (2, 6), (4, 11), (5, 8), (6, 12)] {
        let cell = vector.matrix[row].as_mut().unwrap();
        (cell[0], cell[2]) = (vector.add[0] * adds, 1_000 * adds);
    }
    let jitter = evidence.jitter.as_mut().unwrap();
    for (kind, row) in [(3, 4), (2, 5)] {
        let adds = pipeline.matrix[row].unwrap()[2] / 1_000;
        let excess = jitter.worst[kind] - jitter.minima[kind];
        jitter.minima[kind] = jitter.minima[0] * adds;
        jitter.worst[kind] = jitter.minima[kind] + excess;
    }
    bind(&mut evidence, &seed());
    let verdict = verdict(&evidence);
    assert!(verdict.integrity && !verdict.physical, "{verdict:#?}");
    let presence = |channel| {
        let mut checks = verdict.checks.iter();
        checks.any(|c| {
            c.channel == channel && c.aspect == Aspect::Presence && c.outcome == Outcome::Fail
        })
    };
    assert!(presence("likeness") && !presence("jitter"), "{verdict:#?}");
}

#[test]
fn an_operation_costs_in_short_windows_what_it_costs_in_the_pipeline() {
    for (kind, factor) in [(2, 2), (3, 3)] {
        let mut evidence = honest();
        let jitter = evidence.jitter.as_mut().unwrap();
        let excess = jitter.worst[kind] - jitter.minima[kind];
        jitter.minima[kind] = jitter.minima[kind] / factor / 26 * 26;
        jitter.worst[kind] = jitter.minima[kind] + excess;
        bind(&mut evidence, &seed());
        let verdict = verdict(&evidence);
        assert!(verdict.integrity && !verdict.physical, "{verdict:#?}");
        assert!(fails(&verdict, "jitter"), "{verdict:#?}");
    }
}

#[test]
fn continuity_is_scored_apart_and_never_refuses() {
    let first = honest();
    let mut second = honest();
    set_elapsed(&mut second, first.elapsed_ns - 20_000); // 11 ppm
    let mut case = case(&second);
    case.previous = Some(&first);
    let same = judge(&case, &Profiles::builtin());
    assert_eq!(same.continuity_ppm, Some(1_000_000), "{same:#?}");

    second.identity.name = clip("another processor");
    let mut case = verdict_machine::case(&second);
    case.previous = Some(&first);
    let changed = judge(&case, &Profiles::builtin());
    assert_eq!(changed.continuity_ppm, Some(500_000), "{changed:#?}");
    let elapsed_ns = second.elapsed_ns + 1_000_000; // 560 ppm
    set_elapsed(&mut second, elapsed_ns);
    let mut case = verdict_machine::case(&second);
    case.previous = Some(&first);
    let other = judge(&case, &Profiles::builtin());
    assert_eq!(other.continuity_ppm, Some(0), "{other:#?}");
    // It says nothing about silicon and its kind, and costs nothing.
    for verdict in [&changed, &other] {
        assert!(verdict.physical && verdict.weight_units == same.weight_units);
    }
}
