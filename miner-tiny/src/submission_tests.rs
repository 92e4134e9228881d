//! What is signed, against the canonical form of what is sent.

use super::*;
use crate::sample::{ample, bare};
use heapless::Vec;
use probe_core::channels::environment::{self, Fact};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::string::{String as Text, ToString};
use std::vec::Vec as List;
use std::{format, vec};

const NONCE: &str = "6e27f35a3ed74839ce21b914112c224a626694ec35b6ca02f6c0fdc661d310ac";
const HOST: Host<'_> = Host {
    cores: 128,
    hostname: "a-host-with-a-name",
    machine: "x86_64",
    macs: &["aa:bb:cc:dd:ee:ff"; 2],
    model: "PowerEdge R6725",
};

/// Composes; gives what was signed, and the body.
fn composed(evidence: &Evidence) -> Result<(List<u8>, List<u8>), ComposeError> {
    let mut out: Vec<u8, 16_384> = Vec::new();
    let submission = describe(evidence, &HOST, "RTC0", "x86_64-host", NONCE, &mut out)?;
    let mut signed = List::new();
    let sign = |text: &[u8]| {
        signed = text.to_vec();
        [0xab; SIGNATURE_BYTES]
    };
    compose(&submission, &[0xcd; PUBLIC_KEY_BYTES], sign, &mut out)?;
    Ok((signed, out.to_vec()))
}

/// As Python writes it: sorted, compact, numbers respelt from their values.
fn canonical(value: &Value) -> Text {
    match value {
        Value::Object(members) => {
            let mut members: List<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let members: List<Text> = members
                .iter()
                .map(|(key, value)| format!("{key:?}:{}", canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: List<Text> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        // Rust writes the shortest digits that read back as the same binary64, as Python does;
        // and without an exponent, as Python does between 1e-4 and 1e16.
        Value::Number(number) if number.as_str().contains('.') => {
            format!("{:?}", number.as_f64().unwrap())
        }
        Value::Number(number) => number.as_i128().unwrap().to_string(),
        other => other.to_string(),
    }
}
fn members(body: &[u8]) -> Map<Text, Value> {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn what_is_signed_is_the_canonical_form_of_what_is_sent() {
    for evidence in [ample(), bare("m68k")] {
        let (signed, body) = composed(&evidence).unwrap();
        let mut sent = members(&body);
        assert_eq!(sent.remove("signature").unwrap(), "ab".repeat(64));
        assert_eq!(sent.remove("public_key").unwrap(), "cd".repeat(32));
        assert_eq!(sent.remove("signature_type").unwrap(), "canonical_json");
        let text = canonical(&Value::Object(sent));
        assert_eq!(text.as_bytes(), signed, "{text}");
    }
}

#[test]
fn ample_evidence_fits_a_submission() {
    let (signed, body) = composed(&ample()).unwrap();
    assert_eq!(body.len(), signed.len() + SIGNATURE_MEMBERS);
    assert!(body.len() <= SUBMISSION_MAX, "{} bytes", body.len());
}

#[test]
fn the_evidence_comes_back_as_it_was() {
    let evidence = ample();
    let (_, body) = composed(&evidence).unwrap();
    let sent = members(&body).remove("evidence").unwrap();
    assert_eq!(serde_json::from_value::<Evidence>(sent).unwrap(), evidence);
}

#[test]
fn ids_are_held_to_the_networks_form() {
    let evidence = bare("x86_64");
    let mut out: Vec<u8, 8192> = Vec::new();
    for bad in ["", "a b", "a\"b", "é", &"x".repeat(129)] {
        let as_miner = describe(&evidence, &HOST, bad, "n", NONCE, &mut out);
        assert_eq!(as_miner.unwrap_err(), ComposeError::BadId("miner"), "{bad}");
        let as_name = describe(&evidence, &HOST, "m", bad, NONCE, &mut out);
        assert_eq!(
            as_name.unwrap_err(),
            ComposeError::BadId("miner_id"),
            "{bad}"
        );
    }
}

#[test]
fn a_text_that_would_not_be_its_own_json_is_refused_before_signing() {
    for bad in ["\u{7f}1", "tab\t", "é"] {
        let mut evidence = bare("x86_64");
        let fact = Fact {
            key: clip("os"),
            value: bad.try_into().unwrap(),
        };
        evidence.environment = Some(environment::Evidence {
            facts: core::iter::once(fact).collect(),
        });
        assert_eq!(
            composed(&evidence).unwrap_err(),
            ComposeError::NotPrintable,
            "{bad:?}"
        );
    }
    assert_eq!(nonce_error(&"0".repeat(65)), ComposeError::NotPrintable);
    assert_eq!(nonce_error("\n"), ComposeError::NotPrintable);
}

fn nonce_error(nonce: &str) -> ComposeError {
    let mut out: Vec<u8, 8192> = Vec::new();
    let evidence = bare("x86_64");
    let composed = describe(&evidence, &HOST, "m", "n", nonce, &mut out).and_then(|submission| {
        compose(
            &submission,
            &[0; 32],
            |_| unreachable!("nothing may be signed"),
            &mut out,
        )
    });
    assert!(out.is_empty());
    composed.unwrap_err()
}

#[test]
fn a_small_buffer_and_a_long_submission_are_errors() {
    let evidence = ample();
    let mut small: Vec<u8, 512> = Vec::new();
    let described = describe(&evidence, &HOST, "m", "n", NONCE, &mut small);
    assert_eq!(described.unwrap_err(), ComposeError::BufferFull);

    let mut long = ample();
    let answers = long.quirks.as_mut().unwrap();
    for answer in &mut answers.answers {
        while answer.words.push(u32::MAX).is_ok() {}
    }
    while answers.answers.push(answers.answers[0].clone()).is_ok() {}
    let mut out: Vec<u8, 16_384> = Vec::new();
    let submission = describe(&long, &HOST, "m", "n", NONCE, &mut out).unwrap();
    let composed = compose(&submission, &[0; 32], |_| unreachable!(), &mut out);
    assert!(matches!(composed, Err(ComposeError::TooLarge(size)) if size > SUBMISSION_MAX));
    assert!(out.is_empty());
}

proptest! {
    #[test]
    fn any_texts_give_canonical_json_or_an_error(texts in proptest::collection::vec(".{0,20}", 5)) {
        let mut evidence = bare("x86_64");
        evidence.identity.name = texts[0].chars().take(12).collect();
        let facts = texts[1..].iter().map(|text| Fact { key: clip(text), value: clip(text) });
        evidence.environment = Some(environment::Evidence { facts: facts.collect() });
        if let Ok((signed, body)) = composed(&evidence) {
            let mut sent = members(&body);
            for member in ["signature", "public_key", "signature_type"] {
                sent.remove(member);
            }
            let text = canonical(&Value::Object(sent));
            prop_assert_eq!(text.as_bytes(), &signed[..]);
        } else {
            prop_assert!(!texts[0].bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }
}

#[test]
fn macs_beyond_four_are_left_out() {
    let macs = vec!["00:00:00:00:00:01"; 9];
    let mut out: Vec<u8, 8192> = Vec::new();
    let evidence = bare("vax");
    let host = Host {
        macs: &macs,
        ..HOST
    };
    let submission = describe(&evidence, &host, "m", "n", NONCE, &mut out).unwrap();
    assert_eq!(submission.signals.macs.len(), 4);
}
