//! Answers: JSON in canonical form, so that what is signed is what is sent.

use axum::body::Body;
use axum::http::header::{HeaderName, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use std::marker::PhantomData;
use utoipa::ToSchema;

use crate::json::canonical_without;
use crate::keys::NodeKey;

/// An answer of 200 with the members of a `T`, perhaps with more headers.
#[derive(Debug, Clone)]
pub struct Answer<T = Value> {
    /// The body.
    pub body: Map<String, Value>,
    /// Further headers.
    pub headers: HeaderMap,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize> Answer<T> {
    /// An answer with these members. Anything but an object becomes an empty one.
    pub fn new(body: T) -> Self {
        match serde_json::to_value(body) {
            Ok(Value::Object(body)) => body.into(),
            _ => Map::new().into(),
        }
    }
}

/// The members of a `T`, and the node's signature over them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Signed<T> {
    /// What is signed: Ed25519 over the canonical JSON of these members.
    #[serde(flatten)]
    answer: T,
    /// The node's Ed25519 key, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    node_public_key: String,
    /// In hexadecimal.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    node_signature: String,
}

impl<T: Serialize> Answer<Signed<T>> {
    /// An answer with these members, signed.
    pub fn signed(body: T, key: &NodeKey) -> Self {
        let mut answer = Answer::new(body).body;
        key.sign(&mut answer);
        answer.into()
    }
}

impl<T> Answer<T> {
    /// The same with one more header, a number.
    pub fn header(mut self, name: &'static str, value: impl Into<u64>) -> Self {
        let value: u64 = value.into();
        self.headers
            .insert(HeaderName::from_static(name), HeaderValue::from(value));
        self
    }
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Map::new().into()
    }
}

impl<T> From<Map<String, Value>> for Answer<T> {
    fn from(body: Map<String, Value>) -> Self {
        Answer {
            body,
            headers: HeaderMap::new(),
            of: PhantomData,
        }
    }
}

impl<T> IntoResponse for Answer<T> {
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
