//! What rigs ask of a node.

use serde_json::Value;
use std::time::{Duration, Instant};

/// How long it may take to answer, on a machine with other work.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

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

    /// The verdict on that submission.
    ///
    /// # Errors
    /// As [`Client::last`], or the node does not know the miner.
    pub fn verdict(&self, miner: &str) -> Result<Value, String> {
        let answer = self.last(miner)?;
        let verdict = answer.verdict().cloned();
        verdict.ok_or_else(|| format!("no verdict on {miner}, but {}", answer.body))
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
