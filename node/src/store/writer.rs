//! One thread owns the connection that writes; jobs queue for it and are committed in groups.
//!
//! A commit costs a flush of the disk, whatever it holds. Jobs that arrive while one commit is
//! under way share the next, so throughput grows with load while nobody is answered early.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

use super::sql::{self, Connection, Purpose};
use super::StoreError;

/// Jobs that may wait. Beyond, callers are told to come back: a bounded answer time is worth more
/// than a long queue.
const QUEUE: usize = 1_024;

/// Jobs in one commit, at most.
const GROUP: usize = 256;

/// A job on its way, made free of its types.
trait Job: Send {
    /// Runs it; gives whether its changes are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Answers its caller: with the job's result, or with why its changes could not be kept.
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

/// A job, what came of it, and who waits for that.
struct Task<T, E, F> {
    job: F,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| (self.job)(connection)))
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        let answer = match (self.result, failure) {
            // What the job says of itself is said, whatever became of the group.
            (Some(Err(e)), _) => Err(e),
            (Some(Ok(_)) | None, Some(failure)) => Err(failure.into()),
            (Some(result), None) => result,
            (None, None) => Err(StoreError::Closed.into()),
        };
        // A caller that went away has nothing to be told.
        let _ = self.caller.send(answer);
    }
}

pub struct Writer {
    // Both are taken when the writer is dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
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
        F: FnMut(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (caller, receiver) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Task {
            job,
            result: None,
            caller,
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

fn work(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(GROUP - 1));
        let failure = commit_group(connection, &mut group).err();
        if let Some(e) = &failure {
            eprintln!("store: a group of {} writes failed: {e}", group.len());
            connection.roll_back();
        }
        let failure = failure.map(|e| e.to_string());
        for job in group {
            job.answer(failure.clone().map(StoreError::Commit));
        }
    }
}

/// Runs the jobs in one transaction and commits it. On an error nothing of any is kept.
fn commit_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> sql::Result<()> {
    connection.begin(Purpose::Write)?;
    for job in group {
        connection.batch("SAVEPOINT job")?;
        let keep = job.run(connection);
        // Where SQLite ended the whole transaction by itself (disk full, for one), this fails, and
        // with it the group.
        connection.batch(if keep {
            "RELEASE job"
        } else {
            "ROLLBACK TO job; RELEASE job"
        })?;
    }
    connection.commit()
}
