//! `lab`: attacks a node and attests honest machines to it, records each run, and writes what came out.
//! `./dev lab` builds it and the node, and calls it.

use clap::Parser;
use node_process::Node;
use probe_core::seed::Seed;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use test_rigs::lab::bounds::{self, BOUNDS};
use test_rigs::lab::campaign::{self, Conditions};
use test_rigs::lab::figures::{lines, Run};
use test_rigs::lab::here::{self, Load};
use test_rigs::lab::record::Records;
use test_rigs::lab::report::{self, Context};
use test_rigs::lab::rigs::{self, Size};

#[derive(Parser)]
#[command(version, about, long_about = None)]
struct Arguments {
    /// The node's program
    #[arg(long, value_name = "FILE")]
    node: PathBuf,
    /// What the node's source is called, for the records
    #[arg(long, value_name = "TEXT", default_value = "unknown source")]
    source: String,
    /// Where records are kept
    #[arg(long, value_name = "FOLDER", default_value = ".cache/lab")]
    records: PathBuf,
    /// Where `./dev cross build` left the miners of other targets
    #[arg(long, value_name = "FOLDER", default_value = "target/cross")]
    miners: PathBuf,
    /// A minute's worth of runs, and only what must hold is looked at
    #[arg(long)]
    quick: bool,
    /// Write the page there, and its pictures into a folder of that name
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Decides everything that is drawn
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Measure this machine for a challenge and a miner, and write the evidence: what the rigs call
    #[arg(long, num_args = 2, value_names = ["NONCE", "MINER"], hide = true)]
    probe: Option<Vec<String>>,
    /// Only this rig; may be given again
    #[arg(long, value_name = "RIG")]
    only: Vec<String>,
}

fn main() -> ExitCode {
    match go(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn go(arguments: &Arguments) -> Result<bool, String> {
    if let Some([nonce, miner]) = arguments.probe.as_deref() {
        let evidence = here::measure(Seed::derive(nonce, miner), Load::None)?;
        serde_json::to_writer(std::io::stdout().lock(), &evidence).map_err(|e| e.to_string())?;
        return Ok(true);
    }
    let size = if arguments.quick {
        Size::Quick
    } else {
        Size::Full
    };
    let rules = verdigris_node::verdict::RULES_VERSION;
    let conditions = Conditions {
        seed: arguments.seed,
        node: format!("rules {rules}, {}", arguments.source),
        machine: test_rigs::lab::machine(),
    };
    let path = arguments.records.join("runs.jsonl");
    let mut records = Records::open(&path).map_err(|e| e.to_string())?;
    if records.cut() > 0 {
        eprintln!("{}: the last line was not whole: cut off", path.display());
    }
    let folder = tempfile::tempdir().map_err(|e| format!("a folder for the node: {e}"))?;
    let node = Node::start(&arguments.node, folder.path(), &[])?;
    let client = node.client();
    let rigs = rigs::all(arguments.miners.clone());
    for rig in &rigs {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == rig.name()) {
            continue;
        }
        let started = std::time::Instant::now();
        let tasks = rig.tasks(size);
        let made = campaign::run(rig.as_ref(), &tasks, &client, &conditions, &mut records)?;
        for what in rig.missing() {
            eprintln!("{:10} left out: {what}", rig.name());
        }
        eprintln!(
            "{:10} {made} of {} runs made, {} s",
            rig.name(),
            tasks.len(),
            started.elapsed().as_secs()
        );
    }
    let runs = records.read().map_err(|e| e.to_string())?;
    let of_this = |run: &Run| run.key.node == conditions.node && run.key.seed == conditions.seed;
    let runs: Vec<Run> = runs.into_iter().filter(of_this).collect();
    if let Some(path) = &arguments.write {
        let context = Context {
            command: "./dev lab".into(),
            seed: conditions.seed,
            node: conditions.node,
        };
        let (page, files) = report::write(&runs, &rigs, &context)?;
        write(path, page.as_bytes())?;
        let folder = path.with_extension("");
        for (name, bytes) in files {
            write(&folder.join(name), &bytes)?;
        }
        eprintln!("written: {}", path.display());
    }
    let faults = bounds::faults(&lines(&runs), BOUNDS, arguments.only.is_empty());
    for fault in &faults {
        eprintln!("out of bounds: {fault}");
    }
    Ok(faults.is_empty())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let fail = |e: std::io::Error| format!("{}: {e}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    std::fs::write(path, bytes).map_err(fail)
}
