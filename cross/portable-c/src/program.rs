//! The program: what the Rust program does, with a host's calls in place of a standard library.

use crate::arguments::{self, Settings, Task, Usage};
use crate::host::{self, FileError, HostPlatform, Name, Received, Stream, SystemClock, Wire};
use crate::report;
use core::fmt::Write;
use core::str::from_utf8;
use heapless::{String, Vec};
use miner_tiny::self_check;
use miner_tiny::session::{Config, Ending, Outcome, Purpose, Session, Step};
use miner_tiny::wallet::{unhex, Key, SEED_BYTES};
use miner_tiny::Host;
use probe_arch::arch::c::Counter;
use probe_arch::{Native, Processor};
use probe_core::plan::Plan;

/// This machine: the kernels in C behind imports, its counter or its clock, its memory for code.
type Machine = Native<Counter<SystemClock>, HostPlatform>;

/// Exit status: the options are wrong; the wallet is; nothing can be measured.
const BAD_OPTIONS: i32 = 2;
const BAD_WALLET: i32 = 4;
const CANNOT_MEASURE: i32 = 5;

/// First and longest wait after a failure that may pass, seconds; in between they double.
const BACKOFF_S: [u32; 2] = [10, 600];

/// Bytes of a page of linear memory.
const PAGE: usize = 64 * 1024;

/// Port of a node whose URL names none.
const HTTP_PORT: u16 = 80;

/// Bytes received at a time.
const PIECE: usize = 1024;

/// Bytes of a wallet's file that are looked at: the digits, and white space around them.
const FILE_MAX: usize = 256;

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
            let _ = Stream::Out.write_str(arguments::HELP);
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

/// The wallet's key; made where there is none.
fn key(settings: &Settings) -> Result<Key, &'static str> {
    let name = settings.wallet.as_str();
    match host::read_private::<FILE_MAX>(name) {
        Ok(bytes) => from_utf8(&bytes)
            .ok()
            .and_then(|text| unhex(text.trim()))
            .map(|seed| Key::from_seed(&seed))
            .ok_or("the wallet holds no key of 64 hex digits"),
        Err(FileError::Public) => Err("others may read the wallet; if nobody did: chmod 600 on it"),
        Err(FileError::Unreadable) => Err("the wallet cannot be read"),
        Err(FileError::Absent) => {
            let seed: [u8; SEED_BYTES] = host::entropy()
                .map_err(|_| "no random numbers; bring a key made elsewhere: 64 hex digits")?;
            let key = Key::from_seed(&seed);
            if settings.dry_run {
                // Nothing is paid to this key: it need not be kept.
                return Ok(key);
            }
            let mut text: String<{ 2 * SEED_BYTES + 1 }> = String::new();
            for byte in seed {
                let _ = write!(text, "{byte:02x}");
            }
            let _ = text.push('\n');
            host::create_private(name, text.as_bytes())
                .map_err(|_| "the wallet cannot be written")?;
            if !settings.quiet {
                let _ = writeln!(
                    Stream::Error,
                    "note: made {name}\nnote: {}\nnote: keep a copy of that file",
                    key.address()
                );
            }
            Ok(key)
        }
    }
}

/// Where a node is.
struct Node<'a> {
    /// For the `Host` header.
    authority: &'a str,
    host: &'a str,
    port: u16,
    /// What stands before the node's paths.
    base: &'a str,
}

impl<'a> Node<'a> {
    fn parse(url: &'a str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, base) = match rest.find('/') {
            Some(at) => (&rest[..at], rest[at..].trim_end_matches('/')),
            None => (rest, ""),
        };
        // An address of version 6 stands in brackets.
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']')?;
                (host, port.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = port.map_or(Some(HTTP_PORT), |port| port.parse().ok())?;
        (!host.is_empty()).then_some(Node {
            authority,
            host,
            port,
            base,
        })
    }
}

/// Attests once or for ever; gives the exit status.
fn mine(settings: &Settings) -> i32 {
    let key = match key(settings) {
        Ok(key) => key,
        Err(what) => return fail(BAD_WALLET, what),
    };
    let Some(node) = Node::parse(&settings.node) else {
        return fail(BAD_OPTIONS, "--node must be http://HOST[:PORT]");
    };
    let Some(arena) = memory(settings.arena as usize) else {
        return fail(
            CANNOT_MEASURE,
            "no memory to measure in; try a smaller --arena",
        );
    };
    // Who answered first is who must answer later.
    let mut node_key = settings.node_key;
    let mut backoff_s = BACKOFF_S[0];
    loop {
        let outcome = attest(settings, &node, &key, node_key, arena);
        node_key = node_key.or(outcome.node_key);
        let status = outcome
            .ending
            .map_or(CANNOT_MEASURE, |ending| i32::from(ending.exit_status()));
        let accepted = outcome.ending == Some(Ending::Accepted);
        if !settings.forever || !(accepted || outcome.is_passing()) {
            return status;
        }
        let pause_s = if accepted {
            backoff_s = BACKOFF_S[0];
            settings.interval_s
        } else {
            let asked = outcome.retry_after_s.unwrap_or(0);
            let pause_s = backoff_s.max(asked.min(settings.interval_s.max(BACKOFF_S[1])));
            backoff_s = (backoff_s * 2).min(BACKOFF_S[1]);
            pause_s
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
    node: &Node<'_>,
    key: &Key,
    node_key: Option<[u8; 32]>,
    arena: &mut [u8],
) -> Outcome {
    let hostname: Vec<u8, 64> = host::system(Name::Host);
    let system: Vec<u8, 32> = host::system(Name::Machine);
    let about = Host {
        cores: 1,
        hostname: from_utf8(&hostname).unwrap_or_default(),
        machine: from_utf8(&system).unwrap_or_default(),
        macs: &[],
        model: "",
    };
    let config = Config {
        host: node.authority,
        base: node.base,
        purpose: if settings.dry_run {
            Purpose::Offline
        } else {
            Purpose::Attest
        },
        plan: Plan {
            quick: settings.quick,
            arena_bytes: settings.arena,
        },
        miner: &settings.miner,
        name: &settings.name,
        node_key,
        facts: &[],
    };
    let mut session = Session::new(config, about, key, arena);
    let outcome = drive(&mut session, settings, node);
    report::print(settings, session.miner(), session.evidence(), &outcome);
    outcome
}

/// Does what the session says, to its end.
fn drive(session: &mut Session<'_, &Key>, settings: &Settings, node: &Node<'_>) -> Outcome {
    let left = |until_ms: u64| until_ms.saturating_sub(host::now_ms());
    let mut machine = machine();
    let mut clock = SystemClock;
    let mut wire = Wire;
    let mut shown = !settings.show_payload;
    loop {
        if let (false, Some(payload)) = (shown, session.payload()) {
            shown = true;
            // A submission is ASCII.
            let _ = writeln!(Stream::Out, "{}", from_utf8(payload).unwrap_or_default());
        }
        match session.step(host::now_ms()) {
            Step::Connect { until_ms } => {
                match wire.connect(node.host, node.port, left(until_ms)) {
                    Ok(()) => session.connected(),
                    Err(_) => session.failed(),
                }
            }
            Step::Send { bytes, until_ms } => match wire.send(bytes, left(until_ms)) {
                Ok(count) => session.sent(count),
                Err(_) => session.failed(),
            },
            Step::Receive { until_ms } => {
                let mut piece = [0; PIECE];
                match wire.receive(&mut piece, left(until_ms)) {
                    Ok(Received::Bytes(0)) => session.closed(),
                    Ok(Received::Bytes(count)) => session.received(&piece[..count]),
                    Ok(Received::Nothing) => {}
                    Err(_) => session.failed(),
                }
            }
            Step::Close => wire.close(),
            Step::Measure => session.measure(&mut machine, Some(&mut clock)),
            Step::Wait { until_ms } => host::wait_ms(left(until_ms)),
            Step::Done(outcome) => return outcome.clone(),
        }
    }
}
