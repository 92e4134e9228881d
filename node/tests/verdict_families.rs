//! Machines of every family, simulated: what honest ones are found to be, and by which channel
//! imitations of each are found. The imitations differ from the honest machine in one channel alone.

use probe_core::channels::environment::{Evidence as Facts, Fact};
use probe_core::evidence::Evidence;
use probe_core::machine::Op;
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use probe_core::ticks::CounterInfo;
use test_rigs::sim::presets::{g4e, m68k, translator};
use test_rigs::sim::{probe, Cache, Cost, Counter, Estimates, FreshCode, Spec};
use verdigris_node::verdict::{
    judge, Aspect, Case, Check, Claim, Outcome, Profiles, Proof, Verdict,
};

const MIB: u32 = 1 << 20;

fn seed() -> Seed {
    Seed::derive("a nonce from the node", "the miner's id")
}

/// What a simulated machine sends, with these first identification words.
fn evidence(spec: Spec, words: &[u32]) -> Evidence {
    let plan = Plan {
        quick: true,
        arena_bytes: 8 * MIB,
    };
    let mut evidence = probe(spec, 7, plan, seed());
    for (to, from) in evidence.identity.words.iter_mut().zip(words) {
        *to = *from;
    }
    evidence
}

fn verdict(evidence: &Evidence) -> Verdict {
    let case = Case {
        claim: Claim {
            family: evidence.identity.architecture.as_str().into(),
            ..Claim::default()
        },
        proof: Proof::Evidence {
            evidence,
            seed: seed(),
        },
        answered_after_ms: evidence.elapsed_ns.div_ceil(1_000_000),
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    judge(&case, &Profiles::builtin())
}

fn having(verdict: &Verdict, outcome: Outcome) -> Vec<&Check> {
    verdict
        .checks
        .iter()
        .filter(|c| c.outcome == outcome)
        .collect()
}

/// The channels that find a machine not to be silicon.
fn caught_by(verdict: &Verdict) -> Vec<&'static str> {
    let mut channels: Vec<&str> = verdict
        .checks
        .iter()
        .filter(|c| c.aspect == Aspect::Presence && c.outcome == Outcome::Fail)
        .map(|c| c.channel)
        .collect();
    channels.dedup();
    channels
}

/// Whole cycles of latency, fully pipelined.
const fn cycles(latency: u64) -> Option<Cost> {
    Some([latency * 1_000, 1_000])
}

fn ultrasparc_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => Some([1_000, 500]),
        Op::IntMul => cycles(20),
        Op::IntDiv => cycles(37),
        Op::Shift => cycles(2),
        Op::Load => cycles(2),
        Op::FpAdd | Op::FpMul => cycles(3),
        Op::FpDiv | Op::FpSqrt => cycles(22),
        Op::StoreLoad => cycles(5),
        Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => cycles(5),
        _ => None,
    }
}

/// UltraSPARC II at 400 MHz: its counter counts its cycles.
fn ultrasparc() -> Spec {
    Spec {
        architecture: "sparc64",
        counter: counter("tick", 400_000_000),
        cycle: 2_500,
        costs: ultrasparc_costs,
        memory: memory(&[(16 << 10, 2), (2_048 << 10, 10)], 60),
        ..g4e()
    }
}

fn r10000_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => Some([1_000, 500]),
        Op::IntMul => cycles(6),
        Op::IntDiv => cycles(35),
        Op::Shift => cycles(2),
        Op::Load => cycles(2),
        Op::FpAdd | Op::FpMul => cycles(2),
        Op::FpDiv => cycles(19),
        Op::FpSqrt => cycles(33),
        Op::StoreLoad => cycles(4),
        Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => cycles(4),
        _ => None,
    }
}

/// R10000 at 200 MHz, by a clock of the board.
fn r10000() -> Spec {
    Spec {
        architecture: "mips",
        counter: counter("os-monotonic", 1_000_000_000),
        cycle: 5_000,
        costs: r10000_costs,
        memory: memory(&[(32 << 10, 2), (1_024 << 10, 10)], 80),
        ..g4e()
    }
}

fn m68040_costs(op: Op) -> Option<Cost> {
    match op {
        Op::IntAdd => Some([1_000, 1_000]),
        Op::IntMul => cycles(20),
        Op::IntDiv => cycles(44),
        Op::Shift => cycles(5),
        Op::Load => cycles(2),
        Op::FpAdd => cycles(4),
        Op::FpMul => cycles(6),
        Op::FpDiv => cycles(38),
        Op::FpSqrt => cycles(103),
        Op::StoreLoad => cycles(4),
        Op::FpMulNormal | Op::FpMulNan | Op::FpMulOverflow => cycles(7),
        _ => None,
    }
}

/// 68040 at 25 MHz, by the system's clock: old code runs until it is flushed.
fn m68040() -> Spec {
    Spec {
        architecture: "m68k",
        counter: counter("os-monotonic", 1_000_000_000),
        cycle: 40_000,
        costs: m68040_costs,
        memory: memory(&[(4 << 10, 2)], 8),
        fresh_code: Some(FreshCode {
            first: 350,
            again: 60,
            stale: true,
            held: false,
        }),
        ..g4e()
    }
}

/// Words of a 68040, as the 68k back end finds it by its flags.
const M68040_WORDS: [u32; 5] = [0, 0, 0, 0, 68_040];

/// PVR of a PowerPC 7450.
const G4E_WORDS: [u32; 1] = [0x8000_0201];

fn counter(source: &'static str, hz: u64) -> Counter {
    Counter {
        info: CounterInfo {
            source,
            bits: 64,
            nominal_hz: None,
        },
        tick: 1_000_000_000_000 / hz,
        lattice: 1,
        read: 20_000,
    }
}

/// Caches of so many bytes and cycles, and cycles of memory behind them.
fn memory(caches: &[(u32, u64)], cycles: u64) -> test_rigs::sim::Memory {
    let caches = caches.iter().map(|&(capacity, hit)| Cache {
        capacity,
        ways: 4,
        hit: hit * 1_000,
    });
    test_rigs::sim::Memory {
        caches: caches.collect(),
        memory: cycles * 1_000,
        ..g4e().memory
    }
}

/// Honest machines: specification, identification words, family, class.
fn honest() -> [(Spec, &'static [u32], &'static str, &'static str); 4] {
    [
        (g4e(), &G4E_WORDS, "PowerPC", "g4"),
        (ultrasparc(), &[], "SPARC", "ultrasparc"),
        (r10000(), &[], "MIPS", "mips_r12000"),
        (m68040(), &M68040_WORDS, "M68K", "68040"),
    ]
}

#[test]
fn honest_machines_of_every_family_are_silicon_of_their_kind() {
    for (spec, words, family, class) in honest() {
        let verdict = verdict(&evidence(spec, words));
        let failed = having(&verdict, Outcome::Fail);
        assert!(failed.is_empty(), "{class}: {failed:#?}");
        assert!(
            verdict.integrity && verdict.physical,
            "{class}: {verdict:#?}"
        );
        assert_eq!(
            (verdict.family.as_str(), verdict.class.as_str()),
            (family, class)
        );
    }
}

#[test]
fn a_translator_is_found_by_the_first_call_of_new_code_on_every_family() {
    for (spec, words, _, class) in honest() {
        let translating = Spec {
            fresh_code: translator().fresh_code,
            ..spec
        };
        let verdict = verdict(&evidence(translating, words));
        assert!(!verdict.physical && verdict.weight_units == 1, "{class}");
        assert_eq!(caught_by(&verdict), ["fresh_code"], "{class}");
    }
}

#[test]
fn floating_point_in_software_is_found_on_every_family() {
    for (spec, words, _, class) in honest() {
        let helped = Spec {
            costs: translator().costs,
            ..spec
        };
        let verdict = verdict(&evidence(helped, words));
        assert!(!verdict.physical, "{class}");
        assert!(
            caught_by(&verdict).contains(&"pipeline"),
            "{class}: {verdict:#?}"
        );
    }
}

#[test]
fn a_time_base_at_the_rate_of_another_machine_is_found() {
    for hz in [1_000_000_000, 2_600_000_000] {
        let spec = Spec {
            counter: counter("mftb", hz),
            ..g4e()
        };
        let verdict = verdict(&evidence(spec, &G4E_WORDS));
        assert_eq!(caught_by(&verdict), ["counter"], "{hz}");
    }
    // What no core is named for may run as fast as any of its family.
    let spec = Spec {
        counter: counter("mftb", 512_000_000),
        ..g4e()
    };
    assert!(verdict(&evidence(spec, &[])).physical);
}

#[test]
fn an_add_takes_a_cycle_of_its_own_core() {
    let spec = Spec {
        counter: counter("tick", 250_000_000),
        ..ultrasparc()
    };
    assert_eq!(caught_by(&verdict(&evidence(spec, &[]))), ["counter"]);
}

#[test]
fn identification_that_the_system_answers_costs_an_exception() {
    let inline = |traps| {
        let spec = Spec {
            traps: Some(traps),
            counter: counter("mftb", 40_000_000),
            ..g4e()
        };
        let mut evidence = evidence(spec, &G4E_WORDS);
        evidence.environment = Some(Facts::gather(&[Fact::new("os", "Linux")]));
        verdict(&evidence)
    };
    assert_eq!(caught_by(&inline([2, 35])), ["trap"]);
    assert!(inline([900, 35]).physical);
}

#[test]
fn old_code_on_a_coherent_architecture_is_a_translators() {
    let stale = |stale, held, architecture| {
        let spec = Spec {
            architecture,
            fresh_code: Some(FreshCode {
                first: 250,
                again: 60,
                stale,
                held,
            }),
            traps: Some([120, 10]),
            ..test_rigs::sim::presets::zen()
        };
        caught_by(&verdict(&evidence(spec, &[])))
    };
    assert!(stale(true, false, "x86_64").contains(&"fresh_code"));
    assert!(!stale(false, false, "x86_64").contains(&"fresh_code"));
    assert!(!stale(true, false, "powerpc").contains(&"fresh_code"));
    // Once caches are synchronised no architecture may go on with the old code.
    assert!(stale(true, true, "powerpc").contains(&"fresh_code"));
}

#[test]
fn where_memory_cannot_speak_both_active_channels_must() {
    // A 68030 without FPU, of whose caches nothing shows.
    let spec = Spec {
        counter: counter("os-monotonic", 1_000_000_000),
        fresh_code: Some(FreshCode {
            first: 200,
            again: 100,
            stale: true,
            held: false,
        }),
        noise: g4e().noise,
        ..m68k()
    };
    let verdict = verdict(&evidence(spec, &[0, 0, 0, 0, 68_020]));
    assert!(caught_by(&verdict).is_empty(), "{verdict:#?}");
    assert_eq!(verdict.class, "unproven");
    assert!(verdict.summary.contains("quirks"), "{}", verdict.summary);
}

#[test]
fn a_counter_too_coarse_for_a_translation_says_nothing() {
    // A clock of a millisecond, 25,000 adds.
    let spec = Spec {
        counter: Counter {
            lattice: 1_000_000,
            ..counter("os-monotonic", 1_000_000_000)
        },
        fresh_code: Some(FreshCode {
            first: 20_000,
            again: 60,
            stale: true,
            held: false,
        }),
        // Nor does it answer value probes, so that nothing speaks for it.
        estimates: Estimates::Exact,
        ..m68040()
    };
    let verdict = verdict(&evidence(spec, &M68040_WORDS));
    let fresh = verdict
        .checks
        .iter()
        .find(|c| c.channel == "fresh_code")
        .unwrap();
    assert_eq!(fresh.outcome, Outcome::Note, "{fresh:#?}");
    assert!(!verdict.physical);
}

#[test]
fn a_machine_without_floating_point_lacks_those_cells_and_is_silicon() {
    fn integer_only(op: Op) -> Option<Cost> {
        (op as u8 <= Op::Load as u8 || op == Op::StoreLoad).then(|| r10000_costs(op))?
    }
    let spec = Spec {
        costs: integer_only,
        ..r10000()
    };
    let verdict = verdict(&evidence(spec, &[]));
    assert!(verdict.physical, "{verdict:#?}");
    // Too little to tell which core it is.
    assert_eq!(verdict.class, "unknown");
}

#[test]
fn floating_point_that_the_system_carries_out_is_not_held_against_the_processor() {
    fn trapped(op: Op) -> Option<Cost> {
        match op {
            Op::FpAdd | Op::FpMul | Op::FpDiv | Op::FpSqrt => Some([900_000, 900_000]),
            _ => r10000_costs(op),
        }
    }
    let spec = Spec {
        costs: trapped,
        ..r10000()
    };
    assert!(verdict(&evidence(spec, &[])).physical);
    // Alpha has no such system: every one of them has floating point.
    let spec = Spec {
        architecture: "alpha",
        costs: trapped,
        ..r10000()
    };
    assert_eq!(caught_by(&verdict(&evidence(spec, &[2]))), ["pipeline"]);
}

#[test]
fn a_core_too_narrow_for_its_own_program_is_a_lie() {
    let spec = Spec {
        architecture: "powerpc64",
        ..g4e()
    };
    let verdict = verdict(&evidence(spec, &G4E_WORDS));
    let lie = verdict
        .checks
        .iter()
        .any(|c| c.channel == "claim" && c.outcome == Outcome::Fail);
    assert!(lie && verdict.class == "unknown", "{verdict:#?}");
}

#[test]
fn latencies_of_another_core_do_not_pay_what_the_words_name() {
    // A 7450 that writes the version of a 604e, worth as much, and of a 750, worth less.
    for pvr in [0x0009_0202, 0x0008_3100] {
        let verdict = verdict(&evidence(g4e(), &[pvr]));
        assert!(verdict.kind_ppm < Some(1_000_000), "{pvr:x}");
        assert_eq!(verdict.class, "unknown", "{pvr:x}");
    }
}

#[test]
fn a_counter_that_the_architecture_does_not_have_is_a_contradiction() {
    for source in ["rdtsc", "tick", "rpcc", "cntvct"] {
        let spec = Spec {
            counter: counter(source, 25_000_000),
            ..g4e()
        };
        assert!(!verdict(&evidence(spec, &G4E_WORDS)).integrity, "{source}");
    }
    // Clocks of systems are everybody's, but they count nanoseconds.
    let by_the_system = |hz| {
        let spec = Spec {
            counter: counter("os-monotonic", hz),
            ..g4e()
        };
        verdict(&evidence(spec, &G4E_WORDS)).integrity
    };
    assert!(by_the_system(1_000_000_000));
    assert!(!by_the_system(25_000_000));
}

#[test]
fn cores_are_no_faster_than_they_were_sold() {
    // A machine of 4 GHz with every other number of the old one.
    let modern = |spec: Spec| Spec { cycle: 250, ..spec };
    let verdict_of = |spec, words| verdict(&evidence(modern(spec), words));
    // No 68k at all has such a clock.
    let m68k = verdict_of(m68040(), &M68040_WORDS);
    assert!(caught_by(&m68k).contains(&"counter"), "{m68k:#?}");
    // Some PowerPC has, but no 7450.
    let g4 = verdict_of(g4e(), &G4E_WORDS);
    assert!(g4.physical && g4.class == "unknown", "{g4:#?}");
    // Some SPARC has, but no UltraSPARC II.
    let spec = Spec {
        counter: counter("tick", 4_000_000_000),
        ..ultrasparc()
    };
    let sparc = verdict_of(spec, &[]);
    assert!(sparc.physical && sparc.class == "unknown", "{sparc:#?}");
}

#[test]
fn without_a_clock_of_its_own_the_nodes_bounds_the_speed() {
    let old = evidence(m68040(), &M68040_WORDS);
    let mut clockless = old.clone();
    clockless.elapsed_ns = 0;
    clockless.oscillator.as_mut().unwrap().clock.clear();
    let judged = |answered_after_ms| {
        let case = Case {
            claim: Claim::default(),
            proof: Proof::Evidence {
                evidence: &clockless,
                seed: seed(),
            },
            answered_after_ms,
            chain_age_s: 0,
            year: 2026,
            previous: None,
        };
        caught_by(&judge(&case, &Profiles::builtin()))
    };
    let long = old.elapsed_ns.div_ceil(1_000_000);
    assert!(judged(long).is_empty());
    // All that work within a hundredth of the time that it takes at 25 MHz.
    assert_eq!(judged(long / 100), ["counter"]);
}

#[test]
fn a_7450_runs_old_code_and_has_a_vector_unit() {
    let spec = Spec {
        fresh_code: Some(FreshCode {
            first: 200,
            again: 50,
            stale: false,
            held: false,
        }),
        ..g4e()
    };
    let coherent = verdict(&evidence(spec, &G4E_WORDS));
    assert!(coherent.physical && coherent.class == "unknown");
    let mut scalar = evidence(g4e(), &G4E_WORDS);
    scalar.simd = None;
    let scalar = verdict(&scalar);
    assert!(scalar.physical && scalar.class == "unknown");
}

#[test]
fn what_every_processor_answers_may_not_be_left_out() {
    for (spec, words, _, class) in honest() {
        let whole = evidence(spec, words);
        let mut silent = whole.clone();
        silent.quirks = None;
        let mut partial = whole;
        if let Some(quirks) = &mut partial.quirks {
            quirks.answers.remove(0);
        }
        for left_out in [silent, partial] {
            let verdict = verdict(&left_out);
            assert!(caught_by(&verdict).is_empty(), "{class}");
            assert_eq!(verdict.class, "unproven", "{class}: {verdict:#?}");
        }
    }
}

#[test]
fn an_add_may_be_less_than_a_counter_can_say() {
    // 1.2 GHz beside half a megahertz: 0.4 thousandths of a tick, sent as none.
    let spec = Spec {
        counter: counter("mftb", 500_000),
        ..g4e()
    };
    let evidence = evidence(spec, &G4E_WORDS);
    assert_eq!(evidence.pipeline.as_ref().unwrap().add[0], 0);
    assert!(verdict(&evidence).integrity, "{:#?}", verdict(&evidence));
}
