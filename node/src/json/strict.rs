//! A reader that refuses what other readers quietly repair.
//!
//! Only the structure is parsed here; the text of strings and numbers goes to `serde_json`. It is
//! written out rather than made from `serde`'s visitors because `serde_json` carries numbers through
//! those as objects with a private key, which a client could send as well.

use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

/// Arrays and objects within each other, at most. A submission needs 6.
pub const DEPTH_MAX: usize = 64;

/// Values in one text, at most: a submission has 2,000. Each takes a hundred bytes once it is read,
/// so a text of a megabyte of commas must not get that far.
pub const VALUES_MAX: usize = 16_384;

/// Characters in one number, at most: longer than any that a program writes for 64 bits.
const NUMBER_MAX: usize = 64;

/// Why a text is not acceptable JSON. Positions are byte offsets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonError {
    /// Not JSON, or JSON that ends early.
    Syntax(usize),
    /// Bytes that are not UTF-8.
    NotUtf8(usize),
    /// More than [`DEPTH_MAX`] levels.
    TooDeep(usize),
    /// More than [`VALUES_MAX`] values.
    TooMany(usize),
    /// An object has this key twice.
    DuplicateKey(String),
    /// Something follows the value.
    Trailing(usize),
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            JsonError::Syntax(at) => write!(f, "not valid JSON at byte {at}"),
            JsonError::NotUtf8(at) => write!(f, "not UTF-8 at byte {at}"),
            JsonError::TooDeep(at) => {
                write!(f, "nested more than {DEPTH_MAX} levels deep at byte {at}")
            }
            JsonError::TooMany(at) => {
                write!(f, "more than {VALUES_MAX} values at byte {at}")
            }
            JsonError::DuplicateKey(key) => {
                let shown: String = key.chars().take(32).collect();
                write!(f, "the key {shown:?} appears twice in one object")
            }
            JsonError::Trailing(at) => write!(f, "something follows the JSON value at byte {at}"),
        }
    }
}

impl std::error::Error for JsonError {}

/// Reads one JSON value that fills `bytes`, white space aside.
///
/// Cost: linear in the length; stack use is bounded by [`DEPTH_MAX`].
///
/// # Errors
/// See [`JsonError`]. Also an error: numbers of more than 64 characters, and escapes of half a
/// surrogate pair.
pub fn parse(bytes: &[u8]) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|e| JsonError::NotUtf8(e.valid_up_to()))?;
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        values: 0,
    };
    let value = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(JsonError::Trailing(reader.at));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    values: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Skips white space, then takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) {
            Ok(())
        } else {
            Err(JsonError::Syntax(self.at))
        }
    }

    fn value(&mut self) -> Result<Value, JsonError> {
        self.space();
        self.values += 1;
        if self.values > VALUES_MAX {
            return Err(JsonError::TooMany(self.at));
        }
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::Bool(true)),
            Some(b'f') => self.literal("false", Value::Bool(false)),
            Some(b'n') => self.literal("null", Value::Null),
            _ => Err(JsonError::Syntax(self.at)),
        }
    }

    /// Reads what stands inside the bracket that is next, one level deeper.
    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        if self.depth == DEPTH_MAX {
            return Err(JsonError::TooDeep(self.at));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut members = Map::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            let key = self.string()?;
            self.expect(b':')?;
            match members.entry(key) {
                Entry::Occupied(known) => {
                    return Err(JsonError::DuplicateKey(known.key().clone()));
                }
                Entry::Vacant(place) => place.insert(self.value()?),
            };
            if !self.take(b',') {
                self.expect(b'}')?;
                return Ok(Value::Object(members));
            }
        }
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if !self.take(b',') {
                self.expect(b']')?;
                return Ok(Value::Array(items));
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(JsonError::Syntax(self.at))
        }
    }

    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(JsonError::Syntax(start));
        }
        self.at += 1;
        let mut plain = true;
        loop {
            match self.peek() {
                None => return Err(JsonError::Syntax(self.at)),
                Some(b'"') => break,
                // Whatever is escaped, it is not the end.
                Some(b'\\') => {
                    plain = false;
                    self.at += 2;
                }
                Some(byte) => {
                    plain &= byte >= b' ';
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        if plain {
            return Ok(self.text[start + 1..self.at - 1].to_owned());
        }
        // Both ends are at quotes, which are never inside a character.
        serde_json::from_str(&self.text[start..self.at]).map_err(|_| JsonError::Syntax(start))
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
        ) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        if text.len() > NUMBER_MAX {
            return Err(JsonError::Syntax(start));
        }
        text.parse::<Number>()
            .map(Value::Number)
            .map_err(|_| JsonError::Syntax(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> JsonError {
        parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn refuses_what_others_repair() {
        assert_eq!(
            error(r#"{"a":1,"a":1}"#),
            JsonError::DuplicateKey("a".into())
        );
        assert_eq!(
            error(r#"[{"x":{"a":1,"\u0061":1}}]"#),
            JsonError::DuplicateKey("a".into())
        );
        assert_eq!(error("[1] x"), JsonError::Trailing(4));
        assert_eq!(error(&"[".repeat(5_000)), JsonError::TooDeep(DEPTH_MAX));
        assert_eq!(parse(b"{\"a\":\"\xff\"}"), Err(JsonError::NotUtf8(6)));
        for text in [
            "",
            " ",
            "{",
            "[",
            "\"",
            "\"\\",
            "\"\\\"",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "[1,]",
            "{\"a\":1,}",
            "NaN",
            "Infinity",
            "-",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "1e+",
            "1-1",
            "nul",
            "\"\\ud800\"",
            "\"\n\"",
            "\"\\x\"",
            "\u{feff}{}",
            "1é",
            "[1 2]",
        ] {
            assert!(
                matches!(error(text), JsonError::Syntax(_) | JsonError::Trailing(_)),
                "{text:?}"
            );
        }
        assert!(matches!(
            error(&"9".repeat(NUMBER_MAX + 1)),
            JsonError::Syntax(0)
        ));
    }

    #[test]
    fn the_private_keys_of_serde_json_mean_nothing_here() {
        for key in [
            "$serde_json::private::Number",
            "$serde_json::private::RawValue",
        ] {
            for spelt in [key.to_string(), key.replace('$', "\\u0024")] {
                let value = parse(format!(r#"{{"{spelt}":"1e9999"}}"#).as_bytes()).unwrap();
                assert_eq!(value[key], "1e9999");
            }
        }
    }

    #[test]
    fn many_are_as_many_as_promised() {
        let list = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        assert!(parse(list(VALUES_MAX - 1).as_bytes()).is_ok());
        assert!(matches!(error(&list(VALUES_MAX)), JsonError::TooMany(_)));
    }

    #[test]
    fn deep_is_as_deep_as_promised() {
        let nest = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(nest(DEPTH_MAX).as_bytes()).is_ok());
        assert!(parse(nest(DEPTH_MAX + 1).as_bytes()).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Number(n.into())),
            any::<f64>().prop_filter_map("finite", |n| Number::from_f64(n).map(Value::Number)),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(5, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn no_json_like_text_panics(text in "[\\[\\]{}\",:\\\\0-9eE.+\\- tfnul/]{0,80}") {
            let ours = parse(text.as_bytes());
            let theirs: Result<Value, _> = serde_json::from_str(&text);
            // Ours accepts less, never more.
            prop_assert!(ours.is_err() || theirs.is_ok());
        }

        #[test]
        fn what_serde_json_writes_is_read_back(value in any_json()) {
            prop_assert_eq!(parse(value.to_string().as_bytes()), Ok(value.clone()));
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(parse(pretty.as_bytes()), Ok(value));
        }

        #[test]
        fn canonical_text_reads_back_as_itself(value in any_json()) {
            let text = crate::json::canonical(&value);
            prop_assert!(text.is_ascii() && !text.bytes().any(|b| b < b' ' || b == 0x7f));
            let again = parse(text.as_bytes()).unwrap();
            prop_assert_eq!(&again, &value);
            prop_assert_eq!(crate::json::canonical(&again), text);
        }
    }
}
