//! Evidence by pen and paper: what a processor would have sent, written down without running anything.
//!
//! The same tools serve both sides. The processors of the tables of measurements become honest subjects, because nobody
//! here has them; a forger uses them because nothing hinders him. That the two are alike is a finding, not an accident.

mod agree;

pub use agree::{agree, derive, settle, step};

use agree::{whole_spread, TRAPS};
use probe_core::channels::environment::{self, Fact};
use probe_core::channels::{cache, quirks};
use probe_core::evidence::{clip, Evidence, Spread, MIN};
use probe_core::seed::{Seed, Stream};
use std::sync::LazyLock;
use verdigris_node::silicon::cross::{self, Conditions, LeaveOut, Row, Words};
use verdigris_node::silicon::derive::{self, Measured};
use verdigris_node::silicon::table::{self, Curve, Latencies};
use verdigris_node::verdict::antiquity::Class;
use verdigris_node::verdict::silicon::Core;
use verdigris_node::verdict::Profiles;

/// Cycles by instruction, as published.
pub const LATENCIES: &str = include_str!("../../../node/data/measured/x86-silicon-latency.csv");
/// Cycles by working set, as published.
pub const MEMORY: &str = include_str!("../../../node/data/measured/x86-silicon-memory.csv");
/// A Zen 5 under KVM, recorded by the real prober.
const GUEST: &str = include_str!("../../../node/tests/data/evidence-zen5-kvm.json");

/// How far every figure of a table is moved, thousandths: as `verdigris-node silicon evaluate` does.
pub const NOISE: u32 = 30;

/// What the node knows, for looking cores up and naming classes.
pub static PROFILES: LazyLock<Profiles> = LazyLock::new(Profiles::builtin);

static LINES: LazyLock<Vec<Latencies>> =
    LazyLock::new(|| table::latencies(LATENCIES).expect("a table of the node"));
static CURVES: LazyLock<Vec<Curve>> =
    LazyLock::new(|| table::curves(MEMORY).expect("a table of the node"));
static MEASURED: LazyLock<Vec<Measured<'static>>> = LazyLock::new(|| derive::ratios(&LINES));

/// A real x86 processor of the tables.
#[derive(Debug, Clone)]
pub struct Processor {
    /// Its latencies, and its loads by working set: its own, or those of a dump of the same model.
    pub row: Row<'static>,
    /// Its core.
    pub core: &'static Core,
}

/// Every processor of the tables whose core is known.
pub static PROCESSORS: LazyLock<Vec<Processor>> = LazyLock::new(|| {
    let model =
        |p: &table::Processor| (p.vendor.clone(), p.signature().family, p.signature().model);
    let rows = cross::rows(&MEASURED, &CURVES).into_iter();
    rows.filter_map(|mut row| {
        let processor = row.measured.processor;
        let alike = || {
            CURVES
                .iter()
                .find(|c| model(&c.processor) == model(processor))
        };
        row.curve = row.curve.or_else(alike);
        let core = PROFILES
            .silicon
            .core(&processor.vendor, processor.signature())?;
        Some(Processor { row, core })
    })
    .collect()
});

impl Processor {
    /// What tells it from the others.
    pub fn name(&self) -> String {
        self.row.measured.processor.describe()
    }

    /// The class that its core is paid as in `year`, where its kind is proven.
    pub fn class(&self, year: u16) -> String {
        class(self.core, year)
    }

    /// The generation of its core.
    pub fn era(&self) -> usize {
        PROFILES.silicon.era_of(self.core.year)
    }

    /// What it would have sent under its own name, every figure moved by up to [`NOISE`].
    pub fn evidence(&self, random: &mut Stream) -> Evidence {
        let processor = self.row.measured.processor;
        let words = Words {
            eax: processor.eax,
            vendor: &processor.vendor,
        };
        self.evidence_as(words, None, random)
    }

    /// The same without agreement: see [`draft`].
    pub fn draft(&self, random: &mut Stream) -> Evidence {
        let processor = self.row.measured.processor;
        let words = Words {
            eax: processor.eax,
            vendor: &processor.vendor,
        };
        let mut evidence = draft(&self.row, self.core, words, None, random);
        settle(&mut evidence);
        evidence
    }

    /// The same under other identification words; hiding behind a core, only what that could have run.
    pub fn evidence_as(
        &self,
        words: Words<'_>,
        hidden: Option<&Core>,
        random: &mut Stream,
    ) -> Evidence {
        write(&self.row, self.core, words, hidden, random)
    }
}

/// Writes down what a processor of a core with these latencies would have sent, under any identification words; hiding
/// behind a core, only what that could have run. Everything that the tables do not speak of is the recorded Zen 5's, made
/// to agree with them.
pub fn write(
    row: &Row<'_>,
    core: &Core,
    words: Words<'_>,
    hidden: Option<&Core>,
    random: &mut Stream,
) -> Evidence {
    let mut evidence = draft(row, core, words, hidden, random);
    agree(&mut evidence, &metal());
    evidence
}

/// The same without agreement: what is sent twice is the table's in one place and the Zen 5's in the other.
pub fn draft(
    row: &Row<'_>,
    core: &Core,
    words: Words<'_>,
    hidden: Option<&Core>,
    random: &mut Stream,
) -> Evidence {
    let conditions = Conditions {
        leave: LeaveOut::Nothing,
        noise: 0,
        skew: 1000,
    };
    let table = cross::evidence(row, words, hidden, &conditions);
    let mut evidence = metal();
    let add = add(&evidence);
    evidence.identity = table.identity;
    // What the table gives in thousandths of an add, in ticks of the machine that the rest comes from.
    let scale = |ratio: u32| (u64::from(ratio) * u64::from(add) / 1000) as u32;
    let mut rewrite = |matrix: &[Option<[u32; 4]>]| -> Vec<Option<[u32; 4]>> {
        let mut moved_row = |cell: [u32; 4]| {
            let [latency, throughput] = [moved(cell[2], random), moved(cell[3], random)];
            [scale(latency), scale(throughput), latency, throughput]
        };
        matrix.iter().map(|cell| cell.map(&mut moved_row)).collect()
    };
    if let (Some(to), Some(from)) = (&mut evidence.pipeline, &table.pipeline) {
        // The add is the unit of all the others, and stays.
        let first = to.matrix.first().copied().flatten();
        to.matrix = rewrite(&from.matrix).into_iter().collect();
        if let Some(row) = to.matrix.first_mut() {
            *row = first;
        }
    }
    match (&mut evidence.simd, &table.simd) {
        (Some(to), Some(from)) => to.matrix = rewrite(&from.matrix).into_iter().collect(),
        (to, _) => *to = None,
    }
    if let Some(to) = &mut evidence.cache {
        let curve = match &table.cache {
            Some(from) => from.curve.iter().map(|s| in_adds(row, s[MIN])).collect(),
            None => capacities(row, core),
        };
        let far = curve.last().copied().unwrap_or(1000);
        let whole = curve.into_iter().chain(std::iter::repeat(far));
        for (point, cycles) in to.curve.iter_mut().zip(whole) {
            *point = spread(scale(moved(cycles, random)));
        }
    }
    if let (Some(to), Some(&[least, _])) = (&mut evidence.trap, row.measured.ratios.get("identify"))
    {
        to.identify = spread(scale(moved(least, random)));
    }
    evidence
}

/// Thousandths of a cycle as thousandths of the processor's add: the first Pentium 4s do two in a cycle.
fn in_adds(row: &Row<'_>, cycles: u32) -> u32 {
    let line = LINES
        .iter()
        .find(|l| l.processor == *row.measured.processor);
    let add = line
        .and_then(|l| l.latency.get("add32"))
        .copied()
        .unwrap_or(1000);
    (u64::from(cycles) * 1000 / u64::from(add.max(1))) as u32
}

/// Where its loads were not measured: thousandths of an add by working set, from its core's capacities. Four
/// times the nearest load beyond the first level, forty times in memory.
fn capacities(row: &Row<'_>, core: &Core) -> Vec<u32> {
    let near = row.measured.ratios.get("load").map_or(4000, |b| b[0]);
    let ends = [&core.l1_kib, &core.l2_kib].map(|sizes| sizes.first().copied());
    let [first, second] = ends.map(|kib| u64::from(kib.unwrap_or(0)) * 1024);
    let at = |i: usize| match cache::working_set(i) {
        bytes if bytes <= first => near,
        bytes if bytes <= second => 4 * near,
        _ => 40 * near,
    };
    (0..40).map(at).collect()
}

/// The class that a core is paid as in `year`, where its kind is proven.
pub fn class(core: &Core, year: u16) -> String {
    aged(core, year).map_or_else(|| core.class.clone(), |c| c.key.clone())
}

/// What that class is paid, in weight units.
pub fn worth(core: &Core, year: u16) -> u64 {
    aged(core, year).map_or(0, |c| c.base_units)
}

fn aged(core: &Core, year: u16) -> Option<&'static Class> {
    PROFILES.antiquity.aged(&core.class, core.year, year)
}

/// Adds that an identification takes on the Zen 5 of the processor table.
const IDENTIFY_ZEN5: u32 = 127;

/// Positions among the identification words of x86-64: leaf 1 ECX, and the hypervisor's leaf.
const FEATURES: usize = 3;
const HYPERVISOR_LEAF: usize = 10;
/// Leaf 1 ECX bit 31: reserved for hypervisors (Intel SDM volume 2, `CPUID`).
const HYPERVISOR: u32 = 1 << 31;

/// The recorded Zen 5 as it would be on metal.
pub fn metal() -> Evidence {
    let mut evidence = serde_json::from_str(GUEST).expect("recorded evidence");
    as_on_metal(&mut evidence);
    evidence
}

/// Takes out of a guest's evidence what the hypervisor did to it: its bit, its leaf, its name, its facts, and the cost
/// of leaving for it.
pub fn as_on_metal(evidence: &mut Evidence) {
    unmark(evidence);
    let cost = IDENTIFY_ZEN5 * add(evidence);
    let step = step(evidence);
    if let Some(trap) = &mut evidence.trap {
        trap.identify = whole_spread(spread(cost), TRAPS, step);
    }
}

/// Takes every mark of a hypervisor out: its bit, its leaf, and whatever the system names it by.
pub fn unmark(evidence: &mut Evidence) {
    if let Some(word) = evidence.identity.words.get_mut(FEATURES) {
        *word &= !HYPERVISOR;
    }
    if let Some(word) = evidence.identity.words.get_mut(HYPERVISOR_LEAF) {
        *word = 0;
    }
    let facts = [
        ("dmi.sys_vendor", "ASUSTeK COMPUTER INC."),
        ("dmi.product_name", "System Product Name"),
        ("os", "linux"),
    ];
    let facts = facts.map(|(key, value)| Fact::new(key, value));
    evidence.environment = Some(environment::Evidence::gather(&facts));
}

/// Whether a hypervisor announces itself.
pub fn is_guest(evidence: &Evidence) -> bool {
    let word = evidence.identity.words.get(FEATURES);
    evidence.identity.architecture.starts_with("x86") && word.is_some_and(|w| w & HYPERVISOR != 0)
}

/// The dependent add, milliticks.
pub fn add(evidence: &Evidence) -> u32 {
    evidence.pipeline.as_ref().map_or(1000, |p| p.add[MIN])
}

/// Moves every latency of evidence by up to [`NOISE`], the add excepted, which is their unit.
pub fn jittered(evidence: &mut Evidence, random: &mut Stream) {
    let before = evidence.clone();
    let mut row = |cell: &mut Option<[u32; 4]>| {
        if let Some(cell) = cell {
            let by = 1000 - NOISE + random.below(2 * NOISE + 1);
            *cell = cell.map(|value| scaled(value, by));
        }
    };
    if let Some(p) = &mut evidence.pipeline {
        p.matrix.iter_mut().skip(1).for_each(&mut row);
    }
    if let Some(s) = &mut evidence.simd {
        s.matrix.iter_mut().for_each(&mut row);
    }
    for point in evidence.cache.iter_mut().flat_map(|c| &mut c.curve) {
        let by = 1000 - NOISE + random.below(2 * NOISE + 1);
        *point = point.map(|value| scaled(value, by));
    }
    agree(evidence, &before);
}

/// So many thousandths of a value.
fn scaled(value: u32, by: u32) -> u32 {
    (u64::from(value) * u64::from(by) / 1000) as u32
}

/// A value moved by up to [`NOISE`] thousandths.
fn moved(value: u32, random: &mut Stream) -> u32 {
    scaled(value, 1000 - NOISE + random.below(2 * NOISE + 1))
}

/// A minimum and quartiles that rise from it as those of quiet machines do, by a few thousandths.
pub fn spread(least: u32) -> Spread {
    let above = |thousandths: u32| least.saturating_add(least / 1000 * thousandths);
    [least, above(2), above(4), above(12)]
}

/// Answers the value probes of the challenge as this machine's own processor does: who has any x86 processor runs the
/// instructions instead of inventing their results. Elsewhere, as a table of twelve bits would.
pub fn answer(evidence: &mut Evidence, seed: &Seed) {
    let asked = evidence.identity.architecture.as_str();
    evidence.quirks = match asked {
        "x86_64" | "x86" if cfg!(target_arch = "x86_64") => {
            quirks::run(&mut probe_arch::Native::new(), seed)
        }
        "x86_64" | "x86" => {
            let mut machine = crate::sim::Simulated::new(crate::sim::presets::zen(), 0);
            quirks::run(&mut machine, seed)
        }
        _ => None,
    };
    if let Some(quirks) = &mut evidence.quirks {
        // It runs within microseconds; the time that the evidence has for it is enough.
        quirks.ticks = 0;
    }
}

/// Names another processor in the identification words.
pub fn rename(evidence: &mut Evidence, architecture: &str, unit: &str, words: &[u32]) {
    evidence.identity.architecture = clip(architecture);
    evidence.identity.vector_unit = clip(unit);
    evidence.identity.name = clip("");
    evidence.identity.words = words.iter().copied().collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bind::bind;
    use verdigris_node::verdict::{judge, Case, Claim, Proof};

    #[test]
    fn processors_of_the_tables_become_evidence_that_holds_together() {
        assert!(PROCESSORS.len() > 130, "{}", PROCESSORS.len());
        let seed = Seed::derive("a nonce", "a miner");
        let mut random = seed.stream(0);
        let mut silicon = 0;
        for processor in PROCESSORS.iter() {
            let mut evidence = processor.evidence(&mut random);
            answer(&mut evidence, &seed);
            bind(&mut evidence, &seed);
            let case = Case {
                claim: Claim::default(),
                proof: Proof::Evidence {
                    evidence: &evidence,
                    seed,
                },
                answered_after_ms: evidence.elapsed_ns / 1_000_000 + 1,
                chain_age_s: 0,
                year: 2026,
                previous: None,
            };
            let verdict = judge(&case, &PROFILES);
            assert!(verdict.integrity, "{}: {verdict:#?}", processor.name());
            silicon += u32::from(verdict.physical);
        }
        // That each is silicon is the laboratory's to find out; that most are, says that the paper is good.
        assert!(silicon * 10 > PROCESSORS.len() as u32 * 9, "{silicon}");
    }
}
