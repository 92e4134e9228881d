//! A node on a real socket with machines of every kind on it: what the browsers look at.

use crate::common;
use crate::common::{post_as, unlimited, Kind, Miner, Node, START_MS};
use crate::fleet_world::salt;
use crate::verdict_machine::{honest, qemu};
use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde_json::{json, Value};
use std::sync::atomic::Ordering;
use std::time::Duration;
use test_rigs::bind::bind;
use test_rigs::fleet::crystal::Random;
use test_rigs::fleet::world::{self, World, DAY_MS, HOUR_MS};
use verdigris_node::config::Config;
use verdigris_node::settle::confirm_overdue;
use verdigris_node::store::ChainOptions;

/// Days that pass before anybody looks.
const DAYS: i64 = 12;

/// Longest age of what pages keep, milliseconds, and a second.
pub const KEPT_MS: i64 = 61_000;

/// Names in the crowd: more than fit on a page.
const CROWD: u64 = 53;

/// What a machine calls itself that wants more than to be read.
const MODEL: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\u{202e}evil</td></table>\
                     anextremelylongwordwithoutanyplacewhereitcouldbebrokenbyabrowserthatisinawindowofaphone";

/// A memo of the same kind.
const MEMO: &str = "</td><script src=//evil.example></script><h1>paid</h1>";

/// The node and whom it knows.
pub struct Town {
    pub node: Node,
    /// Accepted, with a year's worth of everything.
    pub honest: Miner,
    /// An emulator.
    pub refused: Miner,
    /// The existing network's form, without evidence.
    pub plain: Miner,
    /// With a name as long as one may be, and a model full of markup.
    pub hostile: Miner,
    /// The transfer that is booked.
    pub transfer: String,
}

struct Clocked<'a>(&'a Node);

impl world::Town for Clocked<'_> {
    type Wallet = Miner;
    type Answer = Value;

    fn wallet(&self, number: u64) -> Miner {
        Miner::number(number)
    }

    fn set_clock(&self, ms: i64) {
        self.0.now.store(START_MS + ms, Ordering::Relaxed);
    }

    fn nonce(&self, _: &Miner) -> Result<String, String> {
        Ok(self.0.nonce())
    }

    fn submit(
        &self,
        miner: &Miner,
        nonce: &str,
        evidence: Evidence,
        from: world::From<'_>,
    ) -> Result<Value, String> {
        let body = filled(miner, nonce, evidence, "Workbench <1>");
        self.set_clock(from.at_ms);
        Ok(accepted(self.0, &body))
    }
}

/// A submission with evidence, of a device that calls itself so.
fn filled(miner: &Miner, nonce: &str, mut evidence: Evidence, model: &str) -> Value {
    bind(&mut evidence, &Seed::derive(nonce, &miner.id));
    let mut body = miner.body(nonce);
    body["evidence"] = serde_json::to_value(&evidence).unwrap();
    body["device"]["model"] = model.into();
    // What the recording says of one unit is not this one's.
    body["device"]["serial_number"] = Value::Null;
    body["device"]["serial"] = Value::Null;
    body["signals"]["serial"] = Value::Null;
    body["signals"]["macs"] = json!([]);
    miner.sign(body)
}

fn accepted(node: &Node, body: &Value) -> Value {
    let reply = post_as(
        node.address,
        "/attest/submit",
        body.to_string().as_bytes(),
        "",
    );
    let reply = reply.expect("an answer");
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body
}

/// Attests once, taking three seconds.
fn attest(node: &Node, miner: &Miner, evidence: Evidence, model: &str) {
    let nonce = node.nonce();
    node.wait_ms(3_000);
    accepted(node, &filled(miner, &nonce, evidence, model));
}

impl Town {
    pub fn settled() -> Self {
        let config = Config {
            transfer_delay: Duration::from_secs(3_600),
            ..unlimited()
        };
        let days = ChainOptions {
            slot_s: Some(600),
            slots_per_epoch: Some(144),
            ..common::options()
        };
        let node = Node::on_chain(Kind::Sqlite, config, days, salt());
        let honest_miner = Miner::number(1);
        let hostile = Miner::number(2).named(&"Longest-name.".repeat(10)[..128]);
        let (refused, plain) = (Miner::number(3), Miner::number(4).named("plain-old-form"));
        let quiet = |mut evidence: Evidence| {
            // Its values are those of another challenge's operands.
            evidence.quirks = None;
            evidence
        };
        let random = &mut Random::new(3);
        let mut world = World::new(Clocked(&node), quiet(honest()), 0);
        let machine = world.machine(25.0, random);
        let name = world.name(machine, "192.0.2.1");
        world.names[name].hours = world::Hours::Between(8, 22);
        for day in 0..DAYS {
            for hour in (9..21).step_by(2) {
                world.attest(name, day * DAY_MS + hour * HOUR_MS).unwrap();
            }
            node.settle();
        }
        for number in 0..CROWD {
            let miner = Miner::number(100 + number).named(&format!("crowd-{number:02}"));
            assert_eq!(miner.attest(&node).status, 200);
        }
        assert_eq!(plain.attest(&node).status, 200);
        attest(&node, &refused, quiet(qemu()), "Virtual");
        attest(&node, &hostile, quiet(honest()), MODEL);
        node.wait_ms(DAY_MS);
        node.settle();
        let mut town = Town {
            node,
            honest: honest_miner,
            refused,
            plain,
            hostile,
            transfer: String::new(),
        };
        town.transfer = town.pay("0.5", 1, MEMO);
        town.node.wait_ms(2 * HOUR_MS);
        let node = &town.node;
        node.runtime.block_on(confirm_overdue(&node.app)).unwrap();
        // This one still waits.
        town.pay("0.125", 2, "");
        attest(&town.node, &town.honest, quiet(honest()), "Workbench");
        town.node.wait_ms(KEPT_MS);
        town
    }

    /// Pays the refused machine's owner, and gives the transfer's name.
    fn pay(&self, amount: &str, nonce: i64, memo: &str) -> String {
        let (from, to) = (&self.honest.id, &self.refused.id);
        let signed = format!(
            r#"{{"amount":{amount},"fee":0.0,"from":"{from}","memo":"{memo}","nonce":"{nonce}","to":"{to}"}}"#
        );
        let mut transfer = self.honest.transfer_signed(to, amount, nonce, &signed);
        transfer["memo"] = memo.into();
        let reply = self.node.post("/wallet/transfer/signed", &transfer);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body["tx_hash"].as_str().unwrap().to_owned()
    }

    /// Somebody new attests, as the existing network's clients do.
    pub fn newcomer(&self, number: u64, name: &str) {
        let miner = Miner::number(1_000 + number).named(name);
        assert_eq!(miner.attest(&self.node).status, 200);
        self.node.wait_ms(KEPT_MS);
    }

    /// The node's address, as a browser writes it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.node.address)
    }

    /// Every page, those of machines for each kind of machine; a short name of each for its picture.
    pub fn pages(&self) -> Vec<(String, String)> {
        let mut pages: Vec<(String, String)> = [
            ("overview", "/explorer"),
            ("miners", "/explorer/miners"),
            ("epochs", "/explorer/epochs"),
            ("epoch", "/explorer/epoch/11"),
            ("hall", "/explorer/hall-of-fame"),
            ("preserved", "/explorer/preserved"),
            ("transactions", "/explorer/transactions"),
            ("settlement", "/explorer/tx/epoch/11"),
            ("laboratory", "/explorer/laboratory"),
            (
                "laboratory-rigs",
                "/explorer/laboratory/the-rigs-and-what-they-cost",
            ),
            ("api", "/api/docs"),
        ]
        .map(|(name, path)| (name.to_owned(), path.to_owned()))
        .into();
        for span in ["1d", "1m", "all"] {
            pages.push((format!("time-{span}"), format!("/explorer/time/{span}")));
        }
        pages.push((
            "transfer".into(),
            format!("/explorer/tx/transfer/{}", self.transfer),
        ));
        let miners = [
            ("honest", &self.honest),
            ("refused", &self.refused),
            ("plain", &self.plain),
            ("hostile", &self.hostile),
        ];
        for (kind, miner) in miners {
            let id = &miner.id;
            pages.push((format!("miner-{kind}"), format!("/explorer/miner/{id}")));
            pages.push((
                format!("passport-{kind}"),
                format!("/explorer/miner/{id}/passport"),
            ));
            pages.push((format!("wallet-{kind}"), format!("/explorer/wallet/{id}")));
        }
        pages
    }
}
