//! What the node counts, as Prometheus reads it (OpenMetrics 1.0, text).
//!
//! Counters live in memory and begin at zero with the process. What the store knows is asked for
//! when somebody reads the metrics: a few indexed questions, and a sum over all balances.

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use super::logs::Line;
use crate::app::App;
use crate::attest::accepted::Accepted;
use crate::error::ApiError;
use crate::store::books;

/// The type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What every name begins with.
const PREFIX: &str = "verdigris";

/// Upper ends of the histogram's buckets, seconds: round the 0.1 s that an answer may take.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

/// What an attestation's time is spent on, from its body to its answer, but for the wait for the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading the body.
    Json,
    /// Verifying its signature.
    Signatures,
    /// What the store knows of the miner and the challenge.
    Reads,
    /// Judging.
    Verdict,
    /// Composing the answer and signing it.
    Answer,
}

impl Stage {
    const ALL: [Stage; 5] = [
        Stage::Json,
        Stage::Signatures,
        Stage::Reads,
        Stage::Verdict,
        Stage::Answer,
    ];

    const fn name(self) -> &'static str {
        match self {
            Stage::Json => "json",
            Stage::Signatures => "signatures",
            Stage::Reads => "reads",
            Stage::Verdict => "verdict",
            Stage::Answer => "answer",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Spent {
    stage: &'static str,
}

/// Seconds.
type Seconds = Counter<f64, AtomicU64>;

/// Tells time that goes by from stage to stage.
pub struct Watch<'a> {
    stages: &'a [Seconds; Stage::ALL.len()],
    since: Instant,
}

impl Watch<'_> {
    /// What went by since the watch was made, or since the last lap, went into this.
    pub fn lap(&mut self, stage: Stage) {
        let now = Instant::now();
        self.stages[stage as usize].inc_by((now - self.since).as_secs_f64());
        self.since = now;
    }
}

/// The counters.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    latency: Family<Route, Histogram>,
    attestations: Family<Outcome, Counter>,
    stages: [Seconds; Stage::ALL.len()],
    connections: AtomicI64,
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        let requests = Family::<Answered, Counter>::default();
        let latency = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> _);
        let attestations = Family::<Outcome, Counter>::default();
        let mut registry = Registry::with_prefix(PREFIX);
        registry.register("requests", "Requests answered", requests.clone());
        registry.register(
            "request_duration_seconds",
            "Time from a request's head to its answer's",
            latency.clone(),
        );
        registry.register(
            "attestations",
            "Submissions: passed, failed (taken, but not as real silicon), or the code they were \
             refused with",
            attestations.clone(),
        );
        let stages = Family::<Spent, Seconds>::default();
        registry.register(
            "attestation_seconds",
            "Time spent on submissions, by stage; writing is under store_write_seconds",
            stages.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        Metrics {
            registry,
            requests,
            latency,
            attestations,
            stages: Stage::ALL.map(|stage| {
                let stage = stage.name();
                stages.get_or_create(&Spent { stage }).clone()
            }),
            connections: AtomicI64::new(0),
        }
    }

    /// Counts an answer.
    pub fn request(&self, line: &Line<'_>) {
        let route = line.route.to_owned();
        let answered = Answered {
            method: line.method,
            route: route.clone(),
            status: line.status.as_u16(),
        };
        self.requests.get_or_create(&answered).inc();
        self.latency
            .get_or_create(&Route { route })
            .observe(line.took.as_secs_f64());
    }

    /// Counts a submission by what came of it.
    pub fn attestation(&self, result: &Result<Accepted, ApiError>) {
        let outcome = match result {
            Ok(answer) if answer.fingerprint_passed => "passed".to_owned(),
            Ok(_) => "failed".to_owned(),
            Err(refused) => refused.code.text().to_ascii_lowercase(),
        };
        self.attestations.get_or_create(&Outcome { outcome }).inc();
    }

    /// Begins to tell time.
    pub fn watch(&self) -> Watch<'_> {
        Watch {
            stages: &self.stages,
            since: Instant::now(),
        }
    }

    /// Counts a connection until what it gives is dropped.
    pub fn connection(&self) -> Open<'_> {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Open(&self.connections)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

/// An open connection.
pub struct Open<'a>(&'a AtomicI64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All metrics.
///
/// # Errors
/// Where the store does not answer.
pub async fn render(app: &App) -> Result<String, ApiError> {
    let (settled, sum) = app
        .store
        .read(|c| Ok::<_, ApiError>((books::last_settled(c)?, books::sum_of_balances(c)?)))
        .await?;
    let mut moment = Registry::with_prefix(PREFIX);
    let mut gauge = |name: &str, help: &str, value: i64| {
        moment.register(name, help, ConstGauge::new(value));
    };
    let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    gauge(
        "uptime_seconds",
        "Since the start",
        count(app.started.elapsed().as_secs()),
    );
    gauge("panics", "Caught since the start", count(app.panics()));
    gauge(
        "connections",
        "Open, on both listeners",
        app.metrics.connections.load(Ordering::Relaxed),
    );
    gauge(
        "store_queue",
        "Writes that wait for their commit",
        i64::try_from(app.store.waiting()).unwrap_or(i64::MAX),
    );
    let written = app.store.written();
    gauge(
        "store_write_nanoseconds",
        "Time of all writers in transactions, commits and all, since the start",
        count(written.nanoseconds),
    );
    gauge("store_writes", "Done since the start", count(written.jobs));
    gauge("store_commits", "Since the start", count(written.commits));
    gauge(
        "balances_sum",
        "Of all accounts, millionths of an RTC: 0 in sound books",
        sum,
    );
    if let Some(epoch) = settled {
        let end_s = app.store.chain().epoch_end_s(epoch);
        gauge("settled_epoch", "The last that was settled", epoch);
        gauge(
            "settlement_age_seconds",
            "Since the end of the last epoch that was settled",
            app.clock.now_s().saturating_sub(end_s),
        );
    }
    let mut text = String::new();
    // A text takes everything.
    let _ = encode_registry(&mut text, &app.metrics.registry)
        .and_then(|()| encode_registry(&mut text, &moment))
        .and_then(|()| encode_eof(&mut text));
    Ok(text)
}
