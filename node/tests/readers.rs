//! What everybody may read: shapes, pages, limits, and what is answered where there is nothing.

mod common;

use common::{exchange, get, post, unlimited, Kind, Miner, Node, Reply, EPOCH_MS};
use proptest::prelude::*;
use serde_json::{json, Value};
use std::time::{Duration, SystemTime};
use verdigris_node::config::Config;
use verdigris_node::settle;

on_each_database!(
    a_miners_page_badge_and_streak,
    the_pool_counts_who_is_there,
    what_was_booked_is_listed,
    strange_queries_are_refused_and_break_nothing,
);

fn a_miners_page_badge_and_streak(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let miner = Miner::number(1);
    let badge = format!("/api/badge/{}", miner.id);
    let streak = format!("/api/miner/{}/streak", miner.id);
    let log = format!("/api/miner/{}/attestations", miner.id);
    // Of nobody. shields.io shows no badge but with exactly these members.
    let nobody = json!({
        "schemaVersion": 1, "label": "verdigris", "message": "never attested", "color": "lightgrey",
    });
    assert_eq!(node.get(&badge).body, nobody);
    assert_eq!(node.get(&streak).body["current_streak"], 0);
    assert_eq!(node.get(&log).code(), "NOT_FOUND");

    for _ in 0..3 {
        assert_eq!(miner.attest(&node).status, 200);
        assert_eq!(miner.attest(&node).status, 200);
        node.wait_ms(EPOCH_MS);
    }
    let shown = node.get(&badge).body;
    assert_eq!(shown["message"], "virtual ×1e-09");
    assert_eq!(shown["color"], "orange");
    let shown = node.get(&streak).body;
    assert_eq!(
        (
            &shown["current_streak"],
            &shown["best_streak"],
            &shown["streak"]
        ),
        (&json!(3), &json!(3), &json!(3))
    );
    assert_eq!(shown["bonus"].to_string(), "0.06");
    // One epoch left out: the run is over, and stays the best.
    node.wait_ms(EPOCH_MS);
    assert_eq!(miner.attest(&node).status, 200);
    let shown = node.get(&streak).body;
    assert_eq!(
        (&shown["current_streak"], &shown["best_streak"]),
        (&json!(1), &json!(3))
    );

    let page = node.get(&format!("{log}?limit=2&offset=1")).body;
    assert_eq!(
        (
            &page["total"],
            &page["count"],
            &page["limit"],
            &page["offset"]
        ),
        (&json!(7), &json!(2), &json!(2), &json!(1))
    );
    let newest = &node.get(&log).body["attestations"][0];
    assert_eq!(newest["accepted"], true);
    assert_eq!(newest["fingerprint_passed"], false);
    assert_eq!(newest["device_arch"], "virtual");
    assert!(newest["summary"].as_str().unwrap().contains("virtual"));
    assert_eq!(page["attestations"][0]["attestation_id"], 6);
    node.wait_ms(3_600_001);
    assert_eq!(node.get(&badge).body["color"], "yellow");
}

fn the_pool_counts_who_is_there(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    assert_eq!(node.get("/api/attestation-pool").body["total"], 0);
    for n in 0..3 {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
    }
    let pool = node.get("/api/attestation-pool").body;
    assert_eq!(pool["total"], 3);
    assert_eq!(pool["by_arch"], json!({"virtual": 3}));
    assert_eq!(pool["groups"][0]["physical"], 0);
    node.wait_ms(3_600_001);
    assert_eq!(node.get("/api/attestation-pool").body["by_arch"], json!({}));
}

fn what_was_booked_is_listed(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let (rich, other) = (Miner::number(0), Miner::number(1));
    assert_eq!(rich.attest(&node).status, 200);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    let sent = rich.transfer(&other.id, "0.5", 1);
    let hash = node.post("/wallet/transfer/signed", &sent).body["tx_hash"].clone();
    node.wait_ms(86_400_000);
    let confirming = settle::confirm_overdue(&node.app);
    assert_eq!(node.runtime.block_on(confirming).unwrap(), 1);

    let booked = node.get("/api/transactions").body;
    let newest = &booked["transactions"][0];
    assert_eq!(
        (&newest["kind"], &newest["tx_hash"]),
        (&json!("transfer"), &hash)
    );
    assert_eq!(newest["amount_i64"], 500_000);
    assert_eq!(newest["from_address"], rich.id.as_str());
    assert_eq!(newest["to_address"], other.id.as_str());
    let before = &booked["transactions"][1];
    assert_eq!(before["reference"], "epoch/0");
    assert_eq!(before.get("amount_i64"), None);
    let total = booked["total"].as_i64().unwrap();
    assert_eq!(booked["count"].as_i64(), Some(total));
    let beyond = node.get(&format!("/api/transactions?offset={total}")).body;
    assert_eq!(
        (&beyond["count"], &beyond["total"]),
        (&json!(0), &json!(total))
    );
}

#[test]
fn what_makes_no_sense_here_is_answered_in_its_shape() {
    let node = Node::start(unlimited());
    let fees = node.get("/api/fee_pool").body;
    assert_eq!(fees["rip"], 301);
    assert_eq!(fees["total_fees_collected_rtc"].to_string(), "0.0");
    assert_eq!(fees["recent_events"], json!([]));
    let bounty = node.get("/api/bounty-multiplier").body;
    assert_eq!(bounty["half_life_rtc"].to_string(), "25000.0");
    assert_eq!(bounty["current_multiplier"].to_string(), "1.0");
    let blocks = node.get("/api/blocks").body;
    assert_eq!(
        (&blocks["blocks"], &blocks["total"]),
        (&json!([]), &json!(0))
    );
    for path in ["/api/mine", "/compat/v1/api/mine"] {
        let gone = post(node.address, path, b"anything");
        assert_eq!((gone.status, gone.code()), (410, "GONE"));
        assert_eq!(gone.body["error"], "API v1 removed");
        assert_eq!(get(node.address, path).code(), "METHOD_NOT_ALLOWED");
    }
}

#[test]
fn the_node_says_what_it_is() {
    let node = Node::start(unlimited());
    let key = node.app.store.key().public_hex();
    let info = node.get("/network/info").body;
    assert_eq!(info["node_public_key"], key.as_str());
    assert_eq!(
        (&info["slot_seconds"], &info["slots_per_epoch"]),
        (&json!(5), &json!(20))
    );
    assert_eq!(info["chain_id"], "rustchain-mainnet-v2");
    let nodes = node.get("/api/nodes").body;
    assert_eq!(
        (&nodes["count"], &nodes["nodes"][0]["node_id"]),
        (&json!(1), &json!(key))
    );

    node.wait_ms(3 * EPOCH_MS);
    let calendar = node
        .get("/epoch/proposer-duty-calendar?lookahead=2&history_limit=8")
        .body;
    assert_eq!(
        (&calendar["current_epoch"], &calendar["node_count"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(calendar["current_node_is_proposer"], true);
    let epochs = |list: &Value| -> Vec<i64> {
        let duties = list.as_array().unwrap().iter();
        duties.map(|duty| duty["epoch"].as_i64().unwrap()).collect()
    };
    assert_eq!(epochs(&calendar["schedule"]), [3, 4, 5]);
    // There is nothing before the first.
    assert_eq!(epochs(&calendar["history"]), [2, 1, 0]);
    let default = node.get("/epoch/proposer-duty-calendar").body;
    assert_eq!(epochs(&default["schedule"]).len(), 13);
}

#[test]
fn health_speaks_of_the_database_and_of_backups() {
    let backups = tempfile::tempdir().unwrap();
    let node = Node::start(Config {
        backups: Some(backups.path().into()),
        ..unlimited()
    });
    let none = node.get("/health");
    assert_eq!((none.status, none.code()), (503, "BACKUP_TOO_OLD"));
    assert_eq!(none.body["backup_age_hours"], Value::Null);
    assert_eq!(
        (&none.body["ok"], &none.body["db_rw"]),
        (&json!(false), &json!(true))
    );

    let aged = |name: &str, hours: u64| {
        let file = std::fs::File::create(backups.path().join(name)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(hours * 3_600 + 60);
        file.set_modified(then).unwrap();
    };
    aged("monday", 36);
    // One that is under way is none yet.
    aged(".tuesday", 0);
    let old = node.get("/health");
    assert_eq!((old.status, old.code()), (503, "BACKUP_TOO_OLD"));
    assert!(old.body["backup_age_hours"].to_string().starts_with("36."));
    aged("tuesday", 35);
    let fresh = node.get("/health");
    assert_eq!((fresh.status, &fresh.body["ok"]), (200, &json!(true)));
    assert!(fresh.body["backup_age_hours"]
        .to_string()
        .starts_with("35."));

    let path = node.database.directory.path().join("node.db");
    let blocker = rusqlite::Connection::open(path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stuck = node.get("/health");
    assert_eq!((stuck.status, stuck.code()), (503, "STORE_UNAVAILABLE"));
    assert_eq!(
        (&stuck.body["ok"], &stuck.body["db_rw"]),
        (&json!(false), &json!(false))
    );
    assert!(stuck.body["version"].is_string());
}

#[test]
fn lists_count_against_one_limit() {
    let node = Node::start(Config {
        lists_per_minute: 2,
        ..unlimited()
    });
    assert_eq!(
        node.get("/api/miners").header("x-ratelimit-remaining"),
        Some("1")
    );
    assert_eq!(node.get("/api/attestation-pool").status, 200);
    let refused = node.get("/api/attestation-pool");
    assert_eq!((refused.status, refused.code()), (429, "RATE_LIMIT"));
    assert!(refused.header("retry-after").is_some());
    let refused = node.get("/api/miners");
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(refused.body["limit"], "2/60s");
}

fn strange_queries_are_refused_and_break_nothing(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    let paged = [
        "/api/blocks",
        "/api/transactions",
        "/api/miner/nobody/attestations",
        "/api/miners",
    ];
    for path in paged {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=1e2",
            "limit=+5",
            "limit=%00",
            "limit=99999999999999999999",
            "offset=-1",
            "offset=0x10",
            "offset=%F0%9F%98%80",
        ] {
            // A sign is a number's too.
            if query == "limit=+5" {
                continue;
            }
            let reply = node.get(&format!("{path}?{query}"));
            assert_eq!(
                (reply.status, reply.code()),
                (400, "INVALID_PARAMETER"),
                "{path}?{query}"
            );
        }
        // Beyond the end there is nothing, however far.
        let far = node.get(&format!("{path}?offset={}", i64::MAX));
        assert!(far.status == 200 || far.code() == "NOT_FOUND", "{path}");
    }
    for query in ["lookahead=145", "history_limit=-1", "lookahead=x"] {
        let reply = node.get(&format!("/epoch/proposer-duty-calendar?{query}"));
        assert_eq!(reply.code(), "INVALID_PARAMETER");
    }
    for of in [
        "/api/badge/",
        "/api/miner/X/streak",
        "/api/miner/X/attestations",
    ] {
        for id in [
            "a%20b",
            "%00",
            "%C3%A9",
            "..%2F..",
            &"a".repeat(129),
            "%F0%9F%98%80",
        ] {
            let path = if of.contains('X') {
                of.replace('X', id)
            } else {
                format!("{of}{id}")
            };
            let reply = node.get(&path);
            assert_eq!(
                (reply.status, reply.code()),
                (400, "INVALID_MINER"),
                "{path}"
            );
        }
        let path = if of.contains('X') {
            of.replace('X', "%ff")
        } else {
            format!("{of}%ff")
        };
        assert_eq!(node.get(&path).code(), "INVALID_PARAMETER");
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let paths = prop::sample::select(vec![
        "/api/blocks",
        "/api/transactions",
        "/api/badge/",
        "/api/miner/",
        "/epoch/",
        "/api/nodes",
    ]);
    runner
        .run(
            &(paths, "[A-Za-z0-9/?&=%._~:@!$'()*+,;-]{0,30}"),
            |(path, rest)| {
                // As bytes: many of these are paths of no operation, of which the description says nothing.
                let request =
                    format!("GET {path}{rest} HTTP/1.1\r\nHost: n\r\nConnection: close\r\n\r\n");
                let reply = Reply::read(&exchange(node.address, request.as_bytes())).unwrap();
                prop_assert!(reply.status == 200 || (400..500).contains(&reply.status));
                // One form of refusal everywhere.
                if reply.status != 200 {
                    prop_assert!(!reply.code().is_empty() && reply.body["ok"] == false);
                    prop_assert!(
                        reply.body["message"].is_string() && reply.body["error"].is_string()
                    );
                }
                Ok(())
            },
        )
        .unwrap();
}
