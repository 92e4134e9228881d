//! Known machine in, known figures out: every estimator against simulated machines.

use probe_core::channels::{fpu, pipeline, simd};
use probe_core::evidence::{Evidence, MEDIAN, MIN};
use probe_core::machine::{Op, UNROLL};
use probe_core::measure::MILLI;
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use proptest::prelude::*;
use test_rigs::sim::{presets, probe, Simulated, Spec};

const KIB: u32 = 1_024;
const MIB: u32 = 1_024 * KIB;

fn quick(arena_bytes: u32) -> Plan {
    Plan {
        quick: true,
        arena_bytes,
    }
}

fn challenge() -> Seed {
    Seed::derive("a nonce", "a miner")
}

/// A machine, the arena lent to it, and what the cache channel must find.
struct Known {
    name: &'static str,
    spec: Spec,
    arena: u32,
    boundaries: &'static [u32],
    line: Option<u32>,
    reach: &'static [u32],
}

fn machines() -> Vec<Known> {
    vec![
        Known {
            name: "7450",
            spec: presets::g4e(),
            arena: 4 * MIB,
            boundaries: &[32, 256, 2_048],
            line: Some(32),
            reach: &[120],
        },
        Known {
            name: "zen",
            spec: presets::zen(),
            arena: 8 * MIB,
            boundaries: &[48, 1_024, 4_096],
            line: Some(64),
            reach: &[90, 1_440],
        },
        Known {
            name: "486",
            spec: presets::i486(),
            arena: 256 * KIB,
            boundaries: &[8],
            line: Some(16),
            reach: &[30],
        },
        // Without a counter worth the name, and too little memory to see past the TLB.
        Known {
            name: "68030",
            spec: presets::m68k(),
            arena: 64 * KIB,
            boundaries: &[],
            line: None,
            reach: &[],
        },
        // The host's memory, whatever it claims to be.
        Known {
            name: "translator",
            spec: presets::translator(),
            arena: 8 * MIB,
            boundaries: &[48, 1_024, 4_096],
            line: Some(64),
            reach: &[90, 1_440],
        },
    ]
}

/// What the counter cannot tell apart, milliticks of one of `count` operations: an error of one
/// tick at each end of two windows, and a thousandth for rounding.
fn quantum(spec: &Spec, count: u64) -> f64 {
    let ticks = 2.0 * spec.counter.lattice as f64;
    ticks * MILLI as f64 / count as f64 + 1.0
}

/// A cost in thousandths of a cycle as milliticks.
fn milliticks(spec: &Spec, millicycles: u64) -> f64 {
    millicycles as f64 * spec.cycle as f64 / spec.counter.tick as f64
}

fn assert_close(what: &str, measured: u32, expected: f64, relative: f64, absolute: f64) {
    let error = (f64::from(measured) - expected).abs();
    assert!(
        error <= expected * relative + absolute,
        "{what}: {measured} instead of {expected}"
    );
}

/// The largest thermal growth of the preset, on top of the estimator's own error.
fn tolerance(spec: &Spec) -> f64 {
    0.01 + spec.thermal.map_or(0.0, |t| t.growth_ppm as f64 * 1e-6)
}

#[test]
fn caches_lines_and_reach() {
    for known in machines() {
        let evidence = probe(known.spec.clone(), 1, quick(known.arena), challenge());
        let cache = evidence.cache.expect("every machine has memory");
        assert_eq!(cache.boundaries[..], *known.boundaries, "{}", known.name);
        assert_eq!(cache.line, known.line, "{}", known.name);
        let (reach, tlb) = (&cache.tlb_reach, &cache.tlb);
        assert_eq!(reach[..], *known.reach, "{} {tlb:?}", known.name);

        // The nearest level costs what it costs, and the farthest.
        let count = u64::from(cache.steps);
        let level = |millicycles| milliticks(&known.spec, millicycles);
        let memory = &known.spec.memory;
        let nearest = if known.boundaries.is_empty() {
            memory.memory
        } else {
            memory.caches[0].hit
        };
        let quantum = quantum(&known.spec, count);
        let relative = tolerance(&known.spec);
        assert_close(
            known.name,
            cache.curve[0][MEDIAN],
            level(nearest),
            relative,
            quantum,
        );
        let far = cache.curve.last().expect("a curve")[MIN];
        // A walk is shared by the loads of one group in each page.
        assert_close(
            known.name,
            far,
            level(memory.memory),
            relative + 0.05,
            quantum,
        );
    }
}

fn check_matrix(spec: &Spec, ops: &[Op], matrix: &[Option<[u32; 4]>], iterations: u32) {
    let count = u64::from(UNROLL) * u64::from(iterations);
    let quantum = quantum(spec, count);
    let add = (spec.costs)(Op::IntAdd).expect("every machine adds")[0];
    for (&op, row) in ops.iter().zip(matrix) {
        let Some(cost) = (spec.costs)(op) else {
            assert_eq!(*row, None, "{op:?}");
            continue;
        };
        let row = row.expect("what the machine has is measured");
        let riding = if op == Op::FpSqrt {
            (spec.costs)(Op::FpAdd).expect("adds")[1]
        } else {
            0
        };
        let expected = [cost[0], cost[1] + riding];
        for (shape, millicycles) in expected.into_iter().enumerate() {
            let what = format!("{op:?} {shape}");
            let ticks = milliticks(spec, millicycles);
            assert_close(&what, row[shape], ticks, tolerance(spec), quantum);
            // The ratio does not know the frequency; it inherits the quantum of both.
            let ratio = millicycles as f64 * 1_000.0 / add as f64;
            let relative = 0.01 + quantum / milliticks(spec, add);
            assert_close(
                &what,
                row[2 + shape],
                ratio,
                relative,
                1_000.0 * quantum / milliticks(spec, add),
            );
        }
    }
}

#[test]
fn latencies_and_throughputs() {
    for known in machines() {
        let evidence = probe(known.spec.clone(), 2, quick(known.arena), challenge());
        let pipeline = evidence.pipeline.expect("every machine computes");
        check_matrix(
            &known.spec,
            &pipeline::OPS,
            &pipeline.matrix,
            pipeline.iterations,
        );
        if let Some(simd) = evidence.simd {
            check_matrix(&known.spec, &simd::OPS, &simd.matrix, simd.iterations);
        }
        if let Some(fpu) = evidence.fpu {
            let found = [
                fpu.normal,
                fpu.subnormal,
                fpu.nan,
                fpu.overflow,
                fpu.rounding,
            ];
            for (op, cost) in fpu::OPS.into_iter().zip(found) {
                let expected = (known.spec.costs)(op).map(|c| milliticks(&known.spec, c[0]));
                let count = u64::from(UNROLL) * u64::from(fpu.iterations);
                let quantum = quantum(&known.spec, count);
                match (cost, expected) {
                    (Some(cost), Some(expected)) => {
                        assert_close("fpu", cost[MIN], expected, tolerance(&known.spec), quantum);
                    }
                    (cost, expected) => assert_eq!(cost.is_some(), expected.is_some()),
                }
            }
        }
    }
}

#[test]
fn a_machine_without_a_unit_says_so() {
    let evidence = probe(presets::m68k(), 3, quick(64 * KIB), challenge());
    assert_eq!(evidence.simd, None);
    assert_eq!(evidence.fpu, None);
    assert_eq!(evidence.fresh_code, None);
    assert_eq!(evidence.trap, None);
    assert_eq!(evidence.quirks, None);
    assert!(evidence.counter.is_some() && evidence.cache.is_some());
}

#[test]
fn branches_against_history() {
    let spec = presets::g4e();
    let predictor = spec.predictor.expect("a 7450 predicts");
    let branch = probe(spec.clone(), 4, quick(64 * KIB), challenge())
        .branch
        .expect("branches");
    let quantum = quantum(&spec, 4_096);
    let cost = |millicycles| milliticks(&spec, millicycles);
    for [period, found] in branch.pattern {
        let missed = if period as usize <= predictor.period {
            0
        } else {
            predictor.penalty / 2
        };
        assert_close(
            "period",
            found,
            cost(predictor.predicted + missed),
            0.02,
            quantum,
        );
    }
    for [depth, found] in branch.returns {
        let forgotten = u64::from(depth).saturating_sub(predictor.returns.into());
        let each = 2 * predictor.predicted * u64::from(depth) + forgotten * predictor.penalty;
        assert_close("depth", found, cost(each) / f64::from(depth), 0.02, quantum);
    }
    for [targets, found] in branch.indirect {
        let missed = predictor.penalty as f64 * (1.0 - 1.0 / f64::from(targets));
        let each = cost(2 * predictor.predicted) + missed * cost(1_000) / 1_000.0;
        assert_close("targets", found, each, 0.02, quantum);
    }
}

#[test]
fn fresh_code_tells_silicon_from_translation() {
    let of = |spec| {
        probe(spec, 5, quick(64 * KIB), challenge())
            .fresh_code
            .expect("code")
    };
    let g4e = of(presets::g4e());
    assert_eq!((g4e.stale, g4e.stale_rounds), (12, 12));
    let zen = of(presets::zen());
    assert_eq!((zen.stale, zen.stale_rounds), (0, 12));
    assert!(zen.first[MEDIAN] < 8 * zen.again[MEDIAN], "{zen:?}");
    let translated = of(presets::translator());
    assert_eq!(translated.stale, 0);
    assert!(translated.first[MEDIAN] > 30 * translated.again[MEDIAN]);
    assert!(translated.rewritten[MEDIAN] > 30 * translated.again[MEDIAN]);
}

#[test]
fn traps_cost_what_they_cost() {
    let spec = presets::zen();
    let trap = probe(spec.clone(), 6, quick(64 * KIB), challenge())
        .trap
        .expect("traps");
    let quantum = quantum(&spec, 4);
    assert_close(
        "identify",
        trap.identify[MIN],
        milliticks(&spec, 120_000),
        0.05,
        quantum,
    );
    assert_close(
        "serialise",
        trap.serialise[MIN],
        milliticks(&spec, 10_000),
        0.05,
        quantum,
    );
}

#[test]
fn the_counter_shows_its_lattice() {
    let of = |spec| {
        probe(spec, 7, quick(64 * KIB), challenge())
            .counter
            .expect("a counter")
    };
    for spec in [presets::g4e(), presets::zen(), presets::i486()] {
        let counter = of(spec);
        assert_eq!((counter.gcd, counter.backwards), (1, 0), "{counter:?}");
    }
    let translated = of(presets::translator());
    assert_eq!((translated.gcd, translated.step), (25, 25));
    let slow = of(presets::m68k());
    assert_eq!((slow.step, slow.overhead), (1, [0; 3]));
    assert!(slow.repeats > 0);
}

#[test]
fn two_clocks_give_their_ratio() {
    for spec in [presets::g4e(), presets::zen()] {
        let oscillator = probe(spec.clone(), 8, quick(64 * KIB), challenge())
            .oscillator
            .expect("an oscillator");
        assert_eq!(oscillator.clock.len(), 9);
        let [ticks, ns] = oscillator.clock[8];
        let per_tick = ns as f64 * 1e3 / ticks as f64 / spec.counter.tick as f64;
        let ppm = (per_tick - 1.0) * 1e6;
        // Two readings, each good to a tick or two.
        let quantum = 4.0 / ticks as f64 * 1e6;
        assert!((ppm - spec.clock_ppm as f64).abs() < quantum + 0.1, "{ppm}");
    }
}

#[test]
fn heat_has_a_time_constant() {
    let spec = presets::zen();
    let thermal = spec.thermal.expect("zen warms");
    let plan = Plan {
        quick: false,
        arena_bytes: 64 * KIB,
    };
    let found = probe(spec.clone(), 9, plan, challenge())
        .thermal
        .expect("a curve");
    let tau = (thermal.tau / spec.counter.tick / 1_024) as f64;
    // Points come every 0.7 time constants.
    for (what, measured) in [("ramp", found.ramp), ("recovery", found.recovery)] {
        let measured = f64::from(measured.expect(what));
        assert!(
            (0.6..2.0).contains(&(measured / tau)),
            "{what}: {measured} for {tau}"
        );
    }
    // The change: 8 % but for what had warmed before.
    let cost = |i: usize| f64::from(found.curve[i][1]);
    assert!(cost(17) / cost(0) > 1.05, "{:?}", found.curve);
    // No response where nothing warms.
    let cold = probe(presets::g4e(), 9, quick(64 * KIB), challenge());
    let cold = cold.thermal.expect("a curve");
    assert_eq!((cold.ramp, cold.recovery), (None, None));
    // And no recovery where the machine cannot rest.
    let busy = probe(presets::i486(), 9, quick(64 * KIB), challenge());
    assert_eq!(busy.thermal.expect("a curve").phases[3], 0);
}

#[test]
fn jitter_shows_interruptions() {
    let noisy = |every| {
        let mut spec = presets::zen();
        spec.noise.every = every;
        let jitter = probe(spec, 10, quick(64 * KIB), challenge())
            .jitter
            .expect("jitter");
        assert!(jitter
            .histograms
            .iter()
            .all(|h| h.iter().sum::<u16>() == jitter.windows));
        // Windows longer than the shortest by 2^11 ticks or more: 0.8 us.
        let long = |h: &[u16]| h.iter().skip(12).map(|&n| u32::from(n)).sum::<u32>();
        jitter.histograms.iter().map(|h| long(h)).sum::<u32>()
    };
    assert_eq!(noisy(0), 0);
    assert!(noisy(50_000_000) > 20, "one in 50 us");
}

/// Whatever the noise, the machine is the same.
fn check_486(evidence: &Evidence, spec: &Spec) {
    let cache = evidence.cache.as_ref().expect("memory");
    assert_eq!(cache.boundaries[..], [8]);
    assert_eq!((cache.line, &cache.tlb_reach[..]), (Some(16), &[30][..]));
    let pipeline = evidence.pipeline.as_ref().expect("a pipeline");
    check_matrix(spec, &pipeline::OPS, &pipeline.matrix, pipeline.iterations);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn noise_does_not_move_the_estimates(noise: u64, nonce in "[0-9a-f]{16}", every in 3u64..60) {
        let mut spec = presets::i486();
        spec.noise.every = every * 1_000_000_000;
        let plan = quick(256 * KIB);
        let evidence = probe(spec.clone(), noise, plan, Seed::derive(&nonce, "a miner"));
        check_486(&evidence, &spec);
    }
}

#[test]
fn the_same_seeds_give_the_same_evidence() {
    let run = || probe(presets::g4e(), 11, quick(64 * KIB), challenge());
    assert_eq!(run(), run());
    let machine = Simulated::new(presets::g4e(), 1);
    assert_eq!(machine.spec().architecture, "powerpc");
}
