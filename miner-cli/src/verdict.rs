//! A node's verdict, check by check.

use crate::error::shown;
use crate::screen::{Screen, Tone};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Weight units in a weight of 1.
const WEIGHT_ONE: f64 = 1e9;

/// The verdict as the node sends it. Members that this program does not know are ignored, and ones
/// that it misses are empty: the node may be newer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Verdict {
    /// Every check, in the node's order.
    pub checks: Vec<Check>,
    /// Class of the device as derived, such as `g4`.
    pub class: String,
    /// Family of the device as derived, such as `PowerPC`.
    pub family: String,
    /// Accepted as real silicon.
    pub physical: bool,
    /// All of it in a sentence.
    pub summary: String,
    /// What the machine counts, billionths.
    pub weight_units: u64,
    /// Score for the kind of silicon, millionths; none where nothing speaks about it.
    pub kind_ppm: Option<u32>,
    /// Score for being silicon at all, millionths.
    pub presence_ppm: Option<u32>,
    /// Score for being the same machine as before, millionths.
    pub continuity_ppm: Option<u32>,
}

/// One check of a verdict.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Check {
    /// What of the evidence it looked at.
    pub channel: String,
    /// What it speaks about: `kind`, `presence`, `integrity` …
    pub aspect: String,
    /// `pass`, `fail`, `note`, or `absent`.
    pub outcome: String,
    /// What was measured.
    pub measured: String,
    /// What would have been well.
    pub expected: String,
    /// Why it passed or failed.
    pub reason: String,
}

/// What an answer to a submission says in one line.
pub fn summary(members: &Map<String, Value>) -> String {
    match Verdict::of(members) {
        Some(verdict) => format!(
            "{} (weight {})",
            verdict.summary,
            weight(verdict.weight_units)
        ),
        None => {
            let passed = members.get("fingerprint_passed").and_then(Value::as_bool);
            match passed {
                Some(true) => "the network's own checks passed".into(),
                Some(false) => "the network's own checks failed, which earns nothing".into(),
                None => "no verdict given".into(),
            }
        }
    }
}

impl Verdict {
    /// The verdict in an answer to a submission, where there is one.
    pub fn of(members: &Map<String, Value>) -> Option<Self> {
        let mut verdict = Verdict::deserialize(members.get("verdict")?).ok()?;
        verdict.make_fit();
        Some(verdict)
    }

    /// Makes all texts fit for a terminal: they are a stranger's.
    fn make_fit(&mut self) {
        let own = [&mut self.class, &mut self.family, &mut self.summary];
        let checks = self.checks.iter_mut().flat_map(|check| {
            [
                &mut check.channel,
                &mut check.aspect,
                &mut check.outcome,
                &mut check.measured,
                &mut check.expected,
                &mut check.reason,
            ]
        });
        for text in own.into_iter().chain(checks) {
            *text = shown(text);
        }
    }
}

/// Prints an answer to a submission: every check with what was measured, expected, and why.
pub fn explain(screen: &Screen, members: &Map<String, Value>) {
    if let Some(verdict) = Verdict::of(members) {
        for check in &verdict.checks {
            explain_check(screen, check);
        }
        screen.say("");
        let device = format!("{} {}", verdict.family, verdict.class);
        screen.say(format_args!("{:<14}{}", "derived", device.trim()));
        let kind = if verdict.physical {
            "real silicon"
        } else {
            "not accepted as real silicon"
        };
        screen.say(format_args!("{:<14}{kind}", "machine"));
        for (name, score) in [
            ("kind", verdict.kind_ppm),
            ("presence", verdict.presence_ppm),
            ("continuity", verdict.continuity_ppm),
        ] {
            let score = score.map_or_else(
                || "nothing speaks about it".into(),
                |ppm| format!("{:.3}", f64::from(ppm) / 1e6),
            );
            screen.say(format_args!("{name:<14}{score}"));
        }
        screen.say(format_args!(
            "{:<14}{}",
            "weight",
            weight(verdict.weight_units)
        ));
    }
    screen.say(format_args!(
        "{:<14}{}",
        "verdict",
        screen.paint(Tone::Strong, summary(members))
    ));
}

/// A sign for the outcome of a check, at most two columns wide, and its tone.
pub fn mark(outcome: &str, unicode: bool) -> (&'static str, Tone) {
    match (outcome, unicode) {
        ("pass", true) => ("✓", Tone::Good),
        ("pass", false) => ("ok", Tone::Good),
        ("fail", true) => ("✗", Tone::Bad),
        ("fail", false) => ("NO", Tone::Bad),
        ("note", true) => ("·", Tone::Remark),
        ("note", false) => ("--", Tone::Remark),
        (_, true) => ("–", Tone::Faint),
        (_, false) => ("  ", Tone::Faint),
    }
}

fn explain_check(screen: &Screen, check: &Check) {
    let (mark, tone) = mark(&check.outcome, screen.unicode);
    screen.say(format_args!(
        "{} {:<12} {}",
        screen.paint(tone, format_args!("{mark:<2}")),
        check.channel,
        screen.paint(
            Tone::Faint,
            format_args!("{}, {}", check.aspect, check.outcome)
        ),
    ));
    for (label, text) in [("measured", &check.measured), ("expected", &check.expected)] {
        if !text.is_empty() {
            screen.wrap(Tone::Plain, 5, &format!("{label}: {text}"));
        }
    }
    screen.wrap(tone_of_reason(tone), 5, &check.reason);
}

fn tone_of_reason(tone: Tone) -> Tone {
    if tone == Tone::Bad {
        Tone::Bad
    } else {
        Tone::Faint
    }
}

/// Weight units as a number that shows a billionth.
pub fn weight(units: u64) -> String {
    let weight = units as f64 / WEIGHT_ONE;
    if weight > 0.0 && weight < 0.0001 {
        format!("{weight:e}")
    } else {
        format!("{weight}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_billionth_is_shown() {
        assert_eq!(weight(1), "1e-9");
        assert_eq!(weight(2_500_000_000), "2.5");
        assert_eq!(weight(0), "0");
    }

    #[test]
    fn a_stock_answer_and_an_unknown_verdict_are_summarised() {
        let answer = |text: &str| serde_json::from_str(text).unwrap();
        assert!(summary(&answer(r#"{"ok":true,"fingerprint_passed":false}"#)).contains("failed"));
        let odd = answer(r#"{"verdict":{"summary":"a toaster","weight_units":1,"new":[]}}"#);
        assert_eq!(summary(&odd), "a toaster (weight 1e-9)");
        let rude = r#"{"verdict":{"checks":[{"reason":"\u001b[2Jall is well"}]}}"#;
        let verdict = Verdict::of(&answer(rude)).unwrap();
        assert_eq!(verdict.checks[0].reason, " [2Jall is well");
    }
}
