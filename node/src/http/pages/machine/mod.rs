//! `/explorer/miner/{id}`: one machine; and its passport, to be printed.

pub mod judged;
mod measured;
mod worth;

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use probe_core::evidence::Evidence;
use std::sync::Arc;

use self::judged::Judged;
use self::measured::Measured;
use self::worth::{worth, Worth};
use super::shell::{nothing, show, Refused, Shown};
use super::view::{self, tame};
use crate::app::App;
use crate::attest::evidence_of;
use crate::attest::shape::check_id;
use crate::continuity::spell::Rate;
use crate::error::ApiError;
use crate::fleet::known::{tag, Known};
use crate::fleet::tell;
use crate::http::request::Segment;
use crate::json::parse;
use crate::keys::hex;
use crate::ledger::Account;
use crate::store::chronicle::{self, Entry};
use crate::store::records::{self, Miner};
use crate::store::{books, explorer, fleet};

/// Attestations that are shown.
const ATTESTATIONS: i64 = 20;

/// Rewards that are shown.
const REWARDS: i64 = 20;

/// Parts per trillion in a part per million.
const PPT_PER_PPM: f64 = 1e6;

/// What the store knows of a machine.
struct Found {
    known: Option<Miner>,
    newest: Entry,
    entries: Vec<Entry>,
    total: i64,
    /// The newest accepted submission, as received.
    body: Option<Vec<u8>>,
    clock: Option<Known>,
    balance: i64,
    rewards: Vec<explorer::Reward>,
}

async fn find(app: &App, miner: &str) -> Result<Found, Refused> {
    check_id(miner)?;
    let asked = miner.to_owned();
    let found = app
        .store
        .read(move |c| {
            let (mut entries, total) = chronicle::of_miner(c, &asked, ATTESTATIONS, 0)?;
            if entries.is_empty() {
                return Ok::<_, ApiError>(None);
            }
            // Only the newest is shown with all its checks.
            let newest = entries[0].clone();
            for entry in &mut entries {
                entry.verdict = said(&entry.verdict, "summary");
            }
            let dossier = fleet::dossier(c, tag(&asked))?;
            Ok(Some(Found {
                known: records::miner(c, &asked)?,
                body: records::last_accepted(c, &asked)?.map(|(_, body)| body),
                clock: dossier.and_then(|row| row.known().ok()),
                balance: books::balance(c, &Account::Wallet(asked.clone()))?,
                rewards: explorer::rewards(c, &asked, REWARDS)?,
                newest,
                entries,
                total,
            }))
        })
        .await?;
    found.ok_or_else(|| nothing("no machine of this name has attested here"))
}

/// A member of a verdict, as it may be shown.
fn said(verdict: &str, name: &str) -> String {
    let verdict = parse(verdict.as_bytes()).unwrap_or_default();
    tame(verdict[name].as_str().unwrap_or_default())
}

/// The newest evidence that was accepted of a miner.
///
/// # Errors
/// Where there is none, and the store's.
pub async fn evidence(app: &App, miner: &str) -> Result<Box<Evidence>, Refused> {
    check_id(miner)?;
    let asked = miner.to_owned();
    let found = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::last_accepted(c, &asked)?))
        .await?;
    found
        .and_then(|(_, body)| evidence_of(&body))
        .ok_or_else(|| nothing("this machine has sent no evidence"))
}

/// The rates of a miner's counter, oldest first.
///
/// # Errors
/// Where none is known, and the store's.
pub async fn rates(app: &App, miner: &str) -> Result<Vec<Rate>, Refused> {
    check_id(miner)?;
    let asked = miner.to_owned();
    let known = app
        .store
        .read(move |c| {
            let row = fleet::dossier(c, tag(&asked))?;
            Ok::<_, ApiError>(row.and_then(|row| row.known().ok()))
        })
        .await?;
    let rates = known.as_ref().map(all_rates).unwrap_or_default();
    if rates.is_empty() {
        return Err(nothing("no rate of this machine's counter is known yet"));
    }
    Ok(rates)
}

/// Earlier stretches, and the best known one where it is later.
fn all_rates(known: &Known) -> Vec<Rate> {
    let Some(track) = &known.track else {
        return Vec::new();
    };
    let mut rates = track.earlier().to_vec();
    let newest = track.estimate().map(|estimate| estimate.rate);
    rates.extend(newest.filter(|rate| rates.last().is_none_or(|last| last.to_ns < rate.to_ns)));
    rates
}

/// A rate in parts per million: least, middle, most.
pub fn ppm(rate: &Rate) -> [f64; 3] {
    let of = |ppt: i64| ppt as f64 / PPT_PER_PPM;
    [
        of(rate.skew.low),
        of(rate.skew.middle()),
        of(rate.skew.high),
    ]
}

/// The day on which a rate was measured.
pub fn day(rate: &Rate) -> String {
    view::day(rate.to_ns / 1_000_000)
}

struct Attestation {
    id: i64,
    time: String,
    epoch: i64,
    accepted: bool,
    weight: String,
    summary: String,
}

/// What the machine says that it is.
#[derive(Default)]
struct Claim {
    family: String,
    arch: String,
    model: String,
    cpu: String,
}

impl Claim {
    fn of(body: &[u8]) -> Self {
        let body = parse(body).unwrap_or_default();
        let said = |name: &str| tame(body["device"][name].as_str().unwrap_or_default());
        Claim {
            family: said("family"),
            arch: said("arch"),
            model: said("model"),
            cpu: said("cpu"),
        }
    }
}

#[derive(Template)]
#[template(path = "pages/machine.html")]
struct Page {
    id: String,
    first: String,
    last: String,
    ago: String,
    key: String,
    claim: Claim,
    judged: Judged,
    attestation: i64,
    weight: String,
    multiplier: String,
    worth: Option<Worth>,
    measured: Option<Measured>,
    crystal: String,
    rates: Vec<[String; 4]>,
    attestations: Vec<Attestation>,
    total: String,
    balance: String,
    rewards: Vec<view::Reward>,
}

#[derive(Template)]
#[template(path = "pages/passport.html")]
struct Passport {
    of: Page,
    node: String,
    issued: String,
    nonce: String,
}

fn assemble(app: &App, id: String, found: Found) -> Page {
    let now_ms = app.clock.now_ms();
    let judged = Judged::of(&found.newest.verdict);
    let known = found.known.as_ref();
    let class = known.map_or(judged.class.as_str(), |known| known.class.as_str());
    let rates = found.clock.as_ref().map(all_rates).unwrap_or_default();
    let evidence = found.body.as_deref().and_then(evidence_of);
    let ppm_text = |rate: &Rate| {
        let [low, middle, high] = ppm(rate);
        [
            day(rate),
            format!("{middle:.3}"),
            format!("{low:.3}"),
            format!("{high:.3}"),
        ]
    };
    Page {
        first: view::time(known.map_or(found.newest.received_ms, |known| known.first_ms)),
        last: view::time(found.newest.received_ms),
        ago: view::ago(found.newest.received_ms, now_ms),
        key: known
            .and_then(|known| known.public_key)
            .map(|key| hex(&key))
            .unwrap_or_default(),
        claim: found.body.as_deref().map(Claim::of).unwrap_or_default(),
        attestation: found.newest.id,
        weight: view::weight(known.map_or(0, |known| known.weight)),
        multiplier: view::weight(known.map_or(0, |known| known.multiplier)),
        worth: worth(&app.profiles.antiquity, app.store.chain(), class, now_ms),
        measured: evidence.as_deref().map(Measured::of),
        crystal: found.clock.as_ref().map(tell::crystal).unwrap_or_default(),
        rates: rates.iter().map(ppm_text).collect(),
        attestations: found
            .entries
            .into_iter()
            .map(|entry| Attestation {
                id: entry.id,
                time: view::time(entry.received_ms),
                epoch: entry.epoch,
                accepted: entry.accepted,
                weight: view::weight(entry.weight),
                summary: entry.verdict,
            })
            .collect(),
        total: view::count(found.total),
        balance: view::rtc(found.balance),
        rewards: view::rewards(&found.rewards),
        id,
        judged,
    }
}

/// The machine's page.
pub async fn page(State(app): State<Arc<App>>, Segment(miner): Segment, asked: HeaderMap) -> Shown {
    let found = find(&app, &miner).await?;
    show(&assemble(&app, miner, found), &asked)
}

/// The same on one sheet of paper.
pub async fn passport(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
    asked: HeaderMap,
) -> Shown {
    let found = find(&app, &miner).await?;
    let asked_for = miner.clone();
    let newest = app
        .store
        .read(move |c| Ok::<_, ApiError>(records::latest(c, &asked_for)?))
        .await?;
    let passport = Passport {
        node: app.store.key().public_hex(),
        issued: view::time(app.clock.now_ms()),
        nonce: newest.map(|newest| newest.nonce).unwrap_or_default(),
        of: assemble(&app, miner, found),
    };
    show(&passport, &asked)
}
