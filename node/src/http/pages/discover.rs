//! `/api/discover`, `/.well-known/agent.json`, `/llms.txt`: how programs find what is here.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::feeds::base;
use super::shell::Shown;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::http::health::VERSION;
use crate::http::openapi::refusals;
use crate::http::reply::Answer;
use crate::http::text::Text;

/// What this node is, in a sentence.
const ABOUT: &str =
    "Judges whether machines are real silicon, which silicon and how old, and pays them for \
                     staying alive.";

/// The command by which assistant programs ask the node that is called `base`.
fn mcp(base: &str) -> String {
    let node = if base.is_empty() { "URL" } else { base };
    format!("verdigris mcp --node {node}")
}

/// What can be asked, by what it is good for: the one list of which all three documents are made.
const OFFERS: [Offer; 16] = [
    offer("health", "/health", "Whether the node is well."),
    offer(
        "overview",
        "/api/overview",
        "The node at a glance: totals, the newest attestations and epochs.",
    ),
    offer(
        "miners",
        "/api/miners",
        "Machines that attested within the hour, or all; by class, by family, by name.",
    ),
    offer(
        "machine",
        "/api/miner/{miner}/verdict",
        "A machine's verdict, check by check.",
    ),
    offer(
        "continuity",
        "/api/miner/{miner}/continuity",
        "A machine's crystal over time.",
    ),
    offer("epoch", "/epoch", "The epoch under way."),
    offer("epochs", "/api/epochs", "Every epoch that was divided."),
    offer(
        "explain",
        "/api/epoch/{epoch}/explain",
        "Who gets what of an epoch, and why.",
    ),
    offer(
        "time",
        "/api/time/{span}",
        "Attestations, rewards and transfers in blocks of time.",
    ),
    offer("balance", "/api/wallet/{miner}", "A wallet's balance."),
    offer("transactions", "/api/transactions", "What was booked."),
    offer(
        "transaction",
        "/api/transaction?reference={reference}",
        "A transaction, line by line.",
    ),
    offer(
        "hall-of-fame",
        "/api/hall-of-fame",
        "The oldest, heaviest, most faithful, rarest and richest.",
    ),
    offer(
        "preserved",
        "/api/preserved",
        "Old machines that are kept running, and what that saves and costs.",
    ),
    offer(
        "laboratory",
        "/api/laboratory",
        "What the verdict was measured to catch, and whom it wrongs.",
    ),
    offer(
        "badge",
        "/api/badge/{miner}",
        "A machine's badge, for shields.io.",
    ),
];

/// Something that can be asked.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Offer {
    /// What it is good for.
    about: &'static str,
    /// A short name.
    #[schema(example = "epoch")]
    name: &'static str,
    /// A path of this node; what is in braces is to be filled in.
    #[schema(example = "/epoch")]
    path: &'static str,
}

const fn offer(name: &'static str, path: &'static str, about: &'static str) -> Offer {
    Offer { about, name, path }
}

/// Pages for people, and feeds: name, path.
const PAGES: [(&str, &str); 9] = [
    ("overview", "/explorer"),
    ("machines", "/explorer/miners"),
    ("epochs", "/explorer/epochs"),
    ("blocks of time", "/explorer/time/1d"),
    ("hall of fame", "/explorer/hall-of-fame"),
    ("preserved machines", "/explorer/preserved"),
    ("laboratory", "/explorer/laboratory"),
    ("attestations, as a feed", "/feeds/attestations.atom"),
    ("epochs, as a feed", "/feeds/epochs.atom"),
];

/// Where programs find everything.
#[derive(Serialize, ToSchema)]
pub struct Discovery {
    about: &'static str,
    /// The command that offers what is here as tools of the Model Context Protocol, on its standard input and output.
    #[schema(example = "verdigris mcp --node https://node.example:8099")]
    mcp: String,
    /// The chain's parameters and more.
    #[schema(example = "/network/info")]
    network: &'static str,
    /// The node's Ed25519 key, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    node_public_key: String,
    offers: Vec<Offer>,
    ok: bool,
    /// The description of every operation.
    #[schema(example = "/openapi.json")]
    openapi: &'static str,
    /// Pages for people and feeds.
    pages: Vec<PageLink>,
    /// The program's version.
    version: &'static str,
}

/// A page for people, or a feed.
#[derive(Serialize, ToSchema)]
pub struct PageLink {
    name: &'static str,
    path: &'static str,
}

refusals! { DiscoverRefusals = &[] }

/// What there is at this node, and where.
#[utoipa::path(
    get,
    path = "/api/discover",
    operation_id = "discover",
    tag = "Node",
    responses((status = 200, description = "What there is.", body = Discovery), DiscoverRefusals)
)]
pub async fn discover(State(app): State<Arc<App>>, asked: HeaderMap) -> Answer<Discovery> {
    Answer::new(Discovery {
        about: ABOUT,
        mcp: mcp(&base(&asked)),
        network: "/network/info",
        node_public_key: app.store.key().public_hex(),
        offers: OFFERS.to_vec(),
        ok: true,
        openapi: "/openapi.json",
        pages: PAGES
            .iter()
            .map(|&(name, path)| PageLink { name, path })
            .collect(),
        version: VERSION,
    })
}

/// The node as agents introduce themselves to each other (the A2A protocol's card). It takes no tasks: its skills
/// are questions over plain HTTP, as `documentationUrl` describes them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentCard {
    capabilities: Capabilities,
    default_input_modes: Vec<&'static str>,
    default_output_modes: Vec<&'static str>,
    description: String,
    /// The description of every operation.
    documentation_url: String,
    name: &'static str,
    skills: Vec<Skill>,
    /// Where the node is, as the client calls it.
    url: String,
    version: &'static str,
}

/// What an agent can do beyond answering.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    push_notifications: bool,
    streaming: bool,
}

/// Something that an agent knows.
#[derive(Serialize, ToSchema)]
pub struct Skill {
    description: String,
    id: &'static str,
    name: &'static str,
    tags: Vec<&'static str>,
}

/// The node as an agent's card.
#[utoipa::path(
    get,
    path = "/.well-known/agent.json",
    operation_id = "agentCard",
    tag = "Node",
    responses((status = 200, description = "The card.", body = AgentCard), DiscoverRefusals)
)]
pub async fn agent_card(asked: HeaderMap) -> Answer<AgentCard> {
    let base = base(&asked);
    Answer::new(AgentCard {
        capabilities: Capabilities {
            push_notifications: false,
            streaming: false,
        },
        default_input_modes: vec!["application/json"],
        default_output_modes: vec!["application/json"],
        description: format!(
            "{ABOUT} As tools of the Model Context Protocol: `{}`.",
            mcp(&base)
        ),
        documentation_url: format!("{base}/openapi.json"),
        name: "Verdigris node",
        skills: OFFERS
            .iter()
            .map(|offer| Skill {
                description: format!("{} GET {}", offer.about, offer.path),
                id: offer.name,
                name: offer.name,
                tags: vec!["attestation"],
            })
            .collect(),
        url: base,
        version: VERSION,
    })
}

#[derive(Template)]
#[template(path = "pages/llms.txt", escape = "none")]
struct ForModels {
    about: &'static str,
    mcp: String,
    offers: &'static [Offer],
    pages: &'static [(&'static str, &'static str)],
}

/// `/llms.txt`: the same as a text that models read (llmstxt.org).
pub async fn for_models(asked: HeaderMap) -> Shown {
    let text = ForModels {
        about: ABOUT,
        mcp: mcp(&base(&asked)),
        offers: &OFFERS,
        pages: &PAGES,
    };
    let text = text
        .render()
        .map_err(|e| ApiError::new(Code::InternalError, e.to_string()))?;
    Ok(Text::new(text, "text/plain; charset=utf-8").answer(&asked))
}
