//! `/balance/{pk}`, `/wallet/balance`, `/api/wallet/{id}`.

use axum::extract::State;
use serde_json::json;
use std::sync::Arc;

use super::reply::Answer;
use super::request::{Query, Segment};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::error::{ApiError, Code};
use crate::json::decimal;
use crate::ledger::{Account, RTC_PLACES};
use crate::store::books;

pub async fn balance(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer, ApiError> {
    let amount = amount(&app, &miner).await?;
    Ok(Answer::new(json!({
        "amount_i64": amount,
        "balance_rtc": decimal(amount, RTC_PLACES),
        "miner_pk": miner,
    })))
}

pub async fn wallet_balance(State(app): State<Arc<App>>, query: Query) -> Result<Answer, ApiError> {
    let miner = named_wallet(&query)?;
    wallet(State(app), Segment(miner)).await
}

/// The wallet that a query is about, under either of the two names of the parameter.
pub fn named_wallet(query: &Query) -> Result<String, ApiError> {
    let id = match (query.get("miner_id"), query.get("address")) {
        (Some(a), Some(b)) if a != b => {
            return Err(ApiError::new(
                Code::InvalidParameter,
                "miner_id and address name different wallets",
            ))
        }
        (Some(id), _) | (None, Some(id)) => id,
        (None, None) => {
            return Err(ApiError::new(
                Code::MissingParameter,
                "miner_id or address required",
            ))
        }
    };
    check_id(id)?;
    Ok(id.to_owned())
}

pub async fn wallet(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer, ApiError> {
    let amount = amount(&app, &miner).await?;
    Ok(Answer::new(json!({
        "amount_i64": amount,
        "amount_rtc": decimal(amount, RTC_PLACES),
        "miner_id": miner,
    })))
}

async fn amount(app: &App, miner: &str) -> Result<i64, ApiError> {
    check_id(miner)?;
    let account = Account::Wallet(miner.to_owned());
    app.store
        .read(move |c| Ok::<_, ApiError>(books::balance(c, &account)?))
        .await
}
