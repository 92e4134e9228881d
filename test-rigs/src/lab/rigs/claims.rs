//! Real numbers under another name: by what the submission claims, by what the identification words say, and by one
//! channel that was edited to fit.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::families::{family, Family};
use crate::lab::here;
use crate::lab::paper::{self, answer, rename, Processor, PROCESSORS, PROFILES};
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

/// Another instruction set in the identification words: class, architecture, vector unit, words.
const FOREIGN: [(&str, &str, &str, &[u32]); 5] = [
    ("g4", "powerpc", "altivec", &[0x8000_0201]),
    ("ultrasparc", "sparc64", "", &[]),
    ("68040", "m68k", "", &[0, 0, 0, 0, 68_040]),
    ("strongarm", "arm", "", &[0x4400_a114]),
    ("vax", "vax", "", &[]),
];

/// Channels that are edited, one at a time.
const CHANNELS: [&str; 7] = [
    "pipeline",
    "cache",
    "counter",
    "fresh_code",
    "trap",
    "branch",
    "jitter",
];

/// A family to edit towards, by class.
const EDITED: [(&str, &str); 3] = [
    ("g4", "PowerPC 7450"),
    ("ultrasparc", "UltraSPARC II"),
    ("68040", "68040"),
];

const NAME: &str = "by name: ";
const FOREIGN_WORDS: &str = "other instruction set by words: ";
const EDIT: &str = "other instruction set, one channel edited: ";
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
         (of another instruction set, or of an older x86 core with records that is paid more), with one channel taken from the other \
         machine. Hiding: everything that the claimed core could not have run is left out"
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
        let runs = size.pick(1, 2);
        for processor in PROCESSORS.iter().step_by(size.pick(8, 1)) {
            let unit = processor.name();
            for (class, _) in NAMES
                .iter()
                .filter(|(class, _)| *class != processor.class(year))
            {
                for run in 0..runs {
                    tasks.push(task(
                        format!("{NAME}{class}"),
                        unit.clone(),
                        run,
                        (*class).into(),
                    ));
                }
            }
            for (class, ..) in FOREIGN {
                for run in 0..runs {
                    tasks.push(task(
                        format!("{FOREIGN_WORDS}{class}"),
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
                (FOREIGN_WORDS, FOREIGN.map(|(class, ..)| class).to_vec()),
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
        // A few processors are enough to see which channel gives an edit away.
        for processor in PROCESSORS.iter().step_by(size.pick(70, 6)) {
            for (class, _) in EDITED {
                for channel in CHANNELS {
                    let way = format!("{EDIT}{channel}: {class}");
                    tasks.push(task(way, processor.name(), 0, class.into()));
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
        if way.starts_with(FOREIGN_WORDS) || way.starts_with(EDIT) {
            let known = FOREIGN.iter().find(|(c, ..)| c == class);
            let &(_, architecture, unit, words) = known.ok_or("no such instruction set")?;
            rename(&mut evidence, architecture, unit, words);
            if unit.is_empty() {
                evidence.simd = None;
            }
            claim = said(class);
        }
        if let Some((channel, _)) = way
            .strip_prefix(EDIT)
            .and_then(|rest| rest.split_once(": "))
        {
            let name = EDITED
                .iter()
                .find(|(c, _)| c == class)
                .map(|(_, name)| *name);
            let other = name.and_then(family).ok_or("no such simulated machine")?;
            edit(&mut evidence, channel, other, bench);
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

/// Takes one channel from another machine.
fn edit(evidence: &mut Evidence, channel: &str, other: &Family, bench: &mut Bench<'_>) {
    // Its digests are bound with all the others.
    let seed = probe_core::seed::Seed::derive("", "");
    let other = other.evidence(&seed, &mut bench.random);
    let [own, its] = [paper::add(evidence), paper::add(&other)].map(u64::from);
    let scale = |value: u32| u32::try_from(u64::from(value) * own / its.max(1)).unwrap_or(u32::MAX);
    match channel {
        "pipeline" => {
            let from = other.pipeline.as_ref().map(|p| p.matrix.clone());
            let scaled = from.map(|matrix| {
                let row = |cell: [u32; 4]| [scale(cell[0]), scale(cell[1]), cell[2], cell[3]];
                matrix.iter().map(|cell| cell.map(row)).collect()
            });
            if let (Some(to), Some(matrix)) = (&mut evidence.pipeline, scaled) {
                to.matrix = matrix;
            }
        }
        "cache" => {
            let from = other
                .cache
                .as_ref()
                .map(|c| c.curve.clone())
                .unwrap_or_default();
            let scaled: Vec<_> = from.iter().map(|spread| spread.map(scale)).collect();
            if let (Some(to), Some(&far)) = (&mut evidence.cache, scaled.last()) {
                let whole = scaled.iter().copied().chain(std::iter::repeat(far));
                for (point, cost) in to.curve.iter_mut().zip(whole) {
                    *point = cost;
                }
            }
        }
        "counter" => evidence.counter = other.counter,
        "fresh_code" => {
            let scaled = other
                .fresh_code
                .map(|f| [f.first, f.again, f.rewritten].map(|s| s.map(scale)));
            if let (Some(to), Some([first, again, rewritten])) = (&mut evidence.fresh_code, scaled)
            {
                (to.first, to.again, to.rewritten) = (first, again, rewritten);
            }
        }
        "trap" => evidence.trap = None,
        "branch" => evidence.branch = None,
        _ => evidence.jitter = None,
    }
    paper::settle(evidence);
}
