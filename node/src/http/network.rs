//! What this node is and who is there: `/network/info`, `/api/nodes`, `/epoch/proposer-duty-calendar`,
//! `/api/attestation-pool`; and what is no longer, `/api/mine`.

use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, QUERY, STORE};
use super::query::{query, Whole};
use super::reply::Answer;
use super::request::Client;
use super::scalars::{Rtc, UnixSeconds};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::ledger::{MICRO_PER_RTC, TOTAL_SUPPLY};
use crate::store::chronicle::{self, Group};

use super::health::VERSION;
use super::miners::ACTIVE_MS;

/// The network that this node keeps the books of.
#[derive(Serialize, ToSchema)]
pub struct NetworkInfo {
    /// The network that signed transfers name.
    #[schema(example = "rustchain-mainnet-v2")]
    chain_id: String,
    #[schema(minimum = 0)]
    epoch: i64,
    /// What is shared out for each epoch.
    epoch_pot: Rtc,
    /// When slot 0 began.
    genesis_timestamp: UnixSeconds,
    /// The node's Ed25519 key, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    node_public_key: String,
    ok: bool,
    server_time: UnixSeconds,
    #[schema(minimum = 0)]
    slot: i64,
    /// Seconds of a slot.
    #[schema(minimum = 1)]
    slot_seconds: i64,
    #[schema(minimum = 1)]
    slots_per_epoch: i64,
    /// All RTC that there will ever be.
    #[schema(minimum = 0)]
    total_supply_rtc: i64,
    /// Of the program.
    version: &'static str,
}

refusals! { NothingRefused = &[] }

/// The parameters of the network.
#[utoipa::path(
    get,
    path = "/network/info",
    operation_id = "networkInfo",
    tag = "Node",
    responses((status = 200, description = "The parameters.", body = NetworkInfo), NothingRefused)
)]
pub async fn info(State(app): State<Arc<App>>) -> Answer<NetworkInfo> {
    let chain = *app.store.chain();
    let now_s = app.clock.now_s();
    Answer::new(NetworkInfo {
        chain_id: app.config.chain_id.clone(),
        epoch: chain.epoch(now_s),
        epoch_pot: Rtc(chain.pot),
        genesis_timestamp: UnixSeconds(chain.genesis_s),
        node_public_key: app.store.key().public_hex(),
        ok: true,
        server_time: UnixSeconds(now_s),
        slot: chain.slot(now_s),
        slot_seconds: chain.slot_s,
        slots_per_epoch: chain.slots_per_epoch,
        total_supply_rtc: TOTAL_SUPPLY / MICRO_PER_RTC,
        version: VERSION,
    })
}

/// The nodes of the network: this one. Books are not kept in common with others.
#[derive(Serialize, ToSchema)]
pub struct Nodes {
    /// Nodes in the list.
    count: usize,
    nodes: Vec<Node>,
    ok: bool,
}

/// A node. Processes that share one database are one node.
#[derive(Serialize, ToSchema)]
pub struct Node {
    /// Its Ed25519 key, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    node_id: String,
    online: bool,
    role: &'static str,
    /// Of the program.
    version: &'static str,
}

/// The nodes that this one knows: itself. No address is asked for on anybody's behalf.
#[utoipa::path(
    get,
    path = "/api/nodes",
    operation_id = "nodes",
    tag = "Node",
    responses((status = 200, description = "The nodes.", body = Nodes), NothingRefused)
)]
pub async fn nodes(State(app): State<Arc<App>>) -> Answer<Nodes> {
    let nodes = vec![Node {
        node_id: app.store.key().public_hex(),
        online: true,
        role: "settlement",
        version: VERSION,
    }];
    Answer::new(Nodes {
        count: nodes.len(),
        nodes,
        ok: true,
    })
}

/// Epochs that a calendar shows, at most, in either direction.
const CALENDAR_MAX: i64 = 144;

query! {
    /// Which part of the calendar.
    CalendarQuery {
        /// Epochs after the current one.
        lookahead: Whole<0, CALENDAR_MAX, 12>,
        /// Epochs before the current one.
        history_limit: Whole<0, CALENDAR_MAX, 8>,
    }
}

/// Which node settles which epoch: of one node, always that one.
#[derive(Serialize, ToSchema)]
pub struct Calendar {
    #[schema(minimum = 0)]
    current_epoch: i64,
    current_node_is_proposer: bool,
    current_proposer: String,
    /// Epochs before, newest first.
    history: Vec<Duty>,
    #[schema(minimum = 1)]
    node_count: i64,
    node_id: String,
    ok: bool,
    /// The current epoch and those after it.
    schedule: Vec<Duty>,
}

/// An epoch, and the node that settles it.
#[derive(Serialize, ToSchema)]
pub struct Duty {
    #[schema(minimum = 0)]
    epoch: i64,
    is_current: bool,
    /// Epochs from the current one.
    offset: i64,
    proposer: String,
}

refusals! { CalendarRefusals = QUERY }

/// Which node settles which epoch.
#[utoipa::path(
    get,
    path = "/epoch/proposer-duty-calendar",
    operation_id = "dutyCalendar",
    tag = "Epochs",
    params(CalendarQuery),
    responses((status = 200, description = "The calendar.", body = Calendar), CalendarRefusals)
)]
pub async fn calendar(State(app): State<Arc<App>>, query: CalendarQuery) -> Answer<Calendar> {
    let (Whole(ahead), Whole(back)) = (query.lookahead, query.history_limit);
    let current = app.store.chain().epoch(app.clock.now_s());
    let node = app.store.key().public_hex();
    let duty = |offset: i64| Duty {
        epoch: current.saturating_add(offset),
        is_current: offset == 0,
        offset,
        proposer: node.clone(),
    };
    Answer::new(Calendar {
        current_epoch: current,
        current_node_is_proposer: true,
        current_proposer: node.clone(),
        history: (1..=back.min(current)).map(|n| duty(-n)).collect(),
        node_count: 1,
        node_id: node.clone(),
        ok: true,
        schedule: (0..=ahead).map(duty).collect(),
    })
}

/// Miners that attested within the hour, by what they were judged to be.
#[derive(Serialize, ToSchema)]
pub struct Pool {
    /// Miners of each class.
    by_arch: BTreeMap<String, i64>,
    groups: Vec<PoolGroup>,
    ok: bool,
    #[schema(minimum = 0)]
    total: i64,
    /// Seconds after which a miner is no longer counted.
    #[schema(minimum = 1)]
    window_s: i64,
}

/// Miners of one class.
#[derive(Serialize, ToSchema)]
pub struct PoolGroup {
    #[schema(example = "g4")]
    device_arch: String,
    #[schema(example = "PowerPC")]
    device_family: String,
    #[schema(minimum = 1)]
    miners: i64,
    /// How many of them are real silicon.
    #[schema(minimum = 0)]
    physical: i64,
}

impl From<Group> for PoolGroup {
    fn from(group: Group) -> Self {
        PoolGroup {
            device_arch: group.class,
            device_family: group.family,
            miners: group.miners,
            physical: group.physical,
        }
    }
}

refusals! { PoolRefusals = STORE }

/// Miners that attested within the hour, counted by class. Counts against the limit on lists.
#[utoipa::path(
    get,
    path = "/api/attestation-pool",
    operation_id = "attestationPool",
    tag = "Miners",
    responses((status = 200, description = "The counts.", body = Pool), PoolRefusals)
)]
pub async fn pool(
    State(app): State<Arc<App>>,
    Client(client): Client,
) -> Result<Answer<Pool>, ApiError> {
    let spent = app.limits.count_list(client);
    if !spent.allowed {
        let why = "too many requests from this address";
        return Err(ApiError::new(Code::RateLimit, why).after(spent.reset_s));
    }
    let since_ms = app.clock.now_ms() - ACTIVE_MS;
    let groups = app
        .store
        .read(move |c| Ok::<_, ApiError>(chronicle::groups(c, since_ms)?))
        .await?;
    let mut by_arch = BTreeMap::new();
    for group in &groups {
        *by_arch.entry(group.class.clone()).or_insert(0) += group.miners;
    }
    Ok(Answer::new(Pool {
        total: groups.iter().map(|group| group.miners).sum(),
        by_arch,
        groups: groups.into_iter().map(PoolGroup::from).collect(),
        ok: true,
        window_s: ACTIVE_MS / 1_000,
    }))
}

refusals! { GoneRefusals = &[Code::Gone] }

/// Of an earlier version of the existing network: no longer there.
#[utoipa::path(
    post,
    path = "/api/mine",
    operation_id = "mine",
    tag = "Miners",
    responses(GoneRefusals)
)]
pub async fn mine() -> ApiError {
    let why = "this is of an earlier version; attest with /attest/challenge and /attest/submit";
    ApiError::new(Code::Gone, why)
}

/// The same under its other name.
#[utoipa::path(
    post,
    path = "/compat/v1/api/mine",
    operation_id = "compatMine",
    tag = "Miners",
    responses(GoneRefusals)
)]
pub async fn compat_mine() -> ApiError {
    mine().await
}
