//! The log: a line for each request, and what the node has to say of itself, on standard error.
//!
//! A line names a request by its id and its route, never by its path, query, headers or body: paths
//! hold miners' names, and the rest may hold keys.

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing_subscriber::filter::LevelFilter;

use super::headers::{self, RequestId};
use super::request;
use crate::app::App;
use crate::error::Code;

/// The route of a request for which there is none.
pub const NO_ROUTE: &str = "none";

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Time, level, message, and `key=value`.
    #[default]
    Text,
    /// One JSON object.
    Json,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing.
    Off,
    /// What needs somebody's attention.
    Error,
    /// And what may.
    Warn,
    /// And every request.
    #[default]
    Info,
}

/// Begins to log to standard error, for the whole process. Does nothing where it was begun before.
pub fn start(format: Format, level: Level) {
    let level = match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
    };
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr);
    let _ = match format {
        Format::Text => lines.try_init(),
        Format::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// What a line says of a request.
pub struct Line<'a> {
    /// Its id.
    pub id: &'a RequestId,
    /// Its method; one that nobody knows is `other`.
    pub method: &'static str,
    /// The pattern that its path matched.
    pub route: &'a str,
    /// The answer's status.
    pub status: StatusCode,
    /// Where it was refused, why.
    pub code: Option<Code>,
    /// Time until the answer's head was ready.
    pub took: Duration,
    /// Bytes of the answer's body.
    pub bytes: u64,
    /// Whom it was counted for.
    pub client: IpAddr,
}

impl Line<'_> {
    /// Writes it: as an error where the fault is the node's.
    pub fn write(&self) {
        macro_rules! write_as {
            ($level:ident) => {
                tracing::$level!(
                    id = self.id.as_str(),
                    method = self.method,
                    route = self.route,
                    status = self.status.as_u16(),
                    code = self.code.map(Code::text),
                    us = u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
                    bytes = self.bytes,
                    client = %self.client,
                    "request"
                )
            };
        }
        if self.status.is_server_error() {
            write_as!(error);
        } else {
            write_as!(info);
        }
    }
}

/// Names the request, has it answered if its client has not asked too often, and tells headers, log and
/// metrics.
pub async fn observe(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::new();
    let method = known(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| NO_ROUTE.to_owned(), |route| route.as_str().to_owned());
    let client = request::client(&request, &app.config);
    request.extensions_mut().insert(client);

    let mut response = match app.limits.admit_request(client.0) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    headers::add(response.headers_mut(), &id);
    let line = Line {
        id: &id,
        method,
        route: &route,
        status: response.status(),
        code: response.extensions().get::<Code>().copied(),
        took: started.elapsed(),
        bytes: response.body().size_hint().lower(),
        client: client.0,
    };
    app.metrics.request(&line);
    line.write();
    response
}

/// A method's name: a client cannot make up names for the log and the metrics.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}
