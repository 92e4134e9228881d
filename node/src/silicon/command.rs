//! `verdigris-node silicon`: the tables of measurements, from a terminal.

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

/// Reads and parses a file; errors say which.
pub(super) fn read<T>(
    path: &Path,
    parse: impl Fn(&str) -> Result<T, table::TableError>,
) -> Result<T, Box<dyn Error>> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|e| format!("{shown}: {e}"))?;
    parse(&text).map_err(|e| format!("{shown}: {e}").into())
}
