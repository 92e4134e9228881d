//! The other texts that a client may have signed: its own digits where [`super::parse`] spells a number
//! anew, and Python's, of a client that writes numbers otherwise but signs what the existing network's
//! server would make of them.

use serde_json::Value;
use std::borrow::Cow;

use super::canonical::canonical;

/// How the numbers of a canonical text are spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// With exactly the characters that were sent: `1E5`, `-0.0`, `1.50`.
    Sent,
    /// As Python writes what it read: `100000.0`, `-0.0`, `1.5`.
    Python,
}

/// The canonical text of an object as it was sent, without the members named in `left_out`. `None` where
/// `text` is no object; [`super::parse`] must have accepted it, which bounds its depth.
///
/// Cost: linear in the length, but for the sorting of keys; every level copies what is inside it.
pub fn canonical_as_sent(text: &str, left_out: &[&str], spelling: Spelling) -> Option<String> {
    let mut walker = Walker {
        rest: text,
        spelling,
    };
    if !walker.next_is('{') {
        return None;
    }
    walker.object(left_out)
}

/// Walks over JSON that is known to be sound. Everything gives `None` where it is not.
struct Walker<'a> {
    rest: &'a str,
    spelling: Spelling,
}

impl<'a> Walker<'a> {
    fn next_is(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest.starts_with(wanted)
    }

    fn take(&mut self, wanted: char) -> Option<()> {
        let found = self.next_is(wanted);
        self.rest = self.rest.strip_prefix(wanted)?;
        found.then_some(())
    }

    /// What comes next up to a character at which `ends` holds.
    fn token(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let (token, rest) = self
            .rest
            .split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        self.rest = rest;
        token
    }

    fn value(&mut self) -> Option<String> {
        if self.next_is('{') {
            return self.object(&[]);
        }
        if self.next_is('[') {
            return self.array();
        }
        if self.next_is('"') {
            return Some(canonical(&Value::String(self.string()?)));
        }
        let word = self.token(|c| matches!(c, ',' | ']' | '}' | ' ' | '\t' | '\n' | '\r'));
        if matches!(word, "true" | "false" | "null") {
            return Some(word.to_owned());
        }
        Some(match self.spelling {
            Spelling::Sent => word.to_owned(),
            Spelling::Python => as_python(word)?.into_owned(),
        })
    }

    fn object(&mut self, left_out: &[&str]) -> Option<String> {
        self.take('{')?;
        let mut members = Vec::new();
        while !self.next_is('}') {
            if !members.is_empty() {
                self.take(',')?;
                self.next_is('"');
            }
            let key = self.string()?;
            self.take(':')?;
            members.push((key, self.value()?));
        }
        self.take('}')?;
        members.retain(|(key, _)| !left_out.contains(&key.as_str()));
        // Byte order of UTF-8 is code-point order, which is Python's.
        members.sort_unstable();
        let members = members.into_iter().map(|(key, value)| {
            let key = canonical(&Value::String(key));
            format!("{key}:{value}")
        });
        Some(format!("{{{}}}", members.collect::<Vec<_>>().join(",")))
    }

    fn array(&mut self) -> Option<String> {
        self.take('[')?;
        let mut items = Vec::new();
        while !self.next_is(']') {
            if !items.is_empty() {
                self.take(',')?;
            }
            items.push(self.value()?);
        }
        self.take(']')?;
        Some(format!("[{}]", items.join(",")))
    }

    fn string(&mut self) -> Option<String> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (token, rest) = self.rest.split_at_checked(end?.0 + 1)?;
        self.rest = rest;
        serde_json::from_str(token).ok()
    }
}

/// Where Python's `repr` of a float begins to use an exponent: below 10^-4, and from 10^16
/// (`float_repr_style` short, format code `r`).
const POSITIONAL: std::ops::Range<i32> = -4..16;

/// A JSON number as Python's `json` writes what it read: whole numbers with their digits, everything else
/// through a float and its shortest digits. `None` for what is no number.
pub fn as_python(number: &str) -> Option<Cow<'_, str>> {
    if !number.contains(['.', 'e', 'E']) {
        // Python has one whole zero.
        return Some(if number == "-0" { "0" } else { number }.into());
    }
    let value: f64 = number.parse().ok()?;
    if value.is_infinite() {
        return Some(if value < 0.0 { "-Infinity" } else { "Infinity" }.into());
    }
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if !POSITIONAL.contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs()).into());
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => ("-", mantissa),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let plain = match usize::try_from(exponent) {
        Ok(whole) => {
            let digits = format!("{digits:0<width$}", width = whole + 2);
            let (whole, fraction) = digits.split_at(whole + 1);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => {
            let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
            format!("{sign}0.{:0<zeros$}{digits}", "")
        }
    };
    Some(plain.into())
}

/// The shortest digits that read back as this float, `d.ddde±x`; of several the nearest, and of two that
/// are equally near the even one. Rust's own agree in all but the last, where it takes the upper.
fn shortest(value: f64) -> String {
    let upper = format!("{value:e}");
    let digits = upper.split('e').next().unwrap_or_default();
    let places = digits
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    // Rounds half to even, from all of the value's digits.
    let even = format!("{value:.places$e}");
    if even.parse() == Ok(value) {
        even
    } else {
        // Just below a power of two the nearest may read back as another float.
        upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{canonical_without, parse};
    use proptest::prelude::*;

    #[test]
    fn the_clients_own_digits_are_kept() {
        let text = r#" { "b" : 1E5 , "a" : [ -0.0, 1e16, 1.50, {"y":1,"x":[]} ], "left\u0020out": 1,
            "é\ud83d\ude00": "\"\\\u0007/" , "n": null, "t":true} "#;
        assert_eq!(
            canonical_as_sent(text, &["left out"], Spelling::Sent).unwrap(),
            r#"{"a":[-0.0,1e16,1.50,{"x":[],"y":1}],"b":1E5,"n":null,"t":true,"\u00e9\ud83d\ude00":"\"\\\u0007/"}"#
        );
        assert_eq!(
            canonical_as_sent(text, &["left out"], Spelling::Python).unwrap(),
            r#"{"a":[-0.0,1e+16,1.5,{"x":[],"y":1}],"b":100000.0,"n":null,"t":true,"\u00e9\ud83d\ude00":"\"\\\u0007/"}"#
        );
        assert_eq!(canonical_as_sent("[1]", &[], Spelling::Sent), None);
    }

    #[test]
    fn floats_are_spelt_as_python_spells_them() {
        // python3: repr(float(text))
        for (text, python) in [
            // Half way between two: Rust alone would say .3.
            ("1095270752287248.25", "1095270752287248.2"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1e15", "1000000000000000.0"),
            ("1E16", "1e+16"),
            ("5e-324", "5e-324"),
            ("-0.0", "-0.0"),
            ("-0e5", "-0.0"),
            ("100000.0", "100000.0"),
            ("1.5", "1.5"),
            ("-123.456e-5", "-0.00123456"),
            ("1e400", "Infinity"),
            ("-0", "0"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ] {
            assert_eq!(as_python(text).as_deref(), Some(python));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String, json_like in "[\\[\\]{}\",:\\\\0-9eE.+\\- tfnul/é]{0,60}") {
            for text in [text, json_like] {
                let _ = canonical_as_sent(&text, &[], Spelling::Python);
                let _ = as_python(&text);
            }
        }

        /// Where no number is spelt anew, the texts are the one that is tried first.
        #[test]
        fn it_agrees_with_the_parsed_form(
            members in prop::collection::btree_map(".{0,8}", prop_oneof![
                any::<i64>().prop_map(|n| serde_json::json!([n, {"z": n, "é": null}])),
                ".{0,12}".prop_map(|s| serde_json::json!(s)),
                any::<bool>().prop_map(|b| serde_json::json!({"b": [b]})),
            ], 0..6)
        ) {
            let text = serde_json::to_string_pretty(&members).unwrap();
            let Ok(Value::Object(parsed)) = parse(text.as_bytes()) else { panic!("{text}") };
            let wanted = canonical_without(&parsed, &[]);
            for spelling in [Spelling::Sent, Spelling::Python] {
                prop_assert_eq!(canonical_as_sent(&text, &[], spelling), Some(wanted.clone()));
            }
        }

        #[test]
        fn a_respelt_number_is_the_same_number(value: f64) {
            prop_assume!(value.is_finite());
            let spelt = as_python(&format!("{value:e}")).unwrap().into_owned();
            prop_assert_eq!(spelt.parse::<f64>().unwrap().to_bits(), value.to_bits());
            prop_assert_eq!(as_python(&spelt).unwrap(), spelt.as_str());
        }
    }
}
