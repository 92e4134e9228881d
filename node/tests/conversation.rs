//! Everything that an honest client does, from the challenge to the balance.

mod common;

use common::{unlimited, Kind, Miner, Node, EPOCH_MS};
use serde_json::{json, Value};
use verdigris_node::keys::answer_is_signed;

on_each_database!(
    a_stock_client_attests_is_settled_and_paid,
    names_are_pinned_to_their_first_key_for_ever,
    a_name_without_a_key_takes_the_first,
    the_older_signature_is_taken_for_old_measurements_only,
    the_first_enrolment_of_an_epoch_counts_and_an_attestation_serves_the_next,
    a_clock_put_back_reopens_nothing,
    producers_take_turns_by_id,
    miners_are_listed_in_pages,
    every_answer_carries_its_headers,
    one_connection_carries_many_requests,
);

fn a_stock_client_attests_is_settled_and_paid(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::stock();

    let challenge = node.post("/attest/challenge", &json!({}));
    assert_eq!(challenge.status, 200);
    assert!(answer_is_signed(challenge.object()));
    let nonce = challenge.body["nonce"].as_str().unwrap();
    assert_eq!(nonce.len(), 64);
    let ttl = challenge.body["expires_at"].as_i64().unwrap()
        - challenge.body["server_time"].as_i64().unwrap();
    assert_eq!(ttl, 300);

    let answer = node.submit(&miner.signed(nonce));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer_is_signed(answer.object()));
    // The recorded machine says itself that it is virtual.
    assert_eq!(answer.body["fingerprint_passed"], false);
    assert_eq!(answer.body["status"], "accepted");
    assert_eq!(answer.body["nonce"], nonce);
    assert_eq!(answer.body["macs_recorded"], 1);
    assert_eq!(answer.body["measurement_binding_state"], "absent");
    let rounds = u32::from_str_radix(&nonce[..4], 16).unwrap() % 1_000 + 1_000;
    assert_eq!(answer.body["measurement_workload_next"], rounds);
    assert_eq!(answer.body["epoch"], 0);
    assert!(answer.body["ticket_id"]
        .as_str()
        .unwrap()
        .starts_with("ticket_"));
    assert_eq!(answer.body["verdict"]["physical"], false);
    let weight = answer.body["verdict"]["weight_units"].as_i64().unwrap();
    let shown: f64 = answer.body["weight"].to_string().parse().unwrap();
    assert_eq!((shown * 1e9).round() as i64, weight);

    let epoch = node.get("/epoch");
    assert_eq!(epoch.body["enrolled_miners"], 1);
    assert_eq!(epoch.body["blocks_per_epoch"], 20);
    assert_eq!(epoch.body["total_supply_rtc"], 8_388_608);
    assert_eq!(epoch.body["epoch_pot"].to_string(), "1.5");

    let verdict = node.get(&format!("/api/miner/{}/verdict", miner.id));
    assert_eq!(verdict.body["verdict"], answer.body["verdict"]);
    assert_eq!(verdict.body["accepted"], true);

    // Nothing is due before the end, everything after, and nothing again.
    assert_eq!(node.settle(), 0);
    node.wait_ms(EPOCH_MS);
    assert_eq!((node.settle(), node.settle()), (1, 0));

    let explained = node.get("/api/epoch/0/explain");
    assert_eq!(explained.body["settled"], true);
    let paid = explained.body["shares"][0]["amount_i64"].as_i64().unwrap();
    // Weights are relative: one miner alone has the pot, if its weight is anything at all.
    assert_eq!(paid, if weight == 0 { 0 } else { 1_500_000 });
    for path in [
        format!("/balance/{}", miner.id),
        format!("/wallet/balance?miner_id={}", miner.id),
        format!("/wallet/balance?address={}", miner.id),
        format!("/api/wallet/{}", miner.id),
    ] {
        assert_eq!(node.get(&path).body["amount_i64"], paid, "{path}");
    }
    assert_eq!(node.audit().paid, paid);
}

fn names_are_pinned_to_their_first_key_for_ever(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let owner = Miner::number(1).named("dual-g4-125");
    let thief = Miner::number(2).named("dual-g4-125");
    // Twice, because the existing network forgot the key at every second attestation.
    for _ in 0..3 {
        assert_eq!(owner.attest(&node).status, 200);
        assert_eq!(thief.attest(&node).code(), "SIGNING_KEY_MISMATCH");
        let unsigned = node.submit(&owner.body(&node.nonce()));
        assert_eq!(unsigned.code(), "MISSING_SIGNATURE");
        let enrolled = node.post("/epoch/enroll", &owner.enrolment("x", 0));
        assert_eq!(enrolled.status, 200, "{enrolled:?}");
    }
}

fn a_name_without_a_key_takes_the_first(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let owner = Miner::number(1).named("power8");
    assert_eq!(node.submit(&owner.body(&node.nonce())).status, 200);
    let refused = node.post("/epoch/enroll", &owner.enrolment("power8", 0));
    assert_eq!(refused.code(), "ENROLLMENT_SIGNING_KEY_REQUIRED");
    assert_eq!(owner.attest(&node).status, 200);
    assert_eq!(
        node.post("/epoch/enroll", &owner.enrolment("power8", 0))
            .status,
        200
    );
    assert_eq!(
        node.submit(&owner.body(&node.nonce())).code(),
        "MISSING_SIGNATURE"
    );
}

fn the_older_signature_is_taken_for_old_measurements_only(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(3).named("older");
    let sign = |body| miner.sign_as_before(body);
    assert_eq!(node.submit(&sign(miner.body(&node.nonce()))).status, 200);
    let mut newer = sign(miner.body(&node.nonce()));
    newer["signature_type"] = "canonical_json".into();
    assert_eq!(node.submit(&newer).code(), "INVALID_SIGNATURE");
    let mut with_evidence = miner.body(&node.nonce());
    with_evidence["evidence"] = json!({"version": 1});
    assert_eq!(
        node.submit(&sign(with_evidence)).code(),
        "INVALID_SIGNATURE"
    );
}

fn the_first_enrolment_of_an_epoch_counts_and_an_attestation_serves_the_next(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(4);
    assert_eq!(miner.attest(&node).status, 200);
    assert_eq!(miner.attest(&node).status, 200);
    assert_eq!(node.get("/epoch").body["enrolled_miners"], 1);
    node.wait_ms(EPOCH_MS);
    node.settle();
    assert_eq!(node.get("/epoch").body["enrolled_miners"], 0);
    let answer = node.post("/epoch/enroll", &miner.enrolment("mine", 1));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer_is_signed(answer.object()));
    assert_eq!(answer.body["epoch"], 1);
    assert_eq!(answer.body["miner_pk"], miner.id.as_str());
    let active = answer.body["active_fingerprint_checks"].as_array().unwrap();
    assert_eq!((active.len(), &active[2]), (6, &json!("simd_bias")));
    assert_eq!(answer.body["active_fingerprint_total"], 6);
    // Of the recorded numbers one was replaced, and one check names the machine virtual.
    assert_eq!(answer.body["active_fingerprint_pass_count"], 4);
    assert_eq!(answer.body["fingerprint_failed"], true);
    assert_eq!(answer.body["hw_weight"].to_string(), "1e-09");
    assert_eq!(answer.body["measurement_nonce"], Value::Null);
    assert_eq!(node.get("/epoch").body["enrolled_miners"], 1);
    assert_eq!(
        node.post("/epoch/enroll", &miner.enrolment("mine", 1))
            .status,
        200
    );
}

fn a_clock_put_back_reopens_nothing(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(5);
    assert_eq!(miner.attest(&node).body["epoch"], 0);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    node.wait_ms(-EPOCH_MS);
    // Epoch 0 is settled: what comes now counts for the next.
    assert_eq!(miner.attest(&node).body["epoch"], 1);
    assert_eq!(node.settle(), 0);
}

fn producers_take_turns_by_id(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let mut ids = Vec::new();
    for n in 0..3 {
        let miner = Miner::number(n);
        assert_eq!(miner.attest(&node).status, 200);
        ids.push(miner.id);
    }
    ids.sort();
    for slot in 0..7 {
        for (place, id) in ids.iter().enumerate() {
            let answer = node
                .get(&format!("/lottery/eligibility?miner_id={id}"))
                .body;
            assert_eq!(answer["slot"], slot);
            assert_eq!(answer["rotation_size"], 3);
            assert_eq!(answer["slot_producer"], ids[slot as usize % 3].as_str());
            assert_eq!(answer["eligible"], slot as usize % 3 == place);
            let turn = answer["your_turn_at_slot"].as_i64().unwrap();
            assert!((slot..slot + 3).contains(&turn) && turn as usize % 3 == place);
        }
        node.wait_ms(5_000);
    }
    let stranger = node.get("/lottery/eligibility?miner_id=nobody").body;
    assert_eq!(stranger["reason"], "not_attested");
}

fn miners_are_listed_in_pages(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    for n in 0..5 {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
        node.wait_ms(1_000);
    }
    let page = node.get("/api/miners?limit=2&offset=1");
    assert_eq!(page.header("x-total-count"), Some("5"));
    assert_eq!(page.header("x-page-limit"), Some("2"));
    assert_eq!(page.header("x-page-offset"), Some("1"));
    assert_eq!(
        page.body["pagination"],
        json!({"count": 2, "limit": 2, "offset": 1, "total": 5, "total_enrolled": 5})
    );
    // Newest first.
    assert_eq!(
        page.body["miners"][0]["miner"],
        Miner::number(3).id.as_str()
    );
    node.wait_ms(3_600_000);
    assert_eq!(node.get("/api/miners").body["pagination"]["total"], 0);
}

fn every_answer_carries_its_headers(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    for path in ["/health", "/ready", "/nowhere", "/attest/submit"] {
        let reply = node.get(path);
        assert_eq!(reply.header("x-request-id").unwrap().len(), 32, "{path}");
        assert_eq!(reply.header("x-frame-options"), Some("DENY"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
    }
    let health = node.get("/health").body;
    assert_eq!(
        (&health["ok"], &health["db_rw"], &health["panics"]),
        (&true.into(), &true.into(), &0.into())
    );
}

fn one_connection_carries_many_requests(kind: Kind) {
    use std::io::{Read, Write};
    let node = Node::start_on(kind, unlimited());
    let mut stream = std::net::TcpStream::connect(node.address).unwrap();
    let request = "GET /ready HTTP/1.1\r\nHost: node\r\n\r\n";
    let last = "GET /ready HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n";
    stream
        .write_all(format!("{request}{request}{last}").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 3);
    assert_eq!(answer.matches("\"ready\":true").count(), 3);
}
