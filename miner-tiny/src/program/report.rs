//! How it ended: lines of 40 columns for a person, one line of JSON for a script.

use crate::arguments::Settings;
use crate::{channels, hex};
use miner_tiny::session::{Ending, Error, Outcome};
use probe_core::evidence::Evidence;
use std::fmt::Write as _;
use std::io::Write as _;

/// Columns of the smallest screens.
const COLUMNS: usize = 40;

/// Weight units in a weight of 1.
const WEIGHT_ONE: f64 = 1e9;

/// Prints the outcome to standard output. A reader that has gone away is no fault.
pub fn print(settings: &Settings, miner: &str, evidence: Option<&Evidence>, outcome: &Outcome) {
    let text = if settings.json {
        json(settings, miner, evidence, outcome)
    } else {
        lines(miner, evidence, outcome)
    };
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// For a person.
fn lines(miner: &str, evidence: Option<&Evidence>, outcome: &Outcome) -> String {
    let mut out = String::new();
    let mut say = |label: &str, text: &str| {
        if !text.is_empty() {
            out += &wrapped(label, text);
        }
    };
    if let Some(evidence) = evidence {
        let identity = &evidence.identity;
        say("processor", &identity.name);
        say(
            "kernels",
            &format!("{} {}", identity.architecture, identity.backend),
        );
        let counter = evidence.counter.as_ref();
        say("counter", counter.map_or("none", |counter| &counter.source));
        let names: Vec<&str> = channels(evidence).map(|channel| channel.name()).collect();
        say("channels", &names.join(" "));
        say("measured", &format!("{} ms", outcome.measured_ms));
        say("sent", &format!("{} bytes", outcome.submission_bytes));
    }
    say("miner", miner);
    match &outcome.node_key {
        Some(key) => say("node key", &hex(key)),
        None if outcome.ending == Some(Ending::Accepted) => {
            say(
                "node key",
                "none: nothing but the connection vouches for what it says",
            );
        }
        None => {}
    }
    let verdict = &outcome.verdict;
    match verdict.physical {
        Some(true) => say("machine", "real silicon"),
        Some(false) => say("machine", "not accepted as real silicon"),
        None => {}
    }
    say(
        "derived",
        format!("{} {}", verdict.family, verdict.class).trim(),
    );
    if let Some(units) = verdict.weight_units {
        say("weight", &format!("{}", units as f64 / WEIGHT_ONE));
    }
    say("verdict", &verdict.summary);
    say("ticket", &outcome.ticket);
    match outcome.ending {
        Some(Ending::Accepted) => say("result", "accepted"),
        Some(Ending::Rehearsed) => say("result", "measured; nothing was sent"),
        Some(Ending::Refused) => {
            say(
                "refused",
                &format!("HTTP {} {}", outcome.status, outcome.code),
            );
            say("because", &outcome.message);
        }
        Some(Ending::Failed(error)) => {
            say("failed", &format!("{error} ({})", error.code()));
            say(
                "next",
                match error {
                    Error::WrongNode => {
                        "if the operator says that the key is new, delete the node's line beside \
                         the wallet"
                    }
                    _ => next_step(error.exit_status()),
                },
            );
        }
        None => say("failed", "no end"),
    }
    out
}

/// What helps, by the exit status.
fn next_step(status: u8) -> &'static str {
    match status {
        2 => "see --help",
        3 => "check --node, and that the node runs; --mine keeps trying",
        6 => "check --node: a proxy may be in between, or ask the operator",
        _ => "try --quick or another --arena, and --self-check",
    }
}

/// A label and a text in lines of [`COLUMNS`].
fn wrapped(label: &str, text: &str) -> String {
    const INDENT: usize = 10;
    let mut out = format!("{label:<INDENT$}");
    let mut column = INDENT;
    for (index, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > COLUMNS {
            let _ = write!(out, "\n{:INDENT$}", "");
            column = INDENT;
        } else if index > 0 {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += length;
    }
    out.push('\n');
    out
}

/// For a script: members in alphabetical order.
fn json(
    settings: &Settings,
    miner: &str,
    evidence: Option<&Evidence>,
    outcome: &Outcome,
) -> String {
    let mut out = String::from("{");
    let mut member = |name: &str, value: String| {
        if out.len() > 1 {
            out.push(',');
        }
        let _ = write!(out, "\"{name}\":{value}");
    };
    let identity = evidence.map(|evidence| &evidence.identity);
    let counter = evidence.and_then(|evidence| evidence.counter.as_ref());
    let names: Vec<String> = evidence
        .into_iter()
        .flat_map(channels)
        .map(|channel| text(channel.name()))
        .collect();
    let failure = match outcome.ending {
        Some(Ending::Failed(error)) => text(error.code()),
        _ => "null".into(),
    };
    let verdict = &outcome.verdict;
    member(
        "accepted",
        (outcome.ending == Some(Ending::Accepted)).to_string(),
    );
    member("answer_bytes", outcome.answer_bytes.to_string());
    member(
        "architecture",
        text(identity.map_or("", |identity| &identity.architecture)),
    );
    member("arena", number(evidence.map(|evidence| evidence.arena)));
    member(
        "backend",
        text(identity.map_or("", |identity| &identity.backend)),
    );
    member("channels", format!("[{}]", names.join(",")));
    member("code", text(&outcome.code));
    member("connections", outcome.connections.to_string());
    member(
        "counter",
        text(counter.map_or("", |counter| &counter.source)),
    );
    member("epoch", number(outcome.epoch));
    member("error", failure);
    member("http_status", outcome.status.to_string());
    member("message", text(&outcome.message));
    member("miner", text(miner));
    member(
        "node",
        text(if settings.dry_run { "" } else { &settings.node }),
    );
    let key = outcome.node_key.as_ref();
    member("node_key", key.map_or("null".into(), |key| text(&hex(key))));
    member("nonce", text(&outcome.nonce));
    member(
        "outcome",
        text(outcome.ending.map_or("failed", |ending| ending.word())),
    );
    member("probe_ms", outcome.measured_ms.to_string());
    member(
        "processor",
        text(identity.map_or("", |identity| &identity.name)),
    );
    member("quick", settings.quick.to_string());
    member("submission_bytes", outcome.submission_bytes.to_string());
    member("ticket", text(&outcome.ticket));
    let physical = verdict.physical.map(|physical| physical.to_string());
    member(
        "verdict",
        format!(
            "{{\"class\":{},\"family\":{},\"physical\":{},\"summary\":{},\"weight_units\":{}}}",
            text(&verdict.class),
            text(&verdict.family),
            physical.unwrap_or_else(|| "null".into()),
            text(&verdict.summary),
            number(verdict.weight_units),
        ),
    );
    member("version", text(env!("CARGO_PKG_VERSION")));
    out.push('}');
    out
}

fn number<T: ToString>(number: Option<T>) -> String {
    number.map_or_else(|| "null".into(), |number| number.to_string())
}

/// A JSON string.
fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_keeps_within_the_columns() {
        let words = "a verdict in a sentence that is longer than any line of a small screen";
        let lines = wrapped("verdict", words);
        assert!(lines.lines().all(|line| line.len() <= COLUMNS));
        assert_eq!(
            lines
                .split_whitespace()
                .skip(1)
                .collect::<Vec<_>>()
                .join(" "),
            words
        );
    }

    proptest! {
        #[test]
        fn any_text_is_json(any: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&text(&any)).unwrap(), any);
        }
    }

    #[test]
    fn the_line_is_json_even_of_nothing() {
        let crate::Command::Attest(settings) = crate::arguments::parse(std::iter::empty()).unwrap()
        else {
            panic!("no settings");
        };
        let line = json(&settings, "m", None, &Outcome::default());
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["accepted"], false);
        assert_eq!(value["outcome"], "failed");
        let names: Vec<&String> = value.as_object().unwrap().keys().collect();
        assert!(names.is_sorted());
    }
}
