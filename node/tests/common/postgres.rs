//! PostgreSQL servers of the tests' own, in temporary folders, reached by a Unix socket alone.

use std::io::Write;
use std::os::unix::fs::{chown, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// How long a server may take to start, also after a crash.
const START: Duration = Duration::from_secs(60);

/// Keeps a server running for as long as its input stays open, which is as long as the tests live,
/// whatever ends them. A line on its input starts the server again.
const KEEPER: &str = r#"
start() {
  "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c max_connections=300 \
    -c shared_buffers=32MB -c "fsync=$3" >>"$2/log" 2>&1 &
  server=$!
}
start "$@"
while read -r _; do
  wait "$server"
  start "$@"
done
kill -INT "$server"
wait "$server"
rm -rf "$2"
"#;

/// Sends a signal to processes, of which some may be gone.
fn signal<'a>(which: &str, to: impl IntoIterator<Item = &'a str>) {
    let mut kill = Command::new("kill");
    kill.arg(which).args(to).stderr(Stdio::null());
    kill.status().unwrap();
}

/// Whether a process is stopped, or gone.
fn is_stopped(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state stands behind the name, which is in brackets.
    let state = status
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_none_or(|state| matches!(state, 'T' | 'Z'))
}

/// A server.
pub struct Cluster {
    directory: PathBuf,
    databases: AtomicU32,
    keeper: Mutex<(Child, ChildStdin)>,
}

impl Cluster {
    /// The one that all tests of a program share. What it holds dies with the machine.
    pub fn shared() -> &'static Cluster {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Cluster::start(false))
    }

    /// One of one's own, with or without flushing to the disk.
    pub fn start(durable: bool) -> Cluster {
        let programs = programs();
        let directory = tempfile::tempdir().unwrap().keep();
        let user = user();
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).unwrap();
        }
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o700)).unwrap();
        // Texts ordered as people do, not by bytes: the node must not depend on it.
        let made = command(&programs.join("initdb"), &directory, user)
            .args([
                "--no-sync",
                "--auth=trust",
                "--username=node",
                "--encoding=UTF8",
            ])
            .args([
                "--locale=C.UTF-8",
                "--locale-provider=icu",
                "--icu-locale=en-US",
            ])
            .arg("-D")
            .arg(directory.join("data"))
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut keeper = command(Path::new("/bin/sh"), &directory, user)
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(&directory)
            .arg(if durable { "on" } else { "off" })
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let input = keeper.stdin.take().unwrap();
        let cluster = Cluster {
            directory,
            databases: AtomicU32::new(0),
            keeper: Mutex::new((keeper, input)),
        };
        cluster.wait();
        cluster
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut client =
            ::postgres::Client::connect(&self.url("postgres"), ::postgres::NoTls).unwrap();
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .unwrap();
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        let host = self.directory.display();
        format!("postgres:///{database}?user=node&host={host}")
    }

    /// Ends the server and all its processes as a fault would, without a word.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        // Stopped first: a child that it has while the others are looked up would be left, hold its shared memory, and
        // keep the next server from starting.
        signal("-STOP", [pid.as_str()]);
        while !is_stopped(&pid) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        signal("-KILL", children.split_whitespace().chain([pid.as_str()]));
    }

    /// Starts it again.
    pub fn restart(&self) {
        let mut keeper = self.keeper.lock().unwrap();
        keeper.1.write_all(b"start\n").unwrap();
        drop(keeper);
        self.wait();
    }

    fn wait(&self) {
        let begun = Instant::now();
        while let Err(e) = ::postgres::Client::connect(&self.url("postgres"), ::postgres::NoTls) {
            let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(
                begun.elapsed() < START,
                "PostgreSQL does not start: {e}\n{log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Where the newest server's programs are.
fn programs() -> PathBuf {
    let version = |path: &Path| -> u32 {
        let name = path.file_name().and_then(|name| name.to_str());
        name.and_then(|name| name.parse().ok()).unwrap_or(0)
    };
    // Debian keeps each version's programs in a folder of its own.
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let newest = debian
        .flatten()
        .map(|entry| entry.path())
        .max_by_key(|path| version(path));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    newest
        .map(|path| path.join("bin"))
        .into_iter()
        .chain(std::env::split_paths(&on_path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .expect("these tests need PostgreSQL's server: ./dev setup installs it")
}

/// Whom to run it as: PostgreSQL refuses to be root.
fn user() -> Option<(u32, u32)> {
    let id = |flag: &str, name: &str| -> Option<u32> {
        let output = Command::new("id").args([flag, name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    let own = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&own.stdout).trim() != "0" {
        return None;
    }
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| Some((id("-u", name)?, id("-g", name)?)))
}

fn command(program: &Path, directory: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory).env("LC_ALL", "C.UTF-8");
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}
