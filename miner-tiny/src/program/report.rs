//! How it ended: lines of 40 columns for a person, one line of JSON for a script.

use super::arguments::of_self_check;
use super::arguments::Settings;
use crate::session::{Ending, Error, Outcome};
use core::fmt::{self, Write};
use heapless::String;
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;

/// Columns of the smallest screens, and where texts begin on them.
const COLUMNS: usize = 40;
const INDENT: usize = 10;

/// The longest word that is not broken: a ticket or a message has some hundred characters.
const WORD_MAX: usize = 512;

/// Weight units in a weight of 1, and their decimal digits.
const WEIGHT_ONE: u64 = 1_000_000_000;
const WEIGHT_DIGITS: usize = 9;

/// Writes the outcome.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    settings: &Settings,
    miner: &str,
    evidence: Option<&Evidence>,
    outcome: &Outcome,
) -> fmt::Result {
    if settings.json {
        json(out, settings, miner, evidence, outcome)
    } else {
        lines(out, miner, evidence, outcome)
    }
}

/// The channels that ran, in running order.
fn channels(evidence: &Evidence) -> impl Iterator<Item = ChannelId> + '_ {
    ChannelId::ALL.into_iter().filter(|channel| match channel {
        ChannelId::Counter => evidence.counter.is_some(),
        ChannelId::Pipeline => evidence.pipeline.is_some(),
        ChannelId::Simd => evidence.simd.is_some(),
        ChannelId::Fpu => evidence.fpu.is_some(),
        ChannelId::Branch => evidence.branch.is_some(),
        ChannelId::Trap => evidence.trap.is_some(),
        ChannelId::Quirks => evidence.quirks.is_some(),
        ChannelId::FreshCode => evidence.fresh_code.is_some(),
        ChannelId::Jitter => evidence.jitter.is_some(),
        ChannelId::Oscillator => evidence.oscillator.is_some(),
        ChannelId::Cache => evidence.cache.is_some(),
        ChannelId::Thermal => evidence.thermal.is_some(),
        ChannelId::Environment => evidence.environment.is_some(),
    })
}

/// For a person.
fn lines(
    out: &mut dyn Write,
    miner: &str,
    evidence: Option<&Evidence>,
    outcome: &Outcome,
) -> fmt::Result {
    let mut say = |label: &str, text: fmt::Arguments<'_>| say(out, label, text);
    if let Some(evidence) = evidence {
        let identity = &evidence.identity;
        say("processor", format_args!("{}", identity.name))?;
        say(
            "kernels",
            format_args!("{} {}", identity.architecture, identity.backend),
        )?;
        let counter = evidence.counter.as_ref();
        say(
            "counter",
            format_args!("{}", counter.map_or("none", |counter| &counter.source)),
        )?;
        say("channels", format_args!("{}", Names(evidence)))?;
        say("measured", format_args!("{} ms", outcome.measured_ms))?;
        say("sent", format_args!("{} bytes", outcome.submission_bytes))?;
    }
    say("miner", format_args!("{miner}"))?;
    match &outcome.node_key {
        Some(key) => say("node key", format_args!("{}", Digits(key)))?,
        None if outcome.ending == Some(Ending::Accepted) => say(
            "node key",
            format_args!("none: nothing but the connection vouches for what it says"),
        )?,
        None => {}
    }
    let verdict = &outcome.verdict;
    match verdict.physical {
        Some(true) => say("machine", format_args!("real silicon"))?,
        Some(false) => say("machine", format_args!("not accepted as real silicon"))?,
        None => {}
    }
    say(
        "derived",
        format_args!("{} {}", verdict.family, verdict.class),
    )?;
    if let Some(units) = verdict.weight_units {
        say("weight", format_args!("{}", Weight(units)))?;
    }
    say("verdict", format_args!("{}", verdict.summary))?;
    say("ticket", format_args!("{}", outcome.ticket))?;
    match outcome.ending {
        Some(Ending::Accepted) => say("result", format_args!("accepted")),
        Some(Ending::Rehearsed) => say("result", format_args!("measured; nothing was sent")),
        Some(Ending::Refused) => {
            say(
                "refused",
                format_args!("HTTP {} {}", outcome.status, outcome.code),
            )?;
            say("because", format_args!("{}", outcome.message))
        }
        Some(Ending::Failed(error)) => {
            say("failed", format_args!("{error} ({})", error.code()))?;
            let next = match error {
                Error::WrongNode => {
                    "if the operator says that the key is new, delete the node's line beside the \
                     wallet"
                }
                _ => next_step(error.exit_status()),
            };
            say("next", format_args!("{next}"))
        }
        None => say("failed", format_args!("no end")),
    }
}

/// What helps, by the exit status.
fn next_step(status: u8) -> &'static str {
    match status {
        2 => "see --help",
        3 => "check --node, and that the node runs; --mine keeps trying",
        6 => "check --node: a proxy may be in between, or ask the operator",
        _ => concat!(
            "try --quick or another --arena",
            of_self_check!(", and --self-check")
        ),
    }
}

/// A label and a text in lines of [`COLUMNS`]; nothing where the text is empty.
fn say(out: &mut dyn Write, label: &str, text: fmt::Arguments<'_>) -> fmt::Result {
    let mut line = Wrapped {
        out,
        label,
        column: 0,
        word: String::new(),
    };
    line.write_fmt(text)?;
    line.end_of_word()?;
    if line.column > 0 {
        line.out.write_char('\n')?;
    }
    Ok(())
}

/// Text that is broken into lines between words.
struct Wrapped<'a> {
    out: &'a mut dyn Write,
    label: &'a str,
    /// Where the line is; 0 before the first word.
    column: usize,
    word: String<WORD_MAX>,
}

impl Wrapped<'_> {
    fn end_of_word(&mut self) -> fmt::Result {
        let length = self.word.chars().count();
        if length == 0 {
            return Ok(());
        }
        if self.column == 0 {
            write!(self.out, "{:<INDENT$}", self.label)?;
            self.column = INDENT;
        } else if self.column + 1 + length > COLUMNS {
            write!(self.out, "\n{:INDENT$}", "")?;
            self.column = INDENT;
        } else {
            self.out.write_char(' ')?;
            self.column += 1;
        }
        self.out.write_str(&self.word)?;
        self.column += length;
        self.word.clear();
        Ok(())
    }
}

impl fmt::Write for Wrapped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if c.is_whitespace() {
                self.end_of_word()?;
            } else if self.word.push(c).is_err() {
                // Longer than any word: broken here.
                self.end_of_word()?;
                let _ = self.word.push(c);
            }
        }
        Ok(())
    }
}

/// The names of the channels that ran.
struct Names<'a>(&'a Evidence);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        channels(self.0).try_for_each(|channel| write!(f, "{} ", channel.name()))
    }
}

/// A weight, in decimal digits without floating point.
struct Weight(u64);

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / WEIGHT_ONE)?;
        let (mut rest, mut digits) = (self.0 % WEIGHT_ONE, WEIGHT_DIGITS);
        if rest == 0 {
            return Ok(());
        }
        while rest.is_multiple_of(10) {
            rest /= 10;
            digits -= 1;
        }
        write!(f, ".{rest:0digits$}")
    }
}

/// Hexadecimal digits.
struct Digits<'a>(&'a [u8; 32]);

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A JSON string.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// What a member of a JSON object holds.
enum Member<'a> {
    Flag(Option<bool>),
    Key(Option<&'a [u8; 32]>),
    List(Option<&'a Evidence>),
    Null,
    Number(Option<u64>),
    Object(&'a [(&'a str, Member<'a>)]),
    Text(&'a str),
}

/// Writes an object whose members are in alphabetical order.
fn object(out: &mut dyn Write, members: &[(&str, Member<'_>)]) -> fmt::Result {
    let mut before = '{';
    for (name, member) in members {
        write!(out, "{before}{}:", Text(name))?;
        before = ',';
        match member {
            Member::Flag(Some(flag)) => out.write_str(if *flag { "true" } else { "false" })?,
            Member::Key(Some(key)) => write!(out, "\"{}\"", Digits(key))?,
            Member::List(evidence) => list(out, *evidence)?,
            Member::Number(Some(number)) => write!(out, "{number}")?,
            Member::Object(members) => object(out, members)?,
            Member::Text(text) => write!(out, "{}", Text(text))?,
            Member::Null | Member::Flag(None) | Member::Key(None) | Member::Number(None) => {
                out.write_str("null")?;
            }
        }
    }
    out.write_char('}')
}

/// Writes the names of the channels that ran.
fn list(out: &mut dyn Write, evidence: Option<&Evidence>) -> fmt::Result {
    let mut before = "";
    out.write_char('[')?;
    for channel in evidence.into_iter().flat_map(channels) {
        write!(out, "{before}{}", Text(channel.name()))?;
        before = ",";
    }
    out.write_char(']')
}

/// For a script.
fn json(
    out: &mut dyn Write,
    settings: &Settings,
    miner: &str,
    evidence: Option<&Evidence>,
    outcome: &Outcome,
) -> fmt::Result {
    use Member::{Flag, Key, List, Null, Number, Object, Text};
    let identity = evidence.map(|e| &e.identity);
    let counter = evidence.and_then(|e| e.counter.as_ref());
    let accepted = outcome.ending == Some(Ending::Accepted);
    let verdict = &outcome.verdict;
    let verdict = [
        ("class", Text(&verdict.class)),
        ("family", Text(&verdict.family)),
        ("physical", Flag(verdict.physical)),
        ("summary", Text(&verdict.summary)),
        ("weight_units", Number(verdict.weight_units)),
    ];
    let number = |number: u32| Number(Some(number.into()));
    let error = match &outcome.ending {
        Some(Ending::Failed(error)) => Text(error.code()),
        _ => Null,
    };
    let members = [
        ("accepted", Flag(Some(accepted))),
        ("answer_bytes", number(outcome.answer_bytes)),
        (
            "architecture",
            Text(identity.map_or("", |i| &i.architecture)),
        ),
        ("arena", Number(evidence.map(|e| e.arena.into()))),
        ("backend", Text(identity.map_or("", |i| &i.backend))),
        ("channels", List(evidence)),
        ("code", Text(&outcome.code)),
        ("connections", number(outcome.connections.into())),
        ("counter", Text(counter.map_or("", |c| &c.source))),
        ("epoch", Number(outcome.epoch)),
        ("error", error),
        ("http_status", number(outcome.status.into())),
        ("message", Text(&outcome.message)),
        ("miner", Text(miner)),
        (
            "node",
            Text(if settings.dry_run { "" } else { &settings.node }),
        ),
        ("node_key", Key(outcome.node_key.as_ref())),
        ("nonce", Text(&outcome.nonce)),
        (
            "outcome",
            Text(outcome.ending.map_or("failed", |ending| ending.word())),
        ),
        ("probe_ms", Number(Some(outcome.measured_ms))),
        ("processor", Text(identity.map_or("", |i| &i.name))),
        ("quick", Flag(Some(settings.quick))),
        ("submission_bytes", number(outcome.submission_bytes)),
        ("ticket", Text(&outcome.ticket)),
        ("verdict", Object(&verdict)),
        ("version", Text(env!("CARGO_PKG_VERSION"))),
    ];
    object(out, &members)?;
    out.write_char('\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::{String as Owned, ToString};
    use std::vec::Vec;

    #[test]
    fn a_long_text_keeps_within_the_columns() {
        let words = "a verdict in a sentence that is longer than any line of a small screen";
        let mut lines = Owned::new();
        say(&mut lines, "verdict", format_args!("{words}")).unwrap();
        assert!(lines.lines().all(|line| line.len() <= COLUMNS));
        let said: Vec<&str> = lines.split_whitespace().skip(1).collect();
        assert_eq!(said.join(" "), words);
    }

    #[test]
    fn a_weight_has_the_digits_that_it_needs() {
        for (units, text) in [
            (2_500_000_000, "2.5"),
            (1, "0.000000001"),
            (0, "0"),
            (WEIGHT_ONE, "1"),
        ] {
            assert_eq!(Weight(units).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_json(any: Owned) {
            let text = Text(&any).to_string();
            prop_assert_eq!(serde_json::from_str::<Owned>(&text).unwrap(), any);
        }
    }

    #[test]
    fn the_line_is_json_even_of_nothing() {
        let settings = Settings::default();
        let mut line = Owned::new();
        json(&mut line, &settings, "m", None, &Outcome::default()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["accepted"], false);
        assert_eq!(value["outcome"], "failed");
        let names: Vec<&Owned> = value.as_object().unwrap().keys().collect();
        assert!(names.is_sorted());
    }
}
