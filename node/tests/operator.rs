//! What only the operator may do, through the listener with the token.

mod common;

use common::{unlimited, Miner, Node, Reply, EPOCH_MS};
use serde_json::{json, Value};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use verdigris_node::http;
use verdigris_node::http::admin::Token;

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

fn void(operator: SocketAddr, token: &str, body: &Value) -> Reply {
    let header = format!("Authorization: Bearer {token}\r\n");
    common::post_as(
        operator,
        "/pending/void",
        body.to_string().as_bytes(),
        &header,
    )
    .unwrap()
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
