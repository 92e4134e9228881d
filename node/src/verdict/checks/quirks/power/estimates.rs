//! Reciprocals, reciprocal square roots, powers and logarithms from tables.

use super::{joined, table, Answers, Family};
use crate::verdict::checks::about;
use crate::verdict::thresholds::{
    ESTIMATE_COMPUTED, FRES_ERROR, FRSQRTE_ERROR, NONE, POWER_ESTIMATE_SHARE,
    VECTOR_ESTIMATE_ERROR, VEXPTEFP_ERROR, VLOGEFP_ERROR,
};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::quirks::power::exponents;

/// A binary32 by its bits, exactly.
fn single(bits: u32) -> f64 {
    f64::from(f32::from_bits(bits))
}

/// An error in 1e-9; a NaN or an infinity is as wrong as can be.
fn nano(error: f64) -> u64 {
    let error = error.abs() * 1e9;
    if error.is_nan() {
        u64::MAX
    } else {
        // The cast saturates.
        error as u64
    }
}

/// Estimates must be as good as the manuals promise, and no better.
fn judge_estimates(kind: &str, errors: &[(u64, u64)]) -> Option<Check> {
    let draft = about("quirks", Aspect::Presence);
    let worst = errors.iter().map(|&(error, _)| error).max()?;
    let bound = errors.iter().map(|&(_, bound)| bound).max()?;
    let computed = errors
        .iter()
        .filter(|&&(error, _)| error <= ESTIMATE_COMPUTED.value)
        .count();
    let draft = draft
        .measured(format!(
            "{} {kind} estimates: worst error {worst}e-9, {computed} exact",
            errors.len()
        ))
        .expected(format!("errors of a table, at most {bound}e-9"));
    Some(if errors.iter().any(|&(error, bound)| error > bound) {
        draft.so(
            Outcome::Fail,
            "An estimate is worse than the architecture promises.",
            &POWER_ESTIMATE_SHARE,
        )
    } else if computed as u64 * 1000 >= errors.len() as u64 * POWER_ESTIMATE_SHARE.value {
        draft.so(
            Outcome::Fail,
            "The estimates are exact: an emulator computes where a processor looks up a table.",
            &POWER_ESTIMATE_SHARE,
        )
    } else {
        draft.so(
            Outcome::Pass,
            "The estimates are those of a table in silicon.",
            &POWER_ESTIMATE_SHARE,
        )
    })
}

/// `fres` and `frsqrte`.
pub(super) fn scalar_estimates(fres: &Answers, frsqrte: &Answers, family: Family) -> Option<Check> {
    let mut errors = Vec::new();
    // A 603 or 604 may divide.
    if family != Family::Old {
        errors.extend(fres.iter().map(|([a, _], words)| {
            let error = single(*a) * single(words[0]) - 1.0;
            (nano(error), FRES_ERROR.value)
        }));
    }
    errors.extend(frsqrte.iter().map(|([a, _], words)| {
        let error = f64::from_bits(joined(words[0], words[1])) * single(*a).sqrt() - 1.0;
        (nano(error), FRSQRTE_ERROR.value)
    }));
    judge_estimates("scalar", &errors)
}

/// The four vector estimates.
pub(super) fn vector_estimates(
    [vrefp, vrsqrtefp, vexptefp, vlogefp]: [&Answers; 4],
) -> Option<Check> {
    /// Around 1 the bound of a logarithm is another: of its own size.
    const NEAR_ONE: f64 = 0.125;
    let mut errors = Vec::new();
    let spread = |a: u32, shift: u32| (0u32..).map(move |lane| single(a ^ (lane << shift)));
    for ([a, _], words) in vrefp {
        errors.extend(spread(*a, 21).zip(*words).map(|(x, &y)| {
            let error = x * single(y) - 1.0;
            (nano(error), VECTOR_ESTIMATE_ERROR.value)
        }));
    }
    for ([a, _], words) in vrsqrtefp {
        errors.extend(spread(*a, 22).zip(*words).map(|(x, &y)| {
            let error = x.sqrt() * single(y) - 1.0;
            (nano(error), VECTOR_ESTIMATE_ERROR.value)
        }));
    }
    for ([a, _], words) in vexptefp {
        errors.extend(exponents(*a).into_iter().zip(*words).map(|(x, &y)| {
            let error = single(y) / single(x).exp2() - 1.0;
            (nano(error), VEXPTEFP_ERROR.value)
        }));
    }
    for ([a, _], words) in vlogefp {
        let far = spread(*a, 22).zip(*words);
        let far = far.filter(|(x, _)| (x - 1.0).abs() > NEAR_ONE);
        errors.extend(far.map(|(x, &y)| (nano(single(y) - x.log2()), VLOGEFP_ERROR.value)));
    }
    judge_estimates("vector", &errors)
}

/// The one table of estimates that is published: the 750CL's.
pub(super) fn documented_table(fres: &Answers, frsqrte: &Answers, family: Family) -> Option<Check> {
    let total = fres.len() + frsqrte.len();
    if total == 0 {
        return None;
    }
    let reciprocals = fres
        .iter()
        .filter(|([a, _], w)| w[0] == table::reciprocal(*a))
        .count();
    let roots = frsqrte
        .iter()
        .filter(|([a, _], w)| joined(w[0], w[1]) == table::reciprocal_root(*a))
        .count();
    let agree = reciprocals + roots;
    let draft = about("quirks", Aspect::Kind)
        .measured(format!(
            "{agree} of {total} estimates are those of the 750CL"
        ))
        .expected("all on a 750CL; other tables are not published");
    Some(if agree == total {
        draft.so(Outcome::Pass, "The estimates are the 750CL's table.", &NONE)
    } else if family == Family::Broadway {
        draft.so(
            Outcome::Fail,
            "The version register says 750CL, the estimates are not that processor's.",
            &NONE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Another table than the one that is published: collected.",
            &NONE,
        )
    })
}
