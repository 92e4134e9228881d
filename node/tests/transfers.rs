//! Transfers between wallets, over HTTP and in the store: who may send what, when it is booked, and
//! that no order of things makes or loses money.

mod common;

use common::{
    options, post, settle_step, unlimited, Database, Kind, Miner, Node, Reply, EPOCH_MS, START_MS,
    STOCK_SECRET,
};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::process::Command;
use verdigris_node::audit::audit;
use verdigris_node::config::{Config, CHAIN_ID};
use verdigris_node::error::Code;
use verdigris_node::json::parse;
use verdigris_node::keys::{address, unhex};
use verdigris_node::ledger::{Account, Posting, Transaction};
use verdigris_node::store::books::{self, balance};
use verdigris_node::store::sql::{self, params, Access, Connection, Dialect, Purpose};
use verdigris_node::store::transfers::{self, Refusal, PENDING_MAX};
use verdigris_node::store::Store;
use verdigris_node::transfer::{check, Transfer};
use verdigris_node::{config, settle};

on_each_database!(
    a_transfer_waits_and_is_booked_once,
    every_refusal_is_in_its_place,
    the_operator_calls_a_transfer_off,
    history_goes_page_by_page,
    the_database_itself_keeps_a_transfer_as_it_is,
    the_audit_finds_forged_transfers,
    a_sender_has_a_limited_number_of_transfers_waiting,
    two_at_the_same_time_cannot_spend_twice,
);

/// What an epoch pays, µRTC.
const POT: i64 = 1_500_000;

const DELAY_MS: i64 = 86_400_000;

/// A node on which miner 0 has a pot.
fn funded(kind: Kind) -> (Node, Miner, Miner) {
    let node = Node::start_on(kind, unlimited());
    let (rich, other) = (Miner::number(0), Miner::number(1));
    assert_eq!(rich.attest(&node).status, 200);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    assert_eq!(holds(&node, &rich.id), POT);
    (node, rich, other)
}

fn holds(node: &Node, id: &str) -> i64 {
    let reply = node.get(&format!("/balance/{id}"));
    reply.body["amount_i64"].as_i64().unwrap()
}

fn confirm(node: &Node) -> usize {
    let confirming = settle::confirm_overdue(&node.app);
    node.runtime.block_on(confirming).unwrap()
}

fn send(node: &Node, body: &Value) -> Reply {
    node.post("/wallet/transfer/signed", body)
}

fn a_transfer_waits_and_is_booked_once(kind: Kind) {
    let (node, rich, other) = funded(kind);
    let taken = send(&node, &rich.transfer(&other.id, "1.0", 7));
    assert_eq!(taken.status, 200, "{taken:?}");
    let body = taken.object();
    let now_s = START_MS / 1_000 + EPOCH_MS / 1_000;
    for (name, value) in [
        ("ok", json!(true)),
        ("verified", json!(true)),
        ("signature_type", json!("Ed25519")),
        ("replay_protected", json!(true)),
        ("phase", json!("pending")),
        ("pending_id", json!(1)),
        ("from_address", json!(rich.id)),
        ("to_address", json!(other.id)),
        ("chain_id", json!(CHAIN_ID)),
        ("confirms_at", json!(now_s + DELAY_MS / 1_000)),
    ] {
        assert_eq!(body[name], value, "{name}");
    }
    assert_eq!(body["amount_rtc"].to_string(), "1.0");
    assert_eq!(body["confirms_in_hours"].to_string(), "24.0");
    let hash = body["tx_hash"].as_str().unwrap();

    // It waits: nothing is booked, but it is promised.
    assert_eq!(confirm(&node), 0);
    assert_eq!(holds(&node, &other.id), 0);
    let more = send(&node, &rich.transfer(&other.id, "0.500001", 8));
    assert_eq!(more.code(), "INSUFFICIENT_BALANCE");
    let shown = node.get(&format!("/wallet/tx/{hash}"));
    assert_eq!(shown.body["status"], "pending");
    let pending = format!("/pending/list?miner_id={}", rich.id);
    assert_eq!(node.get(&pending).body["total"], 1);

    // Not a moment before its time, and once.
    node.wait_ms(DELAY_MS - 1);
    assert_eq!(confirm(&node), 0);
    node.wait_ms(1);
    assert_eq!(confirm(&node), 1);
    assert_eq!(confirm(&node), 0);
    assert_eq!(
        (holds(&node, &rich.id), holds(&node, &other.id)),
        (500_000, 1_000_000)
    );
    let shown = node.get(&format!("/wallet/tx/{hash}")).body;
    assert_eq!(shown["status"], "confirmed");
    assert_eq!(shown["confirmed_at"], now_s + DELAY_MS / 1_000);
    assert_eq!(node.get(&pending).body["total"], 0);
    assert_eq!(node.get(&format!("{pending}&status=all")).body["total"], 1);

    // Who looks it up can check it alone.
    let (key, signature) = (
        unhex(shown["public_key"].as_str().unwrap()).unwrap(),
        unhex(shown["signature"].as_str().unwrap()).unwrap(),
    );
    let text = shown["signed_text"].as_str().unwrap();
    assert_eq!(address(&key), rich.id);
    assert!(verdigris_node::keys::verify(
        &key,
        &signature,
        text.as_bytes()
    ));

    // What was received can be sent on.
    assert_eq!(send(&node, &other.transfer(&rich.id, "1.0", 1)).status, 200);
    let report = node.audit();
    assert_eq!((report.transfers, report.transactions), (2, 3));
}

fn every_refusal_is_in_its_place(kind: Kind) {
    let (node, rich, other) = funded(kind);
    let good = |nonce| rich.transfer(&other.id, "0.1", nonce);
    let refuse = |body: &Value, code: Code| {
        let reply = send(&node, body);
        assert_eq!(reply.code(), code.text(), "{body} {reply:?}");
        assert_eq!(reply.status, code.status().as_u16());
        reply
    };
    let with = |name: &str, value: Value| {
        let mut body = good(5);
        body[name] = value;
        body
    };
    let missing = refuse(&json!({"from_address": ""}), Code::MissingRequiredFields);
    assert_eq!(missing.body["error"], "missing_required_fields");
    assert_eq!(
        missing.body["details"]["missing"].as_array().unwrap().len(),
        6
    );
    let not_an_object = post(node.address, "/wallet/transfer/signed", b"[]");
    assert_eq!(not_an_object.code(), "INVALID_JSON_OBJECT");
    for (name, value, code) in [
        ("amount_rtc", json!("much"), Code::AmountNotNumber),
        ("amount_rtc", json!(true), Code::AmountNotNumber),
        (
            "amount_rtc",
            parse(b"1e400").unwrap(),
            Code::AmountNotFinite,
        ),
        ("amount_rtc", json!(0), Code::AmountMustBePositive),
        ("amount_rtc", json!(-1), Code::AmountMustBePositive),
        (
            "amount_rtc",
            parse(b"0.0000009").unwrap(),
            Code::AmountTooSmallAfterQuantization,
        ),
        (
            "from_address",
            json!("power8"),
            Code::InvalidFromAddressFormat,
        ),
        (
            "from_address",
            json!("bcn_name"),
            Code::InvalidFromAddressFormat,
        ),
        ("to_address", json!("RTC12"), Code::InvalidToAddressFormat),
        // Nobody has the key of an address in upper case.
        (
            "to_address",
            json!(format!("RTC{}", "AB".repeat(20))),
            Code::InvalidToAddressFormat,
        ),
        ("to_address", json!(rich.id), Code::FromToMustDiffer),
        ("nonce", json!("x"), Code::NonceNotInt),
        ("nonce", parse(b"1.5").unwrap(), Code::NonceNotInt),
        (
            "nonce",
            parse(b"9223372036854775808").unwrap(),
            Code::NonceNotInt,
        ),
        ("nonce", json!(-1), Code::NonceMustBeGtZero),
        ("nonce", json!(0), Code::NonceMustBeGtZero),
        ("chain_id", json!("a b"), Code::InvalidChainIdFormat),
        ("chain_id", json!(""), Code::InvalidChainIdFormat),
        ("memo", json!(5), Code::InvalidTransferField),
        ("memo", json!("a\0b"), Code::InvalidTransferField),
        ("memo", json!("x".repeat(2_000)), Code::InvalidTransferField),
        ("fee_rtc", json!([]), Code::InvalidTransferField),
        ("signature", json!(5), Code::InvalidTransferField),
        ("chain_id", json!("another"), Code::ChainIdMismatch),
        (
            "public_key",
            json!(other.public_hex()),
            Code::PubkeyAddressMismatch,
        ),
        ("public_key", json!("zz"), Code::PubkeyAddressMismatch),
        (
            "signature",
            json!("00".repeat(64)),
            Code::InvalidTransferSignature,
        ),
        (
            "amount_rtc",
            parse(b"0.2").unwrap(),
            Code::InvalidTransferSignature,
        ),
        ("nonce", json!(6), Code::InvalidTransferSignature),
        ("memo", json!("thanks"), Code::InvalidTransferSignature),
        ("fee_rtc", json!(1), Code::InvalidTransferSignature),
        // A network that the signature does not name.
        ("chain_id", json!(CHAIN_ID), Code::InvalidTransferSignature),
    ] {
        refuse(&with(name, value), code);
    }
    let forged = refuse(
        &with("to_address", json!(Miner::number(3).id)),
        Code::InvalidTransferSignature,
    );
    assert_eq!(forged.body["error"], "Invalid signature");

    // Fees: signed, and not signed.
    let text = |fee: &str| {
        let (from, to) = (&rich.id, &other.id);
        format!(r#"{{"amount":0.1,{fee}"from":"{from}","memo":"","nonce":"5","to":"{to}"}}"#)
    };
    let mut fee = rich.transfer_signed(&other.id, "0.1", 5, &text(r#""fee":0.01,"#));
    fee["fee_rtc"] = json!("0.01");
    refuse(&fee, Code::SignedTransferFeeUnsettled);
    let mut older = rich.transfer_signed(&other.id, "0.1", 5, &text(""));
    older["fee_rtc"] = json!(1);
    refuse(&older, Code::LegacySignatureFeeUnbound);
    older["fee_rtc"] = json!(0);

    // Nonces: refused ones are not used up.
    let taken = send(&node, &older);
    assert_eq!(taken.status, 200, "{taken:?}");
    let again = refuse(&older, Code::ReplayDetected);
    assert_eq!(again.body["tx_hash"], taken.body["tx_hash"]);
    refuse(&good(5), Code::ReplayDetected);
    let late = refuse(&good(4), Code::OutOfOrderNonce);
    assert_eq!(late.body["latest_nonce"], 5);

    let funds = refuse(
        &rich.transfer(&other.id, "1.41", 6),
        Code::InsufficientBalance,
    );
    assert_eq!(funds.body["error"], "Insufficient available balance");
    for (name, text) in [
        ("balance_rtc", "1.5"),
        ("pending_debits_rtc", "0.1"),
        ("available_rtc", "1.4"),
        ("requested_rtc", "1.41"),
    ] {
        assert_eq!(funds.body[name].to_string(), text, "{name}");
    }
    refuse(
        &rich.transfer(&other.id, "1e+300", 6),
        Code::InsufficientBalance,
    );
    assert_eq!(send(&node, &rich.transfer(&other.id, "1.4", 6)).status, 200);

    let unknown = node.get("/wallet/tx/00");
    assert_eq!(
        (unknown.status, unknown.code()),
        (404, "TRANSACTION_NOT_FOUND")
    );
    assert_eq!(
        (&unknown.body["status"], &unknown.body["tx_hash"]),
        (&json!("not_found"), &json!("00"))
    );
    let everybody = node.get("/pending/list");
    assert_eq!((everybody.status, everybody.code()), (401, "UNAUTHORIZED"));
}

fn void(node: &Node, id: &str, reason: &str) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
        .args(["transfer", "void", id, "--reason", reason, "--database"])
        .arg(common::argument(&node.database.location))
        .output()
        .unwrap()
}

fn the_operator_calls_a_transfer_off(kind: Kind) {
    let (node, rich, other) = funded(kind);
    for nonce in [1, 2] {
        assert_eq!(
            send(&node, &rich.transfer(&other.id, "0.7", nonce)).status,
            200
        );
    }
    let done = void(&node, "2", "a stolen key");
    assert!(done.status.success(), "{done:?}");
    // The money is free again, the nonce is not.
    let replay = send(&node, &rich.transfer(&other.id, "0.7", 2));
    assert_eq!(replay.code(), "REPLAY_DETECTED");
    assert_eq!(send(&node, &rich.transfer(&other.id, "0.8", 3)).status, 200);
    node.wait_ms(DELAY_MS);
    assert_eq!(confirm(&node), 2);
    assert_eq!((holds(&node, &rich.id), holds(&node, &other.id)), (0, POT));
    let list = format!("/pending/list?miner_id={}&status=voided", other.id);
    let voided = node.get(&list).body["pending"][0].clone();
    assert_eq!(
        (&voided["id"], &voided["void_reason"]),
        (&json!(2), &json!("a stolen key"))
    );
    // What has ended stays as it ended.
    for (id, why) in [
        ("1", "confirmed already"),
        ("2", "voided already"),
        ("9", "no transfer 9"),
    ] {
        let refused = void(&node, id, "again");
        assert_eq!(refused.status.code(), Some(3));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains(why), "{said}");
    }
    assert_eq!(void(&node, "1", "").status.code(), Some(2));
}

fn history_goes_page_by_page(kind: Kind) {
    let (node, rich, other) = funded(kind);
    for nonce in 1..=5 {
        node.wait_ms(1_000);
        assert_eq!(
            send(&node, &rich.transfer(&other.id, "0.1", nonce)).status,
            200
        );
    }
    let page = |wallet: &str, more: &str| {
        node.get(&format!("/wallet/history?miner_id={wallet}{more}"))
            .body
    };
    let all = page(&rich.id, "");
    assert_eq!(
        (&all["ok"], &all["total"], &all["miner_id"]),
        (&json!(true), &json!(6), &json!(rich.id))
    );
    let all = all["transactions"].as_array().unwrap();
    let types: Vec<_> = all
        .iter()
        .map(|line| line["type"].as_str().unwrap())
        .collect();
    assert_eq!(types[..5], ["transfer_out"; 5]);
    assert_eq!((types[5], &all[5]["epoch"]), ("reward", &json!(0)));
    // The pages together are the whole, in order.
    let mut pages = Vec::new();
    for offset in [0, 2, 4, 6] {
        let page = page(&rich.id, &format!("&limit=2&offset={offset}"));
        pages.extend(page["transactions"].as_array().unwrap().clone());
    }
    assert_eq!(&pages, all);
    let received = page(&other.id, "");
    assert_eq!(
        (&received["total"], &received["transactions"][0]["type"]),
        (&json!(5), &json!("transfer_in"))
    );
    assert_eq!(page("nobody", "")["total"], 0);
    for wrong in ["&limit=0", "&limit=501", "&offset=-1"] {
        assert_eq!(
            page(&rich.id, wrong)["code"],
            "INVALID_PARAMETER",
            "{wrong}"
        );
    }
    assert_eq!(node.get("/wallet/history").code(), "MISSING_PARAMETER");
}

/// Transfers signed by Python's `json.dumps` and OpenSSL, with the published test key.
#[test]
fn what_python_signs_is_verified() {
    let secret = unhex(STOCK_SECRET).unwrap();
    let sender = address(SigningKey::from_bytes(&secret).verifying_key().as_bytes());
    let vectors = parse(include_bytes!("data/transfers-python.json")).unwrap();
    for vector in vectors.as_array().unwrap() {
        let body = vector["body"].as_str().unwrap();
        let transfer = check(body.as_bytes(), CHAIN_ID).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&transfer.signed),
            vector["signed"].as_str().unwrap()
        );
        assert_eq!(transfer.hash, vector["tx_hash"].as_str().unwrap());
        assert_eq!(Some(transfer.amount), vector["amount_i64"].as_i64());
        assert_eq!(transfer.from, sender);
        transfer.proof().unwrap();
    }
    assert_eq!(vectors.as_array().unwrap().len(), 5);
}

/// A signed transfer, without a node.
fn signed(from: &Miner, to: &str, micro: i64, nonce: i64) -> Transfer {
    let amount = verdigris_node::json::decimal(micro, 6).to_string();
    check(
        from.transfer(to, &amount, nonce).to_string().as_bytes(),
        CHAIN_ID,
    )
    .unwrap()
}

/// A database that a test may write into directly, in which miner 0 has `micro`.
fn workbench(kind: Kind, micro: i64) -> (Database, Connection) {
    let database = Database::new(kind);
    drop(Store::open(database.location.clone(), options(), START_MS).unwrap());
    let c = Connection::open(&database.location, Access::Writer).unwrap();
    reward(&c, 0, &Miner::number(0).id, micro);
    (database, c)
}

/// An epoch with one miner, settled: logged and enrolled as an attestation would be.
fn reward(c: &Connection, epoch: i64, miner: &str, micro: i64) {
    use verdigris_node::store::records::{append, Attestation};
    let attestation = Attestation {
        issued_ms: START_MS,
        received_ms: START_MS,
        miner: miner.into(),
        nonce: format!("{epoch}/{miner}"),
        epoch,
        accepted: true,
        weight: 1,
        previous_id: None,
        fingerprint_hash: None,
        body: b"{}".to_vec(),
        verdict: "{}".into(),
    };
    c.transaction(Purpose::Write, |c| {
        let id = append(c, &attestation)?.expect("a new nonce");
        books::enrol(c, epoch, miner, 1, id)?;
        let chain = verdigris_node::epoch::Chain {
            pot: micro,
            ..verdigris_node::epoch::Chain::default()
        };
        let end_ms = chain.epoch_end_s(epoch) * 1_000;
        while settle_step(c, &chain, end_ms, 1)?.is_some() {}
        Ok::<_, sql::Error>(())
    })
    .unwrap();
}

fn take(c: &Connection, t: &Transfer, at_ms: i64) -> Result<i64, Refusal> {
    c.transaction(Purpose::Write, |c| {
        transfers::accept(c, t, at_ms, at_ms + DELAY_MS)
    })
    .unwrap()
}

fn confirm_due(c: &Connection, now_ms: i64, limit: u32) -> usize {
    c.transaction(Purpose::Write, |c| transfers::confirm_due(c, now_ms, limit))
        .unwrap()
        .len()
}

fn the_database_itself_keeps_a_transfer_as_it_is(kind: Kind) {
    let (_database, c) = workbench(kind, 100);
    let (a, b) = (Miner::number(0), Miner::number(1));
    for nonce in 1..=3 {
        take(&c, &signed(&a, &b.id, 10, nonce), START_MS).unwrap();
    }
    assert_eq!(confirm_due(&c, START_MS + DELAY_MS, 1), 1);
    c.transaction(Purpose::Write, |c| transfers::void(c, 2, "why", START_MS))
        .unwrap();
    let insert = |state: &str, nonce: i64, amount: i64, more: &str| {
        let (from, to) = (&a.id, &b.id);
        format!(
            "INSERT INTO transfers (id, hash, from_address, to_address, amount, nonce, memo,
                 public_key, signature, signed, received_ms, confirms_ms, state, ended_ms, reason)
             SELECT 9, 'h', '{from}', '{to}', {amount}, {nonce}, '', public_key, signature, signed,
                    0, 0, '{state}', {more} FROM transfers WHERE id = 1"
        )
    };
    for sql in [
        "UPDATE transfers SET amount = 1 WHERE id = 3".to_owned(),
        "UPDATE transfers SET state = 'pending', ended_ms = NULL WHERE id = 1".into(),
        "UPDATE transfers SET state = 'voided', reason = 'x' WHERE id = 1".into(),
        "UPDATE transfers SET reason = 'another' WHERE id = 2".into(),
        "UPDATE transfers SET state = 'confirmed', reason = NULL WHERE id = 2".into(),
        // Not booked, and booked no more.
        "UPDATE transfers SET state = 'confirmed', ended_ms = 5 WHERE id = 3".into(),
        "UPDATE transfers SET state = 'voided', ended_ms = 5 WHERE id = 3".into(),
        "DELETE FROM transfers".into(),
        insert("pending", 3, 1, "NULL, NULL"),
        insert("pending", 2, 1, "NULL, NULL"),
        insert("pending", 4, 81, "NULL, NULL"),
        insert("confirmed", 4, 1, "5, NULL"),
        insert("pending", 4, 0, "NULL, NULL"),
    ] {
        assert!(c.batch(&sql).is_err(), "{sql}");
    }
    if c.dialect() == Dialect::Postgres {
        assert!(c.batch("TRUNCATE transfers").is_err());
    }
    // The last of these was refused for what it says, and for nothing else.
    c.batch(&insert("pending", 4, 80, "NULL, NULL")).unwrap();
}

/// Takes away what would refuse a forgery.
fn disarm(c: &Connection) {
    match c.dialect() {
        Dialect::Sqlite => {
            let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
            let names: Vec<String> = c.query_all(triggers, params![], |row| row.get(0)).unwrap();
            for name in names.iter().filter(|n| *n != "transactions_move_balances") {
                c.batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
        }
        Dialect::Postgres => {
            for table in ["transfers", "postings", "transactions"] {
                c.batch(&format!("ALTER TABLE {table} DISABLE TRIGGER USER"))
                    .unwrap();
            }
        }
    }
}

fn the_audit_finds_forged_transfers(kind: Kind) {
    let other = Miner::number(7).id;
    for (forgery, found) in [
        (
            "UPDATE transfers SET amount = amount + 1 WHERE id = 3".to_owned(),
            "not what was signed",
        ),
        (
            format!("UPDATE transfers SET to_address = '{other}' WHERE id = 3"),
            "not what was signed",
        ),
        (
            "UPDATE transfers SET memo = 'x' WHERE id = 2".into(),
            "not what was signed",
        ),
        (
            format!("UPDATE transfers SET from_address = '{other}' WHERE id = 3"),
            "not the sender's",
        ),
        (
            "UPDATE transfers SET signed = signature WHERE id = 3".into(),
            "not the hash",
        ),
        (
            "UPDATE transfers SET hash = 'x' WHERE id = 3".into(),
            "not the hash",
        ),
        (
            "UPDATE transfers SET nonce = 9 WHERE id = 2".into(),
            "not above the one before",
        ),
        (
            "UPDATE transfers SET state = 'confirmed', ended_ms = 5 WHERE id = 3".into(),
            "not booked",
        ),
        (
            "UPDATE transfers SET state = 'pending', ended_ms = NULL WHERE id = 1".into(),
            "not confirmed",
        ),
        (
            format!("UPDATE postings SET account = 'wallet/{other}' WHERE amount = 10"),
            "booked otherwise",
        ),
        ("DELETE FROM transfers WHERE id = 1".into(), "not confirmed"),
    ] {
        let (_database, c) = workbench(kind, 100);
        let (a, b) = (Miner::number(0), Miner::number(1));
        for nonce in 1..=3 {
            take(&c, &signed(&a, &b.id, 10, nonce), START_MS).unwrap();
        }
        confirm_due(&c, START_MS + DELAY_MS, 1);
        c.transaction(Purpose::Write, |c| transfers::void(c, 2, "why", START_MS))
            .unwrap();
        assert_eq!(audit(&c).unwrap().faults, Vec::<String>::new());
        disarm(&c);
        c.batch(&forgery).unwrap();
        let faults = audit(&c).unwrap().faults;
        assert!(
            faults.iter().any(|fault| fault.contains(found)),
            "{forgery}: {faults:?}"
        );
    }
    // A wallet that promised what something else took from it.
    let (_database, c) = workbench(kind, 100);
    let a = Miner::number(0);
    take(&c, &signed(&a, &other, 90, 1), START_MS).unwrap();
    let posting = |account, amount| Posting { account, amount };
    let taken = vec![
        posting(Account::Wallet(a.id), -20),
        posting(Account::Emission, 20),
    ];
    let taken = Transaction::new("taken", taken).unwrap();
    c.transaction(Purpose::Write, |c| books::book(c, &taken, START_MS))
        .unwrap();
    let faults = audit(&c).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.contains("promised 90")),
        "{faults:?}"
    );
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("taken has no cause")),
        "{faults:?}"
    );
}

fn a_sender_has_a_limited_number_of_transfers_waiting(kind: Kind) {
    let (_database, c) = workbench(kind, 2 * PENDING_MAX);
    let (a, b) = (Miner::number(0), Miner::number(1));
    let mut t = signed(&a, &b.id, 1, 1);
    // The signature is checked before; here only the books are asked.
    c.transaction(Purpose::Write, |c| {
        for nonce in 1..=PENDING_MAX {
            (t.nonce, t.hash) = (nonce, nonce.to_string());
            transfers::accept(c, &t, START_MS, START_MS)?.unwrap();
        }
        Ok::<_, sql::Error>(())
    })
    .unwrap();
    (t.nonce, t.hash) = (PENDING_MAX + 1, "next".into());
    assert_eq!(take(&c, &t, START_MS), Err(Refusal::TooMany(START_MS)));
    assert_eq!(confirm_due(&c, START_MS, 1), 1);
    take(&c, &t, START_MS).unwrap();
}

fn two_at_the_same_time_cannot_spend_twice(kind: Kind) {
    let (node, rich, other) = funded(kind);
    let bodies: Vec<Value> = (1..=8)
        .map(|nonce| rich.transfer(&other.id, "0.4", nonce))
        .collect();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let sent: Vec<_> = bodies
            .iter()
            .map(|body| scope.spawn(|| send(&node, body).status))
            .collect();
        sent.into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    // Which of them depends on who came first: one refused for its nonce may leave money over.
    let taken = statuses.iter().filter(|&&status| status == 200).count();
    assert!((1..=3).contains(&taken), "{statuses:?}");
    assert!(
        statuses.iter().all(|status| [200, 400].contains(status)),
        "{statuses:?}"
    );
    node.wait_ms(DELAY_MS);
    assert_eq!(confirm(&node), taken);
    assert_eq!(
        holds(&node, &other.id),
        400_000 * i64::try_from(taken).unwrap()
    );
}

/// Two nodes on one server book what is due at the same moment.
#[test]
fn two_processes_book_each_transfer_once() {
    const TRANSFERS: i64 = 40;
    let (node, rich, other) = funded(Kind::Postgres);
    for nonce in 1..=TRANSFERS {
        let sent = send(&node, &rich.transfer(&other.id, "0.01", nonce));
        assert_eq!(sent.status, 200, "{sent:?}");
    }
    node.wait_ms(DELAY_MS);
    let same = Database {
        location: node.database.location.clone(),
        directory: tempfile::tempdir().unwrap(),
    };
    let second = Node::continue_on(same, node.now.clone(), unlimited());
    // Whoever finds the other at it has nothing to do.
    let booked: usize = std::thread::scope(|scope| {
        [&node, &second]
            .map(|node| scope.spawn(|| (0..10).map(|_| confirm(node)).sum::<usize>()))
            .map(|thread| thread.join().unwrap())
            .iter()
            .sum()
    });
    assert_eq!(i64::try_from(booked).unwrap(), TRANSFERS);
    assert_eq!(holds(&second, &other.id), 10_000 * TRANSFERS);
}

#[test]
fn the_delay_and_the_network_can_be_set() {
    let settings = config::Settings {
        transfer_delay: Some(0),
        chain_id: Some("laboratory".into()),
        ..config::Settings::default()
    };
    let config = settings.config();
    assert!(config.transfer_delay.is_zero());
    let node = Node::start(Config {
        challenges_per_minute: 0,
        ..config
    });
    let (rich, other) = (Miner::number(0), Miner::number(1));
    assert_eq!(rich.attest(&node).status, 200);
    node.wait_ms(EPOCH_MS);
    node.settle();
    // What was signed for the existing network is nothing here, whether it names that or none.
    let mut body = rich.transfer(&other.id, "1.5", 1);
    assert_eq!(send(&node, &body).code(), "CHAIN_ID_MISMATCH");
    body["chain_id"] = CHAIN_ID.into();
    assert_eq!(send(&node, &body).code(), "CHAIN_ID_MISMATCH");
    let (from, to) = (&rich.id, &other.id);
    let signed = format!(
        r#"{{"amount":1.5,"chain_id":"laboratory","fee":0.0,"from":"{from}","memo":"","nonce":"1","to":"{to}"}}"#
    );
    let mut body = rich.transfer_signed(to, "1.5", 1, &signed);
    body["chain_id"] = "laboratory".into();
    assert_eq!(send(&node, &body).body["chain_id"], "laboratory");
    assert_eq!(confirm(&node), 1);
    assert_eq!(holds(&node, &other.id), POT);
}

/// Something that happens to the books.
#[derive(Debug, Clone)]
enum Step {
    /// Miner `from` sends miner `to` so many µRTC; the nonce goes up by `skip`, or back.
    Send {
        from: u64,
        to: u64,
        micro: i64,
        skip: i64,
    },
    /// So much time goes by, in parts of the delay, and what is due is booked, so many at a time.
    Confirm { part: i64, limit: u32 },
    /// The operator calls off a transfer.
    Void { id: i64 },
    /// An epoch pays a miner.
    Reward { miner: u64, micro: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u64..3, 0u64..3, 1i64..80, -1i64..4)
            .prop_map(|(from, to, micro, skip)| Step::Send { from, to, micro, skip }),
        2 => (0i64..=2, 1u32..4).prop_map(|(part, limit)| Step::Confirm { part, limit }),
        1 => (1i64..12).prop_map(|id| Step::Void { id }),
        1 => (0u64..3, 1i64..100).prop_map(|(miner, micro)| Step::Reward { miner, micro }),
    ]
}

/// The books, kept a second time by the simplest means.
#[derive(Default)]
struct Model {
    balances: BTreeMap<u64, i64>,
    /// Sender, receiver, µRTC, due; by number.
    pending: BTreeMap<i64, (u64, u64, i64, i64)>,
    nonces: BTreeMap<u64, i64>,
}

impl Model {
    fn available(&self, miner: u64) -> i64 {
        let promised: i64 = self
            .pending
            .values()
            .filter(|p| p.0 == miner)
            .map(|p| p.2)
            .sum();
        self.balances.get(&miner).copied().unwrap_or(0) - promised
    }
}

/// Runs steps on a database and on the model, comparing; gives everything that is booked.
fn play(kind: Kind, steps: &[Step]) -> Vec<String> {
    let (_database, c) = workbench(kind, 100);
    let mut model = Model::default();
    model.balances.insert(0, 100);
    let (mut now_ms, mut epoch) = (START_MS, 1);
    for step in steps {
        match *step {
            Step::Send {
                from,
                to,
                micro,
                skip,
            } if from != to => {
                let last = model.nonces.get(&from).copied().unwrap_or(0);
                let nonce = (last + skip).max(1);
                let t = signed(&Miner::number(from), &Miner::number(to).id, micro, nonce);
                let allowed = nonce > last && model.available(from) >= micro;
                match take(&c, &t, now_ms) {
                    Ok(id) => {
                        assert!(allowed, "{step:?}");
                        model
                            .pending
                            .insert(id, (from, to, micro, now_ms + DELAY_MS));
                        model.nonces.insert(from, nonce);
                    }
                    Err(refusal) => assert!(!allowed, "{step:?}: {refusal:?}"),
                }
            }
            Step::Send { .. } => {}
            Step::Confirm { part, limit } => {
                now_ms += DELAY_MS / 2 * part;
                while confirm_due(&c, now_ms, limit) == limit as usize {}
                let due: Vec<i64> = model
                    .pending
                    .iter()
                    .filter(|p| p.1 .3 <= now_ms)
                    .map(|p| *p.0)
                    .collect();
                for id in due {
                    let (from, to, micro, _) = model.pending.remove(&id).unwrap();
                    *model.balances.entry(from).or_default() -= micro;
                    *model.balances.entry(to).or_default() += micro;
                }
            }
            Step::Void { id } => {
                let done = c.transaction(Purpose::Write, |c| transfers::void(c, id, "why", now_ms));
                assert_eq!(done.unwrap(), model.pending.remove(&id).is_some());
            }
            Step::Reward { miner, micro } => {
                reward(&c, epoch, &Miner::number(miner).id, micro);
                *model.balances.entry(miner).or_default() += micro;
                epoch += 1;
            }
        }
        let total: i64 = c
            .query_one(
                "SELECT CAST(sum(amount) AS BIGINT) FROM postings",
                params![],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(total, 0);
        for miner in 0..3 {
            let held = balance(&c, &Account::Wallet(Miner::number(miner).id)).unwrap();
            assert_eq!(held, model.balances.get(&miner).copied().unwrap_or(0));
            assert!(held >= 0 && model.available(miner) >= 0);
        }
    }
    assert_eq!(audit(&c).unwrap().faults, Vec::<String>::new());
    c.query_all(
        "SELECT reference || ' ' || account || ' ' || amount FROM postings
         JOIN transactions ON transactions.id = tx ORDER BY tx, account",
        params![],
        |row| row.get(0),
    )
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is sent, called off, booked and paid, in whatever order: no money is made or lost,
    /// nobody falls below zero, and the same steps lead to the same books on either database.
    #[test]
    fn no_order_of_things_makes_or_loses_money(steps in prop::collection::vec(step(), 1..24)) {
        let books = play(Kind::Sqlite, &steps);
        prop_assert_eq!(&books, &play(Kind::Sqlite, &steps));
        prop_assert_eq!(&books, &play(Kind::Postgres, &steps));
    }
}
