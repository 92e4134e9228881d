//! What only the operator may do, through the listener with the token.

mod common;

use common::{unlimited, Kind, Miner, Node, Reply, EPOCH_MS};
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use verdigris_node::config::Config;
use verdigris_node::http;
use verdigris_node::http::admin::Token;
use verdigris_node::json::parse;

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

fn look(operator: SocketAddr, path: &str) -> Reply {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: node\r\nConnection: close\r\nX-Admin-Key: {TOKEN}\r\n\r\n"
    );
    Reply::read(&common::exchange(operator, request.as_bytes())).unwrap()
}

/// A node on which a name without a key and an address have half a pot each, and its operator.
fn funded() -> (Node, SocketAddr, Miner) {
    let node = Node::start(unlimited());
    let operator = operator_of(&node);
    let owner = Miner::number(0);
    assert_eq!(owner.attest(&node).status, 200);
    let unsigned = Miner::number(1).named("power8");
    assert_eq!(node.submit(&unsigned.body(&node.nonce())).status, 200);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    (node, operator, owner)
}

#[test]
fn the_operator_moves_the_money_of_a_name_and_of_nobody_else() {
    let (node, operator, owner) = funded();
    let order = |from: &str, to: &str, amount: &str, nonce: i64| {
        let text = format!(
            r#"{{"from_miner":"{from}","to_miner":"{to}","amount_rtc":{amount},"nonce":{nonce},"reason":"moved house"}}"#
        );
        ask(
            operator,
            "/wallet/transfer",
            TOKEN,
            &parse(text.as_bytes()).unwrap(),
        )
    };
    // Not for everybody, and not without the token.
    let body = json!({"from_miner": "power8", "to_miner": owner.id, "amount_rtc": 0.5});
    assert_eq!(node.post("/wallet/transfer", &body).status, 404);
    let stranger = ask(
        operator,
        "/wallet/transfer",
        "another-token-of-thirty-two-char",
        &body,
    );
    assert_eq!(stranger.status, 401);
    let own = order(&owner.id, "power8", "0.5", 1);
    assert_eq!((own.status, own.code()), (403, "SENDER_HAS_KEY"));

    let taken = order("power8", &owner.id, "0.5", 1);
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(taken.body["phase"], "pending");
    // Sent again because the answer was lost, it is no second one.
    assert_eq!(
        order("power8", &owner.id, "0.5", 1).code(),
        "REPLAY_DETECTED"
    );
    assert_eq!(
        order("power8", &owner.id, "0.3", 2).code(),
        "INSUFFICIENT_BALANCE"
    );
    let soundness = look(operator, "/pending/integrity").body;
    assert_eq!(
        (
            &soundness["ok"],
            &soundness["pending"],
            &soundness["pending_i64"],
            &soundness["overdue"]
        ),
        (&json!(true), &json!(1), &json!(500_000), &json!(0))
    );
    let waiting = look(operator, "/pending/list").body;
    assert_eq!(waiting["pending"][0]["from_address"], "power8");

    // Due and not before, and once.
    let confirm = || ask(operator, "/pending/confirm", TOKEN, &json!({"limit": 5})).body;
    assert_eq!(confirm()["confirmed_count"], 0);
    node.wait_ms(i64::try_from(node.app.config.transfer_delay.as_millis()).unwrap());
    assert_eq!(look(operator, "/pending/integrity").body["overdue"], 1);
    assert_eq!(confirm()["confirmed_ids"], json!([1]));
    assert_eq!(confirm()["confirmed_count"], 0);
    let tooth = ask(operator, "/pending/confirm", TOKEN, &json!({"limit": 501}));
    assert_eq!(tooth.status, 400);

    let balances = look(operator, "/wallet/balances/all?limit=1").body;
    assert_eq!(
        (&balances["wallets"], &balances["total_i64"]),
        (&json!(2), &json!(1_500_000))
    );
    let first = balances["next_after"].as_str().unwrap();
    let rest = look(operator, &format!("/wallet/balances/all?after={first}")).body;
    let mut held: Vec<(&str, i64)> = [&balances, &rest]
        .iter()
        .flat_map(|page| page["balances"].as_array().unwrap())
        .map(|b| {
            (
                b["miner_id"].as_str().unwrap(),
                b["amount_i64"].as_i64().unwrap(),
            )
        })
        .collect();
    held.sort_unstable();
    assert_eq!(held, [(owner.id.as_str(), 1_250_000), ("power8", 250_000)]);
    let ledger = look(operator, "/wallet/ledger?miner_id=power8").body;
    let lines: Vec<(&str, i64)> = ledger["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                line["reason"].as_str().unwrap(),
                line["delta_i64"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].0.starts_with("transfer/") && lines[0].1 == -500_000);
    assert_eq!(lines[1], ("epoch/0", 750_000));
    let all = look(operator, "/wallet/ledger").body;
    // Two wallets and the emission, two sides of the transfer, two of the genesis.
    assert_eq!(all["count"], 7);
    let sum: i64 = all["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["delta_i64"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, 0);
    // Everybody can see that it was ordered.
    let hash = waiting["pending"][0]["tx_hash"].as_str().unwrap();
    let shown = node.get(&format!("/wallet/tx/{hash}")).body;
    assert_eq!(
        (&shown["status"], &shown["signature"]),
        (&json!("confirmed"), &Value::Null)
    );
    assert!(shown["signed_text"]
        .as_str()
        .unwrap()
        .contains(r#""ordered_by":"operator""#));
}

#[test]
fn a_wallet_that_is_looked_into_sends_nothing() {
    let (node, operator, owner) = funded();
    let send = |nonce| {
        node.post(
            "/wallet/transfer/signed",
            &owner.transfer("bcn_shop", "0.1", nonce),
        )
    };
    let decide = |decision: &str| {
        let body = json!({"wallet": owner.id, "decision": decision, "reason": "reported stolen"});
        ask(operator, "/wallet/review", TOKEN, &body)
    };
    for (decision, status, code) in [
        ("held", 409, "WALLET_HELD"),
        ("blocked", 403, "WALLET_BLOCKED"),
        ("cleared", 200, ""),
    ] {
        assert_eq!(decide(decision).status, 200);
        let sent = send(1);
        assert_eq!((sent.status, sent.code()), (status, code), "{sent:?}");
        if status != 200 {
            assert_eq!(sent.body["reason"], "reported stolen");
        }
    }
    assert_eq!(decide("forgotten").status, 400);
    let reviews = look(operator, "/wallet/reviews").body;
    assert_eq!(
        (&reviews["total"], &reviews["reviews"][0]["decision"]),
        (&json!(3), &json!("cleared"))
    );
}

#[test]
fn a_key_has_a_limited_number_of_transfers_an_hour() {
    let config = Config {
        transfers_per_hour: 2,
        ..unlimited()
    };
    let node = Node::start(config);
    let owner = Miner::number(0);
    let send = |who: &Miner, nonce| {
        node.post(
            "/wallet/transfer/signed",
            &who.transfer("bcn_shop", "0.1", nonce),
        )
    };
    for nonce in 1..=2 {
        assert_eq!(send(&owner, nonce).code(), "INSUFFICIENT_BALANCE");
    }
    let third = send(&owner, 3);
    assert_eq!((third.status, third.code()), (429, "RATE_LIMIT"));
    assert!(third.header("retry-after").is_some());
    assert_eq!(send(&Miner::number(1), 1).code(), "INSUFFICIENT_BALANCE");
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
