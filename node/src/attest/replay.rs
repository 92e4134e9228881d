//! Measurements sent a second time under another name.
//!
//! Evidence of ours is bound to challenge and miner by its digests and cannot be borrowed. The
//! existing network's checks are bound to nothing: here at least nobody is paid for a copy of
//! somebody else's.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::json::canonical_without;

/// Digits that make a number a measurement rather than a count or a flag.
const MEASURED_DIGITS: usize = 4;

/// Measurements from which equality cannot be chance: six numbers of four noisy digits. Payloads
/// with fewer (flags only, one or two numbers) are equal on honest machines of one model, and are
/// never compared.
const MEASUREMENTS_MIN: usize = 6;

/// What identifies these checks, or `None` where they hold too little to tell machines apart.
pub fn fingerprint_hash(checks: &Map<String, Value>) -> Option<[u8; 32]> {
    let measured: usize = checks
        .values()
        .map(|check| measurements(check.get("data")))
        .sum();
    (measured >= MEASUREMENTS_MIN)
        .then(|| Sha256::digest(canonical_without(checks, &[]).as_bytes()).into())
}

/// Numbers among the direct members of a check's data that have enough significant digits.
fn measurements(data: Option<&Value>) -> usize {
    let Some(Value::Object(data)) = data else {
        return 0;
    };
    data.values()
        .filter(|value| matches!(value, Value::Number(n) if is_measured(n.as_str())))
        .count()
}

fn is_measured(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len() >= MEASURED_DIGITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    fn hash(checks: &str) -> Option<[u8; 32]> {
        match parse(checks.as_bytes()).unwrap() {
            Value::Object(checks) => fingerprint_hash(&checks),
            _ => None,
        }
    }

    #[test]
    fn only_measured_payloads_are_compared() {
        assert_eq!(hash(r#"{"clock_drift":true,"anti_emulation":false}"#), None);
        assert_eq!(
            hash(r#"{"clock_drift":{"passed":true,"data":{"cv":0.01,"samples":1000}}}"#),
            None
        );
        let six =
            r#"{"a":{"data":{"a":1234,"b":0.5678,"c":90.12,"d":3456.7,"e":89012,"f":1.002}}}"#;
        assert!(hash(six).is_some());
        assert_ne!(hash(six), hash(&six.replace("1234", "1235")));
        assert!(!is_measured("1000000") && !is_measured("0.0001") && !is_measured("1e9999"));
    }
}
