//! Answers: JSON in canonical form, so that what is signed is what is sent.

use axum::body::Body;
use axum::http::header::{HeaderName, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use crate::json::canonical_without;

/// An answer of 200, perhaps with more headers.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The body.
    pub body: Map<String, Value>,
    /// Further headers.
    pub headers: HeaderMap,
}

impl Answer {
    /// An answer with these members. Anything but an object becomes an empty one.
    pub fn new(body: Value) -> Self {
        let body = match body {
            Value::Object(body) => body,
            _ => Map::new(),
        };
        Answer {
            body,
            headers: HeaderMap::new(),
        }
    }

    /// The same with one more header, a number.
    pub fn header(mut self, name: &'static str, value: impl Into<u64>) -> Self {
        let value: u64 = value.into();
        self.headers
            .insert(HeaderName::from_static(name), HeaderValue::from(value));
        self
    }
}

impl From<Map<String, Value>> for Answer {
    fn from(body: Map<String, Value>) -> Self {
        Answer {
            body,
            headers: HeaderMap::new(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = json(StatusCode::OK, self.body);
        response.headers_mut().extend(self.headers);
        response
    }
}

/// A response with a JSON body.
pub fn json(status: StatusCode, body: Map<String, Value>) -> Response {
    let mut response = Response::new(Body::from(canonical_without(&body, &[])));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
