//! Numbers from generators: nothing was measured.

mod noise;

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::families::{family, FAMILIES};
use crate::lab::paper::{self, answer, draft, spread, PROCESSORS, PROFILES};
use crate::lab::record::{Goal, Origin};
use crate::lab::year;
use noise::Care;
use probe_core::channels::cache;
use probe_core::evidence::{Evidence, MIN};
use probe_core::seed::Stream;
use std::collections::BTreeMap;
use verdigris_node::silicon::cross::{Row, Words};
use verdigris_node::silicon::derive::{Measured, Ratios};
use verdigris_node::silicon::table::Mode;
use verdigris_node::verdict::silicon::{Bounds, Core};

/// The rig.
#[derive(Debug)]
pub struct Invention;

/// Every number anywhere between the least and the most that any processor shows; nothing binds it.
const BANDS: &str = "within the bands of all processors";
/// The same with the digests of the challenge.
const BANDS_BOUND: &str = "the same, with right digests";
/// The same with the value probes answered by an x86 processor.
const BANDS_VALUES: &str = "the same, with right digests and values";
/// The same, and whatever is sent twice or computed from other numbers agrees.
const BANDS_AGREE: &str = "the same, in numbers that agree with each other";
/// The same, every latency a whole number of adds.
const BANDS_WHOLE: &str = "the same, in numbers that agree, of whole cycles";
/// The same under the name of a core that nobody has measured.
const BANDS_NEW: &str = "the same, of a core that nobody has measured";
/// The same of whole cycles.
const BANDS_NEW_WHOLE: &str = "the same, of whole cycles of a core that nobody has measured";
/// Every number within the bands of the core that it names, digests and values right.
const CORE: &str = "within the bands of the core named";
/// The same, and whatever is sent twice or computed from other numbers agrees.
const CORE_AGREE: &str = "of the core named, in numbers that agree with each other";
/// A published dump, copied, the rest from a recorded run of another machine.
const DUMP: &str = "a published dump, copied";
/// A published dump, and the rest made to agree with it.
const DUMP_AGREE: &str = "a published dump, in numbers that agree with each other";
/// A published dump without any noise.
const STILL: &str = "a published dump, nothing ever varies";
/// A published dump with noise drawn by a generator.
const UNIFORM: &str = "a published dump, noise drawn evenly";
const STEPS: &str = "a published dump, noise drawn evenly in the counter's steps";
const BELL: &str = "a published dump, noise drawn from a bell in the counter's steps";
const FITTED: &str = "a published dump, noise as often as recorded";
/// Published latencies of another family, put through a simulated machine and the real prober.
const FAMILY: &str = "published latencies of another family";

/// The noise of a way; that of the recorded run where there is none.
fn care(way: &str) -> Option<Care> {
    match way {
        UNIFORM => Some(Care::Uniform),
        STEPS => Some(Care::Steps),
        BELL => Some(Care::Bell),
        FITTED => Some(Care::Fitted),
        _ => None,
    }
}

/// Ways that name a core and draw numbers.
const DRAWN: [&str; 9] = [
    BANDS,
    BANDS_BOUND,
    BANDS_VALUES,
    BANDS_AGREE,
    BANDS_WHOLE,
    BANDS_NEW,
    BANDS_NEW_WHOLE,
    CORE,
    CORE_AGREE,
];
/// Ways that copy the numbers of a processor.
const COPIED: [&str; 7] = [DUMP, DUMP_AGREE, STILL, UNIFORM, STEPS, BELL, FITTED];
/// Ways whose author makes numbers agree with each other.
const CAREFUL: [&str; 5] = [
    BANDS_AGREE,
    BANDS_WHOLE,
    BANDS_NEW,
    BANDS_NEW_WHOLE,
    CORE_AGREE,
];
/// Ways in whole cycles.
const WHOLE: [&str; 2] = [BANDS_WHOLE, BANDS_NEW_WHOLE];
/// Ways within the core's own bands.
const OWN: [&str; 2] = [CORE, CORE_AGREE];
/// Ways under the name of a core that nobody has measured.
const NEW: [&str; 2] = [BANDS_NEW, BANDS_NEW_WHOLE];

/// Family 26, model 143: no such core is in the tables.
const NEW_CORE: u32 = 0x00b8_0ff0;

impl Rig for Invention {
    fn name(&self) -> &'static str {
        "invention"
    }

    fn about(&self) -> &'static str {
        "A program that measures nothing: it names a core, writes numbers, and computes digests in closed form"
    }

    fn cost(&self) -> &'static str {
        "an afternoon with the published source: the replay of the kernels is in it, and the tables are too; values on \
         x86 are answered by any x86 processor in microseconds"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let year = year();
        let mut tasks = Vec::new();
        for processor in PROCESSORS.iter().step_by(size.pick(24, 1)) {
            for run in 0..size.pick(1, 8) {
                for way in DRAWN {
                    tasks.push(Task::attack(
                        way,
                        processor.core.name.clone(),
                        run,
                        Origin::Invented,
                    ));
                }
                for way in COPIED {
                    tasks.push(Task::attack(way, processor.name(), run, Origin::Invented));
                }
            }
        }
        for family in FAMILIES.iter() {
            for run in 0..size.pick(1, 250) {
                tasks.push(Task::attack(FAMILY, family.name, run, Origin::Invented));
            }
        }
        for task in &mut tasks {
            // Whoever invents, invents what pays: the goal is the class, where the core is known to pay as one.
            let core = PROFILES.silicon.core_named(&task.unit);
            if let Some(core) = core.filter(|_| OWN.contains(&task.variant.as_str())) {
                task.goal = Goal::Class(paper::class(core, year));
            }
        }
        // Several processors are of one core: each run is named once.
        let mut seen = std::collections::BTreeMap::new();
        for task in &mut tasks {
            let run = seen
                .entry((task.variant.clone(), task.unit.clone()))
                .or_insert(0);
            task.run = *run;
            *run += 1;
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let wallet = bench.stranger("inventor");
        let (challenge, seed) = bench.challenge(&wallet)?;
        let way = task.variant.as_str();
        let random = &mut bench.random;
        let mut evidence = match way {
            FAMILY => {
                let family = family(&task.unit).ok_or("no such simulated machine")?;
                family.evidence(&seed, random)
            }
            _ if COPIED.contains(&way) => {
                let processor = PROCESSORS.iter().find(|p| p.name() == task.unit);
                let processor = processor.ok_or("no such processor")?;
                let mut evidence = if way == DUMP {
                    processor.draft(random)
                } else {
                    processor.evidence(random)
                };
                if way == STILL {
                    still(&mut evidence);
                }
                if let Some(care) = care(way) {
                    noise::draw(&mut evidence, care, random);
                }
                evidence
            }
            _ => {
                let core = PROFILES.silicon.core_named(&task.unit);
                let core = core.ok_or("no such core")?;
                invented(core, way, random).ok_or("nothing is known of the core")?
            }
        };
        if way == BANDS || way == BANDS_BOUND {
            made_up(&mut evidence, random);
        } else if way != FAMILY {
            answer(&mut evidence, &seed);
        }
        if way != BANDS {
            bind(&mut evidence, &seed);
        }
        bench.present(&wallet, &challenge, &evidence, None)
    }
}

/// Between the least and the most that any processor of the tables shows, by operation.
fn bands() -> BTreeMap<&'static str, Bounds> {
    let mut bands: BTreeMap<&'static str, Bounds> = BTreeMap::new();
    for processor in PROCESSORS.iter() {
        for (&operation, &[least, most]) in &processor.row.measured.ratios {
            let band = bands.entry(operation).or_insert([least, most]);
            *band = [band[0].min(least), band[1].max(most)];
        }
    }
    bands
}

/// A number within bounds.
fn within([least, most]: Bounds, random: &mut Stream) -> u32 {
    least + random.below(most.saturating_sub(least).saturating_add(1))
}

/// Evidence of a core with every ratio drawn from its own bands, or from those of all processors.
fn invented(core: &Core, way: &str, random: &mut Stream) -> Option<Evidence> {
    let own = OWN.contains(&way);
    // A core that nobody has measured is of today.
    let long =
        |p: &&paper::Processor| !NEW.contains(&way) || p.row.measured.processor.mode == Mode::X64;
    let of_core = |p: &&paper::Processor| p.core.name == core.name;
    let sample = PROCESSORS.iter().filter(long).find(of_core);
    let sample = sample.or_else(|| PROCESSORS.iter().find(long))?;
    let known = PROFILES.silicon.of_core(core);
    let band = |operation: &'static str, all: Bounds| -> Bounds {
        let published = known.and_then(|k| k.bounds.get(operation));
        published.copied().filter(|_| own).unwrap_or(all)
    };
    let rounded = |ratio: u32| match WHOLE.contains(&way) {
        true => ((ratio + 500) / 1000).max(1) * 1000,
        false => ratio,
    };
    let ratios: Ratios = bands()
        .into_iter()
        // What the core does not have it does not show.
        .filter(|(operation, _)| sample.row.measured.ratios.contains_key(operation))
        .map(|(operation, all)| {
            let ratio = rounded(within(band(operation, all), random));
            (operation, [ratio, ratio])
        })
        .collect();
    let measured = Measured {
        processor: sample.row.measured.processor,
        ratios,
    };
    let row = Row {
        measured: &measured,
        curve: None,
    };
    let eax = if NEW.contains(&way) {
        NEW_CORE
    } else {
        sample.row.measured.processor.eax
    };
    let vendor = &sample.row.measured.processor.vendor;
    let mut evidence = draft(&row, sample.core, Words { eax, vendor }, None, random);
    if !own {
        scatter(&mut evidence, random);
    }
    if CAREFUL.contains(&way) {
        paper::agree(&mut evidence, &paper::metal());
    } else {
        paper::settle(&mut evidence);
    }
    Some(evidence)
}

/// Bounds that the published thresholds and tables give for the rest: adds that a first call costs more, adds of an
/// identification, thousandths of a far load over a near one.
const FIRST_CALL: Bounds = [10, 3_500];
const IDENTIFY: Bounds = [26, 560];
const FAR: Bounds = [3_000, 300_000];

/// Draws the other channels' numbers within what is published for them.
fn scatter(evidence: &mut Evidence, random: &mut Stream) {
    let add = paper::add(evidence);
    if let Some(fresh) = &mut evidence.fresh_code {
        let again = fresh.again[MIN];
        fresh.first = spread(again + add * within(FIRST_CALL, random));
        fresh.rewritten = spread(again + add * within(FIRST_CALL, random));
    }
    if let Some(trap) = &mut evidence.trap {
        trap.identify = spread(add * within(IDENTIFY, random));
    }
    if let Some(cache) = &mut evidence.cache {
        // Three levels, each of a capacity and a latency of its own.
        let near = u64::from(cache.curve.first().map_or(add, |s| s[MIN]));
        let mut far = [within(FAR, random), within(FAR, random)];
        far.sort_unstable();
        let ends = [10 + random.below(8), 18 + random.below(6)].map(|log| 1_u64 << log);
        let level = |bytes: u64| match bytes {
            b if b <= ends[0] => near,
            b if b <= ends[1] => near * u64::from(far[0]) / 1000,
            _ => near * u64::from(far[1]) / 1000,
        };
        for (i, point) in cache.curve.iter_mut().enumerate() {
            *point = spread(u32::try_from(level(cache::working_set(i))).unwrap_or(u32::MAX / 2));
        }
    }
}

/// Answers the value probes with whatever comes.
fn made_up(evidence: &mut Evidence, random: &mut Stream) {
    for answer in evidence.quirks.iter_mut().flat_map(|q| &mut q.answers) {
        for word in &mut answer.words {
            *word = random.next_u32();
        }
    }
}

/// Takes all noise out: every quartile is the minimum, and every window as long as the shortest.
fn still(evidence: &mut Evidence) {
    let flat = |spread: &mut [u32; 4]| *spread = [spread[MIN]; 4];
    if let Some(cache) = &mut evidence.cache {
        cache.curve.iter_mut().for_each(flat);
        paper::derive(cache);
    }
    if let Some(fresh) = &mut evidence.fresh_code {
        for spread in [&mut fresh.first, &mut fresh.again, &mut fresh.rewritten] {
            flat(spread);
        }
    }
    if let Some(jitter) = &mut evidence.jitter {
        jitter.worst = jitter.minima.clone();
        for histogram in &mut jitter.histograms {
            if !histogram.is_empty() {
                histogram.clear();
                // One bin; it never has no room.
                let _ = histogram.push(jitter.windows);
            }
        }
    }
    if let Some(o) = &mut evidence.oscillator {
        (o.mean, o.cv_ppm, o.lag1_ppm) = (o.minimum, 0, 0);
        o.histogram.clear();
        // As above.
        let _ = o.histogram.push(o.samples);
        o.allan_ppb.iter_mut().for_each(|a| *a = 0);
    }
}
