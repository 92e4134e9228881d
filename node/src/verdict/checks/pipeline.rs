//! Latencies as ratios to the add, against any real core (presence) and against the core that the
//! machine names (kind).

use super::{about, milli, Draft, Subject};
use crate::verdict::silicon::Bounds;
use crate::verdict::thresholds::{ADD_THROUGHPUT, KIND_FIT, NONE, PIPELINE_OUTLIERS};
use crate::verdict::{Aspect, Check, Outcome};

/// How a kernel of ours relates to the instruction that the tables measure: bounds become
/// `[low · least + base, high · most + base + extra]`.
pub(super) struct Kernel {
    /// The operation's name in the data files; empty where none applies.
    pub operation: &'static str,
    /// For people.
    pub name: &'static str,
    /// Factor on the least, thousandths.
    pub low: u64,
    /// Factor on the most, thousandths.
    pub high: u64,
    /// Adds on both bounds, thousandths.
    pub base: u64,
    /// Adds on the upper bound, thousandths.
    pub extra: u64,
}

/// A kernel that is the tabulated instruction itself: a tenth either way.
pub(super) const fn same(operation: &'static str, name: &'static str) -> Kernel {
    Kernel {
        operation,
        name,
        low: 900,
        high: 1100,
        base: 0,
        extra: 0,
    }
}

/// In the order of the channel's matrix.
const KERNELS: [Kernel; 9] = [
    // The calibrator itself.
    Kernel {
        operation: "",
        name: "add",
        low: 0,
        high: 0,
        base: 0,
        extra: 0,
    },
    same("int_mul", "multiply"),
    // Quotients of 17 bits: dividers that stop early take down to a third of the table's time. Moving
    // the dividend into place costs up to four adds.
    Kernel {
        operation: "int_div",
        name: "divide",
        low: 350,
        high: 1100,
        base: 0,
        extra: 4000,
    },
    // A shift and an exclusive-or, and a copy where moves are not free.
    Kernel {
        operation: "shift",
        name: "shift-xor",
        low: 900,
        high: 1100,
        base: 900,
        extra: 1300,
    },
    // The table's addressing mode may be a little faster than ours.
    Kernel {
        operation: "load",
        name: "load",
        low: 900,
        high: 1100,
        base: 0,
        extra: 500,
    },
    // The tables time four binary32; ours is one binary64, slower by two cycles on narrow cores.
    Kernel {
        operation: "fp_add",
        name: "FP add",
        low: 900,
        high: 1100,
        base: 0,
        extra: 2000,
    },
    Kernel {
        operation: "fp_mul",
        name: "FP multiply",
        low: 900,
        high: 1100,
        base: 0,
        extra: 2000,
    },
    // Binary64 has twice the quotient bits; a scalar may take half of what a vector takes.
    Kernel {
        operation: "fp_div",
        name: "FP divide",
        low: 500,
        high: 2300,
        base: 0,
        extra: 0,
    },
    Kernel {
        operation: "fp_sqrt",
        name: "square root",
        low: 400,
        high: 2300,
        base: 0,
        extra: 0,
    },
];

/// Judges the scalar matrix.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let Some(pipeline) = &subject.evidence.pipeline else {
        return vec![about("pipeline", Aspect::Presence).absent("The pipeline was not timed.")];
    };
    let mut checks = judge("pipeline", subject, &KERNELS, &pipeline.matrix);
    checks.extend(throughput(&pipeline.matrix));
    checks
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

/// Presence and kind for one matrix. Only x86 has tables so far.
pub(super) fn judge(
    channel: &'static str,
    subject: &Subject<'_>,
    kernels: &[Kernel],
    matrix: &[Option<[u32; 4]>],
) -> Vec<Check> {
    let ratios: Vec<(&Kernel, u64)> = kernels
        .iter()
        .zip(matrix)
        .filter_map(|(kernel, cell)| cell.map(|c| (kernel, u64::from(c[2]))))
        .filter(|(kernel, _)| !kernel.operation.is_empty())
        .collect();
    let measured: Vec<String> = ratios
        .iter()
        .map(|(kernel, ratio)| format!("{} {}", kernel.name, milli(*ratio)))
        .collect();
    let draft =
        |aspect| about(channel, aspect).measured(format!("in adds: {}", measured.join(", ")));
    if ratios.is_empty() {
        return vec![about(channel, Aspect::Presence).absent("No operation was timed.")];
    }
    if subject.processor.architecture != "x86_64" {
        return vec![draft(Aspect::Presence)
            .expected("a table for this architecture")
            .so(
                Outcome::Note,
                "There is no table of real cores of this architecture yet: collected, not judged.",
                &NONE,
            )];
    }
    let any = |operation: &str| subject.profiles.silicon.any(operation);
    let outside = misfits(&ratios, any);
    let presence = draft(Aspect::Presence).expected(format!(
        "fewer than {} operations outside what any real x86-64 core shows",
        PIPELINE_OUTLIERS.value
    ));
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
        kind(draft(Aspect::Kind), subject, &ratios),
    ]
}

/// Against the core that the machine names, or its maker's cores where it was not measured.
fn kind(draft: Draft, subject: &Subject<'_>, ratios: &[(&Kernel, u64)]) -> Check {
    let silicon = &subject.profiles.silicon;
    let Some(x86) = &subject.processor.x86 else {
        return draft.absent("The machine does not say which core it has.");
    };
    let core = x86.core.and_then(|core| silicon.of_core(core));
    let Some(table) = core.or_else(|| silicon.of_vendor(&x86.maker)) else {
        return draft.absent("No core of this maker was ever measured.");
    };
    let fit = misfits(ratios, |operation| table.bounds.get(operation).copied());
    if fit.judged == 0 {
        return draft.absent("The table has none of these operations.");
    }
    let fitting = fit.judged - fit.misfits.len();
    let ppm = fitting as u64 * 1_000_000 / fit.judged as u64;
    let whose = format!("{} ({} processors measured)", table.name, table.processors);
    let (good, bad) = if core.is_some() {
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
    let passes = ppm >= KIND_FIT.value;
    let reason = format!(
        "{fitting} of {} operations fit. {}{text}",
        fit.judged,
        if passes { good } else { bad }
    );
    draft.expected(whose).so(
        if passes { Outcome::Pass } else { Outcome::Fail },
        reason,
        &KIND_FIT,
    )
}

struct Fit {
    judged: usize,
    misfits: Vec<String>,
}

/// Which ratios lie outside their bounds, in words.
fn misfits(ratios: &[(&Kernel, u64)], bounds: impl Fn(&str) -> Option<Bounds>) -> Fit {
    let mut fit = Fit {
        judged: 0,
        misfits: Vec::new(),
    };
    for (kernel, ratio) in ratios {
        let Some([least, most]) = bounds(kernel.operation) else {
            continue;
        };
        let low = u64::from(least) * kernel.low / 1000 + kernel.base;
        let high = u64::from(most) * kernel.high / 1000 + kernel.base + kernel.extra;
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
