//! Moving machines between wallets: what is signed and sent, and what is shown.

mod common;

use common::{error, serve, unhex, Home, Reply, Request};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::{json, Value};
use std::sync::mpsc::{channel, Receiver};

const TO: &str = "RTCc6bb76294846d778cd1ba227154c649d03474738";

/// A node with these machines; gives what is posted to it.
fn node(units: &[u64]) -> (String, Receiver<(String, Value)>) {
    let (send, sent) = channel();
    let units: Vec<Value> = units
        .iter()
        .map(|unit| {
            let known =
                json!({"firmware": 1, "installations": 0, "network_cards": 2, "processor": true});
            json!({"unit": unit, "known_by": known})
        })
        .collect();
    let url = serve(move |_, request: &Request| {
        if request.path.starts_with("/binding/RTC") {
            let answer = json!({"ok": true, "units": units, "migrations": []});
            return Reply::Http(200, "", answer.to_string());
        }
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        send.send((request.path.clone(), body))
            .expect("the test waits");
        let answer = json!({
            "ok": true, "migration": 4, "kind": "wallet", "status": "pending", "unit": 17,
            "from": "a\u{1b}[31m", "to": TO, "due_at": 1_800_000_000,
        });
        Reply::Http(200, "", answer.to_string())
    });
    (url, sent)
}

/// Whether the body's signature is over `text`, by the body's key.
fn is_signed(body: &Value, text: &str) -> bool {
    let bytes = |name: &str| unhex(body[name].as_str().expect("digits"));
    let key = VerifyingKey::try_from(bytes("public_key").as_slice()).expect("a key");
    let signature = Signature::from_slice(&bytes("signature")).expect("a signature");
    key.verify_strict(text.as_bytes(), &signature).is_ok()
}

#[test]
fn the_only_machine_goes_to_another_wallet() {
    let (url, sent) = node(&[17]);
    let home = Home::new();
    home.run(&["wallet", "new"]).ended(0);
    let ran = home.run(&["migrate", "--to", TO, "--node", &url]).ended(0);
    assert!(
        ran.stdout
            .contains("migration 4 (wallet, pending) of machine 17"),
        "{ran:?}"
    );
    // What a node says cannot paint the terminal.
    assert!(!ran.stdout.contains('\u{1b}'), "{ran:?}");
    let (path, body) = sent.recv().expect("a request");
    assert_eq!(path, "/binding/migrate");
    let (miner, nonce) = (&body["miner"], &body["nonce"]);
    let text = format!(
        r#"{{"action":"binding_migrate","chain_id":"rustchain-mainnet-v2","kind":"wallet","miner":{miner},"nonce":{nonce},"to":"{TO}","unit":17}}"#
    );
    assert!(is_signed(&body, &text), "{body}");
    assert!(nonce.as_u64() > Some(1_700_000_000_000));
    assert_eq!(
        body.as_object().map(serde_json::Map::len),
        Some(8),
        "{body}"
    );
}

#[test]
fn other_parts_and_cancellations_are_signed() {
    let (url, sent) = node(&[]);
    let home = Home::new();
    home.run(&["wallet", "new"]).ended(0);
    let hardware = [
        "migrate",
        "--hardware",
        "--unit",
        "9",
        "--chain-id",
        "net",
        "--node",
        &url,
    ];
    home.run(&hardware).ended(0);
    let (_, body) = sent.recv().expect("a request");
    let (miner, nonce) = (&body["miner"], &body["nonce"]);
    let text = format!(
        r#"{{"action":"binding_migrate","chain_id":"net","kind":"hardware","miner":{miner},"nonce":{nonce},"to":{miner},"unit":9}}"#
    );
    assert!(is_signed(&body, &text), "{body}");

    let ran = home
        .run(&["migrate", "--cancel", "4", "--json", "--node", &url])
        .ended(0);
    assert_eq!(ran.json()["migration"], 4);
    let (path, body) = sent.recv().expect("a request");
    assert_eq!(path, "/binding/cancel");
    let text = format!(
        r#"{{"action":"binding_cancel","chain_id":"rustchain-mainnet-v2","migration":4,"miner":{miner}}}"#
    );
    assert!(is_signed(&body, &text), "{body}");
}

#[test]
fn nothing_is_guessed() {
    let home = Home::new();
    home.run(&["wallet", "new"]).ended(0);
    let (none, _) = node(&[]);
    let ran = home.run(&["migrate", "--node", &none]).ended(0);
    assert!(ran.stdout.contains("no machine is bound"), "{ran:?}");
    let ran = home
        .run(&["migrate", "--hardware", "--node", &none])
        .ended(2);
    assert!(ran.stderr.contains("no machine is bound"), "{ran:?}");
    let (two, _) = node(&[17, 18]);
    let ran = home.run(&["migrate", "--node", &two]).ended(0);
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
    let ran = home.run(&["migrate", "--to", TO, "--node", &two]).ended(2);
    assert!(ran.stderr.contains("--unit"), "{ran:?}");
    home.run(&["migrate", "--to", TO, "--hardware", "--node", &two])
        .ended(2);
    let refusing = serve(|_, _| error(409, "", "MIGRATION_PENDING"));
    let ran = home
        .run(&["migrate", "--to", TO, "--unit", "17", "--node", &refusing])
        .ended(1);
    assert!(ran.stderr.contains("MIGRATION_PENDING"), "{ran:?}");
}
