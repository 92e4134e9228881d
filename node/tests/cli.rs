//! The program's commands, as an operator meets them.

mod common;

use common::{get, serve, unlimited, Miner, Node, EPOCH_MS};
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_verdigris-node");

fn run(args: &[&str]) -> Output {
    Command::new(BINARY).args(args).output().unwrap()
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[test]
fn an_epoch_is_explained_and_audited() {
    let node = Node::start(unlimited());
    let miners: Vec<Miner> = (0..3).map(Miner::number).collect();
    for miner in &miners {
        assert_eq!(miner.attest(&node).status, 200);
    }
    node.wait_ms(EPOCH_MS);
    assert_eq!(node.settle(), 1);
    let database = node.database.directory.path().join("node.db");
    let database = database.to_str().unwrap();

    let explained = run(&["epoch", "explain", "0", "--database", database]);
    assert!(explained.status.success());
    let explained = text(&explained.stdout);
    assert!(
        explained.starts_with("epoch 0, settled\n3 miners, a pot of 1500000 µRTC"),
        "{explained}"
    );
    assert!(
        miners.iter().all(|miner| explained.contains(&miner.id)),
        "{explained}"
    );
    assert_eq!(
        run(&["epoch", "explain", "7", "--database", database])
            .status
            .code(),
        Some(3)
    );

    let sound = run(&["audit", "--database", database]);
    assert_eq!(sound.status.code(), Some(0));
    assert!(text(&sound.stdout).contains("the books are sound"));
    let json = run(&["audit", "--json", "--database", database]);
    let report = verdigris_node::json::parse(&json.stdout).unwrap();
    assert_eq!(
        (&report["epochs"], &report["attestations"]),
        (&1.into(), &3.into())
    );

    // A copy, forged.
    let forged = node.database.directory.path().join("forged.db");
    rusqlite::Connection::open(database)
        .unwrap()
        .execute("VACUUM INTO ?", [forged.to_str().unwrap()])
        .unwrap();
    let c = rusqlite::Connection::open(&forged).unwrap();
    c.execute(
        "UPDATE balances SET amount = amount + 1 WHERE account LIKE 'wallet/%'",
        [],
    )
    .unwrap();
    drop(c);
    let found = run(&["audit", "--database", forged.to_str().unwrap()]);
    assert_eq!(found.status.code(), Some(1));
    assert!(text(&found.stdout).contains("FAULT: the balance of wallet/"));
}

#[test]
fn options_win_over_environment_over_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("node.toml");
    let database = directory.path().join("node.db");
    std::fs::write(
        &file,
        format!(
            "database = {:?}\nlisten = \"127.0.0.1:0\"\nepoch-seconds = 10\nslot-seconds = 5\npot = 7",
            database.to_str().unwrap()
        ),
    )
    .unwrap();
    let (mut child, line) = serve(
        Command::new(BINARY)
            .args(["serve", "--slot-seconds", "3", "--config"])
            .arg(&file)
            .env("VERDIGRIS_NODE_EPOCH_SECONDS", "12")
            .env("VERDIGRIS_NODE_SLOT_SECONDS", "6"),
    );
    let address = line
        .strip_prefix("listening on http://")
        .unwrap()
        .parse()
        .unwrap();
    let epoch = get(address, "/epoch").body;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        (&epoch["slot_seconds"], &epoch["blocks_per_epoch"]),
        (&3.into(), &4.into())
    );
    assert_eq!(epoch["epoch_pot"].to_string(), "7e-06");

    // The chain of a database is not changed by accident.
    let other = run(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--pot",
        "8",
        "--database",
        database.to_str().unwrap(),
    ]);
    assert_eq!(other.status.code(), Some(3));
    assert!(
        text(&other.stderr).contains("made with pot = 7"),
        "{}",
        text(&other.stderr)
    );
}

#[test]
fn it_stops_when_told_and_says_what_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let database = directory.path().join("node.db");
    for signal in ["-TERM", "-INT"] {
        let mut command = Command::new(BINARY);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(&database);
        let (mut child, line) = serve(&mut command);
        assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
        Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(child.wait().unwrap().success());
    }
    let missing = directory.path().join("missing.db");
    let missing = missing.to_str().unwrap();
    assert_eq!(
        run(&["audit", "--database", missing]).status.code(),
        Some(3)
    );
    assert!(!std::path::Path::new(missing).exists());
    assert_eq!(
        run(&["serve", "--epoch-seconds", "10", "--slot-seconds", "3"])
            .status
            .code(),
        Some(3)
    );
    assert_eq!(
        run(&["serve", "--listen", "nowhere"]).status.code(),
        Some(2)
    );
    assert_eq!(run(&["serve", "--config", missing]).status.code(), Some(3));
    assert_eq!(run(&[]).status.code(), Some(2));
    let help = text(&run(&["serve", "--help"]).stdout);
    for word in [
        "--listen",
        "--database",
        "--epoch-seconds",
        "--pot",
        "VERDIGRIS_NODE_GENESIS",
    ] {
        assert!(help.contains(word), "{word}");
    }
}
