//! Parameters of a query as types: what reads them describes them.

use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::PartialSchema;

use super::scalars::MinerId;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};

/// A parameter: how its text is read, and how it is described.
pub trait Parameter: Sized {
    /// Whether a request must have it.
    const REQUIRED: bool = false;

    /// Its value.
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError>;

    /// What its text may be.
    fn schema() -> RefOr<Schema>;
}

/// A whole number from `LEAST` to `MOST`, `DEFAULT` where it is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const LEAST: i64, const MOST: i64, const DEFAULT: i64>(pub i64);

/// Items of a page where nothing is said (existing network).
pub const PAGE_DEFAULT: i64 = 100;

/// How many items of a list, at most.
pub type Limit<const MOST: i64> = Whole<1, MOST, PAGE_DEFAULT>;

/// How many items of a list to leave out first.
pub type Offset = Whole<0, { i64::MAX }, 0>;

impl<const LEAST: i64, const MOST: i64, const DEFAULT: i64> Parameter
    for Whole<LEAST, MOST, DEFAULT>
{
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = text else {
            return Ok(Whole(DEFAULT));
        };
        let number = text.parse().ok().filter(|n| (LEAST..=MOST).contains(n));
        number.map(Whole).ok_or_else(|| {
            let message = format!("\"{name}\" is a whole number from {LEAST} to {MOST}");
            ApiError::new(Code::InvalidParameter, message)
        })
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(LEAST))
            .maximum(Some(MOST))
            .default(Some(DEFAULT.into()))
            .into()
    }
}

/// The id of a miner, or of its wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id(pub String);

impl Parameter for Id {
    const REQUIRED: bool = true;

    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        Option::read(name, text)?
            .ok_or_else(|| ApiError::new(Code::MissingParameter, format!("{name} required")))
    }

    fn schema() -> RefOr<Schema> {
        MinerId::schema()
    }
}

impl Parameter for Option<Id> {
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        match text {
            None => Ok(None),
            // Not the same as left out: a filter by nobody would be none.
            Some("") => Err(ApiError::new(
                Code::MissingParameter,
                format!("{name} is empty"),
            )),
            Some(text) => check_id(text).map(|()| Some(Id(text.to_owned()))),
        }
    }

    fn schema() -> RefOr<Schema> {
        MinerId::schema()
    }
}

/// A text of 1 to `MOST` printable characters of ASCII. Left out it is refused, unless as `Option<Text<…>>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MOST: usize>(pub String);

/// What a [`Text`] is, as a pattern of ECMA-262.
const TEXT_PATTERN: &str = "^[ -~]+$";

impl<const MOST: usize> Parameter for Text<MOST> {
    const REQUIRED: bool = true;

    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        Option::read(name, text)?
            .ok_or_else(|| ApiError::new(Code::MissingParameter, format!("{name} required")))
    }

    fn schema() -> RefOr<Schema> {
        Option::<Self>::schema()
    }
}

impl<const MOST: usize> Parameter for Option<Text<MOST>> {
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        let Some(text) = text else {
            return Ok(None);
        };
        let may = |b: u8| (b' '..=b'~').contains(&b);
        if !text.is_empty() && text.len() <= MOST && text.bytes().all(may) {
            return Ok(Some(Text(text.to_owned())));
        }
        let message = format!("\"{name}\" is a text of 1 to {MOST} printable characters of ASCII");
        Err(ApiError::new(Code::InvalidParameter, message))
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MOST))
            .pattern(Some(TEXT_PATTERN))
            .into()
    }
}

/// Something that is chosen by a word.
pub trait Choice: Copy + 'static {
    /// Each with its word; the first is chosen where none is given.
    const WORDS: &'static [(&'static str, Self)];
}

/// One of the words of a [`Choice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OneOf<T>(pub T);

impl<T: Choice> Parameter for OneOf<T> {
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        let mut words = T::WORDS.iter();
        let chosen = words.find(|(word, _)| text.is_none_or(|text| text == *word));
        chosen.map(|(_, chosen)| OneOf(*chosen)).ok_or_else(|| {
            let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
            let message = format!("\"{name}\" is one of {}", words.join(", "));
            ApiError::new(Code::InvalidParameter, message)
        })
    }

    fn schema() -> RefOr<Schema> {
        let words = T::WORDS.iter().map(|(word, _)| *word);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(words.clone()))
            .default(words.clone().next().map(Into::into))
            .into()
    }
}

/// The wallet that a query is about, under either of the two names of the parameter.
pub fn wallet(miner_id: Option<Id>, address: Option<Id>) -> Result<String, ApiError> {
    match (miner_id, address) {
        (Some(a), Some(b)) if a != b => Err(ApiError::new(
            Code::InvalidParameter,
            "miner_id and address name different wallets",
        )),
        (Some(Id(id)), _) | (None, Some(Id(id))) => Ok(id),
        (None, None) => Err(ApiError::new(
            Code::MissingParameter,
            "miner_id or address required",
        )),
    }
}

/// Makes a type of named parameters, each with its description, that a handler takes as an argument
/// and names in `params(…)` of its `#[utoipa::path]`.
macro_rules! query {
    ($(#[$about:meta])* $name:ident {
        $($(#[doc = $doc:literal])+ $field:ident: $type:ty,)+
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone)]
        pub struct $name { $($(#[doc = $doc])+ $field: $type,)+ }

        impl axum::extract::FromRequestParts<std::sync::Arc<$crate::app::App>> for $name {
            type Rejection = $crate::error::ApiError;

            async fn from_request_parts(
                parts: &mut axum::http::request::Parts,
                app: &std::sync::Arc<$crate::app::App>,
            ) -> Result<Self, Self::Rejection> {
                let query =
                    $crate::http::request::Query::from_request_parts(parts, app).await?;
                Ok($name {
                    $($field: $crate::http::query::Parameter::read(
                        stringify!($field),
                        query.get(stringify!($field)),
                    )?,)+
                })
            }
        }

        impl utoipa::IntoParams for $name {
            fn into_params(
                _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
            ) -> Vec<utoipa::openapi::path::Parameter> {
                vec![$($crate::http::query::described::<$type>(
                    stringify!($field),
                    concat!($($doc, "\n"),+),
                ),)+]
            }
        }
    };
}
pub(super) use query;

/// The description of a parameter.
pub fn described<P: Parameter>(name: &str, about: &str) -> utoipa::openapi::path::Parameter {
    use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
    use utoipa::openapi::Required;
    let required = if P::REQUIRED {
        Required::True
    } else {
        Required::False
    };
    let lines: Vec<&str> = about.lines().map(str::trim).collect();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .description(Some(lines.join("\n")))
        .required(required)
        .schema(Some(P::schema()))
        .build()
}
