//! How it ended: lines for a person, or one line of JSON with the members that the Rust program writes.

use crate::arguments::Settings;
use crate::host::Stream;
use core::fmt::{self, Write};
use miner_tiny::session::{Ending, Outcome};
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;

/// Prints the outcome. The host takes everything.
pub fn print(settings: &Settings, miner: &str, evidence: Option<&Evidence>, outcome: &Outcome) {
    let _ = if settings.json {
        json(settings, miner, evidence, outcome)
    } else {
        lines(miner, evidence, outcome)
    };
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

fn lines(miner: &str, evidence: Option<&Evidence>, outcome: &Outcome) -> fmt::Result {
    let mut out = Stream::Out;
    if let Some(evidence) = evidence {
        let identity = &evidence.identity;
        writeln!(
            out,
            "kernels   {} {}",
            identity.architecture, identity.backend
        )?;
        if let Some(counter) = &evidence.counter {
            writeln!(out, "counter   {}", counter.source)?;
        }
        write!(out, "channels ")?;
        for channel in channels(evidence) {
            write!(out, " {}", channel.name())?;
        }
        writeln!(out)?;
        writeln!(out, "measured  {} ms", outcome.measured_ms)?;
        writeln!(out, "sent      {} bytes", outcome.submission_bytes)?;
    }
    writeln!(out, "miner     {miner}")?;
    let verdict = &outcome.verdict;
    if let Some(physical) = verdict.physical {
        let silicon = if physical {
            "real silicon"
        } else {
            "not accepted as real silicon"
        };
        writeln!(out, "machine   {silicon}")?;
    }
    if !verdict.summary.is_empty() {
        writeln!(out, "verdict   {}", verdict.summary)?;
    }
    match outcome.ending {
        Some(Ending::Accepted) => writeln!(out, "result    accepted"),
        Some(Ending::Rehearsed) => writeln!(out, "result    measured; nothing was sent"),
        Some(Ending::Refused) => writeln!(
            out,
            "refused   HTTP {} {}\nbecause   {}",
            outcome.status, outcome.code, outcome.message
        ),
        Some(Ending::Failed(error)) => {
            writeln!(out, "failed    {error} ({})", error.code())
        }
        None => writeln!(out, "failed    no end"),
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

/// A JSON number, or null.
struct Number<T>(Option<T>);

impl<T: fmt::Display> fmt::Display for Number<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(number) => number.fmt(f),
            None => f.write_str("null"),
        }
    }
}

/// A JSON string of hexadecimal digits, or null.
struct Hex<'a>(Option<&'a [u8; 32]>);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(bytes) = self.0 else {
            return f.write_str("null");
        };
        f.write_char('"')?;
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_char('"')
    }
}

/// For a script: members in alphabetical order.
fn json(
    settings: &Settings,
    miner: &str,
    evidence: Option<&Evidence>,
    outcome: &Outcome,
) -> fmt::Result {
    let mut out = Stream::Out;
    let identity = evidence.map(|e| &e.identity);
    let counter = evidence.and_then(|e| e.counter.as_ref());
    let verdict = &outcome.verdict;
    write!(
        out,
        "{{\"accepted\":{},\"answer_bytes\":{},\"architecture\":{},\"arena\":{},\"backend\":{},\"channels\":[",
        outcome.ending == Some(Ending::Accepted),
        outcome.answer_bytes,
        Text(identity.map_or("", |i| &i.architecture)),
        Number(evidence.map(|e| e.arena)),
        Text(identity.map_or("", |i| &i.backend)),
    )?;
    for (index, channel) in evidence.into_iter().flat_map(channels).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        write!(out, "{comma}{}", Text(channel.name()))?;
    }
    write!(
        out,
        "],\"code\":{},\"connections\":{},\"counter\":{},\"epoch\":{},\"error\":",
        Text(&outcome.code),
        outcome.connections,
        Text(counter.map_or("", |c| &c.source)),
        Number(outcome.epoch),
    )?;
    match outcome.ending {
        Some(Ending::Failed(error)) => write!(out, "{}", Text(error.code()))?,
        _ => out.write_str("null")?,
    }
    write!(
        out,
        ",\"http_status\":{},\"message\":{},\"miner\":{},\"node\":{},\"node_key\":{},\"nonce\":{},\"outcome\":{},",
        outcome.status,
        Text(&outcome.message),
        Text(miner),
        Text(if settings.dry_run { "" } else { &settings.node }),
        Hex(outcome.node_key.as_ref()),
        Text(&outcome.nonce),
        Text(outcome.ending.map_or("failed", |ending| ending.word())),
    )?;
    write!(
        out,
        "\"probe_ms\":{},\"processor\":{},\"quick\":{},\"submission_bytes\":{},\"ticket\":{},",
        outcome.measured_ms,
        Text(identity.map_or("", |i| &i.name)),
        settings.quick,
        outcome.submission_bytes,
        Text(&outcome.ticket),
    )?;
    writeln!(
        out,
        "\"verdict\":{{\"class\":{},\"family\":{},\"physical\":{},\"summary\":{},\"weight_units\":{}}},\"version\":{}}}",
        Text(&verdict.class),
        Text(&verdict.family),
        Number(verdict.physical),
        Text(&verdict.summary),
        Number(verdict.weight_units),
        Text(env!("CARGO_PKG_VERSION")),
    )
}
