//! The vector unit: its latencies as ratios to the scalar add.

use super::pipeline::{judge, same, Kernel};
use super::{about, Subject};
use crate::verdict::{Aspect, Check};

/// In the order of the channel's matrix.
const KERNELS: [Kernel; 11] = [
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

/// Judges the vector matrix.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    match &subject.evidence.simd {
        Some(simd) => judge("simd", subject, &KERNELS, &simd.matrix),
        None => {
            vec![about("simd", Aspect::Presence)
                .absent("There is no vector unit, or it was not timed.")]
        }
    }
}
