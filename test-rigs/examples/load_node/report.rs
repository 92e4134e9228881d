//! One run from its options to its figures.

use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use crate::drive::{Load, Phase, Seen};
use crate::figures::{metrics, percentile, processor_seconds, resident_mib, thread_seconds};
use crate::template::{Model, Template, Wallet};

/// Different machines of a kind: so many templates are composed.
const MACHINES: u32 = 64;

/// How many times in a run memory is looked at.
const LOOKS: u32 = 10;

/// The node's counter of time in transactions that write, nanoseconds.
const WRITING: &str = "verdigris_store_write_nanoseconds";

/// The node's counters of time by stage, seconds.
const STAGES: &str = "verdigris_attestation_seconds_total{stage=\"";

/// What is asked for.
pub struct Options {
    node: SocketAddr,
    pid: u32,
    seconds: u64,
    warm_up: u64,
    connections: usize,
    threads: usize,
    outstanding: usize,
    miners: u32,
    model: Model,
    admin: Option<(SocketAddr, String)>,
    json: bool,
}

impl Options {
    /// From the command line.
    pub fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        while let Some(name) = arguments.next() {
            let value = match name.as_str() {
                "--json" => String::new(),
                _ => arguments.next().ok_or(format!("{name} needs a value"))?,
            };
            given.insert(name, value);
        }
        let mut take =
            |name: &str, default: &str| given.remove(name).unwrap_or_else(|| default.to_owned());
        let options = Options {
            node: take("--node", "127.0.0.1:8099").parse()?,
            pid: take("--pid", "").parse().map_err(|_| "whose --pid?")?,
            seconds: take("--seconds", "30").parse()?,
            warm_up: take("--warm-up", "5").parse()?,
            connections: take("--connections", "64").parse()?,
            threads: take("--threads", "1").parse()?,
            outstanding: take("--outstanding", "8192").parse()?,
            miners: take("--miners", "10000").parse()?,
            model: Model::named(&take("--machine", "zen5")).ok_or("zen5, g4 or stock?")?,
            admin: match take("--admin", "").as_str() {
                "" => None,
                address => {
                    let token = std::fs::read_to_string(take("--token-file", ""))?;
                    Some((address.parse()?, token.trim().to_owned()))
                }
            },
            json: take("--json", "no").is_empty(),
        };
        match given.keys().next() {
            Some(name) => Err(format!("there is no {name}").into()),
            None => Ok(options),
        }
    }

    fn metrics(&self) -> Result<BTreeMap<String, f64>, Box<dyn Error>> {
        match &self.admin {
            Some((address, token)) => metrics(*address, token),
            None => Ok(BTreeMap::new()),
        }
    }
}

/// What is read twice, at the beginning and at the end.
struct Reading {
    at: Instant,
    node: [f64; 2],
    threads: BTreeMap<String, f64>,
    generator: [f64; 2],
    metrics: BTreeMap<String, f64>,
}

impl Reading {
    fn take(options: &Options) -> Result<Self, Box<dyn Error>> {
        Ok(Reading {
            metrics: options.metrics()?,
            node: processor_seconds(options.pid)?,
            threads: thread_seconds(options.pid)?,
            generator: processor_seconds(std::process::id())?,
            at: Instant::now(),
        })
    }
}

/// Runs the load and prints the figures.
pub fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let templates: Vec<Template> = (0..MACHINES.min(options.miners))
        .map(|n| Template::new(options.model, n))
        .collect::<Result<_, _>>()?;
    let wallets: Vec<Wallet> = (0..options.miners).map(Wallet::new).collect();
    let (turn, phase) = (AtomicU32::new(0), Phase::new());
    let load = Load {
        node: options.node,
        templates: &templates,
        wallets: &wallets,
        turn: &turn,
        phase: &phase,
    };
    let share = |whole: usize| (whole / options.threads.max(1)).max(1);
    let (connections, outstanding) = (share(options.connections), share(options.outstanding));
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..options.threads.max(1))
            .map(|_| {
                scope.spawn(|| {
                    load.run(connections, outstanding)
                        .map_err(|e| e.to_string())
                })
            })
            .collect();
        let watched = watch(options, &phase);
        phase.end();
        let mut all = Seen::default();
        for thread in threads {
            let seen = thread
                .join()
                .map_err(|_| "a thread of the load panicked")??;
            all.submits.extend(seen.submits);
            all.challenges.extend(seen.challenges);
            all.bytes += seen.bytes;
            all.reconnects += seen.reconnects;
            for (failure, count) in seen.failures {
                *all.failures.entry(failure).or_default() += count;
            }
        }
        let (begun, ended, memory) = watched?;
        let figures = figures(&begun, &ended, &memory, all)?;
        if options.json {
            println!("{figures}");
        } else {
            print(&figures);
        }
        Ok(())
    })
}

type Watched = (Reading, Reading, Vec<[f64; 2]>);

/// Warms up, then watches for as long as the run lasts.
fn watch(options: &Options, phase: &Phase) -> Result<Watched, Box<dyn Error>> {
    std::thread::sleep(Duration::from_secs(options.warm_up));
    let begun = Reading::take(options)?;
    phase.measure();
    let mut memory = vec![resident_mib(options.pid)?];
    for _ in 0..LOOKS {
        std::thread::sleep(Duration::from_secs(options.seconds) / LOOKS);
        memory.push(resident_mib(options.pid)?);
    }
    let ended = Reading::take(options)?;
    Ok((begun, ended, memory))
}

fn figures(
    begun: &Reading,
    ended: &Reading,
    memory: &[[f64; 2]],
    mut seen: Seen,
) -> Result<Value, Box<dyn Error>> {
    let seconds = (ended.at - begun.at).as_secs_f64();
    let count = seen.submits.len();
    if count == 0 {
        return Err(format!("nothing was accepted: {:?}", seen.failures).into());
    }
    seen.submits.sort_unstable();
    seen.challenges.sort_unstable();
    let times = |sorted: &[u32]| {
        let ms = |us: u32| f64::from(us) / 1_000.0;
        json!({
            "p50": ms(percentile(sorted, 500)),
            "p99": ms(percentile(sorted, 990)),
            "p99_9": ms(percentile(sorted, 999)),
            "max": ms(percentile(sorted, 1_000)),
        })
    };
    // Microseconds for each attestation.
    let each = |from: f64, to: f64| rounded((to - from) * 1e6 / count as f64);
    let spent = |from: [f64; 2], to: [f64; 2]| json!({ "user": each(from[0], to[0]), "system": each(from[1], to[1]) });
    let mut stages: BTreeMap<&str, f64> = ended
        .metrics
        .iter()
        .filter_map(|(name, to)| {
            let stage = name.strip_prefix(STAGES)?.strip_suffix("\"}")?;
            let from = begun.metrics.get(name).copied().unwrap_or(0.0);
            Some((stage, each(from, *to)))
        })
        .collect();
    if let (Some(from), Some(to)) = (begun.metrics.get(WRITING), ended.metrics.get(WRITING)) {
        stages.insert("writes", each(from / 1e9, to / 1e9));
    }
    let threads: BTreeMap<&str, f64> = ended
        .threads
        .iter()
        .map(|(name, to)| {
            let from = begun.threads.get(name).copied().unwrap_or(0.0);
            (name.as_str(), each(from, *to))
        })
        .collect();
    let memory = |part: usize| -> Vec<f64> { memory.iter().map(|m| rounded(m[part])).collect() };
    Ok(json!({
        "attestations": count,
        "seconds": rounded(seconds),
        "attestations_per_second": rounded(count as f64 / seconds),
        "submit_ms": times(&seen.submits),
        "challenge_ms": times(&seen.challenges),
        "failures": seen.failures,
        "reconnects": seen.reconnects,
        "bytes_submitted_each": seen.bytes / count as u64,
        "node_resident_mib": memory(0),
        "node_resident_anonymous_mib": memory(1),
        "node_us_each": spent(begun.node, ended.node),
        "node_threads_us_each": threads,
        "generator_us_each": spent(begun.generator, ended.generator),
        "node_stages_us_each": stages,
    }))
}

/// To a tenth.
fn rounded(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

/// One line for each figure.
fn print(figures: &Value) {
    let Value::Object(figures) = figures else {
        return;
    };
    for (name, figure) in figures {
        println!("{:<28} {figure}", name.replace('_', " "));
    }
}
