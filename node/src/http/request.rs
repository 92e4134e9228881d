//! What handlers take from a request: the client's address, the body within its limits, a query.

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use std::collections::HashMap;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use crate::app::App;
use crate::config::Config;
use crate::error::{ApiError, Code};

/// Where the connection comes from; set by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// A body that is too large is read on and thrown away up to this many times the limit, so that the
/// client, still sending, hears why it is refused.
const DRAIN_FACTOR: usize = 4;

/// Whom the request is counted for.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub IpAddr);

impl FromRequestParts<Arc<App>> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        // Decided before, for the log.
        Ok(parts
            .extensions
            .get()
            .copied()
            .unwrap_or_else(|| Client(address(&parts.extensions, &parts.headers, &app.config))))
    }
}

/// Whom a request is counted for: who connects, or whom a trusted proxy names in `X-Real-IP`.
pub fn client(request: &Request, config: &Config) -> Client {
    Client(address(request.extensions(), request.headers(), config))
}

fn address(extensions: &Extensions, headers: &HeaderMap, config: &Config) -> IpAddr {
    let peer = extensions
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| {
            peer.0.ip().to_canonical()
        });
    if !config.trusted_proxies.contains(&peer) {
        return peer;
    }
    headers
        .get("x-real-ip")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<IpAddr>().ok())
        .map_or(peer, |named| named.to_canonical())
}

/// A whole body, within the limits of size and time.
#[derive(Debug, Clone)]
pub struct Bytes(pub Vec<u8>);

impl FromRequest<Arc<App>> for Bytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, ApiError> {
        let limit = app.config.body_bytes;
        let announced = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        let read = read(request.into_body(), limit, announced);
        match tokio::time::timeout(app.config.body_timeout, read).await {
            Ok(result) => result.map(Bytes),
            Err(_) => Err(ApiError::new(
                Code::RequestTimeout,
                format!(
                    "the body took longer than {} s",
                    app.config.body_timeout.as_secs()
                ),
            )),
        }
    }
}

async fn read(mut body: Body, limit: usize, announced: Option<usize>) -> Result<Vec<u8>, ApiError> {
    let too_large = || {
        ApiError::new(
            Code::RequestTooLarge,
            format!("a body has at most {limit} bytes"),
        )
    };
    let worst = limit.saturating_mul(DRAIN_FACTOR);
    if announced.is_some_and(|n| n > worst) {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(limit));
    let mut seen = 0usize;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|_| {
            ApiError::new(
                Code::IncompleteBody,
                "the body ended before it was complete",
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        seen = seen.saturating_add(data.len());
        if seen > worst {
            break;
        }
        if seen <= limit {
            bytes.extend_from_slice(&data);
        }
    }
    if seen > limit {
        return Err(too_large());
    }
    Ok(bytes)
}

/// The parameters of a query; of one named twice, the last.
#[derive(Debug, Clone, Default)]
pub struct Query(HashMap<String, String>);

impl FromRequestParts<Arc<App>> for Query {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        axum::extract::Query::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Query(parameters)| Query(parameters))
            .map_err(|_| ApiError::new(Code::InvalidParameter, "the query cannot be read"))
    }
}

impl Query {
    /// The text of a parameter, which may be empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The one parameter of a path.
#[derive(Debug, Clone)]
pub struct Segment(pub String);

impl FromRequestParts<Arc<App>> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, ApiError> {
        axum::extract::Path::from_request_parts(parts, app)
            .await
            .map(|axum::extract::Path(segment)| Segment(segment))
            .map_err(|_| ApiError::new(Code::InvalidParameter, "the path cannot be read"))
    }
}
