//! Latencies as ratios to the add, against any real core of the architecture (presence) and against
//! the core that the machine names, or that it fits (kind).

use super::kernel::{Kernel, DESCRIBED, MEASURED, MEASURED_X87};
use super::{about, milli, Draft, Subject};
use crate::verdict::families;
use crate::verdict::silicon::{unit_rank, Bounds};
use crate::verdict::thresholds::{
    ADD_THROUGHPUT, DESCRIBED_FIT, KIND_FIT, NONE, PIPELINE_OUTLIERS, RECOGNISED_OPERATIONS,
    SYSTEM_FLOATING,
};
use crate::verdict::{Aspect, Check, Outcome};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Judges the scalar matrix.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(pipeline) = &subject.evidence.pipeline else {
        return vec![about("pipeline", Aspect::Presence).absent("The pipeline was not timed.")];
    };
    let matrix = own(subject, &pipeline.matrix);
    let mut checks = judge("pipeline", subject, scalar(subject), matrix);
    checks.extend(throughput(&pipeline.matrix));
    if matrix.len() < pipeline.matrix.len() {
        checks.push(
            about("pipeline", Aspect::Kind)
                .measured("floating point at the cost of exceptions")
                .expected("the processor's own, or none")
                .so(
                    Outcome::Note,
                    "The system carries out floating point for a processor without it, as Linux does \
                     here: these operations are not the processor's, and not judged.",
                    &SYSTEM_FLOATING,
                ),
        );
    }
    checks
}

/// Architectures for whose processors without floating point Linux carries out the instructions.
const FLOATING_BY_SYSTEM: [&str; 5] = ["mips", "mips64", "m68k", "sparc", "powerpc"];

/// Positions of the FP add, from which on everything is floating point, and of the FP multiplication.
const FLOATING: usize = 5;
const FP_MUL: usize = 6;

/// The rows that are the processor's own: without floating point where an exception carries it out.
fn own<'a>(subject: &Subject<'_>, matrix: &'a [Option<[u32; 4]>]) -> &'a [Option<[u32; 4]>] {
    let by_exception = |row: usize| {
        let cell = matrix.get(row).copied().flatten();
        cell.is_some_and(|c| u64::from(c[2]) >= SYSTEM_FLOATING.value)
    };
    let possible = FLOATING_BY_SYSTEM.contains(&subject.processor.architecture);
    if possible && by_exception(FLOATING) && by_exception(FP_MUL) {
        &matrix[..FLOATING]
    } else {
        matrix
    }
}

/// How our scalar kernels relate to the tables of this architecture.
fn scalar(subject: &Subject<'_>) -> &'static [Kernel] {
    if !is_x86(subject) {
        &DESCRIBED
    } else if has_sse2(subject) {
        &MEASURED
    } else {
        &MEASURED_X87
    }
}

/// Whether floating point was measured in SSE2: in 64-bit mode always, otherwise where the vector unit has it.
fn has_sse2(subject: &Subject<'_>) -> bool {
    let unit = unit_rank(subject.evidence.identity.vector_unit.as_str());
    subject.processor.is_long() || unit >= unit_rank("sse2")
}

/// Whether the tables are those of x86.
pub(super) fn is_x86(subject: &Subject<'_>) -> bool {
    matches!(subject.processor.architecture, "x86_64" | "x86")
}

/// Independent adds must take some time: code that was thrown away takes none.
fn throughput(matrix: &[Option<[u32; 4]>]) -> Option<Check> {
    let independent = (*matrix.first()?)?[3];
    Some(
        about("pipeline", Aspect::Presence)
            .measured(format!(
                "an independent add costs {} of a dependent one",
                milli(u64::from(independent))
            ))
            .expected(format!("at least {}", milli(ADD_THROUGHPUT.value)))
            .decide(
                u64::from(independent) >= ADD_THROUGHPUT.value,
                "The adds were executed: no core is wider than this.",
                "The adds were not executed: a translator threw them away.",
                &ADD_THROUGHPUT,
            ),
    )
}

/// Ratios that were measured, each with its kernel.
type Ratios<'a> = Vec<(&'a Kernel, u64)>;

/// The scalar operations that were timed and are the processor's own.
pub(super) fn timed<'a>(subject: &Subject<'a>) -> Ratios<'a> {
    let pipeline = subject.evidence.pipeline.as_ref();
    pipeline.map_or(Vec::new(), |p| {
        ratios(scalar(subject), own(subject, &p.matrix))
    })
}

pub(super) fn ratios<'a>(kernels: &'a [Kernel], matrix: &[Option<[u32; 4]>]) -> Ratios<'a> {
    kernels
        .iter()
        .zip(matrix)
        .filter_map(|(kernel, cell)| cell.map(|c| (kernel, u64::from(c[2]))))
        .filter(|(kernel, _)| !kernel.operation.is_empty())
        .collect()
}

/// Presence and kind for one matrix.
pub(super) fn judge(
    channel: &'static str,
    subject: &Subject<'_>,
    kernels: &[Kernel],
    matrix: &[Option<[u32; 4]>],
) -> Vec<Check> {
    let ratios = ratios(kernels, matrix);
    let measured: Vec<String> = ratios
        .iter()
        .map(|(kernel, ratio)| format!("{} {}", kernel.name, milli(*ratio)))
        .collect();
    let draft =
        |aspect| about(channel, aspect).measured(format!("in adds: {}", measured.join(", ")));
    if ratios.is_empty() {
        return vec![about(channel, Aspect::Presence).absent("No operation was timed.")];
    }
    // The group that the machine fits best: it need only be one of them. One of which too little is known
    // would fit anything.
    let groups = subject
        .profiles
        .silicon
        .groups(subject.processor.architecture);
    let best = groups
        .iter()
        .map(|group| (group, misfits(&ratios, &group.ratios)))
        .enumerate()
        .filter(|(i, (_, fit))| fit.judged > 0 && (*i == 0 || fit.judged * 2 > ratios.len()))
        .map(|(_, best)| best)
        .min_by_key(|(_, fit)| (fit.misfits.len(), Reverse(fit.judged)));
    let Some((group, outside)) = best else {
        return vec![draft(Aspect::Presence)
            .expected("a table for this architecture")
            .so(
                Outcome::Note,
                "There is no table of real cores of this architecture for these operations: \
                 collected, not judged.",
                &NONE,
            )];
    };
    let presence = draft(Aspect::Presence).expected(format!(
        "fewer than {} of {} operations outside what {} shows",
        PIPELINE_OUTLIERS.value, outside.judged, group.name
    ));
    let presence = presence.margin(outside.misfits.len() as u64, PIPELINE_OUTLIERS.value);
    let few = (outside.misfits.len() as u64) < PIPELINE_OUTLIERS.value;
    let reason = if outside.misfits.is_empty() {
        String::from("Every operation costs what it costs on some real core.")
    } else if few {
        format!(
            "Only {} lies outside; one may be noise.",
            outside.misfits.join(", ")
        )
    } else {
        format!("No real core shows this: {}.", outside.misfits.join(", "))
    };
    let outcome = if few { Outcome::Pass } else { Outcome::Fail };
    vec![
        presence.so(outcome, reason, &PIPELINE_OUTLIERS),
        kind(channel, draft(Aspect::Kind), subject, &ratios),
    ]
}

/// A core's own latencies, or those that stand in for them.
struct Table<'a> {
    whose: String,
    /// Of the core itself, or one like it, not of its maker at large.
    exact: bool,
    bounds: &'a BTreeMap<String, Bounds>,
}

/// The table of the core that the machine names, or of its maker's cores where it was not measured.
fn table<'a>(subject: &Subject<'a>) -> Option<Table<'a>> {
    if let Some(core) = subject.processor.named {
        return Some(Table {
            whose: format!("{} ({})", core.name, core.source),
            exact: true,
            bounds: &core.ratios,
        });
    }
    let silicon = &subject.profiles.silicon;
    let x86 = subject.processor.x86.as_ref()?;
    let core = x86.core.and_then(|core| silicon.of_core(core));
    // The makers' tables are of their cores with 64-bit mode, which say nothing of their older ones.
    let long = subject.processor.is_long();
    let table = core.or_else(|| silicon.of_vendor(&x86.maker).filter(|_| long))?;
    Some(Table {
        whose: match &table.source {
            Some(source) => format!("{} ({source})", table.name),
            None => format!("{} ({} processors measured)", table.name, table.processors),
        },
        exact: core.is_some(),
        bounds: &table.bounds,
    })
}

/// Against the core that the machine names, or the ones that it fits where it names none.
fn kind(channel: &str, draft: Draft, subject: &Subject<'_>, ratios: &Ratios<'_>) -> Check {
    let Some(table) = table(subject) else {
        return if is_x86(subject) {
            draft.absent(
                "The machine does not say which core it has, or none of its maker was measured.",
            )
        } else if channel == "pipeline" {
            by_fit(draft, subject)
        } else {
            draft.absent("Nothing names the core: the scalar pipeline speaks for it.")
        };
    };
    let fit = misfits(ratios, table.bounds);
    if fit.judged == 0 {
        return draft.absent("The table has none of these operations.");
    }
    let fitting = fit.judged - fit.misfits.len();
    let ppm = fitting as u64 * 1_000_000 / fit.judged as u64;
    let (good, bad) = if table.exact {
        (
            "It fits the core that it names.",
            "It does not fit the core that it names: it is another.",
        )
    } else {
        (
            "It fits its maker's cores; its own was not measured.",
            "It fits none of its maker's cores.",
        )
    };
    let text = if fit.misfits.is_empty() {
        String::new()
    } else {
        format!(" Outside: {}.", fit.misfits.join(", "))
    };
    let needed = if is_x86(subject) {
        &KIND_FIT
    } else {
        &DESCRIBED_FIT
    };
    let passes = ppm >= needed.value;
    let reason = format!(
        "{fitting} of {} operations fit. {}{text}",
        fit.judged,
        if passes { good } else { bad }
    );
    draft.expected(table.whose).so(
        if passes { Outcome::Pass } else { Outcome::Fail },
        reason,
        needed,
    )
}

/// The cores that a machine fits entirely which cannot name its own: enough operations of the scalar
/// pipeline, not one outside, caches where they end, and no faster than they were ever sold.
pub fn recognised<'a>(subject: &Subject<'a>) -> Vec<&'a families::Core> {
    if subject.processor.core().is_some() {
        return Vec::new();
    }
    let ratios = timed(subject);
    let cores = subject.processor.family.into_iter().flat_map(|f| f.able());
    cores
        .filter(|core| {
            let fit = misfits(&ratios, &core.ratios);
            fit.misfits.is_empty() && fit.judged as u64 >= RECOGNISED_OPERATIONS.value
        })
        .filter(|core| super::cache::may_be(subject, [&core.l1_kib, &core.l2_kib]))
        .filter(|core| super::speed::may_be(subject, core))
        .collect()
}

fn by_fit(draft: Draft, subject: &Subject<'_>) -> Check {
    let cores = recognised(subject);
    let draft = draft.expected("one core of the table that it fits entirely");
    if cores.is_empty() {
        return draft.so(
            Outcome::Note,
            "Nothing names the core, and no core of the table has all of these latencies: it counts as \
             its architecture.",
            &RECOGNISED_OPERATIONS,
        );
    }
    let names: Vec<&str> = cores.iter().map(|c| c.name.as_str()).collect();
    draft.so(
        Outcome::Pass,
        format!(
            "Nothing names the core, but these have all of its latencies: {}. It counts as the least of \
             them.",
            names.join("; ")
        ),
        &RECOGNISED_OPERATIONS,
    )
}

struct Fit {
    judged: usize,
    misfits: Vec<String>,
}

/// Which ratios lie outside their bounds, in words.
fn misfits(ratios: &[(&Kernel, u64)], bounds: &BTreeMap<String, Bounds>) -> Fit {
    let mut fit = Fit {
        judged: 0,
        misfits: Vec::new(),
    };
    for (kernel, ratio) in ratios {
        let Some(&bounds) = bounds.get(kernel.operation) else {
            continue;
        };
        let [low, high] = kernel.bounds(bounds);
        fit.judged += 1;
        if !(low..=high).contains(ratio) {
            fit.misfits.push(format!(
                "{} {} (real: {} to {})",
                kernel.name,
                milli(*ratio),
                milli(low),
                milli(high)
            ));
        }
    }
    fit
}
