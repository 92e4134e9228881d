//! Refusals in the description: for each operation the codes that it may answer, under their status.

use std::collections::BTreeMap;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::AllOfBuilder;
use utoipa::openapi::{
    Components, Content, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
};

use crate::error::{ApiError, Code, RETRY_AFTER_MEMBER};

/// What reading a body may end in.
pub const BODY: &[Code] = &[
    Code::IncompleteBody,
    Code::InvalidJsonObject,
    Code::RequestTimeout,
    Code::RequestTooLarge,
];

/// What a miner's id may be refused with.
pub const ID: &[Code] = &[Code::InvalidMiner, Code::InvalidMinerWalletFormat];

/// What a parameter of the path may be refused with.
pub const PATH: &[Code] = &[Code::InvalidParameter];

/// What the parameters of a query may be refused with.
pub const QUERY: &[Code] = &[Code::InvalidParameter, Code::MissingParameter];

/// What looking into the store may end in.
pub const STORE: &[Code] = &[Code::StoreUnavailable];

/// What anybody without the operator's token is refused with.
pub const TOKEN: &[Code] = &[Code::Unauthorized];

/// What any request may end in, whatever it asks for.
const ALWAYS: &[Code] = &[Code::InternalError, Code::RateLimit];

/// Where a response lists its codes, for programs.
const CODES: &str = "x-codes";

/// The schema of every refusal.
const REFUSAL: &str = "Refusal";

/// Makes a type that stands, in `responses(…)` of `#[utoipa::path]`, for the codes of these lists.
///
/// ```ignore
/// refusals! { Of = BODY, STORE, &[Code::NotFound] }
/// ```
macro_rules! refusals {
    ($name:ident = $($codes:expr),+ $(,)?) => {
        /// What an operation refuses with.
        pub enum $name {}

        impl utoipa::IntoResponses for $name {
            fn responses() -> std::collections::BTreeMap<
                String,
                utoipa::openapi::RefOr<utoipa::openapi::Response>,
            > {
                $crate::http::openapi::responses(&[$($codes),+])
            }
        }
    };
}
pub(in crate::http) use refusals;

/// The responses that stand for these codes and those that are always possible.
pub fn responses(codes: &[&[Code]]) -> BTreeMap<String, RefOr<Response>> {
    let mut by_status: BTreeMap<String, Vec<Code>> = BTreeMap::new();
    for &code in codes.iter().copied().flatten().chain(ALWAYS) {
        let list = by_status
            .entry(code.status().as_str().to_owned())
            .or_default();
        if !list.contains(&code) {
            list.push(code);
        }
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status, response(&codes).into()))
        .collect()
}

/// The name of a response that stands for one code alone, by which operations share it.
pub fn name(response: &Response) -> Option<String> {
    let codes = response.extensions.as_ref()?.get(CODES)?.as_array()?;
    match codes.as_slice() {
        [code] => code.as_str().map(str::to_owned),
        _ => None,
    }
}

fn response(codes: &[Code]) -> Response {
    let about: Vec<String> = codes
        .iter()
        .map(|code| format!("- `{}`: {}", code.text(), code.about()))
        .collect();
    let texts: Vec<&str> = codes.iter().map(|code| code.text()).collect();
    let narrowed = ObjectBuilder::new().property(
        "code",
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(texts.clone())),
    );
    let schema = AllOfBuilder::new()
        .item(Ref::from_schema_name(REFUSAL))
        .item(narrowed);
    let mut content = Content::new(Some(RefOr::T(schema.into())));
    content.example = codes.first().map(|&code| {
        let message = code.about().trim_end_matches('.').to_owned();
        ApiError::new(code, message).body().into()
    });
    let response = ResponseBuilder::new()
        .description(about.join("\n"))
        .extensions(Some(Extensions::builder().add(CODES, texts).build()))
        .content("application/json", content);
    let says_when = |code: &Code| code.status().as_u16() == 429;
    if !codes.iter().any(says_when) {
        return response.build();
    }
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1u32));
    let header = HeaderBuilder::new()
        .schema(Some(seconds))
        .description(Some("Seconds after which to come back."));
    response.header("Retry-After", header.build()).build()
}

/// Adds what [`responses`] refers to.
pub fn add_to(components: &mut Components) {
    let text = |about: &str| {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(about))
    };
    let schema = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(
            "Why a request was refused. Some codes come with further members.",
        ))
        .property(
            "ok",
            ObjectBuilder::new()
                .schema_type(Type::Boolean)
                .enum_values(Some([false])),
        )
        .property(
            "code",
            text("What was wrong, for programs.")
                .enum_values(Some(Code::ALL.iter().map(|code| code.text()))),
        )
        .property("error", text("The same as older clients know it."))
        .property("message", text("The same for people."))
        .property(
            RETRY_AFTER_MEMBER,
            ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1u32))
                .description(Some("Seconds after which to come back.")),
        )
        .required("ok")
        .required("code")
        .required("error")
        .required("message");
    components.schemas.insert(REFUSAL.into(), schema.into());
}
