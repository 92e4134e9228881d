//! The tiny miner's program, for any [`System`]: what the Linux program without a C library and the
//! portable C drop have in common.
//!
//! ```text
//!  config_file                                        what it is told, and what the system says
//!  arguments  key_file  known_nodes  surroundings
//!        \        |          |          /
//!          run -> mine -> attest -> drive  -> report
//!                             |        |
//!                          session   line: TCP by name or address, or a serial device
//! ```
//!
//! Every word that a person reads fits lines of 40 columns.

pub mod config_file;
pub mod node;
pub mod polled;
pub mod system;

mod arguments;
mod files;
mod key_file;
mod known_nodes;
mod line;
mod lines;
mod report;
mod resolve;
#[cfg(feature = "signing")]
mod signing;
mod surroundings;

use crate::session::{Config, Ending, Outcome, Purpose, Session, Step, EXCHANGE_MS, TEXT_MAX};
use crate::wallet::Key;
use crate::Host;
use arguments::{Settings, Task, Usage};
use core::fmt::{self, Write};
use core::str::from_utf8;
use heapless::Vec;
use line::{left, Line};
use node::Node;
use probe_core::channels::ChannelId;
use probe_core::plan::{Plan, MAX_ARENA, MIN_ARENA, QUICK_WORKING_SET};
use surroundings::Surroundings;
use system::{Printer, Received, Refused, Stream, System};

/// Exit status: the options are wrong; the wallet is; nothing can be measured; another file is wrong.
const BAD_OPTIONS: i32 = 2;
const BAD_WALLET: i32 = 4;
const CANNOT_MEASURE: i32 = 5;
const BAD_FILE: i32 = 7;

/// First and longest wait after a failure that may pass, seconds; in between they double.
const BACKOFF_S: [u32; 2] = [10, 600];

/// Longest pause that a node can impose by `Retry-After`, seconds.
const RETRY_AFTER_MAX_S: u32 = 3600;

/// The part of the memory said to be available that a probe takes when nobody says how much: the rest
/// of the machine has to live on.
const SHARE_OF_AVAILABLE: u64 = 4;

/// Bytes to measure in where nobody says how much there is: also a machine of few megabytes has them.
const USUAL_ARENA: u32 = 1 << 20;

/// Bytes received at a time.
const PIECE: usize = 1024;

/// Hardware addresses that travel.
const MACS: usize = 4;

/// Runs the program; gives its exit status. To be called once: it takes memory and keeps it.
pub fn run<S: System>(system: &mut S) -> i32 {
    #[cfg(feature = "signing")]
    return signing::run(system);
    #[cfg(not(feature = "signing"))]
    miner(system)
}

#[cfg_attr(feature = "signing", allow(dead_code))]
fn miner(system: &mut impl System) -> i32 {
    let settings = match settings(system) {
        Ok(settings) => settings,
        Err(status) => return status,
    };
    match settings.task {
        Task::Help => {
            put(system, format_args!("{}", arguments::HELP));
            0
        }
        Task::Version => {
            put(
                system,
                format_args!("verdigris-tiny {}", env!("CARGO_PKG_VERSION")),
            );
            0
        }
        Task::SelfCheck => check(system),
        Task::Attest => mine(system, &settings),
    }
}

/// What is asked for: by the command line, then by a file, then by nobody.
fn settings(system: &mut impl System) -> Result<Settings, i32> {
    let mut settings = Settings::default();
    arguments(system, &mut settings)?;
    if settings.task == Task::Attest {
        config_file::read(system, &mut settings)?;
        // Once more: they come before what the file says.
        arguments(system, &mut settings)?;
    }
    Ok(settings)
}

/// Takes over the command line.
fn arguments(system: &mut impl System, settings: &mut Settings) -> Result<(), i32> {
    arguments::parse(&mut |index, to| system.argument(index, to), settings).map_err(
        |Usage(what, why)| {
            tell(
                system,
                format_args!("error: {what} {why}\nnext: verdigris-tiny --help"),
            );
            BAD_OPTIONS
        },
    )
}

/// A line of results. Nothing is wrong where nobody reads it.
fn put(system: &mut impl System, text: fmt::Arguments<'_>) {
    let _ = writeln!(Printer(system, Stream::Out), "{text}");
}

/// A line of progress or errors.
fn tell(system: &mut impl System, text: fmt::Arguments<'_>) {
    let _ = writeln!(Printer(system, Stream::Error), "{text}");
}

fn fail(system: &mut impl System, status: i32, what: &str) -> i32 {
    tell(system, format_args!("error: {what}"));
    status
}

#[cfg(not(feature = "self-check"))]
fn check(system: &mut impl System) -> i32 {
    fail(system, BAD_OPTIONS, "built without --self-check")
}

#[cfg(feature = "self-check")]
fn check(system: &mut impl System) -> i32 {
    use crate::self_check;
    let Some(arena) = system.memory(self_check::ARENA) else {
        return fail(system, CANNOT_MEASURE, "no memory to measure in");
    };
    let mut machine = system.machine();
    let mut out = Printer(system, Stream::Out);
    // A system takes everything that is printed.
    let report = self_check::run(&mut machine, arena, &mut out).unwrap_or_default();
    if report.wrong == 0 {
        0
    } else {
        fail(
            system,
            CANNOT_MEASURE,
            "results are wrong; see the lines with WRONG",
        )
    }
}

/// Memory to measure in: as asked, or a share of what is available, or less where that is refused.
fn arena(system: &mut impl System, settings: &Settings) -> Option<&'static mut [u8]> {
    if let Some(bytes) = settings.arena {
        return system.memory(bytes as usize);
    }
    let most = if settings.quick {
        QUICK_WORKING_SET
    } else {
        MAX_ARENA
    };
    let share = surroundings::available(system).map_or(USUAL_ARENA, |bytes| {
        u32::try_from(bytes / SHARE_OF_AVAILABLE).unwrap_or(most)
    });
    let mut bytes = share.clamp(MIN_ARENA, most);
    loop {
        match system.memory(bytes as usize) {
            None if bytes > MIN_ARENA => bytes = (bytes / 2).max(MIN_ARENA),
            tried => return tried,
        }
    }
}

/// `whole` less up to a tenth, so that miners started together drift apart.
fn spread_out(system: &mut impl System, whole_s: u32) -> u32 {
    let mut random = [0; 4];
    // Where the system has no random numbers, none is drawn.
    let _ = system.entropy(&mut random);
    let tenth = u64::from(whole_s / 10);
    whole_s - ((tenth * u64::from(u32::from_le_bytes(random))) >> u32::BITS) as u32
}

/// Attests once or for ever; gives the exit status.
fn mine(system: &mut impl System, settings: &Settings) -> i32 {
    let key = match key_file::open_or_create(system, settings) {
        Ok(key) => key,
        Err(what) => return fail(system, BAD_WALLET, what),
    };
    let node = match (settings.dry_run, Node::parse(&settings.node)) {
        (true, _) => None,
        (false, None) => return fail(system, BAD_OPTIONS, "--node must be http://HOST[:PORT]"),
        (false, node) => node,
    };
    let known = known_nodes::beside(&settings.wallet);
    let mut node_key = settings.node_key;
    if node_key.is_none() && node.is_some() {
        node_key = match known_nodes::key_of(system, &known, &settings.node) {
            Ok(key) => key,
            Err(what) => return fail(system, BAD_FILE, what),
        };
    }
    let Some(arena) = arena(system, settings) else {
        return fail(
            system,
            CANNOT_MEASURE,
            "no memory to measure in; try a smaller --arena",
        );
    };
    let mut backoff_s = BACKOFF_S[0];
    loop {
        let ended = attest(system, settings, node.as_ref(), &key, node_key, arena);
        if let (None, Some(first_seen)) = (node_key, ended.node_key) {
            if let Err(what) = known_nodes::keep(system, &known, &settings.node, &first_seen) {
                return fail(system, BAD_FILE, what);
            }
            node_key = Some(first_seen);
        }
        if !settings.forever || !(ended.accepted || ended.passing) {
            return ended.status;
        }
        let pause_s = if ended.accepted {
            backoff_s = BACKOFF_S[0];
            spread_out(system, settings.interval_s)
        } else {
            let asked_s = ended.retry_after_s.unwrap_or(0).min(RETRY_AFTER_MAX_S);
            let own_s = spread_out(system, backoff_s);
            backoff_s = (backoff_s * 2).min(BACKOFF_S[1]);
            own_s.max(asked_s)
        };
        if !settings.quiet {
            tell(system, format_args!("next in {pause_s} s"));
        }
        let end_ms = system.now_ms() + u64::from(pause_s) * 1_000;
        loop {
            let left_ms = end_ms.saturating_sub(system.now_ms());
            if left_ms == 0 {
                break;
            }
            system.wait_ms(left_ms);
        }
    }
}

/// What a session leaves for the next one.
struct Ended {
    /// The program's exit status.
    status: i32,
    accepted: bool,
    /// Another session may come to a better end.
    passing: bool,
    node_key: Option<[u8; 32]>,
    retry_after_s: Option<u32>,
}

impl Ended {
    fn of(outcome: &Outcome) -> Self {
        Ended {
            status: outcome
                .ending
                .map_or(CANNOT_MEASURE, |ending| i32::from(ending.exit_status())),
            accepted: matches!(outcome.ending, Some(Ending::Accepted)),
            passing: outcome.is_passing(),
            node_key: outcome.node_key,
            retry_after_s: outcome.retry_after_s,
        }
    }
}

/// One session, and its report.
fn attest(
    system: &mut impl System,
    settings: &Settings,
    node: Option<&Node<'_>>,
    key: &Key,
    node_key: Option<[u8; 32]>,
    arena: &mut [u8],
) -> Ended {
    let surroundings = Surroundings::here(system);
    let macs: Vec<&str, MACS> = surroundings.macs.iter().map(|mac| mac.as_str()).collect();
    let about = Host {
        cores: system.cores(),
        hostname: &surroundings.hostname,
        machine: &surroundings.machine,
        macs: &macs,
        model: &surroundings.model,
    };
    let config = Config {
        host: node.map_or("", |node| node.authority),
        base: node.map_or("", |node| node.base),
        purpose: if settings.dry_run {
            Purpose::Offline
        } else {
            Purpose::Attest
        },
        plan: Plan {
            quick: settings.quick,
            arena_bytes: arena.len() as u32,
        },
        miner: &settings.miner,
        name: &settings.name,
        node_key,
        facts: &surroundings.facts,
    };
    let mut session = Session::new(config, about, key, arena);
    drive(system, &mut session, settings, node);
    let mut out = Printer(system, Stream::Out);
    // A system takes everything that is printed.
    let _ = report::write(
        &mut out,
        settings,
        session.miner(),
        session.evidence(),
        session.outcome(),
    );
    Ended::of(session.outcome())
}

/// Does what the session says, to its end.
fn drive<S: System>(
    system: &mut S,
    session: &mut Session<'_, &Key>,
    settings: &Settings,
    node: Option<&Node<'_>>,
) {
    let mut line = match settings.serial.as_str() {
        "" => Line::Tcp,
        device => Line::Serial {
            device,
            baud: settings.baud,
            client: None,
        },
    };
    if let Some(ms) = line.patience_ms(TEXT_MAX) {
        session.allow_exchange_ms(EXCHANGE_MS + ms);
    }
    let mut machine = system.machine();
    let mut clock = system.clock();
    let mut shown = None;
    let mut payload_shown = !settings.show_payload;
    loop {
        payload_shown = payload_shown || show_payload(system, session);
        match session.step(system.now_ms()) {
            Step::Connect { until_ms } => {
                let node = node.ok_or(Refused("no node"));
                match node.and_then(|node| line.connect(system, node, until_ms)) {
                    Ok(()) => session.connected(),
                    Err(Refused(why)) => {
                        remark(system, settings, "no connection", why);
                        session.failed();
                    }
                }
            }
            Step::Send { bytes, until_ms } => match line.send(system, bytes, until_ms) {
                Ok(count) => session.sent(count),
                Err(Refused(why)) => {
                    remark(system, settings, "cannot send", why);
                    session.failed();
                }
            },
            Step::Receive { until_ms } => {
                let mut piece = [0; PIECE];
                match line.receive(system, &mut piece, until_ms) {
                    Ok(Received::Bytes(count)) => session.received(&piece[..count.min(PIECE)]),
                    Ok(Received::Nothing) => {}
                    Ok(Received::Closed) => session.closed(),
                    Err(Refused(why)) => {
                        remark(system, settings, "cannot receive", why);
                        session.failed();
                    }
                }
            }
            Step::Close => line.close(system),
            Step::Measure => {
                session.measure(&mut machine, Some(&mut clock));
                show_progress(system, settings, session, &mut shown);
            }
            Step::Wait { until_ms } => {
                let ms = left(system, until_ms);
                system.wait_ms(ms);
            }
            Step::Done(_) => {
                if !settings.serial.is_empty() {
                    system.close();
                }
                if !payload_shown {
                    show_payload(system, session);
                }
                return;
            }
        }
    }
}

/// Prints the submission, if there is one; says whether there was.
fn show_payload(system: &mut impl System, session: &Session<'_, &Key>) -> bool {
    let Some(payload) = session.payload() else {
        return false;
    };
    // A submission is ASCII.
    put(
        system,
        format_args!("{}", from_utf8(payload).unwrap_or_default()),
    );
    true
}

fn remark(system: &mut impl System, settings: &Settings, what: &str, why: &str) {
    if !settings.quiet {
        tell(system, format_args!("note: {what}: {why}"));
    }
}

/// A line for each channel.
fn show_progress(
    system: &mut impl System,
    settings: &Settings,
    session: &Session<'_, &Key>,
    shown: &mut Option<ChannelId>,
) {
    let Some(progress) = session.progress().filter(|_| !settings.quiet) else {
        return;
    };
    if progress.channel != *shown {
        *shown = progress.channel;
        if let Some(channel) = progress.channel {
            tell(
                system,
                format_args!(
                    "{:>3} % {:<12} {} s left",
                    progress.overall_permille / 10,
                    channel.name(),
                    progress.remaining_ms.div_ceil(1000)
                ),
            );
        }
    }
}
