//! Challenges that the node keeps nothing of: they outlive it, and cost it no room.

mod common;

use common::{column, unlimited, Database, Kind, Miner, Node};
use std::sync::Arc;
use verdigris_node::attest::challenge::TTL_MS;

on_each_database!(
    a_challenge_outlives_the_node_that_issued_it,
    what_is_not_answered_is_nowhere,
);

fn a_challenge_outlives_the_node_that_issued_it(kind: Kind) {
    let before = Node::start_on(kind, unlimited());
    let (spent, open) = (before.nonce(), before.nonce());
    assert_eq!(before.submit(&Miner::number(1).signed(&spent)).status, 200);
    let (location, now) = (before.database.location.clone(), Arc::clone(&before.now));
    let directory = tempfile::tempdir().unwrap();
    let database = Database {
        location,
        directory,
    };

    let after = Node::continue_on(database, now, unlimited());
    let again = after.submit(&Miner::number(1).signed(&spent));
    assert_eq!(again.code(), "NONCE_REPLAY");
    let first = after.submit(&Miner::number(1).signed(&open));
    assert_eq!(first.status, 200, "{first:?}");
    let late = after.nonce();
    after.wait_ms(TTL_MS);
    let late = after.submit(&Miner::number(1).signed(&late));
    assert_eq!(late.code(), "CHALLENGE_INVALID");
    // Spent is spent, also where it would have run out.
    let spent = after.submit(&Miner::number(2).signed(&spent));
    assert_eq!(spent.code(), "NONCE_REPLAY");

    let other = Node::start_on(kind, unlimited());
    let foreign = after.submit(&Miner::number(1).signed(&other.nonce()));
    assert_eq!(foreign.code(), "CHALLENGE_INVALID");
}

fn what_is_not_answered_is_nowhere(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    let nonces: Vec<String> = (0..50).map(|_| node.nonce()).collect();
    let distinct: std::collections::BTreeSet<&String> = nonces.iter().collect();
    assert_eq!(distinct.len(), nonces.len());
    // What is answered is in the log, and what is not is nowhere.
    assert_eq!(
        node.submit(&Miner::number(1).signed(&nonces[7])).status,
        200
    );
    let logged = column(&node.database.location, "SELECT nonce FROM attestations");
    assert_eq!(logged, [nonces[7].clone()]);
}
