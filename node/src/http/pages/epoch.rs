//! `/explorer/epoch/{n}`: one epoch, who got what, and why.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use serde_json::Value;
use std::sync::Arc;

use super::kept::{Kept, TOTALS_MS};
use super::overview::totals;
use super::shell::{nothing, show, Shown};
use super::view::{self, tame};
use crate::app::App;
use crate::error::ApiError;
use crate::explain;
use crate::http::query::{query, Id};
use crate::http::request::Segment;
use crate::store::explain::{explain, lines, Explained, Line, Which};

/// Shares on a page.
const EACH: i64 = 50;

query! {
    /// Which shares.
    Asked {
        /// Only those of miners after this one, by id.
        after: Option<Id>,
        /// Only that of this miner.
        miner: Option<Id>,
    }
}

struct Share {
    miner: String,
    class: String,
    exact: String,
    amount: String,
    steps: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "pages/epoch.html")]
struct Page {
    epoch: i64,
    before: Option<i64>,
    state: &'static str,
    divided: Option<String>,
    settled: Option<String>,
    ends: String,
    pot: String,
    paid: String,
    miners: String,
    total_weight: String,
    rule: String,
    shares: Vec<Share>,
    next: Option<String>,
    transaction: String,
}

/// A member of what programs are told, as text.
fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => tame(text),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn share(app: &App, explained: &Explained, line: &Line) -> Share {
    // What programs get, in the same words: one place explains.
    let told = explain::share(explained, line, &app.profiles.antiquity, app.store.chain());
    let told = serde_json::to_value(told).unwrap_or_default();
    let steps = told["weight_steps"].as_array();
    Share {
        class: text(&told, "class"),
        exact: text(&told, "exact"),
        amount: view::rtc(told["amount_i64"].as_i64().unwrap_or(0)),
        steps: steps
            .into_iter()
            .flatten()
            .map(|step| (text(step, "leaves"), text(step, "why")))
            .collect(),
        miner: line.miner.clone(),
    }
}

/// How the epoch's pot is divided. That of the epoch under way looks at every enrolment, and is kept a while.
async fn division(app: &App, kept: &Kept, epoch: i64) -> Result<Option<Explained>, ApiError> {
    let chain = *app.store.chain();
    let explain = || {
        app.store
            .read(move |c| Ok::<_, ApiError>(explain(c, &chain, epoch)?))
    };
    let now_ms = app.clock.now_ms();
    if totals(app, kept).await?.epoch != epoch {
        return explain().await;
    }
    let open = kept.open.get(now_ms, TOTALS_MS, explain()).await?;
    match &*open {
        Some(open) if open.epoch == epoch => Ok(Some(open.clone())),
        // Nobody was there then, or another epoch was open.
        _ => explain().await,
    }
}

/// The epoch.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Segment(number): Segment,
    query: Result<Asked, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let query = query?;
    let no_epoch = || nothing("an epoch is a whole number from 0");
    let epoch: i64 = number
        .parse()
        .ok()
        .filter(|&n| n >= 0)
        .ok_or_else(no_epoch)?;
    let which = match (query.miner, query.after) {
        (Some(Id(miner)), _) => Which::Miner(miner),
        (None, after) => Which::Page {
            after: after.map(|Id(id)| id).unwrap_or_default(),
            offset: 0,
            limit: EACH + 1,
        },
    };
    let chain = *app.store.chain();
    let nobody = || nothing("nobody was enrolled in this epoch, or not yet");
    let explained = division(&app, &kept, epoch).await?.ok_or_else(nobody)?;
    let (explained, mut lines) = app
        .store
        .read(move |c| {
            let lines = lines(c, &explained, &which)?;
            Ok::<_, ApiError>((explained, lines))
        })
        .await?;
    // One more was asked for, to know whether there are any.
    let each = usize::try_from(EACH).unwrap_or(usize::MAX);
    let more = lines.len() > each;
    lines.truncate(each);
    let next = lines
        .last()
        .filter(|_| more)
        .map(|last| format!("/explorer/epoch/{epoch}?after={}", last.miner));
    let told = serde_json::to_value(explain::epoch(&explained)).unwrap_or_default();
    let division = &explained.division;
    let page = Page {
        epoch,
        before: epoch.checked_sub(1).filter(|&before| before >= 0),
        state: match (explained.begun_ms, explained.settled_ms) {
            (None, _) => "open: this is what it would pay if it ended now",
            (Some(_), None) => "being paid",
            (Some(_), Some(_)) => "settled",
        },
        divided: explained.begun_ms.map(view::time),
        settled: explained.settled_ms.map(view::time),
        ends: view::time(chain.epoch_end_s(epoch).saturating_mul(1_000)),
        pot: view::rtc(division.pot),
        paid: view::rtc(division.paid),
        miners: view::count(division.miners),
        total_weight: i64::try_from(division.total_weight)
            .map_or_else(|_| format!("{} units", division.total_weight), view::weight),
        rule: text(&told, "rule"),
        shares: lines
            .iter()
            .map(|line| share(&app, &explained, line))
            .collect(),
        next,
        transaction: text(&told, "transaction"),
    };
    show(&page, &asked)
}
