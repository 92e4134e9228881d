//! The JSON of evidence and submissions, for `serde`: whole numbers, texts, lists and structures.
//!
//! Nothing fails half-way: what does not fit is only counted, so that no step of an encoding has an error
//! to look at, and the code of a structure is one call for each member: half of what a writer takes that
//! may fail at every byte (8.7 against 17.2 KB of WebAssembly for a submission).
//!
//! Source: RFC 8259. No floating point, no maps and no variants with values: evidence has none.

use core::fmt;
use serde::ser::{
    self, Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeTuple,
    SerializeTupleStruct, Serializer,
};

/// Decimal digits of the largest `u64`.
const DIGITS: usize = 20;

/// Why a value has no encoding here: it is of a type that evidence has none of.
#[derive(Debug)]
pub(crate) struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type that evidence has none of")
    }
}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Unsupported
    }
}

impl ser::StdError for Unsupported {}

type Result = core::result::Result<(), Unsupported>;

/// Writes into a buffer, and counts on where that is full.
pub(crate) struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
    /// The last byte of the text, also where it did not fit.
    last: u8,
}

impl<'b> Writer<'b> {
    pub(crate) fn new(buffer: &'b mut [u8]) -> Self {
        Writer {
            buffer,
            length: 0,
            last: 0,
        }
    }

    /// Bytes of the whole text: more than the buffer holds where it did not fit.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    #[inline(never)]
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
        }
        self.length = end;
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    #[inline(never)]
    fn byte(&mut self, byte: u8) {
        self.put(&[byte]);
    }

    #[inline(never)]
    fn number(&mut self, negative: bool, mut rest: u64) {
        let mut digits = [0; DIGITS];
        let mut first = DIGITS;
        // A `u64` has no more digits than there are places.
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            first = place;
            if rest == 0 {
                break;
            }
        }
        if negative {
            self.byte(b'-');
        }
        self.put(digits.get(first..).unwrap_or_default());
    }

    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.byte(b'"');
        for &byte in text.as_bytes() {
            match byte {
                b'"' | b'\\' => self.put(&[b'\\', byte]),
                0..b' ' => {
                    let low = byte & 15;
                    let digit = if low < 10 {
                        b'0' + low
                    } else {
                        b'a' - 10 + low
                    };
                    self.put(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), digit]);
                }
                byte => self.byte(byte),
            }
        }
        self.byte(b'"');
    }

    /// What stands between two elements: nothing before the first one. No value ends in an opening
    /// bracket, so the last byte tells.
    #[inline(never)]
    fn separate(&mut self) {
        if !matches!(self.last, b'{' | b'[') {
            self.byte(b',');
        }
    }

    #[inline(never)]
    fn key(&mut self, name: &str) {
        self.separate();
        self.text(name);
        self.byte(b':');
    }
}

/// A list or a structure that was opened.
pub(crate) struct Open<'w, 'b> {
    writer: &'w mut Writer<'b>,
    end: u8,
}

impl<'w, 'b> Open<'w, 'b> {
    fn new(writer: &'w mut Writer<'b>, start: u8, end: u8) -> Self {
        writer.byte(start);
        Open { writer, end }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
        self.writer.separate();
        value.serialize(&mut *self.writer)
    }

    fn close(self) -> Result {
        self.writer.byte(self.end);
        Ok(())
    }
}

/// Lists by every name that `serde` has for them.
macro_rules! lists {
    ($($kind:ident: $method:ident),*) => {$(
        impl $kind for Open<'_, '_> {
            type Ok = ();
            type Error = Unsupported;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result {
                self.element(value)
            }

            fn end(self) -> Result {
                self.close()
            }
        }
    )*};
}

lists!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field
);

impl SerializeStruct for Open<'_, '_> {
    type Ok = ();
    type Error = Unsupported;

    #[inline(never)]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result {
        self.writer.key(name);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result {
        self.close()
    }
}

/// Numbers that fit another type without loss.
macro_rules! numbers {
    ($($method:ident: $type:ty),*) => {$(
        #[inline(always)]
        fn $method(self, value: $type) -> Result {
            self.number(false, value.into());
            Ok(())
        }
    )*};
}

macro_rules! signed_numbers {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Result {
            self.serialize_i64(value.into())
        }
    )*};
}

impl<'w, 'b> Serializer for &'w mut Writer<'b> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Open<'w, 'b>;
    type SerializeTuple = Open<'w, 'b>;
    type SerializeTupleStruct = Open<'w, 'b>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Impossible<(), Unsupported>;
    type SerializeStruct = Open<'w, 'b>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    numbers!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);
    signed_numbers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32);

    fn serialize_i64(self, value: i64) -> Result {
        self.number(value < 0, value.unsigned_abs());
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result {
        self.put(if value { b"true" } else { b"false" });
        Ok(())
    }

    #[inline(always)]
    fn serialize_str(self, value: &str) -> Result {
        self.text(value);
        Ok(())
    }

    fn serialize_none(self) -> Result {
        self.put(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> core::result::Result<Open<'w, 'b>, Unsupported> {
        Ok(Open::new(self, b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> core::result::Result<Open<'w, 'b>, Unsupported> {
        Ok(Open::new(self, b'[', b']'))
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> core::result::Result<Open<'w, 'b>, Unsupported> {
        Ok(Open::new(self, b'[', b']'))
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> core::result::Result<Open<'w, 'b>, Unsupported> {
        Ok(Open::new(self, b'{', b'}'))
    }

    fn serialize_f32(self, _: f32) -> Result {
        Err(Unsupported)
    }

    fn serialize_f64(self, _: f64) -> Result {
        Err(Unsupported)
    }

    fn serialize_char(self, _: char) -> Result {
        Err(Unsupported)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result {
        Err(Unsupported)
    }

    fn serialize_unit(self) -> Result {
        Err(Unsupported)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result {
        Err(Unsupported)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result {
        Err(Unsupported)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result {
        Err(Unsupported)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> core::result::Result<Self::SerializeTupleVariant, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_map(
        self,
        _: Option<usize>,
    ) -> core::result::Result<Self::SerializeMap, Unsupported> {
        Err(Unsupported)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> core::result::Result<Self::SerializeStructVariant, Unsupported> {
        Err(Unsupported)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result {
        Err(Unsupported)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    #[derive(Debug, PartialEq, Eq, serde::Serialize)]
    struct Inner {
        flag: bool,
        list: Vec<Option<[u32; 2]>>,
        text: String,
    }

    #[derive(Debug, PartialEq, Eq, serde::Serialize)]
    struct Sample {
        large: u64,
        nested: Option<Inner>,
        signed: i32,
        small: (u8, i16),
    }

    fn sample(texts: &'static str) -> impl Strategy<Value = Sample> {
        let inner = (any::<bool>(), any::<Vec<Option<[u32; 2]>>>(), texts);
        let inner = inner.prop_map(|(flag, list, text)| Inner { flag, list, text });
        let nested = proptest::option::of(inner);
        (any::<u64>(), nested, any::<i32>(), any::<(u8, i16)>()).prop_map(
            |(large, nested, signed, small)| Sample {
                large,
                nested,
                signed,
                small,
            },
        )
    }

    /// The text in a buffer of that size, and the length that it needs.
    fn written(value: &impl Serialize, size: usize) -> (Vec<u8>, usize) {
        let mut buffer = std::vec![0; size];
        let mut writer = Writer::new(&mut buffer);
        value.serialize(&mut writer).unwrap();
        let length = writer.length();
        buffer.truncate(length);
        (buffer, length)
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_another_encoder(value in sample("[ -~é]{0,20}")) {
            let expected = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(written(&value, 8192).0, expected);
        }

        #[test]
        fn any_text_comes_back(text: String) {
            let (bytes, _) = written(&text, 8192);
            prop_assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), text);
        }

        #[test]
        fn what_does_not_fit_is_counted(value in sample("[a-z]{0,9}"), size in 0usize..64) {
            let (_, whole) = written(&value, 8192);
            prop_assert_eq!(written(&value, size).1, whole);
        }
    }

    #[test]
    fn the_ends_of_the_numbers() {
        let numbers = (u64::MAX, i64::MIN, i64::MAX, 0u8, -1i8);
        assert_eq!(
            written(&numbers, 99).0,
            serde_json::to_vec(&numbers).unwrap()
        );
    }

    #[test]
    fn what_evidence_has_none_of_is_refused() {
        let mut buffer = [0; 8];
        assert!(1.5f64.serialize(&mut Writer::new(&mut buffer)).is_err());
    }
}
