//! The API's description of itself: OpenAPI 3.1, put together from the handlers.
//!
//! A handler carries `#[utoipa::path]`; its answers are types with a schema; the codes it refuses with
//! are listed with [`refusals!`]. One registration (`.routes(routes!(module::handler))`) gives the route
//! and its description, so that neither can be without the other.

mod evidence;
mod page;
mod refusals;
mod served;
mod trace;

pub use evidence::Evidence;

pub(super) use refusals::{refusals, responses};
pub use refusals::{BODY, ID, PATH, QUERY, STORE, TOKEN};

use axum::extract::Extension;
use axum::Router;
use std::sync::Arc;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, Info, Object, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Schema,
    Type,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::served::Texts;
use super::admin::ADMIN_KEY;
use super::headers::{REQUEST_ID, REQUEST_ID_DIGITS};
use super::health::VERSION;
use crate::app::App;

/// What the document says before any operation.
const ABOUT: &str = "\
Miners ask for a challenge, measure themselves, and submit what they measured; the node judges it, keeps \
the books, and shows them.

Bodies are JSON in UTF-8; answers are JSON in canonical form (keys in code-point order, no spaces, ASCII). \
Amounts named `…_i64` are whole µRTC (1 RTC = 1,000,000 µRTC), those named `…_rtc` the same as a decimal \
number. Whole numbers are written without point and exponent. Times are Unix seconds unless the name says \
otherwise (`_ms`: milliseconds, `_s`: a number of seconds). `ppm`: parts per million.

Every refusal is one object with a stable `code`, the same in lower case as `error`, and a sentence for \
people. A status of 429 says with `Retry-After` when to come back. Every answer has an `X-Request-Id`, under \
which the node's log knows the request.

A body that is larger than the node takes (1,000,000 bytes unless its operator set another limit) is refused \
with `REQUEST_TOO_LARGE` (413).

Apart from those of the operations, any request may be refused with `NOT_FOUND` (404, no such path), \
`METHOD_NOT_ALLOWED` (405) or `REQUEST_TIMEOUT` (408, it took too long to arrive).";

/// A document without operations, for a router to add its own to.
pub fn empty() -> OpenApi {
    titled("Verdigris node")
}

/// The same for the operator's listener: every operation wants the token.
pub fn empty_for_operator() -> OpenApi {
    let mut document = titled("Verdigris node: the operator's listener");
    let components = document.components.get_or_insert_default();
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let key = ApiKeyValue::new(ADMIN_KEY);
    let key = SecurityScheme::ApiKey(ApiKey::Header(key));
    for (name, scheme) in [("bearer", bearer), ("key", key)] {
        components.add_security_scheme(name, scheme);
        let wanted = SecurityRequirement::new(name, [""; 0]);
        document.security.get_or_insert_default().push(wanted);
    }
    document
}

fn titled(title: &str) -> OpenApi {
    let mut info = Info::new(title, VERSION);
    info.description = Some(ABOUT.to_owned());
    let mut components = Components::new();
    refusals::add_to(&mut components);
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(format!("^[0-9a-f]{{{REQUEST_ID_DIGITS}}}$")));
    let header = HeaderBuilder::new()
        .schema(Some(id))
        .description(Some("The request's name in the node's log."))
        .build();
    components.headers.insert(REQUEST_ID.into(), header.into());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// The routes with those of the document, and the document that describes them all.
pub fn complete(routes: OpenApiRouter<Arc<App>>) -> (Router<Arc<App>>, OpenApi) {
    let (routes, document) = routes
        .routes(routes!(served::document))
        .routes(routes!(served::page))
        .routes(routes!(served::style))
        .split_for_parts();
    (routes, finish(document))
}

/// The routes, with the document behind its own.
pub fn served(routes: OpenApiRouter<Arc<App>>) -> Router<Arc<App>> {
    let (routes, document) = complete(routes);
    routes.layer(Extension(Arc::new(Texts::of(&document))))
}

/// Adds what is the same for every operation: the headers of every answer. What several operations
/// answer alike is said once.
fn finish(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    for path in document.paths.paths.values_mut() {
        for operation in operations(path) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                without_null(body);
            }
            for answer in operation.responses.responses.values_mut() {
                let RefOr::T(response) = answer else {
                    continue;
                };
                let header = Ref::new(format!("#/components/headers/{REQUEST_ID}"));
                let headers = &mut response.headers;
                headers.insert(REQUEST_ID.into(), RefOr::Ref(header));
                if let Some(name) = refusals::name(response) {
                    let said = std::mem::replace(answer, Ref::from_response_name(&name).into());
                    components.responses.insert(name, said);
                }
            }
        }
    }
    document
}

/// A body that may be left out is not `null` for that.
fn without_null(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else {
            continue;
        };
        let Some(RefOr::T(Schema::OneOf(either))) = &mut content.schema else {
            continue;
        };
        if body.required.is_none() {
            let nothing = RefOr::T(Schema::Object(Object::with_type(Type::Null)));
            either.items.retain(|item| *item != nothing);
            content.schema = either.items.pop();
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post].into_iter().flatten()
}
