//! Challenges: issued once, answered once, in time, and where they are bound by that miner alone.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::scalars::{MinerId, UnixSeconds};
use crate::keys::{hex, random};
use crate::store::records::{self, Challenge};

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
pub async fn issue(app: &App, body: &[u8]) -> Result<Issued, ApiError> {
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
    let challenge = Challenge {
        nonce: hex(&random::<32>()?),
        issued_ms,
        expires_ms: issued_ms + TTL_MS,
        bound_miner: miner.or(miner_id),
        used: false,
    };
    let issued = Issued {
        bound_miner: challenge.bound_miner.clone(),
        expires_at: UnixSeconds::of_ms(challenge.expires_ms),
        nonce: challenge.nonce.clone(),
        server_time: UnixSeconds::of_ms(issued_ms),
    };
    app.store
        .write(move |c| Ok::<_, ApiError>(records::add_challenge(c, &challenge)?))
        .await?;
    Ok(issued)
}

/// Whether a challenge may be answered by this submission now.
///
/// # Errors
/// [`Code::ChallengeInvalid`], [`Code::NonceReplay`], [`Code::NonceIdentityMismatch`].
pub fn check(
    challenge: Option<Challenge>,
    submission: &Submission,
    now_ms: i64,
) -> Result<Challenge, ApiError> {
    let invalid = || {
        ApiError::new(
            Code::ChallengeInvalid,
            "this challenge does not exist, or no longer",
        )
    };
    let challenge = challenge.ok_or_else(invalid)?;
    if challenge.used {
        return Err(replayed());
    }
    if challenge.expires_ms <= now_ms {
        return Err(invalid());
    }
    if let Some(bound) = &challenge.bound_miner {
        if *bound != submission.miner && Some(bound) != submission.miner_id.as_ref() {
            return Err(ApiError::new(
                Code::NonceIdentityMismatch,
                "this challenge was issued to another miner",
            ));
        }
    }
    Ok(challenge)
}

/// The refusal of a second answer.
pub fn replayed() -> ApiError {
    ApiError::new(Code::NonceReplay, "this challenge was answered already")
}
