//! `/balance/{pk}`, `/wallet/balance`, `/api/wallet/{id}`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, PATH, QUERY, STORE};
use super::query::{self, query, Id};
use super::reply::Answer;
use super::request::Segment;
use super::scalars::{MicroRtc, MinerId, Rtc};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::ledger::Account;
use crate::store::books;

/// A balance, in the words of the oldest clients.
#[derive(Serialize, ToSchema)]
pub struct Balance {
    amount_i64: MicroRtc,
    balance_rtc: Rtc,
    #[schema(value_type = MinerId)]
    miner_pk: String,
}

/// A balance.
#[derive(Serialize, ToSchema)]
pub struct Wallet {
    amount_i64: MicroRtc,
    amount_rtc: Rtc,
    #[schema(value_type = MinerId)]
    miner_id: String,
}

refusals! { OfPath = PATH, ID, STORE }
refusals! { OfQuery = QUERY, &[Code::MissingParameter], ID, STORE }

/// A miner's balance. One that never earned anything has 0.
#[utoipa::path(
    get,
    path = "/balance/{miner}",
    operation_id = "balance",
    tag = "Wallets",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "The balance.", body = Balance), OfPath)
)]
pub async fn balance(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Balance>, ApiError> {
    let amount = amount(&app, &miner).await?;
    Ok(Answer::new(Balance {
        amount_i64: MicroRtc(amount),
        balance_rtc: Rtc(amount),
        miner_pk: miner,
    }))
}

query! {
    /// Whose balance.
    WalletQuery {
        /// Whose.
        miner_id: Option<Id>,
        /// The same under its other name.
        address: Option<Id>,
    }
}

/// A wallet's balance, the wallet named by the query.
///
/// One of `miner_id` and `address` is required.
#[utoipa::path(
    get,
    path = "/wallet/balance",
    operation_id = "walletBalance",
    tag = "Wallets",
    params(WalletQuery),
    responses((status = 200, description = "The balance.", body = Wallet), OfQuery)
)]
pub async fn wallet_balance(
    State(app): State<Arc<App>>,
    query: WalletQuery,
) -> Result<Answer<Wallet>, ApiError> {
    let miner = query::wallet(query.miner_id, query.address)?;
    wallet(State(app), Segment(miner)).await
}

/// A wallet's balance. One that never received anything has 0.
#[utoipa::path(
    get,
    path = "/api/wallet/{miner}",
    operation_id = "wallet",
    tag = "Wallets",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "The balance.", body = Wallet), OfPath)
)]
pub async fn wallet(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Wallet>, ApiError> {
    let amount = amount(&app, &miner).await?;
    Ok(Answer::new(Wallet {
        amount_i64: MicroRtc(amount),
        amount_rtc: Rtc(amount),
        miner_id: miner,
    }))
}

async fn amount(app: &App, miner: &str) -> Result<i64, ApiError> {
    check_id(miner)?;
    let account = Account::Wallet(miner.to_owned());
    app.store
        .read(move |c| Ok::<_, ApiError>(books::balance(c, &account)?))
        .await
}
