//! `/attest/challenge`, `/attest/submit`, `/epoch/enroll`.

use axum::extract::State;
use std::sync::Arc;

use super::openapi::{refusals, BODY, ID, STORE};
use super::reply::{Answer, Signed};
use super::request::{Bytes, Client};
use super::requests::ChallengeRequest;
use crate::app::App;
use crate::attest;
use crate::attest::challenge::Issued;
use crate::error::{ApiError, Code};

refusals! { ChallengeRefusals = BODY, ID, STORE, &[Code::ChallengeRateLimit] }

/// Asks for a challenge, to be answered once and within 300 s.
#[utoipa::path(
    post,
    path = "/attest/challenge",
    operation_id = "challenge",
    tag = "Attestation",
    request_body = ChallengeRequest,
    responses((status = 200, description = "The challenge.", body = Signed<Issued>), ChallengeRefusals)
)]
pub async fn challenge(
    State(app): State<Arc<App>>,
    Client(client): Client,
    Bytes(body): Bytes,
) -> Result<Answer<Signed<Issued>>, ApiError> {
    app.limits.admit_challenge(client)?;
    let issued = attest::challenge::issue(&app, &body).await?;
    Ok(Answer::signed(issued, app.store.key()))
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
