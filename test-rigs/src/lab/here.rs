//! This machine, measured by the prober that ships.

use super::paper::{self, PROFILES};
use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use probe_core::evidence::Evidence;
use probe_core::machine::Machine;
use probe_core::plan::{Plan, QUICK_WORKING_SET};
use probe_core::prober::Prober;
use probe_core::seed::Seed;
use probe_core::ticks::Clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::LazyLock;
use verdigris_node::verdict::processor::{Known, Processor};

/// Its name among the units.
pub const UNIT: &str = "this machine";

/// Other work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// None of ours.
    None,
    /// A busy thread for every processor.
    Beside,
}

/// One quick probe, to look at: its identity does not change.
static SAMPLE: LazyLock<Option<Evidence>> =
    LazyLock::new(|| measure(Seed::derive("", ""), Load::None).ok());

/// The class that it is paid as in `year` if its kind is proven; `None` where nothing names its core.
pub fn class(year: u16) -> Option<String> {
    let sample = SAMPLE.as_ref()?;
    let processor = Processor::parse(&sample.identity, &PROFILES.silicon);
    let core = processor.core()?;
    match core {
        Known::X86(core) => Some(paper::class(core, year)),
        Known::Other(core) => Some(core.class.clone()),
    }
}

/// Whether a hypervisor announces itself here.
pub fn is_guest() -> bool {
    SAMPLE.as_ref().is_some_and(paper::is_guest)
}

/// One quick probe of it, made once; `None` where it cannot be measured.
pub fn sample() -> Option<&'static Evidence> {
    SAMPLE.as_ref()
}

/// Probes it by the quick plan, without facts of its environment.
///
/// # Errors
/// There is no memory to measure in.
pub fn measure(seed: Seed, load: Load) -> Result<Evidence, String> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if load == Load::Beside {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
        }
        let evidence = probe(seed, &mut Native::new(), &mut MonotonicClock);
        ended.store(true, Ordering::Relaxed);
        evidence
    })
}

/// The same by any counter and clock.
///
/// # Errors
/// As [`measure`].
pub fn probe(
    seed: Seed,
    machine: &mut impl Machine,
    clock: &mut impl Clock,
) -> Result<Evidence, String> {
    let mut arena = Arena::new(QUICK_WORKING_SET as usize)
        .map_err(|e| format!("no memory to measure in: {e}"))?;
    let plan = Plan {
        quick: true,
        arena_bytes: QUICK_WORKING_SET,
    };
    let mut prober = Prober::new(plan, seed, &mut arena, &[]).map_err(|e| e.to_string())?;
    while prober.poll(machine, Some(clock)).is_err() {}
    let evidence = prober.evidence();
    evidence
        .cloned()
        .ok_or_else(|| "the probe has no evidence".into())
}

/// The same as it would be on metal: where a hypervisor runs it, with what that did taken out.
///
/// # Errors
/// As [`measure`].
pub fn measure_on_metal(seed: Seed) -> Result<Evidence, String> {
    let mut evidence = measure(seed, Load::None)?;
    if is_guest() {
        paper::as_on_metal(&mut evidence);
    }
    Ok(evidence)
}
