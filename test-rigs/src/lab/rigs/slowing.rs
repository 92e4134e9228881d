//! This machine, slowed down to look old: throttled, its counter scaled, its clock dilated; and processors of the tables
//! whose clock runs as slowly as their claim asks.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::here::{self, UNIT};
use crate::lab::paper::{self, answer, PROCESSORS, PROFILES};
use crate::lab::record::{Goal, Origin};
use crate::lab::year;
use probe_arch::os::MonotonicClock;
use probe_arch::Native;
use probe_core::channels::quirks::Probe;
use probe_core::evidence::Evidence;
use probe_core::machine::{
    Chain, Fresh, Identity, Machine, Operands, Pattern, QuirkWords, Ring, Routine, Trap, Walk,
};
use probe_core::ticks::{Clock, CounterInfo, Ticks};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use verdigris_node::silicon::cross::Words;
use verdigris_node::verdict::silicon::Core;

/// The rig.
#[derive(Debug)]
pub struct Slowing;

/// Cores that are claimed, and a clock that each was sold with, MHz (Intel's datasheets: 80486DX-33, Pentium 100,
/// Pentium III 500): an add then takes one of its cycles.
const CLAIMS: [(&str, u64); 3] = [("486", 33), ("Pentium", 100), ("Pentium III", 500)];

/// A throttled process runs for the rest of each such period: `cpulimit`'s.
const PERIOD: Duration = Duration::from_millis(100);

/// How long a throttled probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(200);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Where version 1 of control groups has processor time, and what tells version 2.
const GROUPS: &str = "/sys/fs/cgroup";
const VERSION_2: &str = "cgroup.controllers";

/// Processor time of a group's quota, of [`PERIOD`], percent.
const QUOTA: u64 = 20;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// Stopped for so many percent of the time by signals.
    Stopped(u32),
    /// A control group with a quota.
    Quota,
    /// Its counter scaled to the claimed clock, the system's clock left alone.
    Counter,
    /// The system's clock dilated, and the answer sent at once.
    Clock,
    /// The same, and sent no sooner than the probe says to have lasted.
    Waited,
    /// The counter scaled as well, so that it counts the claimed clock's cycles.
    Both,
    /// A processor of the tables, hiding what the claimed core lacks, with a clock so slow that its add takes one cycle
    /// of the claim; sent no sooner than that lasts.
    Tables,
}

const WAYS: [(&str, Means, u32); 8] = [
    ("stopped half of the time", Means::Stopped(50), 5),
    ("stopped nine tenths of the time", Means::Stopped(90), 3),
    ("a quota of a fifth", Means::Quota, 5),
    ("counter scaled", Means::Counter, 5),
    ("clock dilated, at once", Means::Clock, 5),
    ("clock dilated", Means::Waited, 2),
    ("clock dilated, counter scaled", Means::Both, 2),
    ("tables, clock dilated", Means::Tables, 1),
];

/// Ways of a quick campaign: none of them waits.
const QUICK: [Means; 2] = [Means::Counter, Means::Clock];

impl Rig for Slowing {
    fn name(&self) -> &'static str {
        "slowing"
    }

    fn about(&self) -> &'static str {
        "This machine, as on metal, with the identification words of an old core, slowed down while it is measured: by \
         signals, by a quota, by a counter or a clock that says other than it is; and processors of the tables with such a \
         clock. It is real silicon: what it is after is the old core's pay"
    }

    fn cost(&self) -> &'static str {
        "a program of the distribution, or two lines of the miner; where the clock is dilated, the patience that the claim asks for"
    }

    fn missing(&self) -> Vec<String> {
        let lacks =
            (!Group::works()).then(|| "a quota: no control group can be made here".to_owned());
        lacks.into_iter().collect()
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let year = year();
        let mut tasks = Vec::new();
        let quota = Group::works();
        for (way, means, runs) in WAYS {
            let left_out = match size {
                Size::Quick => !QUICK.contains(&means),
                Size::Full => means == Means::Quota && !quota,
            };
            if left_out {
                continue;
            }
            for (name, _) in CLAIMS {
                let Some(core) = PROFILES.silicon.core_named(name) else {
                    continue;
                };
                let task = |unit: String, run, origin| Task {
                    goal: Goal::Class(paper::class(core, year)),
                    ..Task::attack(format!("{way}: {name}"), unit, run, origin)
                };
                if means == Means::Tables {
                    for processor in PROCESSORS.iter().filter(|p| p.core.year > core.year) {
                        tasks.push(task(processor.name(), 0, Origin::Replayed));
                    }
                } else if here::class(year).is_some() {
                    for run in 0..size.pick(1, runs) {
                        tasks.push(Task {
                            alone: true,
                            ..task(UNIT.into(), run, Origin::Edited)
                        });
                    }
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let (way, claimed) = task
            .variant
            .split_once(": ")
            .ok_or("a way without a claim")?;
        let means = WAYS.iter().find(|(name, ..)| *name == way);
        let (_, means, _) = *means.ok_or("no such way")?;
        let core = PROFILES.silicon.core_named(claimed).ok_or("no such core")?;
        let claim = CLAIMS.iter().find(|(name, _)| *name == claimed);
        let (_, mhz) = *claim.ok_or("no such claim")?;
        let wallet = bench.stranger("slow");
        let (challenge, seed) = bench.challenge(&wallet)?;
        if means == Means::Tables {
            let processor = PROCESSORS.iter().find(|p| p.name() == task.unit);
            let processor = processor.ok_or("no such processor in the tables")?;
            let words = Words::from(core);
            let mut evidence = processor.evidence_as(words, Some(core), &mut bench.random);
            let times = slower(&evidence, mhz);
            dilate(&mut evidence, times);
            answer(&mut evidence, &seed);
            bind(&mut evidence, &seed);
            return bench.present(&wallet, &challenge, &evidence, None);
        }
        let mut evidence = match means {
            Means::Stopped(_) | Means::Quota => {
                let probe = Probing::start(&challenge.nonce, wallet.address())?;
                probe.throttled(means)?
            }
            _ => {
                let plain = here::sample().ok_or("this machine cannot be measured")?;
                let factor = slower(plain, mhz);
                let hz = mhz * 1_000_000;
                let own = rate(plain);
                let (counter, clock) = match means {
                    Means::Counter => ([hz, own], 1),
                    Means::Both => ([hz * factor, own], factor),
                    _ => ([1, 1], factor),
                };
                let mut machine = Scaled {
                    native: Native::new(),
                    of: counter,
                };
                here::probe(seed, &mut machine, &mut Dilated(clock))?
            }
        };
        if here::is_guest() {
            paper::as_on_metal(&mut evidence);
        }
        disguise(&mut evidence, core, bench);
        bind(&mut evidence, &seed);
        if means == Means::Clock {
            let mut submission = bench.compose(&wallet, &challenge, &evidence, None)?;
            submission.after = Duration::ZERO;
            return bench.send(&submission, challenge.since);
        }
        bench.present(&wallet, &challenge, &evidence, None)
    }
}

/// The counter's rate, hertz.
fn rate(evidence: &Evidence) -> u64 {
    let hz =
        u128::from(evidence.elapsed_ticks) * 1_000_000_000 / u128::from(evidence.elapsed_ns.max(1));
    u64::try_from(hz).unwrap_or(u64::MAX).max(1)
}

/// How many times slower it must become for an add to take a cycle of this many MHz.
fn slower(evidence: &Evidence, mhz: u64) -> u64 {
    let own_ps = u128::from(paper::add(evidence)) * 1_000_000_000 / u128::from(rate(evidence));
    let wanted_ps = u128::from(1_000_000 / mhz.max(1));
    u64::try_from(wanted_ps / own_ps.max(1)).unwrap_or(1).max(1)
}

/// Lets all times by the system's clock be so many times longer.
fn dilate(evidence: &mut Evidence, times: u64) {
    evidence.elapsed_ns = evidence.elapsed_ns.saturating_mul(times);
    for pair in evidence.oscillator.iter_mut().flat_map(|o| &mut o.clock) {
        pair[1] = pair[1].saturating_mul(times);
    }
}

/// Takes an older core's identification, as a 32-bit program without the vector unit that it lacks.
fn disguise(evidence: &mut Evidence, core: &Core, bench: &mut Bench<'_>) {
    if let Some(any) = PROCESSORS.first() {
        let told = any.evidence_as(Words::from(core), Some(core), &mut bench.random);
        evidence.identity = told.identity;
    }
    if core.unit.is_empty() || core.unit == "mmx" {
        evidence.simd = None;
        evidence.quirks = None;
    }
}

/// The clock of the system, so many times slower.
struct Dilated(u64);

impl Clock for Dilated {
    fn now_ns(&mut self) -> u64 {
        MonotonicClock.now_ns().saturating_mul(self.0)
    }
}

/// This machine under a counter that shows another rate: `of[0]` for each `of[1]` ticks.
struct Scaled {
    native: Native,
    of: [u64; 2],
}

impl Scaled {
    fn scale(&self, ticks: u64) -> u64 {
        let [to, from] = self.of.map(u128::from);
        // The low 64 bits, as a counter wraps.
        (u128::from(ticks) * to / from.max(1)) as u64
    }
}

impl Ticks for Scaled {
    fn now(&mut self) -> u64 {
        let ticks = self.native.now();
        self.scale(ticks)
    }

    fn info(&self) -> CounterInfo {
        self.native.info()
    }
}

impl Machine for Scaled {
    fn identity(&mut self) -> Identity {
        self.native.identity()
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        self.native.chain(chain, operands)
    }

    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        let end = self.native.chase(arena, ring, walk, elapsed);
        for pass in elapsed {
            *pass = self.scale(*pass);
        }
        end
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        self.native.branches(pattern)
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        self.native.indirect(targets, order, calls)
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        self.native.nested_calls(depth, times)
    }

    fn quirk(&mut self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        self.native.quirk(probe, operand)
    }

    fn fresh_code(&mut self, what: Fresh, routine: Routine) -> Option<u32> {
        self.native.fresh_code(what, routine)
    }

    fn trap(&mut self, kind: Trap) -> Option<()> {
        self.native.trap(kind)
    }

    fn idle(&mut self, ticks: u64) -> bool {
        let [to, from] = self.of.map(u128::from);
        let own = u128::from(ticks) * from / to.max(1);
        self.native.idle(u64::try_from(own).unwrap_or(u64::MAX))
    }

    fn probes(&mut self) -> &'static [Probe] {
        self.native.probes()
    }

    fn page_bytes(&self) -> u32 {
        self.native.page_bytes()
    }
}

/// A process of its own that measures this machine: `lab --probe NONCE MINER`.
struct Probing {
    child: Child,
    since: Instant,
}

impl Probing {
    fn start(nonce: &str, miner: &str) -> Result<Self, String> {
        let fail = |e: std::io::Error| format!("a probe of our own: {e}");
        let program = std::env::current_exe().map_err(fail)?;
        let child = Command::new(program)
            // No node is needed for it; its argument is.
            .args(["--node", "none", "--probe", nonce, miner])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(fail)?;
        Ok(Probing {
            child,
            since: Instant::now(),
        })
    }

    /// Slows it down until it has ended; gives what it measured.
    fn throttled(mut self, means: Means) -> Result<Evidence, String> {
        let output = self.child.stdout.take().ok_or("no output")?;
        // Evidence may be longer than what a pipe holds.
        let reader = std::thread::spawn(move || std::io::read_to_string(output));
        let ended = match means {
            Means::Stopped(percent) => self.stop_and_go(percent),
            _ => self.under_quota(),
        };
        if ended.is_err() {
            // It may have ended by itself; a stopped process can be killed as well.
            let _ = self.child.kill();
        }
        self.child.wait().map_err(|e| e.to_string())?;
        ended?;
        let text = reader.join().map_err(|_| "the reader panicked")?;
        let text = text.map_err(|e| e.to_string())?;
        serde_json::from_str(&text).map_err(|e| format!("no evidence: {e}"))
    }

    /// Whether it still runs.
    fn runs(&mut self) -> Result<bool, String> {
        if self.since.elapsed() > PROBE_LIMIT {
            return Err(format!("no end within {} s", PROBE_LIMIT.as_secs()));
        }
        let ended = self.child.try_wait().map_err(|e| e.to_string())?;
        Ok(ended.is_none())
    }

    fn signal(&self, name: &str) -> Result<(), String> {
        let mut kill = Command::new("kill");
        kill.arg(name).arg(self.child.id().to_string());
        // An error of `kill` itself: the probe has just ended.
        kill.stderr(Stdio::null())
            .status()
            .map_err(|e| format!("kill: {e}"))?;
        Ok(())
    }

    fn stop_and_go(&mut self, percent: u32) -> Result<(), String> {
        let off = PERIOD * percent / 100;
        while self.runs()? {
            self.signal("-STOP")?;
            std::thread::sleep(off);
            self.signal("-CONT")?;
            std::thread::sleep(PERIOD - off);
        }
        Ok(())
    }

    fn under_quota(&mut self) -> Result<(), String> {
        let group = Group::new(self.child.id())?;
        while self.runs()? {
            std::thread::sleep(LOOK);
        }
        drop(group);
        Ok(())
    }
}

/// A control group of one process, removed when dropped.
struct Group(PathBuf);

impl Group {
    /// Whether one can be made.
    fn works() -> bool {
        Group::made("probe").is_ok()
    }

    fn made(name: &str) -> Result<Self, String> {
        let root = Path::new(GROUPS);
        let second = root.join(VERSION_2).exists();
        let root = if second {
            root.to_path_buf()
        } else {
            root.join("cpu")
        };
        let folder = root.join(format!("verdigris-lab-{}-{name}", std::process::id()));
        let fail = |e: std::io::Error| format!("{}: {e}", folder.display());
        std::fs::create_dir(&folder).map_err(fail)?;
        let group = Group(folder);
        let period = PERIOD.as_micros() as u64;
        let quota = period * QUOTA / 100;
        let limits = if second {
            vec![("cpu.max", format!("{quota} {period}"))]
        } else {
            vec![
                ("cpu.cfs_period_us", period.to_string()),
                ("cpu.cfs_quota_us", quota.to_string()),
            ]
        };
        for (file, limit) in limits {
            group.write(file, &limit)?;
        }
        Ok(group)
    }

    fn new(process: u32) -> Result<Self, String> {
        let group = Group::made(&process.to_string())?;
        group.write("cgroup.procs", &process.to_string())?;
        Ok(group)
    }

    fn write(&self, file: &str, text: &str) -> Result<(), String> {
        let file = self.0.join(file);
        std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty once its process has ended; otherwise it stays behind, and holds nothing up.
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_add_takes_a_cycle_of_the_claim() {
        for (_, mhz) in CLAIMS {
            let mut evidence = paper::metal();
            let times = slower(&evidence, mhz);
            dilate(&mut evidence, times);
            let ps = u64::from(paper::add(&evidence)) * 1_000_000_000 / rate(&evidence);
            let wanted = 1_000_000 / mhz;
            assert!(ps.abs_diff(wanted) * 5 < wanted, "{mhz} MHz: {ps} ps");
        }
    }
}
