//! Texts that are sent as they are, with a tag by which a client asks whether they changed.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use crate::keys::hex;

/// May be kept, but is asked for anew each time: the answer is 304 while nothing changed.
const ASK_AGAIN: &str = "no-cache";

/// Bytes of a tag.
const TAG_BYTES: usize = 16;

/// Some bytes of a media type, and their tag.
#[derive(Clone)]
pub struct Text {
    body: Bytes,
    kind: &'static str,
    tag: HeaderValue,
}

impl Text {
    /// Of `body`, which is of the media type `kind`.
    pub fn new(body: impl Into<Bytes>, kind: &'static str) -> Self {
        let body = body.into();
        let tag = format!("\"{}\"", hex(&Sha256::digest(&body)[..TAG_BYTES]));
        Text {
            body,
            kind,
            // Hexadecimal digits in quotes are always a header's value.
            tag: HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
        }
    }

    /// The answer to somebody who sent these headers: 304 where he has this very text.
    pub fn answer(&self, asked: &HeaderMap) -> Response {
        let headers: [(HeaderName, HeaderValue); 3] = [
            (CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (CACHE_CONTROL, HeaderValue::from_static(ASK_AGAIN)),
            (ETAG, self.tag.clone()),
        ];
        if self.is_known(asked) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        (headers, self.body.clone()).into_response()
    }

    /// Whether the client has this very text, by RFC 9110, section 13.1.2.
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let mut tags = asked
            .get_all(IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(|tag| tag.trim().trim_start_matches("W/"));
        tags.any(|tag| tag == "*" || tag.as_bytes() == self.tag.as_bytes())
    }
}
