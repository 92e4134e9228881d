//! What only the operator may do, through the listener with the token.

mod common;

use common::{unlimited, Kind, Miner, Node, Reply, EPOCH_MS};
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use verdigris_node::http;
use verdigris_node::http::admin::Token;

on_each_database!(
    the_operator_gives_a_name_to_another_key,
    the_database_itself_keeps_a_pin_without_a_decision,
);

const TOKEN: &str = "a-token-of-thirty-two-characters";

/// Serves the operator of this node, until its runtime ends.
fn operator_of(node: &Node) -> SocketAddr {
    let file = node.database.directory.path().join("token");
    std::fs::write(&file, TOKEN).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let token = Token::from_file(&file).unwrap();
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = node.runtime.block_on(listening).unwrap();
    let address = listener.local_addr().unwrap();
    let app = Arc::clone(&node.app);
    let forever = std::future::pending();
    node.runtime
        .spawn(http::serve_admin(app, token, listener, forever));
    address
}

fn ask(operator: SocketAddr, path: &str, token: &str, body: &Value) -> Reply {
    let header = format!("Authorization: Bearer {token}\r\n");
    common::post_as(operator, path, body.to_string().as_bytes(), &header).unwrap()
}

fn void(operator: SocketAddr, token: &str, body: &Value) -> Reply {
    ask(operator, "/pending/void", token, body)
}

#[test]
fn a_transfer_is_called_off_with_the_token_and_only_so() {
    let node = Node::start(unlimited());
    let operator = operator_of(&node);
    let (rich, other) = (Miner::number(0), Miner::number(1));
    assert_eq!(rich.attest(&node).status, 200);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    let sent = rich.transfer(&other.id, "1.0", 1);
    assert_eq!(node.post("/wallet/transfer/signed", &sent).status, 200);

    let call_off = json!({"pending_id": 1, "reason": "a stolen key"});
    let stranger = void(operator, "another-token-of-thirty-two-char", &call_off);
    assert_eq!(stranger.status, 401);
    assert_eq!(node.post("/pending/void", &call_off).status, 404);
    for bad in [
        json!({"pending_id": "1", "reason": "x"}),
        json!({"pending_id": 1}),
        json!({"pending_id": 1, "reason": " "}),
        json!({"pending_id": 1, "reason": "x".repeat(513)}),
    ] {
        let refused = void(operator, TOKEN, &bad);
        assert_eq!((refused.status, refused.code()), (400, "INVALID_PARAMETER"));
    }
    let list = format!("/pending/list?miner_id={}&status=all", rich.id);
    assert_eq!(node.get(&list).body["pending"][0]["status"], "pending");

    let done = void(operator, TOKEN, &call_off);
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(
        (&done.body["status"], &done.body["void_reason"]),
        (&json!("voided"), &json!("a stolen key"))
    );
    assert_eq!(node.get(&list).body["pending"][0]["status"], "voided");
    // The money is free again.
    let again = rich.transfer(&other.id, "1.0", 2);
    assert_eq!(node.post("/wallet/transfer/signed", &again).status, 200);

    let twice = void(operator, TOKEN, &call_off);
    assert_eq!((twice.status, twice.code()), (409, "TRANSFER_ENDED"));
    let nobodys = json!({"pending_id": 9, "reason": "x"});
    assert_eq!(void(operator, TOKEN, &nobodys).status, 404);
}

/// The owner of a name lost the key, or somebody has it who should not.
fn the_operator_gives_a_name_to_another_key(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let operator = operator_of(&node);
    let old = Miner::number(1).named("dual-g4-125");
    let new = Miner::number(2).named("dual-g4-125");
    let third = Miner::number(3).named("dual-g4-125");
    let decide = |body: Value| ask(operator, "/admin/attest/key", TOKEN, &body);
    let act = |action: &str| {
        let reply = decide(json!({
            "miner": "dual-g4-125", "action": action, "reason": "a letter from the owner",
            "public_key": new.public_hex(),
        }));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    };
    assert_eq!(decide(json!({"miner": "dual-g4-125"})).code(), "NOT_FOUND");
    assert_eq!(old.attest(&node).status, 200);
    assert_eq!(new.attest(&node).code(), "SIGNING_KEY_MISMATCH");
    let status = decide(json!({"miner": "dual-g4-125"})).body;
    assert_eq!(status["public_key"], old.public_hex());
    assert_eq!(
        (&status["frozen"], &status["actions"]),
        (&json!(false), &json!([]))
    );

    // While it is frozen nobody speaks for it, its owner neither.
    assert_eq!(act("freeze")["frozen"], true);
    for miner in [&old, &new] {
        let refused = miner.attest(&node);
        assert_eq!((refused.status, refused.code()), (403, "NAME_FROZEN"));
    }
    assert_eq!(act("set")["public_key"], new.public_hex());
    assert_eq!(act("unfreeze")["frozen"], false);
    assert_eq!(old.attest(&node).code(), "SIGNING_KEY_MISMATCH");
    assert_eq!(new.attest(&node).status, 200);

    // Unpinned, it is the first comer's again.
    assert_eq!(act("unpin")["public_key"], Value::Null);
    assert_eq!(third.attest(&node).status, 200);
    assert_eq!(new.attest(&node).code(), "SIGNING_KEY_MISMATCH");
    let actions =
        decide(json!({"miner": "dual-g4-125", "action": "status"})).body["actions"].clone();
    let names: Vec<_> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|a| &a["action"])
        .collect();
    assert_eq!(names, ["unpin", "unfreeze", "set", "freeze"]);
    assert_eq!(actions[2]["previous_key"], old.public_hex());
    assert_eq!(actions[2]["public_key"], new.public_hex());
    assert_eq!(actions[2]["reason"], "a letter from the owner");

    // An address is a key, and nobody else's.
    let address = Miner::number(4);
    assert_eq!(address.attest(&node).status, 200);
    for (action, code) in [
        ("set", "INVALID_PARAMETER"),
        ("unpin", "INVALID_PARAMETER"),
        ("freeze", ""),
    ] {
        let body = json!({
            "miner": address.id, "action": action, "reason": "x", "public_key": new.public_hex(),
        });
        assert_eq!(decide(body).code(), code, "{action}");
    }
    assert_eq!(address.attest(&node).code(), "NAME_FROZEN");
    let enrolling = node.post("/epoch/enroll", &address.enrolment("x", 0));
    assert_eq!(enrolling.code(), "NAME_FROZEN");
    for bad in [
        json!({}),
        json!({"miner": 7}),
        json!({"miner": "a b"}),
        json!({"miner": "dual-g4-125", "action": "give"}),
        json!({"miner": "dual-g4-125", "action": "unpin"}),
        json!({"miner": "dual-g4-125", "action": "unpin", "reason": " "}),
        json!({"miner": "dual-g4-125", "action": "set", "reason": "x", "public_key": "00"}),
        json!({"miner": "dual-g4-125", "action": "freeze", "reason": "x".repeat(513)}),
    ] {
        assert_eq!(decide(bad.clone()).status, 400, "{bad}");
    }
    let stranger = ask(
        operator,
        "/admin/attest/key",
        "x",
        &json!({"miner": "dual-g4-125"}),
    );
    assert_eq!(stranger.status, 401);
    // Not on the listener for everybody.
    assert_eq!(node.post("/admin/attest/key", &json!({})).status, 404);
}

/// What no program does by mistake either.
fn the_database_itself_keeps_a_pin_without_a_decision(kind: Kind) {
    use verdigris_node::error::ApiError;
    use verdigris_node::store::names::{self, Act};
    use verdigris_node::store::sql::params;
    let node = Node::start_on(kind, unlimited());
    assert_eq!(Miner::number(1).named("a").attest(&node).status, 200);
    let run = |sql: &'static str| {
        let job = node
            .app
            .store
            .write(move |c| Ok::<_, ApiError>(c.execute(sql, params![])?));
        node.runtime.block_on(job)
    };
    assert!(run("UPDATE miners SET public_key = NULL").is_err());
    let decide = |act| {
        let job = node
            .app
            .store
            .write(move |c| Ok::<_, ApiError>(names::act(c, "a", act, "x", 1)?));
        node.runtime.block_on(job).unwrap()
    };
    assert!(decide(Act::Unpin));
    // A decision counts once: the next key is as safe as the last.
    assert_eq!(Miner::number(2).named("a").attest(&node).status, 200);
    assert!(run("UPDATE miners SET public_key = NULL").is_err());
    assert!(run("UPDATE key_actions SET reason = 'y'").is_err());
    assert!(run("DELETE FROM key_actions").is_err());
    assert!(run("DELETE FROM headers").is_err() || kind == Kind::Sqlite);
}
