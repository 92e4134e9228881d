//! The operator's own listener, for whoever has the token: metrics, status, calling off a transfer, and
//! who owns a name.
//!
//! It speaks HTTP in the clear, so it belongs on the loopback address, or behind a proxy with TLS.

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::Router;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::{refusals, STORE, TOKEN};
use super::reply::Answer;
use super::scalars::MicroRtc;
use super::{bindings, metrics, openapi, treasury, with_common_layers};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::keys::random;
use crate::store::books;

/// Characters of a token, at least (existing network). 32 random hexadecimal digits are 128 bits.
const TOKEN_MIN: usize = 32;

/// Bytes of a token's file that are looked at.
const TOKEN_FILE_MAX: u64 = 4_096;

/// Where the existing network's tools put a token.
pub const ADMIN_KEY: &str = "x-admin-key";

/// The other place where they do.
const API_KEY: &str = "x-api-key";

/// What lets somebody in. Kept as a keyed hash: what is compared then has one length, and a
/// comparison in constant time says nothing of the token.
#[derive(Clone)]
pub struct Token {
    keyed: Hmac<Sha256>,
    tag: [u8; 32],
}

/// Why a token's file cannot be used. Never says what is in it.
#[derive(Debug)]
pub struct BadToken(String);

impl std::fmt::Display for BadToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadToken {}

impl Token {
    /// Reads a token from a file; white space around it does not count.
    ///
    /// # Errors
    /// Where the file cannot be read, others than owner and group can read it too, or the token is
    /// shorter than 32 characters.
    pub fn from_file(path: &Path) -> Result<Self, BadToken> {
        let bad = |why: &str| BadToken(format!("the token in {}: {why}", path.display()));
        let unreadable = |e: std::io::Error| bad(&e.to_string());
        let file = std::fs::File::open(path).map_err(unreadable)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            const OTHERS: u32 = 0o007;
            if file.metadata().map_err(unreadable)?.permissions().mode() & OTHERS != 0 {
                return Err(bad("everybody on this machine can read it; chmod 600"));
            }
        }
        let mut text = String::new();
        file.take(TOKEN_FILE_MAX)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        let text = text.trim();
        if text.len() < TOKEN_MIN {
            return Err(bad("it has fewer than 32 characters"));
        }
        let key = random::<32>().map_err(|e| bad(&e.to_string()))?;
        let keyed = Hmac::<Sha256>::new_from_slice(&key).map_err(|e| bad(&e.to_string()))?;
        let mut tagged = keyed.clone();
        tagged.update(text.as_bytes());
        Ok(Token {
            keyed,
            tag: tagged.finalize().into_bytes().into(),
        })
    }

    fn is(&self, given: &[u8]) -> bool {
        let mut keyed = self.keyed.clone();
        keyed.update(given);
        keyed.verify_slice(&self.tag).is_ok()
    }

    fn is_in(&self, headers: &HeaderMap) -> bool {
        let bearer = headers.get(AUTHORIZATION).and_then(|value| {
            let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let key = headers.get(ADMIN_KEY).or_else(|| headers.get(API_KEY));
        let key = key.and_then(|v| v.to_str().ok());
        bearer
            .or(key)
            .is_some_and(|given| self.is(given.as_bytes()))
    }
}

/// All paths of the operator's, each with its description.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::empty_for_operator())
        .routes(routes!(read_metrics))
        .routes(routes!(status))
        .merge(treasury::of_operator())
        .routes(routes!(super::key_admin::key))
        .merge(bindings::of_operator())
}

/// The description of all paths of the operator's, as `/openapi.json` of that listener gives it.
pub fn description() -> OpenApi {
    openapi::complete(described()).1
}

/// All paths of the operator's.
pub fn router(app: &Arc<App>, token: Token) -> Router {
    let routes = openapi::served(described())
        .fallback(super::not_found)
        .method_not_allowed_fallback(super::method_not_allowed)
        // Round everything, also what does not exist: a stranger learns nothing.
        .layer(from_fn_with_state(token, check));
    with_common_layers(routes, app)
}

async fn check(State(token): State<Token>, request: Request, next: Next) -> Response {
    if token.is_in(request.headers()) {
        return next.run(request).await;
    }
    let refusal = ApiError::new(Code::Unauthorized, "this listener wants its token");
    let mut response = refusal.into_response();
    let bearer = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    response
}

refusals! { MetricsRefusals = STORE, TOKEN }

/// The node's metrics, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics",
    tag = "Operator",
    responses(
        (
            status = 200, description = "The metrics.", body = String,
            content_type = metrics::CONTENT_TYPE,
        ),
        MetricsRefusals,
    )
)]
async fn read_metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let text = metrics::render(&app).await?;
    Ok(([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response())
}

/// How the node is, for its operator.
#[derive(Serialize, ToSchema)]
struct Status {
    /// The sum of all balances, which is 0 while the books are sound.
    balances_sum_micro_rtc: MicroRtc,
    /// Miners that share in the open epoch so far.
    #[schema(minimum = 0)]
    enrolled_miners: i64,
    /// The epoch that is under way.
    #[schema(minimum = 0)]
    epoch: i64,
    ok: bool,
    /// Faults of this program that were caught since the start.
    #[schema(minimum = 0)]
    panics: u64,
    /// The last epoch that was paid; null before the first.
    settled_epoch: Option<i64>,
    /// Writes that wait for the store.
    #[schema(minimum = 0)]
    store_queue: usize,
    /// Seconds since the start.
    #[schema(minimum = 0)]
    uptime_s: u64,
    /// Of the program.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

refusals! { StatusRefusals = STORE, TOKEN }

/// How the node is.
#[utoipa::path(
    get,
    path = "/status",
    operation_id = "status",
    tag = "Operator",
    responses((status = 200, description = "How it is.", body = Status), StatusRefusals)
)]
async fn status(State(app): State<Arc<App>>) -> Result<Answer<Status>, ApiError> {
    let chain = *app.store.chain();
    let now_s = app.clock.now_s();
    let (settled, enrolled, sum) = app
        .store
        .read(move |c| {
            let enrolled = books::enrolled(c, books::open_epoch(c, &chain, now_s)?)?;
            let sum = books::sum_of_balances(c)?;
            Ok::<_, ApiError>((books::last_settled(c)?, enrolled, sum))
        })
        .await?;
    Ok(Answer::new(Status {
        balances_sum_micro_rtc: MicroRtc(sum),
        enrolled_miners: enrolled,
        epoch: chain.epoch(now_s),
        ok: true,
        panics: app.panics(),
        settled_epoch: settled,
        store_queue: app.store.waiting(),
        uptime_s: app.started.elapsed().as_secs(),
        version: env!("CARGO_PKG_VERSION"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_long_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        let read = |text: &str, mode| {
            std::fs::write(&file, text).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            Token::from_file(&file)
        };
        let good = "0123456789abcdef0123456789abcdef";
        let token = read(&format!("{good}\n"), 0o640).unwrap();
        assert!(token.is(good.as_bytes()));
        assert!(!token.is(b"0123456789abcdef0123456789abcdee") && !token.is(b""));
        let why = |text, mode| read(text, mode).err().unwrap().to_string();
        assert!(why(good, 0o604).contains("everybody"));
        let short = why(&good[1..], 0o600);
        assert!(short.contains("fewer than 32") && !short.contains(&good[1..]));
    }
}
