//! Whether any processor has such latencies together: each may lie within what some processor shows, and all of them be
//! those of none.
//!
//! A machine that names a core with a record must be near to some record, of whatever core: which one is the kind's
//! question. Of a core that nobody has recorded all that is known is that its latencies are whole cycles.

use super::kernel::{FULL, MEASURED, MEASURED_VECTOR, MEASURED_X87};
use super::{about, pipeline, Subject};
use crate::verdict::likeness::{compare, Likeness, Near};
use crate::verdict::processor::Known;
use crate::verdict::silicon::Record;
use crate::verdict::thresholds::{
    FRACTIONAL_OPERATIONS, IMITATION_FAR, RECORD_RANGE, WHOLE_CYCLES,
};
use crate::verdict::{Aspect, Check};

/// Judges all latencies of an x86 machine together.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    if !pipeline::is_x86(subject) {
        return Vec::new();
    }
    let near = subject.near();
    let named = names_a_recorded_core(subject, near);
    let own = match subject.processor.core() {
        Some(Known::X86(core)) => [Some(core.name.as_str()), core.like.as_deref()],
        _ => [None, None],
    };
    // Almost anything is near to a record of wide ranges: it speaks for machines of its own core alone.
    let tells = |n: &&Near<'_>| is_narrow(n.record) || own.contains(&Some(n.record.core.as_str()));
    match near.iter().copied().find(|n| tells(&n)) {
        Some(nearest) if named || nearest.distance <= IMITATION_FAR.value => {
            return vec![like_a_record(nearest)];
        }
        _ => {}
    }
    // Cores of 32 bits are history, and some of their tables are of adds that take a cycle and a tenth.
    let long = subject.processor.is_long();
    // Too few operations tell nothing.
    let told = !near.is_empty();
    let checked = (long && told).then(|| in_whole_cycles(subject));
    checked.into_iter().collect()
}

/// Whether a record says of every operation that does not depend on its operands what it costs within a factor of two.
fn is_narrow(record: &Record) -> bool {
    let kernels = || MEASURED.iter().chain(&MEASURED_X87).chain(&MEASURED_VECTOR);
    let fixed = |operation: &str| {
        kernels().any(|kernel| kernel.operation == operation && kernel.weight >= FULL)
    };
    let bounds = record
        .bounds
        .iter()
        .filter(|(operation, _)| fixed(operation));
    bounds
        .into_iter()
        .all(|(_, &[least, most])| u64::from(most) * 1000 <= u64::from(least) * RECORD_RANGE.value)
}

fn names_a_recorded_core(subject: &Subject<'_>, near: &[Near<'_>]) -> bool {
    let Some(Known::X86(core)) = subject.processor.core() else {
        return false;
    };
    matches!(
        compare(core, near),
        Likeness::Alike { .. } | Likeness::Other { .. }
    )
}

fn like_a_record(nearest: Near<'_>) -> Check {
    about("likeness", Aspect::Presence)
        .measured(format!(
            "{} thousandths of an octave an operation from {} ({}), the nearest of all",
            nearest.distance, nearest.record.core, nearest.record.source
        ))
        .expected(format!("at most {}", IMITATION_FAR.value))
        .margin(nearest.distance, IMITATION_FAR.value)
        .decide(
            nearest.distance <= IMITATION_FAR.value,
            "Some processor has such latencies, all of them together.",
            "Each latency may be some processor's, but no processor has them all: they were made up.",
            &IMITATION_FAR,
        )
}

fn in_whole_cycles(subject: &Subject<'_>) -> Check {
    let vector = subject.evidence.simd.as_ref();
    let vector = vector.map_or(Vec::new(), |s| {
        pipeline::ratios(&MEASURED_VECTOR, &s.matrix)
    });
    let operations = pipeline::timed(subject).into_iter().chain(vector);
    // Divisions and roots depend on their operands, and some are averages.
    let fixed = operations.filter(|(kernel, _)| kernel.weight >= FULL);
    let between: Vec<bool> = fixed.map(|(_, ratio)| is_between(ratio)).collect();
    let fractional = between.iter().filter(|&&is| is).count();
    let many = fractional as u64 >= FRACTIONAL_OPERATIONS.value && fractional * 4 > between.len();
    about("likeness", Aspect::Presence)
        .measured(format!(
            "a core without a record; {fractional} of {} latencies between two whole numbers of adds",
            between.len()
        ))
        .expected(format!(
            "fewer than {}, within {} thousandths, as a core's cycles make them",
            FRACTIONAL_OPERATIONS.value, WHOLE_CYCLES.value
        ))
        .margin(fractional as u64, FRACTIONAL_OPERATIONS.value)
        .decide(
            !many,
            "Its latencies are whole cycles.",
            "No clock makes such latencies: they were made up, or a translator's.",
            &FRACTIONAL_OPERATIONS,
        )
}

/// Whether a ratio lies between two whole numbers of adds.
const fn is_between(ratio: u64) -> bool {
    let whole = match (ratio + 500) / 1000 * 1000 {
        0 => 1000,
        whole => whole,
    };
    ratio.abs_diff(whole) * 1000 > whole * WHOLE_CYCLES.value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_cycles_are_told_from_fractions() {
        for whole in [1_000, 1_953, 2_000, 3_994, 4_005, 11_038] {
            assert!(!is_between(whole), "{whole}");
        }
        for fraction in [0, 500, 1_100, 1_500, 2_400, 3_800, 5_500] {
            assert!(is_between(fraction), "{fraction}");
        }
    }
}
