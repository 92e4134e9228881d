//! What a verdict costs the node: a whole judgement, the replay of the digests alone, the dearest
//! replay that a submission can ask for, and a judgement of the existing network's checks.
//!
//! `cargo bench -p verdigris-node --bench verdict`

use criterion::{criterion_group, criterion_main, Criterion};
use probe_core::evidence::Evidence;
use probe_core::measure::MAX_ITERATIONS;
use std::hint::black_box;
use verdigris_node::verdict::checks::binding::recomputed;
use verdigris_node::verdict::checks::Subject;
use verdigris_node::verdict::{judge, Case, Profiles, Proof};

#[path = "../tests/verdict_machine/mod.rs"]
mod verdict_machine;

fn verdict(c: &mut Criterion) {
    let evidence = verdict_machine::honest();
    let case = verdict_machine::case(&evidence);
    let profiles = Profiles::builtin();
    c.bench_function("judge", |b| b.iter(|| judge(black_box(&case), &profiles)));

    let seed = verdict_machine::seed();
    let subject = Subject::new(&case, &evidence, &seed, &profiles);
    c.bench_function("replay", |b| {
        b.iter(|| recomputed(black_box(&subject), &verdict_machine::PLAN))
    });

    let dearest = dearest();
    let case = verdict_machine::case(&dearest);
    c.bench_function("judge, dearest evidence", |b| {
        b.iter(|| judge(black_box(&case), &profiles))
    });

    let checks = serde_json::Map::new();
    let legacy = Case {
        proof: Proof::Legacy(&checks),
        ..case.clone()
    };
    c.bench_function("judge legacy", |b| {
        b.iter(|| judge(black_box(&legacy), &profiles))
    });
}

/// Evidence whose counts ask for as much replay as their bounds allow.
fn dearest() -> Evidence {
    let mut evidence = verdict_machine::honest();
    for iterations in [
        evidence.pipeline.as_mut().map(|e| &mut e.iterations),
        evidence.simd.as_mut().map(|e| &mut e.iterations),
        evidence.fpu.as_mut().map(|e| &mut e.iterations),
        evidence.jitter.as_mut().map(|e| &mut e.iterations),
        evidence.oscillator.as_mut().map(|e| &mut e.iterations),
        evidence.thermal.as_mut().map(|e| &mut e.iterations),
    ]
    .into_iter()
    .flatten()
    {
        *iterations = MAX_ITERATIONS;
    }
    if let Some(branch) = &mut evidence.branch {
        branch.repeats = 64;
    }
    evidence
}

criterion_group!(benches, verdict);
criterion_main!(benches);
