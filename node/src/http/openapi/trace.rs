//! The schema of a type that `serde` reads, found by reading: the types of evidence belong to a library
//! for machines without an operating system, which knows nothing of schemas.
//!
//! A [`Tracer`] answers whatever a type asks for, and notes what that was. How much a bounded text or list
//! holds, the type says only by refusing more: so it is read again and again, with more or less each time,
//! until every bound is known.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use std::collections::HashMap;
use std::fmt::Display;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, OneOfBuilder};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::Number;

/// Characters or items that are offered at most: what takes them all counts as unbounded.
const OFFERED: usize = 1_024;

/// The schema of what a `T` is read from. Unknown members are refused, those that may be null may be
/// missing; there are neither variants nor maps.
///
/// Cost: some hundred readings of a `T`.
pub fn schema_of<T: DeserializeOwned>() -> RefOr<Schema> {
    let mut bounds = HashMap::new();
    loop {
        let mut state = State {
            bounds: &mut bounds,
            trying: None,
        };
        let mut schema = None;
        let tracer = Tracer {
            path: String::new(),
            state: &mut state,
            schema: &mut schema,
        };
        let read = T::deserialize(tracer);
        match state.trying {
            Some(path) => bounds.entry(path).or_insert(Bound::NEW).learn(read.is_ok()),
            None => return schema.unwrap_or_default(),
        }
    }
}

/// What is known of how much a text or a list holds: at least `holds`, less than `refuses`.
#[derive(Debug, Clone, Copy)]
struct Bound {
    holds: usize,
    refuses: usize,
}

impl Bound {
    const NEW: Bound = Bound {
        holds: 0,
        refuses: OFFERED + 1,
    };

    fn is_known(self) -> bool {
        self.holds + 1 == self.refuses
    }

    fn next(self) -> usize {
        self.holds.midpoint(self.refuses)
    }

    fn learn(&mut self, held: bool) {
        let tried = self.next();
        if held {
            self.holds = tried;
        } else {
            self.refuses = tried;
        }
    }

    fn most(self) -> Option<usize> {
        Some(self.holds).filter(|&most| most < OFFERED)
    }
}

struct State<'a> {
    /// Of every text and list, by its path.
    bounds: &'a mut HashMap<String, Bound>,
    /// The path of the one that is tried in this reading.
    trying: Option<String>,
}

impl State<'_> {
    /// How much to offer to the text or list that comes now, and its bound as far as it is known.
    fn offer(&mut self, path: &str) -> (usize, Option<usize>) {
        let bound = self.bounds.get(path).copied().unwrap_or(Bound::NEW);
        if bound.is_known() {
            return (bound.holds.min(1), bound.most());
        }
        // One at a time, so that it is clear which one refused.
        if self.trying.is_none() {
            self.trying = Some(path.to_owned());
            return (bound.next(), None);
        }
        (0, None)
    }
}

struct Tracer<'a, 'b> {
    /// Names of members, each with a slash before it, and a slash for a list's items.
    path: String,
    state: &'a mut State<'b>,
    schema: &'a mut Option<RefOr<Schema>>,
}

/// A refusal by the type, whose words do not matter.
#[derive(Debug)]
struct Refused;

impl Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl serde::de::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Refused
    }
}

impl Tracer<'_, '_> {
    fn note(self, schema: impl Into<RefOr<Schema>>) {
        *self.schema = Some(schema.into());
    }

    fn whole(self, least: Number, most: Number) {
        let whole = ObjectBuilder::new().schema_type(Type::Integer);
        self.note(whole.minimum(Some(least)).maximum(Some(most)));
    }

    fn text(self) -> String {
        let (length, most) = self.state.offer(&self.path);
        let text = ObjectBuilder::new().schema_type(Type::String);
        self.note(text.max_length(most));
        "x".repeat(length)
    }
}

macro_rules! numbers {
    ($($deserialize:ident $visit:ident $type:ty, $variant:ident $wide:ty;)+) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
            self.whole(
                Number::$variant(<$type>::MIN as $wide),
                Number::$variant(<$type>::MAX as $wide),
            );
            visitor.$visit(0)
        })+
    };
}

impl<'de> Deserializer<'de> for Tracer<'_, '_> {
    type Error = Refused;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Refused> {
        Err(Refused)
    }

    numbers! {
        deserialize_u8 visit_u8 u8, UInt usize;
        deserialize_u16 visit_u16 u16, UInt usize;
        deserialize_u32 visit_u32 u32, UInt usize;
        deserialize_u64 visit_u64 u64, UInt usize;
        deserialize_i8 visit_i8 i8, Int isize;
        deserialize_i16 visit_i16 i16, Int isize;
        deserialize_i32 visit_i32 i32, Int isize;
        deserialize_i64 visit_i64 i64, Int isize;
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.note(ObjectBuilder::new().schema_type(Type::Boolean));
        visitor.visit_bool(false)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let text = self.text();
        visitor.visit_str(&text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let mut inner = None;
        let value = visitor.visit_some(Tracer {
            path: self.path,
            state: self.state,
            schema: &mut inner,
        })?;
        let nothing = ObjectBuilder::new().schema_type(Type::Null);
        let either = OneOfBuilder::new().item(nothing);
        *self.schema = inner.map(|inner| either.item(inner).into());
        Ok(value)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refused> {
        let (length, most) = self.state.offer(&self.path);
        let mut item = None;
        let value = visitor.visit_seq(Items {
            path: self.path + "/",
            state: self.state,
            item: &mut item,
            left: length,
        })?;
        let list = ArrayBuilder::new().items(item.unwrap_or_default());
        *self.schema = Some(list.max_items(most).into());
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let mut item = None;
        let value = visitor.visit_seq(Items {
            path: self.path + "/",
            state: self.state,
            item: &mut item,
            left: length,
        })?;
        let list = ArrayBuilder::new().items(item.unwrap_or_default());
        let list = list.min_items(Some(length)).max_items(Some(length));
        *self.schema = Some(list.into());
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refused> {
        let mut members = Vec::new();
        let value = visitor.visit_map(Members {
            path: self.path,
            state: self.state,
            members: &mut members,
            left: fields,
        })?;
        let mut object = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        for (name, schema) in members {
            // `serde` takes a missing member for nothing where it may be nothing.
            if !matches!(&schema, RefOr::T(Schema::OneOf(_))) {
                object = object.required(name);
            }
            object = object.property(name, schema);
        }
        *self.schema = Some(object.into());
        Ok(value)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple_struct map enum
        identifier ignored_any
    }
}

/// Items of a list: all alike.
struct Items<'a, 'b> {
    path: String,
    state: &'a mut State<'b>,
    item: &'a mut Option<RefOr<Schema>>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Refused;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(Tracer {
            path: self.path.clone(),
            state: self.state,
            schema: self.item,
        })
        .map(Some)
    }
}

struct Members<'a, 'b> {
    path: String,
    state: &'a mut State<'b>,
    members: &'a mut Vec<(&'static str, RefOr<Schema>)>,
    left: &'static [&'static str],
}

impl<'de> MapAccess<'de> for Members<'_, '_> {
    type Error = Refused;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refused> {
        let name = self.left.first().copied();
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refused> {
        let (name, rest) = self.left.split_first().ok_or(Refused)?;
        self.left = rest;
        let mut schema = None;
        let value = seed.deserialize(Tracer {
            path: format!("{}/{name}", self.path),
            state: self.state,
            schema: &mut schema,
        })?;
        self.members.push((name, schema.unwrap_or_default()));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapless::{String, Vec};
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Sample {
        flag: bool,
        maybe: Option<i8>,
        name: String<16>,
        table: Vec<Vec<u16, 3>, 5>,
        three: [u64; 3],
        words: Vec<String<1>, 2>,
    }

    #[test]
    fn a_schema_has_the_names_kinds_and_bounds_of_the_type() {
        let whole =
            |least: i64, most: u64| json!({ "type": "integer", "minimum": least, "maximum": most });
        let found = serde_json::to_value(schema_of::<Sample>()).unwrap();
        let expected = json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["flag", "name", "table", "three", "words"],
            "properties": {
                "flag": { "type": "boolean" },
                "maybe": { "oneOf": [{ "type": "null" }, whole(-128, 127)] },
                "name": { "type": "string", "maxLength": 16 },
                "table": {
                    "type": "array",
                    "maxItems": 5,
                    "items": { "type": "array", "maxItems": 3, "items": whole(0, 65_535) },
                },
                "three": {
                    "type": "array", "minItems": 3, "maxItems": 3, "items": whole(0, u64::MAX),
                },
                "words": {
                    "type": "array",
                    "maxItems": 2,
                    "items": { "type": "string", "maxLength": 1 },
                },
            },
        });
        assert_eq!(found, expected);
    }
}
