//! A submission's way from bytes to the log: shape, signature, challenge, evidence, verdict, and one
//! transaction that records all of it.

pub mod accepted;
pub mod challenge;
pub mod enroll;
mod machine;
pub mod nonce;
pub mod replay;
pub mod shape;
pub mod signature;
mod unit;
pub mod workload;

use probe_core::evidence::{Evidence, EVIDENCE_VERSION};
use probe_core::seed::Seed;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::net::IpAddr;
use std::sync::Arc;

use crate::app::App;
use crate::binding::shown::shown;
use crate::clock::year;
use crate::error::{ApiError, Code};
use crate::fleet::seen::Seen;
use crate::fleet::watch::{watch, Arrival};
use crate::http::metrics::Stage;
use crate::http::scalars::Weight;
use crate::json::{self, decimal};
use crate::keys::hex;
use crate::store::sql::Connection;
use crate::store::{books, names, records};
use crate::verdict::{judge, Case, Proof, Verdict};
use accepted::{Accepted, Device};
use challenge::Challenge;
use machine::Machine;
use shape::Submission;
use signature::{may_speak, signer, Signer};
use unit::Came;
use workload::Binding;

/// Decimal places of a weight: [`crate::verdict::WEIGHT_ONE`] is 10^9.
pub const WEIGHT_PLACES: u32 = 9;

/// Bytes of a submission, at most. It is kept for ever: less than the limit on bodies as such, and
/// eight times what the largest miner sends.
pub const SUBMISSION_BYTES: usize = 64 * 1024;

/// Hexadecimal digits of a ticket.
const TICKET_DIGITS: usize = 32;

/// A submission whose shape and signature hold.
struct Prepared {
    submission: Submission,
    signer: Option<Signer>,
    body: Vec<u8>,
    client: IpAddr,
}

/// What a submission is judged by, beside what it says.
struct Background {
    challenge: Challenge,
    previous: Option<(i64, Vec<u8>)>,
}

/// A judged submission, ready to be recorded.
struct Outcome {
    verdict: Verdict,
    verdict_json: Value,
    previous_id: Option<i64>,
    fingerprint_hash: Option<[u8; 32]>,
    machine: Option<Machine>,
    seen: Option<Seen>,
}

/// Takes a submission: gives the answer, or why it was refused.
///
/// The challenge is spent only by a submission that reached the judge; everything before that leaves
/// it usable.
///
/// # Errors
/// Any code of the attestation endpoints.
pub async fn submit(app: &Arc<App>, body: Vec<u8>, client: IpAddr) -> Result<Accepted, ApiError> {
    if body.len() > SUBMISSION_BYTES {
        return Err(ApiError::new(
            Code::RequestTooLarge,
            format!("a submission has at most {SUBMISSION_BYTES} bytes"),
        ));
    }
    let received_ms = app.clock.now_ms();
    let judged = {
        let app = Arc::clone(app);
        move |c: &Connection| judged(&app, c, body, client, received_ms)
    };
    let (prepared, challenge, outcome) = app.store.glance(judged).await?;
    record(app, prepared, challenge, outcome, received_ms).await
}

/// Everything up to the verdict, in one go: less than a switch to another thread would cost, but for the
/// dearest evidence.
fn judged(
    app: &App,
    c: &Connection,
    body: Vec<u8>,
    client: IpAddr,
    received_ms: i64,
) -> Result<(Prepared, Challenge, Outcome), ApiError> {
    let mut watch = app.metrics.watch();
    let submission = Submission::new(object(&body)?)?;
    watch.lap(Stage::Json);
    let signer = signer(&submission, &body)?;
    watch.lap(Stage::Signatures);
    let owner = names::owner(c, &submission.miner)?.unwrap_or_default();
    may_speak(
        &submission.miner,
        signer.as_ref(),
        owner,
        app.config.signatures,
    )?;
    app.limits.admit_miner(client, &submission.miner)?;
    if let Some(signer) = &signer {
        app.limits.admit_key(signer.key)?;
    }
    let background = Background {
        challenge: challenge::check(c, app.store.key(), &submission, received_ms)?,
        // Evidence is held against the last; the old checks are not.
        previous: match submission.evidence() {
            Some(_) => records::last_accepted(c, &submission.miner)?,
            None => None,
        },
    };
    watch.lap(Stage::Reads);
    let prepared = Prepared {
        submission,
        signer,
        body,
        client,
    };
    let outcome = weigh(app, &prepared, &background, received_ms)?;
    watch.lap(Stage::Verdict);
    Ok((prepared, background.challenge, outcome))
}

/// The JSON object that fills `body`.
///
/// # Errors
/// [`Code::InvalidJsonObject`], saying where.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match json::parse(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(ApiError::new(
            Code::InvalidJsonObject,
            "the body must be a JSON object",
        )),
        Err(e) => Err(ApiError::new(Code::InvalidJsonObject, e.to_string())),
    }
}

/// Judges a submission. Pure but for the parsing: everything it depends on is in the arguments.
fn weigh(
    app: &App,
    prepared: &Prepared,
    background: &Background,
    received_ms: i64,
) -> Result<Outcome, ApiError> {
    let submission = &prepared.submission;
    let evidence = submission.evidence().map(read_evidence).transpose()?;
    let previous = background.previous.as_ref();
    let earlier = previous.and_then(|(_, body)| evidence_of(body));
    let empty = Map::new();
    let checks = submission.checks().unwrap_or(&empty);
    let proof = match &evidence {
        Some(evidence) => Proof::Evidence {
            evidence,
            seed: Seed::derive(&background.challenge.nonce, &submission.miner),
        },
        None => Proof::Legacy(checks),
    };
    let case = Case {
        claim: submission.claim.clone(),
        proof,
        answered_after_ms: u64::try_from(received_ms - background.challenge.issued_ms).unwrap_or(0),
        chain_age_s: app.store.chain().age_s(received_ms / 1_000),
        year: year(received_ms),
        previous: earlier.as_deref(),
    };
    let verdict = judge(&case, &app.profiles);
    // Only what holds together says anything of a machine.
    let salt = app.binding.as_ref().filter(|_| verdict.integrity);
    let machine = salt.map(|salt| Machine {
        shown: shown(&submission.members, evidence.as_deref(), salt),
        proven: verdict.physical,
    });
    let came = Came {
        client: prepared.client,
        issued_ms: background.challenge.issued_ms,
        received_ms,
    };
    let unit = machine
        .as_ref()
        .filter(|m| m.proven)
        .map(|m| m.shown.clone());
    let seen = verdict
        .integrity
        .then(|| unit::seen(app, submission, evidence.as_deref(), came, unit))
        .flatten();
    let verdict_json = serde_json::to_value(&verdict).map_err(|e| {
        tracing::error!("a verdict does not serialise: {e}");
        ApiError::new(Code::InternalError, "the verdict could not be written")
    })?;
    Ok(Outcome {
        verdict,
        verdict_json,
        previous_id: earlier.and(previous.map(|(id, _)| *id)),
        fingerprint_hash: match evidence {
            Some(_) => None,
            None => replay::fingerprint_hash(checks),
        },
        machine,
        seen,
    })
}

/// Evidence of a known version and shape.
fn read_evidence(value: &Value) -> Result<Box<Evidence>, ApiError> {
    let version = value.get("version").and_then(Value::as_u64);
    if version != Some(u64::from(EVIDENCE_VERSION)) {
        return Err(ApiError::new(
            Code::InvalidEvidence,
            format!("this node knows evidence of version {EVIDENCE_VERSION}"),
        ));
    }
    Evidence::deserialize(value)
        .map(Box::new)
        .map_err(|e| ApiError::new(Code::InvalidEvidence, format!("\"evidence\": {e}")))
}

/// The evidence in a recorded body; `None` where there is none that this version knows.
pub(crate) fn evidence_of(body: &[u8]) -> Option<Box<Evidence>> {
    /// Only what is asked for: the body was read strictly when it came.
    #[derive(Deserialize)]
    struct Recorded {
        evidence: Option<Box<Evidence>>,
    }
    let recorded: Recorded = serde_json::from_slice(body).ok()?;
    recorded
        .evidence
        .filter(|evidence| evidence.version == EVIDENCE_VERSION)
}

/// Records a judged submission in one transaction, and composes the answer.
async fn record(
    app: &Arc<App>,
    prepared: Prepared,
    challenge: Challenge,
    outcome: Outcome,
    received_ms: i64,
) -> Result<Accepted, ApiError> {
    let Prepared {
        submission,
        signer,
        body,
        ..
    } = prepared;
    let Outcome {
        verdict,
        verdict_json,
        previous_id,
        fingerprint_hash,
        machine,
        seen,
    } = outcome;
    let mut attestation = records::Attestation {
        issued_ms: challenge.issued_ms,
        received_ms,
        miner: submission.miner.clone(),
        nonce: challenge.nonce,
        // Known in the transaction.
        epoch: 0,
        accepted: verdict.integrity,
        weight: i64::try_from(verdict.weight_units).unwrap_or(i64::MAX),
        previous_id,
        fingerprint_hash,
        body,
        verdict: json::canonical(&verdict_json),
    };
    let ticket = ticket(&attestation.body);
    let nonce = attestation.nonce.clone();
    let mut miner = records::Miner {
        miner: submission.miner.clone(),
        public_key: signer.as_ref().and_then(Signer::pins),
        first_ms: received_ms,
        last_ms: received_ms,
        attestation_id: 0,
        family: verdict.family.clone(),
        class: verdict.class.clone(),
        physical: verdict.physical,
        presence_ppm: verdict.presence_ppm.map(i64::from),
        multiplier: i64::try_from(verdict.multiplier_units).unwrap_or(i64::MAX),
        weight: attestation.weight,
    };
    let chain = *app.store.chain();
    let clock = app.clock.clone();
    let policy = app.config.signatures;
    let (epoch, weight) = app
        .store
        .write(move |c| {
            // Everything that was looked up before may have changed since.
            let now_ms = clock.now_ms();
            let owner = names::owner(c, &miner.miner)?.unwrap_or_default();
            may_speak(&miner.miner, signer.as_ref(), owner, policy)?;
            if let Some(hash) = &attestation.fingerprint_hash {
                refuse_copies(c, hash, &attestation)?;
            }
            let epoch = books::open_epoch(c, &chain, now_ms / 1_000)?;
            attestation.epoch = epoch;
            let admitted = match &machine {
                Some(machine) => {
                    let rest_s = chain.epoch_end_s(epoch) - now_ms / 1_000;
                    let rest_s = u64::try_from(rest_s).unwrap_or(0);
                    Some(machine.admit(c, &miner.miner, epoch, rest_s)?)
                }
                None => None,
            };
            let id = records::append(c, &attestation)?.ok_or_else(challenge::replayed)?;
            if !attestation.accepted {
                return Ok((epoch, 0));
            }
            if let Some(admitted) = admitted {
                admitted.keep(c, id, now_ms)?;
            }
            miner.attestation_id = id;
            records::put_miner(c, &miner)?;
            let weight = books::enrol(c, epoch, &miner.miner, miner.weight, id)?;
            let arrival = Arrival {
                miner: &miner.miner,
                attestation_id: id,
                epoch,
                now_ms,
            };
            let has_vote = match &seen {
                Some(seen) => watch(c, &arrival, seen)?,
                None => true,
            };
            Ok::<_, ApiError>((epoch, if has_vote { weight } else { 0 }))
        })
        .await?;

    if !verdict.integrity {
        return Err(ApiError::new(Code::EvidenceRejected, verdict.summary)
            .with("nonce", nonce)
            .with("verdict", verdict_json));
    }
    Ok(Accepted {
        device: Device {
            arch: verdict.class,
            cores: submission.claim.cores,
            cpu: submission.claim.cpu,
            family: verdict.family,
            model: submission.claim.model,
            serial: submission.serial,
        },
        epoch,
        fingerprint_passed: verdict.physical,
        macs_recorded: submission.macs,
        measurement_binding_state: Binding::of(&submission.members, &nonce),
        measurement_workload_next: workload::rounds(&nonce),
        nonce,
        ok: true,
        status: "accepted",
        temporal_review_flag: false,
        ticket_id: ticket,
        verdict: verdict_json,
        warthog_bonus: decimal(10, 1),
        weight: Weight(weight),
    })
}

/// Refuses checks that somebody else sent before, and notes who was first with those that are accepted.
fn refuse_copies(
    c: &Connection,
    hash: &[u8; 32],
    attestation: &records::Attestation,
) -> Result<(), ApiError> {
    match records::fingerprint_owner(c, hash)? {
        Some(first) if first != attestation.miner => Err(ApiError::new(
            Code::ReplayAttackBlocked,
            "these measurements were sent before under another name",
        )),
        None if attestation.accepted => Ok(records::own_fingerprint(c, hash, &attestation.miner)?),
        _ => Ok(()),
    }
}

/// The ticket of a submission: the first digits of the SHA-256 of its body as received, so that
/// both sides can name it.
fn ticket(body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    format!("ticket_{}", &hex(&Sha256::digest(body))[..TICKET_DIGITS])
}
