//! Everything that a request may need, in one place.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tokio::sync::Semaphore;

use crate::binding::salt::Salt;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::{ApiError, Code};
use crate::fleet::rom::Roms;
use crate::http::metrics::Metrics;
use crate::limits::Limits;
use crate::store::Store;
use crate::verdict::Profiles;

/// A running node's state.
pub struct App {
    /// How it was configured.
    pub config: Config,
    /// Its database.
    pub store: Store,
    /// Its time.
    pub clock: Clock,
    /// What it knows of silicon.
    pub profiles: Profiles,
    /// What it knows of ROMs.
    pub roms: Roms,
    /// How often one address may ask.
    pub limits: Limits,
    /// What it counts.
    pub metrics: Metrics,
    /// What machines are bound with; without it none is.
    pub binding: Option<Salt>,
    /// When it started.
    pub started: Instant,
    panics: AtomicU64,
    processors: Semaphore,
}

impl App {
    /// A node on this store.
    pub fn new(config: Config, store: Store, clock: Clock) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        App {
            limits: Limits::new(&config),
            config,
            store,
            clock,
            profiles: Profiles::builtin(),
            roms: Roms::builtin(),
            metrics: Metrics::new(),
            binding: None,
            started: Instant::now(),
            panics: AtomicU64::new(0),
            processors: Semaphore::new(processors),
        }
    }

    /// The same node, binding machines to names with this secret.
    pub fn with_binding(mut self, salt: Option<Salt>) -> Self {
        self.binding = salt;
        self
    }

    /// Runs work of the processor (parsing, signatures, judging: hundreds of microseconds) beside
    /// the threads that serve connections, no more at a time than there are processors.
    ///
    /// # Errors
    /// The work's own; [`Code::InternalError`] where it panicked.
    pub async fn compute<T, F>(&self, work: F) -> Result<T, ApiError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ApiError> + Send + 'static,
    {
        // The semaphore is never closed; without a permit the work would only be less orderly.
        let _permit = self.processors.acquire().await.ok();
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
            self.count_panic();
            Err(ApiError::new(
                Code::InternalError,
                "the node failed; nothing was changed",
            ))
        })
    }

    /// Counts a panic that was caught. The panic's message is on standard error already.
    pub fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Panics caught since the start. Each is a fault of this program.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}
