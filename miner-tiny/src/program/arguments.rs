//! What is asked for, and the command line, read by hand: a parser with all its comforts would be half
//! of the program.

use crate::link::DEFAULT_BAUD;
use crate::submission::is_id;
use crate::wallet::unhex;
use heapless::String;
use probe_core::plan::{MAX_ARENA, MIN_ARENA};

/// A text for programs that have the self-check.
#[cfg(feature = "self-check")]
macro_rules! of_self_check {
    ($text:literal) => {
        $text
    };
}
#[cfg(not(feature = "self-check"))]
macro_rules! of_self_check {
    ($text:literal) => {
        ""
    };
}
pub(super) use of_self_check;

/// What `--help` prints. No line is longer than the 40 columns of the smallest screens.
pub const HELP: &str = concat!(
    "\
verdigris-tiny proves that this machine
is real silicon, and gets paid for it.

Start here:
",
    of_self_check!(
        "  verdigris-tiny --self-check
     does it compute as it should?
"
    ),
    "  verdigris-tiny --dry-run --quick
     measure, send nothing
  verdigris-tiny --node http://HOST:8099
     prove this machine to a node
  verdigris-tiny --mine --node ...
     go on proving it, until Ctrl-C

What to do:
  --once         attest once (default)
  --mine         again every 580 s
  --dry-run      measure; ask no node
",
    of_self_check!(
        "  --self-check   does it compute right?
                 lines with = are equal
                 on every architecture
"
    ),
    "  --version      -V
  --help         -h

How:
  --node URL     http://HOST[:PORT]; no
                 https: the answers are
                 signed instead
                 [http://127.0.0.1:8099]
  --node-key HEX believe no other node
                 [the first one seen; in
                 FILE.nodes]
  --serial DEV   no network, but a relay
                 at the other end of it
  --baud N       the line's speed [9600]
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
  --config FILE  more of these, a line
                 each: NAME = VALUE
                 [VERDIGRIS.CFG]

What to show:
  --show-payload what is sent, exactly
  --json         the result in one line
  --quiet        -q: results and errors

Exit status:
  0 done           1 the node refused
  2 bad options    3 node not reached
  4 bad wallet     5 cannot measure
  6 answer not to be trusted
  7 another file is at fault"
);

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What to do.
    pub task: Task,
    /// The file with more settings; empty for the usual one, if it is there.
    pub config: Text,
    /// The node's URL.
    pub node: Text,
    /// The only key that the node may have.
    pub node_key: Option<[u8; 32]>,
    /// The serial device with a relay at its other end; empty for the network.
    pub serial: Text,
    /// Bits a second on that line.
    pub baud: u32,
    /// The wallet's file.
    pub wallet: Text,
    /// Who is paid, if not the wallet; empty for that.
    pub miner: Text,
    /// The machine's own name; empty for the usual one.
    pub name: Text,
    /// The short plan.
    pub quick: bool,
    /// Bytes to measure in.
    pub arena: Option<u32>,
    /// Attest again and again.
    pub forever: bool,
    /// Seconds between two attestations.
    pub interval_s: u32,
    /// No node.
    pub dry_run: bool,
    /// Print what is sent.
    pub show_payload: bool,
    /// One line of JSON on standard output.
    pub json: bool,
    /// No progress and no remarks.
    pub quiet: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            task: Task::Attest,
            config: Text::new(),
            node: text("http://127.0.0.1:8099"),
            node_key: None,
            serial: Text::new(),
            baud: DEFAULT_BAUD,
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
        }
    }
}

impl Settings {
    /// Something else than an attestation: what is asked for first, but help above all.
    fn ask(&mut self, task: Task) -> Result<(), &'static str> {
        if self.task == Task::Attest || task == Task::Help {
            self.task = task;
        }
        Ok(())
    }

    /// Sets what an option sets: by its name without dashes, on the command line or in a file.
    ///
    /// # Errors
    /// What is wrong with it, to be read after its name.
    pub fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), &'static str> {
        if takes_value(name) {
            let value = value.ok_or("needs a value")?;
            return self.set_value(name, value.try_into().map_err(|_| "is too long")?);
        }
        let switch = match name {
            "once" | "mine" => &mut self.forever,
            "quick" => &mut self.quick,
            "dry-run" => &mut self.dry_run,
            "show-payload" => &mut self.show_payload,
            "json" => &mut self.json,
            "quiet" => &mut self.quiet,
            "help" => return self.ask(Task::Help),
            "version" => return self.ask(Task::Version),
            "self-check" => return self.ask(Task::SelfCheck),
            _ => return Err("is not known"),
        };
        let on = match value {
            None | Some("yes") => true,
            Some("no") => false,
            _ => return Err("must be yes or no"),
        };
        *switch = on != (name == "once");
        Ok(())
    }

    fn set_value(&mut self, name: &str, value: Text) -> Result<(), &'static str> {
        match name {
            "config" => self.config = value,
            "node" => self.node = value,
            "wallet" => self.wallet = value,
            "serial" => self.serial = value,
            "baud" => match value.parse() {
                Ok(baud @ 1..) => self.baud = baud,
                _ => return Err("must be bits a second"),
            },
            "node-key" => match unhex(&value) {
                Some(key) => self.node_key = Some(key),
                None => return Err("must be 64 hex digits"),
            },
            "miner" | "name" => {
                if !is_id(&value) {
                    return Err("must be 1 to 128\n  of A-Z a-z 0-9 . _ : -");
                }
                match name {
                    "miner" => self.miner = value,
                    _ => self.name = value,
                }
            }
            "arena" => match size(&value).filter(|b| (MIN_ARENA..=MAX_ARENA).contains(b)) {
                Some(bytes) => self.arena = Some(bytes),
                None => return Err("must be 64K to 64M"),
            },
            // The only one left that takes a value.
            _ => match value.parse() {
                Ok(seconds) if (1..=INTERVAL_MAX_S).contains(&seconds) => self.interval_s = seconds,
                _ => return Err("must be 1 to 604800"),
            },
        }
        Ok(())
    }
}

/// What is wrong with an argument: the argument, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage(pub Shown, pub &'static str);

/// As much of an argument as a message shows.
pub type Shown = String<64>;

fn shown(text: &str) -> Shown {
    let mut shown = Shown::new();
    // The first character that does not fit ends it.
    let _ = text.chars().try_for_each(|c| shown.push(c));
    shown
}

fn text(from: &str) -> Text {
    // Only called with texts that fit.
    from.try_into().unwrap_or_default()
}

/// Copies the argument of a number to a buffer; gives how many bytes, none after the last.
pub type Arguments<'a> = dyn FnMut(u32, &mut [u8]) -> Option<usize> + 'a;

/// Reads the command line.
///
/// # Errors
/// The first argument that makes no sense.
pub fn parse(arguments: &mut Arguments<'_>, settings: &mut Settings) -> Result<(), Usage> {
    let mut index = 0;
    while let Some(argument) = next(arguments, &mut index)? {
        let (word, mut value) = match argument.split_once('=') {
            Some((word, value)) if word.starts_with("--") => (word, Some(text(value))),
            _ => (argument.as_str(), None),
        };
        let name = match word {
            "-h" => "help",
            "-q" => "quiet",
            "-V" => "version",
            _ => word.strip_prefix("--").unwrap_or_default(),
        };
        if value.is_none() && takes_value(name) {
            value = next(arguments, &mut index)?;
        }
        settings
            .set(name, value.as_deref())
            .map_err(|why| Usage(shown(word), why))?;
        if settings.task == Task::Help {
            break;
        }
    }
    Ok(())
}

/// The next argument.
fn next(arguments: &mut Arguments<'_>, index: &mut u32) -> Result<Option<Text>, Usage> {
    // One byte more than is allowed, so that what is too long is seen.
    let mut bytes = [0; ARGUMENT_MAX + 1];
    let Some(length) = arguments(*index, &mut bytes) else {
        return Ok(None);
    };
    *index += 1;
    let argument = bytes
        .get(..length)
        .and_then(|bytes| core::str::from_utf8(bytes).ok());
    let argument = argument.and_then(|argument| Text::try_from(argument).ok());
    argument
        .map(Some)
        .ok_or_else(|| Usage(shown("an argument"), "is too long, or not text"))
}

fn takes_value(name: &str) -> bool {
    matches!(
        name,
        "arena"
            | "baud"
            | "config"
            | "interval"
            | "miner"
            | "name"
            | "node"
            | "node-key"
            | "serial"
            | "wallet"
    )
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
    use std::vec::Vec as List;

    fn read(words: &[&str]) -> Result<Settings, Usage> {
        let mut settings = Settings::default();
        let mut argument = |index, to: &mut [u8]| {
            let word = words.get(index as usize)?.as_bytes();
            let length = word.len().min(to.len());
            to[..length].copy_from_slice(&word[..length]);
            Some(length)
        };
        parse(&mut argument, &mut settings).map(|()| settings)
    }

    fn line(line: &str) -> Result<Settings, Usage> {
        read(&line.split_whitespace().collect::<List<_>>())
    }

    #[test]
    fn the_help_fits_40_columns_and_names_every_option() {
        assert!(HELP.lines().all(|line| line.len() <= 40));
        let options = HELP.lines().filter(|line| line.starts_with("  --"));
        let mut count = 0;
        for option in options.map(|line| line.split_whitespace().next().unwrap()) {
            count += 1;
            let known = |words: &[&str]| match read(words) {
                Err(Usage(_, why)) => why != "is not known",
                Ok(_) => true,
            };
            assert!(known(&[option]), "{option}");
        }
        assert!(count > 15, "{count}");
    }

    #[test]
    fn options_are_read() {
        let all = line(
            "--node=http://h:1 --wallet w --miner m --name n --quick --arena 64K --mine \
             --config c --interval 7 --dry-run --show-payload --json -q",
        )
        .unwrap();
        assert_eq!((all.node.as_str(), all.arena), ("http://h:1", Some(65_536)));
        assert!(all.forever && all.quick && all.dry_run && all.show_payload && all.json);
        assert_eq!(
            (all.interval_s, all.quiet, all.config.as_str()),
            (7, true, "c")
        );
        assert!(!line("--mine --once").unwrap().forever);
        assert!(!line("--mine --mine=no").unwrap().forever);
        assert_eq!(line("--version").unwrap().task, Task::Version);
        assert_eq!(line("--self-check -h").unwrap().task, Task::Help);
        assert_eq!(line("").unwrap().task, Task::Attest);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        for bad in [
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
            assert!(line(bad).is_err(), "{bad}");
        }
        let long = "x".repeat(ARGUMENT_MAX + 1);
        assert!(read(&["--wallet", &long]).is_err());
        assert!(read(&["--wallet", &long[1..]]).is_ok());
    }

    proptest! {
        #[test]
        fn no_arguments_panic(words in proptest::collection::vec("(--[a-z]{1,9}=?)?.{0,6}", 0..5)) {
            let words: List<&str> = words.iter().map(|word| word.as_str()).collect();
            let _ = read(&words);
        }
    }
}
