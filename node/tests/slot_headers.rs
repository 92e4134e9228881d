//! Signed headers of slots, as the specification and as the stock Windows and macOS miners send them.

mod common;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use common::{unlimited, Kind, Miner, Node, Reply};
use ed25519_dalek::Signer;
use serde_json::{json, Value};
use verdigris_node::json::canonical;
use verdigris_node::keys::hex;

on_each_database!(
    a_producers_header_is_kept_in_either_form,
    every_refusal_has_its_cause,
    a_slot_has_one_header,
);

const MINERS: u64 = 3;

/// A node whose round has three miners, by id.
fn round(kind: Kind) -> (Node, Vec<Miner>) {
    let node = Node::start_on(kind, unlimited());
    let mut miners: Vec<Miner> = (0..MINERS).map(Miner::number).collect();
    for miner in &miners {
        assert_eq!(miner.attest(&node).status, 200);
    }
    miners.sort_by(|a, b| a.id.cmp(&b.id));
    (node, miners)
}

fn header(miner: &Miner, slot: i64) -> Value {
    json!({"miner": miner.id, "slot": slot, "timestamp": 1_800_000_000})
}

fn digest(header: &Value) -> Vec<u8> {
    Blake2b::<U32>::digest(canonical(header)).to_vec()
}

/// As the specification has it.
fn by_digest(miner: &Miner, slot: i64) -> Value {
    let header = header(miner, slot);
    let message = digest(&header);
    json!({
        "miner_id": miner.id, "header": header, "message": hex(&message),
        "signature": hex(&miner.key.sign(&message).to_bytes()), "pubkey": miner.public_hex(),
    })
}

/// As the stock Windows and macOS miners do it: a text is signed, and sent beside the header.
fn by_text(miner: &Miner, slot: i64) -> Value {
    let message = format!("slot:{slot}:miner:{}:ts:1800000000", miner.id);
    json!({
        "miner_id": "windows-DESKTOP-1", "header": header(miner, slot), "message": hex(message.as_bytes()),
        "signature": miner.signature(&message), "pubkey": miner.public_hex(),
    })
}

fn ingest(node: &Node, body: &Value) -> Reply {
    node.post("/headers/ingest_signed", body)
}

fn a_producers_header_is_kept_in_either_form(kind: Kind) {
    let (node, miners) = round(kind);
    let taken = ingest(&node, &by_digest(&miners[0], 0));
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(taken.body["status"], "accepted");
    assert_eq!(taken.body["form"], "header");
    let hash = hex(&digest(&header(&miners[0], 0)));
    assert_eq!(taken.body["header_hash"], hash.as_str());
    let taken = ingest(&node, &by_text(&miners[1], 1));
    assert_eq!((taken.status, &taken.body["form"]), (200, &json!("text")));

    let blocks = node.get("/api/blocks").body;
    assert_eq!((&blocks["total"], &blocks["count"]), (&json!(2), &json!(2)));
    assert_eq!(blocks["blocks"][0]["slot"], 1);
    // Only what was signed is kept: the text, not the header beside it.
    assert_eq!(blocks["blocks"][0]["header"], Value::Null);
    assert_eq!(blocks["blocks"][1]["header"], header(&miners[0], 0));
    let second = node.get("/api/blocks?limit=1&offset=1").body;
    assert_eq!(second["blocks"][0]["slot"], 0);
    // Nothing of it moves money, nor ends an epoch.
    assert_eq!(node.settle(), 0);
}

fn every_refusal_has_its_cause(kind: Kind) {
    let (node, miners) = round(kind);
    let good = by_digest(&miners[0], 0);
    let refuse = |change: &dyn Fn(&mut Value), status: u16, code: &str| {
        let mut body = good.clone();
        change(&mut body);
        let reply = ingest(&node, &body);
        assert_eq!((reply.status, reply.code()), (status, code), "{body}");
        reply
    };
    refuse(&|b| b["miner_id"] = Value::Null, 400, "MISSING_MINER");
    refuse(&|b| b["miner_id"] = "a b".into(), 400, "INVALID_MINER");
    refuse(&|b| b["header"] = json!([]), 400, "INVALID_HEADER");
    refuse(&|b| b["header"]["slot"] = "0".into(), 400, "INVALID_HEADER");
    refuse(&|b| b["header"]["slot"] = json!(-1), 400, "INVALID_HEADER");
    refuse(&|b| b["message"] = "0".into(), 400, "INVALID_HEADER");
    refuse(
        &|b| b["message"] = "00".repeat(300).into(),
        400,
        "INVALID_HEADER",
    );
    refuse(
        &|b| b["message"] = "00".repeat(32).into(),
        400,
        "MESSAGE_HEADER_MISMATCH",
    );
    refuse(
        &|b| b["header"]["timestamp"] = 1.into(),
        400,
        "MESSAGE_HEADER_MISMATCH",
    );
    refuse(
        &|b| {
            b["header"] = Value::Null;
            b["message"] = Value::Null;
        },
        400,
        "INVALID_HEADER",
    );
    let bad = refuse(
        &|b| b["signature"] = "00".repeat(64).into(),
        400,
        "INVALID_HEADER_SIGNATURE",
    );
    assert_eq!(bad.body["error"], "bad signature");
    refuse(&|b| b["signature"] = 7.into(), 400, "INVALID_HEADER");
    refuse(
        &|b| b["pubkey"] = miners[1].public_hex().into(),
        400,
        "INVALID_HEADER_SIGNATURE",
    );

    let send = |body: Value, status: u16, code: &str| {
        let reply = ingest(&node, &body);
        assert_eq!((reply.status, reply.code()), (status, code), "{body}");
        reply
    };
    send(by_digest(&miners[2], 11), 400, "SLOT_TOO_FAR_IN_FUTURE");
    send(
        by_digest(&miners[2], i64::MAX),
        400,
        "SLOT_TOO_FAR_IN_FUTURE",
    );
    let stranger = Miner::number(9);
    let unknown = send(by_digest(&stranger, 0), 403, "NO_PUBKEY_REGISTERED");
    assert_eq!(unknown.body["error"], "no pubkey registered for miner");
    for body in [by_digest(&miners[2], 0), by_text(&miners[2], 0)] {
        let other = send(body, 403, "NOT_SLOT_PRODUCER");
        assert_eq!(other.body["slot_producer"], miners[0].id.as_str());
        assert_eq!(other.body["rotation_size"], MINERS);
        assert_eq!(other.body["your_turn_at_slot"], 2);
        assert_eq!(other.body["reason"], "not_your_turn");
    }
    // Eleven slots later it is too late; slot 0 was the first's.
    node.wait_ms(11 * 5_000);
    send(by_digest(&miners[0], 0), 400, "SLOT_TOO_OLD");
}

fn a_slot_has_one_header(kind: Kind) {
    let (node, miners) = round(kind);
    let first = by_digest(&miners[0], 0);
    assert_eq!(ingest(&node, &first).body["status"], "accepted");
    assert_eq!(ingest(&node, &first).body["status"], "known");
    let other = ingest(&node, &by_text(&miners[0], 0));
    assert_eq!((other.status, other.code()), (409, "SLOT_TAKEN"));
    // Ahead by the ten slots that are allowed: 10 mod 3 is the second's turn.
    assert_eq!(ingest(&node, &by_digest(&miners[1], 10)).status, 200);
    assert_eq!(node.get("/api/blocks").body["total"], 2);
}
