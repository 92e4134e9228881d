//! `/` and `/explorer`, `/api/overview`: the node at a glance.

use askama::Template;
use axum::extract::{Extension, State};
use axum::http::header::ACCEPT;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

use super::epochs::DividedEpoch;
use super::kept::{Kept, TOTALS_MS};
use super::shell::{show, Shown};
use super::view::{self, tame};
use crate::app::App;
use crate::error::ApiError;
use crate::http::health::VERSION;
use crate::http::miner::Attested;
use crate::http::miners::ACTIVE_MS;
use crate::http::openapi::{refusals, STORE};
use crate::http::reply::Answer;
use crate::http::scalars::{MicroRtc, MinerId, UnixSeconds};
use crate::json::parse;
use crate::ledger::{Account, TOTAL_SUPPLY};
use crate::store::{books, explorer, records};

/// Lines of the log that are shown.
const NEWEST: i64 = 10;

/// Classes that are shown.
const CLASSES: usize = 12;

/// Epochs that are shown.
const EPOCHS: i64 = 5;

/// What the overview says, as it was some seconds ago.
pub struct Totals {
    /// All that ever had an attestation accepted.
    pub miners: i64,
    active: i64,
    /// Lines of the log.
    pub attestations: i64,
    enrolled: i64,
    /// The epoch under way.
    pub epoch: i64,
    paid_out: i64,
    /// By class, most first.
    pub classes: Vec<explorer::Group>,
    /// By family, most first.
    pub families: Vec<explorer::Group>,
    epochs: Vec<explorer::Epoch>,
    newest: Vec<explorer::Line>,
}

/// The totals, made anew where they are old.
pub async fn totals(app: &App, kept: &Kept) -> Result<Arc<Totals>, ApiError> {
    let now_ms = app.clock.now_ms();
    let chain = *app.store.chain();
    let make = app.store.read(move |c| {
        let epoch = books::open_epoch(c, &chain, now_ms / 1_000)?;
        let classes = explorer::classes(c)?;
        let (epochs, _) = explorer::epochs(c, EPOCHS, 0)?;
        Ok::<_, ApiError>(Totals {
            miners: classes.iter().map(|class| class.miners).sum(),
            active: records::count_since(c, now_ms - ACTIVE_MS)?,
            attestations: explorer::newest_id(c)?,
            enrolled: books::enrolled(c, epoch)?,
            epoch,
            paid_out: TOTAL_SUPPLY - books::balance(c, &Account::Emission)?,
            classes,
            families: explorer::families(c)?,
            epochs,
            newest: explorer::newest(c, NEWEST)?,
        })
    });
    kept.totals.get(now_ms, TOTALS_MS, make).await
}

/// The node at a glance: totals, the newest attestations and epochs, and the classes of silicon; as they were some
/// seconds ago.
#[derive(Serialize, ToSchema)]
pub struct Overview {
    /// Miners that attested within the hour.
    #[schema(minimum = 0)]
    active_miners: i64,
    /// Submissions that were judged, ever.
    #[schema(minimum = 0)]
    attestations: i64,
    /// Classes of silicon, those of most miners first.
    classes: Vec<ClassCount>,
    /// Miners that share in the epoch under way so far.
    #[schema(minimum = 0)]
    enrolled_miners: i64,
    /// The epoch under way.
    #[schema(minimum = 0)]
    epoch: i64,
    epoch_ends_at: UnixSeconds,
    /// What is shared out for each epoch.
    epoch_pot_i64: MicroRtc,
    /// Miners that were ever accepted.
    #[schema(minimum = 0)]
    miners: i64,
    /// The newest submissions, newest first.
    newest_attestations: Vec<NewestAttestation>,
    /// The newest divided epochs, newest first.
    newest_epochs: Vec<DividedEpoch>,
    /// The node's Ed25519 key, in hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    node_public_key: String,
    ok: bool,
    /// What all epochs together paid.
    paid_out_i64: MicroRtc,
    server_time: UnixSeconds,
    /// All RTC that there will ever be.
    total_supply_i64: MicroRtc,
    /// Seconds since the program started.
    #[schema(minimum = 0)]
    uptime_s: i64,
    /// Of the program.
    version: &'static str,
}

/// How many miners are of a class of silicon.
#[derive(Serialize, ToSchema)]
pub struct ClassCount {
    #[schema(example = "g4")]
    device_arch: String,
    #[schema(minimum = 1)]
    miners: i64,
}

/// A submission that was judged, and whose it was.
#[derive(Serialize, ToSchema)]
pub struct NewestAttestation {
    #[serde(flatten)]
    attested: Attested,
    #[schema(value_type = MinerId)]
    miner: String,
}

impl From<&explorer::Line> for NewestAttestation {
    fn from(line: &explorer::Line) -> Self {
        NewestAttestation {
            attested: line.entry.clone().into(),
            miner: line.miner.clone(),
        }
    }
}

refusals! { OverviewRefusals = STORE }

/// The node at a glance.
#[utoipa::path(
    get,
    path = "/api/overview",
    operation_id = "overview",
    tag = "Node",
    responses((status = 200, description = "The overview.", body = Overview), OverviewRefusals)
)]
pub async fn json(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
) -> Result<Answer<Overview>, ApiError> {
    let totals = totals(&app, &kept).await?;
    let chain = app.store.chain();
    Ok(Answer::new(Overview {
        active_miners: totals.active,
        attestations: totals.attestations,
        classes: totals
            .classes
            .iter()
            .map(|class| ClassCount {
                device_arch: class.name.clone(),
                miners: class.miners,
            })
            .collect(),
        enrolled_miners: totals.enrolled,
        epoch: totals.epoch,
        epoch_ends_at: UnixSeconds(chain.epoch_end_s(totals.epoch)),
        epoch_pot_i64: MicroRtc(chain.pot),
        miners: totals.miners,
        newest_attestations: totals.newest.iter().map(NewestAttestation::from).collect(),
        newest_epochs: totals.epochs.iter().map(DividedEpoch::from).collect(),
        node_public_key: app.store.key().public_hex(),
        ok: true,
        paid_out_i64: MicroRtc(totals.paid_out),
        server_time: UnixSeconds(app.clock.now_s()),
        total_supply_i64: MicroRtc(TOTAL_SUPPLY),
        uptime_s: uptime_s(&app),
        version: VERSION,
    }))
}

/// Seconds since the program started.
fn uptime_s(app: &App) -> i64 {
    i64::try_from(app.started.elapsed().as_secs()).unwrap_or(0)
}

/// A line of the log, in words.
pub struct LogLine {
    /// Who.
    pub miner: String,
    /// When.
    pub time: String,
    /// How long ago.
    pub ago: String,
    /// Class, as judged.
    pub class: String,
    /// The verdict's sentence.
    pub summary: String,
    /// What it counts.
    pub weight: String,
}

impl LogLine {
    /// Of a line of the log.
    pub fn of(line: &explorer::Line, now_ms: i64) -> Self {
        let verdict = parse(line.entry.verdict.as_bytes()).unwrap_or_default();
        let said = |name: &str| tame(verdict[name].as_str().unwrap_or_default());
        LogLine {
            miner: line.miner.clone(),
            time: view::time(line.entry.received_ms),
            ago: view::ago(line.entry.received_ms, now_ms),
            class: said("class"),
            summary: said("summary"),
            weight: view::weight(line.entry.weight),
        }
    }
}

struct EpochLine {
    epoch: i64,
    time: String,
    miners: String,
    paid: String,
}

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct Page {
    active: String,
    attestations: String,
    classes: Vec<(String, String, String)>,
    chain_pot: String,
    ends: String,
    enrolled: String,
    epoch: i64,
    epochs: Vec<EpochLine>,
    key: String,
    miners: String,
    newest: Vec<LogLine>,
    now: String,
    paid_out: String,
    supply: String,
    uptime: String,
    version: &'static str,
}

/// `/`: the overview; for a program that asks for JSON and for no page, where it finds everything.
pub async fn root(state: State<Arc<App>>, kept: Extension<Arc<Kept>>, asked: HeaderMap) -> Shown {
    let accepts = |kind: &str| {
        let values = asked.get_all(ACCEPT).iter();
        values
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.contains(kind))
    };
    if accepts("application/json") && !accepts("text/html") {
        return Ok(Redirect::to("/api/discover").into_response());
    }
    page(state, kept, asked).await
}

/// The overview.
pub async fn page(
    State(app): State<Arc<App>>,
    Extension(kept): Extension<Arc<Kept>>,
    asked: HeaderMap,
) -> Shown {
    let totals = totals(&app, &kept).await?;
    let now_ms = app.clock.now_ms();
    let chain = app.store.chain();
    let left_s = chain.epoch_end_s(totals.epoch) - now_ms / 1_000;
    let lines = totals.newest.iter();
    let page = Page {
        active: view::count(totals.active),
        attestations: view::count(totals.attestations),
        classes: totals
            .classes
            .iter()
            .take(CLASSES)
            .map(|class| {
                let link = format!("/explorer/miners?class={}", view::encoded(&class.name));
                (link, tame(&class.name), view::count(class.miners))
            })
            .collect(),
        chain_pot: view::rtc(chain.pot),
        ends: view::span(left_s.max(0)),
        enrolled: view::count(totals.enrolled),
        epoch: totals.epoch,
        epochs: totals
            .epochs
            .iter()
            .map(|epoch| EpochLine {
                epoch: epoch.epoch,
                time: view::time(epoch.begun_ms),
                miners: view::count(epoch.miners),
                paid: view::rtc(epoch.paid),
            })
            .collect(),
        key: app.store.key().public_hex(),
        miners: view::count(totals.miners),
        newest: lines.map(|line| LogLine::of(line, now_ms)).collect(),
        now: view::time(now_ms),
        paid_out: view::rtc(totals.paid_out),
        supply: view::rtc(TOTAL_SUPPLY),
        uptime: view::span(uptime_s(&app)),
        version: VERSION,
    };
    show(&page, &asked)
}
