//! The text that gets signed: as Python's `json.dumps(v, sort_keys=True, separators=(",", ":"))`
//! writes it.

use serde_json::{Map, Number, Value};

/// The canonical text of `value`: keys in code-point order, no spaces, everything but printable ASCII
/// escaped, numbers with the digits that were received. Only an exponent is spelt anew, with a small
/// `e` and its sign, as Python and `serde_json` both spell it.
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

/// The canonical text of an object without the members named in `left_out`.
pub fn canonical_without(members: &Map<String, Value>, left_out: &[&str]) -> String {
    let mut out = String::new();
    write_object(&mut out, members, left_out);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        // With `arbitrary_precision` a number is its text.
        Value::Number(number) => out.push_str(number.as_str()),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => write_object(out, members, &[]),
    }
}

fn write_object(out: &mut String, members: &Map<String, Value>, left_out: &[&str]) {
    // Byte order of UTF-8 is code-point order. The map is sorted unless somebody turns on
    // `serde_json/preserve_order`.
    if members.keys().is_sorted() {
        write_members(out, members, left_out);
    } else {
        let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
        sorted.sort_unstable_by_key(|&(key, _)| key);
        write_members(out, sorted, left_out);
    }
}

fn write_members<'a>(
    out: &mut String,
    members: impl IntoIterator<Item = (&'a String, &'a Value)>,
    left_out: &[&str],
) {
    let mut before = '{';
    for (key, value) in members {
        if left_out.contains(&key.as_str()) {
            continue;
        }
        out.push(before);
        before = ',';
        write_string(out, key);
        out.push(':');
        write_value(out, value);
    }
    if before == '{' {
        out.push(before);
    }
    out.push('}');
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    // Most texts are plain from end to end.
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_escaped) {
        let (plain, escaped) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = escaped.chars();
        if let Some(c) = characters.next() {
            write_escaped(out, c);
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Whether a character that begins with this byte is escaped: all but printable ASCII are, and the two
/// that mean something in a string.
fn is_escaped(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~') || byte == b'"' || byte == b'\\'
}

fn write_escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
}

/// `units` / 10^`places` as a JSON number, exact, spelt as Python spells a float of that value:
/// `1.5`, `0.0`, `1e-09`. At most 18 places.
pub fn decimal(units: i64, places: u32) -> Number {
    let text = decimal_text(units, places.min(18));
    // The text is a JSON number by construction; should that ever be wrong, zero is no panic.
    text.parse().unwrap_or_else(|_| Number::from(0))
}

/// Below 10^-4 Python writes an exponent (`float.__repr__`, format code `r`).
const SMALLEST_WITHOUT_EXPONENT: i32 = -4;

fn decimal_text(units: i64, places: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = units.unsigned_abs().to_string();
    let significant = digits.trim_end_matches('0');
    // The value is 0.DIGITS × 10^point.
    let point = digits.len() as i32 - places as i32;
    if significant.is_empty() {
        return "0.0".into();
    }
    if point - 1 < SMALLEST_WITHOUT_EXPONENT {
        let (first, rest) = significant.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        return format!("{sign}{first}{dot}{rest}e-{:02}", 1 - point);
    }
    let padded = format!("{digits:0>width$}", width = places as usize + 1);
    let (whole, fraction) = padded.split_at(padded.len() - places as usize);
    let fraction = fraction.trim_end_matches('0');
    let fraction = if fraction.is_empty() { "0" } else { fraction };
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strings_are_escaped_as_python_escapes_them() {
        // python3: json.dumps("é\x7f\x00\n\t\r\b\f\"\\/😀\u2028~ ")
        let text = "é\u{7f}\0\n\t\r\u{8}\u{c}\"\\/😀\u{2028}~ ";
        assert_eq!(
            canonical(&Value::String(text.into())),
            r#""\u00e9\u007f\u0000\n\t\r\b\f\"\\/\ud83d\ude00\u2028~ ""#
        );
    }

    #[test]
    fn keys_are_sorted_by_code_point_and_numbers_kept() {
        let text =
            r#"{"b":1.50,"a":{"z":1E5,"é":-0,"Z":1e+16},"ab":[],"\ud83d\ude00":{},"\uffff":0}"#;
        assert_eq!(
            canonical(&crate::json::parse(text.as_bytes()).unwrap()),
            // U+FFFF sorts before U+1F600, unlike in UTF-16.
            r#"{"a":{"Z":1e+16,"z":1e+5,"\u00e9":-0},"ab":[],"b":1.50,"\uffff":0,"\ud83d\ude00":{}}"#
        );
    }

    #[test]
    fn decimals_are_spelt_as_python_spells_them() {
        for (units, places, text) in [
            (1, 9, "1e-09"),
            (12, 9, "1.2e-08"),
            (100, 6, "0.0001"),
            (10, 6, "1e-05"),
            (1_500_000, 6, "1.5"),
            (0, 6, "0.0"),
            (-1_500_000, 6, "-1.5"),
            (8_388_608_000_000, 6, "8388608.0"),
            (2_500_000_000, 9, "2.5"),
            (500_000, 9, "0.0005"),
            (-1, 18, "-1e-18"),
        ] {
            assert_eq!(decimal(units, places).as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn every_decimal_is_a_number_of_that_value(units: i64, places in 0u32..=18) {
            let text = decimal(units, places);
            let value: f64 = text.as_str().parse().unwrap();
            let expected = units as f64 / 10f64.powi(places as i32);
            prop_assert!((value - expected).abs() <= expected.abs() * 1e-15);
        }
    }
}
