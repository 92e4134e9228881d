//! `verdigris-node`: serve, audit, explain.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

use verdigris_node::app::App;
use verdigris_node::attest::WEIGHT_PLACES;
use verdigris_node::clock::Clock;
use verdigris_node::config::Settings;
use verdigris_node::json::decimal;
use verdigris_node::ledger::RTC_PLACES;
use verdigris_node::store::{books, open_to_look, Store};
use verdigris_node::{audit, http, settle};

/// The node of Verdigris: judges what machines prove of themselves, and keeps the books.
#[derive(Parser)]
#[command(
    version,
    after_help = "Exit status: 0 done; 1 the audit found a fault; 2 wrong usage; 3 the node could \
                  not do its work (the message says why)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API until stopped (Ctrl-C or SIGTERM), settling every epoch at its end
    #[command(
        after_help = "An option wins over its environment variable, that over the file, that \
                            over the default. The file is TOML with the names of the options: \
                            listen = \"0.0.0.0:8099\"."
    )]
    Serve(Box<Serve>),
    /// Derive all balances and payments again from the log, and compare
    Audit {
        #[command(flatten)]
        database: Database,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Look at an epoch
    Epoch {
        #[command(subcommand)]
        command: EpochCommand,
    },
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Show how an epoch's pot was divided, or would be if it ended now
    Explain {
        /// The epoch's number
        epoch: i64,
        #[command(flatten)]
        database: Database,
    },
}

#[derive(Args)]
struct Serve {
    /// A file of settings (TOML)
    #[arg(long, value_name = "FILE", env = "VERDIGRIS_NODE_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
struct Database {
    /// The database file
    #[arg(
        long,
        value_name = "FILE",
        env = "VERDIGRIS_NODE_DATABASE",
        default_value = "verdigris.db"
    )]
    database: PathBuf,
}

/// The audit found something.
const EXIT_FAULT: u8 = 1;

/// The node could not do its work.
const EXIT_FAILED: u8 = 3;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(serve) => run(*serve).map(|()| ExitCode::SUCCESS),
        Command::Audit { database, json } => run_audit(&database.database, json),
        Command::Epoch {
            command: EpochCommand::Explain { epoch, database },
        } => explain(&database.database, epoch).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|e| {
        eprintln!("verdigris-node: {e}");
        ExitCode::from(EXIT_FAILED)
    })
}

fn run(serve: Serve) -> Result<(), Failure> {
    let settings = match &serve.config {
        Some(path) => serve.settings.or(Settings::from_file(path)?),
        None => serve.settings,
    };
    let options = settings.chain()?;
    let clock = Clock::System;
    let store = Store::open(&settings.database(), options, clock.now_ms())
        .map_err(|e| format!("{}: {e}", settings.database().display()))?;
    let app = Arc::new(App::new(settings.config(), store, clock));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let address = settings.listen();
        let listener = TcpListener::bind(address)
            .await
            .map_err(|e| format!("cannot listen on {address}: {e}"))?;
        let stop = stop_signal()?;
        println!("listening on http://{}", listener.local_addr()?);
        let settling = tokio::spawn(settle::run(Arc::clone(&app)));
        http::serve(Arc::clone(&app), listener, stop).await;
        settling.abort();
        eprintln!("stopped");
        Ok::<_, Failure>(())
    })
}

/// Completes at the first SIGINT or SIGTERM.
fn stop_signal() -> std::io::Result<impl std::future::Future<Output = ()>> {
    use tokio::signal::unix::{signal, SignalKind};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn run_audit(database: &std::path::Path, json: bool) -> Result<ExitCode, Failure> {
    let (connection, _) = open_to_look(database)?;
    let report = audit::audit(&connection)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!(
            "{} attestations, {} epochs settled, {} transactions, {} accounts",
            report.attestations, report.epochs, report.transactions, report.accounts
        );
        println!("{} RTC paid to wallets", decimal(report.paid, RTC_PLACES));
        for fault in &report.faults {
            println!("FAULT: {fault}");
        }
        if report.faults.is_empty() {
            println!("the books are sound");
        }
    }
    Ok(if report.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAULT)
    })
}

fn explain(database: &std::path::Path, epoch: i64) -> Result<(), Failure> {
    let (connection, chain) = open_to_look(database)?;
    let explained = books::explain(&connection, &chain, epoch)?
        .ok_or_else(|| format!("nobody was enrolled in epoch {epoch}"))?;
    let state = if explained.settled_ms.is_some() {
        "settled"
    } else {
        "not settled yet"
    };
    let division = &explained.division;
    println!(
        "epoch {epoch}, {state}: {} µRTC over a total weight of",
        explained.pot
    );
    println!("{} (1.0 is 1000000000)\n", division.total_weight);
    println!(
        "{:>16}  {:>14}  {:>20}  {:>14}  miner",
        "weight", "floor µRTC", "remainder", "paid µRTC"
    );
    for share in &division.shares {
        println!(
            "{:>16}  {:>14}  {:>20}  {:>14}  {}",
            decimal(share.weight, WEIGHT_PLACES).to_string(),
            share.floor,
            share.remainder,
            share.amount,
            share.miner
        );
    }
    println!(
        "\nfloor = pot × weight / total weight, rounded down; what is left goes one µRTC each to"
    );
    println!(
        "the largest remainders, ties by miner id. Sum paid: {} µRTC.",
        division.paid
    );
    Ok(())
}
