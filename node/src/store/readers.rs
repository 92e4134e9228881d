//! Connections for reading, lent to jobs.

use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

use super::sql::{Access, Connection, Location, Result as SqlResult, Trouble};
use super::StoreError;

/// Connections for reading. Reads are short; more than the processors can run help nobody.
const READERS: usize = 4;

pub struct Readers {
    pool: Arc<Pool>,
    permits: Semaphore,
}

struct Pool {
    location: Location,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn open(location: &Location) -> SqlResult<Self> {
        let idle: SqlResult<Vec<Connection>> = (0..READERS)
            .map(|_| Connection::open(location, Access::Reader))
            .collect();
        Ok(Readers {
            pool: Arc::new(Pool {
                location: location.clone(),
                idle: Mutex::new(idle?),
            }),
            permits: Semaphore::new(READERS),
        })
    }

    pub async fn run<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(StoreError::Closed.into());
        };
        let pool = Arc::clone(&self.pool);
        let task = tokio::task::spawn_blocking(move || pool.lend(job));
        task.await
            .unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// The same for a few rows: on the thread at hand where the database is in this process, because
    /// another thread's turn costs more than they do. A panic is the caller's.
    pub async fn glance<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        if self.pool.is_far() {
            return self.run(job).await;
        }
        let Ok(_permit) = self.permits.acquire().await else {
            return Err(StoreError::Closed.into());
        };
        self.pool.lend(job)
    }
}

impl Pool {
    /// Whether a question goes to another process.
    fn is_far(&self) -> bool {
        matches!(self.location, Location::Postgres(_))
    }

    fn lend<T, E: From<StoreError>>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let connection = self.borrow().map_err(StoreError::Sql)?;
        let result = job(&connection);
        self.give_back(connection);
        result
    }

    /// A connection that works. Gaps come from jobs that panicked, and from servers that went away.
    fn borrow(&self) -> SqlResult<Connection> {
        let idle = self.lock().pop();
        match idle.filter(Connection::is_alive) {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.location, Access::Reader),
        }
    }

    fn give_back(&self, connection: Connection) {
        if connection.trouble() != Some(Trouble::Lost) {
            self.lock().push(connection);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// Ends the connections on a thread of their own: those to a server may not end on one that runs
    /// async code, and who drops the store last is not known.
    fn drop(&mut self) {
        let idle = std::mem::take(&mut *self.lock());
        let _ = std::thread::spawn(move || drop(idle)).join();
    }
}
