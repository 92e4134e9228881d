//! Proving this machine again and again, whatever happens to the network and the node.

use crate::attest::Miner;
use crate::backoff::{spread_out, Backoff};
use crate::cli::MineOptions;
use crate::error::Error;
use crate::out;
use crate::stop::Stop;
use crate::watch::{Event, Rest};
use std::time::Duration;

/// What to do.
pub struct Plan {
    /// Show what would be sent instead of sending it.
    pub dry_run: bool,
    /// Attestations to make, or for ever.
    pub rounds: Option<u32>,
    /// Shortest wait after a failure.
    pub retry_first: Duration,
    /// Longest wait after a failure.
    pub retry_max: Duration,
}

impl From<&MineOptions> for Plan {
    fn from(options: &MineOptions) -> Self {
        Plan {
            dry_run: options.dry_run,
            rounds: options.rounds,
            retry_first: options.retry_first,
            retry_max: options.retry_max,
        }
    }
}

/// Mines until the rounds are over, the owner stops it, or the node refuses for good.
///
/// # Errors
/// A failure that no repetition changes. Being stopped by the owner is none.
pub fn run(miner: &Miner, plan: &Plan, stop: &Stop) -> Result<(), Error> {
    match rounds(miner, plan, stop) {
        Err(Error::Interrupted) => {
            miner.remark("stopped");
            Ok(())
        }
        other => other,
    }
}

fn rounds(miner: &Miner, plan: &Plan, stop: &Stop) -> Result<(), Error> {
    let mut backoff = Backoff::new(plan.retry_first, plan.retry_max);
    let mut done = 0;
    loop {
        match round(miner, plan) {
            Ok(page) => {
                backoff.reset();
                if let (0, Some(page)) = (done, page) {
                    miner.remark(&format!("this machine's page: {page}"));
                }
                done += 1;
                if plan.rounds.is_some_and(|rounds| done >= rounds) {
                    return Ok(());
                }
                let pause = spread_out(miner.settings().interval, random());
                miner.watch().rest(pause, Rest::Interval, stop)?;
            }
            Err(error) if error.is_passing() => {
                miner.watch().see(Event::Failed(&error));
                let asked = match &error {
                    Error::Refused(refusal) => refusal.retry_after,
                    _ => None,
                };
                let why = match asked {
                    Some(_) => Rest::Asked,
                    None => Rest::Retry,
                };
                let pause = backoff.next(random(), asked);
                miner.watch().rest(pause, why, stop)?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// One attestation; gives where people see the machine, if the node says anything of it.
fn round(miner: &Miner, plan: &Plan) -> Result<Option<String>, Error> {
    if plan.dry_run {
        out::line(String::from_utf8_lossy(&miner.measure_for_node()?));
        return Ok(None);
    }
    let answer = miner.attest()?;
    miner.watch().see(Event::Accepted(&answer));
    Ok(miner.page(&answer))
}

/// Any 64 bits: only to spread waits. Where the system has no random numbers, none is drawn.
fn random() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX / 2)
}
