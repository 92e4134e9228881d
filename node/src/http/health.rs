//! `/health`, `/ready`.

use axum::extract::State;
use serde::Serialize;
use serde_json::Number;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

use super::openapi::{refusals, STORE};
use super::reply::Answer;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::json::decimal;
use crate::store::records;

/// Of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// From this age on a backup is too old (existing network).
const BACKUP_AGE_MAX: Duration = Duration::from_secs(36 * 3_600);

/// How the node is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Age of the newest file where the operator's backups are; null where that is not known.
    #[schema(value_type = Option<f64>, minimum = 0)]
    backup_age_hours: Option<Number>,
    /// The database takes writes.
    db_rw: bool,
    ok: bool,
    /// Faults of this program that were caught since the start.
    #[schema(minimum = 0)]
    panics: u64,
    /// Slots since the newest attestation; null where there is none.
    tip_age_slots: Option<i64>,
    /// Seconds since the start.
    #[schema(minimum = 0)]
    uptime_s: u64,
    /// Of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

refusals! { HealthRefusals = STORE, &[Code::BackupTooOld] }

/// Whether the node can answer and write.
///
/// The write goes all the way to the writer's lock on the database, and changes nothing. A refusal has the
/// members of the answer too.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "Node",
    responses((status = 200, description = "It can.", body = Health), HealthRefusals)
)]
pub async fn health(State(app): State<Arc<App>>) -> Result<Answer<Health>, ApiError> {
    let written = app.store.write(|_| Ok::<_, ApiError>(())).await;
    let newest = app
        .store
        .read(|c| Ok::<_, ApiError>(records::newest_ms(c)?))
        .await;
    let directory = app.config.backups.clone();
    let age = app
        .compute(move || Ok(directory.map(|directory| backup_age(&directory))))
        .await?;
    let chain = app.store.chain();
    let slot = chain.slot(app.clock.now_s());
    let mut refusal = written.err();
    let db_rw = refusal.is_none();
    if age.is_some_and(|age| age.is_none_or(|age| age >= BACKUP_AGE_MAX)) {
        refusal = refusal.or(Some(ApiError::new(
            Code::BackupTooOld,
            "the last backup is 36 hours old or more, or there is none",
        )));
    }
    let health = Answer::new(Health {
        backup_age_hours: age.flatten().map(hours),
        db_rw,
        ok: refusal.is_none(),
        panics: app.panics(),
        tip_age_slots: newest
            .ok()
            .flatten()
            .map(|ms| slot - chain.slot(ms / 1_000)),
        uptime_s: app.started.elapsed().as_secs(),
        version: VERSION,
    });
    match refusal {
        None => Ok(health),
        Some(refusal) => Err(health
            .body
            .into_iter()
            .fold(refusal, |refusal, (name, value)| refusal.with(&name, value))),
    }
}

/// The age of the newest file in a directory, by the system's clock; `None` where there is none. Hidden
/// files are not looked at: a backup that is under way has such a name.
fn backup_age(directory: &Path) -> Option<Duration> {
    let newest = std::fs::read_dir(directory)
        .ok()?
        .flatten()
        .filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))
        .filter_map(|entry| entry.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .filter_map(|file| file.modified().ok())
        .max()?;
    // One from the future is new.
    Some(SystemTime::now().duration_since(newest).unwrap_or_default())
}

/// Hours, with two decimal places.
fn hours(age: Duration) -> Number {
    let hundredths = age.as_secs() * 100 / 3_600;
    decimal(i64::try_from(hundredths).unwrap_or(i64::MAX), 2)
}

/// That the node takes requests.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    ready: bool,
    /// Of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

refusals! { ReadyRefusals = &[] }

/// Whether the node takes requests: it answers, so it does.
#[utoipa::path(
    get,
    path = "/ready",
    operation_id = "ready",
    tag = "Node",
    responses((status = 200, description = "It does.", body = Ready), ReadyRefusals)
)]
pub async fn ready() -> Answer<Ready> {
    Answer::new(Ready {
        ready: true,
        version: VERSION,
    })
}
