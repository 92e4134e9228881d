//! Whatever is enrolled, settled in parts, sent, ordered, called off, booked, backed up and started again, in
//! whatever order: no money is made or lost, nobody falls below zero, and the same steps lead to the same
//! books, on either database, with or without ends in between.

mod common;

use common::{options, settle_step, Database, Kind, Miner, START_MS};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use verdigris_node::audit::audit;
use verdigris_node::config::CHAIN_ID;
use verdigris_node::epoch::Chain;
use verdigris_node::ledger::{Account, TOTAL_SUPPLY};
use verdigris_node::store::backup::{backup, restore};
use verdigris_node::store::books::{balance, enrol};
use verdigris_node::store::records::{append, Attestation};
use verdigris_node::store::sql::{self, params, Access, Connection, Purpose};
use verdigris_node::store::{transfers, ChainOptions, Store};
use verdigris_node::transfer::amount::Amount;
use verdigris_node::transfer::{check, order};

/// What an epoch pays, µRTC: little, so that there is something to round.
const POT: i64 = 1_000;

const DELAY_MS: i64 = 10_000;

/// The first have keys, the others are names.
const OWNERS: u64 = 3;
const WALLETS: u64 = 5;

fn id(wallet: u64) -> String {
    if wallet < OWNERS {
        Miner::number(wallet).id
    } else {
        format!("bcn_{wallet}")
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Somebody attests, and is enrolled in the open epoch.
    Enrol { wallet: u64, weight: i64 },
    /// So much time goes by, in tenths of an epoch.
    Wait(i64),
    /// So many steps of what is due, two miners in each.
    Settle(u32),
    /// A wallet sends: its owner signs, or the operator orders.
    Send { from: u64, to: u64, micro: i64 },
    /// The operator calls off a transfer.
    Void(i64),
    /// What is due is booked, so many at a time.
    Confirm(u32),
    /// The process ends, and another begins.
    Restart,
    /// The books move to another database.
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    let wallet = 0..WALLETS;
    prop_oneof![
        5 => (wallet.clone(), prop_oneof![0i64..4, 0..=i64::MAX])
            .prop_map(|(wallet, weight)| Step::Enrol { wallet, weight }),
        3 => (1i64..12).prop_map(Step::Wait),
        3 => (1u32..6).prop_map(Step::Settle),
        4 => (wallet.clone(), wallet, 1i64..900)
            .prop_map(|(from, to, micro)| Step::Send { from, to, micro }),
        1 => (1i64..8).prop_map(Step::Void),
        2 => (1u32..4).prop_map(Step::Confirm),
        1 => Just(Step::Restart),
        1 => Just(Step::Restore),
    ]
}

/// The books kept a second time, by the simplest means.
#[derive(Default)]
struct Model {
    balances: BTreeMap<u64, i64>,
    /// Sender, receiver, µRTC, due; by number.
    pending: BTreeMap<i64, (u64, u64, i64, i64)>,
    nonces: BTreeMap<u64, i64>,
    /// By epoch that is not settled, and by wallet's id, so in the order of ties.
    enrolled: BTreeMap<i64, BTreeMap<String, (u64, i64)>>,
    /// What the epoch that is being settled still owes; in which order it pays is the node's affair.
    owed: Option<BTreeMap<u64, i64>>,
}

impl Model {
    fn available(&self, wallet: u64) -> i64 {
        let waiting = self.pending.values().filter(|p| p.0 == wallet);
        let promised: i64 = waiting.map(|p| p.2).sum();
        self.balances.get(&wallet).copied().unwrap_or(0) - promised
    }

    /// The shares of the oldest epoch that is not settled.
    fn begin(&mut self) {
        if self.owed.is_none() {
            let oldest = self.enrolled.values().next();
            self.owed = oldest.map(shares);
        }
    }

    /// Books what is seen to be paid: to each its whole share, once.
    fn pay(&mut self, held: impl Fn(u64) -> i64) {
        let balances = &mut self.balances;
        self.owed.get_or_insert_default().retain(|wallet, share| {
            let balance = balances.entry(*wallet).or_default();
            let paid = held(*wallet) != *balance;
            *balance += if paid { *share } else { 0 };
            assert_eq!(held(*wallet), *balance);
            !paid
        });
    }

    /// All of the epoch was paid, and nothing but nothing is owed.
    fn settled(&mut self, epoch: i64) {
        let owed = self.owed.take().unwrap_or_default();
        assert!(owed.values().all(|share| *share == 0), "{owed:?}");
        assert_eq!(
            self.enrolled.pop_first().map(|(oldest, _)| oldest),
            Some(epoch)
        );
    }
}

/// By the words of the rule: whole shares, then one µRTC after the other.
fn shares(miners: &BTreeMap<String, (u64, i64)>) -> BTreeMap<u64, i64> {
    let miners: Vec<(u64, i64)> = miners.values().copied().collect();
    let mut shares: BTreeMap<u64, i64> = miners.iter().map(|m| (m.0, 0)).collect();
    let total: i128 = miners.iter().map(|m| i128::from(m.1)).sum();
    if total != 0 {
        let product = |m: &(u64, i64)| i128::from(POT) * i128::from(m.1);
        let mut left = POT;
        for miner in &miners {
            let share = i64::try_from(product(miner) / total).unwrap();
            *shares.entry(miner.0).or_default() += share;
            left -= share;
        }
        let mut waiting = miners;
        for _ in 0..left {
            let largest = waiting.iter().map(|m| product(m) % total).max().unwrap();
            let first = waiting.iter().position(|m| product(m) % total == largest);
            let miner = waiting.remove(first.unwrap());
            *shares.entry(miner.0).or_default() += 1;
        }
    }
    shares
}

/// A database under way.
struct Play {
    database: Database,
    connection: Connection,
    chain: Chain,
    model: Model,
    now_ms: i64,
    attested: i64,
}

fn chain_options() -> ChainOptions {
    ChainOptions {
        pot: Some(POT),
        ..options()
    }
}

fn opened(database: &Database) -> (Connection, Chain) {
    let store = Store::open(database.location.clone(), chain_options(), START_MS).unwrap();
    let chain = *store.chain();
    drop(store);
    let connection = Connection::open(&database.location, Access::Writer).unwrap();
    (connection, chain)
}

impl Play {
    fn new(kind: Kind) -> Self {
        let database = Database::new(kind);
        let (connection, chain) = opened(&database);
        Play {
            database,
            connection,
            chain,
            model: Model::default(),
            now_ms: START_MS,
            attested: 0,
        }
    }

    fn write<T>(&self, job: impl FnOnce(&Connection) -> sql::Result<T>) -> T {
        self.connection.transaction(Purpose::Write, job).unwrap()
    }

    fn enrol(&mut self, wallet: u64, weight: i64) {
        self.attested += 1;
        let (chain, now_ms, nonce) = (self.chain, self.now_ms, self.attested.to_string());
        let miner = id(wallet);
        let (epoch, counts) = self.write(|c| {
            let epoch = verdigris_node::store::books::open_epoch(c, &chain, now_ms / 1_000)?;
            let attestation = Attestation {
                issued_ms: now_ms,
                received_ms: now_ms,
                miner: miner.clone(),
                nonce,
                epoch,
                accepted: true,
                weight,
                previous_id: None,
                fingerprint_hash: None,
                body: b"{}".to_vec(),
                verdict: "{}".into(),
            };
            let id = append(c, &attestation)?.expect("a new nonce");
            Ok((epoch, enrol(c, epoch, &miner, weight, id)?))
        });
        let known = self.model.enrolled.entry(epoch).or_default();
        assert_eq!(known.entry(miner).or_insert((wallet, weight)).1, counts);
    }

    fn settle(&mut self, steps: u32) {
        for _ in 0..steps {
            let (chain, now_ms) = (self.chain, self.now_ms);
            let Some(ended) = self.write(|c| settle_step(c, &chain, now_ms, 2)) else {
                return;
            };
            self.model.begin();
            let c = &self.connection;
            let held = |wallet| balance(c, &Account::Wallet(id(wallet))).unwrap();
            self.model.pay(held);
            if let Some(epoch) = ended {
                self.model.settled(epoch);
            }
        }
    }

    fn send(&mut self, from: u64, to: u64, micro: i64) {
        let nonce = self.model.nonces.get(&from).copied().unwrap_or(0) + 1;
        let (now_ms, due_ms) = (self.now_ms, self.now_ms + DELAY_MS);
        let amount = Amount::parse(&format!("0.{micro:06}")).unwrap().python();
        let taken = if from < OWNERS {
            let body = Miner::number(from).transfer(&id(to), &amount, nonce);
            let transfer = check(body.to_string().as_bytes(), CHAIN_ID).unwrap();
            self.write(|c| transfers::accept(c, &transfer, now_ms, due_ms))
        } else {
            let ordered = order::Order {
                from: id(from),
                to: id(to),
                micro,
                nonce: None,
                reason: "a reason".into(),
            };
            self.write(|c| order::take(c, ordered, now_ms, due_ms)).1
        };
        let allowed = self.model.available(from) >= micro;
        assert_eq!(taken.is_ok(), allowed, "{taken:?}");
        if let Ok(number) = taken {
            self.model.pending.insert(number, (from, to, micro, due_ms));
            self.model.nonces.insert(from, nonce);
        }
    }

    fn confirm(&mut self, limit: u32) {
        let now_ms = self.now_ms;
        while self
            .write(|c| transfers::confirm_due(c, now_ms, limit))
            .len()
            == limit as usize
        {}
        let (due, waiting) = std::mem::take(&mut self.model.pending)
            .into_iter()
            .partition(|(_, p)| p.3 <= now_ms);
        self.model.pending = waiting;
        let due: BTreeMap<i64, (u64, u64, i64, i64)> = due;
        for (from, to, micro, _) in due.into_values() {
            *self.model.balances.entry(from).or_default() -= micro;
            *self.model.balances.entry(to).or_default() += micro;
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Enrol { wallet, weight } => self.enrol(wallet, weight),
            Step::Wait(tenths) => self.now_ms += common::EPOCH_MS / 10 * tenths,
            Step::Settle(steps) => self.settle(steps),
            Step::Send { from, to, micro } if from != to => self.send(from, to, micro),
            Step::Send { .. } => {}
            Step::Void(number) => {
                let now_ms = self.now_ms;
                let voided = self.write(|c| transfers::void(c, number, "why", now_ms));
                assert_eq!(voided, self.model.pending.remove(&number).is_some());
            }
            Step::Confirm(limit) => self.confirm(limit),
            Step::Restart => (self.connection, self.chain) = opened(&self.database),
            Step::Restore => {
                let file = self.database.directory.path().join("backup");
                backup(self.database.location.clone(), &file).unwrap();
                let kind = match self.connection.dialect() {
                    sql::Dialect::Sqlite => Kind::Sqlite,
                    sql::Dialect::Postgres => Kind::Postgres,
                };
                let other = Database::new(kind);
                restore(&file, &other.location).unwrap();
                (self.connection, self.chain) = opened(&other);
                self.database = other;
            }
        }
    }

    /// What must hold at any moment, within a settlement too.
    fn holds(&self) {
        let c = &self.connection;
        let total: i64 = c
            .query_one(
                "SELECT CAST(sum(amount) AS BIGINT) FROM balances",
                params![],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(total, 0);
        let lowest: i64 = c
            .query_one(
                "SELECT min(amount) FROM balances WHERE account <> 'system/issuance'",
                params![],
                |row| row.get(0),
            )
            .unwrap();
        assert!(lowest >= 0);
    }

    /// Ends whatever is under way, and compares every balance with the model. Gives all that is booked.
    fn end(mut self) -> BTreeSet<String> {
        // Away for long.
        self.now_ms += 20 * common::EPOCH_MS;
        self.settle(u32::MAX);
        self.confirm(1);
        let c = &self.connection;
        for wallet in 0..WALLETS {
            let held = balance(c, &Account::Wallet(id(wallet))).unwrap();
            let expected = self.model.balances.get(&wallet).copied().unwrap_or(0);
            assert_eq!(held, expected, "{}", id(wallet));
        }
        let paid: i64 = self.model.balances.values().sum();
        assert_eq!(balance(c, &Account::Emission).unwrap(), TOTAL_SUPPLY - paid);
        assert_eq!(audit(c).unwrap().faults, Vec::<String>::new());
        let booked = "SELECT reference || ' ' || account || ' ' || amount FROM postings
                      JOIN transactions ON transactions.id = tx";
        let all: Vec<String> = c.query_all(booked, params![], |row| row.get(0)).unwrap();
        all.into_iter().collect()
    }
}

fn play(kind: Kind, steps: &[Step], with_ends: bool) -> BTreeSet<String> {
    let mut play = Play::new(kind);
    for step in steps {
        if with_ends || !matches!(step, Step::Restart | Step::Restore) {
            play.step(step);
        }
        play.holds();
    }
    play.end()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 16,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_things_is_sound_and_leads_to_the_same_books(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let books = play(Kind::Sqlite, &steps, true);
        prop_assert_eq!(&books, &play(Kind::Sqlite, &steps, false));
        prop_assert_eq!(&books, &play(Kind::Postgres, &steps, true));
    }
}
