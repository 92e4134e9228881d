//! The task that settles every epoch at its end and books every transfer that is due, and what is
//! overdue at the start.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::binding::migration;
use crate::error::ApiError;
use crate::fleet::index::EPOCHS_KEPT;
use crate::store::settlement::{self, Next};
use crate::store::sql::{Connection, Duty};
use crate::store::{fleet, transfers};

/// Transfers booked in one transaction, at most.
const TRANSFERS: u32 = 256;

/// How long after an epoch's end it is settled, milliseconds: clear of the edge.
const AFTER_END_MS: i64 = 50;

/// The longest sleep, milliseconds: the system's clock may be set while this sleeps.
const SLEEP_MAX_MS: i64 = 1_000;

/// The wait after a failure, milliseconds.
const RETRY_MS: u64 = 1_000;

/// Buckets of the fleet's forgotten in one transaction, at most.
const FORGET: u32 = 1_000;

/// Settles every epoch that is due, oldest first, in steps of a bounded number of miners: others write in
/// between. Gives how many were ended by this process; another that shares the database may end some, and
/// where it is at it right now the rest is left to it.
///
/// # Errors
/// Where the store fails; what was paid before stays paid, the rest is still due.
pub async fn settle_overdue(app: &App) -> Result<usize, ApiError> {
    let mut settled = 0;
    while let Some(next) = due(app).await? {
        let clock = app.clock.clone();
        let done = match next {
            Next::Begin(epoch, pot) => begin(app, epoch, pot).await?.map(|()| false),
            Next::Pay(settlement) => {
                let pay = move |c: &Connection| {
                    // Another process may have been faster.
                    if settlement::under_way(c)?.as_ref() != Some(&settlement) {
                        return Ok(false);
                    }
                    let now_ms = clock.now_ms();
                    Ok::<_, ApiError>(settlement::pay(c, &settlement, settlement::PART, now_ms)?)
                };
                app.store.lead(Duty::Settlement, pay).await?
            }
        };
        match done {
            None => break,
            Some(ended) => settled += usize::from(ended),
        }
    }
    Ok(settled)
}

async fn due(app: &App) -> Result<Option<Next>, ApiError> {
    let (chain, now_ms) = (*app.store.chain(), app.clock.now_ms());
    app.store
        .read(move |c| Ok(settlement::next(c, &chain, now_ms)?))
        .await
}

/// Divides a pot beside the writer, which then only looks whether that still is right. `None` where
/// another process is at it.
async fn begin(app: &App, epoch: i64, pot: i64) -> Result<Option<()>, ApiError> {
    let (chain, clock) = (*app.store.chain(), app.clock.clone());
    let division = app
        .store
        .read(move |c| Ok::<_, ApiError>(settlement::divide(c, epoch, pot)?))
        .await?;
    let begin = move |c: &Connection| {
        settlement::begin(c, &chain, epoch, &division, clock.now_ms())?;
        Ok::<_, ApiError>(())
    };
    app.store.lead(Duty::Settlement, begin).await
}

/// Books every transfer that is due, a batch in each transaction. Gives how many: none where another
/// process that shares the database is at it.
///
/// # Errors
/// Where the store fails; what was booked before stays booked, the rest is still due.
pub async fn confirm_overdue(app: &App) -> Result<usize, ApiError> {
    let mut confirmed = 0;
    loop {
        let now_ms = app.clock.now_ms();
        // The duty keeps others from writing; so it is taken only where there is something to do.
        let due = app
            .store
            .read(move |c| Ok::<_, ApiError>(transfers::is_any_due(c, now_ms)?));
        if !due.await? {
            return Ok(confirmed);
        }
        let batch = app
            .store
            .lead(Duty::Settlement, move |c| {
                Ok::<_, ApiError>(transfers::confirm_due(c, now_ms, TRANSFERS)?)
            })
            .await?
            .unwrap_or_default();
        confirmed += batch.len();
        if batch.len() < TRANSFERS as usize {
            return Ok(confirmed);
        }
    }
}

/// Settles for ever.
pub async fn run(app: Arc<App>) {
    loop {
        if let Err(e) = settle_overdue(&app).await {
            tracing::error!("settlement: {e}");
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
            continue;
        }
        if let Err(e) = confirm_overdue(&app).await {
            tracing::error!("confirming transfers: {e}");
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
            continue;
        }
        if let Err(e) = migration::complete_overdue(&app).await {
            tracing::error!("migrations of machines: {e}");
        }
        let chain = app.store.chain();
        let before_epoch = chain.epoch(app.clock.now_s()).saturating_sub(EPOCHS_KEPT);
        let forgotten = app
            .store
            .write(move |c| Ok::<_, ApiError>(fleet::forget_buckets(c, before_epoch, FORGET)?))
            .await;
        if let Err(e) = forgotten {
            tracing::error!("forgetting what nobody asks for any more: {e}");
        }
        let end_ms = chain
            .epoch_end_s(chain.epoch(app.clock.now_s()))
            .saturating_mul(1_000);
        let wait = (end_ms + AFTER_END_MS - app.clock.now_ms()).clamp(1, SLEEP_MAX_MS);
        tokio::time::sleep(Duration::from_millis(wait.unsigned_abs())).await;
    }
}
