//! `/epoch`, `/lottery/eligibility`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, QUERY, STORE};
use super::query::{query, Id};
use super::reply::Answer;
use super::scalars::{MinerId, Rtc, UnixSeconds};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::ledger::{MICRO_PER_RTC, TOTAL_SUPPLY};
use crate::store::books;
use crate::store::records;

/// How long an attestation keeps a miner in the round of producers, milliseconds (existing network).
pub const ROTATION_MS: i64 = 86_400_000;

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
    responses(
        (
            status = 200, description = "The epoch.", body = Epoch,
            links(("explainEpoch" = (
                operation_id = "explainEpoch",
                parameters(("epoch" = "$response.body#/epoch")),
                description = "What it pays to whom.",
            )))
        ),
        CurrentRefusals,
    )
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
    reason: Standing,
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
pub enum Standing {
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
        None => (Standing::NotAttested, false, None),
        Some(place) if slot % turn == place => (Standing::YourTurn, true, Some(slot)),
        Some(place) => (
            Standing::NotYourTurn,
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
