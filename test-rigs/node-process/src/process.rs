//! A node's program as a child of this one.

use crate::Client;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long the node may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// What stands before the address in the node's log.
const LISTENING: &str = "listening on ";

/// One address asks for thousands of challenges here: limits that protect a node in the open are off.
const WITHOUT_LIMITS: [&str; 5] = [
    "--requests-per-minute",
    "--challenges-per-minute",
    "--miners-per-hour",
    "--submissions-per-hour",
    "--connections-per-address",
];

/// A running node; it ends when this is dropped.
#[derive(Debug)]
pub struct Node {
    child: Child,
    url: String,
}

impl Node {
    /// Starts `program` with a database in `folder`, on a free port of the loopback interface, without limits on how
    /// often one address may ask, and with further arguments.
    ///
    /// # Errors
    /// It does not start, or does not listen in time.
    pub fn start(program: &Path, folder: &Path, arguments: &[&str]) -> Result<Node, String> {
        let fail = |e: std::io::Error| format!("{}: {e}", program.display());
        let mut command = guarded(program);
        // What a person has set for a node of his own is none of this one's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("VERDIGRIS_") {
                command.env_remove(name);
            }
        }
        command.args(["serve", "--listen", "127.0.0.1:0", "--log-level", "info"]);
        command.arg("--database").arg(folder.join("node.db"));
        for limit in WITHOUT_LIMITS {
            command.args([limit, "0"]);
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        // The log goes on to be read, or the node would block on it.
        let (send, receive) = mpsc::channel();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as _),
            child.stderr.take().map(|s| Box::new(s) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, rest)) = line.split_once(LISTENING) {
                        let url = rest.split_whitespace().next().unwrap_or(rest);
                        // Nobody listens any more once the first address is known.
                        let _ = send.send(url.trim_end_matches(['"', ',']).to_owned());
                    }
                }
            });
        }
        drop(send);
        // From here on a failure must end the node too.
        let mut node = Node {
            child,
            url: String::new(),
        };
        node.url = receive
            .recv_timeout(START_LIMIT)
            .map_err(|_| format!("{} did not start to listen", program.display()))?;
        Ok(node)
    }

    /// Its address, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        Client::of(self.url.clone())
    }
}

/// A command that ends when this program is killed outright, where the system has one that sees to it.
pub fn guarded(program: &Path) -> Command {
    const GUARD: [&str; 3] = ["--pdeathsig", "TERM", "--"];
    let mut setpriv = Command::new("setpriv");
    let quiet = setpriv
        .args(GUARD)
        .arg("true")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if quiet.status().is_ok_and(|status| status.success()) {
        let mut command = Command::new("setpriv");
        command.args(GUARD).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
