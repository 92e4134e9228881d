//! One thread owns the connection that writes; jobs queue for it and are committed in groups.
//!
//! A commit costs a flush of the disk, whatever it holds. Jobs that arrive while one commit is
//! under way share the next, so throughput grows with load while nobody is answered early.

use rusqlite::Connection;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

use super::StoreError;

/// Jobs that may wait. Beyond, callers are told to come back: a bounded answer time is worth more
/// than a long queue.
const QUEUE: usize = 1_024;

/// Jobs in one commit, at most.
const GROUP: usize = 256;

/// Answers a job's caller: with the job's result, or with why the commit failed.
type Answer = Box<dyn FnOnce(Option<StoreError>) + Send>;

/// A job, made free of its types: says whether its changes are to be kept, and how to answer.
type Job = Box<dyn FnOnce(&Connection) -> (bool, Answer) + Send>;

pub struct Writer {
    // Both are taken when the writer is dropped.
    queue: Option<SyncSender<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub fn start(connection: Connection) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || work(&connection, &jobs))
            // Without its thread the queue is closed, and every write says so.
            .ok();
        Writer {
            queue: Some(queue),
            thread: Mutex::new(thread),
        }
    }

    pub async fn run<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = catch_unwind(AssertUnwindSafe(|| job(connection)))
                .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
            let keep = result.is_ok();
            let answer: Answer = Box::new(move |failure| {
                // A caller that went away has nothing to be told.
                let _ = sender.send(match failure {
                    Some(failure) if keep => Err(failure.into()),
                    _ => result,
                });
            });
            (keep, answer)
        });
        match self.queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(StoreError::Busy.into()),
            Some(Err(TrySendError::Disconnected(_))) | None => {
                return Err(StoreError::Closed.into())
            }
        }
        receiver
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }
}

impl Drop for Writer {
    /// Waits until everything queued is on disk.
    fn drop(&mut self) {
        self.queue = None;
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn work(connection: &Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let group = std::iter::once(first).chain(jobs.try_iter()).take(GROUP);
        let mut answers = Vec::new();
        let failure = match commit_group(connection, group, &mut answers) {
            Ok(()) => None,
            Err(e) => {
                eprintln!("store: a group of {} writes failed: {e}", answers.len());
                if !connection.is_autocommit() {
                    let _ = connection.execute_batch("ROLLBACK");
                }
                Some(e.to_string())
            }
        };
        for answer in answers {
            answer(failure.clone().map(StoreError::Commit));
        }
    }
}

/// Runs the jobs in one transaction and commits it. On an error nothing of any is kept, and the
/// answers of those that ran are in `answers`; jobs that did not run drop their caller's channel.
fn commit_group(
    connection: &Connection,
    group: impl Iterator<Item = Job>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let mut group = group;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for job in group.by_ref() {
        connection.execute_batch("SAVEPOINT job")?;
        let (keep, answer) = job(connection);
        answers.push(answer);
        // Where SQLite ended the whole transaction by itself (disk full, for one), this fails, and
        // with it the group.
        connection.execute_batch(if keep {
            "RELEASE job"
        } else {
            "ROLLBACK TO job; RELEASE job"
        })?;
    }
    connection.execute_batch("COMMIT")
}
