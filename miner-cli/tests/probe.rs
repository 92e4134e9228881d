//! Measuring and composing through the real program; nothing leaves the machine.

mod common;

use common::{unhex, Home};
use ed25519_dalek::{Signature, VerifyingKey};
use probe_core::evidence::{Evidence, EVIDENCE_VERSION};
use probe_core::wire::SUBMISSION_MAX;
use serde_json::{Map, Value};

#[test]
fn json_is_evidence() {
    let home = Home::new();
    let ran = home
        .run(&["probe", "--quick", "--json", "--arena", "64K"])
        .ended(0);
    let evidence: Evidence = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (evidence.version, evidence.arena, evidence.quick),
        (EVIDENCE_VERSION, 65_536, true)
    );
    assert!(
        evidence.counter.is_some() && evidence.cache.is_some() && evidence.environment.is_some()
    );
    // Lines instead of a bar where nobody watches.
    assert!(ran.stderr.contains("measuring cache"), "{}", ran.stderr);
    let quiet = home
        .run(&["probe", "--quick", "--arena", "64K", "-q"])
        .ended(0);
    assert_eq!(quiet.stderr, "");
    for channel in probe_core::channels::ChannelId::ALL {
        assert!(quiet.stdout.contains(channel.name()), "{}", channel.name());
    }
    assert!(quiet.stdout.is_ascii(), "no locale, no Unicode");
}

/// Whether every element is closed where it should be, by a reader that knows no more of XML.
fn is_well_formed(text: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for part in text.split('<').skip(1) {
        let Some((tag, after)) = part.split_once('>') else {
            return false;
        };
        if after.contains('>') {
            return false;
        }
        let name = tag
            .split([' ', '\n', '/'])
            .find(|name| !name.is_empty())
            .unwrap_or_default();
        match (tag.starts_with('/'), tag.ends_with('/')) {
            _ if tag.starts_with(['?', '!']) => {}
            (true, _) if open.pop() != Some(name) => return false,
            (false, false) => open.push(name),
            _ => {}
        }
    }
    open.is_empty()
}

#[test]
fn the_picture_is_well_formed() {
    let home = Home::new();
    let file = home.path("machine.svg");
    let name = file.to_str().unwrap();
    home.run(&["probe", "--quick", "--arena", "256K", "-q", "--svg", name])
        .ended(0);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("<svg") && is_well_formed(&text));
    for label in [
        "memory walked through",
        "square root",
        "jitter: store",
        "oscillator",
        "<title>",
        "<desc>A load takes",
    ] {
        assert!(text.contains(label), "{label}");
    }
    assert!(!is_well_formed(&text.replace("</text>", "")));
    home.run(&[
        "probe",
        "--quick",
        "--arena",
        "64K",
        "-q",
        "--svg",
        "/nowhere/x.svg",
    ])
    .ended(7);
}

#[test]
fn the_payload_is_canonical_signed_and_small() {
    let home = Home::new();
    let ran = home.run(&["payload", "--quick"]).ended(0);
    assert!(ran.stderr.contains("nothing was sent"));
    let body = ran.stdout.trim_end();
    assert!(body.len() <= SUBMISSION_MAX, "{} bytes", body.len());
    let mut members: Map<String, Value> = serde_json::from_str(body).unwrap();
    let mut take = |name: &str| members.remove(name).unwrap().as_str().unwrap().to_owned();
    assert_eq!(take("signature_type"), "canonical_json");
    let key: [u8; 32] = unhex(&take("public_key")).try_into().unwrap();
    let signature: [u8; 64] = unhex(&take("signature")).try_into().unwrap();
    // Sorted keys, compact, numbers as they came; everything is ASCII.
    let text = Value::Object(members.clone()).to_string();
    assert!(text.is_ascii());
    VerifyingKey::from_bytes(&key)
        .unwrap()
        .verify_strict(text.as_bytes(), &Signature::from_bytes(&signature))
        .unwrap();
    assert_eq!(members["nonce"], "0".repeat(64));
    assert_eq!(members["report"]["nonce"], members["nonce"]);
    let wallet = home.run(&["wallet", "show", "--json"]).ended(0).json();
    assert_eq!(members["miner"], wallet["address"]);
    let checks = members["fingerprint"]["checks"].as_object().unwrap();
    assert_eq!(checks.len(), 6);
    assert!(checks
        .values()
        .all(|check| check["passed"].is_boolean() && check["data"].is_object()));
    assert!(serde_json::from_value::<Evidence>(members["evidence"].clone()).is_ok());
}

#[test]
fn names_are_held_to_the_networks_form() {
    let home = Home::new();
    let payload = ["payload", "--quick", "--arena", "64K", "-q"];
    let bad = home
        .run(&[&payload[..], &["--miner", "a b"]].concat())
        .ended(2);
    assert!(bad.stderr.contains("--miner"), "{bad:?}");
    home.run(&[&payload[..], &["--name", "é"]].concat())
        .ended(2);
    let good = home
        .run(&[&payload[..], &["--miner", "founder", "--name", "g4"]].concat())
        .ended(0);
    assert_eq!(
        (&good.json()["miner"], &good.json()["miner_id"]),
        (&"founder".into(), &"g4".into())
    );
}
