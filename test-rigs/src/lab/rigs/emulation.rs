//! The tiny miner of other targets under user-mode QEMU, as `./dev cross build` leaves it: the program's own numbers,
//! its own submission.

use super::{Rig, Size, Task};
use crate::lab::bench::{Bench, Presented};
use crate::lab::record::{Claimed, Origin};
use serde::Deserialize;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The targets, as `cross` knows them.
const TARGETS: &str = include_str!("../../../../cross/targets.toml");

/// The miner's program.
const PROGRAM: &str = "verdigris-tiny";

/// How long a miner may take: a quick probe under emulation takes seconds, on a busy machine some tens.
const RUN_LIMIT: Duration = Duration::from_secs(180);

/// How often it is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// Targets of a quick campaign, where their programs are there.
const QUICK: [&str; 3] = ["x86-64", "i586", "powerpc"];

#[derive(Debug, Deserialize)]
struct Targets {
    target: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    triple: String,
    route: String,
    emulator: String,
    cpus: Vec<String>,
    #[serde(default)]
    unrun: Option<String>,
}

/// The line that a miner writes with `--json`.
#[derive(Debug, Deserialize)]
struct Account {
    miner: String,
    architecture: String,
}

/// The rig.
#[derive(Debug)]
pub struct Emulation {
    miners: PathBuf,
    targets: Vec<Target>,
}

impl Emulation {
    /// With the miners that are in a folder of `./dev cross`.
    pub fn new(miners: PathBuf) -> Self {
        let targets: Targets = toml::from_str(TARGETS).expect("a file of this repository");
        Emulation {
            miners,
            targets: targets.target,
        }
    }

    fn program(&self, target: &Target) -> PathBuf {
        match target.route.as_str() {
            "rust" => self
                .miners
                .join("rust")
                .join(&target.triple)
                .join("tiny")
                .join(PROGRAM),
            _ => self.miners.join("c").join(&target.name).join(PROGRAM),
        }
    }

    /// Targets that were built and whose emulator is installed.
    fn ready(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|target| {
            target.unrun.is_none() && self.program(target).exists() && installed(&target.emulator)
        })
    }
}

/// Whether a program is in one of the folders for programs.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

impl Rig for Emulation {
    fn name(&self) -> &'static str {
        "emulation"
    }

    fn about(&self) -> &'static str {
        "The static miner of another target under user-mode QEMU, as several CPU models; it names itself in no way that \
         is counted here: marks of the environment are ignored"
    }

    fn cost(&self) -> &'static str {
        "nothing: a package of the distribution, and the miner as it is"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let mut tasks = Vec::new();
        for target in self.ready() {
            if size == Size::Quick && !QUICK.contains(&target.name.as_str()) {
                continue;
            }
            for cpu in target.cpus.iter().take(size.pick(1, usize::MAX)) {
                for run in 0..size.pick(1, 44) {
                    let unit = if cpu.is_empty() { "default" } else { cpu };
                    tasks.push(Task {
                        // What runs beside an emulator would be measured with it.
                        alone: true,
                        ..Task::attack(&target.name, unit, run, Origin::Real)
                    });
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let target = self.targets.iter().find(|t| t.name == task.variant);
        let target = target.ok_or("no such target")?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let mut command = Command::new(&target.emulator);
        if task.unit != "default" {
            command.args(["-cpu", &task.unit]);
        }
        command.arg(self.program(target));
        command.args([
            "--node",
            bench.client().url(),
            "--once",
            "--json",
            "--quick",
            "--wallet",
        ]);
        command.arg(folder.path().join("wallet"));
        let started = Instant::now();
        let output = run(&mut command)?;
        let took = started.elapsed();
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().last().unwrap_or_default();
        let account: Account = serde_json::from_str(line).map_err(|e| {
            let complaint = String::from_utf8_lossy(&output.stderr);
            format!(
                "{}: {line:?} is no account: {e}; {complaint}",
                output.status
            )
        })?;
        let answer = bench.client().last(&account.miner)?;
        Ok(Presented {
            claim: Claimed {
                family: account.architecture,
                ..Claimed::default()
            },
            answer,
            took,
            fleet: None,
        })
    }
}

/// Runs a program to its end, or to [`RUN_LIMIT`]. What it writes is a few lines, which a pipe holds.
fn run(command: &mut Command) -> Result<Output, String> {
    let fail = |e: std::io::Error| e.to_string();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(fail)?;
    let until = Instant::now() + RUN_LIMIT;
    while child.try_wait().map_err(fail)?.is_none() {
        if Instant::now() > until {
            child.kill().map_err(fail)?;
            child.wait().map_err(fail)?;
            return Err(format!("no end within {} s", RUN_LIMIT.as_secs()));
        }
        std::thread::sleep(LOOK);
    }
    child.wait_with_output().map_err(fail)
}
