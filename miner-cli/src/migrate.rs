//! Taking a machine to another wallet, or to other parts: asks the node, signs with the wallet, sends.

use crate::client::Client;
use crate::error::Error;
use crate::out;
use crate::wallet::Wallet;
use miner_tiny::session::Signer;
use serde_json::{json, Map, Value};
use std::time::{SystemTime, UNIX_EPOCH};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The machine goes to this wallet.
    To(String),
    /// Its parts were replaced.
    Hardware,
    /// The migration of this number shall not happen.
    Cancel(u64),
    /// Nothing: what there is is shown.
    Show,
}

/// Whose machines, and on which network.
pub struct Owner<'a> {
    /// The name that they are bound to.
    pub miner: &'a str,
    /// The network that the signature is for.
    pub chain_id: &'a str,
    /// Its key.
    pub wallet: &'a Wallet,
}

/// Does it; gives what the node said.
///
/// # Errors
/// As [`Client::get`]; [`Error::Usage`] where it is not clear which machine is meant.
pub fn run(
    client: &Client,
    owner: &Owner<'_>,
    request: &Request,
    unit: Option<u64>,
) -> Result<Map<String, Value>, Error> {
    let bound = || client.get(&format!("/binding/{}", owner.miner));
    match request {
        Request::Show => bound(),
        Request::Cancel(migration) => {
            let members = json!({
                "action": "binding_cancel",
                "chain_id": owner.chain_id,
                "migration": migration,
                "miner": owner.miner,
            });
            client.post("/binding/cancel", &signed(owner, members))
        }
        Request::To(_) | Request::Hardware => {
            let unit = match unit {
                Some(unit) => unit,
                None => only_unit(&bound()?)?,
            };
            let (kind, to) = match request {
                Request::To(wallet) => ("wallet", wallet.as_str()),
                _ => ("hardware", owner.miner),
            };
            let members = json!({
                "action": "binding_migrate",
                "chain_id": owner.chain_id,
                "kind": kind,
                "miner": owner.miner,
                "nonce": now_ms()?,
                "to": to,
                "unit": unit,
            });
            client.post("/binding/migrate", &signed(owner, members))
        }
    }
}

/// Prints what a node said of bindings, for people.
pub fn show(answer: &Map<String, Value>) {
    let list = |name: &str| answer.get(name).and_then(Value::as_array);
    for unit in list("units").into_iter().flatten() {
        let known = &unit["known_by"];
        out::line(format_args!(
            "machine {}: known by {} serial numbers, {} network cards, {} installations",
            unit["unit"], known["firmware"], known["network_cards"], known["installations"]
        ));
    }
    let migrations = list("migrations").into_iter().flatten();
    let one = answer.contains_key("migration").then_some(answer);
    let members = migrations.filter_map(Value::as_object).chain(one);
    for migration in members {
        let text = |name: &str| {
            let text = migration.get(name).and_then(Value::as_str);
            crate::error::shown(text.unwrap_or("?"))
        };
        let number = |name: &str| migration.get(name).and_then(Value::as_u64).unwrap_or(0);
        out::line(format_args!(
            "migration {} ({}, {}) of machine {} from {} to {}, due {} s after 1970",
            number("migration"),
            text("kind"),
            text("status"),
            number("unit"),
            text("from"),
            text("to"),
            number("due_at"),
        ));
    }
    if list("units").is_some_and(Vec::is_empty) {
        out::line("no machine is bound to this wallet");
    }
}

/// The body: `members` but for the action's name, and the signature over all of them. They are in order,
/// and texts here are ASCII, so that they are written in canonical form.
fn signed(owner: &Owner<'_>, mut members: Value) -> Value {
    let text = members.to_string();
    let signature = owner.wallet.sign(text.as_bytes());
    if let Value::Object(members) = &mut members {
        members.remove("action");
    }
    members["public_key"] = crate::hex::encode(&owner.wallet.public_key()).into();
    members["signature"] = crate::hex::encode(&signature).into();
    members
}

fn only_unit(bound: &Map<String, Value>) -> Result<u64, Error> {
    let units = bound.get("units").and_then(Value::as_array);
    match units.map(Vec::as_slice) {
        Some([only]) => only["unit"]
            .as_u64()
            .ok_or_else(|| Error::Network("the node's answer names no machine".into())),
        Some([]) | None => Err(Error::Usage("no machine is bound to this wallet".into())),
        Some(units) => Err(Error::Usage(format!(
            "{} machines are bound to this wallet: name one with --unit (see `verdigris migrate`)",
            units.len()
        ))),
    }
}

/// The time as a nonce: above all that were used before.
fn now_ms() -> Result<u64, Error> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .filter(|&ms| ms > 0)
        .ok_or_else(|| Error::Usage("this machine's clock is before 1970; set it first".into()))
}
