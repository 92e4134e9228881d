//! `/explorer/time/{span}`: attestations, machines, rewards and transfers in blocks of time, from a day to all; and
//! `/explorer/time/range?from=…&to=…`: any stretch between, to look closer.

pub mod json;

use askama::Template;
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use probe_chart::series::{Form, Point, Series as Chart};
use std::sync::Arc;

use super::charts::{name_and_kind, series};
use super::kept::{Kept, SURVEY_MS};
use super::shell::{nothing, show, Shown};
use super::view;
use crate::app::App;
use crate::epoch::Chain;
use crate::error::{ApiError, Code};
use crate::http::query::{query, Whole};
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
    to_ms: i64,
    attestations: i64,
    divided: explorer::Stretch,
    moved: explorer::Moved,
}

/// A span's blocks, oldest first, as they were a while ago.
pub struct Series {
    blocks: Vec<Block>,
}

/// What is in all blocks together.
struct All {
    attestations: i64,
    /// µRTC of rewards.
    paid: i64,
    transfers: i64,
    /// µRTC that they moved.
    volume: i64,
}

impl Series {
    fn all(&self) -> All {
        let sum = |of: fn(&Block) -> i64| self.blocks.iter().map(of).sum();
        All {
            attestations: sum(|block| block.attestations),
            paid: sum(|block| block.divided.paid),
            transfers: sum(|block| block.moved.transfers),
            volume: sum(|block| block.moved.amount),
        }
    }

    /// Where it begins and ends, milliseconds since 1970; 0 of no blocks.
    fn edges_ms(&self) -> (i64, i64) {
        (
            self.blocks.first().map_or(0, |block| block.from_ms),
            self.blocks.last().map_or(0, |block| block.to_ms),
        )
    }
}

/// The name of a stretch that the address gives.
const RANGE: &str = "range";

/// Blocks of such a stretch, and the shortest one, seconds: blocks of two minutes.
const RANGE_BLOCKS: i64 = 30;
const RANGE_LEAST_S: i64 = 3_600;

/// Last second of 9999, as far as dates are written.
const LAST_S: i64 = 253_402_300_799;

query! {
    /// A stretch of time that the address gives.
    Bounds {
        /// First second of it, since 1970.
        from: Whole<0, LAST_S, 0>,
        /// The second after it.
        to: Whole<0, LAST_S, 0>,
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stretch {
    /// One of [`SPANS`].
    Span(usize),
    /// From a second up to another.
    Range(i64, i64),
}

impl Stretch {
    fn named(name: &str, bounds: Result<Bounds, ApiError>) -> Result<Self, ApiError> {
        if name == RANGE {
            let bounds = bounds?;
            // What is too short, or turned round, is widened to the right.
            let from = bounds.from.0.min(LAST_S - RANGE_LEAST_S);
            return Ok(Stretch::Range(from, bounds.to.0.max(from + RANGE_LEAST_S)));
        }
        let found = SPANS.iter().position(|span| span.name == name);
        let found = found.ok_or_else(|| {
            let spans = "the spans of time are 1d, 7d, 1m, 3m, 1y, all, and range with from and to";
            ApiError::new(Code::NotFound, spans)
        })?;
        Ok(Stretch::Span(found))
    }

    /// Where it begins and ends, milliseconds since 1970.
    fn edges_ms(self, chain: &Chain, now_ms: i64) -> (i64, i64) {
        match self {
            Stretch::Range(from, to) => (from * 1_000, to * 1_000),
            Stretch::Span(number) => {
                let begin_ms = match SPANS[number].days {
                    Some(days) => now_ms - days * DAY_MS,
                    None => chain.genesis_s.saturating_mul(1_000).min(now_ms - DAY_MS),
                };
                (begin_ms, now_ms + 1)
            }
        }
    }

    fn blocks(self) -> i64 {
        match self {
            Stretch::Range(..) => RANGE_BLOCKS,
            Stretch::Span(number) => SPANS[number].blocks,
        }
    }

    /// Its name in addresses.
    fn name(self) -> &'static str {
        match self {
            Stretch::Range(..) => RANGE,
            Stretch::Span(number) => SPANS[number].name,
        }
    }

    /// The address of a file below it, in the explorer or the API.
    fn below(self, part: &str, file: &str) -> String {
        let path = format!("/{part}/time/{}{file}", self.name());
        match self {
            Stretch::Range(from, to) => format!("{path}?from={from}&to={to}"),
            Stretch::Span(_) => path,
        }
    }

    /// The address of a file below its page.
    fn link(self, file: &str) -> String {
        self.below("explorer", file)
    }
}

async fn blocks(app: &App, kept: &Kept, stretch: Stretch) -> Result<Arc<Series>, ApiError> {
    let now_ms = app.clock.now_ms();
    let chain = *app.store.chain();
    let (begin_ms, end_ms) = stretch.edges_ms(&chain, now_ms);
    let count = stretch.blocks();
    let make = app.store.read(move |c| {
        let edge = |block: i64| begin_ms + (end_ms - begin_ms) / count * block;
        let mut before = explorer::lines_before(c, edge(0))?;
        let mut blocks = Vec::new();
        for block in 0..count {
            // The last one has what division leaves over.
            let last = block + 1 == count;
            let (from_ms, to_ms) = (edge(block), if last { end_ms } else { edge(block + 1) });
            let upto = explorer::lines_before(c, to_ms)?;
            blocks.push(Block {
                from_ms,
                to_ms,
                attestations: upto - before,
                divided: explorer::divided(c, &chain, from_ms / 1_000, to_ms / 1_000)?,
                moved: explorer::moved(c, from_ms, to_ms)?,
            });
            before = upto;
        }
        Ok::<_, ApiError>(Series { blocks })
    });
    match stretch {
        Stretch::Span(number) => kept.series[number].get(now_ms, SURVEY_MS, make).await,
        Stretch::Range(from, to) => {
            let slot = kept.ranges.slot((from, to)).await;
            slot.get(now_ms, SURVEY_MS, make).await
        }
    }
}

struct Line {
    from: String,
    closer: Option<String>,
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

/// A chart on the page.
struct Picture {
    words: &'static str,
    svg: String,
    png: String,
}

#[derive(Template)]
#[template(path = "pages/time.html")]
struct Page {
    name: &'static str,
    title: String,
    spans: &'static [Span],
    charts: Vec<Picture>,
    json: String,
    /// First and last second of what is drawn.
    from: i64,
    to: i64,
    /// Ways to the same length before, after, and to twice the length; none of a span, which ends now.
    moves: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    attestations: String,
    paid: String,
    volume: String,
}

/// Ways on from a range, none of them before 1970.
fn moves(stretch: Stretch) -> Vec<(&'static str, String)> {
    let Stretch::Range(from, to) = stretch else {
        return Vec::new();
    };
    let length = to - from;
    let link = |from: i64, to: i64| Stretch::Range(from.max(0), to.clamp(0, LAST_S)).link("");
    vec![
        ("Earlier", link(from - length, from)),
        ("Later", link(to, to + length)),
        ("Wider", link(from - length / 2, to + length / 2)),
    ]
}

/// A stretch's page.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Path(name): Path<String>,
    bounds: Result<Bounds, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let stretch = Stretch::named(&name, bounds)?;
    let series = blocks(&app, &kept, stretch).await?;
    let all = series.all();
    let (first_ms, last_ms) = series.edges_ms();
    let (from, to) = (first_ms / 1_000, last_ms / 1_000);
    let page = Page {
        name: stretch.name(),
        title: match stretch {
            Stretch::Span(number) => SPANS[number].words.into(),
            Stretch::Range(..) => format!("{} to {}", view::time(first_ms), view::time(last_ms)),
        },
        spans: &SPANS,
        charts: CHARTS
            .iter()
            .map(|&(name, words)| Picture {
                words,
                svg: stretch.link(&format!("/{name}.svg")),
                png: stretch.link(&format!("/{name}.png")),
            })
            .collect(),
        json: stretch.below("api", ""),
        from,
        to,
        moves: moves(stretch),
        attestations: view::count(all.attestations),
        paid: view::rtc(all.paid),
        volume: view::rtc(all.volume),
        lines: series
            .blocks
            .iter()
            .rev()
            .map(|block| Line {
                from: view::time(block.from_ms),
                closer: closer(block),
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

/// The address of a block by itself, unless it is as short as can be.
fn closer(block: &Block) -> Option<String> {
    let (from, to) = (block.from_ms / 1_000, block.to_ms / 1_000);
    (to - from > RANGE_LEAST_S).then(|| Stretch::Range(from, to).link(""))
}

/// A stretch's chart.
pub async fn chart(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    Path((name, file)): Path<(String, String)>,
    bounds: Result<Bounds, ApiError>,
    asked: HeaderMap,
) -> Shown {
    let stretch = Stretch::named(&name, bounds)?;
    let (what, kind) = name_and_kind(&file)?;
    let title = CHARTS.iter().find(|(name, _)| *name == what);
    let &(_, title) = title.ok_or_else(|| nothing("there is no such picture"))?;
    let blocks = blocks(&app, &kept, stretch).await?;
    let rtc = |micro: i64| micro as f64 / MICRO_PER_RTC as f64;
    let value = |block: &Block| match what {
        "attestations" => block.attestations as f64,
        "machines" => block.divided.miners as f64,
        "rewards" => rtc(block.divided.paid),
        _ => rtc(block.moved.amount),
    };
    // Within a day or two the hour says more than the date.
    let (first_ms, last_ms) = blocks.edges_ms();
    let label = |block: &Block| {
        let time = view::time(block.from_ms);
        if last_ms - first_ms <= 2 * DAY_MS {
            time.chars().skip(11).take(5).collect()
        } else {
            view::day(block.from_ms)
        }
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
