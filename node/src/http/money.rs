//! What the books show as a whole: `/api/transactions`; and two of the existing network's funds, of which
//! there is none here: `/api/fee_pool`, `/api/bounty-multiplier`.

use axum::extract::State;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, QUERY, STORE};
use super::query::{query, Limit, Offset, Whole};
use super::reply::Answer;
use super::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds};
use crate::app::App;
use crate::error::ApiError;
use crate::ledger::MICRO_PER_RTC;
use crate::store::chronicle::{self, Booked};

/// Transactions in one answer, at most.
const PAGE_MAX: i64 = 500;

query! {
    /// A page of the transactions.
    TransactionsQuery {
        /// Transactions in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Transactions to leave out first.
        offset: Offset,
    }
}

/// Booked transactions, newest first.
#[derive(Serialize, ToSchema)]
pub struct Transactions {
    /// Transactions in this answer.
    count: usize,
    limit: i64,
    offset: i64,
    ok: bool,
    /// Transactions that there are.
    #[schema(minimum = 0)]
    total: i64,
    transactions: Vec<BookedTransaction>,
}

/// A booked transaction. What a settlement paid to whom is in `/api/epoch/{epoch}/explain`.
#[derive(Serialize, ToSchema)]
pub struct BookedTransaction {
    /// Of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    amount_i64: Option<MicroRtc>,
    /// When it was booked.
    created_at: UnixSeconds,
    /// Of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MinerId>, nullable = false)]
    from_address: Option<String>,
    /// What it is: the first part of the reference.
    #[schema(example = "epoch")]
    kind: String,
    /// What makes it unique.
    #[schema(example = "epoch/7")]
    reference: String,
    /// Of a transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MinerId>, nullable = false)]
    to_address: Option<String>,
    /// Of a transfer: its hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    tx_hash: Option<String>,
}

impl From<Booked> for BookedTransaction {
    fn from(booked: Booked) -> Self {
        let kind = booked.reference.split('/').next().unwrap_or_default();
        let tx_hash = booked.reference.strip_prefix("transfer/");
        let (from, to, amount) = match booked.transfer {
            Some((from, to, amount)) => (Some(from), Some(to), Some(MicroRtc(amount))),
            None => (None, None, None),
        };
        BookedTransaction {
            amount_i64: amount,
            created_at: UnixSeconds::of_ms(booked.created_ms),
            from_address: from,
            kind: kind.to_owned(),
            tx_hash: tx_hash.map(str::to_owned),
            reference: booked.reference,
            to_address: to,
        }
    }
}

refusals! { TransactionsRefusals = QUERY, STORE }

/// What was booked, newest first.
#[utoipa::path(
    get,
    path = "/api/transactions",
    operation_id = "transactions",
    tag = "Wallets",
    params(TransactionsQuery),
    responses((status = 200, description = "The page.", body = Transactions), TransactionsRefusals)
)]
pub async fn transactions(
    State(app): State<Arc<App>>,
    query: TransactionsQuery,
) -> Result<Answer<Transactions>, ApiError> {
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let (booked, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(chronicle::booked(c, limit, offset)?))
        .await?;
    Ok(Answer::new(Transactions {
        count: booked.len(),
        limit,
        offset,
        ok: true,
        total,
        transactions: booked.into_iter().map(BookedTransaction::from).collect(),
    }))
}

/// The existing network's pool of fees (RIP-301). Nothing costs a fee here, so it is empty.
#[derive(Serialize, ToSchema)]
pub struct FeePool {
    description: &'static str,
    /// Where fees would go; null: nowhere.
    #[schema(value_type = Option<String>)]
    destination: (),
    destination_balance_rtc: Rtc,
    fees_by_source: BTreeMap<String, Rtc>,
    /// Always empty.
    recent_events: Vec<String>,
    /// The proposal of the existing network that the pool is of.
    #[schema(minimum = 0)]
    rip: u16,
    #[schema(minimum = 0)]
    total_fee_events: i64,
    total_fees_collected_rtc: Rtc,
    withdrawal_fee_rtc: Rtc,
}

refusals! { NothingRefused = &[] }

/// Fees: there are none.
#[utoipa::path(
    get,
    path = "/api/fee_pool",
    operation_id = "feePool",
    tag = "Wallets",
    responses((status = 200, description = "An empty pool.", body = FeePool), NothingRefused)
)]
pub async fn fee_pool() -> Answer<FeePool> {
    Answer::new(FeePool {
        description: "Transfers are free; no fee is taken from anybody.",
        destination: (),
        destination_balance_rtc: Rtc(0),
        fees_by_source: BTreeMap::new(),
        recent_events: Vec::new(),
        rip: 301,
        total_fee_events: 0,
        total_fees_collected_rtc: Rtc(0),
        withdrawal_fee_rtc: Rtc(0),
    })
}

/// The half-life that the existing network gives, µRTC.
const HALF_LIFE: i64 = 25_000 * MICRO_PER_RTC;

/// The existing network's fund for bounties. These books hold no such fund, so nothing is paid and nothing
/// decays.
#[derive(Serialize, ToSchema)]
pub struct BountyMultiplier {
    /// 1 while nothing was paid.
    current_multiplier: Rtc,
    current_multiplier_pct: &'static str,
    decay_model: &'static str,
    /// As the existing network documents it.
    half_life_rtc: Rtc,
    initial_fund_rtc: Rtc,
    note: &'static str,
    ok: bool,
    remaining_rtc: Rtc,
    total_paid_rtc: Rtc,
}

/// The multiplier of bounties: none are paid.
#[utoipa::path(
    get,
    path = "/api/bounty-multiplier",
    operation_id = "bountyMultiplier",
    tag = "Wallets",
    responses((status = 200, description = "No fund.", body = BountyMultiplier), NothingRefused)
)]
pub async fn bounty_multiplier() -> Answer<BountyMultiplier> {
    Answer::new(BountyMultiplier {
        current_multiplier: Rtc(MICRO_PER_RTC),
        current_multiplier_pct: "100.0%",
        decay_model: "half-life",
        half_life_rtc: Rtc(HALF_LIFE),
        initial_fund_rtc: Rtc(0),
        note: "These books hold no fund for bounties and pay none.",
        ok: true,
        remaining_rtc: Rtc(0),
        total_paid_rtc: Rtc(0),
    })
}
