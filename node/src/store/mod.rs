//! The one place that knows SQL: an SQLite file, one thread that writes, readers beside it.
//!
//! - [`Store::write`] queues a job for the writer thread. The writer takes what is queued, runs each
//!   job in its own savepoint, commits them together, and only then answers: an answer is on disk.
//! - [`Store::read`] borrows a connection that cannot write, on a thread that may block.
//! - [`records`] and [`books`] hold the statements, as functions on a connection.

pub mod books;
mod meta;
pub mod records;
mod schema;
pub mod sql;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

use crate::epoch::Chain;
use crate::keys::{NoRandomness, NodeKey};
use sql::{Access, Connection};
use writer::Writer;

/// Connections for reading. Reads are short; more than the processors can run help nobody.
const READERS: usize = 4;

/// Why the database could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The file could not be made.
    File(std::io::Error),
    /// The database refused.
    Sql(sql::Error),
    /// Made by a newer version of this program.
    Version(i64),
    /// There is no such database, and this command does not make one.
    Missing,
    /// Made with other parameters than asked for: name, stored, asked.
    Parameter(&'static str, i64, i64),
    /// No random bytes for the node's key.
    Randomness(NoRandomness),
    /// A value in `meta` is missing or of the wrong kind.
    Damaged(&'static str),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OpenError::File(e) => write!(f, "cannot make the database file: {e}"),
            OpenError::Sql(e) => write!(f, "cannot open the database: {e}"),
            OpenError::Version(v) => {
                write!(
                    f,
                    "the database has schema version {v}, which this program does not know"
                )
            }
            OpenError::Missing => f.write_str("there is no such database"),
            OpenError::Parameter(name, stored, asked) => write!(
                f,
                "the database was made with {name} = {stored}, not {asked}; \
                 leave the option out, or begin with a new file"
            ),
            OpenError::Randomness(e) => write!(f, "cannot make the node's key: {e}"),
            OpenError::Damaged(key) => write!(f, "the database lacks a sound value for {key}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<sql::Error> for OpenError {
    fn from(e: sql::Error) -> Self {
        OpenError::Sql(e)
    }
}

/// Why a read or a write did not happen. Whatever the job wanted to change is unchanged.
#[derive(Debug)]
pub enum StoreError {
    /// The database refused.
    Sql(sql::Error),
    /// Too much is queued.
    Busy,
    /// The job panicked.
    Panicked,
    /// The job ran but its group could not be committed.
    Commit(String),
    /// The store is shutting down, or could not begin to write.
    Closed,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreError::Sql(e) => write!(f, "the database refused: {e}"),
            StoreError::Busy => f.write_str("too many writes are waiting"),
            StoreError::Panicked => f.write_str("a job panicked"),
            StoreError::Commit(e) => write!(f, "the changes could not be committed: {e}"),
            StoreError::Closed => f.write_str("the store does not take writes"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<sql::Error> for StoreError {
    fn from(e: sql::Error) -> Self {
        StoreError::Sql(e)
    }
}

/// Parameters of the chain that the operator gave; the rest come from the database, or where it is
/// new from [`Chain::default`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainOptions {
    /// See [`Chain::genesis_s`].
    pub genesis_s: Option<i64>,
    /// See [`Chain::slot_s`].
    pub slot_s: Option<i64>,
    /// See [`Chain::slots_per_epoch`].
    pub slots_per_epoch: Option<i64>,
    /// See [`Chain::pot`].
    pub pot: Option<i64>,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    permits: Semaphore,
    path: PathBuf,
    chain: Chain,
    key: NodeKey,
}

impl Store {
    /// Opens the database at `path`, or makes it, readable by its owner alone: it holds the node's
    /// key.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path, options: ChainOptions, now_ms: i64) -> Result<Self, OpenError> {
        create_private(path).map_err(OpenError::File)?;
        let connection = Connection::open(path, Access::Writer)?;
        schema::migrate(&connection)?;
        let (chain, key) = meta::settle(&connection, options, now_ms)?;
        let readers = (0..READERS)
            .map(|_| Connection::open(path, Access::Reader))
            .collect::<Result<_, _>>()?;
        Ok(Store {
            inner: Arc::new(Inner {
                writer: Writer::start(connection),
                readers: Mutex::new(readers),
                permits: Semaphore::new(READERS),
                path: path.to_path_buf(),
                chain,
                key,
            }),
        })
    }

    /// The chain's parameters.
    pub fn chain(&self) -> &Chain {
        &self.inner.chain
    }

    /// The node's key.
    pub fn key(&self) -> &NodeKey {
        &self.inner.key
    }

    /// Runs `job` as if nobody else wrote at the same time, and returns once its changes are on
    /// disk. Where it returns an error nothing of it is kept.
    ///
    /// A database that many processes share may ask for a job to be run again: then nothing of the
    /// first run was kept. So a job changes nothing but the database and itself.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.inner.writer.run(job).await
    }

    /// Runs `job` with a connection that cannot write, on a thread that may block.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let Ok(_permit) = self.inner.permits.acquire().await else {
            return Err(StoreError::Closed.into());
        };
        let task = tokio::task::spawn_blocking(move || {
            let borrowed = inner
                .readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            // Only a job that panicked leaves a gap.
            let connection = match borrowed {
                Some(connection) => connection,
                None => Connection::open(&inner.path, Access::Reader).map_err(StoreError::Sql)?,
            };
            let result = job(&connection);
            inner
                .readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            result
        });
        task.await
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }
}

/// Opens an existing database for looking only: for `audit` and its like, also beside a running
/// node or after a crash.
///
/// # Errors
/// See [`OpenError`].
pub fn open_to_look(path: &Path) -> Result<(Connection, Chain), OpenError> {
    if !path.is_file() {
        return Err(OpenError::Missing);
    }
    let connection = Connection::open(path, Access::Reader)?;
    let chain = meta::read_chain(&connection)?;
    Ok((connection, chain))
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
