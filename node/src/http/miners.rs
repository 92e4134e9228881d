//! `/api/miners`, `/api/miner/{id}/verdict`.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{json, Value};
use std::sync::Arc;

use super::reply::Answer;
use super::request::{Client, Query, Segment};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::attest::WEIGHT_PLACES;
use crate::error::{ApiError, Code};
use crate::json::{decimal, parse};
use crate::store::{books, records};

/// How long after its last attestation a miner is listed, milliseconds (existing network).
const ACTIVE_MS: i64 = 3_600_000;

/// Miners in one answer: at most, and where nothing is said (existing network).
const PAGE_MAX: i64 = 1_000;
const PAGE_DEFAULT: i64 = 100;

/// Decimal places of a score in parts per million.
const PPM_PLACES: u32 = 6;

pub async fn list(
    State(app): State<Arc<App>>,
    Client(client): Client,
    query: Query,
) -> Result<Response, ApiError> {
    let spent = app.limits.count_list(client);
    let counted = |answer: Answer| {
        answer
            .header("x-ratelimit-limit", spent.limit)
            .header(
                "x-ratelimit-remaining",
                spent.limit.saturating_sub(spent.count),
            )
            .header("x-ratelimit-reset", spent.reset_s)
    };
    if !spent.allowed {
        let refusal = ApiError::new(Code::RateLimit, "too many requests from this address")
            .with("limit", format!("{}/60s", spent.limit))
            .after(spent.reset_s);
        let mut response = refusal.into_response();
        response
            .headers_mut()
            .extend(counted(Answer::default()).headers);
        return Ok(response);
    }
    let limit = query.number("limit", PAGE_DEFAULT, 1..=PAGE_MAX)?;
    let offset = query.number("offset", 0, 0..=i64::MAX)?;
    let chain = *app.store.chain();
    let now_ms = app.clock.now_ms();
    let (miners, total, enrolled) = app
        .store
        .read(move |c| {
            let (miners, total) = records::active_miners(c, now_ms - ACTIVE_MS, limit, offset)?;
            let epoch = books::open_epoch(c, &chain, now_ms / 1_000)?;
            Ok::<_, ApiError>((miners, total, books::enrolled(c, epoch)?))
        })
        .await?;
    let count = miners.len();
    let answer = Answer::new(json!({
        "miners": miners.iter().map(shown).collect::<Vec<_>>(),
        "pagination": {
            "count": count,
            "limit": limit,
            "offset": offset,
            "total": total,
            "total_enrolled": enrolled,
        },
    }));
    let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(counted(answer)
        .header("x-total-count", unsigned(total))
        .header("x-page-limit", unsigned(limit))
        .header("x-page-offset", unsigned(offset))
        .into_response())
}

fn shown(miner: &records::Miner) -> Value {
    json!({
        "antiquity_multiplier": decimal(miner.multiplier, WEIGHT_PLACES),
        "device_arch": miner.class,
        "device_family": miner.family,
        "entropy_score": decimal(miner.presence_ppm.unwrap_or(0), PPM_PLACES),
        "first_attest": miner.first_ms / 1_000,
        "hardware_type": hardware_type(&miner.family, &miner.class),
        "last_attest": miner.last_ms / 1_000,
        "miner": miner.miner,
        "physical": miner.physical,
        "weight": decimal(miner.weight, WEIGHT_PLACES),
    })
}

/// The existing network's label for a device; others are called by family and class.
fn hardware_type(family: &str, class: &str) -> String {
    match (
        family.to_ascii_lowercase().as_str(),
        class.to_ascii_lowercase().as_str(),
    ) {
        ("powerpc", class) if ["g3", "g4", "g5"].contains(&class) => {
            format!("PowerPC {} (Vintage)", class.to_ascii_uppercase())
        }
        ("powerpc", _) => "PowerPC (Vintage)".into(),
        ("apple silicon", _) => "Apple Silicon (Modern)".into(),
        ("x86" | "x86_64", "modern" | "default") => "x86-64 (Modern)".into(),
        ("", _) => "Unknown/Other".into(),
        _ => format!("{family} {class}"),
    }
}

pub async fn verdict(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer, ApiError> {
    check_id(&miner)?;
    let asked = miner.clone();
    let judged = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::latest(c, &asked)?))
        .await?
        .ok_or_else(|| ApiError::new(Code::NotFound, "this miner never submitted"))?;
    Ok(Answer::new(json!({
        "accepted": judged.accepted,
        "attestation_id": judged.id,
        "epoch": judged.epoch,
        "miner": miner,
        "nonce": judged.nonce,
        "received_at": judged.received_ms / 1_000,
        "verdict": parse(judged.verdict.as_bytes()).unwrap_or(Value::Null),
    })))
}
