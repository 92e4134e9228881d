//! The page: tables and pictures of a campaign's records. The same records give the same page.

use super::bounds::{bound, BOUNDS};
use super::figures::{channels, lines, suspicion, suspicions, Line, Question, Run};
use super::heldout::{held_out, HeldOut};
use super::plot::{curves, distributions, Panel, Picture};
use super::record::{Goal, Origin, Truth};
use super::rigs::Rig;
use super::statistics::{rule_of_three, Roc, Share, CONFIDENCE};
use super::units;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// False refusals at which detection is told.
const FALSE_REFUSALS: [f64; 2] = [0.001, 0.01];

/// What stopped most runs of a way: so many are named.
const NAMED: usize = 5;

/// What the page says about itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// The command that makes it.
    pub command: String,
    /// The seed.
    pub seed: u64,
    /// Which node judged.
    pub node: String,
}

/// A file of the report: its name below the page's folder, and what is in it.
pub type File = (String, Vec<u8>);

/// The page, and the pictures that it shows from the folder `laboratory` beside it.
///
/// # Errors
/// A picture could not be drawn.
pub fn write(
    runs: &[Run],
    rigs: &[Box<dyn Rig>],
    context: &Context,
) -> Result<(String, Vec<File>), String> {
    let mut page = Page {
        text: String::new(),
        files: Vec::new(),
    };
    page.head(runs, context);
    let lines = lines(runs);
    page.attacks(&lines);
    page.honest(&lines);
    page.line(&super::fleet_figures::section(runs, percent));
    page.holes(&lines);
    page.errors(runs, &lines);
    page.units(context.seed);
    page.held_out()?;
    page.curves(runs)?;
    page.channels(runs)?;
    page.rigs(rigs, runs);
    page.missing(rigs);
    Ok((page.text, page.files))
}

struct Page {
    text: String,
    files: Vec<File>,
}

impl Page {
    fn keep(&mut self, name: &str, picture: Picture) {
        self.files
            .push((format!("{name}.svg"), picture.svg.into_bytes()));
        self.files.push((format!("{name}.png"), picture.png));
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn head(&mut self, runs: &[Run], context: &Context) {
        let units: BTreeSet<_> = runs.iter().map(|r| &r.key.unit).collect();
        let machines: BTreeSet<_> = runs.iter().map(|r| r.machine.as_str()).collect();
        let machines: Vec<_> = machines.into_iter().collect();
        let Context {
            command,
            seed,
            node,
        } = context;
        let text = format!(
            "# The laboratory\n\n\
             What the verdict catches, and whom it wrongs, measured against a real node over HTTP. Written by \
             `{command}`; edit nothing here.\n\n\
             - {} runs of {} machines; node: {node}; seed {seed}; on {}.\n\
             - *Caught*: a replay that was not accepted; an invention or an emulator that was not held to be silicon; \
             a false claim that was not paid as what it claimed. *Right*: an honest machine that was held to be silicon \
             of its own class.\n\
             - Intervals are of 95 %: Clopper and Pearson's, which takes runs to be independent; and by drawing machines \
             with all their runs, which does not. With no error in n runs the true rate may still be 3/n.\n\
             - *Not acquired*: no judgement was had; these count in no share.\n\
             - Origin of the numbers: measured in the run (*real*), measured and then changed as said (*edited*), \
             published measurements of a real processor (*replayed*), of a simulated machine (*simulated*), made up \
             (*invented*). No machine on bare metal has been measured for this page.\n",
            runs.len(),
            units.len(),
            machines.join("; "),
        );
        self.line(&text);
    }

    fn attacks(&mut self, lines: &[Line]) {
        self.line("## Attacks\n");
        self.line(
            "| rig | way | runs | machines | not acquired | caught | 95 % | by machine | held to be silicon | stopped by |",
        );
        self.line("|---|---|--:|--:|--:|--:|---|---|--:|---|");
        for line in lines.iter().filter(|l| l.truth == Truth::Attack) {
            self.row(line);
        }
        self.line("");
    }

    fn honest(&mut self, lines: &[Line]) {
        self.line("## Honest machines\n");
        self.line(
            "| rig | way | runs | machines | not acquired | right | 95 % | by machine | held to be silicon | wronged by |",
        );
        self.line("|---|---|--:|--:|--:|--:|---|---|--:|---|");
        for line in lines.iter().filter(|l| l.truth == Truth::Honest) {
            self.row(line);
        }
        self.line("");
    }

    fn row(&mut self, line: &Line) {
        let mut stopped: Vec<_> = line.stopped.iter().collect();
        stopped.sort_by_key(|(what, count)| (std::cmp::Reverse(**count), *what));
        let stopped: Vec<String> = stopped
            .into_iter()
            .take(NAMED)
            .map(|(what, count)| format!("{what} {count}"))
            .collect();
        let row = format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            line.rig,
            line.way,
            line.runs,
            line.units,
            line.not_acquired.hits,
            rate(line.right),
            interval(line.right.interval(CONFIDENCE)),
            line.interval.map_or("–".into(), interval),
            rate(line.silicon),
            stopped.join(", "),
        );
        self.line(&row);
    }

    /// What is known not to be as it should.
    fn holes(&mut self, lines: &[Line]) {
        self.line("## Known holes\n");
        self.line(
            "Every way has a bound, 0 but for these (`test-rigs/src/lab/bounds.rs`); `./dev test` fails where one is \
             broken.\n",
        );
        self.line("| rig | way | gone wrong | bound | why |");
        self.line("|---|---|--:|--:|---|");
        for line in lines {
            let Some(bound) = bound(line, BOUNDS).filter(|b| b.wrong > 0.0) else {
                continue;
            };
            let row = format!(
                "| {} | {} | {} | {} | {} |",
                line.rig,
                line.way,
                rate(wrong(line)),
                percent(bound.wrong),
                bound.hole,
            );
            self.line(&row);
        }
        self.line("");
    }

    /// The error rates of the standards.
    fn errors(&mut self, runs: &[Run], lines: &[Line]) {
        let errors = |wanted: &dyn Fn(&Line) -> bool| {
            let wanted = lines.iter().filter(|l| wanted(l));
            wanted.fold(Share::default(), |sum, l| Share {
                hits: sum.hits + wrong(l).hits,
                of: sum.of + wrong(l).of,
            })
        };
        let of = |question: Question, truth: Truth| {
            errors(&|l| l.question == question && l.truth == truth && l.rig != "invention")
        };
        let refused = runs.iter().filter(|r| r.truth == Truth::Honest);
        let refused = Share::count(refused.filter_map(super::figures::present).map(|p| !p));
        let acquire = Share::count(runs.iter().map(|r| r.status == 0));
        self.line("## Error rates, in the words of ISO/IEC 19795-1 and 30107-3\n");
        self.line(
            "| rate | is | errors | of | share | 95 % | with no error, at most (rule of three) |",
        );
        self.line("|---|---|--:|--:|--:|---|---|");
        let mut rate_of = |name: &str, what: &str, errors: Share| {
            let three = match errors.hits {
                0 => format!("{:.2} %", 100.0 * rule_of_three(errors.of)),
                _ => "–".into(),
            };
            let row = format!(
                "| {name} | {what} | {} | {} | {} | {} | {three} |",
                errors.hits,
                errors.of,
                rate(errors),
                interval(errors.interval(CONFIDENCE)),
            );
            self.line(&row);
        };
        rate_of(
            "FMR",
            "kind: false claims paid as claimed",
            of(Question::Kind, Truth::Attack),
        );
        rate_of(
            "FNMR",
            "kind: honest machines not paid as what they are",
            of(Question::Kind, Truth::Honest),
        );
        for line in lines.iter().filter(|l| l.question == Question::Continuity) {
            let rate = match line.truth {
                Truth::Attack => "FMR",
                Truth::Honest => "FNMR",
            };
            rate_of(rate, &format!("continuity: {}", line.way), wrong(line));
        }
        rate_of(
            "BPCER",
            "presence: honest machines not held to be silicon",
            refused,
        );
        for line in lines
            .iter()
            .filter(|l| l.truth == Truth::Attack && l.is_presentation())
        {
            let passed = wrong(line);
            rate_of(
                "APCER",
                &format!("presence: {}, {}", line.rig, line.way),
                passed,
            );
        }
        rate_of("FTA", "runs without a judgement", acquire);
        self.line("");
    }

    /// The same unit, by the rate of its crystal over days.
    fn units(&mut self, seed: u64) {
        self.line("## The same unit as before\n");
        self.line(
            "Continuity by the rate of a crystal over days (`docs/continuity.md`), on simulated machines behind a domestic \
             line, an attestation every ten minutes: a stretch of days, two days of silence, another stretch, by the same \
             machine or by another, compared by the node's own comparison called as a library. Two machines whose crystals \
             agree are not told apart by anything here. Crystals of one lot scatter by 4 ppm (an assumption), those of all \
             computers by 40.\n",
        );
        self.line(
            "| days | crystals scatter by | FNMR: the same machine held to be another | 95 % | FMR: another machine not \
             found to be another | 95 % |",
        );
        self.line("|--:|--:|--:|---|--:|---|");
        for line in units::lines(seed) {
            let row = format!(
                "| {} | {} ppm | {} of {} | {} | {} of {} | {} |",
                line.days,
                line.spread_ppm,
                line.same_refused.hits,
                line.same_refused.of,
                interval(line.same_refused.interval(CONFIDENCE)),
                line.other_taken.hits,
                line.other_taken.of,
                interval(line.other_taken.interval(CONFIDENCE)),
            );
            self.line(&row);
        }
        self.line("");
    }

    /// Real models that are in no record.
    fn held_out(&mut self) -> Result<(), String> {
        self.line("## Real x86 models that no record is of\n");
        self.line(
            "The processors of the tables once more, each judged without the records of its own model (same vendor, \
             family and model), and then without those of its whole core, by the node's checks of kind called as a \
             library. Refused: judged not to be of the core that it names. A machine of a core that then has no record \
             is judged by its era alone, and paid as its architecture. By model: models are drawn with all that their \
             processors claim.\n",
        );
        self.line(
            "| left out | names | claims | models | refused | share | 95 % | by model | accepted by era alone |",
        );
        self.line("|---|---|--:|--:|--:|--:|---|---|--:|");
        let held_out = held_out()?;
        for (without, line) in held_out
            .iter()
            .flat_map(|h| h.lines.iter().map(move |l| (h, l)))
        {
            let row = format!(
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                without.left_out,
                line.what,
                line.refused.of,
                line.models,
                line.refused.hits,
                rate(line.refused),
                interval(line.refused.interval(CONFIDENCE)),
                line.by_model.map_or("–".into(), interval),
                line.by_era,
            );
            self.line(&row);
        }
        for without in &held_out {
            self.eras(without);
        }
        Ok(())
    }

    fn eras(&mut self, held_out: &HeldOut) {
        self.line(&format!(
            "\nProcessors of each era (rows), by the era of the nearest record (columns, the same; last, those near no \
             record), without {}:\n",
            held_out.left_out
        ));
        let columns = held_out.eras.len();
        self.line(&format!(
            "| era |{} none | right, of those near one |",
            " |".repeat(columns)
        ));
        self.line(&format!("|---|{}--:|--:|", "--:|".repeat(columns)));
        for (i, (name, row)) in held_out.eras.iter().enumerate() {
            let cells: Vec<String> = row.iter().map(u32::to_string).collect();
            let right = Share {
                hits: row[i].into(),
                of: row[..columns].iter().copied().map(u64::from).sum(),
            };
            self.line(&format!(
                "| {name} | {} | {} |",
                cells.join(" | "),
                rate(right)
            ));
        }
        self.line("");
    }

    fn curves(&mut self, runs: &[Run]) -> Result<(), String> {
        self.line("## If every limit moved\n");
        self.line(
            "A check's *suspicion* is its deciding number over its limit, turned so that more than 1 fails. A run is as \
             suspect as its most suspect check of presence; of kind, as the checks that decide alone (`claim`, `likeness`) \
             and the share that did not fit of what may. Marks of the environment are left out, and evidence that \
             contradicts itself is infinitely suspect. These figures are what one common factor on all limits \
             would do: the equal error rate, and the share of attacks detected where at most so many of the honest \
             are refused. A row of attacks that are indistinguishable from the honest by construction detects what \
             it refuses.\n",
        );
        self.line("| aspect | rig | way | honest | attacks | equal error rate | detected at 0.1 % | 95 % | at 1 % | 95 % |");
        self.line("|---|---|---|--:|--:|--:|--:|---|--:|---|");
        for (aspect, after) in [
            ("presence", after_silicon as fn(&Run) -> bool),
            ("kind", after_class),
        ] {
            let honest: Vec<&Run> = runs.iter().filter(|r| r.truth == Truth::Honest).collect();
            let honest = suspicions(honest, aspect, None);
            let attacks: Vec<&Run> = runs
                .iter()
                .filter(|r| r.truth == Truth::Attack && after(r))
                .collect();
            let mut drawn = Vec::new();
            let rigs: BTreeSet<&str> = attacks.iter().map(|r| r.key.rig.as_str()).collect();
            for rig in rigs {
                let of_rig: Vec<&Run> = attacks
                    .iter()
                    .copied()
                    .filter(|r| r.key.rig == rig)
                    .collect();
                if let Some(roc) =
                    Roc::new(&honest, &suspicions(of_rig.iter().copied(), aspect, None))
                {
                    drawn.push((rig.to_owned(), roc));
                }
                let ways: BTreeSet<&str> = of_rig
                    .iter()
                    .map(|r| super::figures::way(&r.key.variant))
                    .collect();
                for way in ways {
                    let of_way = of_rig
                        .iter()
                        .copied()
                        .filter(|r| super::figures::way(&r.key.variant) == way);
                    let scores = suspicions(of_way, aspect, None);
                    let Some(roc) = Roc::new(&honest, &scores) else {
                        continue;
                    };
                    let mut row = format!(
                        "| {aspect} | {rig} | {way} | {} | {} | {} |",
                        honest.len(),
                        scores.len(),
                        percent(roc.equal_error_rate())
                    );
                    for allowed in FALSE_REFUSALS {
                        let point = roc.detection_at(allowed);
                        let found = Share {
                            hits: (point.detection * scores.len() as f64).round() as u64,
                            of: scores.len() as u64,
                        };
                        let _ = write!(
                            row,
                            " {} | {} |",
                            rate(found),
                            interval(found.interval(CONFIDENCE))
                        );
                    }
                    self.line(&row);
                }
            }
            if !drawn.is_empty() {
                let picture = curves(&drawn).map_err(|e| e.to_string())?;
                self.keep(&format!("roc-{aspect}"), picture);
            }
        }
        for (aspect, what) in [("presence", "Presence"), ("kind", "Kind")] {
            let name = format!("roc-{aspect}.svg");
            if self.files.iter().any(|(file, _)| *file == name) {
                self.line(&format!(
                    "\n![{what}: detection against false refusal](laboratory/{name})"
                ));
            }
        }
        self.line("");
        Ok(())
    }

    fn channels(&mut self, runs: &[Run]) -> Result<(), String> {
        self.line("## Channel by channel\n");
        self.line(
            "How near each channel comes to its limit: the highest suspicion of honest runs, and the share of attacks \
             that this channel alone would have found. Channels that decide by no number are 0 or infinite.\n",
        );
        for (aspect, after) in [
            ("presence", after_silicon as fn(&Run) -> bool),
            ("kind", after_class),
        ] {
            let honest: Vec<&Run> = runs.iter().filter(|r| r.truth == Truth::Honest).collect();
            let attacks: Vec<&Run> = runs
                .iter()
                .filter(|r| r.truth == Truth::Attack && after(r))
                .collect();
            let rigs: BTreeSet<&str> = attacks.iter().map(|r| r.key.rig.as_str()).collect();
            let mut head = format!("| {aspect} | honest runs | refused | median | highest |");
            for rig in &rigs {
                let _ = write!(head, " {rig} |");
            }
            self.line(&head);
            self.line(&format!(
                "|---|--:|--:|--:|--:|{}",
                "--:|".repeat(rigs.len())
            ));
            let mut panels = Vec::new();
            for channel in channels(runs, aspect) {
                let mut scores = suspicions(honest.iter().copied(), aspect, Some(channel));
                scores.sort_by(f64::total_cmp);
                let middle = super::statistics::quantile(&scores, 0.5);
                let refused = Share::count(scores.iter().map(|&s| s > 1.0));
                let mut row = format!(
                    "| `{channel}` | {} | {} | {} | {} |",
                    scores.len(),
                    rate(refused),
                    middle.map_or("–".into(), number),
                    scores.last().copied().map_or("–".into(), number),
                );
                for rig in &rigs {
                    let of_rig = attacks.iter().filter(|r| r.key.rig == **rig);
                    let found = of_rig.filter(|r| r.verdict.is_some());
                    let found =
                        found.map(|r| suspicion(r, aspect, Some(channel)).is_some_and(|s| s > 1.0));
                    let _ = write!(row, " {} |", rate(Share::count(found)));
                }
                self.line(&row);
                panels.push(Panel {
                    title: channel.into(),
                    attacks: suspicions(attacks.iter().copied(), aspect, Some(channel)),
                    honest: scores,
                });
            }
            if !panels.is_empty() {
                let name = format!("channels-{aspect}.svg");
                let picture = distributions(&panels).map_err(|e| e.to_string())?;
                self.line(&format!(
                    "\n![Suspicion by channel, {aspect}](laboratory/{name})\n"
                ));
                self.keep(&format!("channels-{aspect}"), picture);
            }
        }
        Ok(())
    }

    fn rigs(&mut self, rigs: &[Box<dyn Rig>], runs: &[Run]) {
        self.line("## The rigs, and what they cost\n");
        self.line("| rig | what it is | numbers | what it costs |");
        self.line("|---|---|---|---|");
        for rig in rigs {
            let origins: BTreeSet<Origin> = runs
                .iter()
                .filter(|r| r.key.rig == rig.name())
                .map(|r| r.origin)
                .collect();
            let origins: Vec<&str> = origins.into_iter().map(origin).collect();
            let origins = match origins.is_empty() {
                true => "not run".into(),
                false => origins.join(", "),
            };
            let (name, about, cost) = (rig.name(), rig.about(), rig.cost());
            self.line(&format!("| {name} | {about} | {origins} | {cost} |"));
        }
        self.line("");
    }

    fn missing(&mut self, rigs: &[Box<dyn Rig>]) {
        self.line("## Not measured yet\n");
        for what in MISSING {
            self.line(&format!("- {what}"));
        }
        for rig in rigs {
            for what in rig.missing() {
                self.line(&format!(
                    "- Left out of `{}` where this was run: {what}.",
                    rig.name()
                ));
            }
        }
    }
}

/// Runs that did not go as they should.
fn wrong(line: &Line) -> Share {
    Share {
        hits: line.right.of - line.right.hits,
        of: line.right.of,
    }
}

/// What nobody should read into the page.
const MISSING: [&str; 4] = [
    "Machines on bare metal, and old machines of any kind: the processors of the tables are their published figures, \
     with everything that the tables do not have taken from one recorded Zen 5; the families are simulated.",
    "Translators of user mode other than QEMU 7.2; of interpreters only those of the rig `system`; none that was changed to \
     pass.",
    "Continuity over days on real crystals: those above are simulated.",
    "Processors that the node's records do not have, over HTTP: the records are part of the node. The table of models \
     left out calls its library.",
];

/// Attacks on presence.
fn after_silicon(run: &Run) -> bool {
    run.goal == Goal::Silicon
}

/// Attacks on kind by what the evidence says. What a submission claims in its own words is in no check: it is not
/// believed, whatever the limits are.
fn after_class(run: &Run) -> bool {
    matches!(run.goal, Goal::Class(_)) && !run.key.variant.starts_with("by name")
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Real => "real",
        Origin::Edited => "edited",
        Origin::Replayed => "replayed",
        Origin::Simulated => "simulated",
        Origin::Invented => "invented",
    }
}

/// A share in percent; 100 % and 0 % are exact.
fn percent(share: f64) -> String {
    let text = format!("{:.2}", share * 100.0);
    let rounded_away = (text == "100.00" && share < 1.0) || (text == "0.00" && share > 0.0);
    match rounded_away {
        true if share > 0.5 => "> 99.99 %".into(),
        true => "< 0.01 %".into(),
        false => format!("{} %", text.trim_end_matches('0').trim_end_matches('.')),
    }
}

fn rate(share: Share) -> String {
    share.rate().map_or("–".into(), percent)
}

fn interval([low, high]: [f64; 2]) -> String {
    format!("{} – {}", percent(low), percent(high))
}

/// A suspicion.
fn number(suspicion: f64) -> String {
    if suspicion.is_infinite() {
        "∞".into()
    } else {
        format!("{suspicion:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_not_rounded_to_certainty() {
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.999_999), "> 99.99 %");
        assert_eq!(percent(0.000_001), "< 0.01 %");
        assert_eq!(percent(0.5), "50 %");
        assert_eq!(percent(0.1234), "12.34 %");
    }
}
