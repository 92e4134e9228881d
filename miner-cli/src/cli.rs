//! The command line: what can be asked, and how each setting is found.

use crate::size::Size;
use clap::builder::{BoolishValueParser, FalseyValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

const AFTER_HELP: &str = "\
Settings are looked up in this order: option, environment variable, configuration file, default.
ALL_PROXY, HTTPS_PROXY, HTTP_PROXY (http://[user:password@]host:port) and NO_PROXY are heeded.

Start here:
  verdigris probe --quick                     measure this machine, send nothing
  verdigris wallet new                        make a key to be paid with
  verdigris attest --node https://node:8099   prove this machine to a node once
  verdigris mine   --node https://node:8099   go on proving it, for ever
  verdigris relay  --serial /dev/ttyUSB0      be the network of a machine that has only a serial port
  verdigris mcp    --help                     let an assistant program ask a node

Exit status:
  0  done
  1  the node refused
  2  options or settings make no sense
  3  the node could not be reached
  4  the wallet could not be read, opened or written
  5  this machine cannot be measured
  6  the node's answer is not to be trusted: its key changed, or its signature is wrong
  7  a file, a device or the output could not be opened, read or written
  130, 143  ended at once by Ctrl-C or SIGTERM; `mine` and `relay` stop in good order at the first, with 0";

/// Proves that this machine is real silicon, which silicon, and how old; and earns for it.
#[derive(Debug, Parser)]
#[command(name = "verdigris", version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct Global {
    /// The node to speak to [default: http://127.0.0.1:8099]
    #[arg(long, global = true, env = "VERDIGRIS_NODE", value_name = "URL")]
    pub node: Option<String>,

    /// The key file [default: verdigris/wallet.json in $XDG_DATA_HOME, made when first needed]
    #[arg(long, global = true, env = "VERDIGRIS_WALLET", value_name = "FILE")]
    pub wallet: Option<PathBuf>,

    /// Read the wallet's passphrase from the first line of FILE (or set VERDIGRIS_PASSPHRASE)
    #[arg(
        long,
        global = true,
        env = "VERDIGRIS_PASSPHRASE_FILE",
        value_name = "FILE"
    )]
    pub passphrase_file: Option<PathBuf>,

    /// Memory to measure in, 64K to 64M [default: 64M, 8M with --quick, less where memory is short]
    #[arg(long, global = true, env = "VERDIGRIS_ARENA", value_name = "SIZE")]
    pub arena: Option<Size>,

    /// Measure for less than a second: fewer samples, a smaller largest working set
    #[arg(
        long, global = true, env = "VERDIGRIS_QUICK", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", value_parser = BoolishValueParser::new(),
        hide_possible_values = true, value_name = "BOOL"
    )]
    pub quick: Option<bool>,

    /// The id to be paid, if not the wallet's own address
    #[arg(long, global = true, env = "VERDIGRIS_MINER", value_name = "ID")]
    pub miner: Option<String>,

    /// This machine's own name [default: architecture and host name]
    #[arg(long, global = true, env = "VERDIGRIS_NAME", value_name = "NAME")]
    pub name: Option<String>,

    /// Print JSON and nothing else on standard output
    #[arg(long, global = true, env = "VERDIGRIS_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,

    /// Say nothing but results and errors
    #[arg(
        long, short, global = true, env = "VERDIGRIS_QUIET", value_parser = FalseyValueParser::new()
    )]
    pub quiet: bool,

    /// Colour the output
    #[arg(long, global = true, env = "VERDIGRIS_COLOR", value_name = "WHEN")]
    pub color: Option<Color>,

    /// The configuration file [default: verdigris/config.toml in $XDG_CONFIG_HOME]
    #[arg(long, global = true, env = "VERDIGRIS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Where the output is a terminal and NO_COLOR is not set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Measure this machine and show what was found; nothing is sent
    #[command(after_help = "\
Examples:
  verdigris probe                      tables, and the cache curve drawn in the terminal
  verdigris probe --quick --json       the evidence as JSON, for another program
  verdigris probe --svg machine.svg    a picture of the curve, the pipeline and the histograms")]
    Probe {
        /// Also draw a picture to FILE
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },

    /// Prove this machine to the node once, and explain its verdict
    #[command(after_help = "\
Examples:
  verdigris attest --node https://node:8099
  verdigris attest --dry-run           measure and compose, show what would be sent, send nothing
  verdigris attest --json              the node's answer as it came

The exit status is 0 when the node accepted the evidence, whatever weight it gives; 1 when not.")]
    Attest {
        /// Everything but the submission: print what would be sent
        #[arg(long)]
        dry_run: bool,
    },

    /// Go on proving this machine, for ever; survives lost networks and restarted nodes
    #[command(after_help = "\
Examples:
  verdigris mine --node https://node:8099
  verdigris mine --interval 10m --quick
  verdigris mine --rounds 1            until accepted once, however long the node is away
  verdigris mine --plain               lines instead of a whole screen

On a terminal it fills the screen: what is measured, the verdict, the balance and the epoch, and what went
wrong; `?` shows the keys. Elsewhere it prints lines, as with --plain, --quiet, --json or --dry-run.

After a failure that may pass, it waits between nothing and 1 s, then 2 s, 4 s … up to 5 minutes
(\"full jitter\"), or as long as the node asks. It stops at a refusal that no repetition changes.
Ctrl-C stops it between two steps; a second Ctrl-C at once.")]
    Mine(MineOptions),

    /// Show exactly what would be sent: measured now, signed, byte for byte
    #[command(after_help = "\
Examples:
  verdigris payload                    offline, for a nonce of zeros
  verdigris payload --challenge        with a challenge from the node; still nothing is submitted
  verdigris payload | python3 -m json.tool")]
    Payload {
        /// Ask the node for a challenge instead of using zeros
        #[arg(long)]
        challenge: bool,
    },

    /// Make, show, bring in or take out the key that gets paid
    #[command(after_help = "\
Examples:
  verdigris wallet new --encrypt       asks for a passphrase
  verdigris wallet show
  verdigris wallet export > seed.hex   the secret itself: keep it where nobody looks
  verdigris wallet import seed.hex")]
    Wallet {
        /// What to do with it.
        #[command(subcommand)]
        command: WalletCommand,
    },

    /// Show the balance, the epoch, and how the last reward was computed
    #[command(after_help = "\
Examples:
  verdigris balance
  verdigris balance RTCc6bb76294846d778cd1ba227154c649d03474738 --epoch 12")]
    Balance {
        /// Whose [default: the wallet's address]
        id: Option<String>,
        /// Explain this epoch [default: the last one before the current]
        #[arg(long, value_name = "N")]
        epoch: Option<u64>,
    },

    /// Take this wallet's machine to another wallet, or tell the node that its parts were replaced
    #[command(after_help = "\
Examples:
  verdigris migrate                    the machines that are bound to this wallet, and what waits
  verdigris migrate --to RTCc6bb76294846d778cd1ba227154c649d03474738
  verdigris migrate --hardware         after a new processor or board
  verdigris migrate --cancel 4

It takes the node a week, in which everybody can see it and this wallet can cancel it. Until then the
machine stays as it is.")]
    Migrate(MigrateOptions),

    /// Be the network of a machine that has only a serial port: carry its attestation to the node
    #[cfg(unix)]
    #[command(after_help = "\
Examples:
  verdigris relay --serial /dev/ttyUSB0 --node http://node:8099
  verdigris relay --serial /dev/ttyS0 --baud 38400
  verdigris relay --tcp 4000           and then: qemu-system-i386 … -serial tcp:127.0.0.1:4000

On the old machine, at the other end of a null-modem cable:
  verdigris-tiny --serial /dev/ttyS0 --baud 9600

The relay leads to its own node alone, whatever the machine asks for, and needs no trust: what goes
through is signed by the miner and by the node. It waits for machines that are switched off and for
devices that are unplugged, until Ctrl-C. docs/serial.md tells how to wire the cable, and what to do
when nothing comes through.")]
    Relay(crate::relay::Options),

    /// Let an assistant program ask a node, by the Model Context Protocol; reads only, never sends or signs
    ///
    /// An assistant program starts this command, and speaks with it on standard input and output: it is given
    /// the tools `health`, `miners`, `machine`, `epoch`, `balance` and `explain` of one node, and can answer
    /// "why did my G4 earn less yesterday". No tool sends money, signs anything or opens a wallet.
    #[cfg(feature = "mcp")]
    #[command(after_help = "\
Examples:
  In the settings of an assistant program that knows \"mcpServers\":
    { \"mcpServers\": { \"verdigris\": {
        \"command\": \"verdigris\", \"args\": [\"mcp\", \"--node\", \"https://node:8099\"] } } }

It ends with status 0 when its input ends. What machines call themselves is their owners' words: the program
is told to take all text from the node as data. docs/mcp.md has the tools, their arguments and errors.")]
    Mcp,

    /// Print a script that completes commands and options in a shell
    #[command(after_help = "\
Examples:
  verdigris completions bash > ~/.local/share/bash-completion/completions/verdigris
  verdigris completions zsh > ~/.zfunc/_verdigris       where ~/.zfunc is in $fpath
  verdigris completions fish > ~/.config/fish/completions/verdigris.fish")]
    Completions {
        /// The shell
        shell: cli_manual::Shell,
    },

    /// Print the manual page, or write the pages of all commands to a folder
    #[command(after_help = "\
Examples:
  verdigris man | man -l -
  verdigris man --dir ~/.local/share/man/man1       and then: man verdigris-mine")]
    Man {
        /// Write a page for each command to DIR
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Options of `mine`.
#[derive(Debug, Args)]
pub struct MineOptions {
    /// Everything but the submission: print what would be sent, once each round
    #[arg(long)]
    pub dry_run: bool,
    /// Time between two attestations [default: 580s; a node forgets a miner after 600 s]
    #[arg(long, env = "VERDIGRIS_INTERVAL", value_name = "TIME", value_parser = parse_duration)]
    pub interval: Option<Duration>,
    /// Stop after so many accepted attestations [default: never]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: Option<u32>,
    /// The first, shortest wait after a failure
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    pub retry_first: Duration,
    /// The longest wait after a failure
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    pub retry_max: Duration,
    /// Print lines, also on a terminal
    #[cfg_attr(
        not(feature = "full-screen"),
        allow(dead_code, reason = "there is nothing else")
    )]
    #[arg(long, env = "VERDIGRIS_PLAIN", value_parser = FalseyValueParser::new())]
    pub plain: bool,
}

/// What to do with the machines that are bound to a wallet.
#[derive(Debug, Args)]
pub struct MigrateOptions {
    /// The wallet that the machine goes to
    #[arg(long, value_name = "WALLET", group = "what")]
    pub to: Option<String>,
    /// The machine has another processor or board
    #[arg(long, group = "what")]
    pub hardware: bool,
    /// Cancel the migration of this number
    #[arg(long, value_name = "N", group = "what")]
    pub cancel: Option<u64>,
    /// Which machine, where several are bound to this wallet
    #[arg(long, value_name = "N", conflicts_with = "cancel")]
    pub unit: Option<u64>,
    /// The network that the signature is for
    #[arg(long, value_name = "ID", default_value = "rustchain-mainnet-v2")]
    pub chain_id: String,
}

/// What to do with a wallet.
#[derive(Debug, Subcommand)]
pub enum WalletCommand {
    /// Make a new key; never replaces an existing file
    New {
        /// Ask for a passphrase, and encrypt the file with it
        #[arg(long)]
        encrypt: bool,
    },
    /// Show the address and the public key
    Show,
    /// Bring in a secret seed of 64 hexadecimal digits; never replaces an existing file
    Import {
        /// Where the seed is; `-` or nothing for standard input
        file: Option<PathBuf>,
        /// Ask for a passphrase, and encrypt the file with it
        #[arg(long)]
        encrypt: bool,
    },
    /// Print the secret seed: whoever reads it owns the wallet
    Export {
        /// Write it to a new file of mode 0600 instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// A time such as `250ms`, `580`, `580s`, `10m`, `2h`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{text}` has no number in front"))?;
    let millis = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("`{unit}` is no unit of time: use ms, s, m or h")),
    };
    number
        .checked_mul(millis)
        .map(Duration::from_millis)
        .ok_or_else(|| "too long".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("580"), Ok(Duration::from_secs(580)));
        assert_eq!(parse_duration("10m"), Ok(Duration::from_secs(600)));
        for bad in [
            "",
            "s",
            "5 s",
            "-1s",
            "99999999999999999999",
            "18446744073709551615h",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
