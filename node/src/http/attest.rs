//! `/attest/challenge`, `/attest/submit`, `/epoch/enroll`.

use axum::extract::State;
use std::sync::Arc;

use super::reply::Answer;
use super::request::{Bytes, Client};
use crate::app::App;
use crate::attest;
use crate::error::ApiError;

pub async fn challenge(
    State(app): State<Arc<App>>,
    Client(client): Client,
    Bytes(body): Bytes,
) -> Result<Answer, ApiError> {
    app.limits.admit_challenge(client)?;
    attest::challenge::issue(&app, &body)
        .await
        .map(Answer::from)
}

pub async fn submit(
    State(app): State<Arc<App>>,
    Client(client): Client,
    Bytes(body): Bytes,
) -> Result<Answer, ApiError> {
    let result = attest::submit(&app, body, client).await;
    app.metrics.attestation(&result);
    result.map(Answer::from)
}

pub async fn enroll(State(app): State<Arc<App>>, Bytes(body): Bytes) -> Result<Answer, ApiError> {
    attest::enroll::enroll(&app, body).await.map(Answer::from)
}
