//! The tools: for each its name, what it tells, its arguments, and what it asks of the node.

use super::answer::Failure;
use super::arguments::{Id, Limit, Number, Silicon};
use crate::balance::number;
use crate::client::Client;
use crate::error::Error;
use rmcp::handler::server::tool::schema_for_input;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use rmcp::schemars::{self, JsonSchema};
use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::{json, Map, Value};
use std::sync::Arc;

/// A node's answer.
type Answer = Map<String, Value>;

/// A tool: a type whose members are its arguments.
trait Question: DeserializeOwned + JsonSchema + 'static {
    /// What it is called by.
    const NAME: &'static str;
    /// What people see of it.
    const TITLE: &'static str;
    /// What it tells, and when to use it.
    const ABOUT: &'static str;
    /// What to do where the node knows nothing of what was asked for.
    const UNKNOWN: &'static str = "this node does not have it: it may be of another make";

    /// Asks the node.
    fn ask(self, node: &Client) -> Result<Answer, Error>;
}

/// Asks the node a question with these arguments.
pub type Ask = fn(&Client, JsonObject) -> Result<Answer, Failure>;

fn ask<Q: Question>(node: &Client, arguments: JsonObject) -> Result<Answer, Failure> {
    let question: Q = serde_json::from_value(Value::Object(arguments))
        .map_err(|error| Failure::Arguments(crate::error::shown(&error.to_string())))?;
    question
        .ask(node)
        .map_err(|error| Failure::Node(error, Q::UNKNOWN))
}

/// All tools, in the order in which they are listed.
pub struct Tools(Vec<(Tool, Ask)>);

impl Tools {
    /// All of them.
    pub fn all() -> Self {
        Tools(vec![
            entry::<Health>(),
            entry::<Miners>(),
            entry::<Machine>(),
            entry::<Epoch>(),
            entry::<Balance>(),
            entry::<Explain>(),
        ])
    }

    /// Their descriptions.
    pub fn described(&self) -> Vec<Tool> {
        self.0.iter().map(|(tool, _)| tool.clone()).collect()
    }

    /// The one of this name.
    pub fn named(&self, name: &str) -> Option<Ask> {
        let mut tools = self.0.iter();
        tools
            .find(|(tool, _)| tool.name == name)
            .map(|(_, ask)| *ask)
    }
}

fn entry<Q: Question>() -> (Tool, Ask) {
    let hints = ToolAnnotations::new()
        .read_only(true)
        .destructive(false)
        .idempotent(true)
        .open_world(true);
    let tool = Tool::new(Q::NAME, Q::ABOUT, schema::<Q>())
        .with_title(Q::TITLE)
        .with_annotations(hints);
    (tool, ask::<Q>)
}

/// The schema of the arguments. Some programs want `properties` also where there are none.
fn schema<Q: Question>() -> Arc<JsonObject> {
    // It fails for types that are no objects, and a test asks for all of them.
    let mut schema = schema_for_input::<Q>().unwrap_or_default();
    Arc::make_mut(&mut schema)
        .entry("properties")
        .or_insert_with(|| json!({}));
    schema
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Health {}

impl Question for Health {
    const NAME: &'static str = "health";
    const TITLE: &'static str = "Health of the node";
    const ABOUT: &'static str =
        "Whether the node is well: its version, whether its database takes writes, how long it \
         runs, and how old the newest attestation and the newest backup are. A node that is unwell answers with an \
         error that has the same members.";

    fn ask(self, node: &Client) -> Result<Answer, Error> {
        node.get("/health")
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Miners {
    /// Only machines of this class of silicon, as `device_arch` names it: g4, g5, core2, …
    architecture: Option<Silicon>,
    /// Only machines of this family of processors, as `device_family` names it: PowerPC, SPARC, x86, …
    family: Option<Silicon>,
    /// Machines in the answer, at most.
    #[serde(default)]
    limit: Limit,
    /// Machines of the node's list to leave out first: `next_offset` of the answer before.
    #[serde(default)]
    offset: Number,
}

impl Question for Miners {
    const NAME: &'static str = "miners";
    const TITLE: &'static str = "Machines that attested within the hour";
    const ABOUT: &'static str =
        "Machines that attested within the last hour: name, class and family of the silicon, whether it is \
         real (`physical`), its weight in a settlement, first and last attestation. Use it to find a machine's name, \
         or to count kinds: `pagination.total` counts all that fit `architecture` and `family`. Go on with \
         `next_offset` until it is null. A machine that is switched off is not here: ask `machine` for it.";

    /// The node's page, and `next_offset` beside it.
    fn ask(self, node: &Client) -> Result<Answer, Error> {
        let offset = self.offset;
        let mut path = format!("/api/miners?limit={}&offset={offset}", self.limit.get());
        if let Some(class) = &self.architecture {
            path += &format!("&class={}", class.lower());
        }
        if let Some(family) = &self.family {
            path += &format!("&family={family}");
        }
        let mut answer = node.get(&path)?;
        let Some(Value::Array(miners)) = answer.get("miners") else {
            return Err(node.no_node("its list of machines has none"));
        };
        // A node of another make takes no notice of what it does not know.
        let others = |name: &str, wanted: &Option<Silicon>| {
            wanted.as_ref().is_some_and(|wanted| {
                let fits = |it: &Value| it[name].as_str().is_some_and(|it| wanted.is(it));
                !miners.iter().all(fits)
            })
        };
        if others("device_arch", &self.architecture) || others("device_family", &self.family) {
            return Err(node.no_node("it lists machines of other kinds than the one asked for"));
        }
        let listed = miners.len();
        let pagination = answer.get("pagination").and_then(Value::as_object);
        let total = pagination.and_then(|pagination| number(pagination, "total"));
        let next = offset.get().saturating_add(listed as u64);
        let is_last = match total {
            Some(total) => next >= total,
            None => listed < self.limit.get(),
        };
        answer.insert(
            "next_offset".into(),
            Some(next).filter(|_| !is_last && listed > 0).into(),
        );
        Ok(answer)
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Machine {
    /// The machine's name, or its wallet's address, as `miners` lists it.
    miner: Id,
}

/// Attestations that come with a machine.
const RECENT: u32 = 10;

impl Question for Machine {
    const NAME: &'static str = "machine";
    const TITLE: &'static str = "A machine and its verdict";
    const ABOUT: &'static str =
        "One machine, also one that is switched off. `verdict`: what the node made of its last attestation, with \
         each check's measurement, expectation and reason; three scores (kind: which silicon, presence: silicon \
         rather than an imitation, continuity: the same unit as before), and the weight. `attestations`: its last ten \
         with class, weight and a sentence each. `continuity`: its clock's rate over time. `fleet`: whether other \
         names are the same machine, which takes its vote. The last two are null where this node does not have them.";
    const UNKNOWN: &'static str =
        "no machine of that name ever attested here: ask `miners` for names, or the owner how it is spelt";

    fn ask(self, node: &Client) -> Result<Answer, Error> {
        let of = |what: &str| node.get(&format!("/api/miner/{}/{what}", self.miner));
        let answer = json!({
            "verdict": of("verdict")?,
            "attestations": or_nothing(of(&format!("attestations?limit={RECENT}")))?,
            "continuity": or_nothing(of("continuity"))?,
            "fleet": or_nothing(of("fleet"))?,
        });
        Ok(object(answer))
    }
}

/// An answer that a node may not have.
fn or_nothing(answer: Result<Answer, Error>) -> Result<Option<Answer>, Error> {
    match answer {
        Err(Error::Refused(refusal)) if refusal.status == 404 => Ok(None),
        other => other.map(Some),
    }
}

/// What `json!` made of braces.
fn object(value: Value) -> Answer {
    match value {
        Value::Object(members) => members,
        _ => Answer::new(),
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Epoch {}

impl Question for Epoch {
    const NAME: &'static str = "epoch";
    const TITLE: &'static str = "The epoch under way";
    const ABOUT: &'static str =
        "The epoch under way: its number, when it ends, how many machines share in it, the pot, and the last epoch \
         that was paid. An epoch lasts blocks_per_epoch * slot_seconds seconds, so the epoch of a day is the \
         current number minus the days between divided by that. Times are Unix seconds; server_time is now.";

    fn ask(self, node: &Client) -> Result<Answer, Error> {
        node.get("/epoch")
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Balance {
    /// The wallet's address, or the name of the miner that is paid.
    wallet: Id,
}

impl Question for Balance {
    const NAME: &'static str = "balance";
    const TITLE: &'static str = "A wallet's balance";
    const ABOUT: &'static str =
        "What a wallet has: amount_i64 in whole millionths of an RTC, which is exact, and amount_rtc. A wallet that \
         never received anything has 0: check the spelling before saying that somebody earned nothing.";

    fn ask(self, node: &Client) -> Result<Answer, Error> {
        node.get(&format!("/wallet/balance?miner_id={}", self.wallet))
    }
}

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Explain {
    /// The epoch's number; the last one that was paid where it is left out.
    epoch: Option<Number>,
    /// Only the share of this miner.
    miner: Option<Id>,
    /// Only shares of miners after this one, by name: `next_after` of the answer before.
    after: Option<Id>,
    /// Shares in the answer, at most.
    #[serde(default)]
    limit: Limit,
}

impl Question for Explain {
    const NAME: &'static str = "explain";
    const TITLE: &'static str = "How an epoch was paid";
    const ABOUT: &'static str =
        "How an epoch's pot was divided, or would be now: the pot, the sum of all weights, and for each miner the \
         amount and every step that leads to it: what its class is worth, what the chain's age, the verdict and the \
         settlement took off, each with its reason (`weight_steps`). Give `miner` for one share: no share means that \
         it was not in that epoch. To see why an amount changed, ask for two epochs and compare weight, \
         weight_steps, total_weight_units and pot.";
    const UNKNOWN: &'static str =
        "nobody was paid for that epoch, or this node does not explain epochs: `epoch` tells the last one that was \
         paid";

    fn ask(self, node: &Client) -> Result<Answer, Error> {
        let epoch = match self.epoch {
            Some(epoch) => epoch.get(),
            None => last_paid(node)?,
        };
        let mut path = format!("/api/epoch/{epoch}/explain?limit={}", self.limit.get());
        if let Some(miner) = self.miner {
            path += &format!("&miner={miner}");
        }
        if let Some(after) = self.after {
            path += &format!("&after={after}");
        }
        node.get(&path)
    }
}

/// The last epoch that was paid; before the first the one under way.
fn last_paid(node: &Client) -> Result<u64, Error> {
    let now = node.get("/epoch")?;
    number(&now, "last_settled_epoch")
        .or_else(|| number(&now, "epoch"))
        .ok_or_else(|| node.no_node("its epoch has no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_teaches_and_only_reads() {
        for tool in Tools::all().described() {
            let hints = tool.annotations.expect("hints");
            assert_eq!(hints.read_only_hint, Some(true), "{}", tool.name);
            assert!(tool.description.is_some_and(|about| about.len() > 100));
            let schema = Value::Object((*tool.input_schema).clone());
            assert_eq!(schema["type"], "object", "{schema}");
            assert_eq!(schema["additionalProperties"], false, "{schema}");
            let members = schema["properties"].as_object().expect("properties");
            for (name, member) in members {
                assert!(member["description"].is_string(), "{}.{name}", tool.name);
            }
        }
    }
}
