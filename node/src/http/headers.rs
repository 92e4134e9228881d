//! What every answer carries besides its own headers: the request's id, and what browsers are told.

use axum::http::header::HeaderName;
use axum::http::{HeaderMap, HeaderValue};

use crate::keys::{hex, random};

/// For browsers. Nothing here is a page, so a page may load nothing.
const SECURITY: [(&str, &str); 5] = [
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

/// The header with a request's id.
pub const REQUEST_ID: &str = "x-request-id";

/// Bytes of a request's id.
const REQUEST_ID_BYTES: usize = 16;

/// Hexadecimal digits of a request's id.
pub const REQUEST_ID_DIGITS: usize = 2 * REQUEST_ID_BYTES;

/// A request's name in answer and log: hexadecimal digits, random. A client's own is not taken:
/// it could name somebody else's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// A new one; all zeros where the system gives no random bytes.
    pub fn new() -> Self {
        RequestId(hex(&random::<REQUEST_ID_BYTES>().unwrap_or_default()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RequestId {
    fn default() -> Self {
        RequestId::new()
    }
}

/// Adds the id, and what browsers are told where the answer does not say it itself.
pub fn add(headers: &mut HeaderMap, id: &RequestId) {
    for (name, value) in SECURITY {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
    // Hexadecimal digits are always a header's value.
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static(REQUEST_ID), id);
    }
}
