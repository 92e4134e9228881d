//! The store by itself: what it refuses, what it survives, and that the audit finds what is wrong.

mod common;

use common::{options, settle_step, Database, Kind, START_MS};
use proptest::prelude::*;
use verdigris_node::audit::audit;
use verdigris_node::epoch::Chain;
use verdigris_node::ledger::{Account, Posting, Transaction, TOTAL_SUPPLY};
use verdigris_node::store::books::{self, balance, enrol};
use verdigris_node::store::records::{append, Attestation};
use verdigris_node::store::sql::{self, params, Access, Connection, Dialect, Location, Purpose};
use verdigris_node::store::{open_to_look, ChainOptions, OpenError, Store, StoreError};

on_each_database!(
    the_supply_ends_and_is_never_exceeded,
    a_movement_is_booked_once_by_its_reference,
    the_database_itself_refuses_to_rewrite_history,
    the_audit_finds_what_was_forged,
    a_failed_job_takes_nobody_with_it,
    an_error_that_a_job_overlooks_keeps_nothing,
    readers_cannot_write_and_survive_a_panic,
    a_database_keeps_its_key_and_its_chain,
);

fn open(location: &Location) -> Store {
    Store::open(location.clone(), options(), START_MS).unwrap()
}

/// A database that a test may write into directly.
fn workbench(kind: Kind, pot: i64) -> (Database, Connection, Chain) {
    let database = Database::new(kind);
    let options = ChainOptions {
        pot: Some(pot),
        ..options()
    };
    let store = Store::open(database.location.clone(), options, START_MS).unwrap();
    let connection = Connection::open(&database.location, Access::Writer).unwrap();
    (database, connection, *store.chain())
}

/// Logs an attestation and enrols it.
fn enter(c: &Connection, epoch: i64, miner: &str, weight: i64) {
    let attestation = Attestation {
        issued_ms: START_MS,
        received_ms: START_MS,
        miner: miner.into(),
        nonce: format!("{epoch}/{miner}"),
        epoch,
        accepted: true,
        weight,
        previous_id: None,
        fingerprint_hash: None,
        body: b"{}".to_vec(),
        verdict: "{}".into(),
    };
    let id = append(c, &attestation).unwrap().unwrap();
    enrol(c, epoch, miner, weight, id).unwrap();
}

/// Books in a transaction of its own, as the store's writer does.
fn book(c: &Connection, movement: &Transaction) -> sql::Result<bool> {
    c.transaction(Purpose::Write, |c| books::book(c, movement, START_MS))
        .map(|booked| booked.is_some())
}

/// Takes up to `steps` steps of what is due, each in a transaction of its own, paying two miners in
/// each. Gives the epochs that were ended.
fn settle_due(c: &Connection, chain: &Chain, now_ms: i64, steps: u32) -> sql::Result<Vec<i64>> {
    let mut ended = Vec::new();
    for _ in 0..steps {
        let ends = c.transaction(Purpose::Write, |c| settle_step(c, chain, now_ms, 2))?;
        match ends {
            None => break,
            Some(epoch) => ended.extend(epoch),
        }
    }
    Ok(ended)
}

/// As many steps as there are to take.
const ALL: u32 = u32::MAX;

fn end_of(chain: &Chain, epoch: i64) -> i64 {
    chain.epoch_end_s(epoch) * 1_000
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// However enrolments and settlements are mixed, every epoch is paid once, whole.
    #[test]
    fn settlement_is_exact_and_once(
        pot in 0i64..5_000_000,
        epochs in prop::collection::btree_map(
            0i64..40,
            prop::collection::btree_map("[a-d]", 0i64..4_000_000_000, 1..4),
            0..12,
        ),
        stops in prop::collection::vec((0i64..45, 1u32..8), 1..8),
    ) {
        for kind in [Kind::Sqlite, Kind::Postgres] {
        let (_database, c, chain) = workbench(kind, pot);
        for (&epoch, miners) in &epochs {
            for (miner, &weight) in miners {
                enter(&c, epoch, miner, weight);
            }
        }
        for &(epoch, limit) in &stops {
            settle_due(&c, &chain, end_of(&chain, epoch), limit).unwrap();
        }
        settle_due(&c, &chain, end_of(&chain, 50), ALL).unwrap();
        prop_assert!(settle_due(&c, &chain, end_of(&chain, 99), ALL).unwrap().is_empty());
        let owed = epochs.values().filter(|m| m.values().any(|&w| w > 0)).count() as i64 * pot;
        prop_assert_eq!(balance(&c, &Account::Emission).unwrap(), TOTAL_SUPPLY - owed);
        let report = audit(&c).unwrap();
        prop_assert_eq!(report.faults, Vec::<String>::new());
        prop_assert_eq!(report.paid, owed);
        prop_assert_eq!(report.epochs, epochs.len() as i64);
        }
    }
}

fn the_supply_ends_and_is_never_exceeded(kind: Kind) {
    let (_database, c, chain) = workbench(kind, TOTAL_SUPPLY / 3 * 2);
    for epoch in 0..3 {
        enter(&c, epoch, "a", 1);
    }
    assert_eq!(
        settle_due(&c, &chain, end_of(&chain, 2), ALL).unwrap(),
        [0, 1, 2]
    );
    assert_eq!(
        balance(&c, &Account::Wallet("a".into())).unwrap(),
        TOTAL_SUPPLY
    );
    assert_eq!(balance(&c, &Account::Emission).unwrap(), 0);
    assert_eq!(audit(&c).unwrap().faults, Vec::<String>::new());
}

fn a_movement_is_booked_once_by_its_reference(kind: Kind) {
    let (_database, c, _) = workbench(kind, 1);
    let movement = |amount| {
        let wallet = Posting {
            account: Account::Wallet("a".into()),
            amount,
        };
        let emission = Posting {
            account: Account::Emission,
            amount: -amount,
        };
        Transaction::new("gift", vec![emission, wallet]).unwrap()
    };
    assert!(book(&c, &movement(5)).unwrap());
    assert!(!book(&c, &movement(5)).unwrap());
    assert_eq!(balance(&c, &Account::Wallet("a".into())).unwrap(), 5);
    // Nobody but the issuance owes.
    let overdrawn = Transaction::new(
        "overdraft",
        vec![
            Posting {
                account: Account::Wallet("a".into()),
                amount: -6,
            },
            Posting {
                account: Account::Emission,
                amount: 6,
            },
        ],
    );
    assert!(book(&c, &overdrawn.unwrap()).is_err());
}

fn the_database_itself_refuses_to_rewrite_history(kind: Kind) {
    let (_database, c, chain) = workbench(kind, 1_000);
    enter(&c, 0, "a", 1);
    settle_due(&c, &chain, end_of(&chain, 0), ALL).unwrap();
    let pinned = "INSERT INTO miners (miner, public_key, first_ms, last_ms, attestation_id, family,
                                      class, physical, multiplier, weight)
                  VALUES ('a', ?1, 0, 0, 1, '', '', ?2, 0, 0)";
    c.execute(pinned, params![[7u8; 32], true]).unwrap();
    for sql in [
        "UPDATE postings SET amount = 7",
        "DELETE FROM postings",
        "UPDATE transactions SET reference = 'x'",
        "DELETE FROM transactions",
        "INSERT INTO postings VALUES (1, 'wallet/b', 5)",
        "INSERT INTO transactions VALUES (9, 'empty', 0)",
        "INSERT INTO transactions VALUES (9, 'genesis', 0)",
        "UPDATE attestations SET weight = 9",
        "DELETE FROM attestations",
        "UPDATE epochs SET paid = 0",
        "DELETE FROM epochs",
        "INSERT INTO epochs VALUES (0, 0, 0, 0, '0', 0)",
        "INSERT INTO epochs VALUES (1, 0, 10, 9, '0', 0)",
        "INSERT INTO enrolments VALUES (0, 'b', 1, 1)",
        "UPDATE enrolments SET weight = 9",
        "DELETE FROM enrolments",
        "UPDATE settlements SET pot = 7",
        "DELETE FROM settlements",
        "INSERT INTO settlements VALUES (0, 0, 0, 0, '0', 0, NULL, NULL)",
        "UPDATE payouts SET amount = 7",
        "DELETE FROM payouts",
        "INSERT INTO payouts VALUES (0, 'a', NULL, 0)",
        "INSERT INTO payouts VALUES (0, 'b', NULL, 5)",
        "INSERT INTO payouts VALUES (0, 'b', 1, 5)",
    ] {
        assert!(c.batch(sql).is_err(), "{sql}");
    }
    if c.dialect() == Dialect::Postgres {
        for table in [
            "attestations",
            "enrolments",
            "epochs",
            "payouts",
            "postings",
            "settlements",
            "transactions",
        ] {
            assert!(
                c.batch(&format!("TRUNCATE {table} CASCADE")).is_err(),
                "{table}"
            );
        }
    }
    // A transaction that does not balance is not sealed, and unsealed postings cannot be committed.
    let posting = "INSERT INTO postings VALUES (9, 'wallet/b', 5)";
    let seal = "INSERT INTO transactions VALUES (9, 'x', 0)";
    for (statements, sealed) in [(vec![posting], true), (vec![posting, seal], false)] {
        c.begin(Purpose::Write).unwrap();
        let done = statements.iter().try_for_each(|sql| c.batch(sql));
        assert_eq!(done.is_ok(), sealed);
        assert!(c.commit().is_err());
        c.roll_back();
    }
    assert!(c
        .batch("UPDATE miners SET public_key = NULL WHERE miner = 'a'")
        .is_err());
    assert_eq!(audit(&c).unwrap().faults, Vec::<String>::new());
}

/// Takes away what would refuse a forgery.
fn disarm(c: &Connection) {
    match c.dialect() {
        Dialect::Sqlite => {
            let triggers = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
            let names: Vec<String> = c.query_all(triggers, params![], |row| row.get(0)).unwrap();
            for name in names.iter().filter(|n| *n != "transactions_move_balances") {
                c.batch(&format!("DROP TRIGGER {name}")).unwrap();
            }
            c.batch("PRAGMA foreign_keys = OFF").unwrap();
        }
        Dialect::Postgres => c
            .batch(
                "SET session_replication_role = replica;
                 ALTER TABLE transactions ENABLE ALWAYS TRIGGER transactions_move_balances",
            )
            .unwrap(),
    }
}

fn the_audit_finds_what_was_forged(kind: Kind) {
    for (forgery, found) in [
        (
            "UPDATE balances SET amount = 7 WHERE account = 'wallet/a'",
            "the balance of wallet/a",
        ),
        (
            "INSERT INTO balances VALUES ('wallet/thief', 7)",
            "the balance of wallet/thief",
        ),
        (
            "DELETE FROM balances WHERE account = 'wallet/a'",
            "the balance of wallet/a",
        ),
        (
            "UPDATE postings SET amount = amount + 1 WHERE account = 'wallet/a'",
            "sums to 1",
        ),
        ("DELETE FROM postings WHERE tx = 2", "has no postings"),
        (
            "UPDATE enrolments SET weight = 5 WHERE miner = 'a'",
            "not in the log",
        ),
        (
            "UPDATE postings SET account = 'wallet/thief' WHERE account = 'wallet/a'",
            "otherwise",
        ),
        (
            "DELETE FROM payouts; DELETE FROM settlements",
            "is divided and settled in different ways",
        ),
        ("DELETE FROM payouts", "is no part of a settlement"),
        (
            "UPDATE payouts SET last_miner = 'a'",
            "booked otherwise than its enrolments give, up to a",
        ),
        ("UPDATE payouts SET amount = 7", "booked otherwise"),
        (
            "UPDATE epochs SET pot = 10, paid = 10",
            "is divided and settled in different ways",
        ),
        (
            "UPDATE settlements SET pot = 10, paid = 10",
            "booked otherwise",
        ),
        (
            "UPDATE settlements SET total_weight = '9'",
            "is divided otherwise",
        ),
        ("DELETE FROM attestations", "not in the log"),
        (
            "DELETE FROM transactions WHERE id = 2",
            "refers to a missing row of transactions",
        ),
        (
            "INSERT INTO miners (miner, first_ms, last_ms, attestation_id, family, class, physical,
                                 multiplier, weight)
             SELECT 'x', 0, 0, 99, '', '', accepted, 0, 0 FROM attestations WHERE id = 1",
            "the row of x refers to a missing row of attestations",
        ),
        (
            "INSERT INTO postings VALUES (3, 'system/issuance', -5), (3, 'wallet/thief', 5);
             INSERT INTO transactions VALUES (3, 'more', 0);",
            "system/issuance",
        ),
        (
            "INSERT INTO postings VALUES (3, 'system/emission', -5), (3, 'wallet/a', 5);
             INSERT INTO transactions VALUES (3, 'epoch/9', 0);",
            "epoch/9",
        ),
    ] {
        let (_database, c, chain) = workbench(kind, 1_000);
        enter(&c, 0, "a", 1);
        enter(&c, 0, "b", 1);
        settle_due(&c, &chain, end_of(&chain, 0), ALL).unwrap();
        assert_eq!(audit(&c).unwrap().faults, Vec::<String>::new());
        disarm(&c);
        c.batch(forgery).unwrap();
        let faults = audit(&c).unwrap().faults;
        assert!(
            faults.iter().any(|fault| fault.contains(found)),
            "{forgery}: {faults:?}"
        );
    }
}

/// A table without rules of its own.
const SCRATCH: &str = "CREATE TABLE scratch (name TEXT PRIMARY KEY)";

fn a_failed_job_takes_nobody_with_it(kind: Kind) {
    let database = Database::new(kind);
    let store = open(&database.location);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime
        .block_on(store.write(|c| c.batch(SCRATCH).map_err(StoreError::Sql)))
        .unwrap();
    let outcomes: Vec<Result<(), StoreError>> = runtime.block_on(async {
        let jobs: Vec<_> = (0..400)
            .map(|i| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(move |c| {
                            c.execute(
                                "INSERT INTO scratch VALUES (?1)",
                                params![format!("job {i}")],
                            )?;
                            match i % 4 {
                                1 => Err(StoreError::Busy),
                                2 => std::panic::resume_unwind(Box::new("on purpose")),
                                _ => Ok(()),
                            }
                        })
                        .await
                })
            })
            .collect();
        let mut outcomes = Vec::new();
        for job in jobs {
            outcomes.push(job.await.unwrap());
        }
        outcomes
    });
    let kept = runtime
        .block_on(store.read(|c| {
            let sql = "SELECT count(*) FROM scratch WHERE name LIKE 'job %'";
            c.query_one(sql, params![], |row| row.get::<i64>(0))
                .map_err(StoreError::Sql)
        }))
        .unwrap();
    assert_eq!(kept, 200);
    for (i, outcome) in outcomes.iter().enumerate() {
        let expected = match i % 4 {
            1 => matches!(outcome, Err(StoreError::Busy)),
            2 => matches!(outcome, Err(StoreError::Panicked)),
            _ => outcome.is_ok(),
        };
        assert!(expected, "{i}: {outcome:?}");
    }
}

fn readers_cannot_write_and_survive_a_panic(kind: Kind) {
    let database = Database::new(kind);
    let store = open(&database.location);
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let write = |c: &Connection| {
        c.execute("DELETE FROM miners", params![])
            .map_err(StoreError::Sql)
    };
    assert!(matches!(
        runtime.block_on(store.read(write)),
        Err(StoreError::Sql(_))
    ));
    for _ in 0..10 {
        let panics = |_: &Connection| -> Result<(), StoreError> {
            std::panic::resume_unwind(Box::new("on purpose"))
        };
        assert!(matches!(
            runtime.block_on(store.read(panics)),
            Err(StoreError::Panicked)
        ));
    }
    assert!(runtime
        .block_on(store.read(|_| Ok::<_, StoreError>(())))
        .is_ok());
}

fn an_error_that_a_job_overlooks_keeps_nothing(kind: Kind) {
    let (_database, c, _) = workbench(kind, 1);
    c.batch(SCRATCH).unwrap();
    let insert = "INSERT INTO scratch VALUES (?1)";
    // In a savepoint it costs nothing else.
    c.transaction::<_, sql::Error>(Purpose::Write, |c| {
        c.execute(insert, params!["first"])?;
        let again = c.savepoint(|c| c.execute(insert, params!["first"]));
        assert!(again.is_err());
        c.execute(insert, params!["second"])
    })
    .unwrap();
    let count = |c: &Connection| -> i64 {
        c.query_one("SELECT count(*) FROM scratch", params![], |row| row.get(0))
            .unwrap()
    };
    assert_eq!(count(&c), 2);
    // Inside a loop over rows the connection is taken.
    let nested = c.for_each("SELECT name FROM scratch", params![], |_| {
        c.execute(insert, params!["third"]).map(drop)
    });
    assert!(matches!(nested, Err(sql::Error::Nested)));
    // Outside one, nobody is told that something was kept which was not.
    let kept = c.transaction::<_, sql::Error>(Purpose::Write, |c| {
        c.execute(insert, params!["fourth"])?;
        let _ = c.execute(insert, params!["first"]);
        Ok(())
    });
    assert_eq!(count(&c), if kept.is_ok() { 3 } else { 2 });
}

fn a_database_keeps_its_key_and_its_chain(kind: Kind) {
    let database = Database::new(kind);
    let location = &database.location;
    assert!(matches!(
        open_to_look(location.clone()),
        Err(OpenError::Missing)
    ));
    let key = open(location).key().public_hex();
    let again = Store::open(location.clone(), ChainOptions::default(), START_MS).unwrap();
    assert_eq!(again.key().public_hex(), key);
    assert_eq!(again.chain().slot_s, 5);
    drop(again);
    let other = ChainOptions {
        pot: Some(1),
        ..ChainOptions::default()
    };
    assert!(matches!(
        Store::open(location.clone(), other, START_MS),
        Err(OpenError::Parameter("pot", ..))
    ));
    let c = Connection::open(location, Access::Writer).unwrap();
    c.batch(match kind {
        Kind::Sqlite => "PRAGMA user_version = 99",
        Kind::Postgres => "INSERT INTO migrations (version) VALUES (99)",
    })
    .unwrap();
    drop(c);
    assert!(matches!(
        Store::open(location.clone(), options(), START_MS),
        Err(OpenError::Version(99))
    ));
}

#[test]
fn a_file_is_private_and_what_is_no_database_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let database = Database::new(Kind::Sqlite);
    drop(open(&database.location));
    let path = database.directory.path().join("node.db");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(
        &path,
        b"this is not a database, and longer than a header of one would be: it is text",
    )
    .unwrap();
    assert!(matches!(
        Store::open(database.location.clone(), options(), START_MS),
        Err(OpenError::Sql(_))
    ));
}
