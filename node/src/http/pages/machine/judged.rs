//! A verdict as a page shows it: read back from the log, also where older rules wrote it.

use serde::Deserialize;

use crate::http::pages::view::{self, tame};

/// A verdict's members that pages show. Rules of other versions may lack some, and have others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Recorded {
    rules: u16,
    checks: Vec<RecordedCheck>,
    physical: bool,
    family: String,
    class: String,
    kind_ppm: Option<u32>,
    presence_ppm: Option<u32>,
    continuity_ppm: Option<u32>,
    summary: String,
    reclassified: Option<RecordedClaim>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecordedCheck {
    channel: String,
    aspect: String,
    outcome: String,
    measured: String,
    expected: String,
    reason: String,
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RecordedClaim {
    reason: String,
}

/// A verdict in words.
pub struct Judged {
    /// Version of the rules.
    pub rules: u16,
    /// Real silicon.
    pub physical: bool,
    /// Family as derived.
    pub family: String,
    /// Class as derived.
    pub class: String,
    /// Scores: which silicon, silicon at all, the same as before.
    pub scores: [(&'static str, &'static str, String); 3],
    /// In one sentence.
    pub summary: String,
    /// Why it does not count as what it claims; empty where it does.
    pub reclassified: String,
    /// Check by check, each channel's together, in the order made.
    pub channels: Vec<Channel>,
}

/// What was checked of a channel.
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The checks.
    pub checks: Vec<Check>,
}

/// A check.
pub struct Check {
    /// What it speaks about.
    pub aspect: String,
    /// `pass`, `fail`, `note` or `absent`.
    pub outcome: String,
    /// What was measured.
    pub measured: String,
    /// What was expected.
    pub expected: String,
    /// Why that is the outcome.
    pub reason: String,
    /// Where the limit comes from.
    pub source: String,
}

impl Judged {
    /// Of a verdict's JSON; what cannot be read is empty.
    pub fn of(json: &str) -> Self {
        let recorded: Recorded = serde_json::from_str(json).unwrap_or_default();
        let mut channels: Vec<Channel> = Vec::new();
        for check in recorded.checks {
            let name = tame(&check.channel);
            let check = Check {
                aspect: tame(&check.aspect),
                outcome: tame(&check.outcome),
                measured: tame(&check.measured),
                expected: tame(&check.expected),
                reason: tame(&check.reason),
                source: tame(&check.source),
            };
            match channels.iter_mut().find(|channel| channel.name == name) {
                Some(channel) => channel.checks.push(check),
                None => channels.push(Channel {
                    name,
                    checks: vec![check],
                }),
            }
        }
        Judged {
            rules: recorded.rules,
            physical: recorded.physical,
            family: tame(&recorded.family),
            class: tame(&recorded.class),
            scores: [
                (
                    "Kind",
                    "which silicon it is",
                    view::score(recorded.kind_ppm),
                ),
                (
                    "Presence",
                    "silicon, rather than an imitation of it",
                    view::score(recorded.presence_ppm),
                ),
                (
                    "Continuity",
                    "the same unit as before",
                    view::score(recorded.continuity_ppm),
                ),
            ],
            summary: tame(&recorded.summary),
            reclassified: tame(&recorded.reclassified.unwrap_or_default().reason),
            channels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_of_a_channel_stand_together() {
        let check = |channel: &str, reason: &str| serde_json::json!({"channel": channel, "outcome": "pass", "reason": reason});
        let verdict = serde_json::json!({
            "rules": 5, "summary": "It is.", "kind_ppm": 1_000_000, "unknown": [1],
            "checks": [check("trap", "a"), check("cache", "b"), check("trap", "c")],
        });
        let judged = Judged::of(&verdict.to_string());
        let names: Vec<_> = judged
            .channels
            .iter()
            .map(|c| (c.name.as_str(), c.checks.len()))
            .collect();
        assert_eq!(names, [("trap", 2), ("cache", 1)]);
        assert_eq!(judged.scores[0].2, "1.000");
        assert_eq!(Judged::of("no JSON").channels.len(), 0);
    }
}
