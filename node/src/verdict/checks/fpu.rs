//! Floating-point special cases: subnormals, NaN, overflow, rounding-mode switches.

use super::{about, milli, Subject};
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::evidence::{Spread, MIN};

/// Tells the penalties. They are a mark of the family (an assist of some 150 cycles on Intel, almost
/// nothing on later AMD, almost nothing under QEMU), but too few are measured to judge by.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("fpu", Aspect::Kind);
    let Some(fpu) = &subject.evidence.fpu else {
        return vec![draft.absent("The machine has no floating-point unit, or it was not probed.")];
    };
    let Some(normal) = fpu.normal.map(|s| s[MIN]).filter(|&n| n > 0) else {
        return vec![draft.absent("Ordinary operands were not timed.")];
    };
    let ratio = |name: &str, spread: Option<Spread>| {
        spread.map(|s| {
            format!(
                "{name} {}",
                milli(u64::from(s[MIN]) * 1000 / u64::from(normal))
            )
        })
    };
    let ratios: Vec<String> = [
        ratio("subnormal", fpu.subnormal),
        ratio("NaN", fpu.nan),
        ratio("overflow", fpu.overflow),
        ratio("rounding switch", fpu.rounding),
    ]
    .into_iter()
    .flatten()
    .collect();
    vec![draft
        .measured(format!(
            "times an ordinary multiplication: {}",
            ratios.join(", ")
        ))
        .expected("a table of penalties by family: not yet collected")
        .so(
            Outcome::Note,
            "Collected for a table of families. Seen so far for subnormals: 32 to 41 on Intel \
             (Sapphire Rapids), 2.05 under QEMU on it.",
            &NONE,
        )]
}
