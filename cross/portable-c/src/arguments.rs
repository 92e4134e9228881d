//! The command line, as the Rust program's (`miner-tiny/src/program/arguments.rs`).

use crate::host;
use heapless::String;
use miner_tiny::submission::is_id;
use miner_tiny::wallet::unhex;
use probe_core::plan::{MAX_ARENA, MIN_ARENA};

/// What `--help` prints, in lines of 40 columns: the Rust program's own words.
pub const HELP: &str = "\
verdigris-tiny proves that this machine
is real silicon, and gets paid for it.

Start here:
  verdigris-tiny --self-check
     does it compute as it should?
  verdigris-tiny --dry-run --quick
     measure, send nothing
  verdigris-tiny --node http://HOST:8099
     prove this machine to a node
  verdigris-tiny --mine --node ...
     go on proving it, until Ctrl-C

What to do:
  --once         attest once (default)
  --mine         again every 580 s
  --dry-run      measure; ask no node
  --self-check   does it compute right?
                 lines with = are equal
                 on every architecture
  --version      -V
  --help         -h

How:
  --node URL     http://HOST[:PORT]; no
                 https: the answers are
                 signed instead
                 [http://127.0.0.1:8099]
  --node-key HEX believe no other node
                 [the first one seen; in
                 FILE.nodes]
  --wallet FILE  64 hex digits; made if
                 there is none; keep a
                 copy [verdigris.key]
  --miner ID     who is paid [wallet]
  --name NAME    this machine's name
  --quick        below a second on a
                 modern machine
  --arena SIZE   memory: 64K to 64M
                 [a quarter of what is
                 free]
  --interval S   seconds, --mine [580]

What to show:
  --show-payload what is sent, exactly
  --json         the result in one line
  --quiet        -q: results and errors

Exit status:
  0 done           1 the node refused
  2 bad options    3 node not reached
  4 bad wallet     5 cannot measure
  6 answer not to be trusted
  7 another file is at fault";

/// Longest argument, bytes.
pub const ARGUMENT_MAX: usize = 256;

/// Seconds between two attestations (the existing network's miners re-attest after 580 s).
const USUAL_INTERVAL_S: u32 = 580;

/// A week.
const INTERVAL_MAX_S: u32 = 7 * 24 * 3600;

/// A text of the command line.
pub type Text = String<ARGUMENT_MAX>;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `--self-check`.
    SelfCheck,
    /// Everything else.
    Attest,
}

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Settings {
    pub task: Task,
    pub node: Text,
    pub node_key: Option<[u8; 32]>,
    pub wallet: Text,
    pub miner: Text,
    pub name: Text,
    pub quick: bool,
    pub arena: Option<u32>,
    pub forever: bool,
    pub interval_s: u32,
    pub dry_run: bool,
    pub show_payload: bool,
    pub json: bool,
    pub quiet: bool,
}

impl Settings {
    /// Something else than an attestation: what is asked for first.
    fn ask(&mut self, task: Task) {
        if self.task == Task::Attest {
            self.task = task;
        }
    }
}

/// What is wrong with an argument: the argument, and why.
#[derive(Debug)]
pub struct Usage(pub Text, pub &'static str);

fn text(from: &str) -> Text {
    // Only called with texts that fit.
    from.try_into().unwrap_or_default()
}

/// Reads the command line.
pub fn parse() -> Result<Settings, Usage> {
    let mut settings = Settings {
        task: Task::Attest,
        node: text("http://127.0.0.1:8099"),
        node_key: None,
        wallet: text("verdigris.key"),
        miner: Text::new(),
        name: Text::new(),
        quick: false,
        arena: None,
        forever: false,
        interval_s: USUAL_INTERVAL_S,
        dry_run: false,
        show_payload: false,
        json: false,
        quiet: false,
    };
    let mut index = 0;
    while let Some(argument) = next(&mut index)? {
        let (name, mut value) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(text(value))),
            _ => (argument.as_str(), None),
        };
        if takes_value(name) {
            if value.is_none() {
                value = next(&mut index)?;
            }
            let value = value.ok_or_else(|| Usage(text(name), "needs a value"))?;
            set(&mut settings, name, value)?;
            continue;
        }
        match name {
            _ if value.is_some() => return Err(Usage(text(name), "takes no value")),
            "--help" | "-h" => settings.task = Task::Help,
            "--version" | "-V" => settings.ask(Task::Version),
            "--self-check" => settings.ask(Task::SelfCheck),
            "--once" => settings.forever = false,
            "--mine" => settings.forever = true,
            "--quick" => settings.quick = true,
            "--dry-run" => settings.dry_run = true,
            "--show-payload" => settings.show_payload = true,
            "--json" => settings.json = true,
            "--quiet" | "-q" => settings.quiet = true,
            _ => return Err(Usage(text(name), "is not known")),
        }
        if settings.task == Task::Help {
            break;
        }
    }
    Ok(settings)
}

/// The next argument.
fn next(index: &mut u32) -> Result<Option<Text>, Usage> {
    // One byte more than is allowed, so that what is too long is seen.
    let Some(bytes) = host::argument::<{ ARGUMENT_MAX + 1 }>(*index) else {
        return Ok(None);
    };
    *index += 1;
    let argument = core::str::from_utf8(&bytes).ok();
    let argument = argument.and_then(|argument| Text::try_from(argument).ok());
    argument
        .map(Some)
        .ok_or_else(|| Usage(text("an argument"), "is too long, or not text"))
}

fn takes_value(name: &str) -> bool {
    matches!(
        name,
        "--node" | "--node-key" | "--wallet" | "--miner" | "--name" | "--arena" | "--interval"
    )
}

fn set(settings: &mut Settings, name: &str, value: Text) -> Result<(), Usage> {
    match name {
        "--node" => settings.node = value,
        "--wallet" => settings.wallet = value,
        "--node-key" => match unhex(&value) {
            Some(key) => settings.node_key = Some(key),
            None => return Err(Usage(value, "a key has 64 hex digits")),
        },
        "--miner" | "--name" => {
            if !is_id(&value) {
                return Err(Usage(value, "must be 1 to 128 of A-Z a-z 0-9 . _ : -"));
            }
            match name {
                "--miner" => settings.miner = value,
                _ => settings.name = value,
            }
        }
        "--arena" => match size(&value).filter(|b| (MIN_ARENA..=MAX_ARENA).contains(b)) {
            Some(bytes) => settings.arena = Some(bytes),
            None => return Err(Usage(value, "must be 64K to 64M")),
        },
        // The only one left that takes a value.
        _ => match value.parse() {
            Ok(seconds) if (1..=INTERVAL_MAX_S).contains(&seconds) => settings.interval_s = seconds,
            _ => return Err(Usage(value, "must be 1 to 604800 seconds")),
        },
    }
    Ok(())
}

/// A number of bytes, with `K` or `M` for kibi- and mebibytes.
fn size(text: &str) -> Option<u32> {
    let (number, unit) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<u32>().ok()?.checked_mul(unit)
}
