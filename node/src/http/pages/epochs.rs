//! `/explorer/epochs`: every epoch that was divided.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use std::sync::Arc;

use super::kept::Kept;
use super::overview::totals;
use super::shell::{show, Shown};
use super::view::{self, Pages, Turned};
use crate::app::App;
use crate::error::ApiError;
use crate::store::explorer;

/// Epochs on a page.
const EACH: i64 = 50;

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
    let (epochs, total) = app
        .store
        .read(move |c| Ok::<_, ApiError>(explorer::epochs(c, EACH, (number - 1) * EACH)?))
        .await?;
    let chain = app.store.chain();
    let page = Page {
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
