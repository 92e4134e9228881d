//! Backup and restore, between all kinds of databases, and the steps from older schemas.

mod common;

use common::{column, options, unlimited, Database, Kind, Miner, Node, EPOCH_MS, START_MS};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use verdigris_node::audit::audit;
use verdigris_node::settle;
use verdigris_node::store::backup::{backup, restore, tables, verify, BackupError};
use verdigris_node::store::names::{self, Act};
use verdigris_node::store::sql::Location;
use verdigris_node::store::{open_to_look, transfers, ChainOptions, OpenError, Store, StoreError};

on_each_database!(
    a_backup_holds_every_table_and_column,
    a_running_node_is_backed_up_and_restored_to_either_database,
    a_damaged_backup_restores_nothing,
    a_backup_of_version_2_is_restored,
    a_backup_of_version_3_is_restored,
    a_backup_of_version_7_is_restored,
);

const KINDS: [Kind; 2] = [Kind::Sqlite, Kind::Postgres];

/// A node with something of everything, and a settled epoch.
fn busy(kind: Kind) -> Node {
    let node = Node::start_on(kind, unlimited());
    for n in 0..3 {
        assert_eq!(Miner::number(n).attest(&node).status, 200);
    }
    let unsigned = Miner::number(9).named("power8");
    assert_eq!(node.submit(&unsigned.body(&node.nonce())).status, 200);
    node.nonce();
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    // A transfer that is booked, one that is called off, one that waits.
    let (from, to) = (Miner::number(0), Miner::number(1).id);
    let send = |nonce| {
        let sent = node.post(
            "/wallet/transfer/signed",
            &from.transfer(&to, "0.05", nonce),
        );
        assert_eq!(sent.status, 200, "{sent:?}");
        node.wait_ms(1);
    };
    send(1);
    let delay_ms = i64::try_from(node.app.config.transfer_delay.as_millis()).unwrap();
    node.wait_ms(delay_ms);
    let confirming = settle::confirm_overdue(&node.app);
    assert_eq!(node.runtime.block_on(confirming).unwrap(), 1);
    send(2);
    let voiding = node
        .app
        .store
        .write(|c| transfers::void(c, 2, "a mistake", START_MS).map_err(StoreError::from));
    assert!(node.runtime.block_on(voiding).unwrap());
    send(3);
    assert_eq!(Miner::number(1).attest(&node).status, 200);
    // A header, and a decision about a name.
    let slot = node.get("/epoch").body["slot"].as_i64().unwrap();
    let mut turn = 0..3;
    let kept = turn.find(|&n| {
        let miner = Miner::number(n);
        let message = format!("slot:{slot}:miner:{}:ts:1", miner.id);
        let body = serde_json::json!({
            "miner_id": miner.id, "message": verdigris_node::keys::hex(message.as_bytes()),
            "signature": miner.signature(&message),
        });
        node.post("/headers/ingest_signed", &body).status == 200
    });
    assert_eq!(kept, Some(1), "the only one that attested within a day");
    let freeze = node.app.store.write(|c| {
        names::act(c, "power8", Act::Freeze, "an example", START_MS).map_err(StoreError::from)
    });
    assert!(node.runtime.block_on(freeze).unwrap());
    node
}

/// Everything that a node's users see.
fn seen(node: &Node) -> Vec<String> {
    let mut paths = vec!["/epoch".to_owned(), "/api/epoch/0/explain".into()];
    for n in 0..3 {
        let id = Miner::number(n).id;
        paths.push(format!("/api/miner/{id}/verdict"));
        paths.push(format!("/balance/{id}"));
        paths.push(format!("/wallet/history?miner_id={id}"));
        paths.push(format!("/pending/list?miner_id={id}&status=all"));
    }
    paths
        .iter()
        .map(|path| node.get(path).body.to_string())
        .collect()
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A later schema cannot forget its backup.
fn a_backup_holds_every_table_and_column(kind: Kind) {
    let database = Database::new(kind);
    drop(Store::open(database.location.clone(), options(), START_MS).unwrap());
    let catalog = match kind {
        Kind::Sqlite => {
            "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table'"
        }
        Kind::Postgres => {
            "SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE table_schema = current_schema()"
        }
    };
    // What follows from the rest, and what the restored database says of itself.
    let derived = ["balances.", "migrations.", "unsealed."];
    let there: BTreeSet<String> = column(&database.location, catalog)
        .into_iter()
        .filter(|name| !derived.iter().any(|table| name.starts_with(table)))
        .collect();
    let kept: BTreeSet<String> = tables()
        .flat_map(|(table, columns)| columns.into_iter().map(move |c| format!("{table}.{c}")))
        .collect();
    assert_eq!(there, kept);
}

fn a_running_node_is_backed_up_and_restored_to_either_database(kind: Kind) {
    let node = busy(kind);
    let file = node.database.directory.path().join("backup");
    let made = backup(node.database.location.clone(), &file).unwrap();
    assert_eq!(verify(&file).unwrap(), made);
    // A second never overwrites the first.
    let again = backup(node.database.location.clone(), &file);
    assert!(matches!(again, Err(BackupError::File(_))), "{again:?}");
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for kind in KINDS {
        let database = Database::new(kind);
        assert_eq!(restore(&file, &database.location).unwrap(), made);
        let twice = restore(&file, &database.location);
        assert!(matches!(twice, Err(BackupError::NotEmpty)), "{twice:?}");
        let (c, _) = open_to_look(database.location.clone()).unwrap();
        assert_eq!(audit(&c).unwrap(), node.audit());
        // Backed up again it is the same file: nothing got lost or changed on the way.
        let second = database.directory.path().join("backup");
        backup(database.location.clone(), &second).unwrap();
        assert_eq!(lines(&second), lines(&file));
        // And it goes on where the other stopped.
        let restored = Node::continue_on(database, node.now.clone(), unlimited());
        assert_eq!(
            restored.app.store.key().public_hex(),
            node.app.store.key().public_hex()
        );
        assert_eq!(seen(&restored), seen(&node));
        assert_eq!(Miner::number(5).attest(&restored).status, 200);
        restored.wait_ms(EPOCH_MS);
        assert_eq!(restored.settle(), 1);
        restored.wait_ms(-EPOCH_MS);
    }
}

fn a_damaged_backup_restores_nothing(kind: Kind) {
    let node = busy(Kind::Sqlite);
    let directory = node.database.directory.path();
    let file = directory.join("backup");
    backup(node.database.location.clone(), &file).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|&b| b == b'\n')
        .unwrap()
        + 1;
    let mut changed = whole.clone();
    changed[last / 2] ^= 1;
    let mut newer = whole.clone();
    newer.splice(0..0, *b"{}\n");
    let database = Database::new(kind);
    for (name, bytes) in [
        ("empty", &b""[..]),
        ("cut", &whole[..whole.len() / 2]),
        ("without its end", &whole[..last]),
        ("without its last byte", &whole[..whole.len() - 1]),
        ("changed", &changed),
        ("with more at its beginning", &newer),
    ] {
        let damaged = directory.join("damaged");
        std::fs::write(&damaged, bytes).unwrap();
        let result = restore(&damaged, &database.location);
        assert!(
            matches!(result, Err(BackupError::Unsound(_))),
            "{name}: {result:?}"
        );
        let empty = open_to_look(database.location.clone()).map(drop);
        assert!(
            matches!(empty, Err(OpenError::Missing)),
            "{name}: {empty:?}"
        );
    }
    // After all that the place is still free.
    restore(&file, &database.location).unwrap();
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// What the database of `data/database-1.sql` was when version 1 of the schema was current.
fn is_the_recorded_one(location: &Location) {
    let store = Store::open(location.clone(), ChainOptions::default(), START_MS).unwrap();
    assert_eq!(store.chain().genesis_s, 1_795_273_166);
    assert_eq!(
        (store.chain().slot_s, store.chain().slots_per_epoch),
        (1, 3)
    );
    assert_eq!(
        store.key().public_hex(),
        "e7d1ab6aa515bc10423c5a36bcea8accac9558a3bd1a5adfff52d0ee8a755e77"
    );
    drop(store);
    let (c, _) = open_to_look(location.clone()).unwrap();
    let report = audit(&c).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!(
        (report.attestations, report.epochs, report.transactions),
        (5, 3, 4)
    );
    assert_eq!(report.paid, 4_500_000);
    let balances: BTreeMap<String, String> =
        column(location, "SELECT account || ' ' || amount FROM balances")
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(account, amount)| (account.into(), amount.into()))
            .collect();
    assert_eq!(balances["wallet/power8"], "1500000");
    assert_eq!(balances["system/emission"], "8388603500000");
    assert_eq!(balances.len(), 5);
}

#[test]
fn a_database_of_version_1_is_brought_up_to_date() {
    let database = Database::new(Kind::Sqlite);
    let path = database.directory.path().join("node.db");
    let dump = std::fs::read_to_string(data("database-1.sql")).unwrap();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(&dump)
        .unwrap();
    // Looking alone changes nothing, and says so.
    let old = open_to_look(database.location.clone()).map(drop);
    assert!(matches!(old, Err(OpenError::Old(1))), "{old:?}");
    is_the_recorded_one(&database.location);
    // A second start finds nothing to do.
    is_the_recorded_one(&database.location);
    // It is the very database of which the backup of version 2 was made.
    let other = Database::new(Kind::Sqlite);
    restore(&data("backup-2.jsonl"), &other.location).unwrap();
    let backups = [database, other].map(|database| {
        let file = database.directory.path().join("backup");
        backup(database.location.clone(), &file).unwrap();
        lines(&file)
    });
    assert_eq!(backups[0], backups[1]);
}

/// Records what the next schema version is tested with: to be run, by name, before a step is added.
#[test]
#[ignore = "writes into tests/data"]
fn record_a_backup_of_this_version() {
    let node = busy(Kind::Sqlite);
    let file = node.database.directory.path().join("backup");
    backup(node.database.location.clone(), &file).unwrap();
    let first: serde_json::Value = serde_json::from_str(&lines(&file)[0]).unwrap();
    std::fs::copy(file, data(&format!("backup-{}.jsonl", first["schema"]))).unwrap();
}

/// A backup of version 7: everything that `busy` does.
fn a_backup_of_version_7_is_restored(kind: Kind) {
    let database = Database::new(kind);
    restore(&data("backup-7.jsonl"), &database.location).unwrap();
    let (c, _) = open_to_look(database.location.clone()).unwrap();
    let report = audit(&c).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!((report.attestations, report.transfers), (5, 3));
    drop(c);
    // Whose measurements were in the log.
    let first = "SELECT miner FROM fingerprints ORDER BY miner";
    let logged = "SELECT DISTINCT miner FROM attestations
                  WHERE accepted AND fingerprint_hash IS NOT NULL ORDER BY miner";
    let first = column(&database.location, first);
    assert_eq!(first, column(&database.location, logged));
    assert!(!first.is_empty());
    let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(START_MS + 3 * EPOCH_MS));
    let node = Node::continue_on(database, now, unlimited());
    assert_eq!(Miner::number(1).attest(&node).status, 200);
}

fn a_backup_of_version_2_is_restored(kind: Kind) {
    let database = Database::new(kind);
    restore(&data("backup-2.jsonl"), &database.location).unwrap();
    is_the_recorded_one(&database.location);
}

/// A backup of version 3: four names, one of them without a key, and a transfer in each state.
fn a_backup_of_version_3_is_restored(kind: Kind) {
    let database = Database::new(kind);
    restore(&data("backup-3.jsonl"), &database.location).unwrap();
    let (c, _) = open_to_look(database.location.clone()).unwrap();
    let report = audit(&c).unwrap();
    assert_eq!(report.faults, Vec::<String>::new());
    assert_eq!((report.attestations, report.transfers), (3, 3));
    let of_names = "SELECT miner FROM miners WHERE NOT frozen AND public_key IS NOT NULL
                    AND miner IN ('keyless', 'named')";
    assert_eq!(column(&database.location, of_names), ["named"]);
    // It goes on where the old one stopped: nothing of it is in the way of new rows.
    let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(START_MS + 2 * 86_400_000));
    let node = Node::continue_on(database, now, unlimited());
    assert_eq!(Miner::number(3).named("named").attest(&node).status, 200);
}
