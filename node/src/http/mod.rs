//! The API: which path is answered by what, and what every answer carries.

mod attest;
mod epochs;
mod headers;
mod health;
mod listen;
pub mod logs;
pub mod metrics;
mod miners;
pub mod reply;
mod request;
mod transfers;
mod wallets;

pub use listen::serve;

use axum::extract::{Request, State};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::Router;
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;

use crate::app::App;
use crate::error::{ApiError, Code};

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
        .route("/wallet/transfer/signed", post(transfers::transfer_signed))
        .route("/wallet/history", get(transfers::history))
        .route("/wallet/tx/{hash}", get(transfers::transaction))
        .route("/pending/list", get(transfers::pending))
        .route("/api/miners", get(miners::list))
        .route("/api/miner/{miner}/verdict", get(miners::verdict))
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), catch_panics))
        .layer(from_fn_with_state(Arc::clone(&app), logs::observe))
        .with_state(app)
}

async fn not_found() -> ApiError {
    ApiError::new(Code::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "this path is not for this method")
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
