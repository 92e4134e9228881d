//! `/health`, `/ready`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, STORE};
use super::reply::Answer;
use crate::app::App;
use crate::error::ApiError;
use crate::store::records;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the node is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// For clients of the existing network: this node does not know when it was backed up.
    #[schema(value_type = Option<f64>)]
    backup_age_hours: (),
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

refusals! { HealthRefusals = STORE }

/// Whether the node can answer and write.
///
/// The write goes all the way to the writer's lock on the database, and changes nothing.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "health",
    tag = "Node",
    responses((status = 200, description = "It can.", body = Health), HealthRefusals)
)]
pub async fn health(State(app): State<Arc<App>>) -> Result<Answer<Health>, ApiError> {
    app.store.write(|_| Ok::<_, ApiError>(())).await?;
    let newest = app
        .store
        .read(|c| Ok::<_, ApiError>(records::newest_ms(c)?))
        .await?;
    let chain = app.store.chain();
    let slot = chain.slot(app.clock.now_s());
    Ok(Answer::new(Health {
        backup_age_hours: (),
        db_rw: true,
        ok: true,
        panics: app.panics(),
        tip_age_slots: newest.map(|ms| slot - chain.slot(ms / 1_000)),
        uptime_s: app.started.elapsed().as_secs(),
        version: VERSION,
    }))
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
