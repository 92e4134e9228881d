//! The vector unit: its latencies as ratios to the scalar add.

use super::kernel::{same, within, Kernel};
use super::pipeline::{is_x86, judge};
use super::{about, Subject};
use crate::verdict::{Aspect, Check};

/// Against measurements of x86 processors. In the order of the channel's matrix.
const MEASURED: [Kernel; 11] = [
    same("vec_logic", "logic"),
    same("vec_shuffle", "shuffle"),
    same("vec_permute", "permute"),
    same("vec_int_add", "integer add"),
    same("vec_mul_add", "multiply-add"),
    same("vec_fp_add", "FP add"),
    same("vec_fp_mul", "FP multiply"),
    same("vec_fp_mul_add", "fused multiply-add"),
    same("wide_fp_add", "wide FP add"),
    same("wide_fp_mul_add", "wide fused"),
    same("wide_permute", "wide permute"),
];

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
    match &subject.evidence.simd {
        Some(simd) if is_x86(subject) => judge("simd", subject, &MEASURED, &simd.matrix),
        Some(simd) => judge("simd", subject, &DESCRIBED, &simd.matrix),
        None => {
            vec![about("simd", Aspect::Presence)
                .absent("There is no vector unit, or it was not timed.")]
        }
    }
}
