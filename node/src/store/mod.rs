//! The one place that knows SQL: an SQLite file or a PostgreSQL server, and jobs that run on it.
//!
//! - [`Store::write`] queues a job for a writer; its answer is given once its changes are on disk.
//! - [`Store::lead`] does the same for what one process at a time does, of those that share a
//!   database.
//! - [`Store::read`] borrows a connection that cannot write, on a thread that may block.
//! - [`backup`] writes all of it to a file, and reads that back.
//! - [`records`], [`books`], [`transfers`], [`headers`], [`names`] and [`chronicle`] hold the statements,
//!   as functions on a connection ([`sql`]).

pub mod backup;
pub mod bindings;
pub mod books;
pub mod chronicle;
pub mod explain;
pub mod explorer;
pub mod fleet;
pub mod headers;
mod meta;
pub mod names;
mod readers;
pub mod records;
pub mod reviews;
mod schema;
pub mod settlement;
pub mod sql;
pub mod transfers;
pub mod treasury;
mod writer;

use std::path::Path;
use std::sync::Arc;

use crate::epoch::Chain;
use crate::keys::{NoRandomness, NodeKey};
pub use meta::{has_binding_secret, is_binding_secret};
use readers::Readers;
use sql::{params, Access, Connection, Dialect, Duty, Location, Purpose, Trouble};
use writer::Writer;
pub use writer::WrittenNow;

/// Why the database could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The file could not be made.
    File(std::io::Error),
    /// The database refused.
    Sql(sql::Error),
    /// Made by a newer version of this program.
    Version(i64),
    /// Made by an older version, and only looked at: this schema version.
    Old(usize),
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
            OpenError::Old(v) => write!(
                f,
                "the database has the older schema version {v}; serving brings it up to date"
            ),
            OpenError::Missing => f.write_str("there is no such database"),
            OpenError::Parameter(name, stored, asked) => write!(
                f,
                "the database was made with {name} = {stored}, not {asked}; \
                 leave the option out, or begin with a new database"
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
    readers: Readers,
    chain: Chain,
    key: NodeKey,
}

impl Store {
    /// Opens a database, or makes it where the place is empty. A file is readable by its owner
    /// alone: it holds the node's key. On PostgreSQL not from a thread that runs async code.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        location: impl Into<Location>,
        options: ChainOptions,
        now_ms: i64,
    ) -> Result<Self, OpenError> {
        let location = location.into();
        let connection = open_to_write(&location)?;
        let (chain, key) = with_schema(&connection, |c| {
            schema::migrate(c, schema::CURRENT)?;
            meta::settle(c, options, now_ms)
        })?;
        for setting in careless(&connection)? {
            tracing::warn!(
                "store: the server's {setting} is off: a loss of power may damage the books"
            );
        }
        let readers = Readers::open(&location)?;
        Ok(Store {
            inner: Arc::new(Inner {
                writer: Writer::start(connection, location),
                readers,
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

    /// Writes that wait for their commit.
    pub fn waiting(&self) -> usize {
        self.inner.writer.waiting()
    }

    /// What was written since the start.
    pub fn written(&self) -> WrittenNow {
        self.inner.writer.written()
    }

    /// Runs `job` as if nobody else wrote at the same time, and returns once its changes are on
    /// disk. Where it returns an error nothing of it is kept.
    ///
    /// A database that several processes share may ask for a job to be run again: then nothing of
    /// the first run was kept. So a job changes nothing but the database and what it owns, and does
    /// not count on the latter being as it was at first.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&Connection) -> Result<T, E> + Send + 'static,
    {
        match self.inner.writer.run(None, job).await? {
            Some(done) => Ok(done),
            None => Err(StoreError::Closed.into()),
        }
    }

    /// The same for what only one process does at a time, of those that share a database: `None`,
    /// at once, where another is at it.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn lead<T, E, F>(&self, duty: Duty, job: F) -> Result<Option<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.inner.writer.run(Some(duty), job).await
    }

    /// Runs `job` with a connection that cannot write, on a thread that may block. Each question
    /// sees everything that was answered before it was asked; two questions may see different
    /// moments.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.inner.readers.run(job).await
    }

    /// The same for a few rows, with little else to do: on SQLite it may run on the thread that asks.
    ///
    /// # Errors
    /// The job's own, and [`StoreError`].
    pub async fn glance<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.inner.readers.glance(job).await
    }
}

/// Opens an existing database for looking only: for `audit` and its like, also beside a running
/// node or after a crash.
///
/// # Errors
/// See [`OpenError`].
pub fn open_to_look(location: impl Into<Location>) -> Result<(Connection, Chain), OpenError> {
    let location = location.into();
    if let Location::File(path) = &location {
        if !path.is_file() {
            return Err(OpenError::Missing);
        }
    }
    let connection = Connection::open(&location, Access::Reader)?;
    match schema::version(&connection)? {
        0 => return Err(OpenError::Missing),
        schema::CURRENT => {}
        old => return Err(OpenError::Old(old)),
    }
    let chain = meta::read_chain(&connection)?;
    Ok((connection, chain))
}

/// Changes an existing database, also while a node runs on it, for a command of the operator's. The job may
/// run more than once.
///
/// # Errors
/// See [`OpenError`]; where the job fails, or others are in its way again and again.
pub fn change<T>(
    location: &Location,
    mut job: impl FnMut(&Connection) -> sql::Result<T>,
) -> Result<T, OpenError> {
    /// How often a conflict with other writers is gone through.
    const TRIES: u32 = 20;
    // Says what is wrong with the database, and never makes one.
    drop(open_to_look(location.clone())?);
    let connection = Connection::open(location, Access::Writer)?;
    let mut tries = 1;
    loop {
        let done: sql::Result<T> = connection.transaction(Purpose::Write, &mut job);
        match done {
            Err(e) if e.trouble() == Some(Trouble::Conflict) && tries < TRIES => tries += 1,
            done => return Ok(done?),
        }
    }
}

/// Opens a database for writing; a file is made where there is none.
fn open_to_write(location: &Location) -> Result<Connection, OpenError> {
    if let Location::File(path) = location {
        create_private(path).map_err(OpenError::File)?;
    }
    Ok(Connection::open(location, Access::Writer)?)
}

/// Runs what changes or needs the schema as a whole, in one transaction, one process at a time.
fn with_schema<T, E: From<sql::Error>>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, E> {
    connection.take(Duty::Schema)?;
    let done = connection.transaction(Purpose::Write, job);
    connection.leave(Duty::Schema);
    done
}

/// Settings of a server that give up what a commit promises. They cannot be changed from here.
fn careless(c: &Connection) -> sql::Result<Vec<String>> {
    match c.dialect() {
        Dialect::Sqlite => Ok(Vec::new()),
        Dialect::Postgres => c.query_all(
            "SELECT name FROM pg_settings
             WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name",
            params![],
            |row| row.get(0),
        ),
    }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
