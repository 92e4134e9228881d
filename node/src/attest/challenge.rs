//! Challenges: answered once, in time, and where they are bound by that miner alone. Nothing is kept of
//! one before it is answered ([`super::nonce`]).

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::scalars::{MinerId, UnixSeconds};
use crate::keys::NodeKey;
use crate::store::records;
use crate::store::sql::Connection;

use super::nonce;
use super::shape::{check_id, Submission};

/// How long a challenge may be answered, milliseconds: the existing network's 300 s.
pub const TTL_MS: i64 = 300_000;

/// A challenge as it is handed out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Challenge)]
pub struct Issued {
    /// Who alone may answer it; null where everybody may.
    #[schema(value_type = Option<MinerId>)]
    bound_miner: Option<String>,
    /// Until when.
    expires_at: UnixSeconds,
    /// What the submission and the measurements repeat.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    nonce: String,
    server_time: UnixSeconds,
}

/// Issues a challenge.
///
/// # Errors
/// [`Code::InvalidJsonObject`], [`Code::InvalidMiner`], [`Code::InvalidMinerWalletFormat`].
pub fn issue(app: &App, body: &[u8]) -> Result<Issued, ApiError> {
    let members = if body.is_empty() {
        Map::new()
    } else {
        super::object(body)?
    };
    let id = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) => check_id(id).map(|()| Some(id.clone())),
        Some(_) => {
            let message = format!("\"{name}\" must be a text");
            Err(ApiError::new(Code::InvalidMiner, message))
        }
    };
    let (miner, miner_id) = (id("miner")?, id("miner_id")?);
    let issued_ms = app.clock.now_ms();
    let bound_miner = miner.or(miner_id);
    Ok(Issued {
        nonce: nonce::issue(app.store.key(), issued_ms, bound_miner.as_deref())?,
        bound_miner,
        expires_at: UnixSeconds::of_ms(issued_ms + TTL_MS),
        server_time: UnixSeconds::of_ms(issued_ms),
    })
}

/// A challenge that may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// 64 hexadecimal digits.
    pub nonce: String,
    /// When it was issued, milliseconds since 1970.
    pub issued_ms: i64,
}

/// The challenge that a submission answers, if it may do so now.
///
/// # Errors
/// [`Code::MissingNonce`], [`Code::ChallengeInvalid`], [`Code::NonceReplay`],
/// [`Code::NonceIdentityMismatch`].
pub fn check(
    c: &Connection,
    key: &NodeKey,
    submission: &Submission,
    now_ms: i64,
) -> Result<Challenge, ApiError> {
    let text = submission.nonce.as_deref().ok_or_else(|| {
        ApiError::new(
            Code::MissingNonce,
            "ask /attest/challenge for a nonce, and answer it",
        )
    })?;
    let invalid = || {
        ApiError::new(
            Code::ChallengeInvalid,
            "this challenge does not exist, or no longer",
        )
    };
    let nonce = nonce::read(key, text).ok_or_else(invalid)?;
    if records::is_answered(c, text)? {
        return Err(replayed());
    }
    if nonce.issued_ms + TTL_MS <= now_ms {
        return Err(invalid());
    }
    let mut names = [Some(&submission.miner), submission.miner_id.as_ref()]
        .into_iter()
        .flatten();
    if !names.any(|name| nonce.is_for(key, name)) {
        return Err(ApiError::new(
            Code::NonceIdentityMismatch,
            "this challenge was issued to another miner",
        ));
    }
    Ok(Challenge {
        nonce: text.to_owned(),
        issued_ms: nonce.issued_ms,
    })
}

/// The refusal of a second answer.
pub fn replayed() -> ApiError {
    ApiError::new(Code::NonceReplay, "this challenge was answered already")
}
