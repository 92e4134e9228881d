//! Amounts as they travel: decimal text, read and written without floating point.

use crate::ledger::RTC_PLACES;

/// Digits of an exponent, at most: with more, a number is none that anybody means.
const EXPONENT_DIGITS: usize = 4;

/// The largest power of ten of a double (IEEE 754 binary64): a client's program has nothing above.
const LARGEST_EXPONENT: i32 = 308;

/// Python writes an exponent where the first digit stands for less than 10^-4, or for 10^16 or more
/// (`float.__repr__`, format code `r`).
const WITHOUT_EXPONENT: std::ops::Range<i32> = -4..16;

/// A number of RTC: 0.DIGITS × 10^`point`, exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    point: i32,
}

/// Why a text is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAmount {
    /// Not a decimal number.
    NotNumber,
    /// Larger than what a client's program can hold.
    NotFinite,
}

impl Amount {
    /// Reads a JSON number.
    ///
    /// # Errors
    /// See [`BadAmount`].
    pub fn parse(text: &str) -> Result<Self, BadAmount> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !is_number(whole) || !is_number(fraction) {
            return Err(BadAmount::NotNumber);
        }
        let all = format!("{whole}{fraction}");
        let leading = all.len() - all.trim_start_matches('0').len();
        let digits = all.trim_matches('0').to_owned();
        let place = |n: usize| i32::try_from(n).map_err(|_| BadAmount::NotFinite);
        let point = place(whole.len())? - place(leading)? + exponent;
        if digits.is_empty() {
            return Ok(Amount {
                negative,
                digits,
                point: 0,
            });
        }
        if point - 1 > LARGEST_EXPONENT {
            return Err(BadAmount::NotFinite);
        }
        Ok(Amount {
            negative,
            digits,
            point,
        })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Whether it is above zero.
    pub fn is_positive(&self) -> bool {
        !self.negative && !self.is_zero()
    }

    /// Whole µRTC, what is smaller cut off; [`i64::MAX`] for all that is larger, 0 below zero.
    pub fn micro(&self) -> i64 {
        let places = i32::try_from(RTC_PLACES).unwrap_or(i32::MAX);
        let Ok(wanted) = usize::try_from(self.point.saturating_add(places)) else {
            return 0;
        };
        if !self.is_positive() || wanted == 0 {
            return 0;
        }
        let taken = &self.digits[..wanted.min(self.digits.len())];
        format!("{taken:0<wanted$}").parse().unwrap_or(i64::MAX)
    }

    /// As Python's `json.dumps` writes a float of this value: `10.0`, `1e-06`. True of every number
    /// of up to 15 digits, and of longer ones that such a program wrote: those are the shortest that
    /// mean their float, and are repeated digit by digit.
    pub fn python(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let digits = &self.digits;
        if self.is_zero() {
            return format!("{sign}0.0");
        }
        let power = self.point - 1;
        if !WITHOUT_EXPONENT.contains(&power) {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            let direction = if power < 0 { '-' } else { '+' };
            let power = power.unsigned_abs();
            return format!("{sign}{first}{dot}{rest}e{direction}{power:02}");
        }
        match usize::try_from(self.point) {
            Ok(whole) if whole >= digits.len() => format!("{sign}{digits:0<whole$}.0"),
            Ok(whole) if whole > 0 => {
                let (whole, fraction) = digits.split_at(whole);
                format!("{sign}{whole}.{fraction}")
            }
            _ => {
                let zeros = usize::try_from(self.point.unsigned_abs()).unwrap_or_default();
                format!("{sign}0.{:0<zeros$}{digits}", "")
            }
        }
    }
}

fn parse_exponent(text: &str) -> Result<i32, BadAmount> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadAmount::NotNumber);
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > EXPONENT_DIGITS {
        return Err(BadAmount::NotFinite);
    }
    let power: i32 = significant.parse().unwrap_or(0);
    Ok(sign * power)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_exactly_and_spelt_as_python_spells_floats() {
        // python3: [repr(float(t)) for t in texts]
        for (text, micro, python) in [
            ("10", 10_000_000, "10.0"),
            ("10.0", 10_000_000, "10.0"),
            ("1.50", 1_500_000, "1.5"),
            ("0.1", 100_000, "0.1"),
            // A double of this, times a million, is below 249.
            ("0.000249", 249, "0.000249"),
            ("0.000001", 1, "1e-06"),
            ("1e-6", 1, "1e-06"),
            ("0.0001", 100, "0.0001"),
            ("0.0000009", 0, "9e-07"),
            ("1E3", 1_000_000_000, "1000.0"),
            ("0", 0, "0.0"),
            ("0.0", 0, "0.0"),
            ("-0.0", 0, "-0.0"),
            ("-1.5", 0, "-1.5"),
            ("0.30000000000000004", 300_000, "0.30000000000000004"),
            ("8388608", 8_388_608_000_000, "8388608.0"),
            ("1e16", i64::MAX, "1e+16"),
            ("123e20", i64::MAX, "1.23e+22"),
            ("1234567890123456", i64::MAX, "1234567890123456.0"),
            ("1.25e-7", 0, "1.25e-07"),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert_eq!((amount.micro(), amount.python().as_str()), (micro, python));
        }
        for text in [
            "", "-", "1.", ".5", "1e", "1e+", "0x1", "1_0", "é", "+1", "--1", "1.2.3",
        ] {
            assert_eq!(Amount::parse(text), Err(BadAmount::NotNumber), "{text}");
        }
        for text in ["1e309", "1e99999999999", "1e-99999"] {
            assert_eq!(Amount::parse(text), Err(BadAmount::NotFinite), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_of_the_ledger_survives(micro in 1i64..=crate::ledger::TOTAL_SUPPLY) {
            let text = crate::json::decimal(micro, RTC_PLACES).to_string();
            let amount = Amount::parse(&text).unwrap();
            prop_assert_eq!(amount.micro(), micro);
            prop_assert_eq!(amount.python(), text);
        }

        /// Rust's `{:?}` of a float has the same shortest digits; only exponents are spelt otherwise.
        #[test]
        fn what_a_program_wrote_for_a_float_is_repeated(value in 1e-4f64..1e15) {
            let text = format!("{value:?}");
            prop_assert_eq!(Amount::parse(&text).unwrap().python(), text);
        }

        #[test]
        fn no_text_panics(text: String, number in "-?[0-9]{0,30}[.]?[0-9]{0,30}([eE][-+]?[0-9]{0,6})?") {
            for text in [text, number] {
                if let Ok(amount) = Amount::parse(&text) {
                    let _ = amount.micro();
                    prop_assert_eq!(Amount::parse(&amount.python()).unwrap().micro(), amount.micro());
                }
            }
        }
    }
}
