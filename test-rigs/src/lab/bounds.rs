//! What must hold of the figures: a bound for every way of every rig, so that a campaign can fail. Where a bound is not
//! the one that the laboratory is there to reach, it is a known hole: named, so that it can only become smaller unseen.

use super::figures::Line;

/// A bound on one way, or on all ways that begin alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The rig.
    pub rig: &'static str,
    /// What the way begins with.
    pub way: &'static str,
    /// The share of runs that may go wrong at most: attacks missed, honest machines wronged.
    pub wrong: f64,
    /// Why that is not 0; empty where it is.
    pub hole: &'static str,
}

const fn none(rig: &'static str, way: &'static str) -> Bound {
    hole(rig, way, 0.0, "")
}

const fn hole(rig: &'static str, way: &'static str, wrong: f64, hole: &'static str) -> Bound {
    Bound {
        rig,
        way,
        wrong,
        hole,
    }
}

/// Why all of these pass.
const INDISTINGUISHABLE: &str =
    "nothing binds the times: what is written down as if measured is what a machine that \
    measures sends";

/// Why small fleets, and those that hide their start, are paid.
const ONE_START: &str =
    "a rate alone is some honest neighbour's too, and start and rate of few names are no proof at one in a million";

/// The bounds; the first that fits a way is its own.
pub const BOUNDS: &[Bound] = &[
    none("honest", "tables"),
    none("honest", "simulated"),
    hole(
        "honest",
        "here",
        0.1,
        "beside other work a quick probe of a machine with two processors may lose a latency",
    ),
    none("replay", ""),
    none("invention", "within the bands of all processors"),
    none("invention", "the same, with right digests"),
    hole(
        "invention",
        "the same, in numbers that agree",
        0.01,
        "of cores with few operations a draw may be near to some other core's; paid as the plainest class",
    ),
    hole(
        "invention",
        "the same, of a core that nobody has measured",
        0.05,
        "some draws have whole cycles by chance; paid as the plainest class",
    ),
    hole(
        "invention",
        "the same, of whole cycles of a core that nobody has measured",
        0.15,
        "all that is known of an unknown core is that its cycles are whole, and what no core exceeds; paid as the \
         plainest class",
    ),
    none("invention", "within the bands of the core named"),
    hole("invention", "of the core named, in numbers that agree", 1.0, INDISTINGUISHABLE),
    hole(
        "invention",
        "a published dump, copied",
        0.01,
        "the dump of the very processor that the rest was recorded on",
    ),
    hole("invention", "a published dump, in numbers that agree", 1.0, INDISTINGUISHABLE),
    none("invention", "a published dump, noise drawn evenly"),
    hole(
        "invention",
        "a published dump, noise drawn from a bell",
        0.6,
        "of a range of few steps of the counter no shape can be told",
    ),
    hole("invention", "a published dump, noise as often as recorded", 1.0, INDISTINGUISHABLE),
    none("invention", "a published dump, nothing ever varies"),
    hole("invention", "published latencies of another family", 1.0, INDISTINGUISHABLE),
    none("claims", "by name: "),
    none("claims", "other instruction set by words: "),
    none("claims", "other instruction set, one channel edited: "),
    none("claims", "other instruction set, hiding: "),
    none("claims", "old x86 by words: "),
    none("claims", "old x86, one channel edited: "),
    hole(
        "claims",
        "one generation older",
        0.02,
        "neighbours of one line have the same latencies; and these processors are in the records that judge them",
    ),
    none("claims", "two or more older"),
    none("continuity", "the same machine again"),
    none("continuity", "the same machine, restarted"),
    none("continuity", "a machine of another model"),
    hole(
        "continuity",
        "another machine of the same model",
        1.0,
        "two pieces of evidence of one model differ by the rate of a crystal alone, and a restart moves that by as much as \
         most crystals differ: only days of attestations tell units apart",
    ),
    none("stock", ""),
    hole("fleets", "offsets: ", 1.0, ONE_START),
    hole("fleets", "clones of one profile: ", 1.0, "every name has a counter of its own, invented: it is what machines of one model send"),
    hole("fleets", "20 names and a decoy", 1.0, "a room that one switch starts looks like this, and is left alone"),
    hole("fleets", "20 names, once a day", 1.0, "in three days each name shows three readings of its counter: no rate is known of it yet"),
    hole("fleets", "20 names, one ROM", 1.0, "a ROM is what machines of one model share, and changes no verdict"),
    hole(
        "fleets",
        "one ROM, as sold",
        0.5,
        "a name in one of six worlds: the simulated 68040 has so little noise that two machines can measure the very same, \
         which counts as a copy; whether real ones do has not been measured",
    ),
    none("fleets", "20 names, one dump"),
    hole("fleets", "20 names", 0.5, "in 4 of 36 worlds the third epoch still paid 2 to 5 of the names: their rates were known too late"),
    none("fleets", "2 names, one dump"),
    hole("fleets", "2 names", 1.0, ONE_START),
    hole("fleets", "3 names", 1.0, ONE_START),
    hole("fleets", "5 names", 1.0, ONE_START),
    hole("fleets", "9 names", 1.0, ONE_START),
    none("fleets", ""),
    none("slowing", ""),
    none("guest", ""),
    none("emulation", ""),
    none("system", ""),
];

/// Rigs that need nothing: a campaign of all rigs without one of them has not run.
const ALWAYS: [&str; 8] = [
    "honest",
    "replay",
    "invention",
    "claims",
    "stock",
    "continuity",
    "fleets",
    "slowing",
];

/// The bound of a line.
pub fn bound<'a>(line: &Line, bounds: &'a [Bound]) -> Option<&'a Bound> {
    bounds
        .iter()
        .find(|b| b.rig == line.rig && line.way.starts_with(b.way))
}

/// What is out of bounds, in sentences; `whole` where the campaign was of all rigs.
pub fn faults(lines: &[Line], bounds: &[Bound], whole: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for line in lines {
        let name = format!("{}, {}", line.rig, line.way);
        if line.not_acquired.hits > 0 {
            let share = line.not_acquired;
            faults.push(format!(
                "{name}: {} of {} runs without an answer",
                share.hits, share.of
            ));
        }
        let wrong = 1.0 - line.right.rate().unwrap_or(1.0);
        match bound(line, bounds) {
            None => faults.push(format!("{name}: nobody has said what must hold")),
            Some(bound) if wrong > bound.wrong => faults.push(format!(
                "{name}: {} of {} went wrong, more than {} %",
                line.right.of - line.right.hits,
                line.right.of,
                bound.wrong * 100.0
            )),
            Some(_) => {}
        }
    }
    if whole {
        let missing = ALWAYS
            .iter()
            .filter(|rig| !lines.iter().any(|l| l.rig == **rig));
        faults.extend(missing.map(|rig| format!("{rig}: no run")));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::figures::Question;
    use crate::lab::record::Truth;
    use crate::lab::statistics::Share;
    use std::collections::BTreeMap;

    fn line(rig: &str, way: &str, hits: u64, of: u64) -> Line {
        Line {
            rig: rig.into(),
            way: way.into(),
            truth: Truth::Attack,
            question: Question::Presence,
            runs: of,
            units: 1,
            not_acquired: Share { hits: 0, of },
            right: Share { hits, of },
            interval: None,
            silicon: Share::default(),
            stopped: BTreeMap::new(),
        }
    }

    #[test]
    fn one_missed_replay_is_a_fault() {
        let faults = |lines: &[Line]| faults(lines, BOUNDS, false);
        assert!(faults(&[line("replay", "any", 1000, 1000)]).is_empty());
        assert_eq!(faults(&[line("replay", "any", 999, 1000)]).len(), 1);
        let older = "one generation older, frankly";
        assert!(faults(&[line("claims", older, 99, 100)]).is_empty());
        assert_eq!(faults(&[line("claims", older, 95, 100)]).len(), 1);
        let vax = "other instruction set by words: vax";
        assert_eq!(faults(&[line("claims", vax, 95, 100)]).len(), 1);
    }

    #[test]
    fn what_nobody_watches_and_what_did_not_run_are_faults() {
        let unknown = faults(&[line("claims", "by telepathy", 1, 1)], BOUNDS, false);
        assert!(unknown[0].contains("nobody"), "{unknown:?}");
        assert_eq!(faults(&[], BOUNDS, true).len(), ALWAYS.len());
        let mut silent = line("guest", "marks removed", 0, 0);
        silent.not_acquired = Share { hits: 1, of: 1 };
        assert_eq!(faults(&[silent], BOUNDS, false).len(), 1);
    }

    #[test]
    fn the_first_bound_that_fits_is_the_narrowest() {
        for (i, narrow) in BOUNDS.iter().enumerate() {
            let hidden = BOUNDS[..i]
                .iter()
                .any(|b| b.rig == narrow.rig && narrow.way.starts_with(b.way));
            // The longer of two that begin alike must come first.
            assert!(!hidden, "{narrow:?} is never reached");
            assert_eq!(narrow.wrong == 0.0, narrow.hole.is_empty(), "{narrow:?}");
        }
    }
}
