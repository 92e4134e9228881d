//! Any evidence is judged, without a panic, and always alike.

mod verdict_machine;

use probe_core::evidence::Evidence;
use proptest::prelude::*;
use serde_json::{json, Map, Value};
use verdict_machine::*;
use verdigris_node::verdict::{judge, Case, Profiles, Proof};

/// Paths of all numbers in a JSON value.
fn numbers(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Number(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                numbers(item, &format!("{at}/{i}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                numbers(member, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// Numbers on which arithmetic breaks.
fn edge() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(255),
        Just(u64::from(u16::MAX)),
        Just(u64::from(u32::MAX)),
        Just(u64::MAX),
        any::<u64>(),
        0u64..5_000_000,
    ]
}

/// Channels that a submission may leave out.
const CHANNELS: [&str; 12] = [
    "branch",
    "cache",
    "counter",
    "fpu",
    "fresh_code",
    "jitter",
    "oscillator",
    "pipeline",
    "quirks",
    "simd",
    "thermal",
    "trap",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|f| json!(f)),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(
                "(passed|data|vm_indicators|is_likely_vm|[a-z]{1,6})",
                inner,
                0..6
            )
            .prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_evidence_is_judged_alike_and_without_a_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), edge()), 0..6),
        missing in prop::collection::vec(0..CHANNELS.len(), 0..3),
        shortened in any::<prop::sample::Index>(),
        answered_after_ms in edge(),
        chain_age_s in edge(),
        year: u16,
    ) {
        let mut value = serde_json::to_value(honest()).unwrap();
        for channel in missing {
            value[CHANNELS[channel]] = Value::Null;
        }
        let mut paths = Vec::new();
        numbers(&value, "", &mut paths);
        for (index, number) in changes {
            *value.pointer_mut(index.get(paths.as_slice()).as_str()).unwrap() = json!(number);
        }
        let list = shortened.get(paths.as_slice()).rsplit_once('/').map_or("", |(list, _)| list);
        if let Some(Value::Array(items)) = value.pointer_mut(list) {
            items.pop();
        }
        // What does not fit the types never reaches the verdict.
        let Ok(evidence) = serde_json::from_value::<Evidence>(value) else { return Ok(()) };
        let profiles = Profiles::builtin();
        let mut case = case(&evidence);
        (case.answered_after_ms, case.chain_age_s, case.year) = (answered_after_ms, chain_age_s, year);
        case.previous = Some(&evidence);
        let first = judge(&case, &profiles);
        prop_assert_eq!(&first, &judge(&case, &profiles));
        prop_assert!(first.physical || first.weight_units <= 1);
        prop_assert!(first.integrity || first.weight_units == 0);
    }

    #[test]
    fn any_legacy_checks_are_judged_and_earn_at_most_a_unit(
        checks in prop::collection::hash_map(
            "(anti_emulation|clock_drift|cache_timing|[a-z]{1,6})", any_json(), 0..6),
    ) {
        let checks: Map<String, Value> = checks.into_iter().collect();
        let case = Case {
            claim: claim(),
            proof: Proof::Legacy(&checks),
            answered_after_ms: 0,
            chain_age_s: 0,
            year: 2026,
            previous: None,
        };
        let verdict = judge(&case, &Profiles::builtin());
        prop_assert!(!verdict.physical && verdict.weight_units == 1);
    }
}

#[test]
fn legacy_checks_of_bare_booleans_are_read() {
    for (value, class) in [
        (json!(true), "unproven"),
        (json!(false), "virtual"),
        (json!(null), "unproven"),
    ] {
        let checks = Map::from_iter([(String::from("anti_emulation"), value)]);
        let case = Case {
            claim: claim(),
            proof: Proof::Legacy(&checks),
            answered_after_ms: 0,
            chain_age_s: 0,
            year: 2026,
            previous: None,
        };
        assert_eq!(judge(&case, &Profiles::builtin()).class, class);
    }
}
