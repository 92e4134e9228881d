//! `/api/epoch/{n}/explain`.

use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::openapi::{refusals, ID, PATH, QUERY, STORE};
use super::query::{query, Id, Limit, Offset};
use super::reply::Answer;
use super::request::Segment;
use super::scalars::MinerId;
use crate::app::App;
use crate::error::{ApiError, Code};
use crate::explain;
use crate::store::explain::{explain, lines, Which};

/// Shares in one answer, at most.
const SHARES_MAX: i64 = 1_000;

query! {
    /// Which shares of an epoch.
    SharesQuery {
        /// Shares in the answer, at most.
        limit: Limit<SHARES_MAX>,
        /// Only shares of miners after this one, by id: `next_after` of the page before.
        after: Option<Id>,
        /// Shares to leave out first. Costs as much as if they were read; `after` does not.
        offset: Offset,
        /// Only the share of this miner.
        miner: Option<Id>,
    }
}

/// Why each miner got what it got: every number that leads from its class to its amount.
#[derive(Serialize, ToSchema)]
pub struct Explanation {
    #[serde(flatten)]
    division: explain::Division,
    /// Where the next page begins; null on the last.
    #[schema(value_type = Option<MinerId>)]
    next_after: Option<String>,
    /// The shares asked for, by miner.
    shares: Vec<explain::Share>,
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
pub async fn explain_epoch(
    State(app): State<Arc<App>>,
    Segment(epoch): Segment,
    query: SharesQuery,
) -> Result<Answer<Explanation>, ApiError> {
    let epoch: i64 = epoch.parse().ok().filter(|&n| n >= 0).ok_or_else(|| {
        ApiError::new(Code::InvalidParameter, "an epoch is a whole number from 0")
    })?;
    let limit = query.limit.0;
    let which = match query.miner {
        Some(Id(miner)) => Which::Miner(miner),
        None => Which::Page {
            after: query.after.map(|Id(after)| after).unwrap_or_default(),
            offset: query.offset.0,
            limit,
        },
    };
    let is_page = matches!(which, Which::Page { .. });
    let chain = *app.store.chain();
    let found = app
        .store
        .read(move |c| {
            let Some(explained) = explain(c, &chain, epoch)? else {
                return Ok(None);
            };
            let lines = lines(c, &explained, &which)?;
            Ok::<_, ApiError>(Some((explained, lines)))
        })
        .await?;
    let (explained, lines) =
        found.ok_or_else(|| ApiError::new(Code::NotFound, "nobody was enrolled in this epoch"))?;
    let is_full = is_page && i64::try_from(lines.len()).is_ok_and(|n| n == limit);
    let next = lines.last().filter(|_| is_full);
    let antiquity = &app.profiles.antiquity;
    Ok(Answer::new(Explanation {
        next_after: next.map(|line| line.miner.clone()),
        shares: lines
            .iter()
            .map(|line| explain::share(&explained, line, antiquity, &chain))
            .collect(),
        division: explain::epoch(&explained),
    }))
}
