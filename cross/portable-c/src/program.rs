//! The program: what the Rust program does, with a host's calls in place of a standard library.

use crate::arguments::{self, Settings, Task, Usage};
use crate::host::{self, HostPlatform, Received, Stream, SystemClock, Wire};
use crate::node::Node;
use crate::surroundings::{self, Surroundings};
use crate::{key_file, known_nodes, report};
use core::fmt::Write;
use core::str::from_utf8;
use heapless::Vec;
use miner_tiny::self_check;
use miner_tiny::session::{Config, Ending, Outcome, Purpose, Session, Step};
use miner_tiny::wallet::Key;
use miner_tiny::Host;
use probe_arch::arch::c::Counter;
use probe_arch::{Native, Processor};
use probe_core::channels::ChannelId;
use probe_core::plan::{Plan, MAX_ARENA, MIN_ARENA, QUICK_WORKING_SET};

/// This machine: the kernels in C behind imports, its counter or its clock, its memory for code.
type Machine = Native<Counter<SystemClock>, HostPlatform>;

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

/// Bytes of a page of linear memory.
const PAGE: usize = 64 * 1024;

/// Bytes received at a time.
const PIECE: usize = 1024;

/// Hardware addresses that travel.
const MACS: usize = 4;

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Ends the program through the host's trap handler.
    core::arch::wasm32::unreachable()
}

/// Runs the program; gives its exit status.
///
/// To be called once: it takes the memory beyond the program's own for the arena.
#[no_mangle]
pub extern "C" fn vh_main() -> i32 {
    let settings = match arguments::parse() {
        Ok(settings) => settings,
        Err(Usage(what, why)) => {
            let _ = writeln!(
                Stream::Error,
                "error: {what} {why}\nnext: verdigris-tiny --help"
            );
            return BAD_OPTIONS;
        }
    };
    match settings.task {
        Task::Help => {
            let _ = writeln!(Stream::Out, "{}", arguments::HELP);
            0
        }
        Task::Version => {
            let _ = writeln!(Stream::Out, "verdigris-tiny {}", env!("CARGO_PKG_VERSION"));
            0
        }
        Task::SelfCheck => check(),
        Task::Attest => mine(&settings),
    }
}

fn fail(status: i32, what: &str) -> i32 {
    let _ = writeln!(Stream::Error, "error: {what}");
    status
}

fn machine() -> Machine {
    let ticks = Counter::default();
    Processor::with(ticks, HostPlatform)
}

/// New memory, zeroed, from the end of what there is.
fn memory(bytes: usize) -> Option<&'static mut [u8]> {
    let pages = bytes.div_ceil(PAGE);
    let first = core::arch::wasm32::memory_grow(0, pages);
    if first == usize::MAX {
        return None;
    }
    let start = core::ptr::with_exposed_provenance_mut(first * PAGE);
    // SAFETY: the host has just added these pages, zeroed, and nothing else knows of them.
    Some(unsafe { core::slice::from_raw_parts_mut(start, bytes) })
}

fn check() -> i32 {
    let Some(arena) = memory(self_check::ARENA) else {
        return fail(CANNOT_MEASURE, "no memory to measure in");
    };
    // The host takes everything that is printed.
    let report = self_check::run(&mut machine(), arena, &mut Stream::Out).unwrap_or_default();
    if report.wrong == 0 {
        0
    } else {
        fail(
            CANNOT_MEASURE,
            "results are wrong; see the lines with WRONG",
        )
    }
}

/// Memory to measure in: as asked, or a share of what is available, or less where that is refused.
fn arena(settings: &Settings) -> Option<&'static mut [u8]> {
    if let Some(bytes) = settings.arena {
        return memory(bytes as usize);
    }
    let most = if settings.quick {
        QUICK_WORKING_SET
    } else {
        MAX_ARENA
    };
    let share = surroundings::available().map_or(USUAL_ARENA, |bytes| {
        u32::try_from(bytes / SHARE_OF_AVAILABLE).unwrap_or(most)
    });
    let mut bytes = share.clamp(MIN_ARENA, most);
    loop {
        match memory(bytes as usize) {
            None if bytes > MIN_ARENA => bytes = (bytes / 2).max(MIN_ARENA),
            tried => return tried,
        }
    }
}

/// `whole` less up to a tenth, so that miners started together drift apart.
fn spread_out(whole_s: u32) -> u32 {
    // Where the system has no random numbers, none is drawn.
    let random = host::entropy().map_or(0, u32::from_le_bytes);
    let tenth = u64::from(whole_s / 10);
    whole_s - ((tenth * u64::from(random)) >> u32::BITS) as u32
}

/// Attests once or for ever; gives the exit status.
fn mine(settings: &Settings) -> i32 {
    let key = match key_file::open_or_create(settings) {
        Ok(key) => key,
        Err(what) => return fail(BAD_WALLET, what),
    };
    let node = match (settings.dry_run, Node::parse(&settings.node)) {
        (true, _) => None,
        (false, None) => return fail(BAD_OPTIONS, "--node must be http://HOST[:PORT]"),
        (false, node) => node,
    };
    let known = known_nodes::beside(&settings.wallet);
    let mut node_key = settings.node_key;
    if node_key.is_none() && node.is_some() {
        node_key = match known_nodes::key_of(&known, &settings.node) {
            Ok(key) => key,
            Err(what) => return fail(BAD_FILE, what),
        };
    }
    let Some(arena) = arena(settings) else {
        return fail(
            CANNOT_MEASURE,
            "no memory to measure in; try a smaller --arena",
        );
    };
    let mut backoff_s = BACKOFF_S[0];
    loop {
        let outcome = attest(settings, node.as_ref(), &key, node_key, arena);
        if let (None, Some(first_seen)) = (node_key, outcome.node_key) {
            if let Err(what) = known_nodes::keep(&known, &settings.node, &first_seen) {
                return fail(BAD_FILE, what);
            }
            node_key = Some(first_seen);
        }
        let status = outcome
            .ending
            .map_or(CANNOT_MEASURE, |ending| i32::from(ending.exit_status()));
        let accepted = outcome.ending == Some(Ending::Accepted);
        if !settings.forever || !(accepted || outcome.is_passing()) {
            return status;
        }
        let pause_s = if accepted {
            backoff_s = BACKOFF_S[0];
            spread_out(settings.interval_s)
        } else {
            let asked_s = outcome.retry_after_s.unwrap_or(0).min(RETRY_AFTER_MAX_S);
            let own_s = spread_out(backoff_s);
            backoff_s = (backoff_s * 2).min(BACKOFF_S[1]);
            own_s.max(asked_s)
        };
        if !settings.quiet {
            let _ = writeln!(Stream::Error, "next in {pause_s} s");
        }
        host::wait_ms(u64::from(pause_s) * 1_000);
    }
}

/// One session, and its report.
fn attest(
    settings: &Settings,
    node: Option<&Node<'_>>,
    key: &Key,
    node_key: Option<[u8; 32]>,
    arena: &mut [u8],
) -> Outcome {
    let surroundings = Surroundings::here();
    let macs: Vec<&str, MACS> = surroundings.macs.iter().map(|mac| mac.as_str()).collect();
    let about = Host {
        cores: host::cores(),
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
    let outcome = drive(&mut session, settings, node);
    report::print(settings, session.miner(), session.evidence(), &outcome);
    outcome
}

/// Does what the session says, to its end.
fn drive(session: &mut Session<'_, &Key>, settings: &Settings, node: Option<&Node<'_>>) -> Outcome {
    let left = |until_ms: u64| until_ms.saturating_sub(host::now_ms());
    let mut machine = machine();
    let mut clock = SystemClock;
    let mut wire = Wire;
    let mut shown = None;
    let mut payload_shown = !settings.show_payload;
    loop {
        payload_shown = payload_shown || show_payload(session);
        match session.step(host::now_ms()) {
            Step::Connect { until_ms } => {
                let reached =
                    node.map(|node| wire.connect(node.host, node.port, left(until_ms)).is_ok());
                if reached == Some(true) {
                    session.connected();
                } else {
                    remark(settings, "no connection");
                    session.failed();
                }
            }
            Step::Send { bytes, until_ms } => match wire.send(bytes, left(until_ms)) {
                Ok(count) => session.sent(count),
                Err(_) => {
                    remark(settings, "cannot send");
                    session.failed();
                }
            },
            Step::Receive { until_ms } => {
                let mut piece = [0; PIECE];
                match wire.receive(&mut piece, left(until_ms)) {
                    Ok(Received::Bytes(0)) => session.closed(),
                    Ok(Received::Bytes(count)) => session.received(&piece[..count]),
                    Ok(Received::Nothing) => {}
                    Err(_) => {
                        remark(settings, "cannot receive");
                        session.failed();
                    }
                }
            }
            Step::Close => wire.close(),
            Step::Measure => {
                session.measure(&mut machine, Some(&mut clock));
                show_progress(settings, session, &mut shown);
            }
            Step::Wait { until_ms } => host::wait_ms(left(until_ms)),
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
    // A submission is ASCII.
    let _ = writeln!(Stream::Out, "{}", from_utf8(payload).unwrap_or_default());
    true
}

fn remark(settings: &Settings, text: &str) {
    if !settings.quiet {
        let _ = writeln!(Stream::Error, "note: {text}");
    }
}

/// A line for each channel.
fn show_progress(settings: &Settings, session: &Session<'_, &Key>, shown: &mut Option<ChannelId>) {
    let Some(progress) = session.progress().filter(|_| !settings.quiet) else {
        return;
    };
    if progress.channel != *shown {
        *shown = progress.channel;
        if let Some(channel) = progress.channel {
            let _ = writeln!(
                Stream::Error,
                "{:>3} % {:<12} {} s left",
                progress.overall_permille / 10,
                channel.name(),
                progress.remaining_ms.div_ceil(1000)
            );
        }
    }
}
