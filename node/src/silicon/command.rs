//! `verdigris-node silicon`: the tables of measurements, from a terminal.

use super::cross::{self, Conditions, LeaveOut};
use super::{derive, table};
use crate::verdict::silicon::Silicon;
use clap::Subcommand;
use std::error::Error;
use std::path::{Path, PathBuf};

/// What can be done with measurements of real processors.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Derive the data files of x86 from the tables of measurements
    Import {
        /// Cycles by instruction
        latency: PathBuf,
        /// Cycles by working set
        memory: PathBuf,
        /// Where x86-latency.toml, x86-models.toml and x86-memory.toml go
        #[arg(long, value_name = "FOLDER", default_value = "node/data/silicon")]
        into: PathBuf,
    },
    /// Judge the processors of tables under their own names and under older ones
    #[command(
        after_help = "The tables may be the project's own, or of processors that it has never seen. \
                      Each processor is judged by the project's records without those of its model."
    )]
    Evaluate {
        /// Cycles by instruction
        latency: PathBuf,
        /// Cycles by working set
        memory: PathBuf,
        /// What to leave out of the records
        #[arg(long, value_enum, default_value = "model")]
        leave: LeaveOut,
        /// Move every figure by up to so many thousandths
        #[arg(long, value_name = "PERMILLE", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..1000))]
        noise: u64,
        /// What divisions and roots cost, of what the tables say
        #[arg(long, value_name = "PERMILLE", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..10_000))]
        skew: u64,
    },
}

/// Runs the command and returns what it has to say.
///
/// # Errors
/// A file that cannot be read or written, or is malformed: the message names file, line and column.
pub fn run(command: &Command) -> Result<String, Box<dyn Error>> {
    match command {
        Command::Import {
            latency,
            memory,
            into,
        } => import(latency, memory, into),
        Command::Evaluate {
            latency,
            memory,
            leave,
            noise,
            skew,
        } => {
            let conditions = Conditions {
                leave: *leave,
                noise: *noise,
                skew: *skew,
            };
            evaluate(latency, memory, &conditions)
        }
    }
}

fn import(latency: &Path, memory: &Path, into: &Path) -> Result<String, Box<dyn Error>> {
    let latencies = read(latency, table::latencies)?;
    let curves = read(memory, table::curves)?;
    let silicon = Silicon::builtin_cores();
    let measured = derive::ratios(&latencies);
    let files = [
        (
            "x86-latency.toml",
            derive::latency_file(&measured, &silicon),
        ),
        ("x86-models.toml", derive::model_file(&measured, &silicon)),
        ("x86-memory.toml", derive::memory_file(&curves, &silicon)),
    ];
    for (name, text) in files {
        let path = into.join(name);
        std::fs::write(&path, text).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let mut said = format!(
        "{} processors and {} curves into {}\n",
        measured.len(),
        curves.len(),
        into.display()
    );
    for line in &latencies {
        let processor = &line.processor;
        if silicon
            .core(&processor.vendor, processor.signature())
            .is_none()
        {
            said += &format!("x86.toml has no core for {}\n", processor.describe());
        }
    }
    Ok(said)
}

/// The measurements that the records are made of.
const KNOWN: &str = include_str!("../../data/measured/x86-silicon-latency.csv");

fn evaluate(
    latency: &Path,
    memory: &Path,
    conditions: &Conditions,
) -> Result<String, Box<dyn Error>> {
    let latencies = read(latency, table::latencies)?;
    let curves = read(memory, table::curves)?;
    let known = table::latencies(KNOWN)?;
    let (measured, known) = (derive::ratios(&latencies), derive::ratios(&known));
    let report = cross::evaluate(&cross::rows(&measured, &curves), &known, conditions)?;
    Ok(cross::print(&report, &Silicon::builtin_cores()))
}

/// Reads and parses a file; errors say which.
fn read<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, table::TableError>,
) -> Result<T, Box<dyn Error>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{shown}: {e}"))?;
    parse(&text).map_err(|e| format!("{shown}: {e}").into())
}
