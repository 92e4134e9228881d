//! The matrix: every target, each of its CPU models: built, compared, attested, judged.

use crate::builder::{Builder, Built};
use crate::process;
use crate::targets::Target;
use node_process::Node;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How long a miner may take: a standard probe under emulation takes some tens of seconds.
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// What starts a line of the self-check that every machine must give alike.
const ALIKE: char = '=';

/// The channel of marks by which an environment names itself: no evidence for this purpose.
const MARKS: &str = "environment";

/// Everything that was found out about one target.
#[derive(Debug, Clone)]
pub struct Row {
    /// The target.
    pub target: Target,
    /// The program, or why there is none.
    pub built: Result<Built, String>,
    /// One run for each CPU model.
    pub runs: Vec<Run>,
}

/// One CPU model.
#[derive(Debug, Clone)]
pub struct Run {
    /// The model; empty for the emulator's default, or for this machine itself.
    pub cpu: String,
    /// Values that are the same as on this machine, or which are not.
    pub alike: Result<usize, String>,
    /// The attestation, or why there was none.
    pub attested: Result<Attested, String>,
}

/// An attestation that the node took.
#[derive(Debug, Clone)]
pub struct Attested {
    /// The miner's own account.
    pub miner: Account,
    /// The node's checks.
    pub checks: Vec<Check>,
    /// Whether the node holds it to be real silicon.
    pub physical: bool,
    /// The node's verdict in a sentence.
    pub summary: String,
}

/// The line that a miner writes with `--json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// The wallet credited.
    pub miner: String,
    /// Whether the node took it.
    pub accepted: bool,
    /// Architecture, as the evidence has it.
    pub architecture: String,
    /// Kernels in use.
    pub backend: String,
    /// Counter in use.
    pub counter: String,
    /// Channels that ran.
    pub channels: Vec<String>,
    /// How long the probe took, milliseconds.
    pub probe_ms: u64,
    /// Size of the submission.
    pub submission_bytes: u64,
}

/// One check of the node's verdict.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Check {
    /// Which channel.
    pub channel: String,
    /// What it speaks about: integrity, presence, kind, continuity.
    pub aspect: String,
    /// pass, fail, note or absent.
    pub outcome: String,
    /// What was measured.
    pub measured: String,
    /// What real silicon shows.
    pub expected: String,
    /// Why.
    pub reason: String,
}

impl Attested {
    /// Failed checks of presence, but for marks by which an environment names itself.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|c| c.outcome == "fail" && c.aspect == "presence" && c.channel != MARKS)
    }

    /// The channels of [`Attested::failed`].
    pub fn caught_by(&self) -> BTreeSet<&str> {
        self.failed().map(|c| c.channel.as_str()).collect()
    }
}

impl Row {
    /// What is wrong with this target; empty where everything is as it should be.
    pub fn faults(&self) -> Vec<String> {
        let name = &self.target.name;
        if let Err(error) = &self.built {
            return vec![format!("{name}: not built: {error}")];
        }
        let mut faults = Vec::new();
        for run in &self.runs {
            let whose = format!("{name} {}", run.cpu);
            if let Err(error) = &run.alike {
                faults.push(format!(
                    "{whose}: other values than this machine's: {error}"
                ));
            }
            match &run.attested {
                Err(error) => faults.push(format!("{whose}: not attested: {error}")),
                Ok(attested) if attested.physical => {
                    faults.push(format!("{whose}: taken for real silicon under an emulator"));
                }
                Ok(attested) if attested.caught_by().is_empty() => {
                    faults.push(format!("{whose}: caught by no active channel"));
                }
                Ok(_) => {}
            }
        }
        faults
    }
}

/// How the matrix is run.
pub struct Plan<'a> {
    /// Where miners come from.
    pub builder: &'a Builder,
    /// Where miners attest.
    pub node: &'a Node,
    /// For wallets.
    pub folder: &'a Path,
    /// Whether miners run the quick probe.
    pub quick: bool,
    /// Told what goes on.
    pub say: &'a dyn Fn(&str),
}

impl Plan<'_> {
    /// What kernels compute on this machine: the lines that must be the same everywhere.
    ///
    /// # Errors
    /// The program does not build or does not run.
    pub fn reference(&self) -> Result<Vec<String>, String> {
        let reference = self.builder.reference()?;
        let ended = process::run(Command::new(&reference.path).arg("--self-check"), RUN_LIMIT)?
            .success("the self-check on this machine")?;
        let lines = alike_lines(&ended.stdout);
        if lines.is_empty() {
            return Err("the self-check on this machine says nothing".into());
        }
        Ok(lines)
    }

    /// Builds a target and runs it as every CPU model.
    pub fn row(&self, target: &Target, reference: &[String]) -> Row {
        (self.say)(&format!("{}: building", target.name));
        let built = self.builder.target(target);
        let runs = match &built {
            Err(_) => Vec::new(),
            Ok(_) if target.unrun.is_some() => Vec::new(),
            Ok(built) => target
                .cpus
                .iter()
                .map(|cpu| {
                    (self.say)(&format!("{}: running as {}", target.name, named(cpu)));
                    let miner = |arguments: &[&str]| {
                        let mut command = emulated(target, cpu, &built.path, &[]);
                        process::run(command.args(arguments), RUN_LIMIT)
                    };
                    Run {
                        cpu: cpu.clone(),
                        alike: compare(&miner, reference),
                        attested: self.attest(target, cpu, &miner),
                    }
                })
                .collect(),
        };
        Row {
            target: target.clone(),
            built,
            runs,
        }
    }

    /// Has a program of a target attest, once, as one CPU model.
    ///
    /// # Errors
    /// It did not run, or the node did not take it.
    pub fn attest_with(
        &self,
        target: &Target,
        cpu: &str,
        program: &Path,
    ) -> Result<Attested, String> {
        self.attest(target, cpu, &|arguments| {
            let mut command = emulated(target, cpu, program, &[]);
            process::run(command.args(arguments), RUN_LIMIT)
        })
    }

    fn attest(
        &self,
        target: &Target,
        cpu: &str,
        miner: &dyn Fn(&[&str]) -> Result<process::Ended, String>,
    ) -> Result<Attested, String> {
        let wallet = self.folder.join(format!("{}-{cpu}.wallet", target.name));
        let wallet = wallet.to_str().ok_or("a folder whose name is not text")?;
        let mut arguments = vec!["--node", self.node.url(), "--wallet", wallet];
        arguments.extend(["--once", "--json"]);
        if self.quick {
            arguments.push("--quick");
        }
        let ended = miner(&arguments)?.success("the miner")?;
        let line = ended.stdout.lines().last().unwrap_or_default();
        let account: Account = serde_json::from_str(line)
            .map_err(|e| format!("the miner's account {line:?} is not as expected: {e}"))?;
        if !account.accepted {
            return Err(format!("refused: {line}"));
        }
        let verdict = self.node.client().verdict(&account.miner)?;
        Attested::new(account, &verdict)
    }
}

impl Attested {
    fn new(miner: Account, verdict: &Value) -> Result<Self, String> {
        let part = |name: &str| {
            verdict
                .get(name)
                .cloned()
                .ok_or_else(|| format!("the verdict lacks {name}"))
        };
        Ok(Attested {
            miner,
            checks: serde_json::from_value(part("checks")?).map_err(|e| format!("checks: {e}"))?,
            physical: part("physical")? == Value::Bool(true),
            summary: part("summary")?.as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// A CPU model, for people.
pub fn named(cpu: &str) -> &str {
    if cpu.is_empty() {
        "the emulator's default"
    } else {
        cpu
    }
}

/// The program under its emulator, which gets options of its own beside.
pub fn emulated(target: &Target, cpu: &str, program: &Path, options: &[&OsStr]) -> Command {
    let mut command = Command::new(&target.emulator);
    command.args(options);
    if !cpu.is_empty() {
        command.args(["-cpu", cpu]);
    }
    command.arg(program);
    // What a person has set for his own miner is none of this one's business.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VERDIGRIS_") {
            command.env_remove(name);
        }
    }
    command
}

/// The lines that must be the same everywhere.
fn alike_lines(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with(ALIKE))
        .map(str::to_owned)
        .collect()
}

/// Compares what the kernels compute there with what they compute here. A kernel that is absent on one
/// of the two is not compared; everything else must agree.
fn compare(
    miner: &dyn Fn(&[&str]) -> Result<process::Ended, String>,
    reference: &[String],
) -> Result<usize, String> {
    let ended = miner(&["--self-check"])?.success("the self-check")?;
    same(&alike_lines(&ended.stdout), reference)
}

fn same(there: &[String], here: &[String]) -> Result<usize, String> {
    if there.len() != here.len() {
        return Err(format!("{} values, not {}", there.len(), here.len()));
    }
    match there.iter().zip(here).find(|(there, here)| there != here) {
        Some((there, here)) => Err(format!("{there:?} there, {here:?} here")),
        None => Ok(there.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        alike_lines(text)
    }

    #[test]
    fn values_are_compared_line_by_line() {
        let here = lines("= add 1\n~ machine a\n= mul 2\n");
        assert_eq!(
            same(&lines("= add 1\n~ machine b\n= mul 2\n"), &here),
            Ok(2)
        );
        assert!(same(&lines("= add 1\n= mul 3\n"), &here).is_err());
        assert!(same(&lines("= add 1\n"), &here).is_err());
    }

    #[test]
    fn marks_of_the_environment_catch_nobody_here() {
        let check = |channel: &str, aspect: &str, outcome: &str| Check {
            channel: channel.into(),
            aspect: aspect.into(),
            outcome: outcome.into(),
            measured: String::new(),
            expected: String::new(),
            reason: String::new(),
        };
        let attested = Attested {
            miner: Account {
                miner: String::new(),
                accepted: true,
                architecture: String::new(),
                backend: String::new(),
                counter: String::new(),
                channels: Vec::new(),
                probe_ms: 0,
                submission_bytes: 0,
            },
            checks: vec![
                check("environment", "presence", "fail"),
                check("pipeline", "kind", "fail"),
                check("quirks", "presence", "fail"),
                check("fresh_code", "presence", "pass"),
            ],
            physical: false,
            summary: String::new(),
        };
        assert_eq!(
            attested.caught_by().into_iter().collect::<Vec<_>>(),
            ["quirks"]
        );
    }
}
