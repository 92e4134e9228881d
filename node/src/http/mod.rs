//! The API: which path is answered by what, and what every answer carries.

mod attest;
mod epochs;
mod health;
mod listen;
mod miners;
pub mod reply;
mod request;
mod wallets;

pub use listen::serve;

use axum::extract::{Request, State};
use axum::http::header::HeaderName;
use axum::http::HeaderValue;
use axum::middleware::{from_fn, from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::Router;
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;

use crate::app::App;
use crate::error::{ApiError, Code};
use crate::keys::{hex, random};

/// What every answer carries besides its own headers. Nothing here is a page, so a page may load
/// nothing.
const SECURITY_HEADERS: [(&str, &str); 5] = [
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

/// All paths.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/attest/challenge", post(attest::challenge))
        .route("/attest/submit", post(attest::submit))
        .route("/epoch/enroll", post(attest::enroll))
        .route("/epoch", get(epochs::current))
        .route("/lottery/eligibility", get(epochs::eligibility))
        .route("/api/epoch/{epoch}/explain", get(epochs::explain))
        .route("/balance/{miner}", get(wallets::balance))
        .route("/wallet/balance", get(wallets::wallet_balance))
        .route("/api/wallet/{miner}", get(wallets::wallet))
        .route("/api/miners", get(miners::list))
        .route("/api/miner/{miner}/verdict", get(miners::verdict))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), catch_panics))
        .layer(from_fn(add_headers))
        .with_state(app)
}

async fn not_found() -> ApiError {
    ApiError::new(Code::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "this path is not for this method")
}

async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    if let Some(id) = random::<16>()
        .ok()
        .and_then(|id| HeaderValue::from_str(&hex(&id)).ok())
    {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// A panic in a handler is a fault of ours, not the end of the client's connection.
async fn catch_panics(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut answer = pin!(next.run(request));
    let caught = poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        },
    );
    match caught.await {
        Ok(response) => response,
        Err(_) => {
            app.count_panic();
            ApiError::new(Code::InternalError, "the node failed").into_response()
        }
    }
}
