//! A disk that fails under load, in every way that we can have it fail, and works again: nothing that
//! was answered is lost, readers are served meanwhile, and the node goes on by itself.
//!
//! The faults come from a small library that stands in front of the C library's calls
//! (`faulty_disk/preload.c`). `VERDIGRIS_FAULT_ROUNDS` sets how often each fault comes (1),
//! `VERDIGRIS_FAULT_SEED` when (1). The node is killed while the fault holds in every second round.
#![cfg(target_os = "linux")]

mod common;

use common::{check, get, post, Database, Kind, Miner, Server};
use std::fs::File;
use std::net::SocketAddr;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use verdigris_node::store::sql::Location;

/// In step with `enum fault` in preload.c.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Fault {
    None = 0,
    Full = 1,
    HalfFull = 2,
    ReadOnly = 3,
    Broken = 4,
    NoFlush = 5,
}

const FAULTS: [Fault; 5] = [
    Fault::Full,
    Fault::HalfFull,
    Fault::ReadOnly,
    Fault::Broken,
    Fault::NoFlush,
];

/// The library, and the file that tells it what to do.
struct Disk {
    library: PathBuf,
    control: PathBuf,
    file: File,
    _folder: tempfile::TempDir,
}

impl Disk {
    fn under(database: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("faulty_disk.so");
        let control = folder.path().join("control");
        let suffix = database.file_name().unwrap().to_str().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faulty_disk/preload.c");
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"])
            .args(["-shared", "-fPIC", "-o"])
            .arg(&library)
            .arg(format!("-DFAULTY_DISK_SUFFIX=\"/{suffix}\""))
            .arg(source)
            .arg("-ldl")
            .status()
            .unwrap();
        assert!(built.success());
        let file = File::create(&control).unwrap();
        file.write_all_at(&[Fault::None as u8], 0).unwrap();
        Disk {
            library,
            control,
            file,
            _folder: folder,
        }
    }

    fn set(&self, fault: Fault) {
        self.file.write_all_at(&[fault as u8], 0).unwrap();
    }

    fn start(&self, location: &Location) -> Server {
        Server::start_with(location, |node| {
            node.env("LD_PRELOAD", &self.library)
                .env("FAULTY_DISK", &self.control);
        })
    }
}

/// Attests while the fault holds: the node says that it cannot keep it.
fn expect_refusal(node: SocketAddr, fault: Fault) {
    /// Of a miner of its own, beside those of the load.
    const MINER: u64 = 1_000;
    let challenge = post(node, "/attest/challenge", b"{}");
    let reply = match challenge.body["nonce"].as_str() {
        Some(nonce) => {
            let body = Miner::number(MINER).signed(nonce).to_string();
            post(node, "/attest/submit", body.as_bytes())
        }
        None => challenge,
    };
    assert_eq!(reply.code(), "STORE_UNAVAILABLE", "{fault:?}: {reply:?}");
    assert_eq!(reply.status, 503);
}

#[test]
fn a_failing_disk_loses_nothing_and_stops_no_reader() {
    let rounds = common::setting("VERDIGRIS_FAULT_ROUNDS", 1);
    let mut moments = common::Moments(common::setting("VERDIGRIS_FAULT_SEED", 1));
    let database = Database::new(Kind::Sqlite);
    let Location::File(path) = &database.location else {
        panic!("SQLite keeps its books in a file")
    };
    let disk = Disk::under(path);
    let answered = Mutex::new(Vec::new());
    let mut server = disk.start(&database.location);
    for round in 0..rounds {
        for fault in FAULTS {
            let before = answered.lock().unwrap().len();
            let address = server.address;
            common::under_load(&[address], &answered, || {
                moments.wait();
                disk.set(fault);
                moments.wait();
                expect_refusal(address, fault);
                let reply = get(address, "/epoch");
                assert_eq!(reply.status, 200, "{fault:?}: {reply:?}");
                if round % 2 == 1 {
                    server.kill();
                }
                disk.set(Fault::None);
                if round % 2 == 0 {
                    // And on it goes, by itself.
                    moments.wait();
                }
            });
            let answered = answered.lock().unwrap();
            let paid = check(&database.location, &answered);
            println!(
                "round {round}, {fault:?}: {} answered, {paid} epochs paid",
                answered.len()
            );
            assert!(answered.len() > before, "{fault:?}: nothing was answered");
            drop(answered);
            if round % 2 == 1 {
                server = disk.start(&database.location);
            }
        }
    }
    // Without faults it takes up what was left, and what it answers now is kept too.
    let before = answered.lock().unwrap().len();
    common::under_load(&[server.address], &answered, || {
        std::thread::sleep(Duration::from_millis(1_500));
    });
    server.kill();
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() > before);
    check(&database.location, &answered);
}
