//! The recorded submission of the existing network's Linux client, byte for byte.

mod common;

use common::{Miner, STOCK};
use serde_json::Value;
use sha2::{Digest, Sha256};
use verdigris_node::attest::object;
use verdigris_node::attest::shape::Submission;
use verdigris_node::attest::signature::signer;
use verdigris_node::json::canonical_without;
use verdigris_node::keys::hex;
use verdigris_node::verdict::{judge, Case, Profiles, Proof};

const SIGNATURE_MEMBERS: [&str; 3] = ["public_key", "signature", "signature_type"];

#[test]
fn its_canonical_text_and_signature_are_the_published_ones() {
    let members = object(STOCK.as_bytes()).unwrap();
    let text = canonical_without(&members, &SIGNATURE_MEMBERS);
    assert_eq!(text.len(), 1_867);
    assert_eq!(
        hex(&Sha256::digest(text.as_bytes())),
        "f65ada5ca1a7f5f0633bb3883671e5b3a1d515a3cd8252409a57fa945242439f"
    );
    // Ed25519 is deterministic: the same key makes the same signature.
    assert_eq!(
        members["signature"],
        Value::from(Miner::stock().signature(&text))
    );

    let submission = Submission::new(members).unwrap();
    assert_eq!(submission.miner, Miner::stock().id);
    assert_eq!(
        hex(&signer(&submission, STOCK.as_bytes()).unwrap().unwrap().key),
        Miner::stock().public_hex()
    );
}

#[test]
fn one_changed_digit_breaks_the_signature() {
    let signer_of = |digits: &str| {
        let changed = STOCK.replace("3134808.3541666665", digits);
        assert_ne!(changed, STOCK);
        let submission = Submission::new(object(changed.as_bytes()).unwrap()).unwrap();
        signer(&submission, changed.as_bytes())
    };
    assert!(signer_of("3134808.3541666675").is_err());
    // Other digits of the same float are the same value to the client's own software.
    assert!(signer_of("3134808.3541666666").unwrap().is_some());
}

#[test]
fn it_is_judged_and_explained() {
    let submission = Submission::new(object(STOCK.as_bytes()).unwrap()).unwrap();
    let case = Case {
        claim: submission.claim.clone(),
        proof: Proof::Legacy(submission.checks().unwrap()),
        answered_after_ms: 4_500,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    let verdict = judge(&case, &Profiles::builtin());
    assert!(verdict.integrity);
    assert!(!verdict.physical, "{}", verdict.summary);
    assert!(!verdict.checks.is_empty() && !verdict.summary.is_empty());
    assert_eq!(verdict, judge(&case, &Profiles::builtin()));
}
