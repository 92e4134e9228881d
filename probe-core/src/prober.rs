//! The probe as a whole: every channel in turn, a bounded slice of work at a time.
//!
//! ```no_run
//! # use probe_core::{machine::Machine, plan::Plan, prober::Prober, seed::Seed};
//! # fn attest(machine: &mut impl Machine, arena: &mut [u8]) {
//! let plan = Plan { quick: true, arena_bytes: arena.len() as u32 };
//! let seed = Seed::derive("the node's nonce", "the miner's id");
//! let mut prober = Prober::new(plan, seed, arena, &[]).expect("an arena of 64 KiB to 64 MiB");
//! while prober.poll(machine, None).is_err() {
//!     // Draw a progress bar, feed a watchdog, let other tasks run.
//! }
//! let evidence = prober.evidence();
//! # let _ = evidence;
//! # }
//! ```

use crate::channels::environment::{self, Fact};
use crate::channels::{
    branch, cache, counter, fpu, fresh_code, jitter, oscillator, pipeline, quirks, simd, thermal,
    trap, ChannelId, Step,
};
use crate::evidence::{Evidence, IdentityReport, EVIDENCE_VERSION};
use crate::machine::Machine;
use crate::measure::Pace;
use crate::plan::Plan;
use crate::seed::Seed;
use crate::stats::mul_div;
use crate::ticks::{mask, Clock, Elapsed};
use core::convert::Infallible;
use heapless::Vec;

/// Attempts at a close pair of readings of counter and clock.
const CLOCK_ATTEMPTS: usize = 5;

/// Pairs of readings that travel.
const CLOCK_PAIRS: usize = 9;

/// Nanoseconds in a millisecond.
const NS_PER_MS: u64 = 1_000_000;

/// Why a probe cannot start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartError {
    /// The plan's arena is smaller than [`crate::plan::MIN_ARENA`] or larger than
    /// [`crate::plan::MAX_ARENA`].
    ArenaOutOfBounds,
    /// The plan says more bytes than the arena has.
    ArenaTooShort,
}

impl core::fmt::Display for StartError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            StartError::ArenaOutOfBounds => "the arena must be of 64 KiB to 64 MiB",
            StartError::ArenaTooShort => "the arena is shorter than the plan says",
        })
    }
}

impl core::error::Error for StartError {}

/// How far a probe is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The channel that runs next; `None` when all are done.
    pub channel: Option<ChannelId>,
    /// Thousandths of this channel that are done.
    pub permille: u16,
    /// Thousandths of the whole probe that are done, by the channels' budgets.
    pub overall_permille: u16,
    /// Milliseconds that the rest should take, at the speed so far where a clock tells it, at that
    /// of an ordinary machine otherwise.
    pub remaining_ms: u32,
}

/// The channel under way.
#[derive(Debug)]
enum Running {
    Counter(counter::Run),
    Pipeline(pipeline::Run),
    Simd(simd::Run),
    Fpu(fpu::Run),
    Branch(branch::Run),
    Trap(trap::Run),
    FreshCode(fresh_code::Run),
    Cache(cache::Run),
    Jitter(jitter::Run),
    Oscillator(oscillator::Run),
    Thermal(thermal::Run),
    /// Channels that take a single slice.
    Brief,
}

/// A probe under way: see the module's documentation for how to drive it.
///
/// Memory: itself (about 16 KiB) and the arena, whose contents it overwrites. The arena should start
/// on a page boundary.
#[derive(Debug)]
pub struct Prober<'a> {
    plan: Plan,
    seed: Seed,
    arena: &'a mut [u8],
    /// Position in [`ChannelId::ALL`].
    at: usize,
    running: Option<Running>,
    pace: Pace,
    /// Ticks and clock since the start of the probe.
    start: Option<(Elapsed, u64)>,
    /// Ticks of the probe at the start of the channel.
    channel_start: u64,
    clock_pairs: Vec<[u64; 2], CLOCK_PAIRS>,
    evidence: Evidence,
}

impl<'a> Prober<'a> {
    /// Prepares a probe of `plan` in `arena`, seeded by `seed`. `facts` are what the caller found
    /// out about the environment, the telling ones first; none where there is nothing to ask.
    ///
    /// # Errors
    /// [`StartError`] where the arena's size is out of bounds.
    pub fn new(
        plan: Plan,
        seed: Seed,
        arena: &'a mut [u8],
        facts: &[Fact],
    ) -> Result<Self, StartError> {
        if !plan.is_valid() {
            return Err(StartError::ArenaOutOfBounds);
        }
        let bytes = plan.arena_bytes as usize;
        let arena = arena.get_mut(..bytes).ok_or(StartError::ArenaTooShort)?;
        Ok(Prober {
            plan,
            seed,
            arena,
            at: 0,
            running: None,
            pace: Pace {
                iterations: crate::measure::MIN_ITERATIONS,
                overhead: 0,
                ticks_per_ms: None,
            },
            start: None,
            channel_start: 0,
            clock_pairs: Vec::new(),
            evidence: empty(&plan, facts),
        })
    }

    /// Does a slice of work: a few milliseconds on a modern machine, up to 150 ms while it lays the
    /// largest rings. `clock` is the independent clock, the same one each time, where there is one.
    ///
    /// # Errors
    /// `WouldBlock` until the probe is complete. There is no other error: a channel that the machine
    /// cannot run is absent from the evidence.
    pub fn poll<M: Machine>(
        &mut self,
        machine: &mut M,
        mut clock: Option<&mut dyn Clock>,
    ) -> nb::Result<(), Infallible> {
        let Some(&channel) = ChannelId::ALL.get(self.at) else {
            return Ok(());
        };
        if self.running.is_none() {
            self.begin(channel, machine, &mut clock);
        }
        if self.step(channel, machine) {
            self.running = None;
            self.at += 1;
            if self.at == ChannelId::ALL.len() {
                self.finish(machine, &mut clock);
                return Ok(());
            }
        }
        Err(nb::Error::WouldBlock)
    }

    /// What was found, once [`Prober::poll`] has given `Ok`.
    pub fn evidence(&self) -> Option<&Evidence> {
        (self.at == ChannelId::ALL.len()).then_some(&self.evidence)
    }

    /// What was found so far, for whoever watches: channels that have not run are absent, and the identity
    /// and the elapsed time come with the last one.
    pub fn so_far(&self) -> &Evidence {
        &self.evidence
    }

    /// The same as [`Prober::evidence`] to change: for a caller that must leave facts of the environment out.
    pub fn evidence_mut(&mut self) -> Option<&mut Evidence> {
        (self.at == ChannelId::ALL.len()).then_some(&mut self.evidence)
    }

    /// How far the probe is.
    pub fn progress(&self) -> Progress {
        let permille = match &self.running {
            Some(Running::Counter(run)) => run.permille(),
            Some(Running::Pipeline(run)) => run.permille(),
            Some(Running::Simd(run)) => run.permille(),
            Some(Running::Fpu(run)) => run.permille(),
            Some(Running::Branch(run)) => run.permille(),
            Some(Running::Trap(run)) => run.permille(),
            Some(Running::FreshCode(run)) => run.permille(),
            Some(Running::Cache(run)) => run.permille(),
            Some(Running::Jitter(run)) => run.permille(),
            Some(Running::Oscillator(run)) => run.permille(),
            Some(Running::Thermal(run)) => run.permille(),
            Some(Running::Brief) | None => 0,
        };
        let all = self.budget_of(ChannelId::ALL.len());
        let before = self.budget_of(self.at);
        let current = match ChannelId::ALL.get(self.at) {
            Some(&channel) => self.budget_ms(channel) * u32::from(permille) / 1_000,
            None => 0,
        };
        let done = before + current;
        Progress {
            channel: ChannelId::ALL.get(self.at).copied(),
            permille,
            overall_permille: (done * 1_000 / all.max(1)) as u16,
            remaining_ms: self.at_speed(all - done),
        }
    }

    /// Scales `left` milliseconds of budget by what the channels before this one took.
    fn at_speed(&self, left: u32) -> u32 {
        let budget = self.budget_of(self.at);
        let elapsed_ms = self.evidence.elapsed_ns / NS_PER_MS;
        if elapsed_ms == 0 || budget == 0 {
            return left;
        }
        let scaled = u64::from(left) * elapsed_ms / u64::from(budget);
        u32::try_from(scaled).unwrap_or(u32::MAX)
    }

    /// Milliseconds of budget of the first channels.
    fn budget_of(&self, channels: usize) -> u32 {
        let first = ChannelId::ALL.iter().take(channels);
        first.map(|&channel| self.budget_ms(channel)).sum()
    }

    /// Milliseconds that `channel` takes on an ordinary machine with this plan.
    fn budget_ms(&self, channel: ChannelId) -> u32 {
        let [standard, quick] = match channel {
            ChannelId::Counter => counter::BUDGET_MS,
            ChannelId::Pipeline => pipeline::BUDGET_MS,
            ChannelId::Simd => simd::BUDGET_MS,
            ChannelId::Fpu => fpu::BUDGET_MS,
            ChannelId::Branch => branch::BUDGET_MS,
            ChannelId::Trap => trap::BUDGET_MS,
            ChannelId::Quirks => quirks::BUDGET_MS,
            ChannelId::FreshCode => fresh_code::BUDGET_MS,
            ChannelId::Cache => cache::BUDGET_MS,
            ChannelId::Jitter => jitter::BUDGET_MS,
            ChannelId::Oscillator => oscillator::BUDGET_MS,
            ChannelId::Thermal => thermal::BUDGET_MS,
            ChannelId::Environment => [0, 0],
        };
        self.plan.pick(standard, quick)
    }

    fn begin<M: Machine>(
        &mut self,
        channel: ChannelId,
        machine: &mut M,
        clock: &mut Option<&mut dyn Clock>,
    ) {
        self.read_clock(machine, clock);
        let (plan, seed, pace) = (&self.plan, self.seed, &self.pace);
        self.running = Some(match channel {
            ChannelId::Counter => Running::Counter(counter::Run::new(plan, seed)),
            ChannelId::Pipeline => Running::Pipeline(pipeline::Run::new(plan, seed, pace)),
            ChannelId::Simd => Running::Simd(simd::Run::new(plan, seed, pace)),
            ChannelId::Fpu => Running::Fpu(fpu::Run::new(plan, seed, pace)),
            ChannelId::Branch => Running::Branch(branch::Run::new(plan, seed, pace)),
            ChannelId::Trap => Running::Trap(trap::Run::new(plan)),
            ChannelId::FreshCode => Running::FreshCode(fresh_code::Run::new(plan, seed, pace)),
            ChannelId::Cache => {
                Running::Cache(cache::Run::new(plan, seed, pace, machine.page_bytes()))
            }
            ChannelId::Jitter => Running::Jitter(jitter::Run::new(plan, seed, pace)),
            ChannelId::Oscillator => Running::Oscillator(oscillator::Run::new(plan, seed, pace)),
            ChannelId::Thermal => Running::Thermal(thermal::Run::new(plan, seed, pace)),
            ChannelId::Quirks | ChannelId::Environment => Running::Brief,
        });
        self.channel_start = ticks_at(&mut self.start, machine);
    }

    /// One slice of `channel`; `true` when it has ended.
    fn step<M: Machine>(&mut self, channel: ChannelId, machine: &mut M) -> bool {
        /// Puts a finished channel's evidence in its place, with the ticks it took.
        macro_rules! keep {
            ($place:ident, $step:expr) => {{
                let step = $step;
                let ticks = ticks_at(&mut self.start, machine);
                match step {
                    Step::More => return false,
                    Step::Absent => self.evidence.$place = None,
                    Step::Done(found) => {
                        let kept = self.evidence.$place.insert(found);
                        kept.ticks = ticks.wrapping_sub(self.channel_start);
                    }
                }
            }};
        }
        let arena = &mut *self.arena;
        match &mut self.running {
            Some(Running::Counter(run)) => {
                keep!(counter, run.step(machine, arena));
                self.find_pace(machine);
            }
            Some(Running::Pipeline(run)) => keep!(pipeline, run.step(machine)),
            Some(Running::Simd(run)) => keep!(simd, run.step(machine)),
            Some(Running::Fpu(run)) => keep!(fpu, run.step(machine)),
            Some(Running::Branch(run)) => keep!(branch, run.step(machine, arena)),
            Some(Running::Trap(run)) => keep!(trap, run.step(machine)),
            Some(Running::FreshCode(run)) => keep!(fresh_code, run.step(machine)),
            Some(Running::Cache(run)) => keep!(cache, run.step(machine, arena)),
            Some(Running::Jitter(run)) => keep!(jitter, run.step(machine, arena)),
            Some(Running::Oscillator(run)) => keep!(oscillator, run.step(machine, arena)),
            Some(Running::Thermal(run)) => keep!(thermal, run.step(machine)),
            Some(Running::Brief) | None if channel == ChannelId::Quirks => {
                self.evidence.quirks = quirks::run(machine, &self.seed);
            }
            Some(Running::Brief) | None => {}
        }
        true
    }

    fn find_pace<M: Machine>(&mut self, machine: &mut M) {
        self.evidence.identity = IdentityReport::from(&machine.identity());
        if let Some(counter) = &self.evidence.counter {
            self.pace = Pace::find(machine, counter.resolution(), counter.overhead[0]);
            let per_ms = counter.nominal_hz.map(|hz| hz / 1_000);
            self.pace.ticks_per_ms = per_ms.and_then(|t| u32::try_from(t).ok());
        }
    }

    /// Reads counter and clock together, keeps the pair while there is room for the last one, and
    /// measures the counter's frequency by it.
    fn read_clock<M: Machine>(&mut self, machine: &mut M, clock: &mut Option<&mut dyn Clock>) {
        let pair = clock.as_deref_mut().map(|clock| read_pair(machine, clock));
        let ticks = pair.map_or_else(|| machine.now(), |(ticks, _)| ticks);
        let start = (Elapsed::since(ticks), pair.map_or(0, |(_, ns)| ns));
        let raw = ticks & mask(machine.info().bits);
        self.evidence.counter_start.get_or_insert(raw);
        let (elapsed, start_ns) = self.start.get_or_insert(start);
        self.evidence.elapsed_ticks = elapsed.at(machine, ticks);
        let start_ns = *start_ns;
        let Some((_, ns)) = pair else { return };
        self.evidence.elapsed_ns = ns.saturating_sub(start_ns);
        let pair = [self.evidence.elapsed_ticks, self.evidence.elapsed_ns];
        let last = self.at == ChannelId::ALL.len();
        if (last || self.is_clock_point()) && self.clock_pairs.push(pair).is_ok() {
            let per_ms = mul_div(pair[0], NS_PER_MS, pair[1]);
            let long_enough = pair[1] >= NS_PER_MS;
            if let (true, Ok(per_ms @ 1..)) = (long_enough, u32::try_from(per_ms)) {
                self.pace.ticks_per_ms = Some(per_ms);
            }
        }
    }

    /// Eight of the channels begin with a pair; the ninth pair ends the probe.
    fn is_clock_point(&self) -> bool {
        use ChannelId::{Branch, Cache, Counter, Fpu, Jitter, Oscillator, Pipeline, Thermal};
        const POINTS: [ChannelId; CLOCK_PAIRS - 1] = [
            Counter, Pipeline, Fpu, Branch, Cache, Jitter, Oscillator, Thermal,
        ];
        ChannelId::ALL
            .get(self.at)
            .is_some_and(|c| POINTS.contains(c))
    }

    fn finish<M: Machine>(&mut self, machine: &mut M, clock: &mut Option<&mut dyn Clock>) {
        self.read_clock(machine, clock);
        if let Some(oscillator) = &mut self.evidence.oscillator {
            oscillator.clock = self.clock_pairs.clone();
        }
    }
}

/// Reads the counter: ticks since the start of the probe, which is now if nothing started it.
fn ticks_at(start: &mut Option<(Elapsed, u64)>, machine: &mut impl Machine) -> u64 {
    let now = machine.now();
    let (elapsed, _) = start.get_or_insert((Elapsed::since(now), 0));
    elapsed.at(machine, now)
}

/// Reads counter, clock, counter, a few times; gives the middle of the closest readings and the
/// clock between them.
fn read_pair<M: Machine>(machine: &mut M, clock: &mut dyn Clock) -> (u64, u64) {
    let mut best = (u64::MAX, (0, 0));
    for _ in 0..CLOCK_ATTEMPTS {
        let before = machine.now();
        let ns = clock.now_ns();
        let after = machine.now();
        let gap = machine.between(before, after);
        if gap < best.0 {
            best = (gap, (before.wrapping_add(gap / 2), ns));
        }
    }
    best.1
}

fn empty(plan: &Plan, facts: &[Fact]) -> Evidence {
    let environment = environment::Evidence::gather(facts);
    Evidence {
        arena: plan.arena_bytes,
        branch: None,
        cache: None,
        counter: None,
        counter_start: None,
        elapsed_ns: 0,
        elapsed_ticks: 0,
        environment: (!facts.is_empty()).then_some(environment),
        fpu: None,
        fresh_code: None,
        identity: IdentityReport {
            architecture: heapless::String::new(),
            backend: heapless::String::new(),
            name: heapless::String::new(),
            vector_unit: heapless::String::new(),
            words: Vec::new(),
        },
        jitter: None,
        oscillator: None,
        pipeline: None,
        quick: plan.quick,
        quirks: None,
        simd: None,
        thermal: None,
        trap: None,
        version: EVIDENCE_VERSION,
    }
}
