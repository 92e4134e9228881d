//! Jobs that write: a queue, and the threads that own connections and run them.
//!
//! [`grouped`] serves SQLite, [`parallel`] PostgreSQL. Either way a caller is answered after the commit
//! of its job, never before.

mod grouped;
mod parallel;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::oneshot;

use super::sql::{Connection, Dialect, Duty, Location};
use super::StoreError;

/// Jobs that may wait. Beyond, callers are told to come back: a bounded answer time is worth more
/// than a long queue.
const QUEUE: usize = 1_024;

/// Jobs on their way to the threads.
type Jobs = Receiver<Box<dyn Job>>;

/// What became of a job's changes.
enum Outcome {
    /// They are on the disk, or the job wanted none.
    Done,
    /// Nothing was kept.
    Failed(StoreError),
    /// The job was not run: another process has its duty.
    Taken,
}

/// A job on its way, made free of its types.
trait Job: Send {
    /// The duty that it needs.
    fn duty(&self) -> Option<Duty>;

    /// Runs it; gives whether its changes are to be kept.
    fn run(&mut self, connection: &Connection) -> bool;

    /// Answers its caller.
    fn answer(self: Box<Self>, outcome: Outcome);
}

/// A job, what came of it, and who waits for that.
struct Task<T, E, F> {
    job: F,
    duty: Option<Duty>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<Option<T>, E>>,
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&Connection) -> Result<T, E> + Send,
{
    fn duty(&self) -> Option<Duty> {
        self.duty
    }

    fn run(&mut self, connection: &Connection) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| (self.job)(connection)))
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()));
        self.result.insert(result).is_ok()
    }

    fn answer(self: Box<Self>, outcome: Outcome) {
        let answer = match (outcome, self.result) {
            (Outcome::Taken, _) => Ok(None),
            // What the job says of itself is said, whatever became of its group.
            (Outcome::Done | Outcome::Failed(_), Some(Err(e))) => Err(e),
            (Outcome::Done, Some(Ok(done))) => Ok(Some(done)),
            (Outcome::Failed(failure), _) => Err(failure.into()),
            (Outcome::Done, None) => Err(StoreError::Closed.into()),
        };
        // A caller that went away has nothing to be told.
        let _ = self.caller.send(answer);
    }
}

/// What writers did since the start.
#[derive(Debug, Default)]
pub struct Written {
    nanoseconds: AtomicU64,
    jobs: AtomicU64,
    commits: AtomicU64,
}

/// The same at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenNow {
    /// Time in transactions, of all writers together.
    pub nanoseconds: u64,
    /// Jobs done, kept or not.
    pub jobs: u64,
    /// Transactions in which they were done.
    pub commits: u64,
}

impl Written {
    /// Counts a transaction that began at `since`.
    fn count(&self, jobs: usize, since: Instant) {
        let took = u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(took, Ordering::Relaxed);
        self.jobs.fetch_add(jobs as u64, Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
    }
}

pub struct Writer {
    // Both are taken when the writer is dropped.
    queue: Option<SyncSender<Box<dyn Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    waiting: AtomicUsize,
    written: Arc<Written>,
}

/// Counts one who waits, until dropped.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Waits(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Writer {
    /// Starts the threads. Without them the queue is closed, and every write says so.
    pub fn start(connection: Connection, location: Location) -> Self {
        let (queue, jobs) = sync_channel(QUEUE);
        let written = Arc::new(Written::default());
        let counted = Arc::clone(&written);
        let threads = match connection.dialect() {
            Dialect::Sqlite => spawn(move || grouped::work(&connection, &jobs, &counted))
                .into_iter()
                .collect(),
            Dialect::Postgres => {
                let jobs = Arc::new(Mutex::new(jobs));
                let mut first = Some(connection);
                let start = |_| {
                    let (jobs, connection) = (Arc::clone(&jobs), first.take());
                    let (location, counted) = (location.clone(), Arc::clone(&counted));
                    spawn(move || parallel::work(&location, connection, &jobs, &counted))
                };
                (0..parallel::WORKERS).filter_map(start).collect()
            }
        };
        Writer {
            queue: Some(queue),
            threads: Mutex::new(threads),
            waiting: AtomicUsize::new(0),
            written,
        }
    }

    /// What was done since the start.
    pub fn written(&self) -> WrittenNow {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WrittenNow {
            nanoseconds: now(&self.written.nanoseconds),
            jobs: now(&self.written.jobs),
            commits: now(&self.written.commits),
        }
    }

    /// Callers that wait for an answer.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Queues a job and waits for its answer; `None` where another process has the duty that it
    /// needs.
    pub async fn run<T, E, F>(&self, duty: Option<Duty>, job: F) -> Result<Option<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&Connection) -> Result<T, E> + Send + 'static,
    {
        let _waits = Waits::new(&self.waiting);
        let (caller, receiver) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Task {
            job,
            duty,
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

fn spawn(work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let builder = std::thread::Builder::new().name("store-writer".into());
    builder.spawn(work).ok()
}

impl Drop for Writer {
    /// Waits until everything queued is on disk.
    fn drop(&mut self) {
        self.queue = None;
        let threads = std::mem::take(
            self.threads
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for thread in threads {
            let _ = thread.join();
        }
    }
}
