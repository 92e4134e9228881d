//! What tools are asked with: typed, bounded, and fit to stand in a node's paths.

use percent_encoding::{utf8_percent_encode, AsciiSet, NON_ALPHANUMERIC};
use rmcp::schemars::{self, JsonSchema};
use serde::Deserialize;
use std::fmt;

/// Characters of an id, at most (the node's own bound).
const ID_MAX: usize = 128;

/// What an address may have as it is (RFC 3986, section 2.3, "Unreserved Characters").
const UNRESERVED: AsciiSet = NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A miner's name or a wallet's address. As `Display` it is encoded for a path or a query.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(crate = "schemars", inline)]
#[schemars(extend(
    "minLength" = 1,
    "maxLength" = ID_MAX,
    "pattern" = "^[A-Za-z0-9._:-]+$",
    "examples" = ["powerbook-g4"],
))]
pub struct Id(String);

impl TryFrom<String> for Id {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let may = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        // Dots alone are steps in a path (RFC 3986, section 5.2.4), which a proxy may walk.
        let steps = text.bytes().all(|b| b == b'.');
        if !steps && text.len() <= ID_MAX && text.bytes().all(may) {
            return Ok(Id(text));
        }
        Err(format!(
            "an id has 1 to {ID_MAX} characters out of A-Z a-z 0-9 . _ : -, and not dots alone"
        ))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        utf8_percent_encode(&self.0, &UNRESERVED).fmt(f)
    }
}

/// The name of a class or a family of silicon. As `Display` it is encoded for a query.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(crate = "schemars", inline)]
#[schemars(extend("minLength" = 1, "maxLength" = ID_MAX, "pattern" = "^[ -~]+$"))]
pub struct Silicon(String);

impl Silicon {
    /// The same in lower case, as nodes write classes.
    pub fn lower(&self) -> Self {
        Silicon(self.0.to_ascii_lowercase())
    }

    /// Whether `other` is the same name, in whatever case.
    pub fn is(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }
}

impl TryFrom<String> for Silicon {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let may = |b: u8| (b' '..=b'~').contains(&b);
        if !text.is_empty() && text.len() <= ID_MAX && text.bytes().all(may) {
            return Ok(Silicon(text));
        }
        Err(format!(
            "a class or a family has 1 to {ID_MAX} printable characters of ASCII"
        ))
    }
}

impl fmt::Display for Silicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        utf8_percent_encode(&self.0, &UNRESERVED).fmt(f)
    }
}

/// How much of a list comes at once: what an assistant reads in one go.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
#[schemars(crate = "schemars", inline)]
#[schemars(extend("minimum" = 1, "maximum" = Limit::MAX, "default" = Limit::USUAL))]
pub struct Limit(u64);

impl Limit {
    const MAX: u64 = 100;
    const USUAL: u64 = 25;

    /// The number.
    pub fn get(self) -> usize {
        // At most `MAX`.
        usize::try_from(self.0).unwrap_or_default()
    }
}

impl Default for Limit {
    fn default() -> Self {
        Limit(Limit::USUAL)
    }
}

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match number {
            1..=Self::MAX => Ok(Limit(number)),
            _ => Err(format!("a limit is from 1 to {}", Self::MAX)),
        }
    }
}

/// The largest number that every reader of JSON has exactly (RFC 8259, section 6).
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// A number that a node counts with.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(try_from = "u64")]
#[schemars(crate = "schemars", inline, extend("maximum" = NUMBER_MAX))]
pub struct Number(u64);

impl Number {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Number {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        match number {
            0..=NUMBER_MAX => Ok(Number(number)),
            _ => Err("no node counts that far".into()),
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> Option<String> {
        Id::try_from(String::from(text))
            .ok()
            .map(|id| id.to_string())
    }

    #[test]
    fn ids_are_what_a_node_takes() {
        assert_eq!(id("powerbook-g4").as_deref(), Some("powerbook-g4"));
        assert_eq!(id("lab:ibook.3_x").as_deref(), Some("lab%3Aibook.3_x"));
        assert_eq!(id(&"x".repeat(ID_MAX)).map(|x| x.len()), Some(ID_MAX));
        for bad in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "ä", "a\n"] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
        assert_eq!(id(&"x".repeat(ID_MAX + 1)), None);
    }

    #[test]
    fn silicon_stays_one_value_of_a_query() {
        let silicon = |text: &str| Silicon::try_from(String::from(text));
        let shown = |text: &str| silicon(text).map(|it| it.to_string());
        assert_eq!(shown("Apple Silicon").as_deref(), Ok("Apple%20Silicon"));
        assert_eq!(shown("a&limit=1#").as_deref(), Ok("a%26limit%3D1%23"));
        let g4 = silicon("G4").map(|it| it.lower().to_string());
        assert_eq!(g4.as_deref(), Ok("g4"));
        for bad in ["", "\n", "ä", &"x".repeat(ID_MAX + 1)] {
            assert!(silicon(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        /// Whatever is asked for, it stays one segment of a path.
        #[test]
        fn no_id_leaves_its_place(text in any::<String>()) {
            if let Some(encoded) = id(&text) {
                prop_assert!(!encoded.contains(['/', '?', '#', '&', '=', '\\', ' ']));
                prop_assert!(encoded != "." && encoded != "..");
            }
        }
    }

    #[test]
    fn numbers_are_bounded() {
        for bad in [0, Limit::MAX + 1, u64::MAX] {
            assert!(Limit::try_from(bad).is_err(), "{bad}");
        }
        assert!(Number::try_from(NUMBER_MAX + 1).is_err());
        assert_eq!(Number::try_from(7).map(Number::get), Ok(7));
    }
}
