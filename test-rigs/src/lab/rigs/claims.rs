//! Real numbers under another name: by what the submission claims, by what the identification words say, and by one
//! channel that was edited to fit.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::families::family;
use crate::lab::here;
use crate::lab::paper::{self, answer, rename, Processor, LATENCIES, PROCESSORS, PROFILES};
use crate::lab::record::{Claimed, Goal, Origin};
use crate::lab::year;
use probe_core::evidence::Evidence;
use verdigris_node::silicon::cross::Words;
use verdigris_node::verdict::silicon::Core;

/// The rig.
#[derive(Debug)]
pub struct Claims;

/// What is claimed: class, and as the existing network's clients say it.
const NAMES: [(&str, Said); 7] = [
    ("486", ["x86", "486", "Intel 80486", "Intel 486"]),
    (
        "pentium_iii",
        ["x86", "pentium3", "Pentium III", "Intel Pentium III"],
    ),
    ("g4", ["PowerPC", "g4", "PowerMac G4", "PowerPC G4 7450"]),
    (
        "ultrasparc",
        ["SPARC", "ultrasparc", "Ultra 10", "UltraSPARC II"],
    ),
    ("68040", ["M68K", "68040", "Quadra 700", "68040"]),
    ("strongarm", ["ARM", "strongarm", "iPAQ", "StrongARM"]),
    ("vax", ["VAX", "vax", "VAX-11/780", "VAX"]),
];

/// Family, class, model, processor.
type Said = [&'static str; 4];

/// Another instruction set in the identification words.
struct Foreign {
    class: &'static str,
    architecture: &'static str,
    /// The vector unit.
    unit: &'static str,
    words: &'static [u32],
    /// A simulated machine to take channels from; none where nobody has one.
    like: Option<&'static str>,
}

const FOREIGN: [Foreign; 5] = [
    Foreign {
        class: "g4",
        architecture: "powerpc",
        unit: "altivec",
        words: &[0x8000_0201],
        like: Some("PowerPC 7450"),
    },
    Foreign {
        class: "ultrasparc",
        architecture: "sparc64",
        unit: "",
        words: &[],
        like: Some("UltraSPARC II"),
    },
    Foreign {
        class: "68040",
        architecture: "m68k",
        unit: "",
        words: &[0, 0, 0, 0, 68_040],
        like: Some("68040"),
    },
    Foreign {
        class: "strongarm",
        architecture: "arm",
        unit: "",
        words: &[0x4401_a104, 0, 0, 4],
        like: Some("StrongARM"),
    },
    Foreign {
        class: "vax",
        architecture: "vax",
        unit: "",
        words: &[],
        like: None,
    },
];

/// Old x86 in the identification words of processors of today: class and core.
const OLD_X86: [(&str, &str); 2] = [("486", "486"), ("pentium_iii", "Pentium III")];

/// The first year of processors that count as of today.
const TODAY: u16 = 2008;

/// Channels that are edited, one at a time.
const CHANNELS: [&str; 9] = [
    "pipeline",
    "simd",
    "cache",
    "counter",
    "fresh_code",
    "quirks",
    "trap",
    "branch",
    "jitter",
];

const NAME: &str = "by name: ";
const FOREIGN_WORDS: &str = "other instruction set by words: ";
const EDIT: &str = "other instruction set, one channel edited: ";
const HIDING: &str = "other instruction set, hiding: ";
const OLD_WORDS: &str = "old x86 by words: ";
const OLD_EDIT: &str = "old x86, one channel edited: ";
/// Claims of x86 among x86, by how many generations the claimed core is older, frankly or hiding.
const OLDER: [[&str; 2]; 2] = [
    [
        "one generation older, frankly",
        "one generation older, hiding",
    ],
    ["two or more older, frankly", "two or more older, hiding"],
];

impl Rig for Claims {
    fn name(&self) -> &'static str {
        "claims"
    }

    fn about(&self) -> &'static str {
        "Processors of the tables that claim to be others: in the submission's own words, in the identification words \
         (of another instruction set, at the processor's own clock; of an older x86 core with records that is paid more; \
         processors of today as old x86), with one channel taken from the other machine. Hiding: everything that the claimed core \
         could not have run is left out; of another instruction set also: its counter at its rate, its vector unit, its answers \
         to value probes as documented, and its stale code"
    }

    fn cost(&self) -> &'static str {
        "one line of the miner; for one edited channel, the published figures of the other machine"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let mut tasks = Vec::new();
        let task = |way: String, unit: String, run: u32, class: String| Task {
            goal: Goal::Class(class),
            ..Task::attack(way, unit, run, Origin::Replayed)
        };
        let year = year();
        let runs = size.pick(1, 8);
        for processor in PROCESSORS.iter().step_by(size.pick(8, 1)) {
            let unit = processor.name();
            let names = NAMES.iter().map(|(class, _)| (NAME, *class));
            let names = names.filter(|(_, class)| *class != processor.class(year));
            let words = FOREIGN.iter().map(|f| (FOREIGN_WORDS, f.class));
            let like = FOREIGN.iter().filter(|f| f.like.is_some());
            let hiding = like.map(|f| (HIDING, f.class));
            for (way, class) in names.chain(words).chain(hiding) {
                for run in 0..runs {
                    tasks.push(task(
                        format!("{way}{class}"),
                        unit.clone(),
                        run,
                        class.into(),
                    ));
                }
            }
        }
        // This machine, as on metal, claims all of them as well.
        if here::class(year).is_some() {
            let ways = [
                (NAME, NAMES.map(|(class, _)| class).to_vec()),
                (FOREIGN_WORDS, FOREIGN.map(|f| f.class).to_vec()),
            ];
            for (way, classes) in ways {
                for class in classes.into_iter().take(size.pick(1, usize::MAX)) {
                    let task = task(format!("{way}{class}"), here::UNIT.into(), 0, class.into());
                    tasks.push(Task {
                        origin: Origin::Edited,
                        alone: true,
                        ..task
                    });
                }
            }
        }
        for processor in PROCESSORS.iter().step_by(size.pick(70, 1)) {
            let like = FOREIGN.iter().filter(|f| f.like.is_some());
            for (class, channel) in like.flat_map(|f| CHANNELS.map(|c| (f.class, c))) {
                for run in 0..size.pick(1, 2) {
                    let way = format!("{EDIT}{channel}: {class}");
                    tasks.push(task(way, processor.name(), run, class.into()));
                }
            }
        }
        let today = PROCESSORS.iter().filter(|p| p.core.year >= TODAY);
        for processor in today.step_by(size.pick(24, 1)) {
            for (class, core) in OLD_X86 {
                for run in 0..size.pick(1, 12) {
                    let way = format!("{OLD_WORDS}{class}");
                    tasks.push(task(way, processor.name(), run, class.into()));
                }
                let Some(old) = of_core(core) else { continue };
                for channel in CHANNELS {
                    for run in 0..size.pick(1, 2) {
                        let way = format!("{OLD_EDIT}{channel}: {}", old.name());
                        tasks.push(task(way, processor.name(), run, class.into()));
                    }
                }
            }
        }
        for processor in PROCESSORS.iter().step_by(size.pick(24, 1)) {
            let own = paper::worth(processor.core, year);
            for (older, claimed) in older(processor) {
                // A name that pays no more is no attack, and cannot be told from what a disbelieved one is paid as.
                if paper::worth(claimed, year) <= own {
                    continue;
                }
                for way in OLDER[older.min(2) - 1] {
                    let way = format!("{way}: {}", claimed.name);
                    let class = paper::class(claimed, year);
                    tasks.push(task(way, processor.name(), 0, class));
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let processor = PROCESSORS.iter().find(|p| p.name() == task.unit);
        let Goal::Class(class) = &task.goal else {
            return Err("a claim without a class".into());
        };
        let wallet = bench.stranger("claimant");
        let (challenge, seed) = bench.challenge(&wallet)?;
        let mut claim = None;
        let mut evidence = match processor {
            Some(processor) => processor.evidence(&mut bench.random),
            None => here::measure_on_metal(seed)?,
        };
        let way = task.variant.as_str();
        if way.starts_with(NAME) {
            claim = said(class);
        } else if way.starts_with("old x86") {
            let old = OLD_X86.iter().find(|(c, _)| c == class);
            let old = old.and_then(|(_, core)| PROFILES.silicon.core_named(core));
            let old = old.ok_or("no such core")?;
            let processor = processor.ok_or("no such processor in the tables")?;
            evidence = processor.evidence_as(Words::from(old), Some(old), &mut bench.random);
        } else if let Some((_, claimed)) =
            way.split_once(": ").filter(|_| !way.starts_with("other"))
        {
            let core = PROFILES.silicon.core_named(claimed).ok_or("no such core")?;
            let hidden = Some(core).filter(|_| way.contains("hiding"));
            let words = Words::from(core);
            let processor = processor.ok_or("no such processor in the tables")?;
            evidence = processor.evidence_as(words, hidden, &mut bench.random);
        }
        answer(&mut evidence, &seed);
        if way.starts_with("other instruction set") {
            let foreign = FOREIGN.iter().find(|f| f.class == class);
            let foreign = foreign.ok_or("no such instruction set")?;
            if let Some(processor) = processor {
                own_clock(&mut evidence, processor);
            }
            rename(
                &mut evidence,
                foreign.architecture,
                foreign.unit,
                foreign.words,
            );
            if foreign.unit.is_empty() {
                evidence.simd = None;
            }
            claim = said(class);
            let other = foreign.like.and_then(family);
            let other = other.map(|other| other.evidence(&seed, &mut bench.random));
            let channel = way.strip_prefix(EDIT).and_then(|w| w.split_once(": "));
            if let (Some((channel, _)), Some(other)) = (channel, &other) {
                edit(&mut evidence, channel, other);
            }
            if let (true, Some(other)) = (way.starts_with(HIDING), &other) {
                hide(&mut evidence, other);
            }
        }
        if let Some((channel, name)) = way
            .strip_prefix(OLD_EDIT)
            .and_then(|rest| rest.split_once(": "))
        {
            let other = PROCESSORS.iter().find(|p| p.name() == name);
            let other = other.ok_or("no such processor in the tables")?;
            let mut other = other.evidence(&mut bench.random);
            answer(&mut other, &seed);
            edit(&mut evidence, channel, &other);
        }
        bind(&mut evidence, &seed);
        bench.present(&wallet, &challenge, &evidence, claim.as_ref())
    }
}

/// What is said to be of a class.
fn said(class: &str) -> Option<Claimed> {
    let (_, [family, arch, model, cpu]) = NAMES.iter().find(|(c, _)| *c == class)?;
    Some(Claimed {
        family: (*family).into(),
        arch: (*arch).into(),
        model: (*model).into(),
        cpu: (*cpu).into(),
    })
}

/// Cores with records that are older, by how many generations.
fn older(processor: &Processor) -> Vec<(usize, &'static Core)> {
    let silicon = &PROFILES.silicon;
    let recorded = |core: &&Core| silicon.records().iter().any(|r| r.core == core.name);
    let cores = silicon.cores().iter().filter(recorded);
    let era = processor.era();
    cores
        .map(|core| (era.saturating_sub(silicon.era_of(core.year)), core))
        .filter(|(older, _)| *older > 0)
        .collect()
}

/// A processor of the tables with this core.
fn of_core(core: &str) -> Option<&'static Processor> {
    PROCESSORS.iter().find(|p| p.core.name == core)
}

/// Where a table does not say at what clock a processor ran: those are of 2009 and later.
const UNSTATED_MHZ: f64 = 3_000.0;

/// What a dependent add takes on a processor of the tables, picoseconds: its cycles at the clock that it was measured at.
fn add_ps(processor: &Processor) -> f64 {
    let of = processor.row.measured.processor;
    let columns = |line: &'static str| line.split(',').collect::<Vec<_>>();
    let mut lines = LATENCIES.lines().map(columns);
    let head = lines.next().unwrap_or_default();
    let column = |name: &str| head.iter().position(|n| *n == name);
    let cell = |line: &[&str], name: &str| {
        let cell = column(name).and_then(|i| line.get(i).copied());
        cell.unwrap_or_default().to_owned()
    };
    let signature = format!("{:08x}", of.eax);
    let mode = format!("{:?}", of.mode);
    let line = lines.find(|line| {
        cell(line, "name") == of.name
            && cell(line, "signature").eq_ignore_ascii_case(&signature)
            && cell(line, "mode").eq_ignore_ascii_case(&mode)
    });
    let number = |name: &str| {
        line.as_ref()
            .and_then(|l| cell(l, name).parse::<f64>().ok())
    };
    let mhz = number("mhz").filter(|mhz| *mhz > 0.0);
    number("add32_lat").unwrap_or(1.0) * 1e6 / mhz.unwrap_or(UNSTATED_MHZ)
}

/// Lets the probe take as long as it would have at the processor's own clock. The curve over heat is left out: it is
/// most of the time, and says nothing here.
fn own_clock(evidence: &mut Evidence, processor: &Processor) {
    if let Some(thermal) = evidence.thermal.take() {
        evidence.elapsed_ticks -= thermal.ticks;
    }
    let ps_in_tick = add_ps(processor) * 1e3 / f64::from(paper::add(evidence));
    let ns = |ticks: u64| (ticks as f64 * ps_in_tick / 1e3) as u64;
    evidence.elapsed_ns = ns(evidence.elapsed_ticks);
    let elapsed = evidence.elapsed_ticks;
    for [ticks, at] in evidence.oscillator.iter_mut().flat_map(|o| &mut o.clock) {
        *ticks = (*ticks).min(elapsed);
        *at = ns(*ticks);
    }
}

/// Everything that is easily taken from the other machine, beside its pipeline and its caches: vectors, values, the
/// counter by name and rate, and how its fresh code behaves.
fn hide(evidence: &mut Evidence, other: &Evidence) {
    for channel in ["simd", "quirks", "fresh_code"] {
        edit(evidence, channel, other);
    }
    (evidence.trap, evidence.environment) = (None, None);
    recount(evidence, other);
}

/// Counts by the other machine's counter: every cost in its ticks.
fn recount(evidence: &mut Evidence, other: &Evidence) {
    let [from, to] = [&*evidence, other]
        .map(|e| u128::from(e.elapsed_ticks) * 1_000_000_000 / u128::from(e.elapsed_ns.max(1)));
    let count =
        |value: u64| u64::try_from(u128::from(value) * to / from.max(1)).unwrap_or(u64::MAX);
    let cost = |value: u32| u32::try_from(count(value.into())).unwrap_or(u32::MAX);
    let e = evidence;
    e.elapsed_ticks = count(e.elapsed_ticks);
    e.counter = other.counter.clone();
    if let Some(counter) = &mut e.counter {
        counter.ticks = counter.ticks.min(e.elapsed_ticks / 64);
    }
    if let Some(p) = &mut e.pipeline {
        (p.add, p.ticks) = (p.add.map(cost), count(p.ticks));
        for row in p.matrix.iter_mut().flatten() {
            (row[0], row[1]) = (cost(row[0]), cost(row[1]));
        }
    }
    if let Some(s) = &mut e.simd {
        (s.add, s.ticks) = (s.add.map(cost), count(s.ticks));
        for row in s.matrix.iter_mut().flatten() {
            (row[0], row[1]) = (cost(row[0]), cost(row[1]));
        }
    }
    if let Some(c) = &mut e.cache {
        c.ticks = count(c.ticks);
        for point in c.curve.iter_mut() {
            *point = point.map(cost);
        }
    }
    if let Some(f) = &mut e.fresh_code {
        f.ticks = count(f.ticks);
        for spread in [&mut f.first, &mut f.again, &mut f.rewritten] {
            *spread = spread.map(cost);
        }
    }
    if let Some(q) = &mut e.quirks {
        q.ticks = 0;
    }
    // Channels that decide nothing here.
    (e.branch, e.fpu, e.jitter, e.oscillator) = (None, None, None, None);
}

/// Takes one channel whole from another machine, its costs scaled to the own add.
fn edit(evidence: &mut Evidence, channel: &str, other: &Evidence) {
    let [own, its] = [&*evidence, other].map(|e| u64::from(paper::add(e)));
    let scale = |value: u32| u32::try_from(u64::from(value) * own / its.max(1)).unwrap_or(u32::MAX);
    let row = |cell: [u32; 4]| [scale(cell[0]), scale(cell[1]), cell[2], cell[3]];
    match channel {
        "pipeline" => {
            if let (Some(to), Some(from)) = (&mut evidence.pipeline, &other.pipeline) {
                to.matrix = from.matrix.iter().map(|cell| cell.map(row)).collect();
            }
        }
        "simd" => {
            evidence.simd = other.simd.clone();
            if let Some(simd) = &mut evidence.simd {
                (simd.add, simd.ticks) = (simd.add.map(scale), 0);
                simd.matrix = simd.matrix.iter().map(|cell| cell.map(row)).collect();
            }
        }
        "cache" => {
            let from = other.cache.iter().flat_map(|c| &c.curve);
            let scaled: Vec<_> = from.map(|spread| spread.map(scale)).collect();
            if let (Some(to), Some(&far)) = (&mut evidence.cache, scaled.last()) {
                let whole = scaled.iter().copied().chain(std::iter::repeat(far));
                for (point, cost) in to.curve.iter_mut().zip(whole) {
                    *point = cost;
                }
            }
        }
        "counter" => evidence.counter = other.counter.clone(),
        "fresh_code" => {
            if let (Some(to), Some(from)) = (&mut evidence.fresh_code, &other.fresh_code) {
                let spreads = [from.first, from.again, from.rewritten];
                [to.first, to.again, to.rewritten] = spreads.map(|s| s.map(scale));
                // The plan decides how many rounds there are.
                let all = |some: u16| if some > 0 { to.stale_rounds } else { 0 };
                (to.stale, to.held) = (all(from.stale), all(from.held));
            }
        }
        "quirks" => evidence.quirks = other.quirks.clone(),
        "trap" => evidence.trap = None,
        "branch" => evidence.branch = None,
        _ => evidence.jitter = None,
    }
    paper::settle(evidence);
}
