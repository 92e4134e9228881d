//! `/explorer/time/{span}`: attestations, machines, rewards and transfers in blocks of time, from a day to all.

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use probe_chart::series::{Form, Point, Series as Chart};
use std::sync::Arc;

use super::charts::{name_and_kind, series};
use super::kept::{Kept, SURVEY_MS};
use super::shell::{nothing, show, Refused, Shown};
use super::view;
use crate::app::App;
use crate::error::ApiError;
use crate::ledger::MICRO_PER_RTC;
use crate::store::explorer;

/// A day, milliseconds.
const DAY_MS: i64 = 86_400_000;

/// A stretch of time up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its name for people.
    pub words: &'static str,
    /// Its length; `None` since the beginning.
    days: Option<i64>,
    /// Blocks that it is cut into.
    blocks: i64,
}

/// All spans.
pub const SPANS: [Span; 6] = [
    span("1d", "1D", Some(1), 24),
    span("7d", "7D", Some(7), 28),
    span("1m", "1M", Some(30), 30),
    span("3m", "3M", Some(91), 26),
    span("1y", "1Y", Some(365), 52),
    span("all", "ALL", None, 52),
];

const fn span(name: &'static str, words: &'static str, days: Option<i64>, blocks: i64) -> Span {
    Span {
        name,
        words,
        days,
        blocks,
    }
}

/// A block of time.
struct Block {
    from_ms: i64,
    attestations: i64,
    divided: explorer::Stretch,
    moved: explorer::Moved,
}

/// A span's blocks, oldest first, as they were a while ago.
pub struct Series {
    blocks: Vec<Block>,
}

fn number_of(name: &str) -> Result<usize, Refused> {
    let found = SPANS.iter().position(|span| span.name == name);
    found.ok_or_else(|| nothing("the spans of time are 1d, 7d, 1m, 3m, 1y and all"))
}

async fn blocks(app: &App, kept: &Kept, number: usize) -> Result<Arc<Series>, ApiError> {
    let span = SPANS[number];
    let now_ms = app.clock.now_ms();
    let chain = *app.store.chain();
    let make = app.store.read(move |c| {
        let begin_ms = match span.days {
            Some(days) => now_ms - days * DAY_MS,
            None => chain.genesis_s.saturating_mul(1_000).min(now_ms - DAY_MS),
        };
        let edge = |block: i64| begin_ms + (now_ms - begin_ms) / span.blocks * block;
        let mut before = explorer::lines_before(c, edge(0))?;
        let mut blocks = Vec::new();
        for block in 0..span.blocks {
            // The last one reaches up to now.
            let last = block + 1 == span.blocks;
            let (from_ms, to_ms) = (edge(block), if last { now_ms + 1 } else { edge(block + 1) });
            let upto = explorer::lines_before(c, to_ms)?;
            blocks.push(Block {
                from_ms,
                attestations: upto - before,
                divided: explorer::divided(c, &chain, from_ms / 1_000, to_ms / 1_000)?,
                moved: explorer::moved(c, from_ms, to_ms)?,
            });
            before = upto;
        }
        Ok::<_, ApiError>(Series { blocks })
    });
    kept.series[number].get(now_ms, SURVEY_MS, make).await
}

struct Line {
    from: String,
    attestations: String,
    miners: String,
    paid: String,
    transfers: String,
    volume: String,
}

/// What is drawn: its name in addresses, and in words.
const CHARTS: [(&str, &str); 4] = [
    ("attestations", "Attestations judged"),
    ("machines", "Machines paid in an epoch, at most"),
    ("rewards", "Rewards, RTC"),
    ("volume", "Volume of transfers booked, RTC"),
];

#[derive(Template)]
#[template(path = "pages/time.html")]
struct Page {
    span: Span,
    spans: &'static [Span],
    charts: &'static [(&'static str, &'static str)],
    lines: Vec<Line>,
    attestations: String,
    paid: String,
    volume: String,
}

/// A span's page.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Path(name): Path<String>,
    asked: HeaderMap,
) -> Shown {
    let number = number_of(&name)?;
    let series = blocks(&app, &kept, number).await?;
    let sum = |of: fn(&Block) -> i64| series.blocks.iter().map(of).sum::<i64>();
    let page = Page {
        span: SPANS[number],
        spans: &SPANS,
        charts: &CHARTS,
        attestations: view::count(sum(|block| block.attestations)),
        paid: view::rtc(sum(|block| block.divided.paid)),
        volume: view::rtc(sum(|block| block.moved.amount)),
        lines: series
            .blocks
            .iter()
            .rev()
            .map(|block| Line {
                from: view::time(block.from_ms),
                attestations: view::count(block.attestations),
                miners: view::count(block.divided.miners),
                paid: view::rtc(block.divided.paid),
                transfers: view::count(block.moved.transfers),
                volume: view::rtc(block.moved.amount),
            })
            .collect(),
    };
    show(&page, &asked)
}

/// A span's chart.
pub async fn chart(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Path((name, file)): Path<(String, String)>,
    asked: HeaderMap,
) -> Shown {
    let number = number_of(&name)?;
    let (what, kind) = name_and_kind(&file)?;
    let title = CHARTS.iter().find(|(name, _)| *name == what);
    let &(_, title) = title.ok_or_else(|| nothing("there is no such picture"))?;
    let blocks = blocks(&app, &kept, number).await?;
    let rtc = |micro: i64| micro as f64 / MICRO_PER_RTC as f64;
    let value = |block: &Block| match what {
        "attestations" => block.attestations as f64,
        "machines" => block.divided.miners as f64,
        "rewards" => rtc(block.divided.paid),
        _ => rtc(block.moved.amount),
    };
    // Within a day the hour says more than the date.
    let label = |block: &Block| match SPANS[number].days {
        Some(1) => view::time(block.from_ms).chars().skip(11).take(5).collect(),
        _ => view::day(block.from_ms),
    };
    let points = blocks.blocks.iter().map(|block| Point {
        label: label(block),
        value: value(block),
        margin: None,
    });
    let drawn = Chart {
        title: title.into(),
        points: points.collect(),
        form: Form::Bars,
    };
    series(&app, kind, &asked, drawn).await
}
