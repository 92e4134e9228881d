//! A node on a real socket, and miners that attest over days of its clock: honest crowds keep their weight,
//! fifty names on one machine are paid as one.

mod common;
mod fleet_world;
mod verdict_machine;

use common::{unlimited, Kind, Miner, Node, START_MS};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde_json::Value;
use std::net::IpAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use test_rigs::bind::bind;
use test_rigs::fleet::crowds::CROWDS;
use test_rigs::fleet::crystal::Random;
use test_rigs::fleet::world::{From, Name, Town, World, DAY_MS, HOUR_MS};
use verdict_machine::{facts, honest};
use verdigris_node::config::Config;
use verdigris_node::store::ChainOptions;

on_each_database!(
    fifty_names_on_one_machine_are_found_and_paid_as_one,
    honest_crowds_keep_their_weight,
    a_crystal_is_known_after_days_and_shown,
    when_the_first_name_leaves_the_next_has_the_vote,
    an_assessment_after_enrolment_counts_before_settlement,
    a_rom_is_told_with_how_many_report_it,
);

/// A chain whose epochs are days.
fn days() -> ChainOptions {
    ChainOptions {
        slot_s: Some(600),
        slots_per_epoch: Some(144),
        ..common::options()
    }
}

fn node(kind: Kind) -> Node {
    let config = Config {
        trusted_proxies: vec![IpAddr::from([127, 0, 0, 1])],
        ..unlimited()
    };
    Node::on_chain(kind, config, days(), fleet_world::salt())
}

/// A node as the world speaks to it.
struct Here {
    node: Node,
}

impl Town for Here {
    type Wallet = Miner;
    type Answer = Value;

    fn wallet(&self, number: u64) -> Miner {
        Miner::number(number)
    }

    fn set_clock(&self, ms: i64) {
        self.node.now.store(START_MS + ms, Ordering::Relaxed);
    }

    fn nonce(&self, _: &Miner) -> Result<String, String> {
        Ok(self.node.nonce())
    }

    fn submit(
        &self,
        miner: &Miner,
        nonce: &str,
        mut evidence: Evidence,
        from: From<'_>,
    ) -> Result<Value, String> {
        bind(&mut evidence, &Seed::derive(nonce, &miner.id));
        let mut body = miner.body(nonce);
        body["evidence"] = serde_json::to_value(&evidence).unwrap();
        // What the recording says of one unit is not this one's.
        body["device"]["serial_number"] = Value::Null;
        body["device"]["serial"] = Value::Null;
        body["signals"]["serial"] = Value::Null;
        body["signals"]["macs"] = Value::Array(Vec::new());
        let body = miner.sign(body).to_string();
        self.set_clock(from.at_ms);
        let from = format!("X-Real-IP: {}\r\n", from.address);
        let reply = common::post_as(self.node.address, "/attest/submit", body.as_bytes(), &from);
        let reply = reply.expect("an answer");
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        Ok(reply.body)
    }
}

impl Here {
    fn settle_at(&self, at_ms: i64) {
        self.set_clock(at_ms);
        self.node.settle();
    }
}

fn world(kind: Kind) -> World<Here> {
    World::new(Here { node: node(kind) }, honest(), 0)
}

/// What everybody was paid for an epoch, by name, µRTC.
fn payments(world: &World<Here>, epoch: usize) -> Vec<i64> {
    let explained = world
        .town
        .node
        .get(&format!("/api/epoch/{epoch}/explain?limit=1000"));
    let shares = explained.body["shares"].as_array().unwrap();
    let paid = |name: &Name<Miner>| {
        let share = shares.iter().find(|s| s["miner"] == *name.wallet.id);
        share.map_or(0, |s| s["amount_i64"].as_i64().unwrap())
    };
    world.names.iter().map(paid).collect()
}

fn fifty_names_on_one_machine_are_found_and_paid_as_one(kind: Kind) {
    const NAMES: usize = 50;
    const HONEST: usize = 5;
    let random = &mut Random::new(7);
    let mut world = world(kind);
    for i in 0..HONEST {
        let machine = world.machine(20.0, random);
        world.name(machine, &format!("198.51.100.{i}"));
    }
    let machine = world.machine(20.0, random);
    for i in 0..NAMES {
        // A network for every name.
        world.name(machine, &format!("10.{i}.7.1"));
    }
    world.pass(0, 72, 3).unwrap();
    world.town.settle_at(3 * DAY_MS + HOUR_MS);
    let with_pay: Vec<usize> = (0..3)
        .map(|epoch| {
            let paid = payments(&world, epoch);
            assert_eq!(paid.iter().sum::<i64>(), 1_500_000);
            assert!(paid[..HONEST].iter().all(|&p| p > 0), "{paid:?}");
            paid[HONEST..].iter().filter(|&&p| p > 0).count()
        })
        .collect();
    println!("{kind:?}: names of the farm that were paid, by epoch: {with_pay:?}");
    assert_eq!(with_pay[2], 1, "one machine, one vote: {with_pay:?}");
    // Of the farm the first name keeps the vote, and an honest machine is worth as much as all fifty.
    let paid = payments(&world, 2);
    let keeper = (HONEST..paid.len()).find(|&n| paid[n] > 0).unwrap();
    assert!(paid[..HONEST].iter().all(|p| p.abs_diff(paid[keeper]) <= 1));

    let shown = |n: usize| {
        let miner = &world.names[n].wallet.id;
        world.town.node.get(&format!("/api/miner/{miner}/fleet"))
    };
    let (first, second) = (
        shown(keeper),
        shown(if keeper == HONEST { HONEST + 1 } else { HONEST }),
    );
    assert_eq!(first.body["counts"], true);
    assert_eq!(second.body["counts"], false);
    let reasons = second.body["reasons"].to_string();
    assert!(reasons.contains("counts nothing"), "{reasons}");
    assert!(reasons.contains("one crystal"), "{reasons}");
    // Nobody learns the others' names from it.
    let text = second.body.to_string();
    let strangers = world.names.iter().filter(|n| text.contains(&n.wallet.id));
    assert_eq!(strangers.count(), 1, "{text}");
    assert!(world.town.node.audit().faults.is_empty());
}

/// All of them on one node, three days long; the evidence of all is of one model besides.
fn honest_crowds_keep_their_weight(kind: Kind) {
    let random = &mut Random::new(11);
    let mut world = world(kind);
    for crowd in &CROWDS {
        crowd.settle_in(&mut world, random);
    }
    world.pass(0, 72, 3).unwrap();
    world.town.settle_at(3 * DAY_MS + HOUR_MS);
    for epoch in 0..3 {
        let paid = payments(&world, epoch);
        let share = 1_500_000 / world.names.len() as i64;
        let mut names = world.names.iter().zip(&paid);
        for crowd in &CROWDS {
            for (name, &paid) in names.by_ref().take(crowd.miners) {
                assert!(
                    (share..=share + 1).contains(&paid),
                    "{} in epoch {epoch}: {} was paid {paid} of {share}",
                    crowd.name,
                    name.wallet.id
                );
            }
        }
    }
    // What they have in common is told all the same.
    let campus = &world.names[0].wallet.id;
    let shown = world.town.node.get(&format!("/api/miner/{campus}/fleet"));
    assert!(
        shown.body["circumstances"]["network"].as_i64() > Some(0),
        "{shown:?}"
    );
    assert_eq!(shown.body["counts"], true);
}

fn a_crystal_is_known_after_days_and_shown(kind: Kind) {
    let random = &mut Random::new(3);
    let mut world = world(kind);
    let machine = world.machine(25.0, random);
    let name = world.name(machine, "192.0.2.1");
    let path = format!("/api/miner/{}/continuity", world.names[name].wallet.id);
    assert_eq!(world.town.node.get(&path).status, 404);
    // Evidence from before there was a raw reading is taken as before.
    world
        .attest_with(name, 0, |evidence| evidence.counter_start = None)
        .unwrap();
    assert_eq!(world.town.node.get(&path).body["counter"], Value::Null);

    world.pass(1, 49, 1).unwrap();
    let shown = world.town.node.get(&path);
    let counter = &shown.body["counter"];
    assert_eq!(counter["source"], "rdtsc");
    let number = |value: &Value| value.to_string().parse::<f64>().unwrap();
    let skew = &counter["skew"];
    let (low, high) = (number(&skew["ppm"]["low"]), number(&skew["ppm"]["high"]));
    let ns = |value: &Value| value.as_i64().unwrap() * 1_000_000_000;
    let truth = world.machines[machine]
        .crystal
        .mean_ppm(ns(&skew["from"]), ns(&skew["to"]));
    assert!(low <= truth && truth <= high, "{low} {truth} {high}");
    assert!(high - low < 5.0, "{low} {high}");
    let says = shown.body["says"].as_str().unwrap();
    assert!(says.contains("ppm"), "{says}");
    // Two miners of one model are held against one rate.
    let other = world.machine(25.0, random);
    let other = world.name(other, "192.0.2.2");
    world.attest(other, 50 * HOUR_MS).unwrap();
    let path = format!("/api/miner/{}/continuity", world.names[other].wallet.id);
    let shown = world.town.node.get(&path);
    assert_eq!(
        shown.body["counter"]["reference_hz"],
        counter["reference_hz"]
    );
    assert_eq!(shown.body["counter"]["skew"], Value::Null);
}

fn when_the_first_name_leaves_the_next_has_the_vote(kind: Kind) {
    const NAMES: usize = 20;
    let random = &mut Random::new(5);
    let mut world = world(kind);
    let machine = world.machine(20.0, random);
    for i in 0..NAMES {
        world.name(machine, &format!("10.{i}.7.1"));
    }
    world.pass(0, 72, 3).unwrap();
    world.town.settle_at(3 * DAY_MS);
    let paid = payments(&world, 2);
    let first = (0..NAMES).find(|&n| paid[n] > 0).unwrap();
    assert_eq!(paid[first], 1_500_000, "{paid:?}");

    let gone = world.names.remove(first);
    world.pass(72, 144, 3).unwrap();
    world.town.settle_at(6 * DAY_MS);
    assert_eq!(
        payments(&world, 3),
        [0; NAMES - 1],
        "the machine is still the first name's"
    );
    let paid = payments(&world, 5);
    assert_eq!(paid.iter().filter(|&&p| p > 0).count(), 1, "{paid:?}");
    let path = format!("/api/miner/{}/fleet", gone.wallet.id);
    assert_eq!(world.town.node.get(&path).body["counts"], true);
}

fn an_assessment_after_enrolment_counts_before_settlement(kind: Kind) {
    let random = &mut Random::new(9);
    let mut world = world(kind);
    for i in 0..3 {
        let machine = world.machine(20.0, random);
        world.name(machine, &format!("10.{i}.7.1"));
    }
    let (owner, copier, bystander) = (0, 1, 2);
    for name in [owner, copier, bystander] {
        let answer = world.attest(name, 1_000 * (1 + name as i64)).unwrap();
        assert!(answer["weight"].to_string().parse::<f64>().unwrap() > 0.0);
    }
    // In the afternoon one sends what another measured, with digests of its own.
    let mut measured = None;
    world
        .attest_with(owner, 8 * HOUR_MS, |evidence| {
            measured = Some(evidence.clone())
        })
        .unwrap();
    let measured = measured.unwrap();
    let answer = world
        .attest_with(copier, 9 * HOUR_MS, |evidence| {
            evidence.oscillator.clone_from(&measured.oscillator);
            evidence.jitter.clone_from(&measured.jitter);
        })
        .unwrap();
    assert_eq!(answer["weight"].to_string().parse::<f64>().unwrap(), 0.0);
    world.attest(bystander, 9 * HOUR_MS).unwrap();
    world.town.settle_at(DAY_MS);
    assert_eq!(payments(&world, 0), [750_000, 0, 750_000]);

    let miner = &world.names[copier].wallet.id;
    let shown = world.town.node.get(&format!("/api/miner/{miner}/fleet"));
    assert_eq!(shown.body["shared"][0]["noise"], true, "{shown:?}");
    // The operator sees whose it was.
    let said = Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
        .args(["miner", "explain", miner, "--database"])
        .arg(common::argument(&world.town.node.database.location))
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let first = &world.names[owner].wallet.id;
    assert!(
        said.contains(&format!("{first} has the machine's vote")),
        "{said}"
    );
    assert!(said.contains("which is a copy"), "{said}");
    let explained = world
        .town
        .node
        .get(&format!("/api/epoch/0/explain?miner={miner}"));
    let share = &explained.body["shares"][0];
    assert_eq!(share["weight_units"], 0, "{share}");
    assert!(world.town.node.audit().faults.is_empty());
}

fn a_rom_is_told_with_how_many_report_it(kind: Kind) {
    // Kickstart 1.3 of a 68000, in evidence of an x86.
    const KICKSTART: &str = "891e9a547772fe0c6c19b610baf8bc4ea7fcb785";
    let random = &mut Random::new(4);
    let mut world = world(kind);
    for i in 0..3 {
        let machine = world.machine(20.0, random);
        let name = world.name(machine, &format!("10.{i}.7.1"));
        world
            .attest_with(name, i64::from(i) * HOUR_MS, |evidence| {
                evidence.environment = Some(facts(&[("rom.sha1", KICKSTART)]));
            })
            .unwrap();
    }
    let fleet = |miner: &str| {
        world
            .town
            .node
            .get(&format!("/api/miner/{miner}/fleet"))
            .body
    };
    let shown = fleet(&world.names[2].wallet.id);
    assert_eq!(shown["rom"]["finding"], "foreign");
    assert_eq!(shown["rom"]["miners"], 3);
    assert_eq!(shown["rom"]["worth_a_look"], true);

    // The existing network's form, without evidence: which processor runs it is not known.
    let miner = Miner::number(99);
    let mut body = miner.body(&world.town.node.nonce());
    body["fingerprint"]["checks"]["rom_fingerprint"] = serde_json::json!({
        "passed": false,
        "data": {"rom_hashes": {}, "detection_details": [{"platform": "amiga", "hash": KICKSTART}]},
    });
    assert_eq!(world.town.node.submit(&miner.sign(body)).status, 200);
    let shown = fleet(&miner.id);
    assert_eq!(shown["rom"]["finding"], "unknown");
    assert_eq!(shown["rom"]["miners"], 4);
}
