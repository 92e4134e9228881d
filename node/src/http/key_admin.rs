//! `/admin/attest/key`, on the operator's listener: who owns a name.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, BODY, ID, STORE, TOKEN};
use super::reply::Answer;
use super::request::Bytes;
use super::requests::KeyRequest;
use super::scalars::{MinerId, UnixSeconds};
use crate::app::App;
use crate::attest;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::keys::{self, hex, unhex};
use crate::store::names::{self, Act, Recorded};
use crate::transfer::reason;

/// Decisions in one answer, at most.
const DECISIONS_MAX: i64 = 100;

/// Who owns a name, and why.
#[derive(Serialize, ToSchema)]
pub struct KeyStatus {
    /// What the operator decided, newest first.
    actions: Vec<KeyAction>,
    /// Nobody may speak for it.
    frozen: bool,
    #[schema(value_type = MinerId)]
    miner: String,
    ok: bool,
    /// The key that it is pinned to, in hexadecimal; null where whoever signs for it next will have it.
    public_key: Option<String>,
}

/// A decision of the operator's.
#[derive(Serialize, ToSchema)]
pub struct KeyAction {
    /// `set`, `unpin`, `freeze` or `unfreeze`.
    action: String,
    at: UnixSeconds,
    /// The key before, in hexadecimal.
    previous_key: Option<String>,
    /// The key given, in hexadecimal.
    public_key: Option<String>,
    reason: String,
}

impl From<Recorded> for KeyAction {
    fn from(recorded: Recorded) -> Self {
        KeyAction {
            action: recorded.action,
            at: UnixSeconds::of_ms(recorded.at_ms),
            previous_key: recorded.previous_key.map(|key| hex(&key)),
            public_key: recorded.public_key.map(|key| hex(&key)),
            reason: recorded.reason,
        }
    }
}

refusals! {
    KeyRefusals = BODY, ID, STORE, TOKEN, &[Code::InvalidParameter, Code::MissingMiner, Code::NotFound]
}

/// Says who owns a name, or decides it: for an owner who lost the key, or whose key was stolen.
///
/// `set` gives the name to `public_key`; `unpin` to whoever signs for it next; while it is frozen nobody
/// speaks for it, its owner neither. What was earned stays where it is. Every decision is recorded for good,
/// with its reason. An address is a key, so it cannot be given to another.
#[utoipa::path(
    post,
    path = "/admin/attest/key",
    operation_id = "attestKey",
    tag = "Operator",
    request_body = KeyRequest,
    responses((status = 200, description = "How it is now.", body = KeyStatus), KeyRefusals)
)]
pub async fn key(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<KeyStatus>, ApiError> {
    let body = attest::object(&body)?;
    let miner = text(&body, "miner")?
        .or(text(&body, "miner_id")?)
        .ok_or_else(|| ApiError::new(Code::MissingMiner, "\"miner\" is the name"))?
        .to_owned();
    check_id(&miner)?;
    let wanted = wanted(&body, &miner)?;
    let now_ms = app.clock.now_ms();
    let never = || ApiError::new(Code::NotFound, "this name never attested");
    if let Some((act, reason)) = wanted {
        let name = miner.clone();
        let done = app
            .store
            .write(move |c| Ok::<_, ApiError>(names::act(c, &name, act, &reason, now_ms)?))
            .await?;
        if !done {
            return Err(never());
        }
        tracing::warn!(
            miner,
            action = act.name(),
            "the operator decided about a name"
        );
    }
    let name = miner.clone();
    let (owner, actions) = app
        .store
        .read(move |c| {
            let owner = names::owner(c, &name)?;
            Ok::<_, ApiError>((owner, names::recorded(c, &name, DECISIONS_MAX)?))
        })
        .await?;
    let owner = owner.ok_or_else(never)?;
    Ok(Answer::new(KeyStatus {
        actions: actions.into_iter().map(KeyAction::from).collect(),
        frozen: owner.frozen,
        miner,
        ok: true,
        public_key: owner.key.map(|key| hex(&key)),
    }))
}

/// What is to be done, and why; `None` where the status alone is asked for.
fn wanted(body: &Map<String, Value>, miner: &str) -> Result<Option<(Act, String)>, ApiError> {
    let invalid = |why| ApiError::new(Code::InvalidParameter, why);
    let read = |why: &str| reason(why).map_err(|why| ApiError::new(Code::InvalidParameter, why));
    let no_key = || invalid("\"public_key\" is 64 hexadecimal digits");
    // What is not needed must be right where it is there.
    let key = text(body, "public_key")?.map(|key| unhex(key).ok_or_else(no_key));
    let key = key.transpose()?;
    let why = text(body, "reason")?.map(read).transpose()?;
    let act = match text(body, "action")?.unwrap_or("status") {
        "status" => return Ok(None),
        "unpin" => Act::Unpin,
        "freeze" => Act::Freeze,
        "unfreeze" => Act::Unfreeze,
        "set" => Act::Set(key.ok_or_else(no_key)?),
        _ => {
            return Err(invalid(
                "\"action\" is status, set, unpin, freeze or unfreeze",
            ))
        }
    };
    if keys::is_address(miner) && matches!(act, Act::Set(_) | Act::Unpin) {
        return Err(invalid("an address belongs to its key for ever"));
    }
    let why = why.map_or_else(|| read(""), Ok)?;
    Ok(Some((act, why)))
}

/// A member that must be a text where it is present.
fn text<'a>(body: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, ApiError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => {
            let message = format!("\"{name}\" is a text");
            Err(ApiError::new(Code::InvalidParameter, message))
        }
    }
}
