//! `verdigris`: measures this machine, shows what was found, and proves it to a node.

mod address;
mod advice;
mod attest;
mod backoff;
mod balance;
mod cli;
mod client;
mod config;
mod error;
mod hex;
mod known_nodes;
mod line;
#[cfg(feature = "mcp")]
mod mcp;
mod migrate;
mod mine;
mod out;
mod passphrase;
mod private_file;
mod probe;
mod proxy;
#[cfg(unix)]
mod relay;
mod screen;
mod show;
mod size;
mod stop;
mod surroundings;
mod verdict;
#[cfg(feature = "full-screen")]
mod view;
mod wallet;
mod watch;

use attest::Miner;
use clap::{CommandFactory, Parser};
use cli::{Cli, Command, MigrateOptions, MineOptions, WalletCommand};
use client::Client;
use config::Settings;
use error::Error;
use miner_tiny::session::Signer;
use probe_chart::{names, scale};
use screen::Screen;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use stop::Stop;
use wallet::Wallet;
use watch::Lines;

fn main() -> ExitCode {
    stop::end_with_reader();
    match run(Cli::parse()).and_then(|()| out::lost()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            out::aside(format_args!("error: {error}"));
            let next = error.next_step();
            if !next.is_empty() {
                out::aside(format_args!("next: {next}"));
            }
            ExitCode::from(error.exit_status())
        }
    }
}

fn run(cli: Cli) -> Result<(), Error> {
    // These two need no settings, and must not fail for one that is wrong.
    match &cli.command {
        Command::Completions { shell } => {
            out::bytes(&cli_manual::completions(Cli::command(), *shell));
            return Ok(());
        }
        Command::Man { dir: None } => {
            out::bytes(&cli_manual::main_page(Cli::command()));
            return Ok(());
        }
        Command::Man { dir: Some(folder) } => {
            return cli_manual::save_pages(Cli::command(), folder)
                .map_err(|error| Error::file(folder, error))
        }
        _ => {}
    }
    let interval = match &cli.command {
        Command::Mine(options) => options.interval,
        _ => None,
    };
    let settings = Settings::resolve(cli.global, interval)?;
    let screen = Screen::detect(settings.color);
    match cli.command {
        Command::Probe { svg } => run_probe(&settings, &screen, svg.as_deref()),
        Command::Attest { dry_run: true } => rehearse(settings, Miner::measure_for_node),
        Command::Attest { dry_run: false } => run_attest(settings, &screen),
        Command::Mine(options) => run_mine(settings, options),
        Command::Payload { challenge: true } => rehearse(settings, Miner::measure_for_node),
        Command::Payload { challenge: false } => rehearse(settings, Miner::measure_offline),
        Command::Wallet { command } => run_wallet(&settings, command),
        Command::Balance { id, epoch } => {
            let id = match id.or_else(|| settings.miner.clone()) {
                Some(id) => id,
                None => open_wallet(&settings)?.address(),
            };
            let client = Client::new(&settings.node);
            balance::show(&client, &screen, &id, epoch, settings.json)
        }
        Command::Migrate(options) => run_migrate(&settings, options),
        #[cfg(feature = "mcp")]
        Command::Mcp => mcp::run(&settings),
        #[cfg(unix)]
        Command::Relay(options) => {
            let plan = relay::Plan::resolve(options, &settings.relay, &settings.node)?;
            relay::run(&plan, settings.quiet, &Stop::on_signals()?)
        }
        Command::Completions { .. } | Command::Man { .. } => Ok(()),
    }
}

/// Draws `evidence` to the file at `path`, replacing it.
fn save_picture(path: &Path, evidence: &probe_core::evidence::Evidence) -> Result<(), Error> {
    let picture = probe_chart::fingerprint::svg(evidence);
    let text = picture.map_err(|e| Error::file(path, std::io::Error::other(e.to_string())))?;
    std::fs::write(path, text).map_err(|e| Error::file(path, e))
}

fn run_probe(settings: &Settings, screen: &Screen, svg: Option<&Path>) -> Result<(), Error> {
    // No challenge: operands drawn from a seed of this program's own.
    let seed = probe_core::seed::Seed::derive("", "");
    let facts = surroundings::here().facts();
    let evidence = probe::measure(seed, settings, &facts, &Stop::never())?;
    if let Some(path) = svg {
        save_picture(path, &evidence)?;
        if !settings.quiet {
            out::aside(format_args!("note: picture in {}", path.display()));
        }
    }
    if settings.json {
        let json = serde_json::to_string(&evidence).map_err(|e| Error::Machine(e.to_string()))?;
        out::line(json);
        return Ok(());
    }
    show::evidence(screen, &evidence);
    Ok(())
}

/// A miner that is watched line by line.
fn miner_in_lines(settings: Settings, stop: Stop) -> Result<Miner, Error> {
    let lines = Lines::new(settings.quiet, settings.json);
    Miner::new(settings, stop, Box::new(lines))
}

/// One attestation; what the node says is shown whether it accepts or refuses.
fn run_attest(settings: Settings, screen: &Screen) -> Result<(), Error> {
    let miner = miner_in_lines(settings, Stop::never())?;
    let (members, outcome) = match miner.attest() {
        Ok(answer) => (answer, Ok(())),
        Err(Error::Refused(refusal)) => (refusal.members.clone(), Err(Error::Refused(refusal))),
        Err(error) => return Err(error),
    };
    if miner.settings().json {
        out::line(serde_json::Value::Object(members));
    } else if outcome.is_ok() || members.contains_key("verdict") {
        verdict::explain(screen, &members);
        // A miner that was never accepted has no page.
        if let (Ok(()), Some(page)) = (&outcome, miner.page(&members)) {
            screen.say(format_args!("{:<14}{page}", "page"));
        }
    }
    outcome
}

fn run_mine(settings: Settings, options: MineOptions) -> Result<(), Error> {
    let plan = mine::Plan::from(&options);
    #[cfg(feature = "full-screen")]
    if !options.plain && view::is_possible(&settings, &plan) {
        return view::run(settings, plan);
    }
    let stop = Stop::on_signals()?;
    mine::run(&miner_in_lines(settings, stop.clone())?, &plan, &stop)
}

/// Shows what would be sent.
fn rehearse(
    settings: Settings,
    measure: fn(&Miner) -> Result<Vec<u8>, Error>,
) -> Result<(), Error> {
    let miner = miner_in_lines(settings, Stop::never())?;
    let body = measure(&miner)?;
    miner.remark(&format!("{} bytes; nothing was sent", body.len()));
    out::line(String::from_utf8_lossy(&body));
    Ok(())
}

fn run_migrate(settings: &Settings, options: MigrateOptions) -> Result<(), Error> {
    let wallet = open_wallet(settings)?;
    let address = wallet.address();
    let owner = migrate::Owner {
        miner: settings.miner.as_deref().unwrap_or(&address),
        chain_id: &options.chain_id,
        wallet: &wallet,
    };
    let request = match (options.to, options.hardware, options.cancel) {
        (Some(to), ..) => migrate::Request::To(to),
        (_, true, _) => migrate::Request::Hardware,
        (.., Some(number)) => migrate::Request::Cancel(number),
        _ => migrate::Request::Show,
    };
    let client = Client::new(&settings.node);
    let answer = migrate::run(&client, &owner, &request, options.unit)?;
    if settings.json {
        out::line(serde_json::Value::Object(answer));
    } else {
        migrate::show(&answer);
    }
    Ok(())
}

fn open_wallet(settings: &Settings) -> Result<Wallet, Error> {
    Wallet::open(&settings.wallet, || {
        passphrase::to_open(settings.passphrase_file.as_deref())
    })
}

fn run_wallet(settings: &Settings, command: WalletCommand) -> Result<(), Error> {
    let file = settings.passphrase_file.as_deref();
    match command {
        WalletCommand::New { encrypt } => {
            let wallet = Wallet::generate()?;
            wallet.create(
                &settings.wallet,
                passphrase::to_create(file, encrypt)?.as_ref(),
            )?;
            show_wallet(settings, &wallet)
        }
        WalletCommand::Import {
            file: from,
            encrypt,
        } => {
            let wallet = Wallet::from_hex(&read_seed(from)?)?;
            wallet.create(
                &settings.wallet,
                passphrase::to_create(file, encrypt)?.as_ref(),
            )?;
            show_wallet(settings, &wallet)
        }
        WalletCommand::Show => show_wallet(settings, &open_wallet(settings)?),
        WalletCommand::Export { out } => {
            let seed = open_wallet(settings)?.seed_hex();
            match out {
                Some(path) => {
                    private_file::create(&path, &zeroize::Zeroizing::new(format!("{}\n", *seed)))
                }
                None => {
                    out::line(&*seed);
                    Ok(())
                }
            }
        }
    }
}

/// The seed's text from a file or standard input.
fn read_seed(from: Option<PathBuf>) -> Result<zeroize::Zeroizing<String>, Error> {
    let text = match from.filter(|path| path != Path::new("-")) {
        Some(path) => std::fs::read_to_string(&path).map_err(|error| Error::file(&path, error))?,
        None => std::io::read_to_string(std::io::stdin())
            .map_err(|error| Error::file(Path::new("standard input"), error))?,
    };
    Ok(zeroize::Zeroizing::new(text))
}

fn show_wallet(settings: &Settings, wallet: &Wallet) -> Result<(), Error> {
    let (address, key) = (wallet.address(), hex::encode(&wallet.public_key()));
    let file = settings.wallet.display();
    match settings.json {
        true => out::line(serde_json::json!({ "address": address, "public_key": key })),
        false => out::line(format_args!(
            "address     {address}\npublic key  {key}\nfile        {file}"
        )),
    }
    Ok(())
}
