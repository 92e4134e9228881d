//! `/epoch`, `/lottery/eligibility`, `/api/epoch/{n}/explain`.

use axum::extract::State;
use serde::Serialize;
use serde_json::{json, Value};
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, STORE};
use super::reply::Answer;
use super::request::{Query, Segment};
use super::scalars::{Rtc, UnixSeconds};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::attest::WEIGHT_PLACES;
use crate::error::{ApiError, Code};
use crate::json::decimal;
use crate::ledger::{settlement_reference, MICRO_PER_RTC, RTC_PLACES, TOTAL_SUPPLY};
use crate::store::books::{self, Explained};
use crate::store::records;

/// How long an attestation keeps a miner in the round of producers, milliseconds (existing network).
const ROTATION_MS: i64 = 86_400_000;

/// Shares in one answer, at most.
const SHARES_MAX: i64 = 1_000;

/// The epoch that is under way.
#[derive(Serialize, ToSchema)]
pub struct Epoch {
    /// Slots of an epoch.
    #[schema(minimum = 1)]
    blocks_per_epoch: i64,
    /// Miners that share in this epoch so far.
    #[schema(minimum = 0)]
    enrolled_miners: i64,
    /// Its number; they count from 0.
    #[schema(minimum = 0)]
    epoch: i64,
    epoch_ends_at: UnixSeconds,
    /// What is shared out for each epoch.
    epoch_pot: Rtc,
    /// The last epoch that was paid; null before the first.
    last_settled_epoch: Option<i64>,
    server_time: UnixSeconds,
    /// The slot's number since genesis.
    slot: i64,
    /// Seconds of a slot.
    #[schema(minimum = 1)]
    slot_seconds: i64,
    /// All RTC that there will ever be.
    #[schema(minimum = 0)]
    total_supply_rtc: i64,
}

refusals! { CurrentRefusals = STORE }

/// The epoch that is under way.
#[utoipa::path(
    get,
    path = "/epoch",
    operation_id = "epoch",
    tag = "Epochs",
    responses((status = 200, description = "The epoch.", body = Epoch), CurrentRefusals)
)]
pub async fn current(State(app): State<Arc<App>>) -> Result<Answer<Epoch>, ApiError> {
    let chain = *app.store.chain();
    let now_s = app.clock.now_s();
    let (epoch, enrolled, settled) = app
        .store
        .read(move |c| {
            let epoch = books::open_epoch(c, &chain, now_s)?;
            Ok::<_, ApiError>((epoch, books::enrolled(c, epoch)?, books::last_settled(c)?))
        })
        .await?;
    Ok(Answer::new(Epoch {
        blocks_per_epoch: chain.slots_per_epoch,
        enrolled_miners: enrolled,
        epoch,
        epoch_ends_at: UnixSeconds(chain.epoch_end_s(epoch)),
        epoch_pot: Rtc(chain.pot),
        last_settled_epoch: settled,
        server_time: UnixSeconds(now_s),
        slot: chain.slot(now_s),
        slot_seconds: chain.slot_s,
        total_supply_rtc: TOTAL_SUPPLY / MICRO_PER_RTC,
    }))
}

pub async fn eligibility(State(app): State<Arc<App>>, query: Query) -> Result<Answer, ApiError> {
    let miner = query
        .get("miner_id")
        .ok_or_else(|| ApiError::new(Code::MissingParameter, "miner_id required"))?
        .to_owned();
    check_id(&miner)?;
    let slot = app.store.chain().slot(app.clock.now_s());
    let since_ms = app.clock.now_ms() - ROTATION_MS;
    let round = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::rotation(c, since_ms, slot, &miner)?))
        .await?;
    let turn = round.size.max(1);
    let (reason, eligible, next) = match round.place {
        None => ("not_attested", false, None),
        Some(place) if slot % turn == place => ("your_turn", true, Some(slot)),
        Some(place) => (
            "not_your_turn",
            false,
            Some(slot + (place - slot % turn).rem_euclid(turn)),
        ),
    };
    let mut answer = Answer::new(json!({
        "eligible": eligible,
        "reason": reason,
        "rotation_size": round.size,
        "slot": slot,
        "slot_producer": round.producer,
    }));
    if let Some(next) = next {
        answer.body.insert("your_turn_at_slot".into(), next.into());
    }
    Ok(answer)
}

pub async fn explain(
    State(app): State<Arc<App>>,
    Segment(epoch): Segment,
    query: Query,
) -> Result<Answer, ApiError> {
    let epoch: i64 = epoch.parse().ok().filter(|&n| n >= 0).ok_or_else(|| {
        ApiError::new(Code::InvalidParameter, "an epoch is a whole number from 0")
    })?;
    let limit = query.number("limit", 100, 1..=SHARES_MAX)?;
    let offset = query.number("offset", 0, 0..=i64::MAX)?;
    let miner = query.get("miner").map(str::to_owned);
    let chain = *app.store.chain();
    let explained = app
        .store
        .read(move |c| Ok::<_, ApiError>(books::explain(c, &chain, epoch)?))
        .await?
        .ok_or_else(|| ApiError::new(Code::NotFound, "nobody was enrolled in this epoch"))?;
    Ok(Answer::new(explained_json(
        &explained,
        miner.as_deref(),
        limit,
        offset,
    )))
}

/// An explanation in JSON: every number that leads from the weights to the amounts.
pub fn explained_json(e: &Explained, miner: Option<&str>, limit: i64, offset: i64) -> Value {
    let page = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    let total = e.division.total_weight.to_string();
    let shares: Vec<Value> = e
        .division
        .shares
        .iter()
        .filter(|share| miner.is_none_or(|miner| miner == share.miner))
        .skip(page(offset))
        .take(page(limit))
        .map(|share| {
            json!({
                "amount_i64": share.amount,
                "amount_rtc": decimal(share.amount, RTC_PLACES),
                "exact": format!("{} * {} / {total}", e.pot, share.weight),
                "floor_i64": share.floor,
                "miner": share.miner,
                "remainder": share.remainder.to_string(),
                "weight": decimal(share.weight, WEIGHT_PLACES),
                "weight_units": share.weight,
            })
        })
        .collect();
    json!({
        "epoch": e.epoch,
        "miners": e.division.shares.len(),
        "paid_i64": e.division.paid,
        "pot_i64": e.pot,
        "pot_rtc": decimal(e.pot, RTC_PLACES),
        "rule": "floor of the exact share, in millionths of an RTC; what is left goes one by one \
                 to the largest remainders, ties by miner id",
        "settled": e.settled_ms.is_some(),
        "settled_at": e.settled_ms.map(|ms| ms / 1_000),
        "shares": shares,
        "total_weight_units": total,
        "transaction": settlement_reference(e.epoch),
    })
}
