//! `/wallet/transfer/signed`, `/wallet/history`, `/wallet/tx/{hash}`, `/pending/list`.

use axum::extract::State;
use serde_json::{json, Value};
use std::sync::Arc;

use super::reply::Answer;
use super::request::{Bytes, Query, Segment};
use super::wallets::named_wallet;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::json::decimal;
use crate::keys::hex;
use crate::ledger::{settlement_reference, RTC_PLACES};
use crate::store::transfers::{self, Event, Kept, State as Fate};
use crate::transfer;

/// Lines of one page, where nothing is said.
const PAGE_DEFAULT: i64 = 100;

/// Lines of one page, at most.
const PAGE_MAX: i64 = 500;

pub async fn transfer_signed(
    State(app): State<Arc<App>>,
    Bytes(body): Bytes,
) -> Result<Answer, ApiError> {
    transfer::accept(&app, body).await.map(Answer::from)
}

pub async fn history(State(app): State<Arc<App>>, query: Query) -> Result<Answer, ApiError> {
    let wallet = named_wallet(&query)?;
    let limit = query.number("limit", PAGE_DEFAULT, 1..=PAGE_MAX)?;
    let offset = query.number("offset", 0, 0..=i64::MAX)?;
    let asked = wallet.clone();
    let (events, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(transfers::history(c, &asked, limit, offset)?))
        .await?;
    let lines: Vec<Value> = events.iter().map(|event| line(event, &wallet)).collect();
    Ok(Answer::new(json!({
        "limit": limit,
        "miner_id": wallet,
        "offset": offset,
        "ok": true,
        "total": total,
        "transactions": lines,
    })))
}

pub async fn transaction(
    State(app): State<Arc<App>>,
    Segment(hash): Segment,
) -> Result<Answer, ApiError> {
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
    let mut answer = Answer::new(shown(&kept));
    let transfer = &kept.transfer;
    answer.body.extend([
        ("ok".to_owned(), true.into()),
        ("public_key".into(), hex(&transfer.public_key).into()),
        ("signature".into(), hex(&transfer.signature).into()),
        // With these three anybody can check it. The text is ASCII.
        (
            "signed_text".into(),
            String::from_utf8_lossy(&transfer.signed).into(),
        ),
    ]);
    Ok(answer)
}

pub async fn pending(State(app): State<Arc<App>>, query: Query) -> Result<Answer, ApiError> {
    if query.get("miner_id").is_none() && query.get("address").is_none() {
        return Err(ApiError::new(
            Code::Unauthorized,
            "everybody's transfers are the operator's to see; name a wallet by miner_id",
        ));
    }
    let wallet = named_wallet(&query)?;
    let limit = query.number("limit", PAGE_DEFAULT, 1..=PAGE_MAX)?;
    let offset = query.number("offset", 0, 0..=i64::MAX)?;
    let state = match query.get("status").unwrap_or("pending") {
        "all" => None,
        state @ ("pending" | "confirmed" | "voided") => Some(state.to_owned()),
        _ => {
            return Err(ApiError::new(
                Code::InvalidParameter,
                "\"status\" is pending, confirmed, voided or all",
            ))
        }
    };
    let (page, total) = app
        .store
        .read(move |c| {
            let page = transfers::of_wallet(c, &wallet, state.as_deref(), limit, offset)?;
            Ok::<_, ApiError>(page)
        })
        .await?;
    let page: Vec<Value> = page.iter().map(shown).collect();
    Ok(Answer::new(json!({
        "count": page.len(),
        "limit": limit,
        "offset": offset,
        "ok": true,
        "pending": page,
        "total": total,
    })))
}

/// A transfer, for whoever asks.
pub fn shown(kept: &Kept) -> Value {
    let transfer = &kept.transfer;
    let seconds = |ms: i64| ms / 1_000;
    let (confirmed, voided, reason) = match &kept.state {
        Fate::Pending => (None, None, None),
        Fate::Confirmed(at) => (Some(seconds(*at)), None, None),
        Fate::Voided(at, reason) => (None, Some(seconds(*at)), Some(reason)),
    };
    json!({
        "amount_i64": transfer.amount,
        "amount_rtc": decimal(transfer.amount, RTC_PLACES),
        "confirmed_at": confirmed,
        "confirms_at": seconds(kept.confirms_ms),
        "created_at": seconds(kept.received_ms),
        "from_address": transfer.from,
        "id": kept.id,
        "memo": transfer.memo,
        "nonce": transfer.nonce,
        "status": kept.state.name(),
        "to_address": transfer.to,
        "tx_hash": transfer.hash,
        "void_reason": reason,
        "voided_at": voided,
    })
}

/// A line of a wallet's history.
fn line(event: &Event, wallet: &str) -> Value {
    match event {
        Event::Reward {
            epoch,
            amount,
            at_ms,
        } => json!({
            "amount_i64": amount,
            "amount_rtc": decimal(*amount, RTC_PLACES),
            "epoch": epoch,
            "status": "confirmed",
            "timestamp": at_ms / 1_000,
            "transaction": settlement_reference(*epoch),
            "type": "reward",
        }),
        Event::Transfer(kept) => {
            let mut line = shown(kept);
            let out = kept.transfer.from == wallet;
            line["timestamp"] = line["created_at"].clone();
            line["type"] = if out { "transfer_out" } else { "transfer_in" }.into();
            line
        }
    }
}
