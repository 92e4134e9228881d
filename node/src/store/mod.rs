//! The one place that knows SQL: an SQLite file, one thread that writes, readers beside it.
//!
//! - [`Store::write`] queues a job for the writer thread. The writer takes what is queued, runs each
//!   job in its own savepoint, commits them together, and only then answers: an answer is on disk.
//! - [`Store::read`] borrows a connection that cannot write, on a thread that may block.
//! - [`records`] and [`books`] hold the statements, as functions on a connection.

pub mod books;
pub mod records;
mod schema;
mod writer;

use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

use crate::epoch::Chain;
use crate::keys::{self, NodeKey};
use crate::ledger::Transaction;
use writer::Writer;

/// Connections for reading. Reads are short; more than the processors can run help nobody.
const READERS: usize = 4;

/// Why the database could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The file could not be made.
    File(std::io::Error),
    /// SQLite refused.
    Sql(rusqlite::Error),
    /// Made by a newer version of this program.
    Version(i64),
    /// There is no such database, and this command does not make one.
    Missing,
    /// Made with other parameters than asked for: name, stored, asked.
    Parameter(&'static str, i64, i64),
    /// No random bytes for the node's key.
    Randomness(keys::NoRandomness),
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

impl From<rusqlite::Error> for OpenError {
    fn from(e: rusqlite::Error) -> Self {
        OpenError::Sql(e)
    }
}

/// Why a read or a write did not happen. Whatever the job wanted to change is unchanged.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite refused.
    Sql(rusqlite::Error),
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

impl From<rusqlite::Error> for StoreError {
    fn from(e: rusqlite::Error) -> Self {
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
        let mut connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::prepare_writer(&connection)?;
        schema::migrate(&mut connection)?;
        let (chain, key) = settle_meta(&mut connection, options, now_ms)?;
        let readers = (0..READERS)
            .map(|_| open_reader(path))
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

    /// Runs `job` on the writer thread and returns once its changes are on disk. Where it returns
    /// an error nothing of it is kept.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
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
                None => open_reader(&inner.path).map_err(StoreError::Sql)?,
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
    let connection = open_reader(path)?;
    let chain = read_chain(&connection)?;
    Ok((connection, chain))
}

fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    // Not SQLITE_OPEN_READ_ONLY: the first to open after a crash must recover the write-ahead log.
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::prepare(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

const GENESIS: &str = "genesis_s";
const SLOT: &str = "slot_s";
const SLOTS: &str = "slots_per_epoch";
const POT: &str = "pot";
const NODE_KEY: &str = "node_key";

/// Writes the chain's parameters, the node's key and the first transaction into a new database;
/// compares them with an old one.
fn settle_meta(
    connection: &mut Connection,
    options: ChainOptions,
    now_ms: i64,
) -> Result<(Chain, NodeKey), OpenError> {
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let fresh = records::meta::<i64>(&tx, GENESIS)?.is_none();
    if fresh {
        let default = Chain::default();
        records::set_meta(&tx, GENESIS, options.genesis_s.unwrap_or(default.genesis_s))?;
        records::set_meta(&tx, SLOT, options.slot_s.unwrap_or(default.slot_s))?;
        records::set_meta(
            &tx,
            SLOTS,
            options.slots_per_epoch.unwrap_or(default.slots_per_epoch),
        )?;
        records::set_meta(&tx, POT, options.pot.unwrap_or(default.pot))?;
        let secret: [u8; 32] = keys::random().map_err(OpenError::Randomness)?;
        records::set_meta(&tx, NODE_KEY, secret)?;
        let genesis = Transaction::genesis().map_err(|_| OpenError::Damaged("genesis"))?;
        books::book(&tx, &genesis, now_ms)?;
    }
    let chain = read_chain(&tx)?;
    for (name, stored, asked) in [
        ("genesis", chain.genesis_s, options.genesis_s),
        ("slot seconds", chain.slot_s, options.slot_s),
        (
            "slots in an epoch",
            chain.slots_per_epoch,
            options.slots_per_epoch,
        ),
        ("pot", chain.pot, options.pot),
    ] {
        if let Some(asked) = asked.filter(|&asked| asked != stored) {
            return Err(OpenError::Parameter(name, stored, asked));
        }
    }
    let secret: [u8; 32] = records::meta(&tx, NODE_KEY)?.ok_or(OpenError::Damaged(NODE_KEY))?;
    tx.commit()?;
    Ok((chain, NodeKey::new(&secret)))
}

fn read_chain(connection: &Connection) -> Result<Chain, OpenError> {
    let get = |key: &'static str, least: i64| {
        records::meta::<i64>(connection, key)?
            .filter(|&value| value >= least)
            .ok_or(OpenError::Damaged(key))
    };
    Ok(Chain {
        genesis_s: get(GENESIS, 0)?,
        slot_s: get(SLOT, 1)?,
        slots_per_epoch: get(SLOTS, 1)?,
        pot: get(POT, 0)?,
    })
}
