//! What is said of one miner: `/api/badge/{id}`, `/api/miner/{id}/streak`, `/api/miner/{id}/attestations`.

use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, PATH, QUERY, STORE};
use super::query::{query, Limit, Offset, Whole};
use super::reply::Answer;
use super::request::Segment;
use super::scalars::{MinerId, UnixSeconds, Weight};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::attest::WEIGHT_PLACES;
use crate::error::{ApiError, Code};
use crate::json::{decimal, parse};
use crate::store::books;
use crate::store::chronicle::{self, Entry};
use crate::store::records::{self, Miner};

use super::miners::ACTIVE_MS;

/// The version of the badges' schema (shields.io, "Endpoint Badge").
const BADGE_SCHEMA: u8 = 1;

/// Submissions in one answer, at most: each verdict is some kilobytes to read.
const PAGE_MAX: i64 = 100;

/// Submissions that a streak is looked for in: ten weeks of one in ten minutes.
const LOOKED_AT: i64 = 10_000;

/// What a day adds to the streak's bonus, percent, and for how many (existing network: shown, never paid).
const BONUS_PERCENT: i64 = 2;
const BONUS_EPOCHS: i64 = 30;

/// A badge as shields.io reads it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Badge {
    #[schema(value_type = i64, minimum = 1, maximum = 1)]
    schema_version: u8,
    label: &'static str,
    #[schema(example = "g4 ×2.5")]
    message: String,
    #[schema(example = "brightgreen")]
    color: &'static str,
}

refusals! { MinerRefusals = PATH, ID, STORE }

/// A miner's badge, as the endpoint badges of shields.io want it.
#[utoipa::path(
    get,
    path = "/api/badge/{miner}",
    operation_id = "badge",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "The badge, also of nobody.", body = Badge), MinerRefusals)
)]
pub async fn badge(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Badge>, ApiError> {
    check_id(&miner)?;
    let since_ms = app.clock.now_ms() - ACTIVE_MS;
    let known = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::miner(c, &miner)?))
        .await?;
    let (message, color) = match &known {
        None => (String::from("never attested"), "lightgrey"),
        Some(miner) if miner.last_ms < since_ms => (kind(miner), "yellow"),
        Some(miner) if !miner.physical => (kind(miner), "orange"),
        Some(miner) => (kind(miner), "brightgreen"),
    };
    Ok(Answer::new(Badge {
        schema_version: BADGE_SCHEMA,
        label: "verdigris",
        message,
        color,
    }))
}

/// A miner's class, and what it is worth.
fn kind(miner: &Miner) -> String {
    let worth = decimal(miner.multiplier, WEIGHT_PLACES);
    format!("{} ×{worth}", miner.class)
}

/// Epochs that a miner attested in without a gap.
#[derive(Serialize, ToSchema)]
pub struct Streak {
    /// The longest that is known.
    #[schema(minimum = 0)]
    best_streak: i64,
    /// What the existing network shows as a bonus: 0.02 for each epoch up to 30. Nothing is paid for it.
    #[schema(value_type = f64, minimum = 0, maximum = 0.6)]
    bonus: serde_json::Number,
    /// Up to this epoch or the one before.
    #[schema(minimum = 0)]
    current_streak: i64,
    #[schema(value_type = MinerId)]
    miner: String,
    ok: bool,
    /// The same as `current_streak`.
    #[schema(minimum = 0)]
    streak: i64,
    /// Newest submissions that were looked at.
    #[schema(minimum = 1)]
    submissions_looked_at: i64,
}

/// In how many epochs, one after the other, a miner attested.
#[utoipa::path(
    get,
    path = "/api/miner/{miner}/streak",
    operation_id = "streak",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "Its streak; 0 of nobody.", body = Streak), MinerRefusals)
)]
pub async fn streak(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Streak>, ApiError> {
    check_id(&miner)?;
    let chain = *app.store.chain();
    let now_s = app.clock.now_s();
    let asked = miner.clone();
    let (open, epochs) = app
        .store
        .read(move |c| {
            let open = books::open_epoch(c, &chain, now_s)?;
            Ok::<_, ApiError>((open, chronicle::epochs_of(c, &asked, LOOKED_AT)?))
        })
        .await?;
    let (current, best) = runs(&epochs, open);
    Ok(Answer::new(Streak {
        best_streak: best,
        bonus: decimal(BONUS_PERCENT * current.min(BONUS_EPOCHS), 2),
        current_streak: current,
        miner,
        ok: true,
        streak: current,
        submissions_looked_at: LOOKED_AT,
    }))
}

/// The length of the run of epochs that reaches `open` or the one before it, and of the longest run.
/// `epochs` are without repetition, newest first.
fn runs(epochs: &[i64], open: i64) -> (i64, i64) {
    let (mut current, mut best, mut run) = (0, 0, 0);
    let mut previous = None;
    for &epoch in epochs {
        run = match previous {
            Some(previous) if epoch + 1 == previous => run + 1,
            _ => 1,
        };
        previous = Some(epoch);
        best = best.max(run);
        // The run of the newest epoch, as far as it is unbroken.
        if epochs
            .first()
            .is_some_and(|newest| newest - epoch + 1 == run && newest + 1 >= open)
        {
            current = run;
        }
    }
    (current, best)
}

query! {
    /// A page of a miner's submissions.
    AttestationsQuery {
        /// Submissions in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Submissions to leave out first.
        offset: Offset,
    }
}

/// A miner's submissions, newest first.
#[derive(Serialize, ToSchema)]
pub struct Attestations {
    attestations: Vec<Attested>,
    /// Submissions in this answer.
    count: usize,
    limit: i64,
    #[schema(value_type = MinerId)]
    miner: String,
    offset: i64,
    ok: bool,
    /// Submissions that there are.
    #[schema(minimum = 0)]
    total: i64,
}

/// A submission that was judged.
#[derive(Serialize, ToSchema)]
pub struct Attested {
    /// Whether its evidence belonged to its challenge and agreed with itself.
    accepted: bool,
    #[schema(minimum = 1)]
    attestation_id: i64,
    /// The class that it was judged to be.
    device_arch: Option<String>,
    device_family: Option<String>,
    #[schema(minimum = 0)]
    epoch: i64,
    /// Real silicon, not virtual, not emulated.
    fingerprint_passed: bool,
    /// The verdict in one sentence.
    summary: Option<String>,
    /// When it arrived.
    ts_ok: UnixSeconds,
    weight: Weight,
}

impl From<Entry> for Attested {
    fn from(entry: Entry) -> Self {
        let verdict = parse(entry.verdict.as_bytes()).unwrap_or(Value::Null);
        let text = |name: &str| verdict[name].as_str().map(str::to_owned);
        Attested {
            accepted: entry.accepted,
            attestation_id: entry.id,
            device_arch: text("class"),
            device_family: text("family"),
            epoch: entry.epoch,
            fingerprint_passed: verdict["physical"] == true,
            summary: text("summary"),
            ts_ok: UnixSeconds::of_ms(entry.received_ms),
            weight: Weight(entry.weight),
        }
    }
}

refusals! { AttestationsRefusals = PATH, QUERY, ID, STORE, &[Code::NotFound] }

/// What a miner submitted, and how it was judged.
#[utoipa::path(
    get,
    path = "/api/miner/{miner}/attestations",
    operation_id = "attestations",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose."), AttestationsQuery),
    responses((status = 200, description = "The page.", body = Attestations), AttestationsRefusals)
)]
pub async fn attestations(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
    query: AttestationsQuery,
) -> Result<Answer<Attestations>, ApiError> {
    check_id(&miner)?;
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let asked = miner.clone();
    let (entries, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(chronicle::of_miner(c, &asked, limit, offset)?))
        .await?;
    if total == 0 {
        return Err(ApiError::new(Code::NotFound, "this miner never submitted"));
    }
    let attestations: Vec<Attested> = app
        .compute(move || Ok(entries.into_iter().map(Attested::from).collect()))
        .await?;
    Ok(Answer::new(Attestations {
        count: attestations.len(),
        attestations,
        limit,
        miner,
        offset,
        ok: true,
        total,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_streak_breaks_where_an_epoch_is_missing() {
        assert_eq!(runs(&[], 5), (0, 0));
        assert_eq!(runs(&[5], 5), (1, 1));
        // The open epoch may still come.
        assert_eq!(runs(&[4, 3, 1, 0], 5), (2, 2));
        assert_eq!(runs(&[3, 2, 1], 5), (0, 3));
        assert_eq!(runs(&[7, 5, 4, 3], 7), (1, 3));
    }
}
