//! The API: which path is answered by what, and what every answer carries.

pub mod admin;
mod attest;
pub mod bindings;
mod epochs;
mod explain;
mod fleet;
mod headers;
mod health;
mod key_admin;
mod listen;
pub mod logs;
pub mod metrics;
mod miner;
mod miners;
mod money;
mod network;
mod openapi;
mod pages;
mod query;
pub mod reply;
mod request;
mod requests;
pub mod scalars;
mod slots;
mod text;
mod transfers;
mod treasury;
mod wallets;

use axum::extract::{Request, State};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::Router;
use std::future::{poll_fn, Future};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::error::{ApiError, Code};

/// Connections at a time of the operator's listener: a monitor and a few people.
const ADMIN_CONNECTIONS: usize = 16;

/// All paths, each with its description.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(openapi::empty())
        .routes(routes!(attest::challenge))
        .routes(routes!(attest::submit))
        .routes(routes!(attest::enroll))
        .routes(routes!(epochs::current))
        .routes(routes!(epochs::eligibility))
        .routes(routes!(network::calendar))
        .routes(routes!(slots::ingest))
        .routes(routes!(slots::blocks))
        .routes(routes!(explain::explain_epoch))
        .routes(routes!(wallets::balance))
        .routes(routes!(wallets::wallet_balance))
        .routes(routes!(wallets::wallet))
        .routes(routes!(transfers::transfer_signed))
        .routes(routes!(transfers::history))
        .routes(routes!(transfers::transaction))
        .routes(routes!(transfers::pending))
        .routes(routes!(miners::list))
        .routes(routes!(miners::verdict))
        .routes(routes!(fleet::continuity))
        .routes(routes!(fleet::fleet))
        .routes(routes!(miner::badge))
        .routes(routes!(miner::streak))
        .routes(routes!(miner::attestations))
        .routes(routes!(network::pool))
        .routes(routes!(network::mine))
        .routes(routes!(network::compat_mine))
        .routes(routes!(money::transactions))
        .routes(routes!(money::fee_pool))
        .routes(routes!(money::bounty_multiplier))
        .routes(routes!(network::info))
        .routes(routes!(network::nodes))
        .merge(bindings::public())
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(pages::overview::json))
        .routes(routes!(pages::epochs::json))
        .routes(routes!(pages::transaction::json))
        .routes(routes!(pages::time::json::json))
        .routes(routes!(pages::hall::json))
        .routes(routes!(pages::preserved::json))
        .routes(routes!(pages::laboratory::json))
        .routes(routes!(pages::laboratory::json_of_section))
        .routes(routes!(pages::discover::discover))
        .routes(routes!(pages::discover::agent_card))
}

/// The description of all paths, as `/openapi.json` gives it.
pub fn description() -> OpenApi {
    openapi::complete(described()).1
}

/// All paths.
pub fn router(app: Arc<App>) -> Router {
    let routes = pages::keeping(openapi::served(described()).merge(pages::router()))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    with_common_layers(routes, &app)
}

fn with_common_layers(routes: Router<Arc<App>>, app: &Arc<App>) -> Router {
    routes
        .layer(from_fn_with_state(Arc::clone(app), catch_panics))
        .layer(from_fn_with_state(Arc::clone(app), logs::observe))
        .with_state(Arc::clone(app))
}

/// Serves the API until `stop` completes, then lets what is under way finish.
pub async fn serve(app: Arc<App>, listener: TcpListener, stop: impl Future<Output = ()>) {
    let (router, connections) = (router(Arc::clone(&app)), app.config.connections);
    listen::serve(app, router, connections, listener, stop).await;
}

/// Serves the operator's paths in the same way.
pub async fn serve_admin(
    app: Arc<App>,
    token: admin::Token,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) {
    let router = admin::router(&app, token);
    listen::serve(app, router, ADMIN_CONNECTIONS, listener, stop).await;
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
