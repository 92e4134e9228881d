//! That the evidence belongs to this challenge: its version, its plan, and the digests that its
//! kernels must give on operands drawn from the seed.

use super::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::{
    branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal,
};
use probe_core::evidence::EVIDENCE_VERSION;
use probe_core::plan::Plan;

/// Judges version and plan, and recomputes every digest.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let evidence = subject.evidence;
    let plan = Plan {
        quick: evidence.quick,
        arena_bytes: evidence.arena,
    };
    let known = evidence.version == EVIDENCE_VERSION && plan.is_valid();
    let form = about("binding", Aspect::Integrity)
        .measured(format!(
            "version {}, arena of {} bytes",
            evidence.version, evidence.arena
        ))
        .expected(format!(
            "version {EVIDENCE_VERSION}, an arena that a probe runs with"
        ))
        .decide(
            known,
            "The node knows what was to be measured.",
            "The node does not know this version or plan, so nothing in it can be recomputed.",
            &NONE,
        );
    if !known {
        return vec![form];
    }
    vec![form, digests(subject, &plan)]
}

/// `(channel, sent, expected)` for every channel that has a digest and is there.
pub fn recomputed(subject: &Subject<'_>, plan: &Plan) -> Vec<(&'static str, u32, u32)> {
    let (evidence, seed) = (subject.evidence, subject.seed);
    macro_rules! digest {
        ($($channel:ident),*) => {
            [$(evidence.$channel.as_ref().map(|e| {
                (stringify!($channel), e.digest, $channel::expected_digest(plan, seed, e))
            })),*]
        };
    }
    digest!(pipeline, simd, fpu, branch, fresh_code, cache, jitter, oscillator, thermal)
        .into_iter()
        .flatten()
        .collect()
}

fn digests(subject: &Subject<'_>, plan: &Plan) -> Check {
    let all = recomputed(subject, plan);
    let wrong: Vec<&str> = all
        .iter()
        .filter(|(_, sent, expected)| sent != expected)
        .map(|(name, ..)| *name)
        .collect();
    let names: Vec<&str> = all.iter().map(|(name, ..)| *name).collect();
    let draft = about("binding", Aspect::Integrity)
        .expected("the digests that this challenge's operands give");
    if all.is_empty() {
        return draft.measured("no channel with a digest").so(
            Outcome::Fail,
            "Nothing in this evidence depends on the challenge: it could have been made at any time.",
            &NONE,
        );
    }
    let draft = draft.measured(format!("digests of {}", names.join(", ")));
    if wrong.is_empty() {
        draft.so(
            Outcome::Pass,
            "Every kernel answered for this challenge and this miner: nothing was sent again.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Fail,
            format!(
                "Wrong for this challenge or this plan: {}.",
                wrong.join(", ")
            ),
            &NONE,
        )
    }
}
