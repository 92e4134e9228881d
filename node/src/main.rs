//! `verdigris-node`: serve, audit, explain.

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;

use verdigris_node::app::App;
use verdigris_node::clock::Clock;
use verdigris_node::config::{unknown_variables, Database, Layered, Settings};
use verdigris_node::http::admin::Token;
use verdigris_node::json::decimal;
use verdigris_node::ledger::RTC_PLACES;
use verdigris_node::store::explain::{explain, lines, Which};
use verdigris_node::store::sql::{Location, Purpose};
use verdigris_node::store::{backup, open_to_look, Store};
use verdigris_node::verdict::Profiles;
use verdigris_node::{audit, binding, explain, fleet, http, settle, silicon, transfer};

/// Most of what a request allocates is small and short-lived, and freed on the thread that allocated it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        /// The file with the secret that machines are bound with, to check also what they are known by
        /// [default: that beside an SQLite file, where it is]
        #[arg(long, value_name = "FILE", env = "VERDIGRIS_NODE_BINDING_SECRET")]
        binding_secret: Option<PathBuf>,
    },
    /// See to a transfer between wallets
    Transfer {
        #[command(subcommand)]
        command: transfer::command::Command,
    },
    /// See to the machines that are bound to wallets
    Binding {
        #[command(subcommand)]
        command: binding::command::Command,
    },
    /// Look at a miner
    Miner {
        #[command(subcommand)]
        command: fleet::command::Command,
    },
    /// Work with measurements of real processors
    Silicon {
        #[command(subcommand)]
        command: silicon::command::Command,
    },
    /// Write everything to a new file, also while the node runs
    Backup {
        /// The file to make: it holds the node's key, and is readable by its owner alone
        file: PathBuf,
        #[command(flatten)]
        database: Database,
    },
    /// Fill an empty database from a backup, of either kind of database, and audit it
    Restore {
        /// The file that `backup` wrote
        file: PathBuf,
        #[command(flatten)]
        database: Database,
    },
    /// Look at an epoch
    Epoch {
        #[command(subcommand)]
        command: EpochCommand,
    },
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "\
Examples:
  verdigris-node completions bash > /etc/bash_completion.d/verdigris-node
  verdigris-node completions zsh > ~/.zfunc/_verdigris-node       where ~/.zfunc is in $fpath")]
    Completions {
        /// The shell
        shell: cli_manual::Shell,
    },
    /// Print the manual page, or write the pages of all commands to a folder
    #[command(after_help = "\
Examples:
  verdigris-node man | man -l -
  verdigris-node man --dir /usr/local/share/man/man1       and then: man verdigris-node-serve")]
    Man {
        /// Write a page for each command to DIR
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Show how an epoch's pot was divided, or would be if it ended now
    Explain {
        /// The epoch's number
        epoch: i64,
        /// Show this miner alone
        #[arg(long, value_name = "ID")]
        miner: Option<String>,
        /// Print JSON: a line for the epoch, then one for each miner
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: Database,
    },
}

#[derive(Args)]
struct Serve {
    /// A file of settings (TOML)
    #[arg(long, value_name = "FILE", env = "VERDIGRIS_NODE_CONFIG")]
    config: Option<PathBuf>,
    /// Print every setting that holds and where it came from, as a file of settings, and end
    #[arg(long)]
    print_config: bool,
    #[command(flatten)]
    settings: Settings,
}

/// The audit found something.
const EXIT_FAULT: u8 = 1;

/// The node could not do its work.
const EXIT_FAILED: u8 = 3;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let options = matches.subcommand().map(|(_, options)| options);
    let done = match cli.command {
        Command::Serve(serve) => {
            run(*serve, options.unwrap_or(&matches)).map(|()| ExitCode::SUCCESS)
        }
        Command::Audit {
            database,
            json,
            binding_secret,
        } => run_audit(database.database, json, binding_secret),
        Command::Transfer { command } => transfer::command::run(&command)
            .and_then(|said| Ok(show(&said)?))
            .map(|()| ExitCode::SUCCESS),
        Command::Binding { command } => binding::command::run(&command)
            .and_then(|said| Ok(show(&said)?))
            .map(|()| ExitCode::SUCCESS),
        Command::Miner { command } => fleet::command::run(&command)
            .and_then(|said| Ok(show(&said)?))
            .map(|()| ExitCode::SUCCESS),
        Command::Silicon { command } => silicon::command::run(&command)
            .and_then(|said| Ok(show(&said)?))
            .map(|()| ExitCode::SUCCESS),
        Command::Backup { file, database } => {
            run_backup(&file, database.database).map(|()| ExitCode::SUCCESS)
        }
        Command::Restore { file, database } => run_restore(&file, database.database),
        Command::Epoch {
            command:
                EpochCommand::Explain {
                    epoch,
                    miner,
                    json,
                    database,
                },
        } => run_explain(database.database, epoch, miner.as_deref(), json)
            .map(|()| ExitCode::SUCCESS),
        Command::Completions { shell } => show(cli_manual::completions(Cli::command(), shell))
            .map(|()| ExitCode::SUCCESS)
            .map_err(Failure::from),
        Command::Man { dir: None } => show(cli_manual::main_page(Cli::command()))
            .map(|()| ExitCode::SUCCESS)
            .map_err(Failure::from),
        Command::Man { dir: Some(folder) } => cli_manual::save_pages(Cli::command(), &folder)
            .map(|()| ExitCode::SUCCESS)
            .map_err(|e| format!("{}: {e}", folder.display()).into()),
    };
    done.unwrap_or_else(|e| {
        eprintln!("verdigris-node: {e}");
        ExitCode::from(EXIT_FAILED)
    })
}

fn run(serve: Serve, matches: &ArgMatches) -> Result<(), Failure> {
    let variables: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .collect();
    for unknown in unknown_variables(variables.iter().map(String::as_str)) {
        eprintln!("verdigris-node: {unknown}");
    }
    let layered = Layered::new(serve.settings, matches, serve.config.as_deref())?;
    if serve.print_config {
        return Ok(show(layered.show())?);
    }
    let settings = layered.settings;
    http::logs::start(
        settings.log_format.unwrap_or_default(),
        settings.log_level.unwrap_or_default(),
    );
    let options = settings.chain()?;
    let admin = settings
        .admin()?
        .map(|(address, file)| Ok::<_, Failure>((address, Token::from_file(file)?)))
        .transpose()?;
    let clock = Clock::System;
    let store = Store::open(settings.database(), options, clock.now_ms())
        .map_err(|e| format!("{}: {e}", settings.database()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let secret = settings.binding_secret();
    let salt = runtime.block_on(binding::secret::of(&store, secret.as_deref()))?;
    if salt.is_none() {
        tracing::warn!("no machine is bound to a wallet: --binding-secret names no file");
    }
    let app = Arc::new(App::new(settings.config(), store, clock).with_binding(salt));
    runtime.block_on(async {
        let listener = bind(settings.listen()).await?;
        let admin = match admin {
            Some((address, token)) => Some((bind(address).await?, token)),
            None => None,
        };
        let signal = stop_signal()?;
        let (stopping, stopped) = watch::channel(false);
        let stop = || {
            let mut stopped = stopped.clone();
            // An error means that nobody is left who could say so.
            async move { drop(stopped.wait_for(|&stop| stop).await) }
        };
        tokio::spawn(async move {
            signal.await;
            tracing::info!("stopping");
            let _ = stopping.send(true);
        });
        show(format!("listening on http://{}\n", listener.local_addr()?))?;
        if let Some((listener, _)) = &admin {
            show(format!("operator on http://{}\n", listener.local_addr()?))?;
        }
        let settling = tokio::spawn(settle::run(Arc::clone(&app)));
        let operating = async {
            if let Some((listener, token)) = admin {
                http::serve_admin(Arc::clone(&app), token, listener, stop()).await;
            }
        };
        tokio::join!(http::serve(Arc::clone(&app), listener, stop()), operating);
        settling.abort();
        tracing::info!("stopped");
        Ok::<_, Failure>(())
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|e| format!("cannot listen on {address}: {e}").into())
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

fn run_audit(database: Location, json: bool, secret: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let beside = || binding::secret::beside(&database).filter(|path| path.exists());
    let salt = secret
        .or_else(beside)
        .map(|path| binding::secret::read(&path));
    let salt = salt.transpose()?;
    let (connection, _) = open_to_look(database)?;
    let report = audit::audit_with(&connection, salt.as_ref())?;
    let mut out = String::new();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        writeln!(
            out,
            "{} attestations, {} epochs settled, {} transfers, {} transactions, {} accounts",
            report.attestations,
            report.epochs,
            report.transfers,
            report.transactions,
            report.accounts
        )?;
        writeln!(
            out,
            "{} RTC paid to wallets",
            decimal(report.paid, RTC_PLACES)
        )?;
        for what in &report.checked {
            writeln!(out, "checked: {what}")?;
        }
        for fault in &report.faults {
            writeln!(out, "FAULT: {fault}")?;
        }
        if report.faults.is_empty() {
            writeln!(out, "the books are sound")?;
        }
    }
    show(&out)?;
    Ok(if report.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_FAULT)
    })
}

fn run_backup(file: &Path, database: Location) -> Result<(), Failure> {
    let made = backup::backup(database, file)?;
    Ok(show(format!(
        "{} rows in {}\nsha256 of its lines but the last: {}\n",
        made.rows,
        file.display(),
        made.sha256
    ))?)
}

fn run_restore(file: &Path, database: Location) -> Result<ExitCode, Failure> {
    let restored = backup::restore(file, &database)?;
    show(format!("{} rows restored\n", restored.rows))?;
    run_audit(database, false, None)
}

/// Miners explained at a time: a million must not be held at once.
const LINES_AT_ONCE: i64 = 1_000;

fn run_explain(
    database: Location,
    epoch: i64,
    miner: Option<&str>,
    json: bool,
) -> Result<(), Failure> {
    let (connection, chain) = open_to_look(database)?;
    let antiquity = Profiles::builtin().antiquity;
    // One moment for all questions: a running node may go on writing.
    connection.transaction(Purpose::Read, |c| {
        let explained = explain(c, &chain, epoch)?
            .ok_or_else(|| format!("nobody was enrolled in epoch {epoch}"))?;
        let head = if json {
            serde_json::to_string(&explain::epoch(&explained))? + "\n"
        } else {
            explain::epoch_text(&explained)
        };
        show(&head)?;
        let mut which = match miner {
            Some(miner) => Which::Miner(miner.to_owned()),
            None => Which::Page {
                after: String::new(),
                offset: 0,
                limit: LINES_AT_ONCE,
            },
        };
        loop {
            let lines = lines(c, &explained, &which)?;
            let mut out = String::new();
            for line in &lines {
                let share = explain::share(&explained, line, &antiquity, &chain);
                if json {
                    out += &(serde_json::to_string(&share)? + "\n");
                } else {
                    out += &explain::share_text(&share);
                }
            }
            show(&out)?;
            match (&mut which, lines.last()) {
                (Which::Page { after, .. }, Some(last)) => after.clone_from(&last.miner),
                (Which::Miner(_), None) => {
                    return Err(format!("it was not enrolled in epoch {epoch}").into())
                }
                _ => return Ok(()),
            }
        }
    })
}

/// Prints; whoever closes the pipe early, as `head` does, has read enough.
fn show(text: impl AsRef<[u8]>) -> std::io::Result<()> {
    match std::io::stdout().write_all(text.as_ref()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
