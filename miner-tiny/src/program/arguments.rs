//! The command line, read by hand: a parser with all its comforts would be half of the program.

use crate::Failure;
use miner_tiny::submission::is_id;
use miner_tiny::wallet::unhex;
use probe_core::plan::{MAX_ARENA, MIN_ARENA};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints. No line is longer than the 40 columns of the smallest screens.
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

/// Where a node listens unless told otherwise.
const DEFAULT_NODE: &str = "http://127.0.0.1:8099";

/// The key file unless told otherwise, in the current folder.
const DEFAULT_WALLET: &str = "verdigris.key";

/// Seconds between two attestations: the existing network's miners re-attest after 580 s, before the
/// 600 s of an enrolment ticket are over.
const DEFAULT_INTERVAL_S: u64 = 580;

/// Seconds between two attestations, at most: a week.
const INTERVAL_MAX_S: u64 = 7 * 24 * 3600;

/// What was asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// `--help`.
    Help,
    /// `--version`.
    Version,
    /// `--self-check`.
    SelfCheck,
    /// Everything else.
    Attest(Box<Settings>),
}

/// How to attest.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// The node's URL.
    pub node: String,
    /// The only key that the node may have.
    pub node_key: Option<[u8; 32]>,
    /// The key file.
    pub wallet: PathBuf,
    /// Who is paid, if not the wallet; empty for that.
    pub miner: String,
    /// The machine's own name; empty for the usual one.
    pub name: String,
    /// The short plan.
    pub quick: bool,
    /// Bytes to measure in.
    pub arena: Option<u32>,
    /// Attest again and again.
    pub forever: bool,
    /// Time between two attestations.
    pub interval: Duration,
    /// No node.
    pub dry_run: bool,
    /// Print what is sent.
    pub show_payload: bool,
    /// One line of JSON on standard output.
    pub json: bool,
    /// No progress and no remarks.
    pub quiet: bool,
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Failure> {
    let mut settings = Settings {
        node: DEFAULT_NODE.into(),
        node_key: None,
        wallet: DEFAULT_WALLET.into(),
        miner: String::new(),
        name: String::new(),
        quick: false,
        arena: None,
        forever: false,
        interval: Duration::from_secs(DEFAULT_INTERVAL_S),
        dry_run: false,
        show_payload: false,
        json: false,
        quiet: false,
    };
    let mut command = None;
    let mut arguments = arguments.map(|argument| {
        argument
            .into_string()
            .map_err(|text| Failure::usage(format!("{text:?} is not text")))
    });
    while let Some(argument) = arguments.next().transpose()? {
        let (name, given) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (argument.as_str(), None),
        };
        let takes_value = matches!(
            name,
            "--node" | "--node-key" | "--wallet" | "--miner" | "--name" | "--arena" | "--interval"
        );
        if takes_value {
            let value = match given {
                Some(value) => value,
                None => arguments
                    .next()
                    .transpose()?
                    .ok_or_else(|| Failure::usage(format!("{name} needs a value")))?,
            };
            set(&mut settings, name, value)?;
            continue;
        }
        if given.is_some() {
            return Err(Failure::usage(format!("{name} takes no value")));
        }
        match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--version" | "-V" => command = command.or(Some(Command::Version)),
            "--self-check" => command = command.or(Some(Command::SelfCheck)),
            "--once" => settings.forever = false,
            "--mine" => settings.forever = true,
            "--quick" => settings.quick = true,
            "--dry-run" => settings.dry_run = true,
            "--show-payload" => settings.show_payload = true,
            "--json" => settings.json = true,
            "--quiet" | "-q" => settings.quiet = true,
            _ => return Err(Failure::usage(format!("there is no {name}"))),
        }
    }
    Ok(command.unwrap_or_else(|| Command::Attest(Box::new(settings))))
}

fn set(settings: &mut Settings, name: &str, value: String) -> Result<(), Failure> {
    let bad = |what: &str| Failure::usage(format!("{name} {value}: {what}"));
    match name {
        "--node" => settings.node = value,
        "--node-key" => {
            let key = unhex(&value).ok_or_else(|| bad("a key has 64 hex digits"))?;
            settings.node_key = Some(key);
        }
        "--wallet" => settings.wallet = value.into(),
        "--miner" | "--name" => {
            if !is_id(&value) {
                return Err(bad("1 to 128 of A-Z a-z 0-9 . _ : -"));
            }
            match name {
                "--miner" => settings.miner = value,
                _ => settings.name = value,
            }
        }
        "--arena" => {
            let bytes = size(&value).filter(|bytes| (MIN_ARENA..=MAX_ARENA).contains(bytes));
            settings.arena = Some(bytes.ok_or_else(|| bad("64K to 64M"))?);
        }
        // The only one left that takes a value.
        _ => {
            let seconds = value
                .parse()
                .ok()
                .filter(|s| (1..=INTERVAL_MAX_S).contains(s));
            let seconds = seconds.ok_or_else(|| bad("seconds, 1 to 604800"))?;
            settings.interval = Duration::from_secs(seconds);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Command, Failure> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn settings(line: &str) -> Settings {
        match read(line) {
            Ok(Command::Attest(settings)) => *settings,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_help_fits_40_columns_and_names_every_option() {
        assert!(HELP.lines().all(|line| line.len() <= 40));
        for line in HELP.lines().filter(|line| line.starts_with("  --")) {
            let option = line.split_whitespace().next().unwrap();
            if !read(&format!("{option} 64000")).is_ok_and(|_| true) {
                let failure = read(option).err().map(|failure| failure.what);
                let known = failure.is_none_or(|what| !what.starts_with("there is no"));
                assert!(known, "{option}");
            }
        }
    }

    #[test]
    fn options_are_read() {
        let all = settings(
            "--node=http://h:1 --wallet w --miner m --name n --quick --arena 64K --mine \
             --interval 7 --dry-run --show-payload --json -q",
        );
        assert_eq!((all.node.as_str(), all.arena), ("http://h:1", Some(65_536)));
        assert!(all.forever && all.quick && all.dry_run && all.show_payload && all.json);
        assert_eq!(all.interval, Duration::from_secs(7));
        assert!(!settings("--mine --once").forever);
        assert_eq!(read("--version").ok(), Some(Command::Version));
        assert_eq!(read("--self-check -h").ok(), Some(Command::Help));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for line in [
            "--nod x",
            "x",
            "--node",
            "--quick=1",
            "--arena 1K",
            "--arena 65M",
            "--arena 4294967296K",
            "--arena K",
            "--arena é",
            "--interval 0",
            "--miner a/b",
            "--node-key 00",
        ] {
            assert_eq!(
                read(line).map_err(|failure| failure.status).err(),
                Some(2),
                "{line}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_arguments_panic(words in proptest::collection::vec("(--[a-z]{1,9}=?)?.{0,6}", 0..5)) {
            let _ = parse(words.into_iter().map(OsString::from));
        }
    }
}
