//! Asking a node for what anybody may read: balances, epochs, machines; and sending what a wallet signed.
//!
//! Attestations are another matter: see `attest`.

use crate::error::{no_node, unreachable, Error, Refusal};
use serde_json::{Map, Value};
use std::time::Duration;

/// Longest answer read, bytes: the largest is an epoch's explanation.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// Time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a whole exchange. A node under load still answers within seconds.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to one node.
pub struct Client {
    agent: ureq::Agent,
    node: String,
}

impl Client {
    /// A client of the node at `node`, a URL without a slash at its end. Nothing is sent yet; root
    /// certificates are loaded at the first `https` request only.
    pub fn new(node: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(EXCHANGE_TIMEOUT))
            // What another node says is not what was asked for.
            .max_redirects(0)
            .user_agent(concat!("verdigris/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Client {
            agent,
            node: node.to_owned(),
        }
    }

    /// `GET path`.
    ///
    /// # Errors
    /// [`Error::Network`] where no whole answer came, [`Error::Refused`] for one that says no,
    /// [`Error::Trust`] for one that is not the node's.
    pub fn get(&self, path: &str) -> Result<Map<String, Value>, Error> {
        self.read(self.agent.get(format!("{}{path}", self.node)).call())
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub fn post(&self, path: &str, body: &Value) -> Result<Map<String, Value>, Error> {
        let request = self.agent.post(format!("{}{path}", self.node));
        let request = request.content_type("application/json");
        self.read(request.send(body.to_string()))
    }

    /// The members of an answer of 200.
    fn read(
        &self,
        response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Map<String, Value>, Error> {
        let mut response = response.map_err(|error| self.unreachable(error))?;
        let status = response.status().as_u16();
        let retry_after_s = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let body = response
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT)
            .read_to_vec()
            .map_err(|error| self.unreachable(error))?;
        if !(200..300).contains(&status) {
            return Err(Error::Refused(Refusal::new(status, retry_after_s, &body)));
        }
        serde_json::from_slice(&body).map_err(|_| self.no_node("its answer is not a JSON object"))
    }

    /// What answers is no node.
    pub fn no_node(&self, why: &str) -> Error {
        no_node(&self.node, why)
    }

    fn unreachable(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Error::Usage(format!("`{}` is no address of a node: {error}", self.node))
            }
            ureq::Error::BodyExceedsLimit(limit) => {
                self.no_node(&format!("its answer is longer than {limit} bytes"))
            }
            ureq::Error::Io(error) => unreachable(&self.node, &error),
            ureq::Error::Timeout(_) => {
                let late = std::io::ErrorKind::TimedOut;
                unreachable(&self.node, &std::io::Error::new(late, error.to_string()))
            }
            _ => Error::Network(format!("{} cannot be reached: {error}", self.node)),
        }
    }
}
