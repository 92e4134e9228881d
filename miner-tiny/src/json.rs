//! Looking a member up in a node's answer, without allocation and without recursion.
//!
//! Source: RFC 8259. A text is walked once for each member that is looked up; what is passed over is
//! checked as far as finding its end needs, no further: a signed answer was written by the node, and
//! an unsigned one is worth no more than the connection.

use heapless::string::StringView;
use heapless::String;

/// Nesting that is followed.
const DEPTH_MAX: u32 = 64;

/// A value where it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Value<'a>(&'a [u8]);

/// The members of an object, if `text` is one as a whole (white space around it allowed).
pub fn object(text: &[u8]) -> Option<Value<'_>> {
    let text = text.trim_ascii();
    let (value, rest) = value(text)?;
    (rest.is_empty() && value.0.first() == Some(&b'{')).then_some(value)
}

impl<'a> Value<'a> {
    /// The first member of that name; `None` where this is no object or has none. Names with escapes
    /// are not found.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let mut rest = self.0.strip_prefix(b"{")?.trim_ascii_start();
        // Every turn takes a member off.
        while rest.first() == Some(&b'"') {
            let (key, after) = value(rest)?;
            let after = after.trim_ascii_start().strip_prefix(b":")?;
            let (member, after) = value(after.trim_ascii_start())?;
            if key.0[1..key.0.len() - 1] == *name.as_bytes() {
                return Some(member);
            }
            rest = after
                .trim_ascii_start()
                .strip_prefix(b",")?
                .trim_ascii_start();
        }
        None
    }

    /// A string, as much of it as fits: printable ASCII, anything else as `?`. `None` where this is
    /// no string.
    pub fn text<const N: usize>(self) -> Option<String<N>> {
        let mut out = String::new();
        self.text_into(&mut out)?;
        Some(out)
    }

    /// As [`Value::text`], added to `out`.
    #[inline(never)]
    pub(crate) fn text_into(self, out: &mut StringView) -> Option<()> {
        let inner = self.0.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let mut bytes = inner.iter().copied();
        while let Some(byte) = bytes.next() {
            let c = match byte {
                b'\\' => match bytes.next()? {
                    c @ (b'"' | b'\\' | b'/') => c,
                    b'u' => {
                        let code = (0..4).try_fold(0, |code, _| {
                            Some(code << 4 | char::from(bytes.next()?).to_digit(16)?)
                        })?;
                        u8::try_from(code).unwrap_or(b'?')
                    }
                    _ => b' ',
                },
                // One mark for each character, not for each byte of it.
                0x80..=0xbf => continue,
                byte => byte,
            };
            let c = if (b' '..=b'~').contains(&c) { c } else { b'?' };
            if out.push(char::from(c)).is_err() {
                break;
            }
        }
        Some(())
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self.0 {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// A whole number of digits alone.
    pub fn whole(self) -> Option<u64> {
        self.0.iter().try_fold(0u64, |number, &digit| {
            let digit = char::from(digit).to_digit(10)?;
            number.checked_mul(10)?.checked_add(digit.into())
        })
    }
}

/// The value at the start of `text`, and what follows it. Never an empty value.
fn value(text: &[u8]) -> Option<(Value<'_>, &[u8])> {
    let mut depth = 0u32;
    let mut at = 0;
    loop {
        // Every turn moves on by at least one byte or returns.
        match *text.get(at)? {
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return None;
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b'"' => at += string_length(&text[at..])?,
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth > 0 => at += 1,
            _ => {
                let length = literal_length(&text[at..]);
                if length == 0 {
                    return None;
                }
                at += length;
            }
        }
        if depth == 0 {
            return Some((Value(&text[..at]), &text[at..]));
        }
    }
}

/// Bytes of the string at the start of `text`, with its quotation marks.
fn string_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, &byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Bytes of the number or word at the start of `text`.
fn literal_length(text: &[u8]) -> usize {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    text.iter().take_while(|byte| part(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::{String as Text, ToString};

    const ANSWER: &str = r#" {"a":{"b":[1,{"c":"}"}],"d":"x\"\\\u0041\u00e9\nü"}, "n" : 12 ,"t":true,"f":false,"z":null,"neg":-1} "#;

    #[test]
    fn members_are_found_where_they_are() {
        let answer = object(ANSWER.as_bytes()).unwrap();
        assert_eq!(answer.get("n").unwrap().whole(), Some(12));
        assert_eq!(answer.get("t").unwrap().boolean(), Some(true));
        assert_eq!(answer.get("f").unwrap().boolean(), Some(false));
        assert_eq!(answer.get("z").unwrap().boolean(), None);
        assert_eq!(answer.get("neg").unwrap().whole(), None);
        assert_eq!(answer.get("c"), None);
        let inner = answer.get("a").unwrap();
        assert_eq!(inner.get("d").unwrap().text::<16>().unwrap(), "x\"\\A? ?");
        assert_eq!(inner.get("d").unwrap().text::<2>().unwrap(), "x\"");
        assert_eq!(inner.get("d").unwrap().get("x"), None);
        assert_eq!(inner.text::<16>(), None);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "[]", "1", "{", "{}x", "\"{}\"", "{\"a\":\"}", "}{"] {
            assert_eq!(object(text.as_bytes()), None, "{text}");
        }
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert_eq!(
            object(("{\"a\":".to_string() + &deep + "}").as_bytes()),
            None
        );
        for text in ["{}", "{\"a\"}", "{\"a\":}", "{a:1}", "{\"b\":1 \"a\":2}"] {
            let found = object(text.as_bytes()).and_then(|object| object.get("a"));
            assert_eq!(found, None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: std::vec::Vec<u8>, name: Text) {
            if let Some(value) = object(&text).and_then(|object| object.get(&name)) {
                let _ = (value.text::<8>(), value.whole(), value.boolean());
            }
        }

        #[test]
        fn broken_answers_do_not_panic(cut in 0usize..ANSWER.len(), with: u8) {
            let mut text = ANSWER.as_bytes().to_vec();
            text[cut] = with;
            for name in ["a", "n", "z", "q"] {
                if let Some(value) = object(&text).and_then(|object| object.get(name)) {
                    let _ = (value.get("d").and_then(Value::text::<8>), value.whole());
                }
            }
            let _ = object(&text[..cut]);
        }

        #[test]
        fn it_finds_what_serde_finds(map in proptest::collection::btree_map("[a-z]{1,3}", ".{0,10}", 0..6)) {
            let text = serde_json::to_string(&map).unwrap();
            let object = object(text.as_bytes()).unwrap();
            for (name, value) in &map {
                let found: String<64> = object.get(name).unwrap().text().unwrap();
                let printable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
                prop_assert!(!printable || found == value.as_str());
            }
        }
    }
}
