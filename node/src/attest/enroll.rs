//! Enrolment by hand, for clients that expect it. A submission enrols its miner in the open epoch
//! already; this does it for a miner that attested shortly before an epoch began.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::shape::check_id;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::scalars::{MinerId, Weight};
use crate::json::parse;
use crate::keys;
use crate::store::{bindings, books, chronicle, names, records};
use crate::verdict::checks::legacy::CHECKS;

/// How long after an attestation a miner may enrol with it, milliseconds: the existing network's
/// 600 s.
const TICKET_MS: i64 = 600_000;

/// An enrolment whose shape holds.
struct Enrolment {
    miner: String,
    miner_id: String,
    signed: Option<(Vec<u8>, String)>,
}

/// A miner that was enrolled.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Enrolled {
    /// The existing network's names for what is checked: always all six.
    active_fingerprint_checks: [&'static str; CHECKS.len()],
    /// How many of them the last attestation measured without a fault. Nothing depends on it.
    #[schema(minimum = 0, maximum = 6)]
    active_fingerprint_pass_count: usize,
    #[schema(minimum = 6, maximum = 6)]
    active_fingerprint_total: usize,
    /// The epoch.
    #[schema(minimum = 0)]
    epoch: i64,
    /// The machine is not proven to be silicon.
    fingerprint_failed: bool,
    /// What its class is worth.
    hw_weight: Weight,
    /// For clients of the existing network, which draws four of the six by it. Here nothing is drawn, so it
    /// is null.
    #[schema(value_type = Option<String>)]
    measurement_nonce: (),
    /// As the client calls itself.
    #[schema(value_type = MinerId)]
    miner_id: String,
    #[schema(value_type = MinerId)]
    miner_pk: String,
    ok: bool,
    /// What it counts in this epoch's settlement.
    weight: Weight,
}

/// Enrols a miner in the open epoch with the weight of its last attestation.
///
/// The device and fingerprint in the body count for nothing. The signature is over
/// `miner_pubkey|miner_id|epoch`, by the key that attested.
///
/// # Errors
/// The codes of `/epoch/enroll`.
pub async fn enroll(app: &App, body: Vec<u8>) -> Result<Enrolled, ApiError> {
    let enrolment = app.compute(move || read(&body)).await?;
    let chain = *app.store.chain();
    let clock = app.clock.clone();
    let miner_id = enrolment.miner_id.clone();
    let (known, epoch, weight) = app
        .store
        .write(move |c| {
            let now_ms = clock.now_ms();
            let epoch = books::open_epoch(c, &chain, now_ms / 1_000)?;
            let known = records::miner(c, &enrolment.miner)?.ok_or_else(|| {
                ApiError::new(Code::NoRecentAttestation, "this miner has not attested")
                    .with("ttl_s", TICKET_MS / 1_000)
            })?;
            if names::owner(c, &known.miner)?.is_some_and(|owner| owner.frozen) {
                let why = "the operator lets nobody speak for this name at present";
                return Err(ApiError::new(Code::NameFrozen, why));
            }
            check_signature(&enrolment, known.public_key.as_ref(), epoch)?;
            if now_ms - known.last_ms > TICKET_MS {
                return Err(ApiError::new(
                    Code::AttestationExpired,
                    "the last attestation is too old; attest again",
                )
                .with("ttl_s", TICKET_MS / 1_000));
            }
            // The machine may be another's since.
            if !bindings::carry_on(c, &known.miner, known.attestation_id, epoch)? {
                return Err(ApiError::new(
                    Code::HardwareBindingFailed,
                    "the machine that attested is no longer bound to this miner; attest again",
                ));
            }
            let weight = books::enrol(c, epoch, &known.miner, known.weight, known.attestation_id)?;
            Ok::<_, ApiError>((known, epoch, weight))
        })
        .await?;
    let attestation = known.attestation_id;
    let verdict = app
        .store
        .read(move |c| Ok::<_, ApiError>(chronicle::verdict(c, attestation)?))
        .await?
        .unwrap_or_default();
    Ok(Enrolled {
        active_fingerprint_checks: CHECKS.map(|(_, name, _)| name),
        active_fingerprint_pass_count: app.compute(move || Ok(passed(&verdict))).await?,
        active_fingerprint_total: CHECKS.len(),
        epoch,
        fingerprint_failed: !known.physical,
        hw_weight: Weight(known.multiplier),
        measurement_nonce: (),
        miner_id,
        miner_pk: known.miner,
        ok: true,
        weight: Weight(weight),
    })
}

/// How many of the existing network's checks a recorded verdict has measured, and none failed.
fn passed(verdict: &str) -> usize {
    let verdict = parse(verdict.as_bytes()).unwrap_or(Value::Null);
    let none = Vec::new();
    let checks = verdict["checks"].as_array().unwrap_or(&none);
    let outcomes = |channel: &'static str| {
        let of_channel = checks
            .iter()
            .filter(move |check| check["channel"] == channel);
        of_channel.map(|check| &check["outcome"])
    };
    let holds = |channel| {
        outcomes(channel).any(|outcome| outcome != "absent")
            && outcomes(channel).all(|outcome| outcome != "fail")
    };
    CHECKS
        .iter()
        .filter(|&&(_, _, channel)| holds(channel))
        .count()
}

fn read(body: &[u8]) -> Result<Enrolment, ApiError> {
    let members = super::object(body)?;
    let text = |name: &str, code: Code| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(ApiError::new(code, format!("\"{name}\" must be a text"))),
    };
    let miner = text("miner_pubkey", Code::InvalidMiner)?;
    let miner_id = text("miner_id", Code::InvalidMiner)?;
    let signature = text("signature", Code::InvalidSignatureType)?;
    let public_key = text("public_key", Code::InvalidPublicKeyType)?;
    let miner = miner.filter(|id| !id.is_empty()).ok_or_else(|| {
        ApiError::new(
            Code::MissingMinerPubkey,
            "name the wallet in \"miner_pubkey\"",
        )
    })?;
    let miner_id = miner_id.unwrap_or_else(|| miner.clone());
    check_id(&miner)?;
    check_id(&miner_id)?;
    let signed = match (signature, public_key) {
        (None, None) => None,
        (Some(signature), Some(key)) => Some((signature.into_bytes(), key)),
        _ => {
            return Err(ApiError::new(
                Code::IncompleteSignature,
                "\"signature\" and \"public_key\" belong together",
            ))
        }
    };
    Ok(Enrolment {
        miner,
        miner_id,
        signed,
    })
}

fn check_signature(
    enrolment: &Enrolment,
    pin: Option<&[u8; 32]>,
    epoch: i64,
) -> Result<(), ApiError> {
    let Some((signature, key)) = &enrolment.signed else {
        return Err(ApiError::new(
            Code::SignedEnrollmentRequired,
            "sign \"miner_pubkey|miner_id|epoch\" with the key that attested",
        ));
    };
    let pin = pin.ok_or_else(|| {
        ApiError::new(
            Code::EnrollmentSigningKeyRequired,
            "this miner attested without a key; attest again, signed",
        )
    })?;
    if keys::unhex::<32>(key).as_ref() != Some(pin) {
        return Err(ApiError::new(
            Code::PubkeyMismatch,
            "this is not the key that attested",
        ));
    }
    let message = format!("{}|{}|{epoch}", enrolment.miner, enrolment.miner_id);
    let valid = std::str::from_utf8(signature)
        .ok()
        .and_then(keys::unhex)
        .is_some_and(|signature| keys::verify(pin, &signature, message.as_bytes()));
    if valid {
        return Ok(());
    }
    Err(ApiError::new(
        Code::InvalidEnrollmentSignature,
        format!("the signature does not fit \"miner_pubkey|miner_id|{epoch}\""),
    ))
}
