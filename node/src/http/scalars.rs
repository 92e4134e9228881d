//! What the members of answers are: numbers with a unit, ids, digits. Each knows how it is written and
//! how it is described.

use serde::{Serialize, Serializer};
use utoipa::openapi::schema::{KnownFormat, SchemaFormat};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::attest::shape::ID_MAX;
use crate::attest::WEIGHT_PLACES;
use crate::json::decimal;
use crate::ledger::RTC_PLACES;

/// An amount in µRTC that is written as a decimal number of RTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtc(pub i64);

impl Serialize for Rtc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(self.0, RTC_PLACES).serialize(serializer)
    }
}

impl PartialSchema for Rtc {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("RTC, with at most six decimal places."))
            .examples([serde_json::json!(1.5)])
            .into()
    }
}

impl ToSchema for Rtc {}

/// An amount in whole µRTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MicroRtc(pub i64);

impl PartialSchema for MicroRtc {
    fn schema() -> RefOr<Schema> {
        whole("µRTC: millionths of an RTC.", None)
            .examples([1_500_000])
            .into()
    }
}

impl ToSchema for MicroRtc {}

/// Weight units (10^-9) that are written as a decimal number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weight(pub i64);

impl Serialize for Weight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(self.0, WEIGHT_PLACES).serialize(serializer)
    }
}

impl PartialSchema for Weight {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0))
            .description(Some(
                "A weight: 1.0 is one machine of today's, with at most nine decimal places.",
            ))
            .examples([serde_json::json!(2.5)])
            .into()
    }
}

impl ToSchema for Weight {}

/// A time in Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct UnixSeconds(pub i64);

impl UnixSeconds {
    /// The second of a time in milliseconds.
    pub fn of_ms(ms: i64) -> Self {
        UnixSeconds(ms / 1_000)
    }
}

impl PartialSchema for UnixSeconds {
    fn schema() -> RefOr<Schema> {
        whole("Seconds since 1970-01-01 00:00 UTC.", None)
            .examples([1_800_000_000])
            .into()
    }
}

impl ToSchema for UnixSeconds {}

/// What [`crate::attest::shape::check_id`] takes, as a pattern of ECMA-262: no base58 of 32 to 44 characters,
/// and no address in upper case.
const ID_PATTERN: &str = "^(?!(?!RTC)[1-9A-HJ-NP-Za-km-z]{32,44}$)\
                          (?!RTC(?=[0-9a-f]*[A-F])[0-9A-Fa-f]{40}$)[A-Za-z0-9._:-]+$";

/// A miner's id, which is its wallet's too. Only described here: texts become ids by
/// [`crate::attest::shape::check_id`].
pub struct MinerId;

impl PartialSchema for MinerId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(ID_MAX))
            .pattern(Some(ID_PATTERN))
            .description(Some(
                "A wallet's address (`RTC` and 40 hexadecimal digits in lower case) or a name. \
                 What looks like an address of another chain (32 to 44 characters of base58), or \
                 like an address in upper case, is refused.",
            ))
            .examples(["powerbook-g4"])
            .into()
    }
}

impl ToSchema for MinerId {}

/// A whole number of 64 bits.
fn whole(about: &str, least: Option<i64>) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .description(Some(about))
        .minimum(least)
}
