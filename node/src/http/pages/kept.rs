//! What several pages show and what costs the reading of many rows: made once, and kept for some seconds.

use std::future::Future;
use std::sync::Arc;
use tokio::sync::Mutex;

use super::hall::Hall;
use super::overview::Totals;
use super::preserved::Tally;
use super::time::Series;
use super::time::SPANS;
use crate::error::ApiError;
use crate::store::explain::Explained;

/// How long totals are shown, milliseconds.
pub const TOTALS_MS: i64 = 5_000;

/// How long what reads every miner or account is shown, milliseconds.
pub const SURVEY_MS: i64 = 60_000;

/// Everything that is kept.
#[derive(Default)]
pub struct Kept {
    /// Of the overview.
    pub totals: Slot<Totals>,
    /// How the epoch under way would be divided; nothing where nobody is in it.
    pub open: Slot<Option<Explained>>,
    /// The hall of fame.
    pub hall: Slot<Hall>,
    /// Preserved machines.
    pub preserved: Slot<Tally>,
    /// Blocks of time, one for each span.
    pub series: [Slot<Series>; SPANS.len()],
    /// Blocks of the ranges that somebody looked at last.
    pub ranges: Shelf<(i64, i64), Series>,
}

/// Ranges that are kept at once: a page and its pictures ask for one of them five times.
const RANGES: usize = 32;

/// Some things of a kind by name, the oldest thrown out for a new one.
pub struct Shelf<K, T>(Mutex<Vec<(K, Arc<Slot<T>>)>>);

impl<K, T> Default for Shelf<K, T> {
    fn default() -> Self {
        Shelf(Mutex::new(Vec::new()))
    }
}

impl<K: PartialEq, T> Shelf<K, T> {
    /// The place of this name.
    pub async fn slot(&self, name: K) -> Arc<Slot<T>> {
        let mut all = self.0.lock().await;
        if let Some((_, slot)) = all.iter().find(|(known, _)| *known == name) {
            return Arc::clone(slot);
        }
        if all.len() >= RANGES {
            all.remove(0);
        }
        let slot = Arc::new(Slot::default());
        all.push((name, Arc::clone(&slot)));
        slot
    }
}

/// One thing, and when it was made.
pub struct Slot<T>(Mutex<Option<(i64, Arc<T>)>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Slot(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// What is kept, where it is younger than `age_ms`; otherwise what `make` gives. Who asks meanwhile waits
    /// for it, so that it is made once.
    ///
    /// # Errors
    /// Those of `make`; then nothing is kept.
    pub async fn get(
        &self,
        now_ms: i64,
        age_ms: i64,
        make: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<Arc<T>, ApiError> {
        let mut kept = self.0.lock().await;
        if let Some((made_ms, thing)) = &*kept {
            // A clock that was put back makes nothing younger.
            if (0..age_ms).contains(&(now_ms - made_ms)) {
                return Ok(Arc::clone(thing));
            }
        }
        let thing = Arc::new(make.await?);
        *kept = Some((now_ms, Arc::clone(&thing)));
        Ok(thing)
    }
}
