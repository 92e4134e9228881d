//! Every code that the node can refuse with, and that a refused submission costs nothing.

mod common;

use common::{get, post, unlimited, Kind, Miner, Node, Reply};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use verdigris_node::attest::signature::{Older, Policy, Unsigned};
use verdigris_node::config::Config;
use verdigris_node::error::Code;

on_each_database!(
    every_code_has_its_cause,
    the_policy_on_unsigned_submissions_is_kept,
    the_policy_on_the_older_signature_is_kept,
    evidence_of_another_challenge_is_logged_and_refused,
);

/// Evidence of a real probe, recorded for a challenge of long ago.
const EVIDENCE: &str = include_str!("data/evidence-zen5-kvm.json");

fn expect(reply: &Reply, code: Code) -> &'static str {
    assert_eq!(reply.code(), code.text(), "{reply:?}");
    assert_eq!(reply.status, code.status().as_u16(), "{reply:?}");
    assert_eq!(reply.body["ok"], false);
    assert!(!reply.body["message"].as_str().unwrap().is_empty());
    assert!(!reply.body["error"].as_str().unwrap().is_empty());
    code.text()
}

/// A change to a submission, and what it is refused with.
type Fault = (Code, fn(&mut Value));

/// In the order in which they are looked for.
const SHAPE_FAULTS: [Fault; 27] = [
    (Code::InvalidDevice, |b| b["device"] = json!([])),
    (Code::InvalidSignals, |b| b["signals"] = json!("x")),
    (Code::InvalidReport, |b| b["report"] = json!(1)),
    (Code::InvalidFingerprint, |b| b["fingerprint"] = json!(true)),
    (Code::InvalidMiner, |b| b["miner"] = json!(["x"])),
    (Code::InvalidMinerWalletFormat, |b| {
        b["miner"] = json!("4".repeat(43))
    }),
    (Code::InvalidMinerWalletFormat, |b| {
        b["miner"] = json!(b["miner"].as_str().unwrap().to_uppercase());
    }),
    (Code::InvalidMiner, |b| b["miner"] = json!("")),
    (Code::InvalidMiner, |b| b["miner"] = json!("a b")),
    (Code::InvalidMiner, |b| b["miner"] = json!("x".repeat(129))),
    (Code::InvalidMiner, |b| b["miner_id"] = json!("é")),
    (Code::InvalidSignatureType, |b| b["signature"] = json!(1)),
    (Code::InvalidPublicKeyType, |b| b["public_key"] = json!({})),
    (Code::InvalidSignatureTypeField, |b| {
        b["signature_type"] = json!(3)
    }),
    (Code::MissingMiner, |b| {
        b["miner"] = Value::Null;
        b["miner_id"] = Value::Null;
    }),
    (Code::InvalidDeviceCores, |b| {
        b["device"]["cores"] = json!(true)
    }),
    (Code::InvalidDeviceCores, |b| {
        b["device"]["cores"] = json!(0)
    }),
    (Code::InvalidDeviceCores, |b| {
        b["device"]["cores"] = json!(4097)
    }),
    (Code::InvalidDeviceCores, |b| {
        b["device"]["cores"] = json!(2.5)
    }),
    (Code::InvalidDevice, |b| b["device"]["cpu"] = json!(7)),
    (Code::InvalidSignalsMacs, |b| {
        b["signals"]["macs"] = json!([""])
    }),
    (Code::InvalidSignals, |b| {
        b["signals"]["hostname"] = json!(1)
    }),
    (Code::InvalidReport, |b| b["report"]["nonce"] = json!(1)),
    (Code::InvalidFingerprintChecks, |b| {
        b["fingerprint"]["checks"] = json!([])
    }),
    (Code::MissingDevice, |b| b["device"] = json!({})),
    (Code::MissingSignals, |b| b["signals"] = Value::Null),
    (Code::MissingFingerprint, |b| {
        b["fingerprint"]["checks"] = json!({})
    }),
];

fn every_code_has_its_cause(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    let nonce = node.nonce();
    let mut seen = BTreeSet::new();

    // The body as such.
    for body in ["", "null", "[]", "7", "{", "{\"a\":1,\"a\":1}", "\"x\""] {
        let reply = post(node.address, "/attest/submit", body.as_bytes());
        seen.insert(expect(&reply, Code::InvalidJsonObject));
    }
    for (i, (code, spoil)) in SHAPE_FAULTS.iter().enumerate() {
        let mut body = miner.body(&nonce);
        spoil(&mut body);
        seen.insert(expect(&node.submit(&body), *code));
        // Whatever else is wrong further on, the first fault is named.
        if let Some((_, later)) = SHAPE_FAULTS[i + 1..].iter().find(|(c, _)| *c != *code) {
            if i + 1 < 4 {
                later(&mut body);
                expect(&node.submit(&body), *code);
            }
        }
    }
    for metric in ["1e999", "\"nan\"", "\"inf\"", "true", "[]", "null"] {
        let body = miner.body(&nonce).to_string();
        let body = body.replace("\"cv\":0.653819", &format!("\"cv\":{metric}"));
        let reply = post(node.address, "/attest/submit", body.as_bytes());
        seen.insert(expect(&reply, Code::InvalidFingerprintMetric));
    }

    // The signature.
    let mut lone = miner.body(&nonce);
    lone["signature"] = "00".repeat(64).into();
    seen.insert(expect(&node.submit(&lone), Code::IncompleteSignature));
    let mut lone = miner.body(&nonce);
    lone["public_key"] = miner.public_hex().into();
    expect(&node.submit(&lone), Code::IncompleteSignature);
    let mut touched = miner.signed(&nonce);
    touched["device"]["cores"] = 3.into();
    seen.insert(expect(&node.submit(&touched), Code::InvalidSignature));
    let mut short = miner.signed(&nonce);
    short["signature"] = "zz".into();
    expect(&node.submit(&short), Code::InvalidSignature);
    seen.insert(expect(
        &node.submit(&miner.body(&nonce)),
        Code::MissingSignature,
    ));
    let other = Miner::number(2);
    let stolen = other.sign(miner.body(&nonce));
    seen.insert(expect(&node.submit(&stolen), Code::PubkeyAddressMismatch));

    // The challenge.
    let mut without = miner.body("");
    without["report"]["nonce"] = Value::Null;
    seen.insert(expect(
        &node.submit(&miner.sign(without)),
        Code::MissingNonce,
    ));
    seen.insert(expect(
        &node.submit(&miner.signed("unknown")),
        Code::ChallengeInvalid,
    ));
    let bound = node.post("/attest/challenge", &json!({"miner": other.id}));
    assert_eq!(bound.body["bound_miner"], other.id.as_str());
    let bound = bound.body["nonce"].as_str().unwrap();
    seen.insert(expect(
        &node.submit(&miner.signed(bound)),
        Code::NonceIdentityMismatch,
    ));

    // The evidence.
    for evidence in [
        json!({}),
        json!({"version": 2}),
        json!({"version": 1}),
        json!([1]),
        json!("x"),
    ] {
        let mut body = miner.body(&nonce);
        body["evidence"] = evidence;
        seen.insert(expect(
            &node.submit(&miner.sign(body)),
            Code::InvalidEvidence,
        ));
    }

    // None of all this has spent the challenge, nor the one that was bound to somebody else.
    assert_eq!(node.submit(&miner.signed(&nonce)).status, 200);
    assert_eq!(node.submit(&other.signed(bound)).status, 200);
    seen.insert(expect(
        &node.submit(&miner.signed(&nonce)),
        Code::NonceReplay,
    ));
    let late = node.nonce();
    node.wait_ms(300_000);
    expect(&node.submit(&miner.signed(&late)), Code::ChallengeInvalid);

    // Somebody else's measurements under one's own name.
    let mut copied = miner.body(&node.nonce());
    let thief = Miner::number(3);
    copied["miner"] = thief.id.as_str().into();
    let copied = node.submit(&thief.sign(copied));
    seen.insert(expect(&copied, Code::ReplayAttackBlocked));

    // Names and keys.
    assert_eq!(Miner::number(4).named("name").attest(&node).status, 200);
    let thief = Miner::number(5).named("name").attest(&node);
    seen.insert(expect(&thief, Code::SigningKeyMismatch));

    // Enrolment.
    let enrol = |body: &Value| node.post("/epoch/enroll", body);
    seen.insert(expect(&enrol(&json!({})), Code::MissingMinerPubkey));
    let good = miner.enrolment("x", 3);
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    expect(
        &enrol(&with("signature", json!(1))),
        Code::InvalidSignatureType,
    );
    expect(
        &enrol(&with("public_key", json!(1))),
        Code::InvalidPublicKeyType,
    );
    expect(
        &enrol(&with("public_key", Value::Null)),
        Code::IncompleteSignature,
    );
    let key = other.public_hex();
    seen.insert(expect(
        &enrol(&with("public_key", json!(key))),
        Code::PubkeyMismatch,
    ));
    seen.insert(expect(
        &enrol(&with("miner_id", json!("y"))),
        Code::InvalidEnrollmentSignature,
    ));
    let mut unsigned = with("signature", Value::Null);
    unsigned["public_key"] = Value::Null;
    seen.insert(expect(&enrol(&unsigned), Code::SignedEnrollmentRequired));
    let stranger = Miner::number(6).enrolment("x", 3);
    seen.insert(expect(&enrol(&stranger), Code::NoRecentAttestation));
    assert_eq!(
        node.submit(&Miner::number(7).named("keyless").body(&node.nonce()))
            .status,
        200
    );
    let keyless = Miner::number(7).named("keyless").enrolment("x", 3);
    seen.insert(expect(&enrol(&keyless), Code::EnrollmentSigningKeyRequired));
    assert_eq!(enrol(&good).status, 200);
    node.wait_ms(600_001);
    let reply = enrol(&miner.enrolment("x", 9));
    seen.insert(expect(&reply, Code::AttestationExpired));
    assert_eq!(reply.body["ttl_s"], 600);

    // Paths and parameters.
    seen.insert(expect(
        &node.get("/lottery/eligibility"),
        Code::MissingParameter,
    ));
    seen.insert(expect(&node.get("/wallet/balance"), Code::MissingParameter));
    for path in [
        "/wallet/balance?miner_id=a&address=b",
        "/api/miners?limit=0",
        "/api/miners?limit=1001",
        "/api/miners?offset=-1",
        "/api/epoch/x/explain",
        "/api/epoch/-1/explain",
        "/api/epoch/99999999999999999999/explain",
        "/balance/%ff",
    ] {
        seen.insert(expect(&node.get(path), Code::InvalidParameter));
    }
    expect(&node.get("/balance/a%20b"), Code::InvalidMiner);
    for path in [
        "/nowhere",
        "/api/epoch/77/explain",
        "/api/miner/nobody/verdict",
    ] {
        seen.insert(expect(&node.get(path), Code::NotFound));
    }
    seen.insert(expect(&node.get("/attest/submit"), Code::MethodNotAllowed));
    expect(&post(node.address, "/epoch", b""), Code::MethodNotAllowed);

    // The challenge's own.
    for body in ["null", "[]", "x", "7", "{\"miner\":1,\"miner\":2}"] {
        let reply = post(node.address, "/attest/challenge", body.as_bytes());
        expect(&reply, Code::InvalidJsonObject);
    }
    expect(
        &node.post("/attest/challenge", &json!({"miner": "4".repeat(32)})),
        Code::InvalidMinerWalletFormat,
    );
    expect(
        &node.post("/attest/challenge", &json!({"miner": 4})),
        Code::InvalidMiner,
    );
    assert_eq!(post(node.address, "/attest/challenge", b"").status, 200);

    // The rest needs other circumstances: see the tests of limits and of hostile clients, and below.
    let elsewhere = [
        Code::IncompleteBody,
        Code::RequestTimeout,
        Code::RequestTooLarge,
        Code::ChallengeRateLimit,
        Code::IpRateLimit,
        Code::RateLimit,
        Code::EvidenceRejected,
        Code::StoreUnavailable,
        Code::InternalError,
        // Those of transfers, in `transfers.rs`.
        Code::MissingRequiredFields,
        Code::AmountNotNumber,
        Code::AmountNotFinite,
        Code::AmountMustBePositive,
        Code::AmountTooSmallAfterQuantization,
        Code::InvalidFromAddressFormat,
        Code::InvalidToAddressFormat,
        Code::FromToMustDiffer,
        Code::NonceNotInt,
        Code::NonceMustBeGtZero,
        Code::InvalidChainIdFormat,
        Code::InvalidTransferField,
        Code::ChainIdMismatch,
        Code::InvalidTransferSignature,
        Code::LegacySignatureFeeUnbound,
        Code::SignedTransferFeeUnsettled,
        Code::ReplayDetected,
        Code::OutOfOrderNonce,
        Code::InsufficientBalance,
        Code::TooManyPending,
        Code::TransactionNotFound,
        Code::Unauthorized,
        // In `operator.rs`.
        Code::TransferEnded,
        Code::NameFrozen,
        Code::WalletBlocked,
        Code::WalletHeld,
        Code::SenderHasKey,
        // Those of machines, in `machines.rs`.
        Code::InvalidMigrationField,
        Code::BindingNotFound,
        Code::MigrationNotFound,
        Code::DuplicateHardware,
        Code::HardwareBindingFailed,
        Code::PaidUnderAnotherWallet,
        Code::MigrationPending,
        Code::MigrationEnded,
        Code::MigrationRefused,
        // In `slot_headers.rs`.
        Code::InvalidHeader,
        Code::MessageHeaderMismatch,
        Code::InvalidHeaderSignature,
        Code::SlotTooFarInFuture,
        Code::SlotTooOld,
        Code::NoPubkeyRegistered,
        Code::NotSlotProducer,
        Code::SlotTaken,
        // In `readers.rs`.
        Code::Gone,
        Code::BackupTooOld,
    ];
    seen.extend(elsewhere.iter().map(|code| code.text()));
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.text()).collect();
    assert_eq!(seen, all);
}

fn the_policy_on_unsigned_submissions_is_kept(kind: Kind) {
    for (policy, name, address) in [
        (Unsigned::Never, 400, 400),
        (Unsigned::Names, 200, 400),
        (Unsigned::Any, 200, 200),
    ] {
        let node = Node::start_on(
            kind,
            Config {
                signatures: Policy {
                    unsigned: policy,
                    ..Policy::default()
                },
                ..unlimited()
            },
        );
        let named = Miner::number(1).named("name");
        assert_eq!(
            node.submit(&named.body(&node.nonce())).status,
            name,
            "{policy:?}"
        );
        let miner = Miner::number(2);
        assert_eq!(
            node.submit(&miner.body(&node.nonce())).status,
            address,
            "{policy:?}"
        );
        assert_eq!(miner.attest(&node).status, 200);
        assert_eq!(
            node.submit(&miner.body(&node.nonce())).status,
            400,
            "{policy:?}"
        );
    }
}

/// The older signature covers names, nonce and commitment only.
fn the_policy_on_the_older_signature_is_kept(kind: Kind) {
    // What a name without a key, an address, and a name whose key it is are answered.
    for (older, new, address, own) in [
        (
            Older::Never,
            "MISSING_SIGNATURE",
            "MISSING_SIGNATURE",
            "MISSING_SIGNATURE",
        ),
        (Older::Names, "", "MISSING_SIGNATURE", "MISSING_SIGNATURE"),
        (Older::Any, "", "", ""),
    ] {
        let node = Node::start_on(
            kind,
            Config {
                signatures: Policy {
                    older,
                    ..Policy::default()
                },
                ..unlimited()
            },
        );
        let named = Miner::number(1).named("power8");
        let submit = |miner: &Miner| {
            let reply = node.submit(&miner.sign_as_before(miner.body(&node.nonce())));
            reply.code().to_owned()
        };
        assert_eq!(submit(&named), new, "{older:?}");
        // It pins nothing: whoever signs a whole submission first has the name.
        let owner = Miner::number(2).named("power8");
        assert_eq!(owner.attest(&node).status, 200, "{older:?}");
        assert_ne!(submit(&named), "", "{older:?}");
        assert_eq!(submit(&owner), own, "{older:?}");
        assert_eq!(submit(&Miner::number(3)), address, "{older:?}");
    }
}

#[test]
fn without_its_store_the_node_says_so_and_recovers() {
    let node = Node::start(unlimited());
    let path = node.database.directory.path().join("node.db");
    let blocker = rusqlite::Connection::open(path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    // A challenge needs no store; its answer does.
    expect(&Miner::number(1).attest(&node), Code::StoreUnavailable);
    // Reading goes on.
    assert_eq!(get(node.address, "/epoch").status, 200);
    blocker.execute_batch("ROLLBACK").unwrap();
    assert_eq!(Miner::number(1).attest(&node).status, 200);
}

fn evidence_of_another_challenge_is_logged_and_refused(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    let nonce = node.nonce();
    let mut body = miner.body(&nonce);
    body["evidence"] = verdigris_node::json::parse(EVIDENCE.as_bytes()).unwrap();
    let body = miner.sign(body);
    let reply = node.submit(&body);
    expect(&reply, Code::EvidenceRejected);
    assert_eq!(reply.body["verdict"]["integrity"], false);
    assert_eq!(reply.body["nonce"], nonce.as_str());
    // The challenge is spent: nobody gets to try until it fits.
    expect(&node.submit(&body), Code::NonceReplay);
    // What was refused is on record, and counts for nothing.
    let verdict = node.get(&format!("/api/miner/{}/verdict", miner.id));
    assert_eq!(verdict.body["accepted"], false);
    assert_eq!(verdict.body["verdict"], reply.body["verdict"]);
    assert_eq!(node.get("/epoch").body["enrolled_miners"], 0);
    assert_eq!(node.get("/api/miners").body["pagination"]["total"], 0);
    // Nor does it stand in the way of an honest try.
    assert_eq!(miner.attest(&node).status, 200);
}
