//! A node's own process to attest to, and a client that speaks to it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long the node may take to listen.
const START_LIMIT: Duration = Duration::from_secs(30);

/// How long it may take to answer, on a machine with other work.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

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
    /// Starts `program` with an empty database in `folder`, on a free port of the loopback interface.
    ///
    /// # Errors
    /// It does not start, or does not listen in time.
    pub fn start(program: &Path, folder: &Path) -> Result<Node, String> {
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

/// Speaks to a node. Threads may share one.
#[derive(Debug, Clone)]
pub struct Client {
    agent: ureq::Agent,
    url: String,
}

/// A challenge.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Its text, as the node sent it.
    pub nonce: String,
    /// When the answer came: the node saw the challenge off no later.
    pub since: Instant,
}

/// What a node answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Answer {
    /// The code of a refusal.
    pub fn code(&self) -> Option<String> {
        let text = |name: &str| self.body.get(name).and_then(Value::as_str);
        text("code").or_else(|| text("error")).map(str::to_owned)
    }

    /// The verdict, where the submission reached the judge.
    pub fn verdict(&self) -> Option<&Value> {
        self.body.get("verdict").filter(|v| v.is_object())
    }
}

impl Client {
    /// Of a node that listens there, `http://ADDRESS:PORT`.
    pub fn of(url: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_LIMIT))
            .http_status_as_error(false)
            .build();
        Client {
            agent: agent.into(),
            url,
        }
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks for a challenge that `miner` alone may answer.
    ///
    /// # Errors
    /// No answer, or none with a nonce in it.
    pub fn challenge(&self, miner: &str) -> Result<Challenge, String> {
        let body = serde_json::json!({ "miner": miner }).to_string();
        let answer = self.post("/attest/challenge", body.as_bytes())?;
        let nonce = answer.body.get("nonce").and_then(Value::as_str);
        let nonce = nonce.ok_or_else(|| format!("no challenge, but {}", answer.body))?;
        Ok(Challenge {
            nonce: nonce.to_owned(),
            since: Instant::now(),
        })
    }

    /// Hands a submission in.
    ///
    /// # Errors
    /// No answer, or none in JSON.
    pub fn submit(&self, body: &[u8]) -> Result<Answer, String> {
        self.post("/attest/submit", body)
    }

    /// The same as a proxy that the node trusts hands it on, for who is seen from `address`.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub fn submit_from(&self, body: &[u8], address: &str) -> Result<Answer, String> {
        let url = format!("{}/attest/submit", self.url);
        let request = self.agent.post(&url).content_type("application/json");
        self.answer(&url, request.header("X-Real-IP", address).send(body))
    }

    /// Any page in JSON.
    ///
    /// # Errors
    /// No answer, or none in JSON.
    pub fn get(&self, path: &str) -> Result<Answer, String> {
        let url = format!("{}{path}", self.url);
        self.answer(&url, self.agent.get(&url).call())
    }

    /// What the node made of a miner's last accepted submission.
    ///
    /// # Errors
    /// No answer, or none in JSON.
    pub fn last(&self, miner: &str) -> Result<Answer, String> {
        self.get(&format!("/api/miner/{miner}/verdict"))
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<Answer, String> {
        let url = format!("{}{path}", self.url);
        let request = self.agent.post(&url).content_type("application/json");
        self.answer(&url, request.send(body))
    }

    fn answer(
        &self,
        url: &str,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, String> {
        let mut answer = answer.map_err(|e| format!("{url}: {e}"))?;
        let text = answer.body_mut().read_to_string();
        let text = text.map_err(|e| format!("{url}: {e}"))?;
        Ok(Answer {
            status: answer.status().as_u16(),
            body: serde_json::from_str(&text).map_err(|e| format!("{url}: {e}"))?,
        })
    }
}
