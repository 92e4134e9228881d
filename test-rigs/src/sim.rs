//! A simulated machine: a virtual clock, caches and translation buffers that are really looked up,
//! costs by table, noise from a seed.
//!
//! Its kernels answer as [`probe_core::replay`] says, so its evidence verifies; what varies is time.
//! Every estimator is tested against it: known machine in, known figures out. [`presets`] holds
//! machines worth testing with.

mod memory;
pub mod presets;
pub mod values;

pub use memory::{Cache, Memory};

use probe_core::channels::quirks::registry;
use probe_core::evidence::Evidence;
use probe_core::machine::{
    Chain, Fresh, Identity, Machine, Op, Operands, Pattern, QuirkWords, Ring, Routine, Shape, Trap,
    Walk, IDENTITY_NAME, IDENTITY_WORDS,
};
use probe_core::plan::Plan;
use probe_core::prober::Prober;
use probe_core::replay;
use probe_core::seed::{Seed, Stream};
use probe_core::ticks::{mask, Clock, CounterInfo, Ticks};
use std::cell::Cell;
use std::rc::Rc;

/// Picoseconds: the unit of virtual time.
pub type Picoseconds = u64;

const PS_PER_NS: u64 = 1_000;

/// The tick source.
#[derive(Debug, Clone, Copy)]
pub struct Counter {
    /// What it calls itself, width, and stated frequency.
    pub info: CounterInfo,
    /// Length of a tick.
    pub tick: Picoseconds,
    /// It moves by so many ticks at once: 1 on a sound counter.
    pub lattice: u64,
    /// What one read takes.
    pub read: Picoseconds,
}

/// Costs of one operation in thousandths of a cycle: latency, reciprocal throughput.
pub type Cost = [u64; 2];

/// Branch prediction.
#[derive(Debug, Clone, Copy)]
pub struct Predictor {
    /// Thousandths of a cycle for a branch, call or return that is predicted.
    pub predicted: u64,
    /// The same on top for one that is not.
    pub penalty: u64,
    /// The longest random pattern that is learnt.
    pub period: usize,
    /// Return addresses remembered.
    pub returns: u8,
}

/// Freshly written code, in cycles.
#[derive(Debug, Clone, Copy)]
pub struct FreshCode {
    /// The first call.
    pub first: u64,
    /// Later calls.
    pub again: u64,
    /// Whether the old code runs on after an unsynchronised patch.
    pub stale: bool,
    /// Old code runs on even after caches were synchronised: a translator that looks the other way.
    pub held: bool,
}

/// Disturbance.
#[derive(Debug, Clone, Copy)]
pub struct Noise {
    /// Every window is longer by up to so many picoseconds, uniformly.
    pub jitter: Picoseconds,
    /// Mean time between interruptions; 0 for none.
    pub every: Picoseconds,
    /// The shortest interruption; one in two is at least twice as long, one in four four times …
    pub least: Picoseconds,
}

/// How the clock yields to heat.
#[derive(Debug, Clone, Copy)]
pub struct Thermal {
    /// The cycle's growth when fully hot, parts per million.
    pub growth_ppm: u64,
    /// Time constant of warming and cooling.
    pub tau: Picoseconds,
}

/// How reciprocal estimates are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Estimates {
    /// The exact quotient, rounded to binary32, as a translator computes it.
    Exact,
    /// Rounded to so many bits of mantissa, as a table gives it.
    Table(u32),
}

/// Everything that makes a simulated machine.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Architecture's name.
    pub architecture: &'static str,
    /// The tick source.
    pub counter: Counter,
    /// A core clock cycle.
    pub cycle: Picoseconds,
    /// Thousandths of a cycle for each operation; `None` where the machine lacks it.
    pub costs: fn(Op) -> Option<Cost>,
    /// Loop, call and return around a chain, cycles.
    pub call: u64,
    /// Caches and translation.
    pub memory: Memory,
    /// Branch prediction; `None` where there are no branch kernels.
    pub predictor: Option<Predictor>,
    /// Fresh code; `None` where no code can be written.
    pub fresh_code: Option<FreshCode>,
    /// Cycles of an identifying and of a serialising instruction.
    pub traps: Option<[u64; 2]>,
    /// Reciprocal estimates, on x86-64.
    pub estimates: Estimates,
    /// Disturbance.
    pub noise: Noise,
    /// Heat.
    pub thermal: Option<Thermal>,
    /// Whether it can rest.
    pub idles: bool,
    /// The independent clock's error, parts per million.
    pub clock_ppm: i64,
}

/// A simulated machine.
#[derive(Debug)]
pub struct Simulated {
    spec: Spec,
    time: Rc<Cell<Picoseconds>>,
    next_interruption: Picoseconds,
    random: Stream,
    heat: f64,
    /// The routine in memory, and the one that the instruction cache runs.
    routine: Option<[Routine; 2]>,
    cold: bool,
}

/// The independent clock of a [`Simulated`] machine: it moves with the machine's virtual time.
#[derive(Debug, Clone)]
pub struct SimulatedClock {
    time: Rc<Cell<Picoseconds>>,
    ppm: i64,
}

impl Clock for SimulatedClock {
    fn now_ns(&mut self) -> u64 {
        let ns = (self.time.get() / PS_PER_NS) as i128;
        (ns + ns * i128::from(self.ppm) / 1_000_000) as u64
    }
}

impl Simulated {
    /// A machine whose disturbances are decided by `seed`.
    pub fn new(spec: Spec, seed: u64) -> Self {
        let random = Seed::derive(&seed.to_string(), "simulated machine").stream(0);
        let mut machine = Simulated {
            next_interruption: 0,
            spec,
            // Not 0: a counter never starts there.
            time: Rc::new(Cell::new(1_234_567_890)),
            random,
            heat: 0.0,
            routine: None,
            cold: false,
        };
        machine.schedule();
        machine
    }

    /// The machine's independent clock.
    pub fn clock(&self) -> SimulatedClock {
        SimulatedClock {
            time: Rc::clone(&self.time),
            ppm: self.spec.clock_ppm,
        }
    }

    /// What the machine is.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Sets the next interruption: uniformly within twice the mean.
    fn schedule(&mut self) {
        let spread = (2 * self.spec.noise.every).max(1);
        let wait = self.random.next_u64() % spread;
        self.next_interruption = self.time.get() + wait;
    }

    /// Lets time pass, interrupted now and then. Lengths of interruptions are heavy-tailed.
    fn pass(&mut self, duration: Picoseconds) {
        let mut now = self.time.get() + duration;
        if self.spec.noise.every > 0 {
            while now >= self.next_interruption {
                let doublings = self.random.next_u64().leading_zeros().min(12);
                now += self.spec.noise.least << doublings;
                self.time.set(now);
                self.schedule();
            }
        }
        self.time.set(now);
        self.warm(duration, 1.0);
    }

    fn warm(&mut self, duration: Picoseconds, towards: f64) {
        if let Some(thermal) = self.spec.thermal {
            let kept = (-(duration as f64) / thermal.tau as f64).exp();
            self.heat = towards + (self.heat - towards) * kept;
        }
    }

    /// Lets so many thousandths of a cycle pass, and a call's worth of jitter.
    fn work(&mut self, millicycles: u64) {
        let growth = self
            .spec
            .thermal
            .map_or(0.0, |t| t.growth_ppm as f64 * 1e-6 * self.heat);
        let call = self.spec.call * 1_000;
        let cycles = (millicycles + call) as f64 / 1e3;
        let exact = cycles * self.spec.cycle as f64 * (1.0 + growth);
        let jitter = self.random.next_u64() % (self.spec.noise.jitter + 1);
        self.pass(exact as u64 + jitter);
    }

    fn cost(&self, op: Op, shape: Shape) -> Option<u64> {
        let cost = (self.spec.costs)(op)?[shape as usize];
        // The square-root chain holds an add as well.
        let riding = match op {
            Op::FpSqrt => (self.spec.costs)(Op::FpAdd)?[shape as usize],
            _ => 0,
        };
        Some(cost + riding)
    }
}

impl Ticks for Simulated {
    fn now(&mut self) -> u64 {
        let counter = self.spec.counter;
        self.pass(counter.read);
        let ticks = self.time.get() / counter.tick;
        (ticks - ticks % counter.lattice) & mask(counter.info.bits)
    }

    fn info(&self) -> CounterInfo {
        self.spec.counter.info
    }
}

impl Machine for Simulated {
    fn identity(&mut self) -> Identity {
        Identity {
            architecture: self.spec.architecture,
            backend: "simulated",
            words: [0; IDENTITY_WORDS],
            name: [0; IDENTITY_NAME],
            vector_unit: if (self.spec.costs)(Op::VecLogic).is_some() {
                "simulated"
            } else {
                ""
            },
        }
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        let cost = self.cost(chain.op, chain.shape)?;
        self.work(chain.operations() * cost);
        Some(replay::chain(chain, operands))
    }

    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        if ring.span() > arena.len() {
            return None;
        }
        let lap = self.spec.memory.lap(ring);
        let mut position = u64::from(walk.warm);
        self.work(lap.cost(0, position));
        for ticks in elapsed.iter_mut() {
            let steps = u64::from(walk.steps);
            let start = self.now();
            self.work(lap.cost(position, steps));
            let end = self.now();
            *ticks = self.between(start, end);
            position += steps;
        }
        Some(replay::chase(ring, walk, elapsed.len() as u32))
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        let p = self.spec.predictor?;
        let n = u64::from(pattern.branches);
        let learnt = pattern.directions.len() <= p.period;
        let missed = if learnt { 0 } else { n / 2 };
        self.work(n * p.predicted + missed * p.penalty);
        Some(replay::branches(pattern))
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        let p = self.spec.predictor?;
        let (n, targets) = (u64::from(calls), u64::from(targets.max(1)));
        let missed = n - n / targets;
        self.work(2 * n * p.predicted + missed * p.penalty);
        Some(replay::indirect(order, calls))
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        let p = self.spec.predictor?;
        let forgotten = u64::from(depth.saturating_sub(p.returns));
        let each = 2 * u64::from(depth) * p.predicted + forgotten * p.penalty;
        self.work(u64::from(times) * each);
        Some(replay::nested_calls(depth, times))
    }

    fn quirk(&mut self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        let known = registry(self.spec.architecture);
        let known = known.iter().find(|p| p.id == probe)?;
        let root = known.name.starts_with("rsqrt");
        let shift = match known.name {
            "rcpps" => 21,
            "rsqrtps" => 22,
            "rcpss" | "rsqrtss" => 0,
            // What computes where a table is looked up imitates nothing else either.
            _ if matches!(self.spec.estimates, Estimates::Exact) => return None,
            _ => return values::documented(self.spec.architecture, probe, operand),
        };
        let mut words = [0; 4];
        for (i, word) in (0u32..).zip(words.iter_mut().take(known.words.into())) {
            let x = f32::from_bits(operand[0] ^ (i << shift));
            let exact = if root { 1.0 / x.sqrt() } else { 1.0 / x };
            *word = match self.spec.estimates {
                Estimates::Exact => exact.to_bits(),
                Estimates::Table(bits) => exact.to_bits() & (u32::MAX << (23 - bits.min(23))),
            };
        }
        Some(words)
    }

    fn fresh_code(&mut self, what: Fresh, routine: Routine) -> Option<u32> {
        let costs = self.spec.fresh_code?;
        match what {
            Fresh::Write => {
                self.routine = Some([routine; 2]);
                self.cold = true;
                Some(0)
            }
            Fresh::PatchUnsynchronised => {
                let [memory, cached] = self.routine.as_mut()?;
                *memory = routine;
                if !costs.stale {
                    *cached = routine;
                }
                Some(0)
            }
            Fresh::Synchronise => {
                let [memory, cached] = self.routine.as_mut()?;
                if !costs.held {
                    *cached = *memory;
                }
                Some(0)
            }
            Fresh::Run => {
                let [_, cached] = self.routine?;
                let cycles = if self.cold { costs.first } else { costs.again };
                self.cold = false;
                self.work(cycles * 1_000);
                Some(replay::fresh_code(Routine {
                    x: routine.x,
                    ..cached
                }))
            }
        }
    }

    fn trap(&mut self, kind: Trap) -> Option<()> {
        let [identify, serialise] = self.spec.traps?;
        let cycles = match kind {
            Trap::Identify => identify,
            Trap::Serialise => serialise,
        };
        self.pass(cycles * self.spec.cycle);
        Some(())
    }

    fn idle(&mut self, ticks: u64) -> bool {
        if self.spec.idles {
            let duration = ticks * self.spec.counter.tick;
            self.time.set(self.time.get() + duration);
            self.warm(duration, 0.0);
            self.schedule();
        }
        self.spec.idles
    }

    fn page_bytes(&self) -> u32 {
        self.spec.memory.page
    }
}

/// Probes a machine of this `spec` from start to end: `noise` decides its disturbances, `challenge`
/// the operands. With its independent clock, and no facts of its environment.
///
/// # Panics
/// Where the plan's arena is out of bounds.
pub fn probe(spec: Spec, noise: u64, plan: Plan, challenge: Seed) -> Evidence {
    probe_on(&mut Simulated::new(spec, noise), plan, challenge)
}

/// Probes a machine that may have run before.
///
/// # Panics
/// Where the plan's arena is out of bounds.
pub fn probe_on(machine: &mut Simulated, plan: Plan, challenge: Seed) -> Evidence {
    let mut clock = machine.clock();
    let mut arena = vec![0; plan.arena_bytes as usize];
    let mut prober = Prober::new(plan, challenge, &mut arena, &[]).expect("a valid plan");
    while prober.poll(machine, Some(&mut clock)).is_err() {}
    prober.evidence().expect("a finished probe").clone()
}
