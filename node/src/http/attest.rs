//! `/attest/challenge`, `/attest/submit`, `/epoch/enroll`.

use axum::extract::State;
use std::sync::Arc;

use super::metrics::Stage;
use super::openapi::{refusals, BODY, ID, STORE};
use super::reply::{Answer, Signed};
use super::request::{Bytes, Client};
use super::requests::{ChallengeRequest, EnrollRequest, SubmissionRequest};
use crate::app::App;
use crate::attest;
use crate::attest::accepted::Accepted;
use crate::attest::challenge::Issued;
use crate::attest::enroll::Enrolled;
use crate::error::{ApiError, Code};

refusals! { ChallengeRefusals = BODY, ID, STORE, &[Code::ChallengeRateLimit] }

/// Asks for a challenge, to be answered once and within 300 s.
#[utoipa::path(
    post,
    path = "/attest/challenge",
    operation_id = "challenge",
    tag = "Attestation",
    request_body = Option<ChallengeRequest>,
    responses((status = 200, description = "The challenge.", body = Signed<Issued>), ChallengeRefusals)
)]
pub async fn challenge(
    State(app): State<Arc<App>>,
    Client(client): Client,
    Bytes(body): Bytes,
) -> Result<Answer<Signed<Issued>>, ApiError> {
    app.limits.admit_challenge(client)?;
    let issued = attest::challenge::issue(&app, &body)?;
    Ok(Answer::signed(issued, app.store.key()))
}

/// What the signature of a submission may be refused with.
const SIGNATURE: &[Code] = &[
    Code::IncompleteSignature,
    Code::InvalidSignature,
    Code::InvalidSignatureType,
    Code::InvalidPublicKeyType,
    Code::MissingSignature,
    Code::PubkeyAddressMismatch,
    Code::SigningKeyMismatch,
];

refusals! {
    SubmitRefusals = BODY, ID, SIGNATURE, STORE, &[
        Code::InvalidDevice,
        Code::InvalidSignals,
        Code::InvalidReport,
        Code::InvalidFingerprint,
        Code::InvalidSignatureTypeField,
        Code::MissingMiner,
        Code::InvalidDeviceCores,
        Code::InvalidSignalsMacs,
        Code::InvalidFingerprintChecks,
        Code::InvalidFingerprintMetric,
        Code::MissingDevice,
        Code::MissingSignals,
        Code::MissingFingerprint,
        Code::MissingNonce,
        Code::IpRateLimit,
        Code::ChallengeInvalid,
        Code::NonceIdentityMismatch,
        Code::InvalidEvidence,
        Code::ReplayAttackBlocked,
        Code::DuplicateHardware,
        Code::HardwareBindingFailed,
        Code::PaidUnderAnotherWallet,
        Code::NameFrozen,
        Code::NonceReplay,
        Code::EvidenceRejected,
    ]
}

/// Submits what a machine measured of itself, and gets the verdict.
///
/// Faults are told in a fixed order: the shape, the signature, the challenge, the evidence. A body has at
/// most 64 KiB.
#[utoipa::path(
    post,
    path = "/attest/submit",
    operation_id = "submit",
    tag = "Attestation",
    request_body = SubmissionRequest,
    responses((status = 200, description = "It is taken.", body = Signed<Accepted>), SubmitRefusals)
)]
pub async fn submit(
    State(app): State<Arc<App>>,
    Client(client): Client,
    Bytes(body): Bytes,
) -> Result<Answer<Signed<Accepted>>, ApiError> {
    let result = attest::submit(&app, body, client).await;
    app.metrics.attestation(&result);
    let mut watch = app.metrics.watch();
    let answer = result?.signed(app.store.key());
    watch.lap(Stage::Answer);
    Ok(answer)
}

refusals! {
    EnrollRefusals = BODY, ID, STORE, &[
        Code::InvalidSignatureType,
        Code::InvalidPublicKeyType,
        Code::MissingMinerPubkey,
        Code::IncompleteSignature,
        Code::NoRecentAttestation,
        Code::SignedEnrollmentRequired,
        Code::EnrollmentSigningKeyRequired,
        Code::PubkeyMismatch,
        Code::InvalidEnrollmentSignature,
        Code::AttestationExpired,
        Code::HardwareBindingFailed,
        Code::NameFrozen,
    ]
}

/// Enrols a miner in the open epoch with the weight of its last attestation.
///
/// A submission does so already; this is for a miner that attested shortly before the epoch began.
#[utoipa::path(
    post,
    path = "/epoch/enroll",
    operation_id = "enroll",
    tag = "Attestation",
    request_body = EnrollRequest,
    responses((status = 200, description = "It is enrolled.", body = Signed<Enrolled>), EnrollRefusals)
)]
pub async fn enroll(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Signed<Enrolled>>, ApiError> {
    let enrolled = attest::enroll::enroll(&app, body).await?;
    Ok(Answer::signed(enrolled, app.store.key()))
}
