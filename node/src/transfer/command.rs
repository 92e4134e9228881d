//! `verdigris-node transfer`: what the operator can do about one.

use clap::Subcommand;
use std::error::Error;

use crate::clock::Clock;
use crate::config::Database;
use crate::json::decimal;
use crate::ledger::RTC_PLACES;
use crate::store::{change, transfers};

/// What can be done about a transfer.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Call off a transfer that is not booked yet, also while the node runs
    Void {
        /// Its number: `pending_id`
        id: i64,
        /// Why, for its sender to read
        #[arg(long, value_name = "TEXT", value_parser = super::reason)]
        reason: String,
        /// Which database
        #[command(flatten)]
        database: Database,
    },
}

/// Does it; gives what to print.
///
/// # Errors
/// Where the database refuses, or there is no such transfer, or it has ended.
pub fn run(command: &Command) -> Result<String, Box<dyn Error>> {
    let Command::Void {
        id,
        reason,
        database: Database { database },
    } = command;
    let now_ms = Clock::System.now_ms();
    let (voided, kept) = change(database, |c| {
        let voided = transfers::void(c, *id, reason, now_ms)?;
        Ok((voided, transfers::by_id(c, *id)?))
    })?;
    let kept = kept.ok_or_else(|| format!("there is no transfer {id}"))?;
    let (transfer, state) = (&kept.transfer, kept.state.name());
    if !voided {
        return Err(format!("transfer {id} is {state} already").into());
    }
    Ok(format!(
        "transfer {id} is called off: {} RTC from {} to {}, {}\n",
        decimal(transfer.amount, RTC_PLACES),
        transfer.from,
        transfer.to,
        transfer.hash
    ))
}
