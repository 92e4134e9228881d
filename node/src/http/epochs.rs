//! `/epoch`, `/lottery/eligibility`, `/api/epoch/{n}/explain`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, PATH, QUERY, STORE};
use super::query::{query, Id, Limit, Offset};
use super::reply::Answer;
use super::request::Segment;
use super::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds, Weight};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::ledger::{settlement_reference, MICRO_PER_RTC, TOTAL_SUPPLY};
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

query! {
    /// Who asks for its turn.
    EligibilityQuery {
        /// Who asks.
        miner_id: Id,
    }
}

/// Whose turn it is to produce a block.
#[derive(Serialize, ToSchema)]
pub struct Eligibility {
    /// It is the miner's turn now.
    eligible: bool,
    reason: Turn,
    /// Miners in the round: those that attested within a day.
    #[schema(minimum = 0)]
    rotation_size: i64,
    /// The slot's number since genesis.
    slot: i64,
    /// Whose turn it is; null where nobody attested.
    #[schema(value_type = Option<MinerId>)]
    slot_producer: Option<String>,
    /// The miner's next slot; left out where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    your_turn_at_slot: Option<i64>,
}

/// Where a miner stands in the round.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Not in it.
    NotAttested,
    /// Next.
    YourTurn,
    /// Later.
    NotYourTurn,
}

refusals! { EligibilityRefusals = QUERY, &[Code::MissingParameter], ID, STORE }

/// Whether it is a miner's turn to produce a block.
#[utoipa::path(
    get,
    path = "/lottery/eligibility",
    operation_id = "eligibility",
    tag = "Epochs",
    params(EligibilityQuery),
    responses(
        (status = 200, description = "Whose turn it is.", body = Eligibility),
        EligibilityRefusals,
    )
)]
pub async fn eligibility(
    State(app): State<Arc<App>>,
    query: EligibilityQuery,
) -> Result<Answer<Eligibility>, ApiError> {
    let Id(miner) = query.miner_id;
    let slot = app.store.chain().slot(app.clock.now_s());
    let since_ms = app.clock.now_ms() - ROTATION_MS;
    let round = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::rotation(c, since_ms, slot, &miner)?))
        .await?;
    let turn = round.size.max(1);
    let (reason, eligible, next) = match round.place {
        None => (Turn::NotAttested, false, None),
        Some(place) if slot % turn == place => (Turn::YourTurn, true, Some(slot)),
        Some(place) => (
            Turn::NotYourTurn,
            false,
            Some(slot + (place - slot % turn).rem_euclid(turn)),
        ),
    };
    Ok(Answer::new(Eligibility {
        eligible,
        reason,
        rotation_size: round.size,
        slot,
        slot_producer: round.producer,
        your_turn_at_slot: next,
    }))
}

query! {
    /// Which shares of an epoch.
    SharesQuery {
        /// Shares in the answer, at most.
        limit: Limit<SHARES_MAX>,
        /// Shares to leave out first.
        offset: Offset,
        /// Only the share of this miner.
        miner: Option<Id>,
    }
}

/// Why each miner got what it got: every number that leads from the weights to the amounts.
#[derive(Serialize, ToSchema)]
pub struct Explanation {
    /// Its number.
    #[schema(minimum = 0)]
    epoch: i64,
    /// Miners that share in it.
    #[schema(minimum = 0)]
    miners: usize,
    /// What is shared out.
    paid_i64: MicroRtc,
    /// What there is to share out.
    pot_i64: MicroRtc,
    pot_rtc: Rtc,
    /// The rule in words.
    rule: &'static str,
    /// Whether it was paid.
    settled: bool,
    /// When; null where it was not.
    settled_at: Option<UnixSeconds>,
    /// The shares asked for, by miner.
    shares: Vec<ShareOf>,
    /// The sum of all weights, in units of 10^-9: a whole number as text, as it may have more than 64
    /// bits.
    #[schema(pattern = "^[0-9]+$")]
    total_weight_units: String,
    /// The payment's name in the books.
    #[schema(example = "epoch/7")]
    transaction: String,
}

/// A miner's share of an epoch.
#[derive(Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareOf {
    /// What the miner gets.
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    /// The exact share, as a calculation in µRTC.
    #[schema(example = "1500000 * 2500000000 / 3500000000")]
    exact: String,
    /// The exact share, cut to whole µRTC.
    floor_i64: MicroRtc,
    #[schema(value_type = MinerId)]
    miner: String,
    /// What was cut off, in parts of the sum of all weights: a whole number as text.
    #[schema(pattern = "^[0-9]+$")]
    remainder: String,
    weight: Weight,
    /// The same in units of 10^-9.
    #[schema(minimum = 0)]
    weight_units: i64,
}

refusals! { ExplainRefusals = PATH, QUERY, ID, STORE, &[Code::NotFound] }

/// Why each miner got what it got in an epoch, or will get.
#[utoipa::path(
    get,
    path = "/api/epoch/{epoch}/explain",
    operation_id = "explainEpoch",
    tag = "Epochs",
    params(
        ("epoch" = i64, Path, minimum = 0, description = "The epoch's number.", example = 7),
        SharesQuery,
    ),
    responses(
        (status = 200, description = "The explanation.", body = Explanation),
        ExplainRefusals,
    )
)]
pub async fn explain(
    State(app): State<Arc<App>>,
    Segment(epoch): Segment,
    query: SharesQuery,
) -> Result<Answer<Explanation>, ApiError> {
    let epoch: i64 = epoch.parse().ok().filter(|&n| n >= 0).ok_or_else(|| {
        ApiError::new(Code::InvalidParameter, "an epoch is a whole number from 0")
    })?;
    let chain = *app.store.chain();
    let explained = app
        .store
        .read(move |c| Ok::<_, ApiError>(books::explain(c, &chain, epoch)?))
        .await?
        .ok_or_else(|| ApiError::new(Code::NotFound, "nobody was enrolled in this epoch"))?;
    let miner = query.miner.as_ref().map(|Id(miner)| miner.as_str());
    Ok(Answer::new(explanation(
        &explained,
        miner,
        query.limit.0,
        query.offset.0,
    )))
}

fn explanation(e: &Explained, miner: Option<&str>, limit: i64, offset: i64) -> Explanation {
    let page = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    let total = e.division.total_weight.to_string();
    let shares: Vec<ShareOf> = e
        .division
        .shares
        .iter()
        .filter(|share| miner.is_none_or(|miner| miner == share.miner))
        .skip(page(offset))
        .take(page(limit))
        .map(|share| ShareOf {
            amount_i64: MicroRtc(share.amount),
            amount_rtc: Rtc(share.amount),
            exact: format!("{} * {} / {total}", e.pot, share.weight),
            floor_i64: MicroRtc(share.floor),
            miner: share.miner.clone(),
            remainder: share.remainder.to_string(),
            weight: Weight(share.weight),
            weight_units: share.weight,
        })
        .collect();
    Explanation {
        epoch: e.epoch,
        miners: e.division.shares.len(),
        paid_i64: MicroRtc(e.division.paid),
        pot_i64: MicroRtc(e.pot),
        pot_rtc: Rtc(e.pot),
        rule: "floor of the exact share, in millionths of an RTC; what is left goes one by one \
               to the largest remainders, ties by miner id",
        settled: e.settled_ms.is_some(),
        settled_at: e.settled_ms.map(UnixSeconds::of_ms),
        shares,
        total_weight_units: total,
        transaction: settlement_reference(e.epoch),
    }
}
