//! Kills the node by SIGKILL while transfers are taken and booked, again and again on one database;
//! checks that what was answered is there, is booked once, and that the books are sound.
//!
//! `VERDIGRIS_CRASH_ROUNDS` sets how often (8).

mod common;

use common::{check, column, get, number, post_as, Database, Kind, Miner, Server};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::Mutex;
use std::time::Duration;
use verdigris_node::store::sql::Location;

on_each_database!(a_transfer_that_was_answered_is_booked_once);

/// Each sends to the next, the last to the first.
const CLIENTS: u64 = 3;

/// How long the node may take for what is due a second later.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gives every client what an epoch pays.
fn fund(server: SocketAddr) {
    for n in 0..CLIENTS {
        let miner = Miner::number(n);
        let body = miner.signed(&common::nonce(server)).to_string();
        let reply = common::post(server, "/attest/submit", body.as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    for n in 0..CLIENTS {
        let path = format!("/balance/{}", Miner::number(n).id);
        wait_until(|| get(server, &path).body["amount_i64"].as_i64() > Some(0));
    }
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Sends until told to stop; notes the hashes that were answered.
fn send(
    server: SocketAddr,
    client: u64,
    nonces: &AtomicI64,
    stop: &AtomicBool,
    answered: &Mutex<Vec<String>>,
) {
    let (from, to) = (Miner::number(client), Miner::number((client + 1) % CLIENTS));
    while !stop.load(Ordering::Relaxed) {
        // A nonce whose answer was lost is never tried again: that it counts once is what
        // REPLAY_DETECTED is for.
        let nonce = nonces.fetch_add(1, Ordering::Relaxed);
        let body = from.transfer(&to.id, "1e-06", nonce).to_string();
        match post_as(server, "/wallet/transfer/signed", body.as_bytes(), "") {
            Some(reply) if reply.status == 200 => {
                let hash = reply.body["tx_hash"].as_str().unwrap().to_owned();
                answered.lock().unwrap().push(hash);
            }
            // 429: more wait already than may.
            Some(reply) => assert!([429, 503].contains(&reply.status), "{reply:?}"),
            None => {}
        }
    }
}

/// Checks a database that nobody writes; gives how many transfers are booked.
fn sound(location: &Location, answered: &[String]) -> i64 {
    check(location, &[]);
    let kept: BTreeSet<String> = column(location, "SELECT hash FROM transfers")
        .into_iter()
        .collect();
    let lost = answered.iter().filter(|hash| !kept.contains(*hash));
    assert_eq!(lost.count(), 0, "answered transfers are lost");
    let booked = number(
        location,
        "count(*) FROM transactions WHERE reference LIKE 'transfer/%'",
    );
    let confirmed = number(
        location,
        "count(*) FROM transfers WHERE state = 'confirmed'",
    );
    assert_eq!(booked, confirmed);
    booked
}

fn a_transfer_that_was_answered_is_booked_once(kind: Kind) {
    let rounds: u64 =
        std::env::var("VERDIGRIS_CRASH_ROUNDS").map_or(8, |text| text.parse().unwrap());
    let database = Database::new(kind);
    let location = &database.location;
    let answered = Mutex::new(Vec::new());
    let nonces = AtomicI64::new(1);
    let mut server = Server::start_with_fast_transfers(location);
    fund(server.address);
    for round in 0..rounds {
        let (address, stop) = (server.address, AtomicBool::new(false));
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (nonces, stop, answered) = (&nonces, &stop, &answered);
                scope.spawn(move || send(address, client, nonces, stop, answered));
            }
            // Longer than the delay: bookings of this round are under way too.
            std::thread::sleep(Duration::from_millis(1_000 + round * 977 % 1_300));
            server.kill();
            stop.store(true, Ordering::Relaxed);
        });
        let booked = sound(location, &answered.lock().unwrap());
        println!("round {round}: {booked} booked");
        server = Server::start_with_fast_transfers(location);
    }
    // Left alone, it books what is due.
    for n in 0..CLIENTS {
        let path = format!("/pending/list?miner_id={}", Miner::number(n).id);
        wait_until(|| get(server.address, &path).body["total"] == 0);
    }
    server.kill();
    let answered = answered.into_inner().unwrap();
    let booked = sound(location, &answered);
    assert!(!answered.is_empty() && booked >= i64::try_from(answered.len()).unwrap());
    assert_eq!(booked, number(location, "count(*) FROM transfers"));
}
