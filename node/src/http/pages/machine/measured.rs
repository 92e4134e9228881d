//! A machine's evidence as tables: the numbers that the picture draws.

use probe_chart::names;
use probe_chart::scale::{figures, grouped, human, time, Scale};
use probe_core::channels::{cache, pipeline, simd};
use probe_core::evidence::{Evidence, Milliticks, MEDIAN, MIN};
use probe_core::machine::Op;

use crate::http::pages::view::tame;

/// Evidence in words and numbers.
pub struct Measured {
    /// Instruction set.
    pub architecture: String,
    /// The processor, by its own registers.
    pub processor: String,
    /// Vector unit; empty where there is none.
    pub vector_unit: String,
    /// Clock of the core and of the counter, where both are known.
    pub clocks: String,
    /// The picture in words.
    pub picture: String,
    /// Memory walked through; a load's cost at least, and in the middle.
    pub curve: Vec<[String; 3]>,
    /// Where caches end.
    pub levels: Vec<String>,
    /// Operations: latency and one of many, as multiples of an add.
    pub matrix: Vec<[String; 3]>,
    /// Histograms: what was timed, and what is told of it.
    pub histograms: Vec<Histogram>,
    /// The parts of the course of heat: phase, points, middle cost.
    pub thermal: Vec<[String; 3]>,
}

/// How many windows took how much longer than the shortest.
pub struct Histogram {
    /// What was timed.
    pub name: String,
    /// Windows in each bin; a bin is an octave of ticks.
    pub bins: String,
    /// The shortest and the longest.
    pub extremes: String,
}

impl Measured {
    /// Of evidence.
    pub fn of(evidence: &Evidence) -> Self {
        let scale = Scale::of(evidence);
        let identity = &evidence.identity;
        Measured {
            architecture: tame(&identity.architecture),
            processor: tame(&identity.name),
            vector_unit: tame(&identity.vector_unit),
            clocks: match (scale.core_ghz(), scale.counter_ghz()) {
                (Some(core), Some(counter)) => {
                    format!("core {core:.2} GHz, counter {counter:.3} GHz")
                }
                _ => "not known".into(),
            },
            picture: probe_chart::fingerprint::description(evidence),
            curve: curve(evidence, &scale),
            levels: evidence.cache.iter().flat_map(levels).collect(),
            matrix: matrix(evidence),
            histograms: histograms(evidence),
            thermal: thermal(evidence, &scale),
        }
    }
}

/// A cost in the unit that fits.
fn cost(scale: &Scale, cost: Milliticks) -> String {
    match scale.ns(cost) {
        Some(ns) => time(ns),
        None => format!("{} ticks", figures(f64::from(cost) / 1e3)),
    }
}

fn curve(evidence: &Evidence, scale: &Scale) -> Vec<[String; 3]> {
    let curve = evidence
        .cache
        .iter()
        .flat_map(|cache| cache.curve.iter().enumerate());
    curve
        .map(|(index, spread)| {
            [
                human(cache::working_set(index) as u64),
                cost(scale, spread[MIN]),
                cost(scale, spread[MEDIAN]),
            ]
        })
        .collect()
}

fn levels(cache: &cache::Evidence) -> Vec<String> {
    let boundaries = cache.boundaries.iter();
    boundaries
        .map(|&kib| human(u64::from(kib) * 1_024))
        .collect()
}

fn matrix(evidence: &Evidence) -> Vec<[String; 3]> {
    let rows = |ops: &[Op], matrix: &[Option<[u32; 4]>], unit: &str| -> Vec<[String; 3]> {
        let ratio = |thousandths: u32| figures(f64::from(thousandths) / 1e3);
        let rows = ops.iter().zip(matrix);
        rows.map(|(op, costs)| {
            let name = format!("{unit}{}", names::op(*op));
            match costs {
                Some(costs) => [name, ratio(costs[2]), ratio(costs[3])],
                None => [name, "absent".into(), "absent".into()],
            }
        })
        .collect()
    };
    let scalar = evidence.pipeline.iter();
    let vector = evidence.simd.iter();
    scalar
        .flat_map(|found| rows(&pipeline::OPS, &found.matrix, ""))
        .chain(vector.flat_map(|found| rows(&simd::OPS, &found.matrix, "vector ")))
        .collect()
}

fn histograms(evidence: &Evidence) -> Vec<Histogram> {
    let joined = |counts: &[u16]| {
        let counts: Vec<String> = counts.iter().map(u16::to_string).collect();
        counts.join(" ")
    };
    let ticks = |ticks: u32| grouped(ticks.into());
    let mut all = Vec::new();
    if let Some(jitter) = &evidence.jitter {
        let found = names::JITTER_KINDS.iter().zip(&jitter.histograms);
        all.extend(found.enumerate().map(|(index, (name, counts))| {
            let of = |list: &[u32]| ticks(list.get(index).copied().unwrap_or(0));
            Histogram {
                name: format!("jitter, {name}"),
                bins: joined(counts),
                extremes: format!("{} to {}", of(&jitter.minima), of(&jitter.worst)),
            }
        }));
    }
    if let Some(oscillator) = &evidence.oscillator {
        all.push(Histogram {
            name: "oscillator".into(),
            bins: joined(&oscillator.histogram),
            extremes: format!(
                "{} at least, {} on average",
                ticks(oscillator.minimum),
                ticks(oscillator.mean)
            ),
        });
    }
    all
}

fn thermal(evidence: &Evidence, scale: &Scale) -> Vec<[String; 3]> {
    let Some(thermal) = &evidence.thermal else {
        return Vec::new();
    };
    let mut points = thermal.curve.iter();
    let phases = names::THERMAL_PHASES.iter().zip(&thermal.phases);
    phases
        .filter_map(|(phase, &length)| {
            let mut costs: Vec<u32> = points.by_ref().take(length.into()).map(|p| p[1]).collect();
            costs.sort_unstable();
            let middle = *costs.get(costs.len() / 2)?;
            Some([
                (*phase).into(),
                costs.len().to_string(),
                cost(scale, middle),
            ])
        })
        .collect()
}
