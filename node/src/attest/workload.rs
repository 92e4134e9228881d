//! The existing network's binding of a measurement to its challenge (`measurement_binding`), which it watches
//! and which decides nothing: the miner says how many rounds it ran and for how long, and nobody can tell
//! whether it did. Evidence of ours is bound by digests that the node recomputes.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Rounds for a challenge: from 1,000, by its first four digits (existing network).
const ROUNDS_LEAST: u32 = 1_000;
const ROUNDS_RANGE: u32 = 1_000;
const DIGITS: usize = 4;

/// The rounds that go with a challenge; `None` for what is no challenge of the node's.
pub fn rounds(nonce: &str) -> Option<u32> {
    let number = u32::from_str_radix(nonce.get(..DIGITS)?, 16).ok()?;
    Some(ROUNDS_LEAST + number % ROUNDS_RANGE)
}

/// What a submission says of its rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Binding {
    /// Nothing.
    Absent,
    /// Something that cannot be read.
    Malformed,
    /// The rounds of another challenge.
    Stale,
    /// Another number of rounds than go with its challenge.
    Mismatch,
    /// The rounds that go with its challenge.
    Bound,
}

impl Binding {
    /// Of the submission that answers `nonce`.
    pub fn of(members: &Map<String, Value>, nonce: &str) -> Self {
        let said = match members.get("measurement_binding") {
            None | Some(Value::Null) => return Binding::Absent,
            Some(said) => said,
        };
        let number = |name: &str| said.get(name).and_then(Value::as_u64);
        let (Some(of), Some(iterations), Some(1..)) = (
            said.get("nonce").and_then(Value::as_str),
            number("iterations"),
            number("duration_ns"),
        ) else {
            return Binding::Malformed;
        };
        if of != nonce {
            Binding::Stale
        } else if rounds(nonce).map(u64::from) == Some(iterations) {
            Binding::Bound
        } else {
            Binding::Mismatch
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn rounds_are_those_of_the_existing_network() {
        // 0x6e27 is 28,199.
        assert_eq!(rounds("6e27f35a3ed74839"), Some(1_199));
        assert_eq!(rounds("6e2"), None);
        assert_eq!(rounds("é€"), None);
    }

    #[test]
    fn what_is_said_is_told_apart() {
        let of = |said: Value| {
            let body = json!({"measurement_binding": said});
            Binding::of(body.as_object().unwrap(), "6e27f35a")
        };
        let said = |nonce: &str, iterations: i64, duration: i64| {
            of(json!({"nonce": nonce, "iterations": iterations, "duration_ns": duration}))
        };
        assert_eq!(of(Value::Null), Binding::Absent);
        assert_eq!(said("6e27f35a", 1_199, 5_000_000), Binding::Bound);
        assert_eq!(said("6e27f35a", 1_200, 5_000_000), Binding::Mismatch);
        assert_eq!(said("6e27f35b", 1_199, 5_000_000), Binding::Stale);
        for bad in [
            json!(7),
            json!([]),
            json!({}),
            json!({"nonce": "6e27f35a", "iterations": true}),
        ] {
            assert_eq!(of(bad), Binding::Malformed);
        }
        assert_eq!(said("6e27f35a", 1_199, 0), Binding::Malformed);
        assert_eq!(said("6e27f35a", -1, 1), Binding::Malformed);
    }

    proptest! {
        #[test]
        fn no_text_panics(nonce: String) {
            if let Some(rounds) = rounds(&nonce) {
                prop_assert!((1_000..2_000).contains(&rounds));
            }
        }
    }
}
