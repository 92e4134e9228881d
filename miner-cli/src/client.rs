//! Talking to a node: requests, answers, and whether to believe them.

use crate::error::{Error, Refusal};
use crate::known_nodes::{Known, KnownNodes};
use ed25519_dalek::{Signature, VerifyingKey};
use miner_tiny::answer;
use serde_json::{Map, Value};
use std::time::Duration;

/// Longest answer read, bytes: the largest is an epoch's explanation.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// Time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a whole exchange. A node under load still answers within seconds.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes of each of the two I/O buffers of a connection: a submission and its answer fit.
const BUFFER: usize = 16 * 1024;

/// Longest pause that a node can impose by `Retry-After`.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(3600);

/// Longest piece of a stranger's text that is shown.
const SHOWN_LIMIT: usize = 300;

/// A node's challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// At most 64 printable ASCII characters.
    pub nonce: String,
}

/// Who vouches for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Signed with the key pinned for this node.
    Signed,
    /// Signed with a key that was pinned just now.
    FirstSeen([u8; 32]),
    /// Not signed: the node is of another make.
    Unsigned,
}

/// A node's answer, checked.
#[derive(Debug, Clone)]
pub struct Answer {
    /// What it said.
    pub members: Map<String, Value>,
    /// Who vouches for it.
    pub trust: Trust,
}

/// A connection to one node.
pub struct Client {
    agent: ureq::Agent,
    node: String,
    known: KnownNodes,
}

impl Client {
    /// A client of the node at `node`, a URL without a slash at its end. Nothing is sent yet; root
    /// certificates are loaded at the first `https` request only.
    pub fn new(node: &str, known: KnownNodes) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(EXCHANGE_TIMEOUT))
            // A redirected submission would reach a node that the owner did not name.
            .max_redirects(0)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .user_agent(concat!("verdigris/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Client {
            agent,
            node: node.to_owned(),
            known,
        }
    }

    /// The node's URL.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// Asks for a challenge bound to `miner`.
    ///
    /// # Errors
    /// As [`Self::get`]; [`Error::Trust`] also for a nonce that cannot be one.
    pub fn challenge(&self, miner: &str) -> Result<(Challenge, Trust), Error> {
        let request = serde_json::json!({ "miner": miner }).to_string();
        let answer = self.post("/attest/challenge", request.as_bytes())?;
        let nonce = answer
            .members
            .get("nonce")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let well_formed = (1..=64).contains(&nonce.len())
            && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !well_formed {
            return Err(no_node(&self.node, "its challenge has no usable nonce"));
        }
        Ok((
            Challenge {
                nonce: nonce.to_owned(),
            },
            answer.trust,
        ))
    }

    /// Submits the signed answer to `challenge`.
    ///
    /// # Errors
    /// As [`Self::get`]; [`Error::Trust`] also for an answer to another challenge.
    pub fn submit(&self, challenge: &Challenge, body: &[u8]) -> Result<Answer, Error> {
        let answer = self.post("/attest/submit", body)?;
        // Older nodes do not repeat the nonce, and do not sign either.
        let repeated = answer.members.get("nonce").and_then(Value::as_str);
        if answer.trust != Trust::Unsigned && repeated != Some(&challenge.nonce) {
            return Err(no_node(
                &self.node,
                "its answer belongs to another challenge",
            ));
        }
        Ok(answer)
    }

    /// `GET path`.
    ///
    /// # Errors
    /// [`Error::Network`] where no whole answer came, [`Error::Refused`] for one that says no,
    /// [`Error::Trust`] for one that is not the node's.
    pub fn get(&self, path: &str) -> Result<Answer, Error> {
        let (members, trust) =
            self.finish(self.agent.get(format!("{}{path}", self.node)).call())?;
        Ok(Answer { members, trust })
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<Answer, Error> {
        let request = self.agent.post(format!("{}{path}", self.node));
        let (members, trust) = self.finish(request.content_type("application/json").send(body))?;
        // A node signs what it answers to a miner, and not what anybody may read.
        if trust == Trust::Unsigned && self.known.key_of(&self.node)?.is_some() {
            return Err(Error::Trust {
                what: format!(
                    "the node at {} used to sign its answers, and does not",
                    self.node
                ),
                next: "someone may be in between: use https, or ask the operator".into(),
            });
        }
        Ok(Answer { members, trust })
    }

    fn finish(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<(Map<String, Value>, Trust), Error> {
        let mut response = response.map_err(|error| self.unreachable(error))?;
        let status = response.status().as_u16();
        let retry_after = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(|seconds| Duration::from_secs(seconds).min(RETRY_AFTER_LIMIT));
        let body = response
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT)
            .read_to_vec()
            .map_err(|error| self.unreachable(error))?;
        let members = serde_json::from_slice::<Map<String, Value>>(&body);
        if !(200..300).contains(&status) {
            let members = members.unwrap_or_default();
            return Err(Error::Refused(refusal(status, retry_after, members)));
        }
        let members =
            members.map_err(|_| no_node(&self.node, "its answer is not a JSON object"))?;
        let trust = self.vouch(&body, &members)?;
        Ok((members, trust))
    }

    /// Whether an answer, as text and as members, is the node's.
    fn vouch(&self, text: &[u8], members: &Map<String, Value>) -> Result<Trust, Error> {
        if !members.contains_key("node_signature") {
            return Ok(Trust::Unsigned);
        }
        let signed = answer::split(text)
            .ok_or_else(|| no_node(&self.node, "its answer is signed, but not as a node signs"))?;
        let key = signed.public_key;
        let valid = VerifyingKey::from_bytes(&key).is_ok_and(|key| {
            let message = [signed.before, signed.after].concat();
            key.verify_strict(&message, &Signature::from_bytes(&signed.signature))
                .is_ok()
        });
        if !valid {
            return Err(Error::Trust {
                what: format!("the signature on the answer of {} is wrong", self.node),
                next:
                    "the answer was changed on its way, or the node is faulty: use https, or ask \
                       the operator"
                        .into(),
            });
        }
        Ok(match self.known.check(&self.node, &key)? {
            Known::Same => Trust::Signed,
            Known::New => Trust::FirstSeen(key),
        })
    }

    fn unreachable(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Error::Usage(format!("`{}` is no address of a node: {error}", self.node))
            }
            ureq::Error::BodyExceedsLimit(limit) => no_node(
                &self.node,
                &format!("its answer is longer than {limit} bytes"),
            ),
            _ => Error::Network(format!("{} cannot be reached: {error}", self.node)),
        }
    }
}

/// Something answers, but not a node.
fn no_node(node: &str, why: &str) -> Error {
    Error::Trust {
        what: format!("{node} does not answer as a node does: {why}"),
        next: "check the address with --node; a proxy or a login page may be in between".into(),
    }
}

/// What an answer with an error status says.
fn refusal(status: u16, retry_after: Option<Duration>, members: Map<String, Value>) -> Refusal {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(shown);
    Refusal {
        status,
        code: text("code").unwrap_or_default(),
        message: text("message")
            .or_else(|| text("error"))
            .unwrap_or_else(|| "no reason given".into()),
        retry_after,
        members,
    }
}

/// A stranger's text made fit for a terminal: short, and without control characters.
pub fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN_LIMIT)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_words_still_says_something() {
        let refusal = refusal(502, None, Map::new());
        assert_eq!(
            (refusal.status, refusal.message.as_str()),
            (502, "no reason given")
        );
    }

    #[test]
    fn strangers_cannot_steer_the_terminal() {
        assert_eq!(shown("a\u{1b}[31mb\n"), "a [31mb ");
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN_LIMIT);
    }
}
