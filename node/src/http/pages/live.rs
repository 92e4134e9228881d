//! `/explorer/live`: server-sent events that tell a page that it is out of date.
//!
//! Each answer holds one event and ends; the browser asks again after the time it names. A stream that stays open
//! would take one of the node's connections from a miner for as long as somebody has a tab open.

use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

use super::kept::Kept;
use super::overview::totals;
use crate::app::App;
use crate::error::ApiError;

/// How long browsers wait before they ask again, milliseconds.
const RETRY_MS: u32 = 10_000;

/// What the newest page would show.
pub async fn events(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
) -> Result<Response, ApiError> {
    let totals = totals(&app, &kept).await?;
    let text = format!(
        "retry: {RETRY_MS}\nevent: state\ndata: {} {}\n\n",
        totals.epoch, totals.attestations
    );
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
