//! Evidence made by hand: what the self-check encodes, and what tests start from.

use heapless::Vec;
use probe_core::channels::environment::Fact;
use probe_core::channels::{
    branch, cache, counter, environment, fpu, fresh_code, jitter, oscillator, pipeline, quirks,
    simd, thermal, trap,
};
use probe_core::evidence::{clip, Evidence, IdentityReport, EVIDENCE_VERSION};

/// The last value probe of x86 that 64-bit processors answer.
const LAST_PROBE_OF_64_BITS: u16 = 21;

/// A list filled to its capacity.
fn full<T: Clone, const N: usize>(item: T) -> Vec<T, N> {
    let mut list = Vec::new();
    while list.push(item.clone()).is_ok() {}
    list
}

/// Nothing measured but who the processor says it is.
#[cfg(test)]
pub fn bare(architecture: &str) -> Evidence {
    Evidence {
        arena: 0,
        branch: None,
        cache: None,
        counter: None,
        counter_start: None,
        elapsed_ns: 0,
        elapsed_ticks: 0,
        environment: None,
        fpu: None,
        fresh_code: None,
        identity: IdentityReport {
            architecture: clip(architecture),
            backend: clip("native"),
            name: clip(""),
            vector_unit: clip(""),
            words: Vec::new(),
        },
        jitter: None,
        oscillator: None,
        pipeline: None,
        quick: false,
        quirks: None,
        simd: None,
        thermal: None,
        trap: None,
        version: EVIDENCE_VERSION,
    }
}

/// Every channel, every list as long as it gets in practice, numbers as long as on a fast counter.
pub fn ample() -> Evidence {
    let spread = [123_456, 123_567, 134_567, 145_678];
    let facts = [
        (
            "proc.cpuinfo.name",
            "A Processor with a Name of Forty-Eight Characters",
        ),
        ("dmi.sys_vendor", "A Maker of Computers, Inc."),
        ("dmi.product_name", "A Computer \\ \"Model 1\""),
        ("dmi.board_vendor", "A Maker of Computers, Inc."),
        ("dmi.board_name", "0ABCDE"),
        ("dmi.bios_vendor", "A Maker of Firmware"),
        ("dmi.chassis_vendor", "A Maker of Computers, Inc."),
        ("os", "Debian GNU/Linux 12 (bookworm)"),
        ("kernel", "6.1.0"),
    ]
    .map(|(key, value)| Fact::new(key, value));
    Evidence {
        arena: 67_108_864,
        branch: Some(branch::Evidence {
            digest: u32::MAX,
            indirect: (0..7).map(|_| [64, 22_946]).collect(),
            pattern: (0..13).map(|_| [4096, 2_018]).collect(),
            predictable: 1234,
            repeats: 1024,
            returns: (0..7).map(|_| [64, 11_229]).collect(),
            ticks: 123_456_789,
        }),
        cache: Some(cache::Evidence {
            boundaries: [48, 1024, 32_768].into_iter().collect(),
            // One tick up to 48 KiB, four to 1 MiB, sixteen beyond.
            curve: (0..33)
                .map(|point| match point {
                    0..=10 => [1_000, 1_010, 1_020, 1_030],
                    11..=20 => [4_000, 4_010, 4_020, 4_030],
                    _ => [16_000, 16_010, 16_020, 16_030],
                })
                .collect(),
            digest: u32::MAX,
            line: Some(64),
            line_curve: (0..7).map(|_| [512, 12_345]).collect(),
            page: 4096,
            steps: 8192,
            ticks: 2_345_678_901,
            tlb: full([8192, 55_200, 9_472]),
            tlb_reach: [96, 4096].into_iter().collect(),
        }),
        counter: Some(counter::Evidence {
            backwards: 0,
            bits: 64,
            gcd: 22,
            nominal_hz: Some(2_596_000_000),
            overhead: [44, 66, 132],
            repeats: 0,
            samples: 4096,
            source: clip("rdtsc"),
            step: 22,
            ticks: 123_456_789,
        }),
        counter_start: Some(2_596_000_000 * 86_400 * 60),
        elapsed_ns: 2_500_000_000,
        elapsed_ticks: 5_000_000_000,
        environment: Some(environment::Evidence::gather(&facts)),
        fpu: Some(fpu::Evidence {
            digest: u32::MAX,
            iterations: 1024,
            nan: Some(spread),
            normal: Some(spread),
            overflow: Some(spread),
            rounding: Some(spread),
            subnormal: Some(spread),
            ticks: 12_345_678,
        }),
        fresh_code: Some(fresh_code::Evidence {
            again: spread,
            digest: u32::MAX,
            first: spread,
            held: 0,
            rewritten: spread,
            rounds: 64,
            stale: 0,
            stale_rounds: 0,
            ticks: 12_345_678,
        }),
        identity: IdentityReport {
            architecture: clip("x86_64"),
            backend: clip("native"),
            name: clip("A Processor with a Name of Forty-Eight Characters"),
            vector_unit: clip("avx2"),
            words: full(u32::MAX),
        },
        jitter: Some(jitter::Evidence {
            digest: u32::MAX,
            histograms: full([100, 50, 20, 5, 1].into_iter().collect()),
            iterations: 64,
            minima: full(12_345),
            ticks: 12_345_678,
            windows: 4096,
            worst: full(123_456),
        }),
        oscillator: Some(oscillator::Evidence {
            allan_ppb: full(200_000),
            clock: full([4_000_000_000, 2_000_000_000]),
            cv_ppm: 1_500,
            digest: u32::MAX,
            histogram: full(123),
            iterations: 1024,
            lag1_ppm: -123_456,
            mean: 200_000,
            minimum: 199_000,
            samples: 1024,
            ticks: 123_456_789,
        }),
        pipeline: Some(pipeline::Evidence {
            add: spread,
            digest: u32::MAX,
            iterations: 1024,
            matrix: full(Some([2_345, 1_789, 2_345, 1_789])),
            ticks: 12_345_678,
        }),
        quick: false,
        quirks: Some(quirks::Evidence {
            // What a 64-bit processor answers; the later ones are for 32 bits alone.
            answers: quirks::x86::PROBES
                .iter()
                .take_while(|probe| probe.id <= LAST_PROBE_OF_64_BITS)
                .map(|probe| quirks::Answer {
                    id: probe.id,
                    words: (0..probe.draws * probe.words)
                        .map(|_| 148_178_945)
                        .collect(),
                })
                .collect(),
            ticks: 12_345,
        }),
        simd: Some(simd::Evidence {
            add: spread,
            digest: u32::MAX,
            iterations: 1024,
            matrix: full(Some([2_345, 1_789, 2_345, 1_789])),
            ticks: 12_345_678,
        }),
        thermal: Some(thermal::Evidence {
            // 64 × 48 adds of 1.000 and 1.010 ticks when cold, 1.100 to 1.120 when hot.
            curve: (0..32u32)
                .map(|point| {
                    [
                        point * 12_345,
                        if point < 4 { 1_000 } else { 1_100 } + point % 2 * 10,
                    ]
                })
                .collect(),
            digest: u32::MAX,
            iterations: 64,
            phases: [4, 10, 10, 8],
            ramp: Some(123_456),
            recovery: Some(123_456),
            ticks: 1_234_567_890,
        }),
        trap: Some(trap::Evidence {
            identify: spread,
            samples: 64,
            serialise: spread,
            ticks: 12_345_678,
        }),
        version: EVIDENCE_VERSION,
    }
}
