//! The counter itself: whose it is, its order, its lattice, its rate.

use super::{about, grouped, milli, ppm_apart, Subject};
use crate::verdict::thresholds::{
    Threshold, CORE_COUNTER, COUNTER_RATE, FREQUENCY_AGREEMENT, MICROSECOND_LATTICE, NONE,
    POWER_TIME_BASE, RISCV_TIME,
};
use crate::verdict::{Aspect, Check, Outcome};
use probe_core::channels::counter::Evidence;

/// Counters that are an operating system's clock: they step as the system likes.
const SOFTWARE_PREFIXES: [&str; 2] = ["os-", "bios-"];

/// Judges the lattice of steps, and tells of reads out of order.
pub fn check(subject: &Subject<'_>) -> Vec<Check> {
    let draft = about("counter", Aspect::Presence);
    let Some(counter) = &subject.evidence.counter else {
        return vec![draft.absent("The counter was not examined.")];
    };
    let mut checks = vec![lattice(subject, counter)];
    checks.extend(owner(subject, counter));
    checks.extend(nanoseconds(subject, counter));
    checks.extend(rate(subject, counter));
    checks.extend(core_clock(subject, counter));
    let [least, median, p99] = counter.overhead;
    let draft = about("counter", Aspect::Presence)
        .measured(format!(
            "{} of {} pairs read backwards, {} alike; overhead {least}/{median}/{p99} ticks \
             (minimum, median, 99th percentile)",
            counter.backwards, counter.samples, counter.repeats
        ))
        .expected("no reading below the one before");
    checks.push(if counter.backwards == 0 {
        draft.so(Outcome::Pass, "The counter only goes forward.", &NONE)
    } else {
        draft.so(
            Outcome::Note,
            "The counter went back: unsynchronised counters of several cores do that on real \
             machines too.",
            &NONE,
        )
    });
    checks
}

/// Counters that are instructions or registers of a processor, each with the architectures whose programs can read
/// it: the back ends of `probe-arch` and `c-shims`, and the manuals that they name.
const OWNERS: [(&str, &[&str]); 11] = [
    ("rdtsc", &["x86", "x86_64"]),
    ("mftb", &["powerpc", "powerpc64"]),
    ("rtc601", &["powerpc"]),
    ("cntvct", &["arm"]),
    ("cntvct_el0", &["aarch64"]),
    ("rdtime", &["riscv64"]),
    ("tick", &["sparc", "sparc64"]),
    ("rdhwr", &["mips", "mips64"]),
    ("rpcc", &["alpha"]),
    ("cr16", &["hppa"]),
    ("stckf", &["s390x"]),
];

/// Whether a program of this architecture can have read such a counter. Clocks of systems and timer chips are nobody's.
fn owner(subject: &Subject<'_>, counter: &Evidence) -> Option<Check> {
    let source = counter.source.as_str();
    let (_, owners) = OWNERS.iter().find(|(name, _)| *name == source)?;
    let architecture = subject.processor.architecture;
    let draft = about("counter", Aspect::Integrity)
        .measured(format!("{source}, read by a program of {architecture}"))
        .expected(format!("{source} is read on {}", owners.join(" and ")));
    Some(draft.decide(
        owners.contains(&architecture),
        "The architecture has this counter.",
        "No program of this architecture can read this counter: the numbers are another machine's.",
        &NONE,
    ))
}

/// The clock of a Unix, in nanoseconds, computed from whatever the machine has.
pub(super) const SYSTEM_CLOCK: &str = "os-monotonic";

/// Counters that count nanoseconds, whatever makes them: the clock of a Unix, and the 601's.
const NANOSECONDS: [&str; 2] = [SYSTEM_CLOCK, "rtc601"];

/// A counter of nanoseconds against the system's nanoseconds.
fn nanoseconds(subject: &Subject<'_>, counter: &Evidence) -> Option<Check> {
    const HZ: u64 = 1_000_000_000;
    if !NANOSECONDS.contains(&counter.source.as_str()) {
        return None;
    }
    let hz = subject.frequency_hz()?;
    let draft = about("counter", Aspect::Integrity)
        .measured(format!("{} at {} Hz", counter.source, grouped(hz)))
        .expected(format!(
            "{} Hz within {} ppm: it counts nanoseconds",
            grouped(HZ),
            grouped(FREQUENCY_AGREEMENT.value)
        ));
    Some(draft.decide(
        ppm_apart(hz, HZ) <= FREQUENCY_AGREEMENT.value,
        "The counter of nanoseconds keeps up with the system's clock.",
        "What counts nanoseconds does not count as many as the system's clock: the numbers are another counter's.",
        &FREQUENCY_AGREEMENT,
    ))
}

/// Counters whose rate the architecture bounds: source, the most, and what they are.
const BOUNDED: [(&str, Threshold, &str); 2] = [
    ("mftb", POWER_TIME_BASE, "a time base"),
    ("rdtime", RISCV_TIME, "the time register"),
];

/// The counter's rate against the one at which such a counter runs: of the core that the machine names,
/// otherwise of the architecture.
fn rate(subject: &Subject<'_>, counter: &Evidence) -> Option<Check> {
    let (_, bound, what) = BOUNDED
        .iter()
        .find(|(source, ..)| *source == counter.source.as_str())?;
    let hz = subject.frequency_hz()?;
    let draft = about("counter", Aspect::Presence).measured(format!(
        "{what} ({}) at {} Hz",
        counter.source,
        grouped(hz)
    ));
    let known = subject
        .processor
        .named
        .and_then(|core| Some((core, core.counter_mhz?)));
    let (least, most, draft) = match known {
        Some((core, [least, most])) => (
            u64::from(least) * 1_000_000,
            u64::from(most) * 1_000_000,
            draft.expected(format!("{}: {least} to {most} MHz", core.name)),
        ),
        None => (
            0,
            bound.value * 1_000_000,
            draft.expected(format!("at most {} MHz", bound.value)),
        ),
    };
    let slack = |hz: u64| hz / 1_000_000 * COUNTER_RATE.value;
    let fits = hz >= least - slack(least) && hz <= most + slack(most);
    Some(draft.margin(hz, most).decide(
        fits,
        "The counter runs at a rate that such a counter has.",
        "No such counter runs at this rate: it is another machine's, or made from its clock.",
        if known.is_some() {
            &COUNTER_RATE
        } else {
            bound
        },
    ))
}

/// Counters that count the core's own cycles, on every processor that has them: a dependent add takes one
/// tick at least.
const CORE_CLOCKS: [(&str, &str); 3] = [("sparc64", "tick"), ("alpha", "rpcc"), ("hppa", "cr16")];

/// A dependent add against the core's own cycles.
fn core_clock(subject: &Subject<'_>, counter: &Evidence) -> Option<Check> {
    let key = (subject.processor.architecture, counter.source.as_str());
    if !CORE_CLOCKS.contains(&key) {
        return None;
    }
    let add = u64::from(subject.add()?);
    let draft = about("counter", Aspect::Presence)
        .measured(format!(
            "a dependent add takes {} ticks of {}",
            milli(add),
            counter.source
        ))
        .expected(format!(
            "at least {}: it counts the core's cycles",
            milli(CORE_COUNTER.value)
        ))
        .margin(add, CORE_COUNTER.value);
    Some(draft.decide(
        add >= CORE_COUNTER.value,
        "An add takes a cycle of the counter that counts cycles.",
        "No add is done in less than a cycle of its own core: the counter is another machine's.",
        &CORE_COUNTER,
    ))
}

fn lattice(subject: &Subject<'_>, counter: &Evidence) -> Check {
    let draft = about("counter", Aspect::Presence)
        .expected("steps that are no whole number of microseconds");
    let Some(hz) = subject.frequency_hz() else {
        return draft.absent("There is no second clock to tell the counter's rate by.");
    };
    // Picoseconds in one step of the lattice.
    let step_ps = u128::from(counter.gcd) * 1_000_000_000_000 / u128::from(hz);
    let step_ps = u64::try_from(step_ps).unwrap_or(u64::MAX);
    let microseconds = step_ps.saturating_add(500_000) / 1_000_000;
    let off = ppm_apart(step_ps, microseconds.saturating_mul(1_000_000));
    let draft = draft.measured(format!(
        "{} at {} Hz steps by {} ticks, {} ns",
        counter.source,
        grouped(hz),
        counter.gcd,
        milli(step_ps)
    ));
    if SOFTWARE_PREFIXES
        .iter()
        .any(|p| counter.source.starts_with(p))
    {
        return draft.so(
            Outcome::Note,
            "The counter is the operating system's clock: its steps say nothing of the silicon.",
            &NONE,
        );
    }
    // A counter that counts every tick may well be one of a megahertz.
    draft.decide(
        counter.gcd == 1 || microseconds == 0 || off > MICROSECOND_LATTICE.value,
        "The counter steps as a crystal's divider does.",
        "A hardware counter that advances by whole microseconds is made from a software clock.",
        &MICROSECOND_LATTICE,
    )
}
