//! Several threads, each with a connection and one job at a time in a transaction of its own.
//!
//! The server runs transactions as if one came after the other (isolation level SERIALIZABLE), for
//! all processes that share it, and flushes the disk once for those that commit together. Where that
//! cannot be done it ends a transaction with a conflict, and the job is run again; so it is where the
//! server went away and came back.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Job, Jobs, Outcome, Written};
use crate::store::sql::{self, Access, Connection, Duty, Location, Purpose, Trouble};
use crate::store::StoreError;

/// Threads: enough that commits share a flush of the disk.
pub const WORKERS: usize = 8;

/// How long a job is tried: as long as SQLite waits for a file that another program holds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The wait before the second try; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_millis(1);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

pub fn work(
    location: &Location,
    mut connection: Option<Connection>,
    jobs: &Mutex<Jobs>,
    written: &Written,
) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else {
            return;
        };
        let begun = Instant::now();
        let outcome = insist(location, &mut connection, job.as_mut());
        written.count(1, begun);
        job.answer(outcome);
    }
}

/// Tries a job until it is done, or has a failure of its own, or too much time has gone by.
fn insist(location: &Location, connection: &mut Option<Connection>, job: &mut dyn Job) -> Outcome {
    let begun = Instant::now();
    let mut wait = FIRST_WAIT;
    loop {
        let (outcome, trouble) = attempt(location, connection, job);
        if trouble == Some(Trouble::Lost) {
            *connection = None;
        }
        let Outcome::Failed(StoreError::Sql(e)) = outcome else {
            return outcome;
        };
        if trouble.is_none() || begun.elapsed() > PATIENCE {
            tracing::error!("store: a write failed: {e}");
            return Outcome::Failed(StoreError::Sql(e));
        }
        std::thread::sleep(wait);
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Runs a job once. [`StoreError::Sql`] where nothing of it is kept and its own result is void.
fn attempt(
    location: &Location,
    slot: &mut Option<Connection>,
    job: &mut dyn Job,
) -> (Outcome, Option<Trouble>) {
    let connection = match slot {
        Some(connection) => connection,
        None => match Connection::open(location, Access::Writer) {
            Ok(connection) => slot.insert(connection),
            Err(e) => {
                let trouble = e.trouble();
                return (Outcome::Failed(StoreError::Sql(e)), trouble);
            }
        },
    };
    let outcome = match job.duty() {
        None => in_transaction(connection, job),
        Some(duty) => match connection.try_take(duty) {
            Ok(true) => {
                let outcome = in_transaction(connection, job);
                connection.leave(duty);
                outcome
            }
            Ok(false) => Outcome::Taken,
            Err(e) => Outcome::Failed(StoreError::Sql(e)),
        },
    };
    (outcome, connection.trouble())
}

fn in_transaction(connection: &Connection, job: &mut dyn Job) -> Outcome {
    match begin(connection, job.duty()) {
        Ok(()) => {}
        Err(e) => {
            connection.roll_back();
            return Outcome::Failed(StoreError::Sql(e));
        }
    }
    let keep = job.run(connection);
    if !keep || connection.trouble().is_some() {
        connection.roll_back();
        return match connection.trouble() {
            // The job's failure is its own.
            None => Outcome::Done,
            Some(trouble) => Outcome::Failed(StoreError::Sql(sql::Error::Trouble(trouble))),
        };
    }
    match connection.commit() {
        Ok(()) => Outcome::Done,
        // Perhaps it is on the disk, perhaps not: to run it again could do it twice.
        Err(e) if e.trouble() == Some(Trouble::Lost) => {
            Outcome::Failed(StoreError::Commit(e.to_string()))
        }
        Err(e) => {
            connection.roll_back();
            Outcome::Failed(StoreError::Sql(e))
        }
    }
}

fn begin(connection: &Connection, duty: Option<Duty>) -> sql::Result<()> {
    connection.begin(Purpose::Write)?;
    duty.map_or(Ok(()), |duty| connection.lock_for(duty))
}
