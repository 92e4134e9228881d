//! A node to attest to: started here with an empty database, ended with this program.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long the node may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long it may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// What stands before the address in the node's log.
const LISTENING: &str = "listening on ";

/// A running node.
pub struct Node {
    child: Child,
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
}

impl Node {
    /// Starts `program` with a database in `folder`, on a free port of the loopback interface, without
    /// limits on how often one address may ask.
    ///
    /// # Errors
    /// It does not start or does not listen.
    pub fn start(program: &Path, folder: &Path) -> Result<Node, String> {
        Self::start_with(program, folder, &[])
    }

    /// As [`Node::start`], with more arguments.
    ///
    /// # Errors
    /// It does not start or does not listen.
    pub fn start_with(program: &Path, folder: &Path, more: &[&str]) -> Result<Node, String> {
        let fail = |e: std::io::Error| format!("{}: {e}", program.display());
        let database = folder.join("node.db");
        if database.exists() {
            fs::remove_file(&database).map_err(fail)?;
        }
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("VERDIGRIS_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--database"])
            .arg(&database)
            .args(["--challenges-per-minute", "0", "--miners-per-hour", "0"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        // The log goes on to be read, or the node would block on it.
        let (send, receive) = mpsc::channel();
        let streams: [Option<Box<dyn std::io::Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as _),
            child.stderr.take().map(|s| Box::new(s) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some((_, rest)) = line.split_once(LISTENING) {
                        let url = rest.split_whitespace().next().unwrap_or(rest);
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

    /// What the node made of a miner's last submission: the `verdict` object.
    ///
    /// # Errors
    /// It does not know the miner, or does not answer.
    pub fn verdict(&self, miner: &str) -> Result<Value, String> {
        let path = format!("/api/miner/{miner}/verdict");
        let answer = self.get(&path)?;
        answer
            .get("verdict")
            .cloned()
            .ok_or_else(|| format!("{path}: no verdict in the answer"))
    }

    /// What the node answers to a path.
    ///
    /// # Errors
    /// It does not answer, or not in JSON.
    pub fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!("{}{path}", self.url);
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_LIMIT))
            .build()
            .into();
        let body = agent
            .get(&url)
            .call()
            .and_then(|mut answer| answer.body_mut().read_to_string())
            .map_err(|e| format!("{url}: {e}"))?;
        serde_json::from_str(&body).map_err(|e| format!("{url}: {e}"))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
