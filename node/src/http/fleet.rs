//! `/api/miner/{id}/continuity`, `/api/miner/{id}/fleet`.

use axum::extract::State;
use serde::{Serialize, Serializer};
use std::sync::Arc;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::openapi::{refusals, ID, PATH, STORE};
use super::reply::Answer;
use super::request::Segment;
use super::scalars::{MinerId, UnixSeconds};
use crate::app::App;
use crate::attest::shape::check_id;
use crate::continuity::crystal::Comparison;
use crate::continuity::line::Interval;
use crate::continuity::spell::Rate;
use crate::error::{ApiError, Code};
use crate::fleet::known::{tag, Known};
use crate::fleet::rom::{cluster, Finding};
use crate::fleet::tell;
use crate::fleet::watch::{Found, Record};
use crate::json::decimal;
use crate::store::fleet;

/// Decimal places of parts per trillion written as parts per million.
const PPM_PLACES: u32 = 6;

/// Decimal places of thousandths of a bit.
const BIT_PLACES: u32 = 3;

/// Nanoseconds in a second.
const SECOND_NS: i64 = 1_000_000_000;

/// What is said of every interval of a rate.
const CONFIDENCE: &str = "holds the mean rate of its stretch for 99 of 100 simulated machines";

/// Parts per trillion that are written as a decimal number of parts per million.
#[derive(Debug, Clone, Copy)]
pub struct Ppm(i64);

impl Serialize for Ppm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(self.0, PPM_PLACES).serialize(serializer)
    }
}

impl PartialSchema for Ppm {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("Parts per million, with at most six decimal places."))
            .examples([serde_json::json!(-12.25)])
            .into()
    }
}

impl ToSchema for Ppm {}

/// Thousandths of a bit that are written as a decimal number of bits.
#[derive(Debug, Clone, Copy)]
pub struct Bits(u32);

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        decimal(self.0.into(), BIT_PLACES).serialize(serializer)
    }
}

impl PartialSchema for Bits {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .minimum(Some(0))
            .description(Some(
                "How improbable something is, as minus the logarithm of its chance to the base 2: 20 is \
                 one in a million.",
            ))
            .examples([serde_json::json!(14.5)])
            .into()
    }
}

impl ToSchema for Bits {}

/// From the least to the greatest.
#[derive(Serialize, ToSchema)]
pub struct PpmInterval {
    high: Ppm,
    low: Ppm,
}

impl From<Interval> for PpmInterval {
    fn from(interval: Interval) -> Self {
        PpmInterval {
            high: Ppm(interval.high),
            low: Ppm(interval.low),
        }
    }
}

/// A counter's rate over a stretch without a restart.
#[derive(Serialize, ToSchema)]
pub struct Skew {
    from: UnixSeconds,
    /// Against `reference_hz`.
    ppm: PpmInterval,
    to: UnixSeconds,
}

impl From<Rate> for Skew {
    fn from(rate: Rate) -> Self {
        Skew {
            from: UnixSeconds(rate.from_ns / SECOND_NS),
            ppm: rate.skew.into(),
            to: UnixSeconds(rate.to_ns / SECOND_NS),
        }
    }
}

/// A counter over time.
#[derive(Serialize, ToSchema)]
pub struct Counter {
    /// Its width.
    #[schema(minimum = 1, maximum = 64)]
    bits: u8,
    /// What is said of the intervals.
    confidence: &'static str,
    /// Change of the rate in a day; `null` before three stretches over seven days.
    drift_per_day: Option<PpmInterval>,
    /// Earlier stretches, oldest first: at most 24.
    earlier: Vec<Skew>,
    /// What skews are told against: what the hardware states, or the first measured rate of its model.
    #[schema(minimum = 1)]
    reference_hz: u64,
    /// The best known rate; `null` before six hours without a restart.
    skew: Option<Skew>,
    /// Which counter.
    source: String,
    /// When the stretch under way began.
    stretch_since: UnixSeconds,
}

/// What is known of a miner's counter over time.
#[derive(Serialize, ToSchema)]
pub struct Continuity {
    /// `null` where its evidence has no raw reading of a counter of its own.
    counter: Option<Counter>,
    /// The newest attestation that was taken in.
    last_seen: UnixSeconds,
    #[schema(value_type = MinerId)]
    miner: String,
    /// Its first attestation.
    since: UnixSeconds,
    /// The same in a sentence.
    says: String,
}

refusals! { ContinuityRefusals = PATH, ID, STORE, &[Code::NotFound] }

/// The crystal of a miner's machine over time: its rate, how sure that is, and since when.
#[utoipa::path(
    get,
    path = "/api/miner/{miner}/continuity",
    operation_id = "continuity",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "What is known.", body = Continuity), ContinuityRefusals)
)]
pub async fn continuity(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Continuity>, ApiError> {
    let (row, known, _) = look_up(&app, miner).await?;
    let says = tell::crystal(&known);
    let counter = known.track.map(|track| {
        let estimate = track.estimate();
        Counter {
            bits: track.clock().bits,
            confidence: CONFIDENCE,
            drift_per_day: estimate
                .and_then(|e| e.drift_per_day)
                .map(PpmInterval::from),
            earlier: track.earlier().iter().copied().map(Skew::from).collect(),
            reference_hz: track.clock().hz,
            skew: estimate.map(|e| e.rate.into()),
            source: track.clock().source.clone(),
            stretch_since: UnixSeconds(track.spell().anchor_ns() / SECOND_NS),
        }
    });
    Ok(Answer::new(Continuity {
        counter,
        last_seen: UnixSeconds::of_ms(row.seen_ms),
        miner: row.miner,
        since: UnixSeconds::of_ms(row.since_ms),
        says,
    }))
}

/// What another name has in common with this one. Whose it is, is not told.
#[derive(Serialize, ToSchema)]
pub struct Shared {
    /// How improbable that is between two machines, a common start apart.
    bits: Bits,
    /// `different`, `alike` or `incomparable`.
    crystal: &'static str,
    /// A serial number of the firmware's.
    firmware: bool,
    /// The number of the installation.
    installation: bool,
    /// The noise of a measurement.
    noise: bool,
    /// A network card.
    network_card: bool,
    /// The counters began together.
    start: bool,
}

impl From<&Found> for Shared {
    fn from(found: &Found) -> Self {
        let common = &found.common;
        Shared {
            bits: Bits(common.surprise.0),
            crystal: match common.crystal {
                Comparison::Different { .. } => "different",
                Comparison::Alike { .. } => "alike",
                Comparison::Incomparable => "incomparable",
            },
            firmware: common.firmware,
            installation: common.machine_id,
            noise: common.noise,
            network_card: common.mac,
            start: common.start.0 > 0,
        }
    }
}

/// What costs nobody anything, each of a thousand: told, without effect.
#[derive(Serialize, ToSchema)]
pub struct Circumstances {
    /// Others of its network, 64 or more being a thousand.
    network: u32,
    /// The one of them that is most alike in the shape of its costs.
    profile: u32,
    /// The one of them that arrives most together with it.
    timing: u32,
    /// 40, 20 and 40 hundredths of network, timing and profile.
    together: u32,
}

/// The ROM that a miner reports.
#[derive(Serialize, ToSchema)]
pub struct Rom {
    /// `unknown`, `expected`, `from_file`, `foreign`.
    finding: &'static str,
    /// Miners that report it.
    miners: u32,
    /// Three or more report it, and it is not a chip's on a machine of its kind.
    worth_a_look: bool,
}

/// Whether other names are the same machine.
#[derive(Serialize, ToSchema)]
pub struct Fleet {
    /// When it was compared with others; `null` where it was not yet.
    assessed_at: Option<UnixSeconds>,
    /// How improbable what it shares is between different machines.
    bits: Bits,
    circumstances: Circumstances,
    /// Whether it counts in settlement.
    counts: bool,
    /// The epoch of the assessment.
    epoch: Option<i64>,
    #[schema(value_type = MinerId)]
    miner: String,
    /// Names of its machine, itself included.
    names: u32,
    /// In plain words.
    reasons: Vec<String>,
    rom: Option<Rom>,
    /// What other names have in common with it, the surest first: at most 16.
    shared: Vec<Shared>,
    /// How many there are.
    shared_total: usize,
}

refusals! { FleetRefusals = PATH, ID, STORE, &[Code::NotFound] }

/// Whether a miner shares what only one machine has with other names, and whether it counts.
#[utoipa::path(
    get,
    path = "/api/miner/{miner}/fleet",
    operation_id = "fleet",
    tag = "Miners",
    params(("miner" = MinerId, Path, description = "Whose.")),
    responses((status = 200, description = "What was found.", body = Fleet), FleetRefusals)
)]
pub async fn fleet(
    State(app): State<Arc<App>>,
    Segment(miner): Segment,
) -> Result<Answer<Fleet>, ApiError> {
    let (row, known, record) = look_up(&app, miner).await?;
    let assessed = known.assessed;
    let circumstance = assessed.map(|a| a.circumstance).unwrap_or_default();
    let rom_miners = assessed.map_or(0, |a| a.rom_miners);
    Ok(Answer::new(Fleet {
        assessed_at: assessed.map(|a| UnixSeconds::of_ms(a.at_ms)),
        bits: Bits(assessed.map_or(0, |a| a.surprise.0)),
        circumstances: Circumstances {
            network: circumstance.network,
            profile: circumstance.profile,
            timing: circumstance.timing,
            together: circumstance.together,
        },
        counts: known.has_vote(),
        epoch: assessed.map(|a| a.epoch),
        miner: row.miner,
        names: assessed.map_or(1, |a| a.names),
        reasons: tell::sentences(&known, record.as_ref(), row.epoch),
        rom: known.rom.map(|rom| Rom {
            finding: match rom.finding {
                Finding::Unknown => "unknown",
                Finding::Expected => "expected",
                Finding::FromFile => "from_file",
                Finding::Foreign => "foreign",
            },
            miners: rom_miners,
            worth_a_look: cluster(rom_miners, rom.finding).is_some_and(|c| c.worth_a_look),
        }),
        shared: record
            .iter()
            .flat_map(|record| &record.found)
            .map(Shared::from)
            .collect(),
        shared_total: record.as_ref().map_or(0, |record| record.found_total),
    }))
}

/// What is kept of a miner, and what was recorded at its newest assessment.
async fn look_up(
    app: &App,
    miner: String,
) -> Result<(fleet::Dossier, Known, Option<Record>), ApiError> {
    check_id(&miner)?;
    let found = app
        .store
        .read(move |c| {
            let Some(row) = fleet::dossier(c, tag(&miner))? else {
                return Ok(None);
            };
            let known = row.known();
            let epoch = known
                .as_ref()
                .ok()
                .and_then(|known| known.assessed)
                .map(|assessed| assessed.epoch);
            let record = match epoch {
                Some(epoch) => fleet::assessment(c, epoch, &miner)?,
                None => None,
            };
            Ok::<_, ApiError>(Some((row, known, record)))
        })
        .await?;
    let (row, known, record) = found.ok_or_else(|| {
        ApiError::new(
            Code::NotFound,
            "nothing is known of this miner over time: it has sent no evidence",
        )
    })?;
    let known = known.map_err(|e| {
        tracing::error!(miner = row.miner, "{e}");
        ApiError::new(Code::InternalError, "what is kept of this miner is damaged")
    })?;
    let record = record.and_then(|record| serde_json::from_str(&record.detail).ok());
    Ok((row, known, record))
}
