//! Whose latencies these are: an x86 machine against every record of a real processor that could run its
//! program, and the core that it names among them.

use super::kernel::{MEASURED_APART, MEASURED_VECTOR, MEASURED_VECTOR_APART};
use super::{about, cache, Subject};
use crate::verdict::checks::pipeline;
use crate::verdict::likeness::{
    compare, is_of_another_era, nearest, Candidate, Likeness, Near, Sample,
};
use crate::verdict::processor::Known;
use crate::verdict::reason;
use crate::verdict::silicon::{unit_rank, Core, Record};
use crate::verdict::thresholds::{
    ERA_NEAR, LIKENESS_FAR, LIKENESS_LEAST, LIKENESS_MARGIN, NONE, OVERLAP,
};
use crate::verdict::{Aspect, Check, Outcome};

/// Compares the core that the machine names with the one that it is like.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(Known::X86(core)) = subject.processor.core() else {
        return Vec::new();
    };
    let near = subject.near();
    let silicon = &subject.profiles.silicon;
    let draft = about("likeness", Aspect::Kind);
    let Some(first) = near.first() else {
        return vec![draft.absent("Too few operations were timed to tell cores apart.")];
    };
    let measured = format!("nearest to {}", told(*first));
    let draft = draft.measured(measured);
    let check = match compare(core, near) {
        Likeness::Untold => draft.absent("Too few operations were timed to tell cores apart."),
        Likeness::Unrecorded { nearest } if is_of_another_era(core, near, silicon) => {
            let era = |year| silicon.eras().get(silicon.era_of(year));
            let own = era(core.year).map_or("", |e| e.name.as_str());
            draft
                .code(reason::LATENCIES_OF_ANOTHER_CORE)
                .expected(format!("latencies of the era of a {}: {own}", core.name))
                .margin(ERA_NEAR.value, nearest.distance.max(1))
                .so(
                    Outcome::Fail,
                    format!(
                        "No record is of a {}, but all that it is like are two or more generations from it: \
                         its latencies are those of {}.",
                        core.name,
                        told(nearest)
                    ),
                    &ERA_NEAR,
                )
        }
        Likeness::Unrecorded { .. } => draft
            .code(reason::CORE_WITHOUT_RECORD)
            .expected(format!("a record of {}", core.name))
            .so(
                Outcome::Note,
                format!(
                    "No record is of a {}: the latencies cannot prove it.",
                    core.name
                ),
                &NONE,
            ),
        Likeness::Alike { own } => draft
            .code(reason::LATENCIES_OF_THE_CORE_NAMED)
            .expected(expected(&core.name))
            .margin(own.distance, LIKENESS_FAR.value)
            .so(
                Outcome::Pass,
                format!("Its latencies are those of {}.", told(own)),
                &LIKENESS_FAR,
            ),
        Likeness::Other { own, nearest } => {
            let far = own.distance > LIKENESS_FAR.value;
            let by = if far { &LIKENESS_FAR } else { &LIKENESS_MARGIN };
            draft
                .code(reason::LATENCIES_OF_ANOTHER_CORE)
                .expected(expected(&core.name))
                .margin(own.distance, LIKENESS_FAR.value)
                .so(
                    Outcome::Fail,
                    format!(
                        "It names itself a {}, but is {} from {}; its latencies are nearest to {}.",
                        core.name,
                        apart(own.distance),
                        told(own),
                        told(nearest)
                    ),
                    by,
                )
        }
    };
    vec![check]
}

/// The records that the machine is near to: of cores that could run its program and have its vector unit, and of
/// the core that it names whether that could or not.
pub(super) fn near<'a>(subject: &Subject<'a>) -> Vec<Near<'a>> {
    let silicon = &subject.profiles.silicon;
    let unit = unit_rank(subject.evidence.identity.vector_unit.as_str());
    let named = match subject.processor.core() {
        Some(Known::X86(core)) => [Some(core.name.as_str()), core.like.as_deref()],
        _ => [None, None],
    };
    let able = |record: &Record, core: Option<&Core>| {
        let claimed = named.contains(&Some(record.core.as_str()));
        claimed
            || core.is_none_or(|core| {
                (core.long || !subject.processor.is_long()) && unit_rank(&core.unit) >= unit
            })
    };
    let candidates = silicon.records().iter().filter_map(|record| {
        let core = silicon.core_named(&record.core);
        able(record, core).then(|| Candidate {
            record,
            levels: core.map_or([None; 2], |c| {
                cache::exact_levels(subject, [&c.l1_kib, &c.l2_kib])
            }),
        })
    });
    let mut all = samples(subject);
    all.extend(overlapping(subject));
    nearest(&all, candidates)
}

/// The operations that were timed in both units, each waiting for the one before.
pub(super) fn samples<'a>(subject: &Subject<'a>) -> Vec<Sample<'a>> {
    let simd = subject.evidence.simd.as_ref();
    let simd = simd.map_or(Vec::new(), |s| {
        pipeline::ratios(&MEASURED_VECTOR, &s.matrix)
    });
    let both = pipeline::timed(subject).into_iter().chain(simd);
    both.map(|(kernel, ratio)| Sample { kernel, ratio })
        .collect()
}

/// The operations that were timed in both units without waiting. What costs as much without as with may be done by a
/// unit that does one thing at a time, or only its latency was told: it says nothing.
fn overlapping(subject: &Subject<'_>) -> Vec<Sample<'static>> {
    let scalar = subject.evidence.pipeline.as_ref().map(|p| &p.matrix[..]);
    let vector = subject.evidence.simd.as_ref().map(|s| &s.matrix[..]);
    let units = [
        (&MEASURED_APART[..], scalar),
        (&MEASURED_VECTOR_APART[..], vector),
    ];
    let rows = units.into_iter().flat_map(|(kernels, matrix)| {
        let matrix = matrix.unwrap_or_default();
        kernels
            .iter()
            .filter_map(move |(row, kernel)| Some((kernel, (*matrix.get(*row)?)?)))
    });
    rows.map(|(kernel, cell)| (kernel, cell.map(u64::from)))
        .filter(|(_, [_, _, chain, each])| each * 1000 < chain * OVERLAP.value)
        .map(|(kernel, [.., ratio])| Sample { kernel, ratio })
        .collect()
}

/// A record in words.
fn told(near: Near<'_>) -> String {
    let Near { record, distance } = near;
    format!(
        "{} ({}; {} away)",
        record.core,
        record.source,
        apart(distance)
    )
}

fn expected(core: &str) -> String {
    format!(
        "a record of {core} within {} and no record nearer by {}, over at least {} operations",
        apart(LIKENESS_FAR.value),
        apart(LIKENESS_MARGIN.value),
        LIKENESS_LEAST.value
    )
}

fn apart(octaves: u64) -> String {
    format!("{octaves} thousandths of an octave")
}
