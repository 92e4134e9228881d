//! The vector unit: its latencies as ratios to the scalar add.

use super::kernel::{within, Kernel, MEASURED_VECTOR};
use super::pipeline::{is_x86, judge};
use super::{about, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};

/// Against cycles as manuals and compilers give them, as [`super::kernel`] has them for scalars: no
/// other family has vectors of 256 bits.
const DESCRIBED: [Kernel; 8] = [
    within("vec_logic", "logic", 900, 1000),
    within("vec_shuffle", "shuffle", 900, 1000),
    within("vec_permute", "permute", 900, 1000),
    within("vec_int_add", "integer add", 900, 1000),
    within("vec_mul_add", "multiply-add", 900, 1000),
    within("vec_fp_add", "FP add", 900, 1000),
    within("vec_fp_mul", "FP multiply", 900, 1000),
    within("vec_fp_mul_add", "fused multiply-add", 900, 1000),
];

/// Judges the vector matrix.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = match &subject.evidence.simd {
        Some(simd) if is_x86(subject) => judge("simd", subject, &MEASURED_VECTOR, &simd.matrix),
        Some(simd) => judge("simd", subject, &DESCRIBED, &simd.matrix),
        None => {
            vec![about("simd", Aspect::Presence)
                .absent("There is no vector unit, or it was not timed.")]
        }
    };
    checks.extend(missing(subject));
    checks
}

/// A core that always has a vector unit, and shows none.
fn missing(subject: &Subject<'_>) -> Option<Check> {
    let core = subject.processor.named.filter(|c| c.vector_always)?;
    let simd = subject.evidence.simd.as_ref();
    if simd.is_some_and(|s| s.matrix.iter().any(Option::is_some)) {
        return None;
    }
    Some(
        about("simd", Aspect::Kind)
            .measured("no vector operation")
            .expected(format!("those that every {} has", core.name))
            .so(
                Outcome::Fail,
                "The core that is named has a vector unit, and this machine shows none.",
                &NONE,
            ),
    )
}
