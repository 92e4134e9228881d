//! `/wallet/transfer/signed`, `/wallet/history`, `/wallet/tx/{hash}`, `/pending/list`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::ToSchema;

use super::openapi::{refusals, BODY, ID, PATH, QUERY, STORE};
use super::query::{self, query, Id, Limit, Offset, Parameter, Whole};
use super::reply::Answer;
use super::request::{Bytes, Segment};
use super::requests::TransferRequest;
use super::scalars::{MicroRtc, MinerId, Rtc, UnixSeconds};
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::keys::hex;
use crate::ledger::payout_reference;
use crate::store::transfers::{self, Event, Kept, State as Fate};
use crate::transfer::{self, Taken};

/// Lines of one page, at most.
const PAGE_MAX: i64 = 500;

refusals! {
    TransferRefusals = BODY, STORE, &[
        Code::MissingRequiredFields,
        Code::AmountNotNumber,
        Code::AmountNotFinite,
        Code::AmountMustBePositive,
        Code::AmountTooSmallAfterQuantization,
        Code::InvalidFromAddressFormat,
        Code::InvalidToAddressFormat,
        Code::FromToMustDiffer,
        Code::NonceNotInt,
        Code::NonceMustBeGtZero,
        Code::InvalidChainIdFormat,
        Code::InvalidTransferField,
        Code::ChainIdMismatch,
        Code::PubkeyAddressMismatch,
        Code::InvalidTransferSignature,
        Code::LegacySignatureFeeUnbound,
        Code::SignedTransferFeeUnsettled,
        Code::WalletHeld,
        Code::WalletBlocked,
        Code::ReplayDetected,
        Code::OutOfOrderNonce,
        Code::TooManyPending,
        Code::InsufficientBalance,
    ]
}

/// Transfers an amount, signed by its sender.
///
/// It is promised at once, and booked when its delay is over, unless the operator calls it off before.
#[utoipa::path(
    post,
    path = "/wallet/transfer/signed",
    operation_id = "transfer",
    tag = "Wallets",
    request_body = TransferRequest,
    responses(
        (
            status = 200, description = "It is taken.", body = Taken,
            links(("transaction" = (
                operation_id = "transaction",
                parameters(("hash" = "$response.body#/tx_hash")),
                description = "What became of it.",
            )))
        ),
        TransferRefusals,
    )
)]
pub async fn transfer_signed(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer<Taken>, ApiError> {
    transfer::accept(&app, body).await.map(Answer::new)
}

query! {
    /// A page of a wallet's history.
    HistoryQuery {
        /// Whose.
        miner_id: Option<Id>,
        /// The same under its other name.
        address: Option<Id>,
        /// Lines in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Lines to leave out first.
        offset: Offset,
    }
}

/// What came into a wallet and went out of it, the newest first.
#[derive(Serialize, ToSchema)]
pub struct History {
    limit: i64,
    #[schema(value_type = MinerId)]
    miner_id: String,
    offset: i64,
    ok: bool,
    /// Lines that there are.
    #[schema(minimum = 0)]
    total: i64,
    transactions: Vec<Line>,
}

/// A line of a wallet's history.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// Earned in an epoch.
    Reward(Reward),
    /// Received.
    TransferIn(Dated),
    /// Sent.
    TransferOut(Dated),
}

/// What an epoch paid.
#[derive(Serialize, ToSchema)]
pub struct Reward {
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    #[schema(minimum = 0)]
    epoch: i64,
    /// Payments are final.
    #[schema(example = "confirmed")]
    status: &'static str,
    timestamp: UnixSeconds,
    /// The payment's name in the books.
    #[schema(example = "epoch/7")]
    transaction: String,
}

/// A transfer as a line of a history.
#[derive(Serialize, ToSchema)]
pub struct Dated {
    #[serde(flatten)]
    transfer: Transfer,
    /// The same as `created_at`.
    timestamp: UnixSeconds,
}

refusals! { ListRefusals = QUERY, ID, STORE, &[Code::MissingParameter] }

/// A wallet's rewards and transfers, the newest first. One of `miner_id` and `address` is required.
#[utoipa::path(
    get,
    path = "/wallet/history",
    operation_id = "history",
    tag = "Wallets",
    params(HistoryQuery),
    responses((status = 200, description = "The page.", body = History), ListRefusals)
)]
pub async fn history(
    State(app): State<Arc<App>>,
    query: HistoryQuery,
) -> Result<Answer<History>, ApiError> {
    let wallet = query::wallet(query.miner_id, query.address)?;
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let asked = wallet.clone();
    let (events, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(transfers::history(c, &asked, limit, offset)?))
        .await?;
    let transactions = events.iter().map(|event| line(event, &wallet)).collect();
    Ok(Answer::new(History {
        limit,
        miner_id: wallet,
        offset,
        ok: true,
        total,
        transactions,
    }))
}

/// A transfer with all that is needed to check it.
#[derive(Serialize, ToSchema)]
pub struct Checkable {
    #[serde(flatten)]
    transfer: Transfer,
    ok: bool,
    /// The sender's Ed25519 key, in hexadecimal; null where the operator ordered it.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    public_key: Option<String>,
    /// In hexadecimal; null where the operator ordered it.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    signature: Option<String>,
    /// What is signed, or ordered. ASCII.
    signed_text: String,
}

refusals! { TransactionRefusals = PATH, STORE, &[Code::TransactionNotFound] }

/// A transfer, by the hash that its sender was told.
#[utoipa::path(
    get,
    path = "/wallet/tx/{hash}",
    operation_id = "transaction",
    tag = "Wallets",
    params((
        "hash" = String, Path, description = "`tx_hash` of the transfer.",
        example = "5f1f5e0ad8fe44a0c1d7a8c1f7f0b1aa",
    )),
    responses((status = 200, description = "The transfer.", body = Checkable), TransactionRefusals)
)]
pub async fn transaction(
    State(app): State<Arc<App>>,
    Segment(hash): Segment,
) -> Result<Answer<Checkable>, ApiError> {
    let asked = hash.clone();
    let kept = app
        .store
        .read(move |c| Ok::<_, ApiError>(transfers::by_hash(c, &asked)?))
        .await?
        .ok_or_else(|| {
            ApiError::new(Code::TransactionNotFound, "there is no such transfer")
                .with("status", "not_found")
                .with("tx_hash", hash)
        })?;
    let signed = &kept.transfer;
    Ok(Answer::new(Checkable {
        transfer: shown(&kept),
        ok: true,
        public_key: signed.signature.map(|s| hex(&s.public_key)),
        signature: signed.signature.map(|s| hex(&s.bytes)),
        signed_text: String::from_utf8_lossy(&signed.signed).into_owned(),
    }))
}

query! {
    /// A page of a wallet's transfers.
    PendingQuery {
        /// Whose.
        miner_id: Option<Id>,
        /// The same under its other name.
        address: Option<Id>,
        /// Only transfers of this kind.
        status: Which,
        /// Transfers in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Transfers to leave out first.
        offset: Offset,
    }
}

/// What became of the transfers that are asked for.
#[derive(Debug, Clone)]
pub struct Which(Option<&'static str>);

impl Which {
    const ALL: &str = "all";
    const STATES: [&str; 3] = ["pending", "confirmed", "voided"];
}

impl Parameter for Which {
    fn read(name: &str, text: Option<&str>) -> Result<Self, ApiError> {
        let text = text.unwrap_or(Which::STATES[0]);
        if text == Which::ALL {
            return Ok(Which(None));
        }
        let state = Which::STATES.into_iter().find(|state| *state == text);
        state.map(|state| Which(Some(state))).ok_or_else(|| {
            let message = format!("\"{name}\" is pending, confirmed, voided or all");
            ApiError::new(Code::InvalidParameter, message)
        })
    }

    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some(Which::STATES.into_iter().chain([Which::ALL])))
            .default(Some(Which::STATES[0].into()))
            .into()
    }
}

/// Transfers of a wallet.
#[derive(Serialize, ToSchema)]
pub struct Pending {
    /// Transfers in this answer.
    count: usize,
    limit: i64,
    offset: i64,
    ok: bool,
    pending: Vec<Transfer>,
    /// Transfers that there are.
    #[schema(minimum = 0)]
    total: i64,
}

refusals! { PendingRefusals = QUERY, ID, STORE, &[Code::Unauthorized] }

/// Transfers from or to a wallet, those that wait unless `status` says otherwise.
///
/// One of `miner_id` and `address` is required.
#[utoipa::path(
    get,
    path = "/pending/list",
    operation_id = "pending",
    tag = "Wallets",
    params(PendingQuery),
    responses((status = 200, description = "The page.", body = Pending), PendingRefusals)
)]
pub async fn pending(
    State(app): State<Arc<App>>,
    query: PendingQuery,
) -> Result<Answer<Pending>, ApiError> {
    if query.miner_id.is_none() && query.address.is_none() {
        return Err(ApiError::new(
            Code::Unauthorized,
            "everybody's transfers are the operator's to see; name a wallet by miner_id",
        ));
    }
    let wallet = query::wallet(query.miner_id, query.address)?;
    Pending::read(
        &app,
        Some(wallet),
        query.status,
        query.limit.0,
        query.offset.0,
    )
    .await
}

impl Pending {
    /// A page of a wallet's transfers, or of everybody's.
    pub async fn read(
        app: &App,
        wallet: Option<String>,
        Which(state): Which,
        limit: i64,
        offset: i64,
    ) -> Result<Answer<Self>, ApiError> {
        let (page, total) = app
            .store
            .read(move |c| {
                let page = transfers::list(c, wallet.as_deref(), state, limit, offset)?;
                Ok::<_, ApiError>(page)
            })
            .await?;
        let pending: Vec<Transfer> = page.iter().map(shown).collect();
        Ok(Answer::new(Pending {
            count: pending.len(),
            limit,
            offset,
            ok: true,
            pending,
            total,
        }))
    }
}

/// A transfer between wallets.
#[derive(Serialize, ToSchema)]
pub struct Transfer {
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    /// When it was booked; null where it was not.
    confirmed_at: Option<UnixSeconds>,
    /// When it is due.
    confirms_at: UnixSeconds,
    /// When it was taken.
    created_at: UnixSeconds,
    /// The sender's address.
    #[schema(value_type = MinerId)]
    from_address: String,
    /// Its number: later ones have higher ones.
    #[schema(minimum = 1)]
    id: i64,
    /// For the receiver.
    memo: String,
    /// The sender's number for it: each is higher than all before.
    #[schema(minimum = 1)]
    nonce: i64,
    status: Status,
    /// The receiver.
    #[schema(value_type = MinerId)]
    to_address: String,
    /// Its name.
    #[schema(pattern = "^[0-9a-f]+$")]
    tx_hash: String,
    /// Why it was called off; null where it was not.
    void_reason: Option<String>,
    /// When it was called off; null where it was not.
    voided_at: Option<UnixSeconds>,
}

/// What became of a transfer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TransferStatus)]
pub enum Status {
    /// It waits.
    Pending,
    /// It is booked.
    Confirmed,
    /// It was called off.
    Voided,
}

/// A transfer, for whoever asks.
pub fn shown(kept: &Kept) -> Transfer {
    let transfer = &kept.transfer;
    let (status, confirmed_at, voided_at, void_reason) = match &kept.state {
        Fate::Pending => (Status::Pending, None, None, None),
        Fate::Confirmed(at) => (Status::Confirmed, Some(*at), None, None),
        Fate::Voided(at, reason) => (Status::Voided, None, Some(*at), Some(reason.clone())),
    };
    Transfer {
        amount_i64: MicroRtc(transfer.amount),
        amount_rtc: Rtc(transfer.amount),
        confirmed_at: confirmed_at.map(UnixSeconds::of_ms),
        confirms_at: UnixSeconds::of_ms(kept.confirms_ms),
        created_at: UnixSeconds::of_ms(kept.received_ms),
        from_address: transfer.from.clone(),
        id: kept.id,
        memo: transfer.memo.clone(),
        nonce: transfer.nonce,
        status,
        to_address: transfer.to.clone(),
        tx_hash: transfer.hash.clone(),
        void_reason,
        voided_at: voided_at.map(UnixSeconds::of_ms),
    }
}

fn line(event: &Event, wallet: &str) -> Line {
    match event {
        Event::Reward {
            epoch,
            amount,
            at_ms,
        } => Line::Reward(Reward {
            amount_i64: MicroRtc(*amount),
            amount_rtc: Rtc(*amount),
            epoch: *epoch,
            status: "confirmed",
            timestamp: UnixSeconds::of_ms(*at_ms),
            transaction: payout_reference(*epoch, 1),
        }),
        Event::Transfer(kept) => {
            let transfer = shown(kept);
            let timestamp = transfer.created_at;
            let dated = Dated {
                transfer,
                timestamp,
            };
            if kept.transfer.from == wallet {
                Line::TransferOut(dated)
            } else {
                Line::TransferIn(dated)
            }
        }
    }
}
