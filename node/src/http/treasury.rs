//! What the operator sees and does of everybody's money, on the listener with the token:
//! `/wallet/transfer`, `/wallet/ledger`, `/wallet/balances/all`, `/wallet/review`, `/wallet/reviews`,
//! `/pending/list`, `/pending/confirm`, `/pending/void`, `/pending/integrity`.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::openapi::{refusals, BODY, ID, QUERY, STORE, TOKEN};
use super::query::{query, Id, Limit, Offset, Whole};
use super::reply::Answer;
use super::request::Bytes;
use super::requests::{ConfirmRequest, OrderRequest, ReviewRequest, VoidRequest};
use super::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds};
use super::transfers::{shown, Pending, Transfer, Which};
use crate::app::App;
use crate::attest;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::store::reviews::{self, Decision, Review};
use crate::store::sql::Duty;
use crate::store::{transfers, treasury};
use crate::transfer::order::{self, Order};
use crate::transfer::reason_of;

/// Lines of one page, at most.
const PAGE_MAX: i64 = 500;

/// Wallets of one page, at most.
const WALLETS_MAX: i64 = 1_000;

/// Transfers confirmed at a time where nothing is said, and at most (existing network).
const CONFIRM_DEFAULT: u32 = 100;
const CONFIRM_MAX: u32 = 500;

/// The paths and their description.
pub fn of_operator() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(order_transfer))
        .routes(routes!(ledger))
        .routes(routes!(balances))
        .routes(routes!(review))
        .routes(routes!(reviewed))
        .routes(routes!(pending))
        .routes(routes!(confirm))
        .routes(routes!(void))
        .routes(routes!(integrity))
}

fn invalid(why: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidParameter, why)
}

/// A transfer that the operator did something about.
#[derive(Serialize, ToSchema)]
struct Seen {
    #[serde(flatten)]
    transfer: Transfer,
    ok: bool,
    /// The transfer's number, as `id`.
    pending_id: i64,
    /// What it is now, as `status`.
    phase: &'static str,
}

impl Seen {
    fn of(kept: &transfers::Kept) -> Answer<Self> {
        Answer::new(Seen {
            transfer: shown(kept),
            ok: true,
            pending_id: kept.id,
            phase: kept.state.name(),
        })
    }
}

refusals! {
    OrderRefusals = BODY, STORE, TOKEN, &[
        Code::MissingRequiredFields,
        Code::AmountNotNumber,
        Code::AmountTooSmallAfterQuantization,
        Code::SenderHasKey,
        Code::InvalidFromAddressFormat,
        Code::InvalidToAddressFormat,
        Code::FromToMustDiffer,
        Code::NonceNotInt,
        Code::NonceMustBeGtZero,
        Code::InvalidParameter,
        Code::ReplayDetected,
        Code::OutOfOrderNonce,
        Code::TooManyPending,
        Code::InsufficientBalance,
    ]
}

/// Orders a transfer from a name, which has no key to sign one with. It waits like every other.
#[utoipa::path(
    post,
    path = "/wallet/transfer",
    operation_id = "orderTransfer",
    tag = "Operator",
    request_body = OrderRequest,
    responses((status = 200, description = "It waits.", body = Seen), OrderRefusals)
)]
async fn order_transfer(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Seen>, ApiError> {
    let order = Order::read(&attest::object(&body)?)?;
    let id = order::accept(&app, order).await?;
    let kept = app
        .store
        .read(move |c| Ok::<_, ApiError>(transfers::by_id(c, id)?))
        .await?;
    let kept = kept.ok_or_else(|| ApiError::new(Code::InternalError, "the transfer is gone"))?;
    tracing::warn!(transfer = id, "ordered by the operator");
    Ok(Seen::of(&kept))
}

query! {
    /// A page of the ledger.
    LedgerQuery {
        /// Only lines of this wallet.
        miner_id: Option<Id>,
        /// Lines in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Lines to leave out first.
        offset: Offset,
    }
}

/// Lines of the books, the newest transaction first.
#[derive(Serialize, ToSchema)]
struct Ledger {
    /// Lines in this answer.
    count: usize,
    items: Vec<LedgerLine>,
    limit: i64,
    offset: i64,
    ok: bool,
}

/// A line of the books.
#[derive(Serialize, ToSchema)]
struct LedgerLine {
    /// Whose balance changed: `wallet/` and an id, or an account of the system's.
    #[schema(example = "wallet/power8")]
    account: String,
    /// By how much.
    delta_i64: MicroRtc,
    delta_rtc: Rtc,
    /// The wallet's id; null for the system's accounts.
    #[schema(value_type = Option<MinerId>)]
    miner_id: Option<String>,
    /// What it belongs to: `epoch/7`, `transfer/` and a hash, `genesis`.
    #[schema(example = "epoch/7")]
    reason: String,
    /// When it was booked.
    ts: UnixSeconds,
    /// The transaction's number.
    tx: i64,
}

refusals! { LedgerRefusals = QUERY, ID, STORE, TOKEN }

/// The lines of the books, everybody's or one wallet's.
#[utoipa::path(
    get,
    path = "/wallet/ledger",
    operation_id = "ledger",
    tag = "Operator",
    params(LedgerQuery),
    responses((status = 200, description = "The page.", body = Ledger), LedgerRefusals)
)]
async fn ledger(
    State(app): State<Arc<App>>,
    query: LedgerQuery,
) -> Result<Answer<Ledger>, ApiError> {
    let wallet = query.miner_id.map(|Id(wallet)| wallet);
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let lines = app
        .store
        .read(move |c| Ok::<_, ApiError>(treasury::ledger(c, wallet.as_deref(), limit, offset)?))
        .await?;
    let items: Vec<LedgerLine> = lines
        .into_iter()
        .map(|line| LedgerLine {
            miner_id: line.account.strip_prefix("wallet/").map(str::to_owned),
            account: line.account,
            delta_i64: MicroRtc(line.amount),
            delta_rtc: Rtc(line.amount),
            reason: line.reference,
            ts: UnixSeconds::of_ms(line.at_ms),
            tx: line.tx,
        })
        .collect();
    Ok(Answer::new(Ledger {
        count: items.len(),
        items,
        limit,
        offset,
        ok: true,
    }))
}

query! {
    /// A page of all wallets.
    BalancesQuery {
        /// Wallets in the answer, at most.
        limit: Limit<WALLETS_MAX>,
        /// Only wallets after this one, by id: `next_after` of the page before.
        after: Option<Id>,
    }
}

/// Wallets and what they hold, by id.
#[derive(Serialize, ToSchema)]
struct Balances {
    balances: Vec<Holding>,
    /// Wallets in this answer.
    count: usize,
    /// Where the next page begins; null on the last.
    #[schema(value_type = Option<MinerId>)]
    next_after: Option<String>,
    ok: bool,
    /// What all wallets hold together.
    total_i64: MicroRtc,
    total_rtc: Rtc,
    /// Wallets that there are.
    #[schema(minimum = 0)]
    wallets: i64,
}

/// What a wallet holds.
#[derive(Serialize, ToSchema)]
struct Holding {
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    #[schema(value_type = MinerId)]
    miner_id: String,
}

refusals! { BalancesRefusals = QUERY, ID, STORE, TOKEN }

/// What every wallet holds.
#[utoipa::path(
    get,
    path = "/wallet/balances/all",
    operation_id = "allBalances",
    tag = "Operator",
    params(BalancesQuery),
    responses((status = 200, description = "The page.", body = Balances), BalancesRefusals)
)]
async fn balances(
    State(app): State<Arc<App>>,
    query: BalancesQuery,
) -> Result<Answer<Balances>, ApiError> {
    let Whole(limit) = query.limit;
    let after = query.after.map(|Id(after)| after).unwrap_or_default();
    let (page, wallets, total) = app
        .store
        .read(move |c| {
            let (wallets, total) = treasury::wallets(c)?;
            let page = treasury::holdings(c, &after, limit)?;
            Ok::<_, ApiError>((page, wallets, total))
        })
        .await?;
    let is_full = i64::try_from(page.len()).is_ok_and(|n| n == limit);
    let next = page.last().filter(|_| is_full);
    Ok(Answer::new(Balances {
        count: page.len(),
        next_after: next.map(|(wallet, _)| wallet.clone()),
        balances: page
            .into_iter()
            .map(|(miner_id, amount)| Holding {
                amount_i64: MicroRtc(amount),
                amount_rtc: Rtc(amount),
                miner_id,
            })
            .collect(),
        ok: true,
        total_i64: MicroRtc(total),
        total_rtc: Rtc(total),
        wallets,
    }))
}

/// A decision about a wallet.
#[derive(Serialize, ToSchema)]
struct Reviewed {
    /// When it was made.
    at: UnixSeconds,
    /// `held`: nothing leaves it until somebody looked into it (409). `blocked`: nothing leaves it
    /// (403). `cleared`: it may send again.
    #[schema(example = "held")]
    decision: &'static str,
    reason: String,
    #[schema(value_type = MinerId)]
    wallet: String,
}

impl From<Review> for Reviewed {
    fn from(review: Review) -> Self {
        Reviewed {
            at: UnixSeconds::of_ms(review.at_ms),
            decision: review.decision.name(),
            reason: review.reason,
            wallet: review.wallet,
        }
    }
}

refusals! { ReviewRefusals = BODY, ID, STORE, TOKEN, &[Code::InvalidParameter] }

/// Holds or blocks a wallet, or clears it. What waits already is not touched: see `/pending/void`.
#[utoipa::path(
    post,
    path = "/wallet/review",
    operation_id = "reviewWallet",
    tag = "Operator",
    request_body = ReviewRequest,
    responses((status = 200, description = "It is so.", body = Reviewed), ReviewRefusals)
)]
async fn review(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Reviewed>, ApiError> {
    let body = attest::object(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    check_id(text("wallet"))?;
    let review = Review {
        wallet: text("wallet").to_owned(),
        decision: Decision::named(text("decision"))
            .ok_or_else(|| invalid("\"decision\" is held, blocked or cleared"))?,
        reason: reason_of(&body)?,
        at_ms: app.clock.now_ms(),
    };
    let decided = review.clone();
    app.store
        .write(move |c| Ok::<_, ApiError>(reviews::decide(c, &decided)?))
        .await?;
    tracing::warn!(
        wallet = review.wallet,
        decision = review.decision.name(),
        "reviewed"
    );
    Ok(Answer::new(review.into()))
}

query! {
    /// A page of the decisions.
    ReviewsQuery {
        /// Decisions in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Decisions to leave out first.
        offset: Offset,
    }
}

/// Decisions about wallets, the newest first. The newest of a wallet counts.
#[derive(Serialize, ToSchema)]
struct Reviews {
    ok: bool,
    reviews: Vec<Reviewed>,
    /// Decisions that there are.
    #[schema(minimum = 0)]
    total: i64,
}

refusals! { ReviewsRefusals = QUERY, STORE, TOKEN }

/// The decisions about wallets.
#[utoipa::path(
    get,
    path = "/wallet/reviews",
    operation_id = "reviews",
    tag = "Operator",
    params(ReviewsQuery),
    responses((status = 200, description = "The page.", body = Reviews), ReviewsRefusals)
)]
async fn reviewed(
    State(app): State<Arc<App>>,
    query: ReviewsQuery,
) -> Result<Answer<Reviews>, ApiError> {
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let (page, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(reviews::list(c, limit, offset)?))
        .await?;
    Ok(Answer::new(Reviews {
        ok: true,
        reviews: page.into_iter().map(Reviewed::from).collect(),
        total,
    }))
}

query! {
    /// A page of everybody's transfers, or of one wallet's.
    EverybodysQuery {
        /// Whose.
        miner_id: Option<Id>,
        /// Only transfers of this kind.
        status: Which,
        /// Transfers in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Transfers to leave out first.
        offset: Offset,
    }
}

refusals! { EverybodysRefusals = QUERY, ID, STORE, TOKEN }

/// Transfers of everybody, or from and to a wallet; those that wait unless `status` says otherwise.
#[utoipa::path(
    get,
    path = "/pending/list",
    operation_id = "everybodysPending",
    tag = "Operator",
    params(EverybodysQuery),
    responses((status = 200, description = "The page.", body = Pending), EverybodysRefusals)
)]
async fn pending(
    State(app): State<Arc<App>>,
    query: EverybodysQuery,
) -> Result<Answer<Pending>, ApiError> {
    let wallet = query.miner_id.map(|Id(wallet)| wallet);
    Pending::read(&app, wallet, query.status, query.limit.0, query.offset.0).await
}

/// Transfers that were booked.
#[derive(Serialize, ToSchema)]
struct Confirmed {
    confirmed_count: usize,
    /// Their numbers.
    confirmed_ids: Vec<i64>,
    ok: bool,
}

refusals! { ConfirmRefusals = BODY, STORE, TOKEN, &[Code::InvalidParameter, Code::StoreUnavailable] }

/// Books transfers that are due, the first due first. The node does so by itself every second; this is for
/// whoever does not want to wait. Nothing is booked before its time.
#[utoipa::path(
    post,
    path = "/pending/confirm",
    operation_id = "confirmTransfers",
    tag = "Operator",
    request_body = Option<ConfirmRequest>,
    responses((status = 200, description = "These are booked.", body = Confirmed), ConfirmRefusals)
)]
async fn confirm(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Confirmed>, ApiError> {
    let limit = if body.is_empty() {
        CONFIRM_DEFAULT
    } else {
        match attest::object(&body)?.get("limit") {
            None => CONFIRM_DEFAULT,
            Some(limit) => limit
                .as_u64()
                .and_then(|limit| u32::try_from(limit).ok())
                .filter(|limit| (1..=CONFIRM_MAX).contains(limit))
                .ok_or_else(|| invalid(format!("\"limit\" is 1 to {CONFIRM_MAX}")))?,
        }
    };
    let now_ms = app.clock.now_ms();
    let confirmed = app
        .store
        .lead(Duty::Settlement, move |c| {
            Ok::<_, ApiError>(transfers::confirm_due(c, now_ms, limit)?)
        })
        .await?
        .ok_or_else(|| {
            let why = "another process is at it; what is due will be booked";
            ApiError::new(Code::StoreUnavailable, why)
        })?;
    Ok(Answer::new(Confirmed {
        confirmed_count: confirmed.len(),
        confirmed_ids: confirmed,
        ok: true,
    }))
}

refusals! {
    VoidRefusals = BODY, STORE, TOKEN,
        &[Code::InvalidParameter, Code::TransactionNotFound, Code::TransferEnded]
}

/// Calls off a transfer that waits. Its sender will read why.
#[utoipa::path(
    post,
    path = "/pending/void",
    operation_id = "voidTransfer",
    tag = "Operator",
    request_body = VoidRequest,
    responses((status = 200, description = "It is called off.", body = Seen), VoidRefusals)
)]
async fn void(State(app): State<Arc<App>>, Bytes(body): Bytes) -> Result<Answer<Seen>, ApiError> {
    let body = attest::object(&body)?;
    let id = body
        .get("pending_id")
        .and_then(Value::as_i64)
        .ok_or_else(|| invalid("\"pending_id\" is the transfer's number"))?;
    let why = reason_of(&body)?;
    let now_ms = app.clock.now_ms();
    let (voided, kept) = app
        .store
        .write(move |c| {
            let voided = transfers::void(c, id, &why, now_ms)?;
            Ok::<_, ApiError>((voided, transfers::by_id(c, id)?))
        })
        .await?;
    let kept =
        kept.ok_or_else(|| ApiError::new(Code::TransactionNotFound, "there is no such transfer"))?;
    if !voided {
        let why = format!("transfer {id} is {} already", kept.state.name());
        return Err(ApiError::new(Code::TransferEnded, why));
    }
    tracing::warn!(transfer = id, "called off by the operator");
    Ok(Seen::of(&kept))
}

/// Whether transfers and balances fit each other.
#[derive(Serialize, ToSchema)]
struct Integrity {
    /// The sum of all balances, which is 0 while the books are sound.
    balances_sum_i64: MicroRtc,
    /// Whether everything below is as it must be. `verdigris-node audit` checks far more.
    ok: bool,
    /// Transfers that are due and not booked yet.
    #[schema(minimum = 0)]
    overdue: i64,
    /// Transfers that wait.
    #[schema(minimum = 0)]
    pending: i64,
    /// What they come to.
    pending_i64: MicroRtc,
    /// Wallets that promised more than they have: none while the books are sound.
    overpromised: Vec<String>,
    /// Confirmed transfers without a transaction: 0 while the books are sound.
    #[schema(minimum = 0)]
    unbooked: i64,
}

refusals! { IntegrityRefusals = STORE, TOKEN }

/// Whether transfers and balances fit each other: a quick look, beside the running node.
#[utoipa::path(
    get,
    path = "/pending/integrity",
    operation_id = "integrity",
    tag = "Operator",
    responses((status = 200, description = "What was found.", body = Integrity), IntegrityRefusals)
)]
async fn integrity(State(app): State<Arc<App>>) -> Result<Answer<Integrity>, ApiError> {
    let now_ms = app.clock.now_ms();
    let found = app
        .store
        .read(move |c| Ok::<_, ApiError>(treasury::integrity(c, now_ms)?))
        .await?;
    Ok(Answer::new(Integrity {
        ok: found.is_sound(),
        balances_sum_i64: MicroRtc(found.balances_sum),
        overdue: found.overdue,
        pending: found.pending,
        pending_i64: MicroRtc(found.promised),
        overpromised: found.overpromised,
        unbooked: found.unbooked,
    }))
}
