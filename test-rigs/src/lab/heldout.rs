//! Real x86 models that the records have never seen: each processor of the tables judged by the node's own checks of kind,
//! with every record of its model left out, and then of its whole core. A node cannot be asked for that over HTTP, since its records are part of it.

use super::paper::{LATENCIES, MEMORY, NOISE, PROFILES};
use super::statistics::{bootstrap, Share, CONFIDENCE, RESAMPLINGS};
use probe_core::seed::Seed;
use std::sync::LazyLock;
use verdigris_node::silicon::cross::{self, ByModel, Conditions, LeaveOut, Report};
use verdigris_node::silicon::derive;
use verdigris_node::silicon::table;

/// A line of the report.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What was claimed.
    pub what: &'static str,
    /// Those refused, of all.
    pub refused: Share,
    /// Models of the processors that claimed.
    pub models: usize,
    /// An interval for the share refused, by drawing models with all that they claim.
    pub by_model: Option<[f64; 2]>,
    /// Those neither refused nor of a recorded core: nothing speaks against their era.
    pub by_era: u32,
}

/// What came out where one thing was left out.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// What was left out.
    pub left_out: &'static str,
    /// Claims, true first, and false.
    pub lines: Vec<Line>,
    /// Names of the eras, and for each how many processors of it were nearest to a record of each era; last, how many
    /// are near none.
    pub eras: Vec<(String, Vec<u32>)>,
}

/// Computed once: thousands of judgements each.
static REPORTS: LazyLock<Result<[Report; 2], String>> =
    LazyLock::new(|| Ok([report(LeaveOut::Model)?, report(LeaveOut::Core)?]));

fn report(leave: LeaveOut) -> Result<Report, String> {
    let fail = |e: table::TableError| e.to_string();
    let latencies = table::latencies(LATENCIES).map_err(fail)?;
    let curves = table::curves(MEMORY).map_err(fail)?;
    let measured = derive::ratios(&latencies);
    let conditions = Conditions {
        leave,
        noise: NOISE.into(),
        skew: 1000,
    };
    cross::evaluate(&cross::rows(&measured, &curves), &measured, &conditions)
}

/// Judges every processor of the tables without the records of its model, and without those of its whole core.
///
/// # Errors
/// The tables of the node contradict each other, which a test of the node rules out.
pub fn held_out() -> Result<[HeldOut; 2], String> {
    let [models, cores] = REPORTS.as_ref().map_err(Clone::clone)?;
    Ok([
        told("their own model", models),
        told("their whole core", cores),
    ])
}

fn told(left_out: &'static str, report: &Report) -> HeldOut {
    let [one_frank, one_hiding] = &report.one_older;
    let [older_frank, older_hiding] = &report.older;
    let [one_unrecorded, older_unrecorded] = &report.unrecorded;
    let lines = vec![
        line("their own core", &report.honest),
        line("one generation older, frankly", one_frank),
        line("one generation older, hiding", one_hiding),
        line("two or more older, frankly", older_frank),
        line("two or more older, hiding", older_hiding),
        line(
            "one generation older, a core without a record",
            one_unrecorded,
        ),
        line(
            "two or more older, a core without a record",
            older_unrecorded,
        ),
    ];
    let eras = PROFILES.silicon.eras();
    let count = |from: usize, to: Option<usize>| report.eras.get(&(from, to)).copied().unwrap_or(0);
    let row = |from: usize| {
        let columns = (0..eras.len()).map(Some).chain([None]);
        columns.map(|to| count(from, to)).collect()
    };
    let eras = eras.iter().enumerate();
    HeldOut {
        left_out,
        lines,
        eras: eras.map(|(i, era)| (era.name.clone(), row(i))).collect(),
    }
}

fn line(what: &'static str, by_model: &ByModel) -> Line {
    let all = cross::sum(by_model);
    let share = |tally: &cross::Tally| Share {
        hits: tally.refused.into(),
        of: tally.claims.into(),
    };
    let models: Vec<Share> = by_model.values().map(share).collect();
    let mut random = Seed::derive("models left out", what).stream(0);
    Line {
        what,
        refused: share(&all),
        models: models.len(),
        by_model: bootstrap(&models, RESAMPLINGS, CONFIDENCE, &mut random),
        by_era: all.unrecorded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_every_line_and_every_processor() {
        let line = line(
            "anything",
            &ByModel::from([("one".into(), tally(4, 4)), ("two".into(), tally(4, 0))]),
        );
        assert_eq!((line.refused.hits, line.refused.of, line.models), (4, 8, 2));
        let [low, high] = line.by_model.unwrap();
        assert!(low < 0.5 && high > 0.5);
        let report = Report {
            eras: [((1, Some(1)), 2), ((1, None), 3)].into(),
            ..Report::default()
        };
        let told = told("nothing", &report);
        assert_eq!(told.eras[1].1[1], 2);
        assert_eq!(told.eras[1].1.last(), Some(&3));
        assert_eq!(told.lines.len(), 7);
    }

    fn tally(claims: u32, refused: u32) -> cross::Tally {
        cross::Tally {
            claims,
            refused,
            unrecorded: 0,
        }
    }
}
