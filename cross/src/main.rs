//! `verdigris-cross`: every target of `targets.toml` built, run under its emulator, compared with this
//! machine bit for bit, and attested to a node. `./dev cross` installs what it needs and calls it.

mod boot;
mod builder;
mod floppy;
mod generate;
mod image;
mod matrix;
mod memory;
mod process;
mod rejudge;
mod report;
mod targets;
mod toolchain;

use clap::{Parser, Subcommand};
use matrix::{Plan, Row};
use node_process::Node;
use report::Context;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use targets::{Route, Target};

/// How long a program may take to give its version.
const ASK_LIMIT: Duration = Duration::from_secs(10);

/// The tier that all targets are in, or in one before it.
const LAST_TIER: u8 = 2;

#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Name the targets: name, tier, triple, emulator, CPU models
    List,
    /// Build targets and print where the programs are
    Build {
        #[command(flatten)]
        chosen: Chosen,
        /// As disks carry them: a tenth smaller, without `--self-check`
        #[arg(long)]
        small: bool,
    },
    /// Build targets, run each as all its CPU models, compare, attest, and judge
    Run {
        #[command(flatten)]
        chosen: Chosen,
        /// The node's program
        #[arg(long, value_name = "FILE")]
        node: PathBuf,
        /// Write the page about it there
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
        /// Run the standard probe, not the quick one
        #[arg(long)]
        standard: bool,
    },
    /// Run the kernels' own tests as every CPU model (targets of route "rust")
    Test(Chosen),
    /// Write Cross.toml and the build server's matrix from the list of targets
    Generate,
    /// Measure how much memory each target's miner takes while it attests
    Memory {
        #[command(flatten)]
        chosen: Chosen,
        /// The node's program
        #[arg(long, value_name = "FILE")]
        node: PathBuf,
        /// Write the page about it there
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Judge recorded cases here and on targets (big-endian ones, where none is named), and compare the verdicts
    Rejudge {
        #[command(flatten)]
        chosen: Chosen,
        /// More cases: a file with a submission in each line
        #[arg(long, value_name = "FILE")]
        cases: Vec<PathBuf>,
    },
    /// Put a miner for every kind of machine on one floppy disk
    Floppy(floppy::Arguments),
    /// Make the disk that boots a PC into the miner
    Boot(boot::Arguments),
    /// Make the miner that needs no operating system on a PC: a program for Multiboot loaders, and a disk that boots it
    Pc(Bare),
    /// Make the miner that Open Firmware starts on a Power Macintosh: verdigris-openfirmware.elf
    Openfirmware(Bare),
    /// Build the example for who writes firmware, and print where the program is
    Firmware {
        /// Where everything that is built goes
        #[arg(long, value_name = "FOLDER", default_value = "target/cross")]
        out: PathBuf,
    },
}

#[derive(clap::Args)]
struct Chosen {
    /// Targets by name; all, where none is named
    names: Vec<String>,
    /// Where none is named: those up to this tier
    #[arg(long, value_name = "N", default_value_t = LAST_TIER)]
    tier: u8,
    /// Where everything that is built goes
    #[arg(long, value_name = "FOLDER", default_value = "target/cross")]
    out: PathBuf,
}

/// A program that needs no operating system.
#[derive(clap::Args)]
struct Bare {
    /// Where what is made of it goes
    #[arg(long, value_name = "FOLDER", default_value = "target/cross/systems")]
    into: PathBuf,
    /// Where everything that is built goes
    #[arg(long, value_name = "FOLDER", default_value = "target/cross")]
    out: PathBuf,
}

fn main() -> ExitCode {
    match go(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives whether everything is as it should be.
fn go(task: Task) -> Result<bool, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the workspace is gone")?;
    match task {
        Task::List => {
            for target in targets::all()? {
                println!(
                    "{:12} {} {:32} {:22} {}",
                    target.name,
                    target.tier,
                    target.triple,
                    target.emulator,
                    target.cpus.join(",")
                );
            }
            Ok(true)
        }
        Task::Floppy(arguments) => {
            let (names, out) = arguments.chosen();
            let chosen = Chosen {
                names: names.to_vec(),
                tier: LAST_TIER,
                out: out.to_path_buf(),
            };
            let (targets, mut builder) = prepare(root, &chosen)?;
            builder.self_check = false;
            floppy::run(root, &arguments, &targets, &builder)
        }
        Task::Boot(arguments) => boot::run(root, &arguments),
        Task::Pc(Bare { into, out }) => boot::run_bare(&bare(root, &builder::PC, out)?.path, &into),
        Task::Openfirmware(Bare { into, out }) => {
            let built = bare(root, &builder::OPENFIRMWARE, out)?;
            let path = into.join(builder::OPENFIRMWARE.name).with_extension("elf");
            let fail = |e: std::io::Error| format!("{}: {e}", path.display());
            std::fs::create_dir_all(&into).map_err(fail)?;
            std::fs::copy(&built.path, &path).map_err(fail)?;
            println!("{:>9} bytes  {}", built.bytes, path.display());
            Ok(true)
        }
        Task::Firmware { out } => {
            println!("{}", bare(root, &builder::FIRMWARE, out)?.path.display());
            Ok(true)
        }
        Task::Generate => {
            for path in generate::write(root, &targets::all()?)? {
                println!("{}", path.display());
            }
            Ok(true)
        }
        Task::Build { chosen, small } => {
            let (targets, mut builder) = prepare(root, &chosen)?;
            builder.self_check = !small;
            for target in &targets {
                let built = builder.target(target).map_err(|e| named(target, &e))?;
                println!(
                    "{:12} {:>9} bytes {:>4} s  {}",
                    target.name,
                    built.bytes,
                    built.took.as_secs(),
                    built.path.display()
                );
            }
            Ok(true)
        }
        Task::Test(chosen) => {
            let (targets, builder) = prepare(root, &chosen)?;
            let mut fine = true;
            for target in targets.iter().filter(|t| t.route == Route::Rust) {
                for cpu in &target.cpus {
                    let whose = format!("{:12} {:20}", target.name, matrix::named(cpu));
                    match builder.test(target, cpu) {
                        Ok(passed) => println!("{whose} {passed} tests passed"),
                        Err(error) => {
                            println!("{whose} FAILED\n{error}");
                            fine = false;
                        }
                    }
                }
            }
            Ok(fine)
        }
        Task::Rejudge { mut chosen, cases } => {
            if chosen.names.is_empty() {
                chosen.names = rejudge::BIG_ENDIAN.map(String::from).to_vec();
            }
            let (targets, builder) = prepare(root, &chosen)?;
            rejudge::run(&builder, &targets, &cases)
        }
        Task::Run {
            chosen,
            node,
            write,
            standard,
        } => {
            let (targets, builder) = prepare(root, &chosen)?;
            run(&targets, &builder, &node, write.as_deref(), standard)
        }
        Task::Memory {
            chosen,
            node,
            write,
        } => {
            let (targets, builder) = prepare(root, &chosen)?;
            let folder = tempfile::tempdir().map_err(|e| format!("a folder for the node: {e}"))?;
            let node = Node::start(&node, folder.path(), &[])?;
            let say = |text: &str| eprintln!("{text}");
            let rows: Vec<memory::Row> = targets
                .iter()
                .map(|target| memory::Row::measure(target, &builder, &node, folder.path(), &say))
                .collect();
            let faults: Vec<String> = rows.iter().flat_map(memory::Row::faults).collect();
            finish(&memory::page(&rows), &faults, write.as_deref())
        }
    }
}

/// Builds a program that runs without an operating system.
fn bare(root: &Path, program: &builder::Bare, out: PathBuf) -> Result<builder::Built, String> {
    let chosen = Chosen {
        names: vec![program.target.into()],
        tier: LAST_TIER,
        out,
    };
    let (targets, builder) = prepare(root, &chosen)?;
    let target = targets.first().ok_or("the list of targets lacks it")?;
    builder.bare(program, target)
}

fn named(target: &Target, error: &str) -> String {
    format!("{}: {error}", target.name)
}

fn prepare(root: &Path, chosen: &Chosen) -> Result<(Vec<Target>, builder::Builder), String> {
    let targets = targets::choose(&chosen.names, chosen.tier)?;
    let rust = targets.iter().any(|t| t.route == Route::Rust);
    let out = std::path::absolute(&chosen.out).map_err(|e| e.to_string())?;
    std::fs::create_dir_all(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let builder = builder::Builder {
        root: root.to_path_buf(),
        out,
        toolchain: rust.then(toolchain::find).transpose()?,
        self_check: true,
    };
    if targets.iter().any(|t| t.route == Route::C) {
        // Always made anew: the sources may have changed.
        builder.drop_archive()?;
    }
    Ok((targets, builder))
}

fn run(
    targets: &[Target],
    builder: &builder::Builder,
    node: &Path,
    write: Option<&Path>,
    standard: bool,
) -> Result<bool, String> {
    let started = Instant::now();
    let folder = tempfile::tempdir().map_err(|e| format!("a folder for the node: {e}"))?;
    let node = Node::start(node, folder.path(), &[])?;
    let say = |text: &str| eprintln!("[{:4} s] {text}", started.elapsed().as_secs());
    let plan = Plan {
        builder,
        node: &node,
        folder: folder.path(),
        quick: !standard,
        say: &say,
    };
    say("this machine: the values to compare with");
    let reference = plan.reference()?;
    let rows: Vec<Row> = targets
        .iter()
        .map(|target| {
            let row = plan.row(target, &reference);
            for fault in row.faults() {
                say(&format!("FAULT {fault}"));
            }
            row
        })
        .collect();
    let context = Context {
        machine: machine(),
        compiler: builder
            .toolchain
            .as_ref()
            .map_or_else(|| "no Rust compiler".into(), |t| t.version.clone()),
        emulator: version(&targets[0].emulator),
        command: format!("./dev cross{}", if standard { " --standard" } else { "" }),
        values: reference.len(),
        seconds: started.elapsed().as_secs(),
    };
    let faults: Vec<String> = rows.iter().flat_map(Row::faults).collect();
    finish(&report::page(&rows, &context), &faults, write)
}

/// Puts a page where it belongs, into a file or before whoever called, and says what is wrong; gives
/// whether nothing is.
fn finish(page: &str, faults: &[String], write: Option<&Path>) -> Result<bool, String> {
    match write {
        Some(path) => {
            std::fs::write(path, page).map_err(|e| format!("{}: {e}", path.display()))?;
            eprintln!("written: {}", path.display());
        }
        None => print!("{page}"),
    }
    for fault in faults {
        eprintln!("error: {fault}");
    }
    Ok(faults.is_empty())
}

/// This machine, as the figures' reader needs to know it.
fn machine() -> String {
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|l| l.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {cores} CPUs",
        model.unwrap_or_else(|| std::env::consts::ARCH.into())
    )
}

/// The first line of what a program says of its version.
fn version(program: &str) -> String {
    process::run(Command::new(program).arg("--version"), ASK_LIMIT)
        .ok()
        .and_then(|ended| ended.stdout.lines().next().map(str::to_owned))
        .unwrap_or_else(|| program.to_owned())
}
