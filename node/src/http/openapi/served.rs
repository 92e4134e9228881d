//! The document, the page that shows it, and the page's style sheet, made once when the router is.

use askama::Template;
use axum::extract::Extension;
use axum::http::header::CONTENT_SECURITY_POLICY;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use std::sync::Arc;
use utoipa::openapi::OpenApi;

use super::page::Page;
use super::refusals;
use crate::http::text::Text;

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";

/// What the page may load: its style sheet, from here.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The texts, ready to be sent.
#[derive(Clone)]
pub struct Texts {
    document: Text,
    page: Text,
    style: Text,
}

impl Texts {
    /// Of a complete document.
    pub fn of(document: &OpenApi) -> Self {
        // A document that does not serialise, and a page that does not render, are faults of the program
        // that tests find.
        let value = serde_json::to_value(document).unwrap_or_default();
        let page = Page::of(&value, DOCUMENT).render().unwrap_or_default();
        Texts {
            document: Text::new(value.to_string(), "application/json"),
            page: Text::new(page, "text/html; charset=utf-8"),
            style: Text::new(
                include_str!("../../../templates/docs.css"),
                "text/css; charset=utf-8",
            ),
        }
    }
}

refusals! { TextRefusals = &[] }

/// This description, as OpenAPI 3.1.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "openapi",
    tag = "Node",
    responses(
        (status = 200, description = "The document.", body = serde_json::Map<String, serde_json::Value>),
        (status = 304, description = "The document is the one whose `ETag` was sent."),
        TextRefusals,
    )
)]
pub async fn document(Extension(texts): Extension<Arc<Texts>>, asked: HeaderMap) -> Response {
    texts.document.answer(&asked)
}

/// This description as a page.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "docs",
    tag = "Node",
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        (status = 304, description = "The page is the one whose `ETag` was sent."),
        TextRefusals,
    )
)]
pub async fn page(Extension(texts): Extension<Arc<Texts>>, asked: HeaderMap) -> Response {
    let mut response = texts.page.answer(&asked);
    let policy = HeaderValue::from_static(PAGE_POLICY);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// The style of that page.
#[utoipa::path(
    get,
    path = "/api/docs.css",
    operation_id = "docsStyle",
    tag = "Node",
    responses(
        (status = 200, description = "The style sheet.", body = String, content_type = "text/css"),
        (status = 304, description = "The style sheet is the one whose `ETag` was sent."),
        TextRefusals,
    )
)]
pub async fn style(Extension(texts): Extension<Arc<Texts>>, asked: HeaderMap) -> Response {
    texts.style.answer(&asked)
}
