//! `verdigris-node miner`: what the operator can see of one, other names included.

use clap::Subcommand;
use std::error::Error;
use std::fmt::Write as _;

use super::known::tag;
use super::tell;
use super::watch::Record;
use crate::config::Database;
use crate::continuity::crystal::Comparison;
use crate::json::decimal;
use crate::store::{fleet, open_to_look};

/// What can be seen of a miner.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is known of a miner's machine over time, which names are the same machine, and why
    Explain {
        /// The miner's id
        miner: String,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
}

/// Decimal places of parts per trillion written as parts per million.
const PPM_PLACES: u32 = 6;

/// Decimal places of thousandths of a bit.
const BIT_PLACES: u32 = 3;

/// Nanoseconds in a second.
const SECOND_NS: i64 = 1_000_000_000;

/// Looks; gives what to print.
///
/// # Errors
/// Where the database refuses, nothing is known of the miner, or its row is damaged.
pub fn run(command: &Command) -> Result<String, Box<dyn Error>> {
    let Command::Explain {
        miner,
        database: Database { database },
    } = command;
    let (c, _) = open_to_look(database.clone())?;
    let row = fleet::dossier(&c, tag(miner))?
        .ok_or_else(|| format!("nothing is known of {miner} over time: it has sent no evidence"))?;
    let known = row.known()?;
    let assessed = known.assessed;
    let record = match assessed {
        Some(assessed) => fleet::assessment(&c, assessed.epoch, miner)?,
        None => None,
    };
    let record: Option<Record> = match record {
        Some(record) => Some(serde_json::from_str(&record.detail)?),
        None => None,
    };

    let mut out = format!(
        "{miner}: first attested at {}, last taken in at {} (seconds since 1970)\n{}\n",
        row.since_ms / 1_000,
        row.seen_ms / 1_000,
        tell::crystal(&known)
    );
    // Writing to a text never fails.
    if let Some(track) = &known.track {
        let clock = track.clock();
        let _ = writeln!(
            out,
            "  counter {}, {} bits, against {} Hz; the stretch under way began at {}",
            clock.source,
            clock.bits,
            clock.hz,
            track.spell().anchor_ns() / SECOND_NS
        );
        for rate in track.earlier().iter().copied().chain(track.spell().rate()) {
            let _ = writeln!(
                out,
                "  {} to {}: {} to {} ppm",
                rate.from_ns / SECOND_NS,
                rate.to_ns / SECOND_NS,
                decimal(rate.skew.low, PPM_PLACES),
                decimal(rate.skew.high, PPM_PLACES)
            );
        }
    }
    for sentence in tell::sentences(&known, record.as_ref(), row.epoch) {
        let _ = writeln!(out, "{sentence}");
    }
    if let Some(record) = record {
        let _ = writeln!(
            out,
            "{} has the machine's vote; {} names were found to be one machine: {}",
            record.keeper,
            record.names_total,
            record.names.join(" ")
        );
        for found in &record.found {
            let common = &found.common;
            let crystals = match common.crystal {
                Comparison::Different { .. } => "two crystals",
                Comparison::Alike { .. } => "crystals of one rate",
                Comparison::Incomparable => "crystals not compared",
            };
            let _ = writeln!(
                out,
                "  {}: {} bits, and {} for a common start; {crystals}",
                found.miner,
                decimal(common.surprise.0.into(), BIT_PLACES),
                decimal(common.start.0.into(), BIT_PLACES),
            );
        }
    }
    Ok(out)
}
