//! Real x86 models that the records have never seen: each processor of the tables judged by the node's own checks of kind,
//! with every record of its model left out. A node cannot be asked for that over HTTP, since its records are part of it.

use super::record::Truth;
use super::statistics::Share;
use std::sync::LazyLock;
use verdigris_node::silicon::cross::{self, Conditions, LeaveOut, Report, Tally};
use verdigris_node::silicon::derive;
use verdigris_node::silicon::table;

use super::paper::{LATENCIES, MEMORY, NOISE, PROFILES};

/// A line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was claimed.
    pub what: &'static str,
    /// The truth.
    pub truth: Truth,
    /// Those refused, of all.
    pub refused: Share,
    /// Those neither refused nor proven: no record is of the core.
    pub unrecorded: u32,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldOut {
    /// Claims, true and false.
    pub lines: Vec<Line>,
    /// Names of the eras, and for each how many processors of it were nearest to a record of each era.
    pub eras: Vec<(String, Vec<u32>)>,
}

/// Computed once: some thousands of judgements.
static REPORT: LazyLock<Result<Report, String>> = LazyLock::new(|| {
    let fail = |e: table::TableError| e.to_string();
    let latencies = table::latencies(LATENCIES).map_err(fail)?;
    let curves = table::curves(MEMORY).map_err(fail)?;
    let measured = derive::ratios(&latencies);
    let conditions = Conditions {
        leave: LeaveOut::Model,
        noise: NOISE.into(),
        skew: 1000,
    };
    cross::evaluate(&cross::rows(&measured, &curves), &measured, &conditions)
});

/// Judges every processor of the tables without the records of its model.
///
/// # Errors
/// The tables of the node contradict each other, which a test of the node rules out.
pub fn held_out() -> Result<HeldOut, String> {
    let report = REPORT.as_ref().map_err(Clone::clone)?;
    let line = |what, truth, tally: &Tally| Line {
        what,
        truth,
        refused: Share {
            hits: tally.refused.into(),
            of: tally.claims.into(),
        },
        unrecorded: tally.unrecorded,
    };
    let [[one_frank, one_hiding], [older_frank, older_hiding]] = [&report.one_older, &report.older];
    let lines = vec![
        line("their own core", Truth::Honest, &report.honest),
        line("one generation older, frankly", Truth::Attack, one_frank),
        line("one generation older, hiding", Truth::Attack, one_hiding),
        line("two or more older, frankly", Truth::Attack, older_frank),
        line("two or more older, hiding", Truth::Attack, older_hiding),
    ];
    let eras = PROFILES.silicon.eras();
    let count = |from: usize, to: usize| report.eras.get(&(from, to)).copied().unwrap_or(0);
    let row = |from: usize| (0..eras.len()).map(|to| count(from, to)).collect();
    let eras = eras.iter().enumerate();
    Ok(HeldOut {
        lines,
        eras: eras.map(|(i, era)| (era.name.clone(), row(i))).collect(),
    })
}
