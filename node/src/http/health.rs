//! `/health`, `/ready`.

use axum::extract::State;
use serde_json::json;
use std::sync::Arc;

use super::reply::Answer;
use crate::app::App;
use crate::error::ApiError;
use crate::store::records;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Whether the node can answer and write. The write goes all the way to the writer's lock on the
/// file, and changes nothing.
pub async fn health(State(app): State<Arc<App>>) -> Result<Answer, ApiError> {
    app.store.write(|_| Ok::<_, ApiError>(())).await?;
    let newest = app
        .store
        .read(|c| Ok::<_, ApiError>(records::newest_ms(c)?))
        .await?;
    let chain = app.store.chain();
    let slot = chain.slot(app.clock.now_s());
    Ok(Answer::new(json!({
        "backup_age_hours": null,
        "db_rw": true,
        "ok": true,
        "panics": app.panics(),
        "tip_age_slots": newest.map(|ms| slot - chain.slot(ms / 1_000)),
        "uptime_s": app.started.elapsed().as_secs(),
        "version": VERSION,
    })))
}

/// Whether the node takes requests: it answers, so it does.
pub async fn ready() -> Answer {
    Answer::new(json!({ "ready": true, "version": VERSION }))
}
