//! Machines and the wallets that they are bound to, over HTTP: the traps of other verifiers, migrations,
//! and that no order of things pays one machine twice in an epoch.

mod common;
mod verdict_machine;

use common::{
    column, options, unlimited, Database, Kind, Miner, Node, Reply, Server, EPOCH_MS, START_MS,
};
use probe_core::seed::Seed;
use proptest::prelude::*;
use serde_json::{json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use verdigris_node::audit::audit_with;
use verdigris_node::binding::decide::{
    decide, Decision, Refusal, Sighting, CANDIDATES_MAX, UNITS_MAX,
};
use verdigris_node::binding::migration::{
    self, Cancellation, Kind as Of, Migration, OPERATOR_DELAYS,
};
use verdigris_node::binding::rules::Agreement;
use verdigris_node::binding::salt::Salt;
use verdigris_node::binding::secret;
use verdigris_node::binding::shown::shown;
use verdigris_node::config::{Config, CHAIN_ID};
use verdigris_node::http::{self, admin::Token};
use verdigris_node::json::parse;
use verdigris_node::keys::{hex, unhex};
use verdigris_node::store::backup::{backup, restore};
use verdigris_node::store::bindings::{self, Origin};
use verdigris_node::store::sql::{self, Access, Connection, Purpose};
use verdigris_node::store::{open_to_look, records, Store};

on_each_database!(
    a_machine_is_bound_to_one_wallet,
    privileged_and_unprivileged_runs_are_one_machine,
    identical_models_are_no_collision,
    who_proves_nothing_binds_nothing,
    a_serial_alone_locks_nobody_out,
    a_machine_goes_to_another_wallet,
    a_ticket_of_the_old_wallet_pays_nobody,
    an_owner_cancels_a_migration,
    a_migration_that_is_not_signed_as_it_should_be_is_refused,
    who_lost_the_key_gets_the_machine_back,
    other_parts_are_announced,
    the_operator_releases_a_machine,
    nothing_that_names_a_machine_is_in_its_rows,
    the_audit_finds_bindings_that_the_log_does_not_give,
    a_node_without_the_secret_of_its_database_does_not_start,
    machines_survive_a_backup,
    a_backup_of_version_6_is_restored,
    any_order_of_things_pays_a_machine_once,
    a_common_mark_costs_a_bounded_look_up,
);

const DAY_MS: i64 = 86_400_000;
const DELAY_MS: i64 = 7 * DAY_MS;

fn salt() -> Salt {
    Salt::new(&[9; 32])
}

/// A node that binds.
fn start(kind: Kind) -> Node {
    Node::binding(kind, unlimited(), salt())
}

/// A machine, as a client on it shows it.
#[derive(Clone, Default)]
struct Machine {
    serial: &'static str,
    macs: Vec<&'static str>,
    /// Stepping of its processor.
    stepping: u32,
}

fn machine(serial: &'static str, macs: &[&'static str]) -> Machine {
    Machine {
        serial,
        macs: macs.to_vec(),
        stepping: 0,
    }
}

/// A submission that proves silicon.
fn proven(node: &Node, miner: &Miner, machine: &Machine) -> Value {
    let nonce = node.nonce();
    let mut evidence = verdict_machine::honest();
    // Its values are those of another challenge's operands.
    evidence.quirks = None;
    evidence.identity.words[1] = evidence.identity.words[1] & !0xf | machine.stepping;
    test_rigs::bind::bind(&mut evidence, &Seed::derive(&nonce, &miner.id));
    let mut body = legacy(miner, machine, &nonce);
    body["evidence"] = serde_json::to_value(&evidence).unwrap();
    node.wait_ms(3_000);
    miner.sign(body)
}

/// A submission that proves nothing.
fn legacy(miner: &Miner, machine: &Machine, nonce: &str) -> Value {
    let mut body = miner.body(nonce);
    body["device"]["serial"] = machine.serial.into();
    body["signals"]["macs"] = json!(machine.macs);
    body
}

fn attest(node: &Node, miner: &Miner, machine: &Machine) -> Reply {
    node.submit(&proven(node, miner, machine))
}

fn claim(node: &Node, miner: &Miner, machine: &Machine) -> Reply {
    node.submit(&miner.sign(legacy(miner, machine, &node.nonce())))
}

#[track_caller]
fn taken(reply: &Reply) {
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[track_caller]
fn proves(reply: &Reply) {
    taken(reply);
    assert_eq!(reply.body["fingerprint_passed"], true, "{reply:?}");
}

#[track_caller]
fn refused(reply: &Reply, code: &str) {
    assert_eq!((reply.status, reply.code()), (409, code), "{reply:?}");
}

const DUPLICATE: &str = "DUPLICATE_HARDWARE";
const FAILED: &str = "HARDWARE_BINDING_FAILED";
const PAID: &str = "PAID_UNDER_ANOTHER_WALLET";

fn units(node: &Node, miner: &Miner) -> Vec<i64> {
    let reply = node.get(&format!("/binding/{}", miner.id));
    taken(&reply);
    let units = reply.body["units"].as_array().unwrap();
    units
        .iter()
        .map(|unit| unit["unit"].as_i64().unwrap())
        .collect()
}

/// A migration, signed.
fn migrate(miner: &Miner, kind: Of, unit: i64, to: &str, nonce: i64) -> Value {
    let text = Migration::signed_text(kind, unit, &miner.id, to, nonce, CHAIN_ID);
    let mut body = json!({
        "chain_id": CHAIN_ID,
        "kind": kind.name(),
        "miner": miner.id,
        "nonce": nonce,
        "public_key": miner.public_hex(),
        "signature": miner.signature(&text),
        "unit": unit,
    });
    if kind == Of::Wallet {
        body["to"] = to.into();
    }
    body
}

fn cancel(miner: &Miner, migration: i64) -> Value {
    let text = Cancellation::signed_text(migration, &miner.id, CHAIN_ID);
    json!({
        "chain_id": CHAIN_ID,
        "migration": migration,
        "miner": miner.id,
        "public_key": miner.public_hex(),
        "signature": miner.signature(&text),
    })
}

fn complete(node: &Node) -> usize {
    let completing = migration::complete_overdue(&node.app);
    node.runtime.block_on(completing).unwrap()
}

fn operate(node: &Node, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
        .arg("binding")
        .args(arguments)
        .arg("--database")
        .arg(common::argument(&node.database.location))
        .output()
        .unwrap()
}

/// The token of the operator's listener.
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The operator's listener of a node.
struct Operator(SocketAddr);

fn operator(node: &Node) -> Operator {
    let file = node.database.directory.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let token = Token::from_file(&file).unwrap();
    let (listener, address) = node.runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    });
    let app = Arc::clone(&node.app);
    let forever = std::future::pending();
    node.runtime
        .spawn(http::serve_admin(app, token, listener, forever));
    Operator(address)
}

impl Operator {
    fn post(&self, path: &str, body: &Value) -> Reply {
        let token = format!("Authorization: Bearer {TOKEN}\r\n");
        common::post_as(self.0, path, body.to_string().as_bytes(), &token).unwrap()
    }
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn a_machine_is_bound_to_one_wallet(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    proves(&attest(&node, &a, &mine));
    let second = attest(&node, &b, &mine);
    refused(&second, DUPLICATE);
    assert_eq!(second.body["unit"], 1);
    assert!(second.body["message"].as_str().unwrap().contains("migrate"));
    // Nothing of it is kept, and nobody is enrolled.
    assert_eq!(
        node.get(&format!("/api/miner/{}/verdict", b.id)).status,
        404
    );
    // Another machine is another matter, for either.
    proves(&attest(
        &node,
        &b,
        &machine("CK130ABCXYW", &["00:1f:5b:01:02:04"]),
    ));
    proves(&attest(
        &node,
        &a,
        &machine("CK130ABCXYV", &["00:1f:5b:01:02:05"]),
    ));
    assert_eq!((units(&node, &a), units(&node, &b)), (vec![1, 3], vec![2]));
    let shown = node.get(&format!("/binding/{}", a.id)).body["units"][0].clone();
    assert_eq!(
        shown["known_by"],
        json!({"firmware": 1, "installations": 0, "network_cards": 1, "processor": true})
    );
    assert_eq!(
        (&shown["paid_epoch"], &shown["may_renew"]),
        (&json!(0), &json!(false))
    );
    // What is shown again the next day costs the machine its row of the new epoch, and nothing else.
    let rows = "SELECT CAST(count(*) AS TEXT) FROM unit_events";
    assert_eq!(column(&node.database.location, rows), ["3"]);
    node.wait_ms(EPOCH_MS);
    proves(&attest(&node, &a, &mine));
    assert_eq!(column(&node.database.location, rows), ["3"]);
    // Without anything that only one unit has, nothing is bound.
    proves(&attest(&node, &Miner::number(3), &machine("", &[])));
    assert_eq!(units(&node, &Miner::number(3)), Vec::<i64>::new());
}

fn privileged_and_unprivileged_runs_are_one_machine(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    // Only root may read the firmware's serial; others send the installation's.
    let root = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    let user = machine("3d1219c7c4c5404a", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &user));
    proves(&attest(&node, &a, &root));
    assert_eq!(units(&node, &a), [1]);
    refused(&attest(&node, &b, &root), DUPLICATE);
    refused(&attest(&node, &b, &user), DUPLICATE);
    // After a change of card the serial tells, and the new card is learned.
    let card = machine("CK130ABCXYZ", &["00:1f:5b:99:99:99"]);
    proves(&attest(&node, &a, &card));
    let user = machine("3d1219c7c4c5404a", &["00:1f:5b:99:99:99"]);
    proves(&attest(&node, &a, &user));
    assert_eq!(units(&node, &a), [1]);
    refused(&attest(&node, &b, &user), DUPLICATE);

    // Two that turn out to be one are one from then on.
    let c = Miner::number(3);
    proves(&attest(&node, &c, &machine("PF2ZQ1AA", &[])));
    proves(&attest(&node, &c, &machine("", &["00:1f:5b:07:07:07"])));
    assert_eq!(units(&node, &c), [2, 3]);
    taken(&node.post("/binding/migrate", &migrate(&c, Of::Wallet, 3, &b.id, 1)));
    proves(&attest(
        &node,
        &c,
        &machine("PF2ZQ1AA", &["00:1f:5b:07:07:07"]),
    ));
    assert_eq!(units(&node, &c), [2]);
    // So the other half cannot go to somebody else.
    node.wait_ms(DELAY_MS);
    assert_eq!(complete(&node), 0);
    refused(
        &attest(&node, &b, &machine("", &["00:1f:5b:07:07:07"])),
        DUPLICATE,
    );
}

fn identical_models_are_no_collision(kind: Kind) {
    let node = start(kind);
    // The very same numbers but for the challenge's, under as many wallets: a room of one model.
    for (n, mac) in [
        (1, "00:1f:5b:01:02:01"),
        (2, "00:1f:5b:01:02:02"),
        (3, "00:1f:5b:01:02:03"),
    ] {
        // Installed from one disk, so with one machine-id.
        proves(&attest(
            &node,
            &Miner::number(n),
            &machine("3d1219c7c4c5404a", &[mac]),
        ));
    }
    // What makers write where a serial belongs, the last of them one that nobody knows yet: two machines
    // of each, of one model, with cards of their own.
    let placeholders = [
        "To Be Filled By O.E.M.",
        "None",
        "0",
        "Default string",
        "MP-00-REV-A",
    ];
    let cards = [
        "00:25:90:00:01:01",
        "00:25:90:00:01:02",
        "00:25:90:00:01:03",
        "00:25:90:00:01:04",
        "00:25:90:00:01:05",
        "00:25:90:00:01:06",
        "00:25:90:00:01:07",
        "00:25:90:00:01:08",
        "00:25:90:00:01:09",
        "00:25:90:00:01:0a",
    ];
    let serials = placeholders.iter().flat_map(|serial| [serial, serial]);
    for ((n, serial), card) in (10..).zip(serials).zip(cards) {
        proves(&attest(&node, &Miner::number(n), &machine(serial, &[card])));
    }
    // Two without any number are never compared.
    for n in [30, 31] {
        proves(&attest(
            &node,
            &Miner::number(n),
            &machine("None", &["00:00:00:00:00:01"]),
        ));
    }
}

fn who_proves_nothing_binds_nothing(kind: Kind) {
    let node = start(kind);
    let (owner, liar) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    // The liar knows everything that is written on the machine, and comes first.
    taken(&claim(&node, &liar, &mine));
    assert_eq!(units(&node, &liar), Vec::<i64>::new());
    let refusal = {
        let mut body = proven(&node, &liar, &mine);
        body["evidence"]["pipeline"]["digest"] = json!(1);
        node.submit(&liar.sign(body))
    };
    assert_eq!(refusal.code(), "EVIDENCE_REJECTED");
    proves(&attest(&node, &owner, &mine));
    // From then on the liar is told whose it is.
    refused(&claim(&node, &liar, &mine), DUPLICATE);
    // The owner's own old client goes on.
    taken(&claim(&node, &owner, &mine));
}

fn a_serial_alone_locks_nobody_out(kind: Kind) {
    let node = start(kind);
    let (owner, liar) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    // A liar with a machine of its own, of the same model, that names the serial.
    let squat = machine("CK130ABCXYZ", &["00:1f:5b:66:66:66"]);
    proves(&attest(&node, &liar, &squat));
    proves(&attest(&node, &owner, &mine));
    // And one with another processor that shows no card.
    let other = Machine {
        stepping: 3,
        ..machine("PF2ZQ1AA", &[])
    };
    proves(&attest(&node, &Miner::number(3), &other));
    let mine = machine("PF2ZQ1AA", &["00:1f:5b:01:02:09"]);
    proves(&attest(&node, &Miner::number(4), &mine));
    // A bound owner is not locked out by who learns the numbers later.
    proves(&attest(
        &node,
        &liar,
        &machine("CK130ABCXYZ", &["00:1f:5b:66:66:66", "00:1f:5b:01:02:03"]),
    ));
    proves(&attest(
        &node,
        &owner,
        &machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]),
    ));
}

fn a_machine_goes_to_another_wallet(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    let begun = node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 7));
    taken(&begun);
    for (name, value) in [
        ("migration", json!(1)),
        ("kind", json!("wallet")),
        ("status", json!("pending")),
        ("from", json!(a.id)),
        ("to", json!(b.id)),
        ("requested_by", json!("owner")),
    ] {
        assert_eq!(begun.body[name], value, "{name}");
    }
    // Everybody sees it, and can check it.
    let seen = node.get(&format!("/binding/{}", b.id)).body["migrations"][0].clone();
    let text = seen["signed_text"].as_str().unwrap();
    let signature = unhex(seen["signature"].as_str().unwrap()).unwrap();
    let key = unhex(&a.public_hex()).unwrap();
    assert!(verdigris_node::keys::verify(
        &key,
        &signature,
        text.as_bytes()
    ));
    let waits = node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 8));
    refused(&waits, "MIGRATION_PENDING");

    // Until then it is the old wallet's.
    node.wait_ms(DELAY_MS - 4_000);
    assert_eq!(complete(&node), 0);
    proves(&attest(&node, &a, &mine));
    refused(&attest(&node, &b, &mine), DUPLICATE);
    assert_eq!(complete(&node), 1);
    assert_eq!((units(&node, &a), units(&node, &b)), (vec![], vec![1]));
    // In this epoch it is paid under the old name; when the next begins is said, for miners to come back.
    let paid = attest(&node, &b, &mine);
    refused(&paid, PAID);
    refused(&attest(&node, &a, &mine), DUPLICATE);
    let wait_s = paid.body["retry_after_s"].as_i64().unwrap();
    assert!(paid.head.contains(&format!("retry-after: {wait_s}\r\n")));
    // Measuring takes some seconds of the node's time.
    node.wait_ms((wait_s - 60) * 1_000);
    refused(&attest(&node, &b, &mine), PAID);
    node.wait_ms(60_000);
    proves(&attest(&node, &b, &mine));
    refused(&attest(&node, &a, &mine), DUPLICATE);
    let twice = "SELECT CAST(count(*) AS TEXT) FROM
                 (SELECT epoch FROM unit_epochs GROUP BY epoch, unit HAVING count(*) > 1) AS twice";
    assert_eq!(column(&node.database.location, twice), ["0"]);
    // And it can go back.
    taken(&node.post("/binding/migrate", &migrate(&b, Of::Wallet, 1, &a.id, 1)));
}

fn a_ticket_of_the_old_wallet_pays_nobody(kind: Kind) {
    let node = Node::binding(
        kind,
        Config {
            migration_delay: std::time::Duration::from_secs(1),
            ..unlimited()
        },
        salt(),
    );
    let (a, b) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    taken(&node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 7)));
    node.wait_ms(1_000);
    assert_eq!(complete(&node), 1);
    node.wait_ms(EPOCH_MS);
    // The attestation is recent enough to enrol in the next epoch, but the machine is another's.
    let late = node.post("/epoch/enroll", &a.enrolment("a", 1));
    refused(&late, FAILED);
    proves(&attest(&node, &b, &mine));
    refused(&node.post("/epoch/enroll", &a.enrolment("a", 1)), FAILED);
    // Whose it is may, and then it is paid for.
    node.wait_ms(EPOCH_MS);
    taken(&node.post("/epoch/enroll", &b.enrolment("b", 2)));
    taken(&node.post("/binding/migrate", &migrate(&b, Of::Wallet, 1, &a.id, 7)));
    node.wait_ms(1_000);
    assert_eq!(complete(&node), 1);
    refused(&attest(&node, &a, &mine), PAID);
}

fn an_owner_cancels_a_migration(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    taken(&node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 7)));
    // Nobody else.
    let stranger = node.post("/binding/cancel", &cancel(&b, 1));
    assert_eq!(stranger.code(), "MIGRATION_NOT_FOUND");
    let cancelled = node.post("/binding/cancel", &cancel(&a, 1));
    taken(&cancelled);
    assert_eq!(
        (&cancelled.body["status"], &cancelled.body["cancelled_by"]),
        (&json!("cancelled"), &json!("owner"))
    );
    refused(
        &node.post("/binding/cancel", &cancel(&a, 1)),
        "MIGRATION_ENDED",
    );
    node.wait_ms(DELAY_MS);
    assert_eq!(complete(&node), 0);
    proves(&attest(&node, &a, &mine));
    // A cancelled one cannot be sent again.
    let again = node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 7));
    assert_eq!(again.code(), "REPLAY_DETECTED");
}

fn a_migration_that_is_not_signed_as_it_should_be_is_refused(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    let good = migrate(&a, Of::Wallet, 1, &b.id, 7);
    let refuse = |body: &Value, code: &str| {
        let reply = node.post("/binding/migrate", body);
        assert_eq!(reply.code(), code, "{body} {reply:?}");
    };
    refuse(&json!([]), "INVALID_JSON_OBJECT");
    refuse(&json!({}), "MISSING_REQUIRED_FIELDS");
    for (name, value, code) in [
        ("kind", json!("colour"), "INVALID_MIGRATION_FIELD"),
        ("unit", json!("1"), "INVALID_MIGRATION_FIELD"),
        ("unit", json!(0), "INVALID_MIGRATION_FIELD"),
        ("unit", json!(2), "INVALID_SIGNATURE"),
        ("to", json!(a.id), "INVALID_MIGRATION_FIELD"),
        ("to", json!(null), "INVALID_MIGRATION_FIELD"),
        ("to", json!("a b"), "INVALID_MINER"),
        ("to", json!(Miner::number(3).id), "INVALID_SIGNATURE"),
        ("nonce", json!(0), "NONCE_MUST_BE_GT_ZERO"),
        ("nonce", json!(8), "INVALID_SIGNATURE"),
        ("chain_id", json!(null), "CHAIN_ID_MISMATCH"),
        ("chain_id", json!("another"), "CHAIN_ID_MISMATCH"),
        ("public_key", json!(b.public_hex()), "INVALID_SIGNATURE"),
        ("signature", json!("00".repeat(64)), "INVALID_SIGNATURE"),
    ] {
        let mut body = good.clone();
        body[name] = value;
        refuse(&body, code);
    }
    // Signed, but by somebody else, or for what is not there.
    let mut forged = migrate(&Miner::number(2).named(&a.id), Of::Wallet, 1, &b.id, 7);
    refuse(&forged, "PUBKEY_ADDRESS_MISMATCH");
    forged = migrate(&Miner::number(2).named("power8"), Of::Wallet, 1, &b.id, 7);
    refuse(&forged, "SIGNING_KEY_MISMATCH");
    refuse(&migrate(&b, Of::Wallet, 1, &a.id, 7), "BINDING_NOT_FOUND");
    refuse(&migrate(&a, Of::Wallet, 9, &b.id, 7), "BINDING_NOT_FOUND");
    // What was refused used no nonce.
    taken(&node.post("/binding/migrate", &good));
    taken(&node.post("/binding/cancel", &cancel(&a, 1)));
    refuse(&good, "REPLAY_DETECTED");
    refuse(&migrate(&a, Of::Wallet, 1, &b.id, 6), "OUT_OF_ORDER_NONCE");
    // A name is moved by the key that it is pinned to.
    let named = Miner::number(5).named("power8");
    proves(&attest(&node, &named, &machine("PF2ZQ1AA", &[])));
    taken(&node.post(
        "/binding/migrate",
        &migrate(&named, Of::Wallet, 2, &b.id, 1),
    ));
}

fn who_lost_the_key_gets_the_machine_back(kind: Kind) {
    let node = start(kind);
    let (lost, new) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &lost, &mine));
    refused(&attest(&node, &new, &mine), DUPLICATE);
    let operator = operator(&node);
    let start = json!({"unit": 1, "to": new.id, "reason": "showed the machine"});
    let begun = operator.post("/binding/start", &start);
    taken(&begun);
    assert_eq!(
        (&begun.body["requested_by"], &begun.body["reason"]),
        (&json!("operator"), &json!("showed the machine"))
    );
    // The old key, if somebody has it after all, can call it off.
    let shown = node.get(&format!("/binding/{}", lost.id));
    assert_eq!(shown.body["migrations"][0]["status"], "pending");
    taken(&node.post("/binding/cancel", &cancel(&lost, 1)));
    // And so can the operator.
    taken(&operator.post("/binding/start", &start));
    let stop = json!({"migration": 2, "reason": "a mistake"});
    assert_eq!(
        operator.post("/binding/stop", &stop).body["cancelled_by"],
        "operator"
    );
    refused(&operator.post("/binding/stop", &stop), "MIGRATION_ENDED");
    for (path, body, code) in [
        (
            "/binding/start",
            json!({"unit": 1, "to": new.id}),
            "INVALID_PARAMETER",
        ),
        (
            "/binding/start",
            json!({"unit": 9, "to": new.id, "reason": "x"}),
            "BINDING_NOT_FOUND",
        ),
        (
            "/binding/start",
            json!({"unit": 1, "to": lost.id, "reason": "x"}),
            "INVALID_MIGRATION_FIELD",
        ),
        (
            "/binding/stop",
            json!({"migration": 9, "reason": "x"}),
            "MIGRATION_NOT_FOUND",
        ),
    ] {
        assert_eq!(operator.post(path, &body).code(), code, "{path} {body}");
    }
    // From the command line, and undisturbed, it is done after four times as long.
    let said = done(operate(
        &node,
        &[
            "migrate", "1", "--to", &new.id, "--reason", "lost", "--delay", "9",
        ],
    ));
    assert!(said.starts_with("migration 3 of unit 1"), "{said}");
    let said = done(operate(&node, &["migrations"]));
    assert!(
        said.contains("migration 3 (wallet, pending)") && said.contains("lost"),
        "{said}"
    );
    done(operate(&node, &["cancel", "3", "--reason", "too soon"]));
    taken(&operator.post("/binding/start", &start));
    node.wait_ms(DELAY_MS * i64::from(OPERATOR_DELAYS) - 1);
    assert_eq!(complete(&node), 0);
    node.wait_ms(1);
    assert_eq!(complete(&node), 1);
    proves(&attest(&node, &new, &mine));
    refused(&attest(&node, &lost, &mine), DUPLICATE);
}

fn other_parts_are_announced(kind: Kind) {
    let node = start(kind);
    let a = Miner::number(1);
    let old = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    let upgraded = Machine {
        stepping: 5,
        ..old.clone()
    };
    proves(&attest(&node, &a, &old));
    let told = attest(&node, &a, &upgraded);
    refused(&told, FAILED);
    assert_eq!(told.body["unit"], 1);
    // Another wallet cannot take it for a new machine either.
    refused(&attest(&node, &Miner::number(2), &upgraded), FAILED);
    taken(&node.post("/binding/migrate", &migrate(&a, Of::Hardware, 1, &a.id, 1)));
    proves(&attest(&node, &a, &old));
    refused(&attest(&node, &a, &upgraded), FAILED);
    node.wait_ms(DELAY_MS);
    assert_eq!(complete(&node), 1);
    let shown = node.get(&format!("/binding/{}", a.id));
    assert_eq!(shown.body["units"][0]["may_renew"], true);
    proves(&attest(&node, &a, &upgraded));
    proves(&attest(&node, &a, &upgraded));
    // Once: the old processor does not come back by the same permission.
    refused(&attest(&node, &a, &old), FAILED);
    assert_eq!(units(&node, &a), [1]);
}

fn the_operator_releases_a_machine(kind: Kind) {
    let node = start(kind);
    let (owner, squatter) = (Miner::number(1), Miner::number(2));
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &squatter, &mine));
    refused(&attest(&node, &owner, &mine), DUPLICATE);
    taken(&node.post(
        "/binding/migrate",
        &migrate(&squatter, Of::Wallet, 1, "elsewhere", 1),
    ));
    let release = json!({"unit": 1, "reason": "somebody else's serial"});
    let operator = operator(&node);
    let released = operator.post("/binding/release", &release);
    taken(&released);
    assert_eq!(released.body["miner"], json!(squatter.id));
    // Its migration is off with it.
    assert_eq!(
        operator.post("/binding/release", &release).code(),
        "BINDING_NOT_FOUND"
    );
    let shown = node.get("/binding/elsewhere");
    assert_eq!(shown.body["migrations"][0]["status"], "cancelled");
    // It was paid in this epoch; from the next on it is whose who proves it first.
    refused(&attest(&node, &owner, &mine), PAID);
    node.wait_ms(EPOCH_MS);
    proves(&attest(&node, &owner, &mine));
    refused(&attest(&node, &squatter, &mine), DUPLICATE);
    let said = done(operate(&node, &["show", &owner.id]));
    assert!(
        said.contains("released") && said.contains("somebody else's serial"),
        "{said}"
    );
    let shown = done(operate(&node, &["show", &owner.id, "--json"]));
    assert_eq!(parse(shown.as_bytes()).unwrap()["units"][0]["unit"], 1);
    done(operate(&node, &["release", "1", "--reason", "sold"]));
    assert_eq!(
        operate(&node, &["release", "1", "--reason", "sold"])
            .status
            .code(),
        Some(3)
    );
    assert!(done(operate(&node, &["show", &owner.id])).starts_with("no machine"));
}

fn nothing_that_names_a_machine_is_in_its_rows(kind: Kind) {
    let node = start(kind);
    let a = Miner::number(1);
    let mine = machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]);
    proves(&attest(&node, &a, &mine));
    let told = column(&node.database.location, "SELECT known FROM units").join("\n");
    let public = node.get(&format!("/binding/{}", a.id)).body.to_string();
    for text in ["CK130", "ck130", "1f:5b", "1f5b0102", &hex(b"CK130ABCXYZ")] {
        assert!(!told.contains(text) && !public.contains(text), "{text}");
    }
    // Hashes are for the node alone.
    let tags = parse(told.as_bytes()).unwrap();
    let tag = tags["firmware"][0].as_str().unwrap();
    assert_eq!(tag.len(), 32);
    assert!(!public.contains(tag));
    // With another secret they are others.
    let body = legacy(&a, &mine, "n");
    let by = |salt: Salt| shown(body.as_object().unwrap(), None, &salt);
    let (ours, theirs) = (by(salt()), by(Salt::new(&[8; 32])));
    assert!(ours.marks().all(|tag| !theirs.marks().any(|t| t == tag)));
}

fn the_audit_finds_bindings_that_the_log_does_not_give(kind: Kind) {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    proves(&attest(
        &node,
        &a,
        &machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]),
    ));
    proves(&attest(
        &node,
        &b,
        &machine("CK130ABCXYW", &["00:1f:5b:01:02:04"]),
    ));
    taken(&node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 7)));
    let c = Connection::open(&node.database.location, Access::Writer).unwrap();
    let faults = |with: bool| {
        let (salt, c) = (salt(), &c);
        audit_with(c, with.then_some(&salt)).unwrap().faults
    };
    assert_eq!((faults(false), faults(true)), (vec![], vec![]));
    let forge = |sql: &str, back: &str, only_with: bool| {
        c.batch(sql).unwrap();
        assert_eq!(
            faults(false).is_empty(),
            only_with,
            "{sql} {:?}",
            faults(false)
        );
        assert!(!faults(true).is_empty(), "{sql}");
        c.batch(back).unwrap();
        assert_eq!(faults(true), Vec::<String>::new(), "{sql}");
    };
    let (ours, theirs) = (&a.id, &b.id);
    forge(
        &format!("UPDATE units SET miner = '{theirs}' WHERE id = 1"),
        &format!("UPDATE units SET miner = '{ours}' WHERE id = 1"),
        false,
    );
    forge(
        "UPDATE units SET paid = 'nobody' WHERE id = 1",
        &format!("UPDATE units SET paid = '{ours}' WHERE id = 1"),
        false,
    );
    forge(
        "UPDATE units SET known = 'x' || known WHERE id = 1; UPDATE units SET known = substr(known, 2)
         WHERE id = 1; UPDATE units SET renews = NOT renews WHERE id = 2",
        "UPDATE units SET renews = NOT renews WHERE id = 2",
        false,
    );
    // What a machine is known by: the index alone, or both.
    let known = column(
        &node.database.location,
        "SELECT known FROM units ORDER BY id",
    );
    let swap = |first: usize, second: usize| {
        format!(
            "UPDATE units SET known = '{}' WHERE id = 1; UPDATE units SET known = '{}' WHERE id = 2;",
            known[first], known[second]
        )
    };
    forge(&swap(1, 0), &swap(0, 1), false);
    let turn = "UPDATE unit_marks SET unit = 3 - unit;";
    forge(
        &format!("{} {turn}", swap(1, 0)),
        &format!("{} {turn}", swap(0, 1)),
        true,
    );
}

/// The line that `serve` begins with, or what it says where it does not begin.
fn serving(database: &Database, arguments: &[&OsStr]) -> Result<Server, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
        .args(["serve", "--listen", "127.0.0.1:0", "--database"])
        .arg(common::argument(&database.location))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    match line.trim().strip_prefix("listening on http://") {
        Some(address) => Ok(Server {
            address: address.parse().unwrap(),
            child,
        }),
        None => {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(3));
            Err(String::from_utf8(output.stderr).unwrap())
        }
    }
}

fn a_node_without_the_secret_of_its_database_does_not_start(kind: Kind) {
    let database = Database::new(kind);
    let beside = database.directory.path().join("node.db.binding-secret");
    let file = database.directory.path().join("secret");
    let named: [&OsStr; 2] = ["--binding-secret".as_ref(), file.as_ref()];
    match kind {
        Kind::Sqlite => {
            drop(serving(&database, &[]).unwrap());
            let mode = std::fs::metadata(&beside).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            std::fs::rename(&beside, &file).unwrap();
            // Gone, it is not made anew.
            let gone = serving(&database, &[]).err().unwrap();
            assert!(
                gone.contains("binding secret") && !beside.exists(),
                "{gone}"
            );
        }
        Kind::Postgres => {
            // Without any it serves, and binds nothing.
            drop(serving(&database, &[]).unwrap());
            drop(serving(&database, &named).unwrap());
            let gone = serving(&database, &[]).err().unwrap();
            assert!(gone.contains("--binding-secret"), "{gone}");
        }
    }
    drop(serving(&database, &named).unwrap());
    let other = database.directory.path().join("other");
    secret::read_or_make(&other).unwrap();
    let named: [&OsStr; 2] = ["--binding-secret".as_ref(), other.as_ref()];
    let wrong = serving(&database, &named).err().unwrap();
    assert!(wrong.contains("is not the one"), "{wrong}");
}

/// A node with machines and migrations of all kinds.
fn busy(kind: Kind) -> Node {
    let node = start(kind);
    let (a, b) = (Miner::number(1), Miner::number(2));
    proves(&attest(
        &node,
        &a,
        &machine("CK130ABCXYZ", &["00:1f:5b:01:02:03"]),
    ));
    proves(&attest(&node, &b, &machine("CK130ABCXYW", &[])));
    proves(&attest(&node, &b, &machine("CK130ABCXYV", &[])));
    taken(&node.post("/binding/migrate", &migrate(&a, Of::Wallet, 1, &b.id, 1)));
    node.wait_ms(DELAY_MS);
    assert_eq!(complete(&node), 1);
    taken(&node.post("/binding/migrate", &migrate(&b, Of::Wallet, 1, &a.id, 1)));
    taken(&node.post("/binding/cancel", &cancel(&b, 2)));
    taken(&node.post("/binding/migrate", &migrate(&b, Of::Hardware, 2, &b.id, 2)));
    done(operate(
        &node,
        &["migrate", "1", "--to", &a.id, "--reason", "a dispute"],
    ));
    done(operate(&node, &["release", "3", "--reason", "sold"]));
    node
}

/// What [`busy`] left, on another database.
fn is_the_busy_one(database: &Database) {
    let (c, _) = open_to_look(database.location.clone()).unwrap();
    let faults = audit_with(&c, Some(&salt())).unwrap().faults;
    assert_eq!(faults, Vec::<String>::new());
    let of_b = bindings::units_of(&c, &Miner::number(2).id).unwrap();
    assert_eq!(of_b.iter().map(|unit| unit.id).collect::<Vec<_>>(), [1, 2]);
    let states: Vec<_> = bindings::migrations(&c, true).unwrap();
    let states: Vec<_> = states.iter().map(|kept| kept.state.name()).collect();
    assert_eq!(states, ["pending", "pending", "cancelled", "done"]);
}

fn machines_survive_a_backup(kind: Kind) {
    let node = busy(kind);
    let file = node.database.directory.path().join("backup");
    backup(node.database.location.clone(), &file).unwrap();
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = Database::new(kind);
        restore(&file, &database.location).unwrap();
        is_the_busy_one(&database);
        // Nothing of it is in the way of new rows.
        let node = Node::binding_on(database, node.now.clone(), unlimited(), salt());
        let new = machine("PF2ZQ1AA", &["00:1f:5b:01:02:09"]);
        proves(&attest(&node, &Miner::number(9), &new));
        assert_eq!(units(&node, &Miner::number(9)), [4]);
    }
}

fn a_backup_of_version_6_is_restored(kind: Kind) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/backup-6.jsonl");
    let database = Database::new(kind);
    restore(Path::new(file), &database.location).unwrap();
    is_the_busy_one(&database);
}

/// What a property test does next.
#[derive(Debug, Clone)]
enum Step {
    /// A machine attests under a name, as root or not, proven or not.
    Attest {
        machine: usize,
        name: usize,
        root: bool,
        proven: bool,
    },
    /// The name that a machine's unit is bound to moves it to another.
    Move { unit: i64, to: usize, after_ms: i64 },
    /// It announces other parts.
    Announce { unit: i64 },
    /// A machine gets another board.
    Alter { machine: usize },
    /// A migration is cancelled.
    Cancel(i64),
    /// A machine is released.
    Release(i64),
    /// Time goes by.
    Wait(i64),
}

const MACHINES: usize = 3;
const NAMES: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let attest = (
        0..MACHINES,
        0..NAMES,
        any::<bool>(),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(machine, name, root, proven)| Step::Attest {
            machine,
            name,
            root,
            proven,
        });
    prop_oneof![
        8 => attest,
        2 => (1..6i64, 0..NAMES, 0..2 * EPOCH_MS).prop_map(|(unit, to, after_ms)| Step::Move { unit, to, after_ms }),
        1 => (1..6i64).prop_map(|unit| Step::Announce { unit }),
        1 => (0..MACHINES).prop_map(|machine| Step::Alter { machine }),
        1 => (1..6i64).prop_map(Step::Cancel),
        1 => (1..6i64).prop_map(Step::Release),
        3 => (1..EPOCH_MS).prop_map(Step::Wait),
    ]
}

/// A world of machines whose truth is known, on a database.
struct World<'a> {
    c: &'a Connection,
    now_ms: i64,
    /// How often each machine's board was replaced.
    boards: [u32; MACHINES],
    /// Names that each machine was enrolled under, by epoch.
    paid: BTreeMap<(i64, usize), BTreeSet<usize>>,
    /// Attestations so far.
    count: usize,
}

fn name(n: usize) -> String {
    format!("name-{n}")
}

impl World<'_> {
    fn attest(&mut self, machine: usize, who: usize, root: bool, proven: bool) {
        let mut members = json!({
            "device": {"serial": format!("3d1219c7c4c5404{machine}")},
            "signals": {"macs": [format!("00:1f:5b:01:02:0{machine}")]},
        });
        if root {
            let board = self.boards[machine];
            members["signals"]["serial"] = format!("CK130ABC{board}XY{machine}").into();
        }
        let taken = self.show(&name(who), &members, proven).is_none();
        if taken && proven {
            self.paid
                .entry((self.epoch(), machine))
                .or_default()
                .insert(who);
        }
    }

    /// Attests as a proven machine; gives why not.
    fn bind(&mut self, miner: &str, members: &Value) -> Option<Refusal> {
        self.show(miner, members, true)
    }

    fn show(&mut self, miner: &str, members: &Value, proven: bool) -> Option<Refusal> {
        self.count += 1;
        let unit = shown(members.as_object().unwrap(), None, &salt());
        let epoch = self.epoch();
        let sighting = Sighting {
            miner,
            proven,
            shown: &unit,
            epoch,
        };
        let (now_ms, nonce) = (self.now_ms, self.count.to_string());
        self.write(|c| {
            let known = bindings::candidates(c, miner, &unit)?;
            let decision = decide(sighting, &known, |_| Agreement::Silent);
            if let Decision::Refused(refusal) = decision {
                return Ok(Some(refusal));
            }
            let attestation = records::Attestation {
                issued_ms: now_ms,
                received_ms: now_ms,
                miner: miner.to_owned(),
                nonce: nonce.clone(),
                epoch,
                accepted: true,
                weight: 1,
                previous_id: None,
                fingerprint_hash: None,
                body: members.to_string().into_bytes(),
                verdict: json!({"physical": proven}).to_string(),
            };
            let id = records::append(c, &attestation)?.expect("a new nonce");
            bindings::apply(c, &decision, sighting, &known, id, now_ms)?;
            Ok(None)
        })
    }

    fn write<T>(&self, job: impl FnOnce(&Connection) -> sql::Result<T>) -> T {
        self.c.transaction(Purpose::Write, job).unwrap()
    }

    fn epoch(&self) -> i64 {
        (self.now_ms - START_MS) / EPOCH_MS
    }

    fn take(&mut self, step: &Step) {
        let now_ms = self.now_ms;
        match *step {
            Step::Attest {
                machine,
                name,
                root,
                proven,
            } => self.attest(machine, name, root, proven),
            Step::Move { unit, to, after_ms } => self.begin(Of::Wallet, unit, &name(to), after_ms),
            Step::Announce { unit } => {
                let known = bindings::unit(self.c, unit).unwrap();
                if let Some(miner) = known.and_then(|known| known.miner) {
                    // Signatures are another test's; the operator can begin this kind only here.
                    self.begin(Of::Hardware, unit, &miner, 0);
                }
            }
            Step::Alter { machine } => self.boards[machine] += 1,
            Step::Cancel(id) => drop(self.write(|c| bindings::cancel(c, id, "why", now_ms))),
            Step::Release(unit) => drop(self.write(|c| bindings::release(c, unit, "why", now_ms))),
            Step::Wait(ms) => self.now_ms += ms,
        }
        let now_ms = self.now_ms;
        self.write(|c| bindings::complete_due(c, now_ms, 100));
    }

    fn begin(&self, kind: Of, unit: i64, to: &str, after_ms: i64) {
        let origin = Origin::Operator("why".into());
        let due_ms = self.now_ms + after_ms;
        drop(self.write(|c| bindings::begin(c, kind, unit, to, &origin, self.now_ms, due_ms)));
    }
}

fn any_order_of_things_pays_a_machine_once(kind: Kind) {
    let config = ProptestConfig::with_cases(if kind == Kind::Sqlite { 64 } else { 8 });
    proptest!(config, |(steps in prop::collection::vec(step(), 1..60))| {
        let database = Database::new(kind);
        drop(Store::open(database.location.clone(), options(), START_MS).unwrap());
        let c = Connection::open(&database.location, Access::Writer).unwrap();
        let mut world = World {
            c: &c,
            now_ms: START_MS,
            boards: [0; MACHINES],
            paid: BTreeMap::new(),
            count: 0,
        };
        for step in &steps {
            world.take(step);
        }
        for ((epoch, machine), names) in &world.paid {
            prop_assert!(names.len() == 1, "machine {machine} in epoch {epoch}: {names:?}");
        }
        // What happened gives the same state again, hash by hash.
        prop_assert_eq!(audit_with(&c, Some(&salt())).unwrap().faults, Vec::<String>::new());
    });
}

fn a_common_mark_costs_a_bounded_look_up(kind: Kind) {
    let database = Database::new(kind);
    drop(Store::open(database.location.clone(), options(), START_MS).unwrap());
    let c = Connection::open(&database.location, Access::Writer).unwrap();
    let mut world = World {
        c: &c,
        now_ms: START_MS,
        boards: [0; MACHINES],
        paid: BTreeMap::new(),
        count: 0,
    };
    // One serial on many machines with cards of their own: a placeholder that nobody knows yet.
    let show = |n: usize| {
        let card = format!("00:25:90:00:{:02x}:{:02x}", n / 256 + 1, n % 256);
        json!({"device": {"serial": "MP-00-REV-A"}, "signals": {"macs": [card]}})
    };
    for n in 0..CANDIDATES_MAX + 5 {
        let members = show(n);
        world.bind(&format!("shop-{n}"), &members);
    }
    let members = show(0);
    let unit = shown(members.as_object().unwrap(), None, &salt());
    let found = bindings::candidates(&c, "shop-0", &unit).unwrap();
    assert_eq!(found.len(), CANDIDATES_MAX);
    assert_eq!(
        audit_with(&c, Some(&salt())).unwrap().faults,
        Vec::<String>::new()
    );

    // And a name has so many machines, and no more.
    for n in 100..100 + UNITS_MAX {
        assert_eq!(world.bind("collector", &show_own(n)), None);
    }
    assert_eq!(
        world.bind("collector", &show_own(100 + UNITS_MAX)),
        Some(Refusal::TooMany)
    );
    assert_eq!(world.bind("collector", &show_own(100)), None);
}

fn show_own(n: usize) -> Value {
    json!({"device": {"serial": format!("PF2ZQ{n}")}, "signals": {"macs": []}})
}
