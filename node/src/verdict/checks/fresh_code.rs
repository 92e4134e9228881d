//! The first call of newly written code: an instruction-cache miss on silicon, a translation under a
//! dynamic translator. And old code that runs on: on some architectures never, on others until it is
//! flushed.

use super::{about, milli, Subject};
use crate::verdict::thresholds::{FETCH_APART, FRESH_CODE_EXTRA, HELD_CODE, NONE, STALE_COHERENT};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::fresh_code::Evidence;
use probe_core::evidence::MIN;

/// Architectures that keep instruction fetch coherent with stores by any address: x86 (Intel SDM volume
/// 3A, "Handling Self- and Cross-Modifying Code": compared by physical address) and z/Architecture
/// (Principles of Operation, "Storage-Operand Consistency").
const COHERENT: [&str; 3] = ["x86_64", "x86", "s390x"];

/// Judges what the first call, and the first call after a rewrite, cost beyond later ones.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("fresh_code", Aspect::Presence);
    let Some(fresh) = &subject.evidence.fresh_code else {
        return vec![draft.absent("The machine cannot write code and run it, or was not asked to.")];
    };
    let again = fresh.again[MIN];
    let extra = |first: u32| subject.in_adds(first.saturating_sub(again));
    let (Some(first), Some(rewritten)) = (extra(fresh.first[MIN]), extra(fresh.rewritten[MIN]))
    else {
        return vec![draft.absent("There is no add to compare with.")];
    };
    let ratio = u64::from(fresh.first[MIN]) * 1000 / u64::from(again.max(1));
    let limit = FRESH_CODE_EXTRA.value * 1000;
    let worst = first.max(rewritten);
    let draft = draft
        .measured(format!(
            "first call {} adds dearer than later ones (ratio {}), {} adds after a rewrite; {} rounds",
            milli(first),
            milli(ratio),
            milli(rewritten),
            fresh.rounds
        ))
        .expected(format!("at most {} adds dearer", FRESH_CODE_EXTRA.value))
        .margin(worst, limit);
    // A difference below the counter's resolution says nothing either way.
    let resolution = resolution(subject).unwrap_or(0);
    let mut checks = vec![if resolution > limit && worst <= resolution {
        draft.so(
            Outcome::Note,
            format!(
                "The counter tells apart {} adds at best: too coarse to see a translation by.",
                milli(resolution)
            ),
            &FRESH_CODE_EXTRA,
        )
    } else {
        draft.decide(
            worst <= limit,
            "New code runs at the cost of instruction-cache misses: nothing translates it first.",
            "New code is translated before it runs: this is a dynamic translator, not a processor.",
            &FRESH_CODE_EXTRA,
        )
    }];
    checks.extend(stale(subject, fresh));
    checks.extend(fetch(subject, fresh));
    checks.extend(held(fresh));
    checks
}

/// The smallest time that the counter tells apart, thousandths of an add.
fn resolution(subject: &Subject<'_>) -> Option<u64> {
    let ticks = subject.evidence.counter.as_ref()?.resolution();
    subject.in_adds(ticks.saturating_mul(1000))
}

/// Whether the old code ran on after a patch through another address that nothing synchronised.
fn stale(subject: &Subject<'_>, fresh: &Evidence) -> Option<Check> {
    if fresh.stale_rounds == 0 {
        return None;
    }
    let measured = format!(
        "old code ran in {} of {} rounds",
        fresh.stale, fresh.stale_rounds
    );
    if !COHERENT.contains(&subject.processor.architecture) {
        let draft = about("fresh_code", Aspect::Kind)
            .measured(measured)
            .expected("old code until it is flushed, or new code");
        return Some(draft.so(
            Outcome::Note,
            "Collected. Where instruction caches are not coherent old code runs on until it is flushed; \
             a translator that does not see the second mapping runs it on as well.",
            &NONE,
        ));
    }
    let draft = about("fresh_code", Aspect::Presence)
        .measured(measured)
        .expected("new code at once: this architecture keeps instruction fetch coherent");
    Some(if fresh.stale == 0 {
        draft.so(
            Outcome::Pass,
            "New code ran at once, as the architecture demands.",
            &STALE_COHERENT,
        )
    } else if fresh.stale == fresh.stale_rounds && u64::from(fresh.stale) >= STALE_COHERENT.value {
        draft.so(
            Outcome::Fail,
            "Old code ran on every time: a translator kept it, because the patch came through another \
             address. No processor of this architecture does.",
            &STALE_COHERENT,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Old code ran now and then: instructions already fetched may, which proves nothing.",
            &STALE_COHERENT,
        )
    })
}

/// A core whose instruction fetch does not look at stores, and that never ran old code.
fn fetch(subject: &Subject<'_>, fresh: &Evidence) -> Option<Check> {
    let core = subject.processor.named.filter(|core| core.fetch_apart)?;
    let rounds = u64::from(fresh.stale_rounds);
    if rounds < FETCH_APART.value {
        return None;
    }
    let draft = about("fresh_code", Aspect::Kind)
        .measured(format!(
            "old code ran in {} of {} rounds",
            fresh.stale, fresh.stale_rounds
        ))
        .expected(format!(
            "{}: in some, since no store reaches its instruction cache",
            core.name
        ));
    Some(draft.decide(
        fresh.stale > 0,
        "Old code ran on, as on a core whose instruction cache stores do not reach.",
        "New code ran at once every time: a store reached this machine's instruction fetch, which it does not on the core \
         that is named.",
        &FETCH_APART,
    ))
}

/// Whether the old code ran on even after caches were synchronised, where it had run before.
fn held(fresh: &Evidence) -> Option<Check> {
    if fresh.stale == 0 {
        return None;
    }
    let draft = about("fresh_code", Aspect::Presence)
        .measured(format!(
            "old code ran after synchronising in {} of {} rounds",
            fresh.held, fresh.stale_rounds
        ))
        .expected("new code once instruction fetch is synchronised, on every architecture");
    Some(if fresh.held == 0 {
        // No pass: an interpreter does as much.
        draft.so(
            Outcome::Note,
            "Once synchronised, the new code ran, as it must.",
            &HELD_CODE,
        )
    } else if fresh.held == fresh.stale_rounds && u64::from(fresh.held) >= HELD_CODE.value {
        draft.so(
            Outcome::Fail,
            "Old code ran on after caches were synchronised: a translator kept it, because the patch \
             came through another address.",
            &HELD_CODE,
        )
    } else {
        draft.so(
            Outcome::Note,
            "Old code ran on now and then: collected.",
            &HELD_CODE,
        )
    })
}
