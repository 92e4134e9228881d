//! `/explorer/epochs`, `/api/epochs`: every epoch that was divided.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::kept::Kept;
use super::overview::totals;
use super::shell::{show, Shown};
use super::view::{self, Pages, Turned};
use crate::app::App;
use crate::error::ApiError;
use crate::http::openapi::{refusals, QUERY, STORE};
use crate::http::query::{query, Limit, Offset, Whole};
use crate::http::reply::Answer;
use crate::http::scalars::{MicroRtc, UnixSeconds};
use crate::store::explorer;

/// Epochs on a page.
const EACH: i64 = 50;

/// Epochs in one answer, at most.
const PAGE_MAX: i64 = 500;

query! {
    /// A page of the epochs.
    EpochsQuery {
        /// Epochs in the answer, at most.
        limit: Limit<PAGE_MAX>,
        /// Epochs to leave out first.
        offset: Offset,
    }
}

/// Epochs that were divided, newest first.
#[derive(Serialize, ToSchema)]
pub struct Epochs {
    /// Epochs in this answer.
    count: usize,
    /// The epoch under way.
    #[schema(minimum = 0)]
    epoch: i64,
    /// What is shared out for each epoch.
    epoch_pot_i64: MicroRtc,
    /// Seconds of an epoch.
    #[schema(minimum = 1)]
    epoch_seconds: i64,
    epochs: Vec<DividedEpoch>,
    limit: i64,
    offset: i64,
    ok: bool,
    /// Epochs that there are.
    #[schema(minimum = 0)]
    total: i64,
}

/// An epoch that was divided.
#[derive(Serialize, ToSchema)]
pub struct DividedEpoch {
    /// When it was divided.
    divided_at: UnixSeconds,
    #[schema(minimum = 0)]
    epoch: i64,
    /// Miners that share in it.
    #[schema(minimum = 0)]
    miners: i64,
    /// What they get together.
    paid_i64: MicroRtc,
    /// Whether everybody is paid.
    settled: bool,
}

impl From<&explorer::Epoch> for DividedEpoch {
    fn from(epoch: &explorer::Epoch) -> Self {
        DividedEpoch {
            divided_at: UnixSeconds::of_ms(epoch.begun_ms),
            epoch: epoch.epoch,
            miners: epoch.miners,
            paid_i64: MicroRtc(epoch.paid),
            settled: epoch.settled,
        }
    }
}

/// Some divided epochs, newest first, and how many there are in all.
async fn divided(
    app: &App,
    limit: i64,
    offset: i64,
) -> Result<(Vec<explorer::Epoch>, i64), ApiError> {
    let read = app
        .store
        .read(move |c| Ok::<_, ApiError>(explorer::epochs(c, limit, offset)?));
    read.await
}

refusals! { EpochsRefusals = QUERY, STORE }

/// Epochs that were divided, newest first. Who got what of one is in `/api/epoch/{epoch}/explain`.
#[utoipa::path(
    get,
    path = "/api/epochs",
    operation_id = "epochs",
    tag = "Epochs",
    params(EpochsQuery),
    responses(
        (
            status = 200, description = "The page.", body = Epochs,
            links(("explainEpoch" = (
                operation_id = "explainEpoch",
                parameters(("epoch" = "$response.body#/epochs/0/epoch")),
                description = "What the first of them paid to whom.",
            )))
        ),
        EpochsRefusals,
    )
)]
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    query: EpochsQuery,
) -> Result<Answer<Epochs>, ApiError> {
    let (Whole(limit), Whole(offset)) = (query.limit, query.offset);
    let (epochs, total) = divided(&app, limit, offset).await?;
    let chain = app.store.chain();
    Ok(Answer::new(Epochs {
        count: epochs.len(),
        epoch: totals(&app, &kept).await?.epoch,
        epoch_pot_i64: MicroRtc(chain.pot),
        epoch_seconds: chain.epoch_s(),
        epochs: epochs.iter().map(DividedEpoch::from).collect(),
        limit,
        offset,
        ok: true,
        total,
    }))
}

struct Line {
    epoch: i64,
    time: String,
    miners: String,
    paid: String,
    settled: bool,
}

#[derive(Template)]
#[template(path = "pages/epochs.html")]
struct Page {
    epochs: Vec<Line>,
    json: String,
    open: i64,
    pages: Pages,
    length: String,
    pot: String,
}

/// The list.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    query: Result<Turned, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let number = query?.number();
    let (epochs, total) = divided(&app, EACH, (number - 1) * EACH).await?;
    let chain = app.store.chain();
    let page = Page {
        json: view::json_page("/api/epochs", number, EACH),
        open: totals(&app, &kept).await?.epoch,
        pages: Pages::of(number, EACH, epochs.len(), total, "/explorer/epochs"),
        length: view::span(chain.epoch_s()),
        pot: view::rtc(chain.pot),
        epochs: epochs
            .iter()
            .map(|epoch| Line {
                epoch: epoch.epoch,
                time: view::time(epoch.begun_ms),
                miners: view::count(epoch.miners),
                paid: view::rtc(epoch.paid),
                settled: epoch.settled,
            })
            .collect(),
    };
    show(&page, &asked)
}
