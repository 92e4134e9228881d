//! How well claims are told from lies, on measured processors whose own model was left out of the records.
//!
//! Each line of the tables is turned into the evidence that a probe on that processor would have sent, if our
//! kernels showed there what the table's instructions showed: an assumption, since our kernels were run on few
//! processors, which [`Conditions::skew`] tests. The evidence is then judged by the verdict's own checks, once
//! under its own name and once under the name of every older core that has records:
//! - *frankly*: only the identification words are forged;
//! - *hiding*: the program is of 32 bits, and everything that the claimed core could not have run is left out.
//!
//! Generations are the eras of `x86.toml`.

use super::derive::{self, Measured};
use super::table::{Curve, Mode, Processor};
use crate::verdict::checks::{cache, claim, kernel, likeness, pipeline, simd, Subject};
use crate::verdict::conclusion::{kind_holds, score};
use crate::verdict::processor::TRANSMETA;
use crate::verdict::reason;
use crate::verdict::silicon::{unit_rank, Core, Silicon};
use crate::verdict::thresholds::LIKENESS_FAR;
use crate::verdict::{Aspect, Case, Claim, Profiles, Proof};
use probe_core::channels::cache::working_set;
use probe_core::evidence::{clip, Evidence, IdentityReport, EVIDENCE_VERSION};
use probe_core::seed::Seed;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is left out of the records before a processor is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LeaveOut {
    /// Nothing.
    Nothing,
    /// Every processor of its vendor, family and model.
    Model,
    /// Every processor of its core.
    Core,
}

/// Under which conditions the processors are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conditions {
    /// What is left out.
    pub leave: LeaveOut,
    /// Every ratio is moved by up to this many thousandths, up or down, by a generator of fixed seed.
    pub noise: u64,
    /// Divisions and roots cost this many thousandths of what the table says: our kernels' operands and
    /// widths are not the table's.
    pub skew: u64,
}

/// How claims of one sort came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub claims: u32,
    /// Judged not to be of the kind claimed.
    pub refused: u32,
    /// Neither refused nor proven: no record is of the core.
    pub unrecorded: u32,
}

/// The same by model: vendor, family and model of the processors judged. Several dumps of one model, and all that they
/// claim, are no independent trials.
pub type ByModel = BTreeMap<String, Tally>;

/// The sum over all models.
pub fn sum(by_model: &ByModel) -> Tally {
    let add = |a: Tally, b: &Tally| Tally {
        claims: a.claims + b.claims,
        refused: a.refused + b.refused,
        unrecorded: a.unrecorded + b.unrecorded,
    };
    by_model.values().fold(Tally::default(), add)
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Processors under their own name: of their own core where that has a record, otherwise of its era.
    pub honest: ByModel,
    /// Claims to be a recorded core one generation older, frankly and hiding.
    pub one_older: [ByModel; 2],
    /// Claims to be a recorded core two or more generations older, frankly and hiding.
    pub older: [ByModel; 2],
    /// Claims to be a core that no record is of, one generation older, and two or more, frankly.
    pub unrecorded: [ByModel; 2],
    /// Processors by the era that they are of and the era of the nearest record; `None` where no record is near.
    pub eras: BTreeMap<(usize, Option<usize>), u32>,
    /// Those refused under their own name.
    pub refused: Vec<String>,
    /// Claims to be two or more generations older that were not refused.
    pub missed: Vec<String>,
}

/// A processor to be judged.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// Its latencies.
    pub measured: &'a Measured<'a>,
    /// Its loads by working set, where they were measured.
    pub curve: Option<&'a Curve>,
}

impl Row<'_> {
    const fn processor(&self) -> &Processor {
        self.measured.processor
    }
}

/// Joins both tables.
pub fn rows<'a>(measured: &'a [Measured<'a>], curves: &'a [Curve]) -> Vec<Row<'a>> {
    let curve = |p: &Processor| curves.iter().find(|c| c.processor == *p);
    let row = |measured: &'a Measured<'a>| Row {
        measured,
        curve: curve(measured.processor),
    };
    measured.iter().map(row).collect()
}

const CORES: &str = include_str!("../../data/silicon/x86.toml");
const DESCRIBED: &str = include_str!("../../data/silicon/x86-described.toml");

/// Judges `rows` by records made of `known`.
///
/// # Errors
/// The records contradict `x86.toml`; a test of this crate says that the project's do not.
pub fn evaluate(
    rows: &[Row<'_>],
    known: &[Measured<'_>],
    conditions: &Conditions,
) -> Result<Report, String> {
    let mut profiles = Profiles::builtin();
    let cores = Silicon::builtin_cores();
    let core = |p: &Processor| cores.core(&p.vendor, p.signature());
    let mut report = Report::default();
    // Rows that leave the same out are judged by the same records.
    let mut made: BTreeMap<String, Silicon> = BTreeMap::new();
    for row in rows {
        let own = row.processor();
        let Some(truth) = core(own) else {
            continue;
        };
        let left_out = |other: &Processor| match conditions.leave {
            LeaveOut::Nothing => false,
            LeaveOut::Model => model(own) == model(other),
            LeaveOut::Core => core(other).is_some_and(|c| c.name == truth.name),
        };
        let key = match conditions.leave {
            LeaveOut::Nothing => String::new(),
            LeaveOut::Model => model(own),
            LeaveOut::Core => truth.name.clone(),
        };
        profiles.silicon = match made.get(&key) {
            Some(silicon) => silicon.clone(),
            None => {
                let kept: Vec<_> = known.iter().filter(|m| !left_out(m.processor)).collect();
                let silicon = records(&kept, &cores)?;
                made.insert(key, silicon.clone());
                silicon
            }
        };
        judge_row(row, truth, &profiles, conditions, &mut report);
    }
    Ok(report)
}

/// What is known of silicon, of these measurements and by what others describe.
fn records(kept: &[&Measured<'_>], cores: &Silicon) -> Result<Silicon, String> {
    let latencies = derive::latency_file(kept.iter().copied(), cores);
    let models = derive::model_file(kept.iter().copied(), cores);
    let silicon = Silicon::parse(CORES, &latencies)?.with_models(&models)?;
    silicon.with_described(DESCRIBED)
}

/// Vendor, family and model.
fn model(processor: &Processor) -> String {
    let signature = processor.signature();
    format!(
        "{} {} {}",
        processor.vendor, signature.family, signature.model
    )
}

/// Judges one processor under its own name and every older one.
fn judge_row(
    row: &Row<'_>,
    truth: &Core,
    profiles: &Profiles,
    conditions: &Conditions,
    report: &mut Report,
) {
    let silicon = &profiles.silicon;
    let era = silicon.era_of(truth.year);
    let model = model(row.processor());
    let count = |of: &mut ByModel, judged: &Judged| {
        of.entry(model.clone()).or_default().count(judged);
    };
    let name = Words {
        eax: row.processor().eax,
        vendor: &row.processor().vendor,
    };
    let honest = judge(&evidence(row, name, None, conditions), row, profiles);
    count(&mut report.honest, &honest);
    if honest.refused {
        report.refused.push(row.processor().describe());
    }
    *report.eras.entry((era, honest.nearest)).or_default() += 1;
    for claimed in silicon.cores() {
        let older = era.saturating_sub(silicon.era_of(claimed.year));
        if older == 0 {
            continue;
        }
        let recorded = silicon.records().iter().any(|r| r.core == claimed.name);
        let tallies = match (recorded, older) {
            (false, _) => std::slice::from_mut(&mut report.unrecorded[(older - 1).min(1)]),
            (true, 1) => &mut report.one_older[..],
            (true, _) => &mut report.older[..],
        };
        for (tally, hidden) in tallies.iter_mut().zip([None, Some(claimed)]) {
            let forged = evidence(row, claimed.into(), hidden, conditions);
            let judged = judge(&forged, row, profiles);
            count(tally, &judged);
            if older > 1 && !judged.refused {
                let how = hidden.map_or("frankly", |_| "hiding");
                let who = row.processor().describe();
                report
                    .missed
                    .push(format!("{who} as {}, {how}", claimed.name));
            }
        }
    }
}

impl Tally {
    fn count(&mut self, judged: &Judged) {
        self.claims += 1;
        self.refused += u32::from(judged.refused);
        self.unrecorded += u32::from(judged.unrecorded && !judged.refused);
    }
}

/// How one piece of evidence came out.
struct Judged {
    refused: bool,
    unrecorded: bool,
    /// Era of the nearest record, where that is near.
    nearest: Option<usize>,
}

fn judge(evidence: &Evidence, row: &Row<'_>, profiles: &Profiles) -> Judged {
    let seed = Seed::derive("", "");
    let case = Case {
        claim: Claim::default(),
        proof: Proof::Evidence { evidence, seed },
        answered_after_ms: 0,
        chain_age_s: 0,
        year: 0,
        previous: None,
    };
    let subject = Subject::new(&case, evidence, &seed, profiles);
    let mut checks = pipeline::check(&subject);
    checks.extend(simd::check(&subject));
    checks.extend(likeness::check(&subject));
    checks.extend(claim::check(&subject));
    if row.curve.is_some() {
        checks.extend(cache::check(&subject));
    }
    let silicon = &profiles.silicon;
    let nearest = subject
        .near()
        .first()
        .filter(|n| n.distance <= LIKENESS_FAR.value)
        .and_then(|n| silicon.core_named(&n.record.core));
    Judged {
        refused: score(&checks, Aspect::Kind).is_some() && !kind_holds(&checks),
        unrecorded: checks.iter().any(|c| c.code == reason::CORE_WITHOUT_RECORD),
        nearest: nearest.map(|core| silicon.era_of(core.year)),
    }
}

/// Positions among the identification words of x86.
const SIGNATURE: usize = 1;
const MAKER: usize = 11;

/// What a machine says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words<'a> {
    /// Leaf 1 EAX of `CPUID`.
    pub eax: u32,
    /// Twelve letters of leaf 0.
    pub vendor: &'a str,
}

impl<'a> From<&'a Core> for Words<'a> {
    fn from(core: &'a Core) -> Self {
        let vendor = &core.vendor;
        Words {
            eax: eax(core),
            vendor,
        }
    }
}

/// The evidence of a processor; hiding behind a core, only what that could have run. It has the channels that the
/// tables speak of, with a dependent add of one tick.
pub fn evidence(
    row: &Row<'_>,
    said: Words<'_>,
    hidden: Option<&Core>,
    conditions: &Conditions,
) -> Evidence {
    let own = unit(row.measured);
    let unit = match hidden {
        Some(core) if unit_rank(&core.unit) < unit_rank(own) => core.unit.as_str(),
        _ => own,
    };
    let long = row.processor().mode == Mode::X64 && hidden.is_none();
    let sse2 = long || unit_rank(unit) >= unit_rank("sse2");
    let mut words = [0; MAKER + 1];
    words[SIGNATURE] = said.eax;
    words[MAKER] = maker(said.vendor);
    let mut noise = Noise {
        state: u64::from(row.processor().eax) + 1,
        most: conditions.noise,
    };
    let mut cell = |k: &kernel::Kernel| {
        let &[least, _] = row.measured.ratios.get(k.operation)?;
        let loose = k.weight < kernel::FULL;
        let skew = if loose { conditions.skew } else { 1000 };
        let ratio = noise.on(u64::from(least) * skew / 1000 + k.nominal);
        let ratio = u32::try_from(ratio).unwrap_or(u32::MAX);
        // Where the table does not say how the operation overlaps, it does not.
        let apart = row.measured.ratios.get(&*format!("{}_apart", k.operation));
        let each = apart.map_or(ratio, |&[least, _]| noise.on(least.into()) as u32);
        Some([ratio, each, ratio, each])
    };
    let scalar = if sse2 {
        &kernel::MEASURED
    } else {
        &kernel::MEASURED_X87
    };
    let scalar = scalar.iter().map(&mut cell).collect();
    let permutes = unit_rank(unit) >= unit_rank("ssse3");
    let vector = |k: &&kernel::Kernel| permutes || k.operation != "vec_permute";
    let vector: Vec<_> = kernel::MEASURED_VECTOR
        .iter()
        .map(|k| Some(k).filter(vector).and_then(&mut cell))
        .collect();
    let simd = probe_core::channels::simd::Evidence {
        add: [1000; 4],
        digest: 0,
        iterations: 1,
        matrix: vector.into_iter().collect(),
        ticks: 0,
    };
    let pipeline = probe_core::channels::pipeline::Evidence {
        add: [1000; 4],
        digest: 0,
        iterations: 1,
        matrix: scalar,
        ticks: 0,
    };
    Evidence {
        arena: 0,
        branch: None,
        cache: row.curve.map(walked),
        counter: None,
        counter_start: None,
        elapsed_ns: 0,
        elapsed_ticks: 0,
        environment: None,
        fpu: None,
        fresh_code: None,
        identity: IdentityReport {
            architecture: clip(if long { "x86_64" } else { "x86" }),
            backend: clip("table"),
            name: clip(if said.vendor == TRANSMETA {
                "Transmeta"
            } else {
                ""
            }),
            vector_unit: clip(unit),
            words: words.into_iter().collect(),
        },
        jitter: None,
        oscillator: None,
        pipeline: Some(pipeline),
        quick: false,
        quirks: None,
        simd: sse2.then_some(simd),
        thermal: None,
        trap: None,
        version: EVIDENCE_VERSION,
    }
}

/// The vector unit by the instructions that the table has figures for.
fn unit(measured: &Measured<'_>) -> &'static str {
    let units = [
        ("vec_permute", "ssse3"),
        ("vec_shuffle", "sse2"),
        ("fp_add", "sse"),
    ];
    let found = units
        .iter()
        .find(|(operation, _)| measured.ratios.contains_key(operation));
    found.map_or("", |(_, unit)| unit)
}

/// The cache channel's curve, each working set at the next one that the table has.
fn walked(curve: &Curve) -> probe_core::channels::cache::Evidence {
    let at = |i: usize| {
        let bytes = u32::try_from(working_set(i)).ok()?;
        let (_, &cycles) = curve.cycles.range(bytes..).next()?;
        Some([cycles; 4])
    };
    probe_core::channels::cache::Evidence {
        boundaries: [].into_iter().collect(),
        curve: (0..40).map_while(at).collect(),
        digest: 0,
        line: None,
        line_curve: [].into_iter().collect(),
        page: 4096,
        steps: 1,
        ticks: 0,
        tlb: [].into_iter().collect(),
        tlb_reach: [].into_iter().collect(),
    }
}

/// The first four letters of a vendor, as evidence has them.
fn maker(vendor: &str) -> u32 {
    let letters = vendor.as_bytes().first_chunk();
    letters.map_or(0, |letters| u32::from_le_bytes(*letters))
}

/// Leaf 1 EAX of the core's first model (Intel SDM volume 2, `CPUID`).
fn eax(core: &Core) -> u32 {
    let model = core
        .models
        .first()
        .map_or(0, |[first, _]| u32::from(*first));
    let family = u32::from(core.family);
    let (base, extended) = if family > 15 {
        (15, family - 15)
    } else {
        (family, 0)
    };
    extended << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4
}

/// A generator of small changes, the same in every run.
struct Noise {
    state: u64,
    most: u64,
}

impl Noise {
    /// `x`, moved by up to `most` thousandths.
    fn on(&mut self, x: u64) -> u64 {
        // xorshift64: Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let by = self.state % (2 * self.most + 1);
        x * (1000 - self.most + by) / 1000
    }
}

/// The report as text.
pub fn print(report: &Report, silicon: &Silicon) -> String {
    let mut out = String::new();
    let mut line = |text: std::fmt::Arguments<'_>| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{text}");
    };
    let honest = sum(&report.honest);
    line(format_args!(
        "honest: {} processors of {} models, {} accepted as their core, {} by its era (no record is of their core), {} \
         refused: true era accepted {}",
        honest.claims,
        report.honest.len(),
        honest.claims - honest.refused - honest.unrecorded,
        honest.unrecorded,
        honest.refused,
        percent(honest.claims - honest.refused, honest.claims)
    ));
    for name in &report.refused {
        line(format_args!("  refused: {name}"));
    }
    for name in &report.missed {
        line(format_args!("  missed: {name}"));
    }
    let [one_frank, one_hiding] = &report.one_older;
    let [older_frank, older_hiding] = &report.older;
    let [one_unrecorded, older_unrecorded] = &report.unrecorded;
    for (what, by_model) in [
        ("one generation older, frank", one_frank),
        ("one generation older, hiding", one_hiding),
        ("two or more older, frank", older_frank),
        ("two or more older, hiding", older_hiding),
        (
            "one generation older, a core without a record",
            one_unrecorded,
        ),
        (
            "two or more older, a core without a record",
            older_unrecorded,
        ),
    ] {
        let tally = sum(by_model);
        line(format_args!(
            "claims {what}: {} of {} refused ({})",
            tally.refused,
            tally.claims,
            percent(tally.refused, tally.claims)
        ));
    }
    line(format_args!(
        "era of the nearest record, by true era (rows); last, those like none:"
    ));
    let eras = silicon.eras();
    for (row, era) in eras.iter().enumerate() {
        let columns = (0..eras.len()).map(Some).chain([None]);
        let cells: Vec<String> = columns
            .map(|column| report.eras.get(&(row, column)).copied().unwrap_or(0))
            .map(|count| format!("{count:4}"))
            .collect();
        line(format_args!(
            "{} {} from {}: {}",
            cells.concat(),
            row,
            era.from,
            era.name
        ));
    }
    out
}

/// A share in percent with two places, rounded down.
fn percent(part: u32, whole: u32) -> String {
    let hundredths = (u64::from(part) * 10_000).checked_div(u64::from(whole));
    hundredths.map_or(String::from("none"), |h| {
        format!("{}.{:02} %", h / 100, h % 100)
    })
}
