//! Two node processes on one PostgreSQL: what may happen once happens once, whoever is asked.

mod common;

use common::{check, load, nonce, number, post_as, Database, Kind, Miner, Reply, Server};
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};
use verdigris_node::store::sql::{Access, Connection, Duty};

/// How often each race is run.
const RACES: u64 = 12;

/// How long a settlement may be on its way: the node looks every second.
const SETTLED: Duration = Duration::from_secs(60);

fn two() -> (Database, [Server; 2]) {
    let database = Database::new(Kind::Postgres);
    // At the same time: one makes the schema, the other waits for it.
    let servers = std::thread::scope(|scope| {
        let start = || Server::start(&database.location);
        let other = scope.spawn(start);
        [start(), other.join().unwrap()]
    });
    (database, servers)
}

/// Sends each body to its node, all at the same moment.
fn race(requests: &[(SocketAddr, &Value)]) -> Vec<Reply> {
    let start = Barrier::new(requests.len());
    std::thread::scope(|scope| {
        let sent: Vec<_> = requests
            .iter()
            .map(|(address, body)| {
                let start = &start;
                scope.spawn(move || {
                    let body = body.to_string();
                    start.wait();
                    post_as(*address, "/attest/submit", body.as_bytes(), "").unwrap()
                })
            })
            .collect();
        sent.into_iter()
            .map(|reply| reply.join().unwrap())
            .collect()
    })
}

#[test]
fn a_challenge_is_answered_once() {
    let (database, [a, b]) = two();
    let mut answered = Vec::new();
    for i in 0..RACES {
        // Issued by one, answered at both, four times.
        let nonce = nonce(if i % 2 == 0 { a.address } else { b.address });
        let body = Miner::number(i).signed(&nonce);
        let replies = race(&[
            (a.address, &body),
            (b.address, &body),
            (a.address, &body),
            (b.address, &body),
        ]);
        let taken = replies.iter().filter(|reply| reply.status == 200).count();
        assert_eq!(taken, 1, "{replies:?}");
        assert!(replies
            .iter()
            .all(|reply| reply.status == 200 || reply.code() == "NONCE_REPLAY"));
        answered.push(nonce);
    }
    check(&database.location, &answered);
    let logged = number(&database.location, "count(*) FROM attestations");
    assert_eq!(logged, RACES as i64);
}

#[test]
fn a_name_is_pinned_once() {
    let (database, [a, b]) = two();
    for i in 0..RACES {
        let name = format!("machine-{i}");
        let bodies: Vec<Value> = [a.address, b.address]
            .iter()
            .zip([i * 2, i * 2 + 1])
            .map(|(address, number)| Miner::number(number).named(&name).signed(&nonce(*address)))
            .collect();
        let replies = race(&[(a.address, &bodies[0]), (b.address, &bodies[1])]);
        let mut codes: Vec<&str> = replies.iter().map(Reply::code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["", "SIGNING_KEY_MISMATCH"], "{replies:?}");
    }
    check(&database.location, &[]);
}

#[test]
fn measurements_are_paid_under_one_name() {
    let (database, [a, b]) = two();
    for i in 0..RACES {
        let miners = [Miner::number(i * 2), Miner::number(i * 2 + 1)];
        let mut bodies = [a.address, b.address]
            .map(nonce)
            .map(|nonce| miners[0].body(&nonce));
        bodies[1]["miner"] = miners[1].id.as_str().into();
        let [first, second] = &bodies;
        let signed = [
            miners[0].sign(first.clone()),
            miners[1].sign(second.clone()),
        ];
        let replies = race(&[(a.address, &signed[0]), (b.address, &signed[1])]);
        let mut codes: Vec<&str> = replies.iter().map(Reply::code).collect();
        codes.sort_unstable();
        assert_eq!(codes, ["", "REPLAY_ATTACK_BLOCKED"], "{replies:?}");
    }
    check(&database.location, &[]);
}

#[test]
fn an_epoch_is_settled_once_also_where_one_of_two_is_killed() {
    let (database, [mut a, b]) = two();
    let (stop, answered) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for (address, first) in [(a.address, 0), (b.address, 10)] {
            let (stop, answered) = (&stop, &answered);
            scope.spawn(move || {
                let miners: Vec<Miner> = (first..first + 5).map(Miner::number).collect();
                load(address, &miners, stop, answered);
            });
        }
        std::thread::sleep(Duration::from_secs(4));
        a.kill();
        std::thread::sleep(Duration::from_secs(2));
        stop.store(true, Ordering::Relaxed);
    });
    let begun = Instant::now();
    let due = || number(&database.location, "count(DISTINCT epoch) FROM enrolments");
    let settled = || number(&database.location, "count(*) FROM epochs");
    while settled() < due() {
        assert!(begun.elapsed() < SETTLED, "an epoch stays unsettled");
        std::thread::sleep(Duration::from_millis(100));
    }
    let paid = check(&database.location, &answered.into_inner().unwrap());
    assert!(paid > 1);
    assert_eq!(paid, due());
}

/// Holds the duty as a process would that is in the middle of a settlement, and then is gone.
#[test]
fn who_settles_stops_the_others_until_it_is_gone() {
    let (database, [a, b]) = two();
    let leader = Connection::open(&database.location, Access::Writer).unwrap();
    leader.take(Duty::Settlement).unwrap();
    let other = Connection::open(&database.location, Access::Writer).unwrap();
    assert!(!other.try_take(Duty::Settlement).unwrap());
    // Attesting goes on meanwhile.
    for server in [&a, &b] {
        let body = Miner::number(1).signed(&nonce(server.address)).to_string();
        let reply = post_as(server.address, "/attest/submit", body.as_bytes(), "").unwrap();
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    std::thread::sleep(Duration::from_millis(2_500));
    assert_eq!(number(&database.location, "count(*) FROM epochs"), 0);
    drop(leader);
    let begun = Instant::now();
    while number(&database.location, "count(*) FROM epochs") == 0 {
        assert!(begun.elapsed() < SETTLED, "nobody took over");
        std::thread::sleep(Duration::from_millis(100));
    }
    check(&database.location, &[]);
}
