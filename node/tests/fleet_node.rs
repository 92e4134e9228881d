//! A node on a real socket, and miners that attest over days of its clock: honest crowds keep their weight,
//! fifty names on one machine are paid as one.

mod common;
mod fleet_world;
mod verdict_machine;

use common::{unlimited, Kind, Miner, Node, START_MS};
use fleet_world::skew_crystals::{Crystal, Random};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde_json::Value;
use std::net::IpAddr;
use std::process::Command;
use std::sync::atomic::Ordering;
use test_rigs::bind::bind;
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

const HOUR_MS: i64 = 3_600_000;

/// An epoch of the tests' chain: a day, as on the real one.
const DAY_MS: i64 = 24 * HOUR_MS;

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

/// A machine: a crystal under a counter that was started some time ago.
#[derive(Clone)]
struct Machine {
    crystal: Crystal,
    counter: u64,
}

/// When a name attests.
#[derive(Clone, Copy)]
enum Hours {
    /// At any time.
    Always,
    /// Between these hours of the day; the machine is started every morning.
    Between(i64, i64),
    /// By a timer, at the full hour.
    Timer,
}

/// A name on a machine.
struct Name {
    miner: Miner,
    machine: usize,
    address: String,
    hours: Hours,
    random: Random,
}

struct World {
    node: Node,
    template: Evidence,
    hz: f64,
    machines: Vec<Machine>,
    names: Vec<Name>,
}

impl World {
    fn new(kind: Kind) -> Self {
        let template = honest();
        World {
            node: node(kind),
            hz: template.elapsed_ticks as f64 * 1e9 / template.elapsed_ns as f64,
            template,
            machines: Vec::new(),
            names: Vec::new(),
        }
    }

    /// A machine of a lot of crystals; gives its number.
    fn machine(&mut self, sigma_ppm: f64, random: &mut Random) -> usize {
        self.machines.push(Machine {
            crystal: Crystal::draw(sigma_ppm, 0.5, random),
            counter: random.below((30.0 * 86_400.0 * self.hz) as u64),
        });
        self.machines.len() - 1
    }

    /// A name on a machine, seen from an address; gives its number.
    fn name(&mut self, machine: usize, address: &str) -> usize {
        let n = self.names.len() as u64 + 1;
        self.names.push(Name {
            miner: Miner::number(n),
            machine,
            address: address.into(),
            hours: Hours::Always,
            random: Random::new(n),
        });
        self.names.len() - 1
    }

    /// Attests at `at_ms` from the start; gives the answer.
    fn attest(&mut self, name: usize, at_ms: i64) -> Value {
        self.attest_with(name, at_ms, |_| ())
    }

    /// The same with evidence that is changed before its digests are made.
    fn attest_with(
        &mut self,
        name: usize,
        at_ms: i64,
        change: impl FnOnce(&mut Evidence),
    ) -> Value {
        let Name {
            miner,
            machine,
            address,
            hours,
            random,
        } = &mut self.names[name];
        let mut machine = self.machines[*machine].clone();
        if let Hours::Between(from, _) = hours {
            // Two minutes before the first hour of the day it was at some small number.
            let morning = at_ms.div_euclid(DAY_MS) * DAY_MS + *from * HOUR_MS - 120_000;
            let so_far = (morning.max(0) as f64 / 1e3 * self.hz) as u64;
            machine.counter = (machine.counter % 1_000_000_000).wrapping_sub(so_far);
        }
        let now = &self.node.now;
        now.store(START_MS + at_ms, Ordering::Relaxed);
        let nonce = self.node.nonce();

        // The request travels, the machine probes, and the answer travels.
        let delay_ns = |random: &mut Random| 20e6 + random.exponential(40e6);
        let first_ns = at_ms as f64 * 1e6 + delay_ns(random);
        let mut evidence = self.template.clone();
        let end_ns = first_ns + evidence.elapsed_ns as f64 + delay_ns(random);
        let off = machine.crystal.offset(first_ns / 1e9);
        let ticks = (first_ns / 1e9 + off) * self.hz;
        evidence.counter_start = Some(machine.counter.wrapping_add(ticks as u64));
        noisy(&mut evidence, random);
        change(&mut evidence);
        bind(&mut evidence, &Seed::derive(&nonce, &miner.id));

        let mut body = miner.body(&nonce);
        body["evidence"] = serde_json::to_value(&evidence).unwrap();
        // What the recording says of one unit is not this one's.
        body["device"]["serial_number"] = Value::Null;
        body["device"]["serial"] = Value::Null;
        body["signals"]["serial"] = Value::Null;
        body["signals"]["macs"] = Value::Array(Vec::new());
        let body = miner.sign(body).to_string();
        now.store(START_MS + (end_ns / 1e6) as i64, Ordering::Relaxed);
        let from = format!("X-Real-IP: {address}\r\n");
        let reply = common::post_as(self.node.address, "/attest/submit", body.as_bytes(), &from);
        let reply = reply.expect("an answer");
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        reply.body
    }

    /// Everybody attests every so often from one hour to another.
    fn pass(&mut self, from_h: i64, to_h: i64, every_h: i64) {
        let mut rounds: Vec<(i64, usize)> = Vec::new();
        for hour in (from_h..to_h).step_by(usize::try_from(every_h).unwrap()) {
            for (n, name) in self.names.iter_mut().enumerate() {
                let jitter = match name.hours {
                    Hours::Timer => 0,
                    Hours::Between(from, to) if !(from..to).contains(&(hour % 24)) => continue,
                    _ => i64::try_from(name.random.below(600_000)).unwrap(),
                };
                rounds.push((hour * HOUR_MS + jitter, n));
            }
        }
        rounds.sort_unstable();
        for (at, name) in rounds {
            self.attest(name, at);
        }
    }

    fn settle_at(&self, at_ms: i64) {
        self.node.now.store(START_MS + at_ms, Ordering::Relaxed);
        self.node.settle();
    }

    /// What everybody was paid for an epoch, by name, µRTC.
    fn paid(&self, epoch: usize) -> Vec<i64> {
        let explained = self
            .node
            .get(&format!("/api/epoch/{epoch}/explain?limit=1000"));
        let shares = explained.body["shares"].as_array().unwrap();
        let paid = |name: &Name| {
            let share = shares.iter().find(|s| s["miner"] == *name.miner.id);
            share.map_or(0, |s| s["amount_i64"].as_i64().unwrap())
        };
        self.names.iter().map(paid).collect()
    }
}

/// Another measurement of the same machine: samples move between neighbouring bins.
fn noisy(evidence: &mut Evidence, random: &mut Random) {
    let oscillator = evidence.oscillator.as_mut().unwrap();
    for pair in oscillator.histogram.chunks_exact_mut(2) {
        let moved = random.below(u64::from(pair[0]) / 4 + 1) as u16;
        pair[0] -= moved;
        pair[1] += moved;
    }
    oscillator.cv_ppm += random.below(50) as u32;
}

fn fifty_names_on_one_machine_are_found_and_paid_as_one(kind: Kind) {
    const NAMES: usize = 50;
    const HONEST: usize = 5;
    let random = &mut Random::new(7);
    let mut world = World::new(kind);
    for i in 0..HONEST {
        let machine = world.machine(20.0, random);
        world.name(machine, &format!("198.51.100.{i}"));
    }
    let machine = world.machine(20.0, random);
    for i in 0..NAMES {
        // A network for every name.
        world.name(machine, &format!("10.{i}.7.1"));
    }
    world.pass(0, 72, 3);
    world.settle_at(3 * DAY_MS + HOUR_MS);
    let with_pay: Vec<usize> = (0..3)
        .map(|epoch| {
            let paid = world.paid(epoch);
            assert_eq!(paid.iter().sum::<i64>(), 1_500_000);
            assert!(paid[..HONEST].iter().all(|&p| p > 0), "{paid:?}");
            paid[HONEST..].iter().filter(|&&p| p > 0).count()
        })
        .collect();
    println!("{kind:?}: names of the farm that were paid, by epoch: {with_pay:?}");
    assert_eq!(with_pay[2], 1, "one machine, one vote: {with_pay:?}");
    // Of the farm the first name keeps the vote, and an honest machine is worth as much as all fifty.
    let paid = world.paid(2);
    let keeper = (HONEST..paid.len()).find(|&n| paid[n] > 0).unwrap();
    assert!(paid[..HONEST].iter().all(|p| p.abs_diff(paid[keeper]) <= 1));

    let shown = |n: usize| {
        let miner = &world.names[n].miner.id;
        world.node.get(&format!("/api/miner/{miner}/fleet"))
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
    let strangers = world.names.iter().filter(|n| text.contains(&n.miner.id));
    assert_eq!(strangers.count(), 1, "{text}");
    assert!(world.node.audit().faults.is_empty());
}

/// A crowd of honest owners, one machine each, every one of them with much in common with the others.
struct Crowd {
    name: &'static str,
    miners: usize,
    /// Standard deviation of the crystals, ppm.
    sigma: f64,
    address: fn(usize) -> String,
    hours: fn(usize) -> Hours,
    /// Started within a second by one switch.
    together: bool,
}

const CROWDS: [Crowd; 7] = [
    Crowd {
        name: "campus",
        miners: 10,
        sigma: 25.0,
        address: |i| format!("192.0.2.{}", i + 1),
        hours: |_| Hours::Between(15, 24),
        together: false,
    },
    Crowd {
        name: "cloud hosting",
        miners: 8,
        sigma: 10.0,
        address: |i| format!("198.51.100.{}", i + 1),
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "co-working",
        miners: 8,
        sigma: 25.0,
        address: |_| "203.0.113.9".into(),
        hours: |_| Hours::Between(9, 18),
        together: false,
    },
    Crowd {
        name: "carrier-grade NAT",
        miners: 12,
        sigma: 25.0,
        address: |_| "100.64.3.1".into(),
        hours: |i| Hours::Between(6 + i as i64 % 5, 22),
        together: false,
    },
    Crowd {
        name: "same model",
        miners: 10,
        sigma: 4.0,
        address: |i| format!("10.{i}.1.1"),
        hours: |_| Hours::Always,
        together: false,
    },
    Crowd {
        name: "time zone",
        miners: 8,
        sigma: 25.0,
        address: |i| format!("2001:db8:{i}::1"),
        hours: |_| Hours::Timer,
        together: false,
    },
    Crowd {
        name: "lab of one lot, one switch",
        miners: 8,
        sigma: 4.0,
        address: |i| format!("192.0.3.{}", i + 1),
        hours: |_| Hours::Always,
        together: true,
    },
];

/// All of them on one node, three days long; the evidence of all is of one model besides.
fn honest_crowds_keep_their_weight(kind: Kind) {
    let random = &mut Random::new(11);
    let mut world = World::new(kind);
    for crowd in &CROWDS {
        let started = random.below((30.0 * 86_400.0 * world.hz) as u64);
        for i in 0..crowd.miners {
            let machine = world.machine(crowd.sigma, random);
            if crowd.together {
                world.machines[machine].counter = started + random.below(world.hz as u64);
            }
            let name = world.name(machine, &(crowd.address)(i));
            world.names[name].hours = (crowd.hours)(i);
        }
    }
    world.pass(0, 72, 3);
    world.settle_at(3 * DAY_MS + HOUR_MS);
    for epoch in 0..3 {
        let paid = world.paid(epoch);
        let share = 1_500_000 / world.names.len() as i64;
        let mut names = world.names.iter().zip(&paid);
        for crowd in &CROWDS {
            for (name, &paid) in names.by_ref().take(crowd.miners) {
                assert!(
                    (share..=share + 1).contains(&paid),
                    "{} in epoch {epoch}: {} was paid {paid} of {share}",
                    crowd.name,
                    name.miner.id
                );
            }
        }
    }
    // What they have in common is told all the same.
    let campus = &world.names[0].miner.id;
    let shown = world.node.get(&format!("/api/miner/{campus}/fleet"));
    assert!(
        shown.body["circumstances"]["network"].as_i64() > Some(0),
        "{shown:?}"
    );
    assert_eq!(shown.body["counts"], true);
}

fn a_crystal_is_known_after_days_and_shown(kind: Kind) {
    let random = &mut Random::new(3);
    let mut world = World::new(kind);
    let machine = world.machine(25.0, random);
    let name = world.name(machine, "192.0.2.1");
    let path = format!("/api/miner/{}/continuity", world.names[name].miner.id);
    assert_eq!(world.node.get(&path).status, 404);
    // Evidence from before there was a raw reading is taken as before.
    world.attest_with(name, 0, |evidence| evidence.counter_start = None);
    assert_eq!(world.node.get(&path).body["counter"], Value::Null);

    world.pass(1, 49, 1);
    let shown = world.node.get(&path);
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
    world.attest(other, 50 * HOUR_MS);
    let path = format!("/api/miner/{}/continuity", world.names[other].miner.id);
    let shown = world.node.get(&path);
    assert_eq!(
        shown.body["counter"]["reference_hz"],
        counter["reference_hz"]
    );
    assert_eq!(shown.body["counter"]["skew"], Value::Null);
}

fn when_the_first_name_leaves_the_next_has_the_vote(kind: Kind) {
    const NAMES: usize = 20;
    let random = &mut Random::new(5);
    let mut world = World::new(kind);
    let machine = world.machine(20.0, random);
    for i in 0..NAMES {
        world.name(machine, &format!("10.{i}.7.1"));
    }
    world.pass(0, 72, 3);
    world.settle_at(3 * DAY_MS);
    let paid = world.paid(2);
    let first = (0..NAMES).find(|&n| paid[n] > 0).unwrap();
    assert_eq!(paid[first], 1_500_000, "{paid:?}");

    let gone = world.names.remove(first);
    world.pass(72, 144, 3);
    world.settle_at(6 * DAY_MS);
    assert_eq!(
        world.paid(3),
        [0; NAMES - 1],
        "the machine is still the first name's"
    );
    let paid = world.paid(5);
    assert_eq!(paid.iter().filter(|&&p| p > 0).count(), 1, "{paid:?}");
    let path = format!("/api/miner/{}/fleet", gone.miner.id);
    assert_eq!(world.node.get(&path).body["counts"], true);
}

fn an_assessment_after_enrolment_counts_before_settlement(kind: Kind) {
    let random = &mut Random::new(9);
    let mut world = World::new(kind);
    for i in 0..3 {
        let machine = world.machine(20.0, random);
        world.name(machine, &format!("10.{i}.7.1"));
    }
    let (owner, copier, bystander) = (0, 1, 2);
    for name in [owner, copier, bystander] {
        let answer = world.attest(name, 1_000 * (1 + name as i64));
        assert!(answer["weight"].to_string().parse::<f64>().unwrap() > 0.0);
    }
    // In the afternoon one sends what another measured, with digests of its own.
    let mut measured = None;
    world.attest_with(owner, 8 * HOUR_MS, |evidence| {
        measured = Some(evidence.clone())
    });
    let measured = measured.unwrap();
    let answer = world.attest_with(copier, 9 * HOUR_MS, |evidence| {
        evidence.oscillator.clone_from(&measured.oscillator);
    });
    assert_eq!(answer["weight"].to_string().parse::<f64>().unwrap(), 0.0);
    world.attest(bystander, 9 * HOUR_MS);
    world.settle_at(DAY_MS);
    assert_eq!(world.paid(0), [750_000, 0, 750_000]);

    let miner = &world.names[copier].miner.id;
    let shown = world.node.get(&format!("/api/miner/{miner}/fleet"));
    assert_eq!(shown.body["shared"][0]["noise"], true, "{shown:?}");
    // The operator sees whose it was.
    let said = Command::new(env!("CARGO_BIN_EXE_verdigris-node"))
        .args(["miner", "explain", miner, "--database"])
        .arg(common::argument(&world.node.database.location))
        .output()
        .unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let first = &world.names[owner].miner.id;
    assert!(
        said.contains(&format!("{first} has the machine's vote")),
        "{said}"
    );
    assert!(said.contains("which is a copy"), "{said}");
    let explained = world
        .node
        .get(&format!("/api/epoch/0/explain?miner={miner}"));
    let share = &explained.body["shares"][0];
    assert_eq!(share["weight_units"], 0, "{share}");
    assert!(world.node.audit().faults.is_empty());
}

fn a_rom_is_told_with_how_many_report_it(kind: Kind) {
    // Kickstart 1.3 of a 68000, in evidence of an x86.
    const KICKSTART: &str = "891e9a547772fe0c6c19b610baf8bc4ea7fcb785";
    let random = &mut Random::new(4);
    let mut world = World::new(kind);
    for i in 0..3 {
        let machine = world.machine(20.0, random);
        let name = world.name(machine, &format!("10.{i}.7.1"));
        world.attest_with(name, i64::from(i) * HOUR_MS, |evidence| {
            evidence.environment = Some(facts(&[("rom.sha1", KICKSTART)]));
        });
    }
    let fleet = |miner: &str| world.node.get(&format!("/api/miner/{miner}/fleet")).body;
    let shown = fleet(&world.names[2].miner.id);
    assert_eq!(shown["rom"]["finding"], "foreign");
    assert_eq!(shown["rom"]["miners"], 3);
    assert_eq!(shown["rom"]["worth_a_look"], true);

    // The existing network's form, without evidence: which processor runs it is not known.
    let miner = Miner::number(99);
    let mut body = miner.body(&world.node.nonce());
    body["fingerprint"]["checks"]["rom_fingerprint"] = serde_json::json!({
        "passed": false,
        "data": {"rom_hashes": {}, "detection_details": [{"platform": "amiga", "hash": KICKSTART}]},
    });
    assert_eq!(world.node.submit(&miner.sign(body)).status, 200);
    let shown = fleet(&miner.id);
    assert_eq!(shown["rom"]["finding"], "unknown");
    assert_eq!(shown["rom"]["miners"], 4);
}
