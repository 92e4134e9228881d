//! Kills the node at random moments, again and again on one database, and the database's server too;
//! checks that everything that was answered is there, nothing is paid twice, and the books are sound.
//!
//! `VERDIGRIS_CRASH_ROUNDS` sets how often (8), `VERDIGRIS_CRASH_SEED` which moments (1). The kill is
//! SIGKILL: it proves that nothing depends on an orderly end. That commits survive a loss of power is
//! the promise of SQLite (`synchronous = FULL`) and PostgreSQL (`fsync`, `synchronous_commit`), not
//! tested here.

mod common;

use common::postgres::Cluster;
use common::{
    check, get, nonce, number, post, setting, under_load, Database, Kind, Miner, Moments, Server,
};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use verdigris_node::store::sql::Location;

on_each_database!(what_was_answered_survives_any_end);

fn rounds() -> (u64, Moments) {
    let rounds = setting("VERDIGRIS_CRASH_ROUNDS", 8);
    let seed = setting("VERDIGRIS_CRASH_SEED", 1);
    println!("{rounds} rounds, seed {seed}");
    (rounds, Moments(seed))
}

/// Left alone, it settles what is due and ends in good order.
fn ends_well(location: &Location, answered: &[String]) {
    let mut server = Server::start(location);
    std::thread::sleep(Duration::from_millis(1_500));
    Command::new("kill")
        .args(["-TERM", &server.child.id().to_string()])
        .status()
        .unwrap();
    assert!(server.child.wait().unwrap().success());
    assert!(!answered.is_empty());
    let paid = check(location, answered);
    let enrolled = number(location, "count(DISTINCT epoch) FROM enrolments");
    assert_eq!(paid, enrolled, "every epoch with enrolments is paid, once");
}

fn what_was_answered_survives_any_end(kind: Kind) {
    let (rounds, mut moments) = rounds();
    let database = Database::new(kind);
    let answered = Mutex::new(Vec::new());
    for round in 0..rounds {
        let mut server = Server::start(&database.location);
        let address = server.address;
        under_load(&[address], &answered, || {
            moments.wait();
            server.kill();
        });
        let answered = answered.lock().unwrap();
        let paid = check(&database.location, &answered);
        println!(
            "round {round}: {} answered so far, {paid} epochs paid",
            answered.len()
        );
    }
    ends_well(&database.location, &answered.into_inner().unwrap());
}

/// With room for a few dozen submissions.
#[test]
fn a_full_disk_loses_nothing_and_stops_no_reader() {
    const ROOM_KIB: u32 = 1_024;
    const MORE_THAN_FIT: u64 = 1_000;
    let database = Database::new(Kind::Sqlite);
    let mut server = Server::start_on_small_disk(&database.location, ROOM_KIB);
    let mut answered = Vec::new();
    let refused = (0..MORE_THAN_FIT).find_map(|n| {
        let challenge = post(server.address, "/attest/challenge", b"{}");
        let Some(nonce) = challenge.body["nonce"].as_str() else {
            return Some(challenge);
        };
        let body = Miner::number(n).signed(nonce).to_string();
        let reply = post(server.address, "/attest/submit", body.as_bytes());
        if reply.status != 200 {
            return Some(reply);
        }
        answered.push(nonce.to_owned());
        None
    });
    let refused = refused.expect("the disk was not full");
    assert_eq!(refused.code(), "STORE_UNAVAILABLE", "{refused:?}");
    assert_eq!(get(server.address, "/epoch").status, 200);
    server.kill();
    check(&database.location, &answered);
    // And with room again it goes on.
    let server = Server::start(&database.location);
    let body = Miner::number(1).signed(&nonce(server.address)).to_string();
    let reply = post(server.address, "/attest/submit", body.as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
    drop(server);
    ends_well(&database.location, &answered);
}

/// Two nodes on one server: the server is killed, and now and then a node.
#[test]
fn what_was_answered_survives_the_database_servers_end() {
    let (rounds, mut moments) = rounds();
    // The server's recovery takes longer than the node's.
    let rounds = rounds.div_ceil(2);
    let cluster = Cluster::start(true);
    let location = Location::Postgres(cluster.database());
    let mut servers = [Server::start(&location), Server::start(&location)];
    let answered = Mutex::new(Vec::new());
    for round in 0..rounds {
        let addresses = servers.each_ref().map(|server| server.address);
        under_load(&addresses, &answered, || {
            moments.wait();
            cluster.kill();
            moments.wait();
            cluster.restart();
            // And on it goes, by itself.
            moments.wait();
        });
        if round % 2 == 1 {
            servers[0].kill();
            servers[0] = Server::start(&location);
        }
        let answered = answered.lock().unwrap();
        let paid = check(&location, &answered);
        println!(
            "round {round}: {} answered so far, {paid} epochs paid",
            answered.len()
        );
    }
    drop(servers);
    ends_well(&location, &answered.into_inner().unwrap());
}
