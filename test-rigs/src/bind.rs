//! Evidence made to answer another challenge, without any kernel run.

use probe_core::channels::{
    branch, cache, fpu, fresh_code, jitter, oscillator, pipeline, simd, thermal,
};
use probe_core::evidence::Evidence;
use probe_core::plan::Plan;
use probe_core::seed::Seed;

/// Gives every channel the digest that `seed` asks for, as a careful liar does.
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
