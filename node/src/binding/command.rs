//! `verdigris-node binding`: what the operator can see and do about machines.

use clap::Subcommand;
use serde_json::json;
use std::error::Error;
use std::fmt::Write as _;

use super::decide::Known;
use super::migration::{Kind, OPERATOR_DELAYS};
use crate::attest::shape::check_id;
use crate::clock::Clock;
use crate::config::{Config, Database};
use crate::http::bindings::{machine, shown};
use crate::store::bindings::{self, Kept, Origin, Refusal};
use crate::store::sql::Location;
use crate::store::{change, open_to_look};
use crate::transfer;

/// What can be done about machines.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show a miner's machines, their migrations, and what happened to them
    Show {
        /// Whose
        miner: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
    /// List migrations that wait
    Migrations {
        /// Also those that ended
        #[arg(long)]
        all: bool,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
    /// Take a machine to another miner, where its owner cannot sign; the old key can cancel it
    Migrate {
        /// The machine's number
        unit: i64,
        /// Whom it goes to
        #[arg(long, value_name = "MINER")]
        to: String,
        /// Why, for everybody to read
        #[arg(long, value_name = "TEXT", value_parser = transfer::reason)]
        reason: String,
        /// Seconds until it is done [default: 2419200, four weeks]
        #[arg(long, value_name = "SECONDS")]
        delay: Option<u64>,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
    /// Cancel a migration that waits
    Cancel {
        /// Its number
        migration: i64,
        /// Why, for everybody to read
        #[arg(long, value_name = "TEXT", value_parser = transfer::reason)]
        reason: String,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
    /// Make a machine nobody's: it is bound to whoever proves it next
    Release {
        /// The machine's number
        unit: i64,
        /// Why, for everybody to read
        #[arg(long, value_name = "TEXT", value_parser = transfer::reason)]
        reason: String,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
}

/// Does it; gives what to print.
///
/// # Errors
/// Where the database refuses, or there is no such machine or migration, or it has ended.
pub fn run(command: &Command) -> Result<String, Box<dyn Error>> {
    let now_ms = Clock::System.now_ms();
    match command {
        Command::Show {
            miner,
            json,
            database: Database { database },
        } => show(database, miner, *json),
        Command::Migrations {
            all,
            database: Database { database },
        } => {
            let (c, _) = open_to_look(database.clone())?;
            let mut out = String::new();
            for kept in bindings::migrations(&c, *all)? {
                line(&mut out, &kept)?;
            }
            Ok(out)
        }
        Command::Migrate {
            unit,
            to,
            reason,
            delay,
            database: Database { database },
        } => {
            check_id(to)?;
            let default = Config::default().migration_delay * OPERATOR_DELAYS;
            let delay_ms = delay.unwrap_or(default.as_secs()).saturating_mul(1_000);
            let due_ms = now_ms.saturating_add(i64::try_from(delay_ms).unwrap_or(i64::MAX));
            let origin = Origin::Operator(reason.clone());
            let begun = change(database, |c| {
                bindings::begin(c, Kind::Wallet, *unit, to, &origin, now_ms, due_ms)
            })?;
            let id = begun.map_err(|refusal| refused(*unit, &refusal))?;
            Ok(format!(
                "migration {id} of unit {unit} to {to} waits until {} s after 1970\n",
                due_ms / 1_000
            ))
        }
        Command::Cancel {
            migration,
            reason,
            database: Database { database },
        } => {
            let id = *migration;
            let (cancelled, kept) = change(database, |c| {
                let cancelled = bindings::cancel(c, id, reason, now_ms)?;
                Ok((cancelled, bindings::migration(c, id)?))
            })?;
            let kept = kept.ok_or_else(|| format!("there is no migration {id}"))?;
            if !cancelled {
                return Err(format!("migration {id} is {} already", kept.state.name()).into());
            }
            Ok(format!(
                "migration {id} is cancelled; unit {} stays with {}\n",
                kept.unit, kept.from
            ))
        }
        Command::Release {
            unit,
            reason,
            database: Database { database },
        } => {
            let was = change(database, |c| bindings::release(c, *unit, reason, now_ms))?
                .ok_or_else(|| refused(*unit, &Refusal::NotBound))?;
            Ok(format!("unit {unit} is nobody's; it was {was}'s\n"))
        }
    }
}

fn refused(unit: i64, refusal: &Refusal) -> String {
    match refusal {
        Refusal::Waits(id) => format!("migration {id} of unit {unit} waits already"),
        Refusal::ItsOwn => format!("unit {unit} is that miner's already"),
        Refusal::TooMany => "the receiver has as many machines as a miner can".into(),
        // Only an owner's have a nonce.
        Refusal::NotBound | Refusal::Replay | Refusal::OutOfOrder(_) => {
            format!("unit {unit} is bound to nobody")
        }
    }
}

fn show(database: &Location, miner: &str, json: bool) -> Result<String, Box<dyn Error>> {
    let (c, _) = open_to_look(database.clone())?;
    let (units, migrations) = (
        bindings::units_of(&c, miner)?,
        bindings::migrations_of(&c, miner)?,
    );
    let mut out = String::new();
    if json {
        let units: Vec<_> = units.iter().map(machine).collect();
        let migrations: Vec<_> = migrations.iter().map(shown).collect();
        let all = json!({ "migrations": migrations, "miner": miner, "units": units });
        writeln!(out, "{}", serde_json::to_string_pretty(&all)?)?;
        return Ok(out);
    }
    if units.is_empty() {
        writeln!(out, "no machine is bound to {miner}")?;
    }
    for Known { id, unit, paid, .. } in &units {
        writeln!(
            out,
            "unit {id}: {} firmware serials, {} network cards, {} installations{}{}",
            unit.firmware.len(),
            unit.macs.len(),
            unit.machine_ids.len(),
            if unit.processor.is_some() {
                ", a processor"
            } else {
                ""
            },
            match paid {
                Some((epoch, name)) => format!("; last enrolled in epoch {epoch} as {name}"),
                None => String::new(),
            }
        )?;
        for event in bindings::events_of(&c, *id)? {
            let why = event
                .reason
                .map_or(String::new(), |reason| format!(": {reason}"));
            writeln!(
                out,
                "  {} s: {} ({}){why}",
                event.at_ms / 1_000,
                event.kind,
                event.miner
            )?;
        }
    }
    for kept in &migrations {
        line(&mut out, kept)?;
    }
    Ok(out)
}

fn line(out: &mut String, kept: &Kept) -> std::fmt::Result {
    let by = match &kept.origin {
        Origin::Owner(_) => "the owner".to_owned(),
        Origin::Operator(reason) => format!("the operator: {reason}"),
    };
    writeln!(
        out,
        "migration {} ({}, {}) of unit {} from {} to {}, due {} s after 1970, by {by}",
        kept.id,
        kept.kind.name(),
        kept.state.name(),
        kept.unit,
        kept.from,
        kept.to,
        kept.due_ms / 1_000,
    )
}
