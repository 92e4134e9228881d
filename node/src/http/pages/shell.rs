//! What is around every page: headers, the answer of a template, refusals that people can read.

use askama::Template;
use axum::http::header::{CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::{ApiError, Code};
use crate::http::text::Text;

/// What a page may do: load its style, its script and its pictures from here, and send its form here.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The media type of pages.
const HTML: &str = "text/html; charset=utf-8";

/// What a page answers: itself, or a refusal as a page.
pub type Shown = Result<Response, Refused>;

/// A rendered page, with a tag by which a browser asks whether it changed.
///
/// # Errors
/// [`Code::InternalError`] where the template cannot be rendered.
pub fn show(page: &impl Template, asked: &HeaderMap) -> Shown {
    let text = page
        .render()
        .map_err(|e| ApiError::new(Code::InternalError, e.to_string()))?;
    Ok(with_policy(Text::new(text, HTML).answer(asked)))
}

fn with_policy(mut response: Response) -> Response {
    let policy = HeaderValue::from_static(POLICY);
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// A refusal that is answered as a page.
#[derive(Debug)]
pub struct Refused(ApiError);

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Refused(error)
    }
}

/// There is nothing of this name.
pub fn nothing(what: &str) -> Refused {
    Refused(ApiError::new(Code::NotFound, what))
}

#[derive(Template)]
#[template(path = "pages/refused.html")]
struct RefusedPage {
    status: StatusCode,
    message: String,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = self.0.body();
        let message = body["message"].as_str().unwrap_or_default().to_owned();
        // The refusal's own answer has the status, and when to come back.
        let refusal = self.0.into_response();
        let status = refusal.status();
        let page = RefusedPage { status, message };
        let Ok(text) = page.render() else {
            return refusal;
        };
        let (mut parts, _) = refusal.into_parts();
        parts.headers.remove(CONTENT_LENGTH);
        let kind = HeaderValue::from_static(HTML);
        parts.headers.insert(CONTENT_TYPE, kind);
        with_policy(Response::from_parts(parts, text.into()))
    }
}
