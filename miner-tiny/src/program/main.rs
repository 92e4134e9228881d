//! `verdigris-tiny`: the miner that fits a floppy disk. Proves this machine to a node.

mod arguments;
mod key_file;
mod known_nodes;
mod report;
mod surroundings;
mod wire;

use arguments::{Command, Settings};
use miner_tiny::self_check;
use miner_tiny::session::{Config, Ending, Outcome, Purpose, Session, Step};
use miner_tiny::wallet::Key;
use miner_tiny::Host;
use probe_arch::os::{Arena, MonotonicClock};
use probe_arch::Native;
use probe_core::channels::ChannelId;
use probe_core::evidence::Evidence;
use probe_core::plan::{Plan, MAX_ARENA, MIN_ARENA, QUICK_WORKING_SET};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use surroundings::Surroundings;
use wire::{Node, Wire};

/// The part of the memory said to be available that a probe takes when nobody says how much: the rest
/// of the machine has to live on.
const SHARE_OF_AVAILABLE: u64 = 4;

/// Bytes to measure in where nobody says how much there is.
const USUAL_ARENA: u32 = 4 * 1024 * 1024;

/// First and longest wait after a failure that may pass; in between they double.
const BACKOFF: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(600)];

/// Longest pause that a node can impose by `Retry-After`, seconds.
const RETRY_AFTER_MAX_S: u32 = 3600;

/// Why nothing more can be done: the exit status, what happened, what helps.
#[derive(Debug)]
pub struct Failure {
    status: u8,
    what: String,
    next: &'static str,
}

impl Failure {
    fn usage(what: impl Into<String>) -> Self {
        Failure {
            status: 2,
            what: what.into(),
            next: "verdigris-tiny --help",
        }
    }
}

fn main() -> ExitCode {
    let settings = match arguments::parse(std::env::args_os().skip(1)) {
        Ok(Command::Help) => return print(arguments::HELP),
        Ok(Command::Version) => {
            return print(concat!("verdigris-tiny ", env!("CARGO_PKG_VERSION")))
        }
        Ok(Command::SelfCheck) => return check(),
        Ok(Command::Attest(settings)) => settings,
        Err(failure) => return fail(&failure),
    };
    match mine(&settings) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => fail(&failure),
    }
}

/// Prints a text. A reader that has gone away is no fault.
fn print(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn fail(failure: &Failure) -> ExitCode {
    eprintln!("error: {}", failure.what);
    if !failure.next.is_empty() {
        eprintln!("next: {}", failure.next);
    }
    ExitCode::from(failure.status)
}

fn check() -> ExitCode {
    let mut text = String::new();
    let Ok(mut arena) = Arena::new(self_check::ARENA) else {
        return fail(&no_memory());
    };
    // A string takes everything.
    let report = self_check::run(&mut Native::new(), &mut arena, &mut text).unwrap_or_default();
    print(text.trim_end());
    if report.wrong == 0 {
        ExitCode::SUCCESS
    } else {
        fail(&Failure {
            status: 5,
            what: format!("{} results are wrong", report.wrong),
            next: "report the lines with WRONG",
        })
    }
}

fn no_memory() -> Failure {
    Failure {
        status: 5,
        what: "no memory to measure in".into(),
        next: "try a smaller --arena",
    }
}

/// Attests once or for ever; gives the exit status.
fn mine(settings: &Settings) -> Result<u8, Failure> {
    let key = match (&settings.wallet, settings.dry_run) {
        // Nothing is paid to this key: it need not be kept.
        (path, true) if !path.exists() => key_file::ephemeral()?,
        (path, _) => key_file::open_or_create(path, settings.quiet)?,
    };
    let node = match settings.dry_run {
        true => None,
        false => Some(Node::parse(&settings.node)?),
    };
    let known = known_nodes::beside(&settings.wallet);
    let mut node_key = match (settings.node_key, &node) {
        (None, Some(_)) => known_nodes::key_of(&known, &settings.node)?,
        (given, _) => given,
    };
    let mut backoff = BACKOFF[0];
    loop {
        let outcome = attest(settings, node.as_ref(), &key, node_key)?;
        if let (None, Some(first_seen)) = (node_key, outcome.node_key) {
            known_nodes::keep(&known, &settings.node, &first_seen)?;
            node_key = Some(first_seen);
        }
        let status = outcome.ending.map_or(5, |ending| ending.exit_status());
        if !settings.forever {
            return Ok(status);
        }
        let pause = if outcome.ending == Some(Ending::Accepted) {
            backoff = BACKOFF[0];
            spread_out(settings.interval)
        } else if outcome.is_passing() {
            let asked = outcome.retry_after_s.unwrap_or(0).min(RETRY_AFTER_MAX_S);
            let own = spread_out(backoff);
            backoff = (backoff * 2).min(BACKOFF[1]);
            own.max(Duration::from_secs(asked.into()))
        } else {
            return Ok(status);
        };
        if !settings.quiet {
            eprintln!("next in {} s", pause.as_secs());
        }
        std::thread::sleep(pause);
    }
}

/// `whole` less up to a tenth, so that miners started together drift apart.
fn spread_out(whole: Duration) -> Duration {
    // Where the system has no random numbers, none is drawn.
    let random = getrandom::u32().unwrap_or(0);
    whole - (whole / 10).mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// One session, and its report on standard output.
fn attest(
    settings: &Settings,
    node: Option<&Node>,
    key: &Key,
    node_key: Option<[u8; 32]>,
) -> Result<Outcome, Failure> {
    let surroundings = Surroundings::here();
    let facts = surroundings.facts();
    let macs: Vec<&str> = surroundings.macs.iter().map(String::as_str).collect();
    let host = Host {
        cores: surroundings.cores,
        hostname: &surroundings.hostname,
        machine: &surroundings.machine,
        macs: &macs,
        model: &surroundings.model,
    };
    let mut arena = arena(settings, surroundings.available)?;
    let config = Config {
        host: node.map_or("", |node| &node.authority),
        base: node.map_or("", |node| &node.base),
        purpose: if settings.dry_run {
            Purpose::Offline
        } else {
            Purpose::Attest
        },
        plan: Plan {
            quick: settings.quick,
            arena_bytes: (arena.len() as u32).min(MAX_ARENA),
        },
        miner: &settings.miner,
        name: &settings.name,
        node_key,
        facts: &facts,
    };
    let mut session = Box::new(Session::new(config, host, key, &mut arena));
    let outcome = drive(&mut session, settings, node);
    report::print(settings, session.miner(), session.evidence(), &outcome);
    Ok(outcome)
}

/// Does what the session says, to its end.
fn drive(session: &mut Session<'_, &Key>, settings: &Settings, node: Option<&Node>) -> Outcome {
    let start = Instant::now();
    let now_ms = || u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let left = |until_ms: u64| Duration::from_millis(until_ms.saturating_sub(now_ms()).max(1));
    let mut machine = Native::new();
    let mut clock = MonotonicClock;
    let mut wire = Wire::new(node);
    let mut shown = None;
    let mut payload_shown = !settings.show_payload;
    loop {
        payload_shown = payload_shown || show_payload(session);
        match session.step(now_ms()) {
            Step::Connect { until_ms } => match wire.connect(left(until_ms)) {
                Ok(()) => session.connected(),
                Err(error) => {
                    remark(settings, &format!("no connection: {error}"));
                    session.failed();
                }
            },
            Step::Send { bytes, until_ms } => match wire.write(bytes, left(until_ms)) {
                Ok(count) => session.sent(count),
                Err(error) => {
                    remark(settings, &format!("cannot send: {error}"));
                    session.failed();
                }
            },
            Step::Receive { until_ms } => match wire.read(left(until_ms)) {
                Ok(Some([])) => session.closed(),
                Ok(Some(piece)) => session.received(piece),
                Ok(None) => {}
                Err(error) => {
                    remark(settings, &format!("cannot receive: {error}"));
                    session.failed();
                }
            },
            Step::Close => wire.close(),
            Step::Measure => {
                session.measure(&mut machine, Some(&mut clock));
                show_progress(settings, session, &mut shown);
            }
            Step::Wait { until_ms } => std::thread::sleep(left(until_ms)),
            Step::Done(outcome) => {
                let outcome = outcome.clone();
                if !payload_shown {
                    show_payload(session);
                }
                return outcome;
            }
        }
    }
}

/// Prints the submission, if there is one; says whether there was.
fn show_payload(session: &Session<'_, &Key>) -> bool {
    let Some(payload) = session.payload() else {
        return false;
    };
    let _ = writeln!(std::io::stdout(), "{}", String::from_utf8_lossy(payload));
    true
}

fn remark(settings: &Settings, text: &str) {
    if !settings.quiet {
        eprintln!("note: {text}");
    }
}

/// A line for each channel.
fn show_progress(settings: &Settings, session: &Session<'_, &Key>, shown: &mut Option<ChannelId>) {
    if settings.quiet {
        return;
    }
    let Some(progress) = session.progress() else {
        return;
    };
    if progress.channel != *shown {
        *shown = progress.channel;
        if let Some(channel) = progress.channel {
            eprintln!(
                "{:>3} % {:<12} {} s left",
                progress.overall_permille / 10,
                channel.name(),
                progress.remaining_ms.div_ceil(1000)
            );
        }
    }
}

/// Memory to measure in: as asked, or a share of what is available, or less where that is refused.
fn arena(settings: &Settings, available: Option<u64>) -> Result<Arena, Failure> {
    if let Some(bytes) = settings.arena {
        return Arena::new(bytes as usize).map_err(|_| no_memory());
    }
    let most = if settings.quick {
        QUICK_WORKING_SET
    } else {
        MAX_ARENA
    };
    let share = available.map_or(USUAL_ARENA, |bytes| {
        u32::try_from(bytes / SHARE_OF_AVAILABLE).unwrap_or(most)
    });
    let mut bytes = share.clamp(MIN_ARENA, most);
    loop {
        match Arena::new(bytes as usize) {
            Ok(arena) => return Ok(arena),
            Err(_) if bytes > MIN_ARENA => bytes = (bytes / 2).max(MIN_ARENA),
            Err(_) => return Err(no_memory()),
        }
    }
}

/// The channels that ran, in running order.
fn channels(evidence: &Evidence) -> impl Iterator<Item = ChannelId> + '_ {
    ChannelId::ALL.into_iter().filter(|channel| match channel {
        ChannelId::Counter => evidence.counter.is_some(),
        ChannelId::Pipeline => evidence.pipeline.is_some(),
        ChannelId::Simd => evidence.simd.is_some(),
        ChannelId::Fpu => evidence.fpu.is_some(),
        ChannelId::Branch => evidence.branch.is_some(),
        ChannelId::Trap => evidence.trap.is_some(),
        ChannelId::Quirks => evidence.quirks.is_some(),
        ChannelId::FreshCode => evidence.fresh_code.is_some(),
        ChannelId::Cache => evidence.cache.is_some(),
        ChannelId::Jitter => evidence.jitter.is_some(),
        ChannelId::Oscillator => evidence.oscillator.is_some(),
        ChannelId::Thermal => evidence.thermal.is_some(),
        ChannelId::Environment => evidence.environment.is_some(),
    })
}

/// Lower-case hexadecimal text.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
