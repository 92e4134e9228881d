//! From records to figures: who won, by which channel the others were found, and how far from the limits.

use super::record::{Check, Goal, Judgement, Record, Truth};
use super::statistics::{bootstrap, Share, CONFIDENCE, RESAMPLINGS};
use probe_core::seed::Seed;
use std::collections::{BTreeMap, BTreeSet};
use verdigris_node::verdict::thresholds::KIND_FIT;

/// A run as it is read.
pub type Run = Record<Judgement>;

/// The status of an accepted submission.
const ACCEPTED: u16 = 200;

/// The channel of marks by which an environment names itself. Whoever removes them is caught by the others or not at
/// all, so in emulation they count for nothing.
const MARKS: &str = "environment";

/// The rigs of which that is so.
const EMULATORS: [&str; 2] = ["emulation", "system"];

/// The channel that compares with records of real processors.
const LIKENESS: &str = "likeness";

/// Channels of kind of which one failure decides; the others are counted together.
const DECISIVE: [&str; 2] = ["claim", LIKENESS];

/// The code of a refusal by the judge; every other is the protocol's.
const JUDGED: &str = "EVIDENCE_REJECTED";

/// Whether a run got what it was after; `None` where nothing could be acquired. For an honest machine that is right, for
/// an attack it is an error of the node.
pub fn won(run: &Run) -> Option<bool> {
    if run.status == 0 {
        return None;
    }
    let silicon = || {
        run.verdict
            .as_ref()
            .filter(|v| v.physical && run.status == ACCEPTED)
    };
    Some(match &run.goal {
        Goal::Accepted => run.status == ACCEPTED,
        Goal::Silicon => silicon().is_some() || only_marked(run),
        Goal::Class(class) => silicon().is_some_and(|v| v.class == *class),
        Goal::SameUnit => run.verdict.as_ref()?.continuity_ppm? == WHOLE,
        Goal::Votes => match (&run.fleet, run.truth) {
            (None, _) => return None,
            (Some(fleet), Truth::Honest) => fleet.penalised() == 0,
            // One name is the machine's due; to take an honest name's vote would be a success as well.
            (Some(fleet), Truth::Attack) => fleet.paid_at_last() > 1 || fleet.penalised() > 0,
        },
    })
}

fn is_emulator(run: &Run) -> bool {
    EMULATORS.contains(&run.key.rig.as_str())
}

/// Whether nothing but its own marks gave an emulator away.
fn only_marked(run: &Run) -> bool {
    let Some(verdict) = run.verdict.as_ref().filter(|_| is_emulator(run)) else {
        return false;
    };
    let failed = failed(verdict, "presence");
    verdict.integrity && !failed.is_empty() && failed.iter().all(|c| *c == MARKS)
}

/// Whether the machine was taken for silicon at all: presence, whatever its kind. `None` where no judge saw it.
pub fn present(run: &Run) -> Option<bool> {
    let verdict = run.verdict.as_ref()?;
    Some(verdict.physical || only_marked(run))
}

/// Channels that failed on an aspect.
fn failed<'a>(verdict: &'a Judgement, aspect: &str) -> BTreeSet<&'a str> {
    let failed = |c: &&Check| c.outcome == "fail" && c.aspect == aspect;
    verdict
        .checks
        .iter()
        .filter(failed)
        .map(|c| c.channel.as_str())
        .collect()
}

/// What stopped a run: channels with their aspect, or the protocol's code. An attack on a class may be stopped by nothing
/// that failed: its words were simply not believed.
pub fn stopped_by(run: &Run) -> BTreeSet<String> {
    if run.fleet.is_some() {
        return BTreeSet::from(["fleet".to_owned()]);
    }
    let judged = run.status == ACCEPTED || run.code.as_deref() == Some(JUDGED);
    if !judged {
        return run.code.iter().map(|code| code.to_lowercase()).collect();
    }
    let Some(verdict) = &run.verdict else {
        return BTreeSet::new();
    };
    let mut found = BTreeSet::new();
    let decided = match run.goal {
        Goal::SameUnit => Some("continuity"),
        Goal::Class(_) => Some("kind"),
        _ => None,
    };
    for aspect in ["integrity", "presence"].into_iter().chain(decided) {
        let channels = failed(verdict, aspect).into_iter();
        let counted = channels.filter(|c| !(*c == MARKS && is_emulator(run)));
        found.extend(counted.map(|channel| format!("{channel} ({aspect})")));
    }
    if found.is_empty() {
        let why = if verdict.physical {
            "name not believed"
        } else {
            "not proven"
        };
        found.insert(why.into());
    }
    found
}

/// How suspect a check is: the deciding number's distance from its limit, so that 1 is the limit, less passes, and more
/// fails, whichever side of the limit is the good one. A check without a number is 0 or infinite. `None` where it
/// decided nothing.
pub fn suspicion_of(check: &Check) -> Option<f64> {
    let pass = match check.outcome.as_str() {
        "pass" => true,
        "fail" => false,
        _ => return None,
    };
    Some(match check.of_limit_ppm {
        None | Some(0) => {
            if pass {
                0.0
            } else {
                f64::INFINITY
            }
        }
        // A distance: more is worse. A failure below the limit was decided by another record that is nearer.
        Some(ppm) if check.channel == LIKENESS => {
            let part = ppm as f64 / 1e6;
            if pass {
                part.min(1.0)
            } else {
                part.max(1.0 + f64::EPSILON)
            }
        }
        Some(ppm) => {
            let part = ppm as f64 / 1e6;
            // A check that passes above its limit, or fails below, is better the larger its number is.
            if pass == (part > 1.0) && part != 1.0 {
                1.0 / part
            } else {
                part
            }
        }
    })
}

/// The largest suspicion that a run's checks of an aspect raise, in one channel or in all where none is named: more than
/// 1 is what the verdict refuses. Evidence that does not hold together is infinitely suspect.
pub fn suspicion(run: &Run, aspect: &str, channel: Option<&str>) -> Option<f64> {
    let verdict = run.verdict.as_ref()?;
    if channel.is_none() && !verdict.integrity {
        return Some(f64::INFINITY);
    }
    // The kind is not decided by its most suspect check, but by decisive ones and by the share of all that fit.
    let together = aspect == "kind" && channel.is_none();
    let counted = |c: &&Check| {
        c.aspect == aspect
            && c.channel != MARKS
            && channel.is_none_or(|name| c.channel == name)
            && (!together || DECISIVE.contains(&c.channel.as_str()))
    };
    let scores = verdict
        .checks
        .iter()
        .filter(counted)
        .filter_map(suspicion_of);
    let misfit = verdict.kind_ppm.filter(|_| together).map(misfit);
    scores.chain(misfit).max_by(f64::total_cmp)
}

/// A score of which no check failed, parts per million.
const WHOLE: u32 = 1_000_000;

/// The share of checks of kind that did not fit, over the share that need not.
fn misfit(kind_ppm: u32) -> f64 {
    let whole = u64::from(WHOLE);
    let allowed = whole - KIND_FIT.value.min(whole - 1);
    (whole - u64::from(kind_ppm).min(whole)) as f64 / allowed as f64
}

/// The suspicions of all runs of which there are any.
pub fn suspicions<'a>(
    runs: impl IntoIterator<Item = &'a Run>,
    aspect: &str,
    channel: Option<&str>,
) -> Vec<f64> {
    let of = |run: &'a Run| suspicion(run, aspect, channel);
    runs.into_iter().filter_map(of).collect()
}

/// The channels that decided anything of an aspect in any run.
pub fn channels<'a>(runs: &'a [Run], aspect: &str) -> Vec<&'a str> {
    let checks = runs
        .iter()
        .filter_map(|r| r.verdict.as_ref())
        .flat_map(|v| &v.checks);
    let deciding = checks.filter(|c| c.aspect == aspect && suspicion_of(c).is_some());
    let names: BTreeSet<&str> = deciding.map(|c| c.channel.as_str()).collect();
    names.into_iter().filter(|name| *name != MARKS).collect()
}

/// What a run asks of the node: questions whose answers no figure mixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Silicon rather than an imitation?
    Presence,
    /// Which silicon?
    Kind,
    /// The same unit as before?
    Continuity,
    /// How many machines behind so many names?
    Number,
}

/// The question of a run.
const fn question(run: &Run) -> Question {
    match run.goal {
        Goal::Accepted | Goal::Silicon => Question::Presence,
        Goal::Class(_) => Question::Kind,
        Goal::SameUnit => Question::Continuity,
        Goal::Votes => Question::Number,
    }
}

/// A line of the report: one way of one rig.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The rig.
    pub rig: String,
    /// The way, without what follows a second colon (which core was claimed).
    pub way: String,
    /// The truth.
    pub truth: Truth,
    /// Which of the three questions its runs ask.
    pub question: Question,
    /// All runs.
    pub runs: u64,
    /// Machines.
    pub units: u64,
    /// Runs without an answer, of all.
    pub not_acquired: Share,
    /// Of those with an answer, those that went as they should: attacks caught, honest machines done right by.
    pub right: Share,
    /// The same by machine.
    pub interval: Option<[f64; 2]>,
    /// Of those with a verdict, those taken for silicon.
    pub silicon: Share,
    /// What stopped them, and how many: attacks that were caught, honest machines that were wronged.
    pub stopped: BTreeMap<String, u64>,
}

impl Line {
    /// Whether it is a presentation attack in the sense of ISO/IEC 30107: something that is not the machine that it wants
    /// to be taken for. Made-up numbers are, whatever class they ask for.
    pub fn is_presentation(&self) -> bool {
        self.question == Question::Presence || self.rig == "invention"
    }
}

/// The way as the report has it: what follows a second colon, or a first behind a claim to be older, only says which
/// core was claimed.
pub fn way(variant: &str) -> &str {
    let named = usize::from(!variant.contains("older"));
    let end = variant.match_indices(": ").nth(named);
    end.map_or(variant, |(at, _)| &variant[..at])
}

/// One line for each way of each rig, in the order of their names.
pub fn lines(runs: &[Run]) -> Vec<Line> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        let key = (run.key.rig.as_str(), way(&run.key.variant));
        groups.entry(key).or_default().push(run);
    }
    groups
        .into_iter()
        .map(|((rig, way), runs)| line(rig, way, &runs))
        .collect()
}

fn line(rig: &str, way: &str, runs: &[&Run]) -> Line {
    let truth = runs.first().map_or(Truth::Attack, |r| r.truth);
    let right = |run: &&Run| won(run).map(|won| won == (truth == Truth::Honest));
    let mut units: BTreeMap<&str, Share> = BTreeMap::new();
    let mut stopped: BTreeMap<String, u64> = BTreeMap::new();
    for run in runs {
        let unit = units.entry(&run.key.unit).or_default();
        if let Some(right) = right(run) {
            unit.hits += u64::from(right);
            unit.of += 1;
        }
        if won(run) == Some(false) {
            for what in stopped_by(run) {
                *stopped.entry(what).or_default() += 1;
            }
        }
    }
    let shares: Vec<Share> = units.values().copied().collect();
    // Seeded by what it is about: the same records give the same interval.
    let mut random = Seed::derive(rig, way).stream(0);
    Line {
        rig: rig.into(),
        way: way.into(),
        truth,
        question: runs.first().map_or(Question::Presence, |r| question(r)),
        runs: runs.len() as u64,
        units: units.len() as u64,
        not_acquired: Share::count(runs.iter().map(|r| won(r).is_none())),
        right: Share::count(runs.iter().filter_map(right)),
        interval: bootstrap(&shares, RESAMPLINGS, CONFIDENCE, &mut random),
        silicon: Share::count(runs.iter().filter_map(|r| present(r))),
        stopped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::record::{Claimed, Key, Origin};
    use proptest::prelude::*;

    fn check(channel: &str, aspect: &str, outcome: &str, of_limit_ppm: Option<u64>) -> Check {
        Check {
            channel: channel.into(),
            aspect: aspect.into(),
            outcome: outcome.into(),
            threshold: String::new(),
            of_limit_ppm,
        }
    }

    fn run(rig: &str, goal: Goal, status: u16, class: &str, checks: Vec<Check>) -> Run {
        let failed = |aspect: &str| {
            checks
                .iter()
                .any(|c| c.aspect == aspect && c.outcome == "fail")
        };
        let integrity = !failed("integrity");
        let physical = integrity && !failed("presence");
        Record {
            key: Key {
                rig: rig.into(),
                variant: "a way: g4: of one core".into(),
                unit: "unit".into(),
                run: 0,
                seed: 0,
                node: String::new(),
            },
            truth: Truth::Attack,
            origin: Origin::Invented,
            goal,
            claim: Claimed::default(),
            status,
            code: (status != ACCEPTED).then(|| JUDGED.into()),
            verdict: (status != 0).then(|| Judgement {
                rules: 1,
                integrity,
                physical,
                class: class.into(),
                kind_ppm: None,
                presence_ppm: None,
                continuity_ppm: None,
                checks,
            }),
            fleet: None,
            answered_ms: 0,
            at: 0,
            machine: String::new(),
        }
    }

    #[test]
    fn attacks_win_by_what_they_are_after() {
        let g4 = Goal::Class("g4".into());
        let good = || vec![check("cache", "presence", "pass", None)];
        assert_eq!(won(&run("a", g4.clone(), 200, "g4", good())), Some(true));
        assert_eq!(
            won(&run("a", g4.clone(), 200, "unknown", good())),
            Some(false)
        );
        assert_eq!(
            won(&run("a", Goal::Silicon, 200, "unknown", good())),
            Some(true)
        );
        assert_eq!(won(&run("a", g4, 0, "", vec![])), None);
        let broken = vec![check("binding", "integrity", "fail", None)];
        let refused = run("a", Goal::Accepted, 422, "unproven", broken);
        assert_eq!(won(&refused), Some(false));
        assert_eq!(
            stopped_by(&refused),
            BTreeSet::from(["binding (integrity)".into()])
        );
        assert_eq!(suspicion(&refused, "presence", None), Some(f64::INFINITY));
    }

    #[test]
    fn marks_alone_do_not_catch_an_emulator() {
        let marked = || check("environment", "presence", "fail", None);
        let run_of = |checks| run("emulation", Goal::Silicon, 200, "virtual", checks);
        assert_eq!(won(&run_of(vec![marked()])), Some(true));
        let caught = run_of(vec![marked(), check("trap", "presence", "fail", None)]);
        assert_eq!(won(&caught), Some(false));
        assert_eq!(
            stopped_by(&caught),
            BTreeSet::from(["trap (presence)".into()])
        );
        assert_eq!(
            won(&run("guest", Goal::Silicon, 200, "virtual", vec![marked()])),
            Some(false)
        );
    }

    #[test]
    fn runs_are_counted_by_way_and_by_machine() {
        let won = run(
            "a",
            Goal::Silicon,
            200,
            "x",
            vec![check("cache", "presence", "pass", None)],
        );
        let lost = run(
            "a",
            Goal::Silicon,
            200,
            "virtual",
            vec![check("cache", "presence", "fail", None)],
        );
        let nothing = run("a", Goal::Silicon, 0, "", vec![]);
        let lines = lines(&[won, lost.clone(), lost, nothing]);
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(
            (line.way.as_str(), line.runs, line.units),
            ("a way: g4", 4, 1)
        );
        assert_eq!(line.right, Share { hits: 2, of: 3 });
        assert_eq!(line.not_acquired, Share { hits: 1, of: 4 });
        assert_eq!(
            line.stopped,
            BTreeMap::from([("cache (presence)".into(), 2)])
        );
    }

    #[test]
    fn the_kind_is_as_suspect_as_the_verdict_holds_it() {
        let near = |outcome| check("likeness", "kind", outcome, Some(50_000));
        let cache = || check("cache", "kind", "fail", None);
        let of = |checks: Vec<Check>, kind_ppm| {
            let mut run = run("claims", Goal::Class("k8".into()), 200, "k8", checks);
            run.verdict.as_mut().unwrap().kind_ppm = Some(kind_ppm);
            suspicion(&run, "kind", None).unwrap()
        };
        let fit = u32::try_from(KIND_FIT.value).unwrap();
        // One channel that does not fit is no refusal while enough others do.
        assert_eq!(of(vec![near("pass"), cache()], fit), 1.0);
        assert!(of(vec![near("pass"), cache()], fit - 1) > 1.0);
        assert!(of(vec![near("fail")], 1_000_000) > 1.0);
        assert_eq!(of(vec![near("pass")], 1_000_000), 0.05);
    }

    proptest! {
        #[test]
        fn a_suspicion_above_one_is_a_failure(ppm in 1u64..10_000_000_000, pass: bool) {
            prop_assume!(ppm != 1_000_000);
            let check = check("cache", "presence", if pass { "pass" } else { "fail" }, Some(ppm));
            let suspicion = suspicion_of(&check).unwrap();
            prop_assert_eq!(suspicion > 1.0, !pass, "{}", suspicion);
        }
    }
}
