//! `docs/targets.md`: what came out, for people.

use crate::matrix::{named, Attested, Row, Run};
use std::fmt::Write;

/// Where and how the figures were made.
#[derive(Debug, Clone)]
pub struct Context {
    /// Processor and system.
    pub machine: String,
    /// Compiler that built Rust.
    pub compiler: String,
    /// Emulator.
    pub emulator: String,
    /// The command that makes the page.
    pub command: String,
    /// Values that every target was compared with.
    pub values: usize,
    /// How long it all took, seconds.
    pub seconds: u64,
}

/// Channels that act on the machine and are looked at one by one: the page says of each whether it
/// separates.
const ACTIVE: [&str; 8] = [
    "fresh_code",
    "quirks",
    "pipeline",
    "simd",
    "trap",
    "counter",
    "branch",
    "fpu",
];

/// Writes the page.
pub fn page(rows: &[Row], context: &Context) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, rows, context);
    out
}

fn write(out: &mut String, rows: &[Row], context: &Context) -> std::fmt::Result {
    let built = rows.iter().filter(|r| r.built.is_ok()).count();
    let runs: Vec<&Run> = rows.iter().flat_map(|r| &r.runs).collect();
    let alike = runs.iter().filter(|r| r.alike.is_ok()).count();
    let attested = runs.iter().filter(|r| r.attested.is_ok()).count();
    let caught = runs
        .iter()
        .filter_map(|r| r.attested.as_ref().ok())
        .filter(|a| !a.physical && !a.caught_by().is_empty())
        .count();
    writeln!(
        out,
        "# Targets\n\n\
         Written by `{}`; edit nothing here. What a target is: [cross/targets.toml](../cross/targets.toml).\n\n\
         - {} targets, {built} built; {} runs, one for each CPU model: {alike} computed the same {} values \
         as x86-64, {attested} attested to a node, {caught} were recognised as emulated by an active \
         channel, marks of the environment ignored.\n\
         - {}; {}; {}. {} min {} s in all.\n",
        context.command,
        rows.len(),
        runs.len(),
        context.values,
        context.machine,
        context.compiler,
        context.emulator,
        context.seconds / 60,
        context.seconds % 60,
    )?;
    programs(out, rows)?;
    table(out, rows)?;
    separation(out, rows)?;
    margins(out, rows)
}

fn programs(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "## The programs\n\n\
         One file each, static where nothing else is said in targets.toml. Route `rust`: Rust from source, no C library; \
         `c`: the portable C drop, made by `make CC=…`.\n\n\
         | target | triple | bits, byte order | route | size, bytes | build, s |\n\
         |---|---|---|---|--:|--:|"
    )?;
    for row in rows {
        let target = &row.target;
        let route = target.route;
        let (bytes, took) = match &row.built {
            Ok(built) => (built.bytes.to_string(), built.took.as_secs().to_string()),
            Err(_) => ("not built".into(), String::new()),
        };
        writeln!(
            out,
            "| {} | `{}` | {}, {} | {route} | {bytes} | {took} |",
            target.name, target.triple, target.bits, target.endian
        )?;
    }
    Ok(())
}

fn table(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "\n## The runs\n\n\
         Probe: time of the whole probe under the emulator. Channels: how many ran; those that the \
         machine lacks are absent. Values: kernels' digests and encodings against x86-64's, bit for \
         bit.\n\n\
         | target | CPU model | values | probe, ms | kernels | counter | channels | submission, bytes | caught by |\n\
         |---|---|---|--:|---|---|--:|--:|---|"
    )?;
    for (row, run) in each(rows) {
        let values = match &run.alike {
            Ok(count) => format!("{count} alike"),
            Err(_) => "**differ**".into(),
        };
        write!(
            out,
            "| {} | {} | {values} |",
            row.target.name,
            named(&run.cpu)
        )?;
        match &run.attested {
            Err(_) => writeln!(out, " | | | | | **not attested** |")?,
            Ok(attested) => {
                let miner = &attested.miner;
                let caught: Vec<&str> = attested.caught_by().into_iter().collect();
                writeln!(
                    out,
                    " {} | {} | {} | {} | {} | {} |",
                    miner.probe_ms,
                    format_args!("{}, {}", miner.architecture, miner.backend),
                    miner.counter,
                    miner.channels.len(),
                    miner.submission_bytes,
                    if attested.physical {
                        "**taken for real**".into()
                    } else if caught.is_empty() {
                        "**nothing**".into()
                    } else {
                        caught.join(", ")
                    }
                )?;
            }
        }
    }
    Ok(())
}

/// Which channels separate an emulator from silicon, target by target.
fn separation(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "\n## Which channel separates\n\n\
         ✗: the channel alone says that this is no silicon. ✓: it passes, so it does not separate here. \
         ·: collected, not judged. –: absent.\n\n\
         | target | CPU model | {} |\n|---|---|{}",
        ACTIVE.join(" | "),
        "---|".repeat(ACTIVE.len())
    )?;
    for (row, run) in each(rows) {
        let Ok(attested) = &run.attested else {
            continue;
        };
        let cells: Vec<&str> = ACTIVE.iter().map(|c| outcome(attested, c)).collect();
        writeln!(
            out,
            "| {} | {} | {} |",
            row.target.name,
            named(&run.cpu),
            cells.join(" | ")
        )?;
    }
    Ok(())
}

/// What a channel's checks of presence amount to.
fn outcome(attested: &Attested, channel: &str) -> &'static str {
    let of: Vec<&str> = attested
        .checks
        .iter()
        .filter(|c| c.channel == channel && c.aspect == "presence")
        .map(|c| c.outcome.as_str())
        .collect();
    for (outcome, mark) in [("fail", "✗"), ("pass", "✓"), ("note", "·")] {
        if of.contains(&outcome) {
            return mark;
        }
    }
    "–"
}

/// By how much: what was measured and what silicon shows, of every failed check.
fn margins(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(out, "\n## By what margin\n")?;
    for row in rows.iter().filter(|row| row.built.is_ok()) {
        if let Some(why) = &row.target.unrun {
            writeln!(out, "**{}**: built, not run: {why}.\n", row.target.name)?;
        }
        let shown: Vec<&Attested> = row
            .runs
            .iter()
            .filter_map(|r| r.attested.as_ref().ok())
            .collect();
        // The first CPU model stands for the others: the emulator is the same program.
        let Some(first) = shown.first() else {
            continue;
        };
        writeln!(
            out,
            "**{}**, {}. {}\n",
            row.target.name,
            named(&row.runs[0].cpu),
            first.summary
        )?;
        for check in first.failed() {
            writeln!(
                out,
                "- `{}`: {}; silicon: {}. {}",
                check.channel, check.measured, check.expected, check.reason
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn each(rows: &[Row]) -> impl Iterator<Item = (&Row, &Run)> {
    rows.iter()
        .flat_map(|row| row.runs.iter().map(move |run| (row, run)))
}
