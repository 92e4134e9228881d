//! The raw numbers of the existing network's checks, against what the miner derived from them. A ratio that
//! does not follow from its own terms was not measured. One that does was not proven either.

use super::super::about;
use crate::verdict::thresholds::{Threshold, LEGACY_ROUNDING, NONE};
use crate::verdict::{Aspect, Check, Outcome};
use serde_json::{Map, Value};

type Data = Map<String, Value>;

/// What one check's numbers say.
enum Finding {
    /// Nothing can be derived: these are missing.
    Missing(&'static str),
    /// They do not belong together: what was found, and what follows from the others.
    Contradiction(String, String),
    /// They belong together.
    Consistent(String),
}

/// Derives a check again.
pub fn derived(name: &str, channel: &'static str, member: Option<&Value>) -> Check {
    let draft = about(channel, Aspect::Presence);
    let Some(member) = member else {
        return draft.absent(format!("The miner sent no {name}."));
    };
    let Some(data) = member.get("data").and_then(Value::as_object) else {
        let why = format!("The miner sent its opinion of {name}, and no numbers.");
        return draft.absent(why);
    };
    let finding = match name {
        "clock_drift" => clock(data),
        "cache_timing" => cache(data),
        "simd_identity" => simd(data),
        "thermal_drift" => thermal(data),
        _ => jitter(data),
    };
    match finding {
        Finding::Missing(what) => {
            draft.absent(format!("{name} lacks {what}: nothing follows from it."))
        }
        Finding::Contradiction(found, follows) => draft.measured(found).expected(follows).so(
            Outcome::Fail,
            "These numbers do not follow from each other: no machine measured them.",
            &LEGACY_ROUNDING,
        ),
        Finding::Consistent(found) => draft
            .measured(found)
            .expected("numbers that fit together")
            .so(
            Outcome::Note,
            "The numbers fit together. Any program can write such numbers, so they prove nothing.",
            &NONE,
        ),
    }
}

/// A number, or a text that spells one. Anything not finite is none.
fn number(data: &Data, name: &str) -> Option<f64> {
    let value = match data.get(name)? {
        Value::Number(number) => number.as_str().parse::<f64>(),
        Value::String(text) => text.trim().parse(),
        _ => return None,
    };
    value.ok().filter(|value| value.is_finite())
}

/// Whether `ratio` is `above` / `below`, each of the three rounded to its last place: `place` and `step`. Nothing but
/// what IEEE 754 rounds exactly: a power by a library may differ between targets.
fn follows(ratio: f64, place: f64, above: f64, below: f64, step: f64) -> bool {
    let Threshold { value, .. } = LEGACY_ROUNDING;
    let exact = above / below;
    // A term is off by a step at most, and so its quotient by the same share.
    let of_terms = step / below * (1.0 + exact.abs());
    let allowed = (place + of_terms) * value as f64;
    (ratio - exact).abs() <= allowed
}

/// Nanoseconds are sent whole, but for those of the caches, which have two places.
const NS: f64 = 1.0;
const CACHE_NS: f64 = 0.01;

fn clock(data: &Data) -> Finding {
    let Some(cv) = number(data, "cv") else {
        return Finding::Missing("\"cv\"");
    };
    let (Some(mean), Some(stdev)) = (number(data, "mean_ns"), number(data, "stdev_ns")) else {
        // The shortest form that the existing network takes: a ratio, and a count.
        return match number(data, "samples") {
            Some(samples) if samples >= 2.0 && cv > 0.0 => {
                Finding::Consistent(format!("cv {cv} of {samples} samples, without its terms"))
            }
            _ => Finding::Missing("\"mean_ns\" and \"stdev_ns\", or \"samples\""),
        };
    };
    if mean <= 0.0 || stdev < 0.0 || !follows(cv, 1e-6, stdev, mean, NS) {
        let found = format!("cv {cv}, mean {mean} ns, deviation {stdev} ns");
        return Finding::Contradiction(found, format!("cv {:.6}", stdev / mean));
    }
    if stdev == 0.0 {
        let found = format!("no deviation at all from {mean} ns");
        return Finding::Contradiction(found, "some noise in every measurement".into());
    }
    Finding::Consistent(format!("mean {mean} ns, cv {cv}"))
}

fn cache(data: &Data) -> Finding {
    let levels = ["l1_ns", "l2_ns", "l3_ns"].map(|name| number(data, name));
    let [Some(l1), Some(l2), Some(l3)] = levels else {
        return Finding::Missing("the times of three levels");
    };
    let found = format!("{l1}, {l2}, {l3} ns");
    if l1 <= 0.0 || l2 <= 0.0 || l3 <= 0.0 {
        return Finding::Contradiction(found, "times above 0".into());
    }
    for (name, above, below) in [("l2_l1_ratio", l2, l1), ("l3_l2_ratio", l3, l2)] {
        if let Some(ratio) = number(data, name) {
            if !follows(ratio, 1e-3, above, below, CACHE_NS) {
                let found = format!("{name} {ratio} of {found}");
                return Finding::Contradiction(found, format!("{:.3}", above / below));
            }
        }
    }
    // Whether the levels differ says nothing: from an interpreter the ratios flip from run to run.
    Finding::Consistent(found)
}

fn simd(data: &Data) -> Finding {
    let has = |name: &str| data.get(name).and_then(Value::as_bool) == Some(true);
    let units: Vec<&str> = ["has_sse", "has_avx", "has_altivec", "has_neon"]
        .into_iter()
        .filter(|unit| has(unit))
        .collect();
    let listed = data
        .get("sample_flags")
        .and_then(Value::as_array)
        .map(Vec::len);
    let count = number(data, "simd_flags_count");
    if units.is_empty() && listed.is_none() && count.is_none() {
        return Finding::Missing("every flag");
    }
    let x86 = has("has_sse") || has("has_avx");
    let families = [x86, has("has_altivec"), has("has_neon")];
    if families.iter().filter(|has| **has).count() > 1 {
        return Finding::Contradiction(
            units.join(", "),
            "the units of one family of processors".into(),
        );
    }
    if let (Some(listed), Some(count)) = (listed, count) {
        if listed as f64 > count {
            let found = format!("{listed} flags listed of {count}");
            return Finding::Contradiction(found, "no more flags than there are".into());
        }
    }
    let found = if units.is_empty() {
        "no vector unit".into()
    } else {
        units.join(", ")
    };
    Finding::Consistent(found)
}

fn thermal(data: &Data) -> Finding {
    let (Some(cold), Some(hot)) = (number(data, "cold_avg_ns"), number(data, "hot_avg_ns")) else {
        return Finding::Missing("\"cold_avg_ns\" and \"hot_avg_ns\"");
    };
    let found = format!("cold {cold} ns, hot {hot} ns");
    if cold <= 0.0 || hot <= 0.0 {
        return Finding::Contradiction(found, "times above 0".into());
    }
    match number(data, "drift_ratio") {
        Some(ratio) if !follows(ratio, 1e-4, hot, cold, NS) => Finding::Contradiction(
            format!("ratio {ratio}, {found}"),
            format!("{:.4}", hot / cold),
        ),
        _ => Finding::Consistent(found),
    }
}

fn jitter(data: &Data) -> Finding {
    let mut found = Vec::new();
    let mut noise = false;
    for kind in ["int", "fp", "branch"] {
        let mean = number(data, &format!("{kind}_avg_ns"));
        let stdev = number(data, &format!("{kind}_stdev"));
        let (Some(mean), Some(stdev)) = (mean, stdev) else {
            return Finding::Missing("a mean and a deviation for each of three loops");
        };
        if mean <= 0.0 || stdev < 0.0 {
            let found = format!("{kind}: {mean} ns, deviation {stdev} ns");
            return Finding::Contradiction(found, "times above 0".into());
        }
        noise |= stdev > 0.0;
        found.push(format!("{kind} {mean} ± {stdev} ns"));
    }
    let found = found.join(", ");
    if noise {
        Finding::Consistent(found)
    } else {
        Finding::Contradiction(found, "some noise in every measurement".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const CHECKS: [&str; 5] = [
        "clock_drift",
        "cache_timing",
        "simd_identity",
        "thermal_drift",
        "instruction_jitter",
    ];

    fn outcome(name: &str, data: Value) -> Outcome {
        derived(name, "cache", Some(&json!({"passed": true, "data": data}))).outcome
    }

    #[test]
    fn what_was_measured_fits_together_and_proves_nothing() {
        for (name, data) in [
            (
                "clock_drift",
                json!({"mean_ns": 2_523_440, "stdev_ns": 1_649_872, "cv": 0.653819}),
            ),
            ("clock_drift", json!({"cv": "0.012", "samples": 200})),
            (
                "cache_timing",
                json!({"l1_ns": 90.63, "l2_ns": 90.85, "l3_ns": 94.89, "l2_l1_ratio": 1.002, "l3_l2_ratio": 1.044}),
            ),
            (
                "simd_identity",
                json!({"has_sse": true, "has_avx": true, "simd_flags_count": 108}),
            ),
            (
                "thermal_drift",
                json!({"cold_avg_ns": 7_877_068, "hot_avg_ns": 7_882_282, "drift_ratio": 1.0007}),
            ),
            (
                "instruction_jitter",
                json!({"int_avg_ns": 9, "fp_avg_ns": 9, "branch_avg_ns": 9, "int_stdev": 0, "fp_stdev": 1, "branch_stdev": 0}),
            ),
        ] {
            assert_eq!(outcome(name, data.clone()), Outcome::Note, "{name} {data}");
        }
    }

    #[test]
    fn numbers_that_were_made_up_contradict_themselves() {
        for (name, data) in [
            (
                "clock_drift",
                json!({"mean_ns": 1_000_000, "stdev_ns": 5_000, "cv": 0.05}),
            ),
            (
                "clock_drift",
                json!({"mean_ns": 0, "stdev_ns": 0, "cv": 0.05}),
            ),
            ("clock_drift", json!({"mean_ns": 5, "stdev_ns": 0, "cv": 0})),
            (
                "cache_timing",
                json!({"l1_ns": 4.0, "l2_ns": 4.1, "l3_ns": 4.2, "l2_l1_ratio": 3.0}),
            ),
            (
                "cache_timing",
                json!({"l1_ns": 0, "l2_ns": 4.1, "l3_ns": 4.2}),
            ),
            (
                "simd_identity",
                json!({"has_altivec": true, "has_avx": true}),
            ),
            (
                "simd_identity",
                json!({"sample_flags": ["sse", "sse2"], "simd_flags_count": 1}),
            ),
            (
                "thermal_drift",
                json!({"cold_avg_ns": 100, "hot_avg_ns": 100, "drift_ratio": 1.3}),
            ),
            (
                "instruction_jitter",
                json!({"int_avg_ns": 9, "fp_avg_ns": 9, "branch_avg_ns": 9, "int_stdev": 0, "fp_stdev": 0, "branch_stdev": 0}),
            ),
        ] {
            assert_eq!(outcome(name, data.clone()), Outcome::Fail, "{name} {data}");
        }
    }

    #[test]
    fn an_opinion_without_numbers_is_none() {
        for name in CHECKS {
            for member in [
                json!(true),
                json!(false),
                json!({"passed": true}),
                json!({"data": {}}),
                json!(null),
            ] {
                let check = derived(name, "cache", Some(&member));
                assert_eq!(check.outcome, Outcome::Absent, "{name} {member}");
            }
            assert_eq!(derived(name, "cache", None).outcome, Outcome::Absent);
        }
    }

    proptest! {
        /// Ratios rounded as the stock miner rounds them always follow from their terms.
        #[test]
        fn what_the_stock_miner_derives_is_believed_to_follow(
            mean in 50f64..1e10, share in 1e-4f64..2.0, hot in 0.5f64..2.0,
        ) {
            let stdev = mean * share;
            let round = |x: f64, places: i32| (x * 10f64.powi(places)).round() / 10f64.powi(places);
            let clock = json!({
                "mean_ns": mean as u64, "stdev_ns": (stdev as u64).max(1), "cv": round(stdev / mean, 6),
            });
            if stdev >= 2.0 {
                prop_assert_eq!(outcome("clock_drift", clock), Outcome::Note);
            }
            let thermal = json!({
                "cold_avg_ns": mean as u64, "hot_avg_ns": (mean * hot) as u64, "drift_ratio": round(hot, 4),
            });
            prop_assert_eq!(outcome("thermal_drift", thermal), Outcome::Note);
        }

        #[test]
        fn no_numbers_panic(a: f64, b: f64, c: f64, text: String) {
            for name in CHECKS {
                for key in ["mean_ns", "l1_ns", "cold_avg_ns", "int_avg_ns"] {
                    let data = json!({
                        key: a, "stdev_ns": b, "cv": c, "l2_ns": b, "l3_ns": c, "l2_l1_ratio": text, "hot_avg_ns": b,
                        "drift_ratio": c, "int_stdev": b, "simd_flags_count": c, "sample_flags": [text],
                    });
                    let _ = outcome(name, data);
                }
            }
        }
    }
}
