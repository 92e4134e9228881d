//! `/binding/{miner}`, `/binding/migrate`, `/binding/cancel`; and the operator's `/binding/start`,
//! `/binding/stop`, `/binding/release`.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::{refusals, BODY, ID, PATH, STORE, TOKEN};
use super::reply::Answer;
use super::request::{Bytes, Segment};
use super::requests::{
    CancellationRequest, MigrationRequest, ReleaseRequest, StartMigrationRequest,
    StopMigrationRequest,
};
use super::scalars::{MinerId, UnixSeconds};
use crate::app::App;
use crate::attest;
use crate::attest::shape::check_id;
use crate::binding::decide::Known;
use crate::binding::migration;
use crate::error::{ApiError, Code};
use crate::keys::hex;
use crate::store::bindings::{self, Kept, Origin, State as Fate};
use crate::transfer::reason_of;

/// What everybody may do.
pub fn public() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(of_miner))
        .routes(routes!(migrate))
        .routes(routes!(cancel))
}

/// What the operator may do.
pub fn of_operator() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(release))
}

/// The machines of a miner, and their migrations. No hash and no number of a machine is shown.
#[derive(Serialize, ToSchema)]
pub struct Bindings {
    /// From and to this miner, the newest first.
    migrations: Vec<Migration>,
    #[schema(value_type = MinerId)]
    miner: String,
    ok: bool,
    /// Machines that are bound to it, the oldest first.
    units: Vec<Machine>,
}

/// A machine that is bound to a miner.
#[derive(Serialize, ToSchema)]
pub struct Machine {
    bound_since: UnixSeconds,
    known_by: KnownBy,
    /// Whether it may be shown once with other parts.
    may_renew: bool,
    /// The last epoch that it was enrolled in.
    paid_epoch: Option<i64>,
    /// Its number.
    unit: i64,
}

/// By how many numbers of each kind a machine is known.
#[derive(Serialize, ToSchema)]
pub struct KnownBy {
    /// Serial numbers of its firmware.
    firmware: usize,
    /// Its operating system's.
    installations: usize,
    /// Its network cards.
    network_cards: usize,
    /// Whether its processor's model is known.
    processor: bool,
}

/// A migration of a machine.
#[derive(Serialize, ToSchema)]
pub struct Migration {
    /// Why it was cancelled, where its owner did not sign it.
    cancel_reason: Option<String>,
    /// Who cancelled it.
    cancelled_by: Option<&'static str>,
    due_at: UnixSeconds,
    ended_at: Option<UnixSeconds>,
    #[schema(value_type = MinerId)]
    from: String,
    /// `wallet`: to another miner. `hardware`: to other parts under the same.
    #[schema(pattern = "^(wallet|hardware)$")]
    kind: &'static str,
    /// Its number.
    migration: i64,
    /// The operator's reason, where the owner did not ask.
    reason: Option<String>,
    requested_at: UnixSeconds,
    /// Who asked for it.
    #[schema(pattern = "^(owner|operator)$")]
    requested_by: &'static str,
    /// The owner's signature and what it is over, for whoever wants to check.
    signature: Option<String>,
    signed_text: Option<String>,
    #[schema(pattern = "^(pending|done|cancelled)$")]
    status: &'static str,
    #[schema(value_type = MinerId)]
    to: String,
    unit: i64,
}

/// A migration, and that the request was done.
#[derive(Serialize, ToSchema)]
pub struct Done {
    #[serde(flatten)]
    migration: Migration,
    ok: bool,
}

/// A machine that is nobody's now.
#[derive(Serialize, ToSchema)]
pub struct Released {
    /// Whose it was.
    #[schema(value_type = MinerId)]
    miner: String,
    ok: bool,
    unit: i64,
}

/// A machine, as everybody may see it.
pub fn machine(known: &Known) -> Machine {
    Machine {
        bound_since: UnixSeconds::of_ms(known.bound_ms),
        known_by: KnownBy {
            firmware: known.unit.firmware.len(),
            installations: known.unit.machine_ids.len(),
            network_cards: known.unit.macs.len(),
            processor: known.unit.processor.is_some(),
        },
        may_renew: known.renews,
        paid_epoch: known.paid.as_ref().map(|(epoch, _)| *epoch),
        unit: known.id,
    }
}

/// A migration, as everybody may see it.
pub fn shown(kept: &Kept) -> Migration {
    let (requested_by, reason, signed) = match &kept.origin {
        Origin::Owner(migration) => ("owner", None, Some(migration)),
        Origin::Operator(reason) => ("operator", Some(reason.clone()), None),
    };
    let (ended_ms, cancelled_by, cancel_reason) = match &kept.state {
        Fate::Pending => (None, None, None),
        Fate::Done(at) => (Some(*at), None, None),
        Fate::CancelledByOwner(at, _) => (Some(*at), Some("owner"), None),
        Fate::Cancelled(at, reason) => (Some(*at), Some("operator"), Some(reason.clone())),
    };
    Migration {
        cancel_reason,
        cancelled_by,
        due_at: UnixSeconds::of_ms(kept.due_ms),
        ended_at: ended_ms.map(UnixSeconds::of_ms),
        from: kept.from.clone(),
        kind: kept.kind.name(),
        migration: kept.id,
        reason,
        requested_at: UnixSeconds::of_ms(kept.requested_ms),
        requested_by,
        signature: signed.map(|migration| hex(&migration.signature)),
        signed_text: signed.map(|m| String::from_utf8_lossy(&m.signed).into_owned()),
        status: kept.state.name(),
        to: kept.to.clone(),
        unit: kept.unit,
    }
}

fn done(kept: &Kept) -> Answer<Done> {
    Answer::new(Done {
        migration: shown(kept),
        ok: true,
    })
}

refusals! { BindingsRefusals = PATH, ID, STORE }

/// The machines that are bound to a miner, and their migrations.
#[utoipa::path(
    get,
    path = "/binding/{miner}",
    operation_id = "bindings",
    tag = "Machines",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "They.", body = Bindings), BindingsRefusals)
)]
async fn of_miner(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Bindings>, ApiError> {
    check_id(&miner)?;
    let asked = miner.clone();
    let (units, migrations) = app
        .store
        .read(move |c| {
            let units = bindings::units_of(c, &asked)?;
            Ok::<_, ApiError>((units, bindings::migrations_of(c, &asked)?))
        })
        .await?;
    Ok(Answer::new(Bindings {
        migrations: migrations.iter().map(shown).collect(),
        miner,
        ok: true,
        units: units.iter().map(machine).collect(),
    }))
}

/// What both signed requests may be refused with.
const SIGNED: &[Code] = &[
    Code::MissingRequiredFields,
    Code::InvalidMigrationField,
    Code::InvalidChainIdFormat,
    Code::ChainIdMismatch,
    Code::InvalidSignature,
    Code::PubkeyAddressMismatch,
    Code::SigningKeyMismatch,
];

refusals! {
    MigrateRefusals = BODY, ID, STORE, SIGNED, &[
        Code::NonceNotInt,
        Code::NonceMustBeGtZero,
        Code::ReplayDetected,
        Code::OutOfOrderNonce,
        Code::BindingNotFound,
        Code::MigrationPending,
        Code::MigrationRefused,
    ]
}

/// Takes a machine to another miner, or to other parts, signed by the miner that it is bound to.
///
/// It waits, where everybody can see it; until it is done, the machine stays as it is.
#[utoipa::path(
    post,
    path = "/binding/migrate",
    operation_id = "migrate",
    tag = "Machines",
    request_body = MigrationRequest,
    responses((status = 200, description = "It waits.", body = Done), MigrateRefusals)
)]
async fn migrate(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Done>, ApiError> {
    Ok(done(&migration::accept(&app, body).await?))
}

refusals! {
    CancelRefusals = BODY, ID, STORE, SIGNED, &[Code::MigrationNotFound, Code::MigrationEnded]
}

/// Cancels a migration, also one that the operator began, signed by the miner that the machine is bound to.
#[utoipa::path(
    post,
    path = "/binding/cancel",
    operation_id = "cancelMigration",
    tag = "Machines",
    request_body = CancellationRequest,
    responses((status = 200, description = "It is cancelled.", body = Done), CancelRefusals)
)]
async fn cancel(State(app): State<Arc<App>>, Bytes(body): Bytes) -> Result<Answer<Done>, ApiError> {
    Ok(done(&migration::cancel(&app, body).await?))
}

refusals! {
    StartRefusals = BODY, ID, STORE, TOKEN, &[
        Code::InvalidParameter,
        Code::InvalidMigrationField,
        Code::BindingNotFound,
        Code::MigrationPending,
        Code::MigrationRefused,
    ]
}

/// Takes a machine to another miner where its owner cannot sign. It waits four times as long as an owner's,
/// and whoever still has the key can cancel it.
#[utoipa::path(
    post,
    path = "/binding/start",
    operation_id = "startMigration",
    tag = "Operator",
    request_body = StartMigrationRequest,
    responses((status = 200, description = "It waits.", body = Done), StartRefusals)
)]
async fn start(State(app): State<Arc<App>>, Bytes(body): Bytes) -> Result<Answer<Done>, ApiError> {
    let body = attest::object(&body)?;
    let (unit, reason) = (number(&body, "unit")?, reason_of(&body)?);
    let to = body.get("to").and_then(Value::as_str);
    let to = to.ok_or_else(|| invalid("\"to\" is the miner that the machine goes to"))?;
    let kept = migration::accept_from_operator(&app, unit, to.to_owned(), reason).await?;
    tracing::warn!(migration = kept.id, unit, "begun by the operator");
    Ok(done(&kept))
}

refusals! {
    StopRefusals = BODY, STORE, TOKEN,
        &[Code::InvalidParameter, Code::MigrationNotFound, Code::MigrationEnded]
}

/// Cancels a migration. Everybody can read why.
#[utoipa::path(
    post,
    path = "/binding/stop",
    operation_id = "stopMigration",
    tag = "Operator",
    request_body = StopMigrationRequest,
    responses((status = 200, description = "It is cancelled.", body = Done), StopRefusals)
)]
async fn stop(State(app): State<Arc<App>>, Bytes(body): Bytes) -> Result<Answer<Done>, ApiError> {
    let body = attest::object(&body)?;
    let (id, reason) = (number(&body, "migration")?, reason_of(&body)?);
    let kept = migration::cancel_for_operator(&app, id, reason).await?;
    tracing::warn!(migration = id, "cancelled by the operator");
    Ok(done(&kept))
}

refusals! {
    ReleaseRefusals = BODY, STORE, TOKEN, &[Code::InvalidParameter, Code::BindingNotFound]
}

/// Makes a machine nobody's: it is bound to whoever proves it next, and paid again from the next epoch on.
#[utoipa::path(
    post,
    path = "/binding/release",
    operation_id = "releaseMachine",
    tag = "Operator",
    request_body = ReleaseRequest,
    responses((status = 200, description = "It is nobody's.", body = Released), ReleaseRefusals)
)]
async fn release(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Released>, ApiError> {
    let body = attest::object(&body)?;
    let (unit, reason) = (number(&body, "unit")?, reason_of(&body)?);
    let now_ms = app.clock.now_ms();
    let miner = app
        .store
        .write(move |c| Ok::<_, ApiError>(bindings::release(c, unit, &reason, now_ms)?))
        .await?
        .ok_or_else(|| {
            ApiError::new(
                Code::BindingNotFound,
                "no machine of this number is bound to anybody",
            )
        })?;
    tracing::warn!(unit, "released by the operator");
    Ok(Answer::new(Released {
        miner,
        ok: true,
        unit,
    }))
}

fn invalid(why: &str) -> ApiError {
    ApiError::new(Code::InvalidParameter, why)
}

fn number(body: &Map<String, Value>, name: &str) -> Result<i64, ApiError> {
    body.get(name)
        .and_then(Value::as_i64)
        .ok_or_else(|| invalid(&format!("\"{name}\" is a number")))
}
