//! Machines to judge: an honest Zen 5 by the numbers measured on one, and changes to it.

#![allow(dead_code)] // each test file uses its own part

use probe_core::channels::{
    branch, cache, counter, environment, fpu, fresh_code, jitter, oscillator, pipeline, quirks,
    simd, thermal, trap,
};
use probe_core::evidence::{clip, Evidence, IdentityReport, Spread, EVIDENCE_VERSION};
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use verdigris_node::verdict::{judge, Case, Check, Claim, Outcome, Profiles, Proof, Verdict};

/// Ticks of one dependent add, in thousandths: 4.1 GHz against a counter of 2.6 GHz.
pub const ADD: u32 = 630;
/// Rate of the counter.
pub const HZ: u64 = 2_596_000_000;
/// Length of the probe.
const ELAPSED_TICKS: u64 = 2 * HZ;

pub const PLAN: Plan = Plan {
    quick: false,
    arena_bytes: 64 << 20,
};

/// The seed of every test's challenge.
pub fn seed() -> Seed {
    Seed::derive("a nonce", "a miner")
}

fn around(cost: u32) -> Spread {
    [cost, cost + cost / 50, cost + cost / 30, cost + cost / 10]
}

/// A row of a matrix from latency and throughput in thousandths of an add.
fn row(latency: u32, throughput: u32) -> Option<[u32; 4]> {
    let ticks = |adds: u32| (u64::from(adds) * u64::from(ADD) / 1000) as u32;
    Some([ticks(latency), ticks(throughput), latency, throughput])
}

fn list<T, const N: usize>(items: impl IntoIterator<Item = T>) -> heapless::Vec<T, N> {
    items.into_iter().collect()
}

/// How a unit answers the value probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// As Zen 5: estimates of twelve bits, 64-bit sines, PF of the index.
    Silicon,
    /// As QEMU 7.2.
    Qemu,
}

/// Bits of a table's estimate: the true value with eleven mantissa bits.
fn estimate(value: f64) -> u32 {
    (value as f32).to_bits() & !0x7ff
}

fn parity(word: u32) -> u32 {
    u32::from((word & 0xff).count_ones().is_multiple_of(2)) << 2
}

/// Answers to every probe that the verdict knows, for `seed`.
pub fn quirk_answers(seed: &Seed, values: Values) -> quirks::Evidence {
    let silicon = values == Values::Silicon;
    let float = |value: f64| {
        if silicon {
            estimate(value)
        } else {
            (value as f32).to_bits()
        }
    };
    let answer = |probe: &quirks::Probe, [a, b]: [u32; 2]| -> Vec<u32> {
        let lane = |i: u32, shift: u32| f64::from(f32::from_bits(a ^ (i << shift)));
        let lanes = u32::from(probe.words);
        let shift_af = if silicon { 0x0010_0010 } else { 0 };
        match probe.name {
            "rcpps" | "rcpss" => (0..lanes).map(|i| float(1.0 / lane(i, 21))).collect(),
            "rsqrtps" | "rsqrtss" => (0..lanes)
                .map(|i| float(1.0 / lane(i, 22).sqrt()))
                .collect(),
            "fsin" | "fcos" => {
                let low = if silicon {
                    a.wrapping_mul(0x9e37_79b9) | 1
                } else {
                    a & !0x7ff
                };
                vec![low, 0x8000_0000 | a, 0x3ffe]
            }
            "fsin_pi" if silicon => vec![0, 0x8000_0000, 0xbfbf],
            "fsin_pi" => vec![0xa2e0_3800, 0x8d31_3198, 0x3fca],
            "shl" | "shr" => vec![shift_af],
            "bsf" => {
                let source = (a | 1 << 31) & (u32::MAX << (b & 31));
                let of = if silicon {
                    source.trailing_zeros()
                } else {
                    source
                };
                vec![parity(of) * 0x1_0001]
            }
            "bsr" => {
                let source = (a >> (b & 31)) | 1;
                let of = if silicon {
                    31 - source.leading_zeros()
                } else {
                    source
                };
                vec![parity(of) * 0x1_0001]
            }
            _ => vec![0; lanes as usize],
        }
    };
    let answers = quirks::registry("x86_64")
        .iter()
        .map(|probe| quirks::Answer {
            id: probe.id,
            words: list(
                probe
                    .operands(seed)
                    .flat_map(|operand| answer(probe, operand)),
            ),
        });
    quirks::Evidence {
        answers: list(answers),
        ticks: 400_000,
    }
}

/// Identification words of a Zen 5 server part, without hypervisor.
pub fn zen5() -> IdentityReport {
    IdentityReport {
        architecture: clip("x86_64"),
        backend: clip("native"),
        name: clip("AMD EPYC 9755 128-Core Processor"),
        vector_unit: clip("avx2"),
        words: list([
            0x10,
            0x00b0_0f21,
            0x0002_0800,
            0x7ffa_3203,
            0x178b_fbff,
            0xf1bf_07ab,
            0x0040_5fc6,
            0x110,
            0x0040_03f3,
            0x2fd3_fbff,
            0,
            0x6874_7541,
        ]),
    }
}

/// An honest Zen 5 on metal, by the figures measured on one, answering this seed.
pub fn honest() -> Evidence {
    let seed = seed();
    let mut evidence = Evidence {
        arena: PLAN.arena_bytes,
        branch: Some(branch::Evidence {
            digest: 0,
            indirect: list(branch::FANS.map(|t| [u32::from(t), 2_000 + u32::from(t) * 90])),
            pattern: list(
                branch::PERIODS
                    .map(|p| [p, 700 + p / 2])
                    .into_iter()
                    .chain([[branch::RANDOM, 6_400]]),
            ),
            predictable: 680,
            repeats: 1,
            returns: list(branch::FANS.map(|d| [u32::from(d), 1_300 + u32::from(d) * 10])),
            ticks: 40_000_000,
        }),
        cache: Some(cache_curve()),
        counter: Some(counter::Evidence {
            backwards: 0,
            bits: 64,
            gcd: 26,
            nominal_hz: None,
            overhead: [26, 52, 52],
            repeats: 0,
            samples: 4_096,
            source: clip("rdtsc"),
            step: 26,
            ticks: 3_000_000,
        }),
        elapsed_ns: ELAPSED_TICKS * 1_000_000_000 / HZ,
        elapsed_ticks: ELAPSED_TICKS,
        environment: Some(facts(&[
            ("dmi.sys_vendor", "ASUSTeK COMPUTER INC."),
            ("dmi.product_name", "System Product Name"),
            ("os", "linux"),
        ])),
        fpu: Some(fpu::Evidence {
            digest: 0,
            iterations: 64,
            nan: Some(around(3_178)),
            normal: Some(around(3_185)),
            overflow: Some(around(3_180)),
            rounding: Some(around(26_225)),
            subnormal: Some(around(3_857)),
            ticks: 30_000_000,
        }),
        fresh_code: Some(fresh_code::Evidence {
            again: [78_000, 78_000, 78_000, 104_000],
            digest: 0,
            first: [182_000, 182_000, 208_000, 260_000],
            rewritten: [182_000, 208_000, 208_000, 260_000],
            rounds: 24,
            stale: 0,
            stale_rounds: 24,
            ticks: 6_000_000,
        }),
        identity: zen5(),
        jitter: None,
        oscillator: None,
        pipeline: Some(pipeline::Evidence {
            add: around(ADD),
            digest: 0,
            iterations: 256,
            matrix: list([
                row(1_000, 260),
                row(2_964, 743),
                row(10_751, 5_850),
                row(1_979, 507),
                row(4_022, 984),
                row(1_972, 496),
                row(2_945, 494),
                row(12_758, 3_908),
                row(20_900, 7_164),
            ]),
            ticks: 60_000_000,
        }),
        quick: false,
        quirks: Some(quirk_answers(&seed, Values::Silicon)),
        simd: Some(simd::Evidence {
            add: around(ADD),
            digest: 0,
            iterations: 256,
            matrix: list([
                row(1_977, 120),
                row(1_972, 386),
                row(1_964, 494),
                row(1_991, 258),
                row(2_999, 498),
                row(1_974, 502),
                row(3_023, 505),
                row(3_973, 496),
                row(1_939, 492),
                row(3_906, 481),
                row(3_915, 538),
            ]),
            ticks: 60_000_000,
        }),
        thermal: None,
        trap: Some(trap::Evidence {
            identify: around(80_000),
            samples: 31,
            serialise: around(6_500),
            ticks: 200_000,
        }),
        version: EVIDENCE_VERSION,
    };
    evidence.oscillator = Some(quiet_oscillator());
    evidence.jitter = Some(quiet_jitter());
    evidence.thermal = Some(warm());
    bind(&mut evidence, &seed);
    evidence
}

/// A curve with caches of 48 KiB, 1 MiB and 32 MiB.
fn cache_curve() -> cache::Evidence {
    let points = (0..33).map(|i| {
        around(match cache::working_set(i) / 1024 {
            0..=48 => 2_600,
            49..=1_024 => 9_100,
            1_025..=32_768 => 32_000,
            _ => 260_000,
        })
    });
    cache::Evidence {
        boundaries: list([48, 1_024, 32_768]),
        curve: list(points),
        digest: 0,
        line: Some(64),
        line_curve: list(
            [8, 16, 32, 64, 128, 256, 512].map(|d| [d, if d < 64 { 2_600 } else { 9_000 }]),
        ),
        page: 4096,
        steps: 16_384,
        ticks: 2_000_000_000,
        tlb: list([]),
        tlb_reach: list([96]),
    }
}

fn quiet_oscillator() -> oscillator::Evidence {
    let mut histogram = [0u16; oscillator::BINS];
    histogram[0] = 200;
    histogram[3] = 56;
    oscillator::Evidence {
        allan_ppb: list([900, 500, 300, 200]),
        clock: list((0..9u64).map(|i| [i * HZ / 5, i * 200_000_000])),
        cv_ppm: 900,
        digest: 0,
        histogram: list(histogram),
        iterations: 1_024,
        lag1_ppm: 30_000,
        mean: 31_100,
        minimum: 31_000,
        samples: 256,
        ticks: 100_000_000,
    }
}

fn quiet_jitter() -> jitter::Evidence {
    let mut histogram = [0u16; jitter::BINS];
    histogram[0] = 400;
    histogram[4] = 112;
    jitter::Evidence {
        digest: 0,
        histograms: list(jitter::KINDS.map(|_| list(histogram))),
        minima: list([20_000; 5]),
        ticks: 100_000_000,
        windows: 512,
        worst: list([90_000; 5]),
    }
}

fn warm() -> thermal::Evidence {
    let phases = [
        thermal::COLD,
        thermal::RAMP,
        thermal::SATURATION,
        thermal::RECOVERY,
    ];
    let points: u32 = phases.iter().map(|&p| u32::from(p)).sum();
    thermal::Evidence {
        curve: list((0..points).map(|i| [i * 20_000, ADD + i % 5])),
        digest: 0,
        iterations: 1_024,
        phases,
        ramp: None,
        recovery: None,
        ticks: 900_000_000,
    }
}

/// Facts of an environment.
pub fn facts(facts: &[(&str, &str)]) -> environment::Evidence {
    let facts: Vec<_> = facts
        .iter()
        .map(|(k, v)| environment::Fact::new(k, v))
        .collect();
    environment::Evidence::gather(&facts)
}

/// Gives every channel the digest that `seed` asks for.
pub fn bind(evidence: &mut Evidence, seed: &Seed) {
    let plan = Plan {
        quick: evidence.quick,
        arena_bytes: evidence.arena,
    };
    macro_rules! bind {
        ($($channel:ident),*) => {
            $(if let Some(e) = &mut evidence.$channel {
                e.digest = $channel::expected_digest(&plan, seed, e);
            })*
        };
    }
    bind!(pipeline, simd, fpu, branch, fresh_code, cache, jitter, oscillator, thermal);
}

/// The claim of an honest modern machine.
pub fn claim() -> Claim {
    Claim {
        family: "x86_64".into(),
        arch: "modern".into(),
        model: "AMD EPYC".into(),
        cpu: "AMD EPYC 9755 128-Core Processor".into(),
        hostname: "workbench".into(),
        cores: 128,
    }
}

/// The case of this evidence, answered in three seconds in 2026, on a new chain.
pub fn case(evidence: &Evidence) -> Case<'_> {
    Case {
        claim: claim(),
        proof: Proof::Evidence {
            evidence,
            seed: seed(),
        },
        answered_after_ms: 3_000,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    }
}

/// Judges it.
pub fn verdict(evidence: &Evidence) -> Verdict {
    judge(&case(evidence), &Profiles::builtin())
}

/// The checks that came out as `outcome`, for a failing test to print.
pub fn having(verdict: &Verdict, outcome: Outcome) -> Vec<&Check> {
    verdict
        .checks
        .iter()
        .filter(|c| c.outcome == outcome)
        .collect()
}

/// Whether a channel has a check that failed.
pub fn fails(verdict: &Verdict, channel: &str) -> bool {
    verdict
        .checks
        .iter()
        .any(|c| c.channel == channel && c.outcome == Outcome::Fail)
}
