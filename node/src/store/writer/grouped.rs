//! One thread with the one connection that writes; jobs are committed in groups.
//!
//! A commit costs a flush of the disk, whatever it holds. Jobs that arrive while one commit is
//! under way share the next, so throughput grows with load while nobody is answered early.

use super::{Job, Jobs, Outcome, Written};
use crate::store::sql::{self, params, Connection, Purpose};
use crate::store::StoreError;
use std::time::Instant;

/// Jobs in one commit, at most.
const GROUP: usize = 256;

pub fn work(connection: &Connection, jobs: &Jobs, written: &Written) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let begun = Instant::now();
        let failure = commit(connection, &mut group).err();
        written.count(group.len(), begun);
        if let Some(e) = &failure {
            tracing::error!("store: a group of {} writes failed: {e}", group.len());
            connection.roll_back();
        }
        let failure = failure.map(|e| e.to_string());
        for job in group {
            job.answer(match failure.clone() {
                None => Outcome::Done,
                Some(why) => Outcome::Failed(StoreError::Commit(why)),
            });
        }
    }
}

/// Runs the jobs in one transaction and commits it. On an error nothing of any is kept. Whoever
/// writes is alone, so that every duty is its own.
fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> sql::Result<()> {
    connection.begin(Purpose::Write)?;
    for job in group {
        connection.execute("SAVEPOINT job", params![])?;
        let keep = job.run(connection);
        // Where SQLite ended the whole transaction by itself (disk full, for one), this fails, and
        // with it the group.
        if !keep {
            connection.execute("ROLLBACK TO job", params![])?;
        }
        connection.execute("RELEASE job", params![])?;
    }
    connection.commit()
}
