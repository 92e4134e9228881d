//! Settlement of a crowd, in parts: what becomes of it when the process is killed in the middle, when the
//! node was away for long, and when the clock is put back.

mod common;
mod crowd;

use common::{
    audited, column, number, settle_step, unlimited, Database, Kind, Miner, Node, Server, EPOCH_MS,
    POT,
};
use std::process::Command;
use std::time::{Duration, Instant};
use verdigris_node::store::sql::{Access, Connection, Duty, Location, Purpose};
use verdigris_node::store::{books, open_to_look};

on_each_database!(
    a_killed_settlement_goes_on_where_it_was,
    a_node_that_was_away_settles_everything_in_order,
    a_clock_put_back_settles_nothing_early_or_twice,
    an_epoch_is_closed_while_it_is_paid,
);

/// Miners of the large epoch: five parts.
const CROWD: u64 = 80_000;

/// How often a kill may miss the middle of a settlement.
const ATTEMPTS: u32 = 5;

/// The large epoch, long ago.
const LARGE: i64 = 5;

/// How long a settlement may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Enrols a crowd in an epoch that is over, while nobody may settle.
fn crowd_in(location: &Location) {
    let c = Connection::open(location, Access::Writer).unwrap();
    c.take(Duty::Settlement).unwrap();
    crowd::enrol(&c, LARGE, CROWD, 1).unwrap();
    c.leave(Duty::Settlement);
}

/// A database that the program itself made.
fn made(kind: Kind) -> Database {
    let database = Database::new(kind);
    Server::start(&database.location).kill();
    database
}

fn parts(location: &Location) -> i64 {
    number(location, "count(*) FROM payouts")
}

fn settled(location: &Location) -> i64 {
    number(location, "count(*) FROM epochs")
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Everybody of the crowd is paid once, the whole pot.
fn paid_once(location: &Location) {
    audited(location);
    let payments = format!("FROM postings JOIN payouts USING (tx) WHERE epoch = {LARGE}");
    let paid = number(
        location,
        &format!("coalesce(sum(postings.amount), 0) {payments} AND account <> 'system/emission'"),
    );
    assert_eq!(paid, POT);
    let twice = format!(
        "SELECT account {payments} AND account <> 'system/emission' GROUP BY account HAVING count(*) > 1"
    );
    assert_eq!(column(location, &twice), Vec::<String>::new());
    let enrolled = number(
        location,
        &format!("count(*) FROM enrolments WHERE epoch = {LARGE}"),
    );
    assert_eq!(enrolled, i64::try_from(CROWD).unwrap());
}

fn a_killed_settlement_goes_on_where_it_was(kind: Kind) {
    let in_the_middle = (0..ATTEMPTS).any(|_| {
        let database = made(kind);
        match kind {
            Kind::Sqlite => killed_and_started_again(&database.location),
            Kind::Postgres => killed_beside_another(&database.location),
        }
    });
    assert!(in_the_middle, "no kill came in the middle of a settlement");
}

/// One process after the other; gives whether one was killed in the middle.
fn killed_and_started_again(location: &Location) -> bool {
    crowd_in(location);
    let mut in_the_middle = false;
    let mut server = Server::start(location);
    for so_far in 1..3 {
        wait_until(|| parts(location) >= so_far);
        server.kill();
        in_the_middle |= settled(location) == 0;
        audited(location);
        server = Server::start(location);
    }
    wait_until(|| settled(location) == 1);
    server.kill();
    paid_once(location);
    in_the_middle
}

/// Two processes on one server, which take turns; one is killed, the other goes on.
fn killed_beside_another(location: &Location) -> bool {
    let (mut one, mut other) = (Server::start(location), Server::start(location));
    crowd_in(location);
    wait_until(|| parts(location) >= 1);
    one.kill();
    let in_the_middle = settled(location) == 0;
    wait_until(|| settled(location) == 1);
    other.kill();
    paid_once(location);
    in_the_middle
}

fn a_node_that_was_away_settles_everything_in_order(kind: Kind) {
    const EPOCHS: u64 = 10;
    let node = Node::start_on(kind, unlimited());
    for n in 0..EPOCHS {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
        node.wait_ms(EPOCH_MS);
    }
    assert_eq!(settled(&node.database.location), 0);
    // Another node on the same books, after all that.
    assert_eq!(node.settle(), 10);
    assert_eq!(node.settle(), 0);
    let order = "SELECT reference FROM transactions WHERE reference LIKE 'epoch/%' ORDER BY id";
    let expected: Vec<String> = (0..EPOCHS).map(|n| format!("epoch/{n}")).collect();
    assert_eq!(column(&node.database.location, order), expected);
    // Nobody gets into an epoch that is settled.
    let c = Connection::open(&node.database.location, Access::Writer).unwrap();
    for epoch in [0, 9] {
        let late = c.transaction(Purpose::Write, |c| books::enrol(c, epoch, "late", 1_000, 1));
        assert!(late.is_err());
    }
    assert_eq!(Miner::number(99).attest(&node).status, 200);
    let enrolled = "SELECT CAST(max(epoch) AS TEXT) FROM enrolments";
    assert_eq!(column(&node.database.location, enrolled), ["10"]);
}

fn a_clock_put_back_settles_nothing_early_or_twice(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    node.wait_ms(3 * EPOCH_MS);
    assert_eq!(Miner::number(0).attest(&node).status, 200);
    // Not before its end.
    assert_eq!(node.settle(), 0);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    // Back by three epochs: nothing is due, and who comes enrols after what is settled.
    node.wait_ms(-3 * EPOCH_MS);
    assert_eq!(node.settle(), 0);
    for n in 0..2 {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
    }
    assert_eq!(node.settle(), 0);
    let enrolled = "SELECT DISTINCT CAST(epoch AS TEXT) FROM enrolments ORDER BY 1";
    assert_eq!(column(&node.database.location, enrolled), ["3", "4"]);
    // Forward again: once.
    node.wait_ms(3 * EPOCH_MS);
    assert_eq!(node.settle(), 0, "epoch 4 is not over");
    node.wait_ms(EPOCH_MS);
    assert_eq!((node.settle(), node.settle()), (1, 0));
    let wallet = |n: u64| format!("/balance/{}", Miner::number(n).id);
    assert_eq!(node.get(&wallet(0)).body["amount_i64"], POT + POT / 2);
    assert_eq!(node.get(&wallet(1)).body["amount_i64"], POT / 2);
}

/// Between two parts everything but the epoch itself goes on, and the explanation says how far it is.
fn an_epoch_is_closed_while_it_is_paid(kind: Kind) {
    let node = Node::start_on(kind, unlimited());
    for n in 0..5 {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
    }
    node.wait_ms(EPOCH_MS);
    let location = node.database.location.clone();
    let (_, chain) = open_to_look(location.clone()).unwrap();
    let c = Connection::open(&location, Access::Writer).unwrap();
    let now_ms = node.app.clock.now_ms();
    let step = || c.transaction(Purpose::Write, |c| settle_step(c, &chain, now_ms, 2));
    assert_eq!(step().unwrap(), Some(None), "divided");
    assert_eq!(step().unwrap(), Some(None), "two are paid");
    let explained = node.get("/api/epoch/0/explain").body;
    assert_eq!(explained["state"], "being_paid");
    assert_eq!(explained["settled"], false);
    let booked: i64 = explained["shares"]
        .as_array()
        .unwrap()
        .iter()
        .map(|share| share["booked_i64"].as_i64().unwrap())
        .sum();
    assert_eq!(booked, 2 * POT / 5);
    assert_eq!(node.audit().faults, Vec::<String>::new());
    // With the clock put back into the epoch, nobody gets into it any more.
    node.wait_ms(-EPOCH_MS);
    assert_eq!(Miner::number(7).attest(&node).status, 200);
    let enrolled = "SELECT CAST(count(*) AS TEXT) FROM enrolments WHERE epoch = 0";
    assert_eq!(column(&location, enrolled), ["5"]);
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    let explained = node.get("/api/epoch/0/explain").body;
    assert_eq!(explained["state"], "settled");
    assert_eq!(
        number(&location, "count(*) FROM payouts WHERE epoch = 0"),
        // Two by the steps above, the rest at once.
        2
    );
}

/// A page after the other, and one miner alone; on the command line the same.
#[test]
fn an_explanation_comes_in_pages() {
    let database = Database::new(Kind::Sqlite);
    let mut server = Server::start(&database.location);
    server.kill();
    let c = Connection::open(&database.location, Access::Writer).unwrap();
    crowd::enrol(&c, LARGE, 250, 1).unwrap();
    drop(c);
    let server = Server::start(&database.location);
    wait_until(|| settled(&database.location) == 1);
    let path = |rest: &str| format!("/api/epoch/{LARGE}/explain?{rest}");
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = common::get(server.address, &path(&format!("limit=100{after}"))).body;
        let shares = page["shares"].as_array().unwrap();
        assert!(shares.len() <= 100);
        seen.extend(shares.iter().cloned());
        match page["next_after"].as_str() {
            Some(id) => after = format!("&after={id}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 250);
    let sum: i64 = seen.iter().map(|s| s["amount_i64"].as_i64().unwrap()).sum();
    assert_eq!(sum, POT);
    let ids: Vec<&str> = seen.iter().map(|s| s["miner"].as_str().unwrap()).collect();
    assert!(ids.is_sorted());
    let offset = common::get(server.address, &path("limit=1&offset=249")).body;
    assert_eq!(offset["shares"][0], seen[249]);
    let alone = common::get(server.address, &path(&format!("miner={}", ids[7]))).body;
    assert_eq!(alone["shares"].as_array().unwrap(), &seen[7..8]);
    assert_eq!(alone["next_after"], serde_json::Value::Null);

    let explain = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
            .args(["epoch", "explain", &LARGE.to_string(), "--database"])
            .arg(common::argument(&database.location))
            .args(more)
            .output()
            .unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    let (ok, lines) = explain(&["--json"]);
    assert!(ok);
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| verdigris_node::json::parse(line.as_bytes()).unwrap())
        .collect();
    assert_eq!(lines[0]["miners"], 250);
    assert_eq!(lines[1..], seen);
    let (ok, text) = explain(&["--miner", ids[3]]);
    assert!(
        ok && text.contains(ids[3]) && !text.contains(ids[4]),
        "{text}"
    );
    assert!(!explain(&["--miner", "nobody"]).0);
}
