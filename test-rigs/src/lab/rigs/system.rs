//! Whole machines in emulators: under a system, or with the probe as the machine's own program.
//!
//! **To add a machine**, add an entry to `test-rigs/machines.toml`; nothing here needs to change. An entry is a
//! [`Entry`], one emulator with one image, and names the machines ([`Unit`]) that it can be. Its members:
//!
//! | member | is |
//! |---|---|
//! | `way` | the way's name, as in the report and in `lab/bounds.rs`; say there whether marks are removed |
//! | `program`, `arguments` | the emulator. A unit's own `arguments` come after these |
//! | `images` | files below the images' folder that must be there (`{images}` is the folder: `systems` in that of the miners) |
//! | `disk` | one of them, copied for each run, so that the machine may write to it: `{disk}` |
//! | `devices` | files of this host that must be there, such as `/dev/kvm` |
//! | `settings` | lines of `VERDIGRIS.CFG`, put onto the copy, a FAT floppy, by mtools |
//! | `settings_in` | another name of that file |
//! | `files` | texts that are written into the run's own folder first (settings of emulators): `{folder}` |
//! | `line` | how the machine reaches the node, below |
//! | `limit_s` | seconds until a run has failed |
//! | `runs` | of each unit in a full campaign; 5 unless said |
//! | `quick` | the first unit is run once in a quick campaign |
//! | `installed_by`, `built_by` | who provides emulator and images: what the report tells where they are missing |
//!
//! `line` is one of
//! - `network`: the machine connects to port `{port}` of this host's loopback interface (10.0.2.2 in QEMU's user network);
//! - `serial`: the emulator connects its serial port to `127.0.0.1:{port}`, where the project's relay listens;
//! - `listen`: the emulator itself listens for its serial line, at `127.0.0.1:{port}`;
//! - `stdio`: the emulator's standard input and output are the serial line.
//!
//! `{key}` is a wallet's secret seed of this run's own, 64 hexadecimal digits, for machines without random numbers.
//!
//! In all of them a [`tap`] is between machine and node and sees who attests with what answer: nothing has to be read from a
//! console, and a refusal is recorded as well. The run ends, and with it the emulator, with the first answered
//! submission. Marks of the environment count for nothing, as in the rig `emulation` (`figures::EMULATORS`).
//!
//! Whoever builds images puts them into the images' folder; `./dev lab setup` calls all builders and installs all emulators.

mod tap;

use super::{Rig, Size, Task};
use crate::lab::bench::{Bench, Presented};
use crate::lab::record::{Claimed, Origin};
use node_process::{guarded, Answer};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tap::{Exchange, Tap};

/// The machines.
const MACHINES: &str = include_str!("../../../machines.toml");

/// The relay's program, which is built beside this one.
const RELAY: &str = "verdigris";

/// Where miners hand in what they measured, and ask for a challenge.
const SUBMIT: &str = "/attest/submit";
const CHALLENGE: &str = "/attest/challenge";

/// How often it is looked whether the emulator still runs.
const LOOK: Duration = Duration::from_millis(200);

/// How long a relay, or an emulator that listens, may take to do so.
const START_LIMIT: Duration = Duration::from_secs(30);

/// Characters of an emulator's last words in an error.
const LAST_WORDS: usize = 400;

#[derive(Debug, Deserialize)]
struct Machines {
    system: Vec<Entry>,
}

/// An emulator with an image: see the module's table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    way: String,
    program: String,
    arguments: Vec<String>,
    #[serde(default)]
    images: Vec<String>,
    disk: Option<String>,
    #[serde(default)]
    devices: Vec<String>,
    #[serde(default)]
    settings: Vec<String>,
    #[serde(default = "usual_settings")]
    settings_in: String,
    #[serde(default)]
    files: BTreeMap<String, String>,
    line: Wire,
    limit_s: u64,
    #[serde(default = "five")]
    runs: u32,
    #[serde(default)]
    quick: bool,
    installed_by: String,
    #[serde(default)]
    built_by: String,
    units: Vec<Unit>,
}

fn five() -> u32 {
    5
}

/// What a miner reads its settings from.
fn usual_settings() -> String {
    "VERDIGRIS.CFG".into()
}

/// A machine that an emulator can be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unit {
    name: String,
    #[serde(default)]
    arguments: Vec<String>,
}

/// How a machine reaches the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wire {
    Network,
    Serial,
    Listen,
    Stdio,
}

/// The rig.
#[derive(Debug)]
pub struct System {
    images: PathBuf,
    relay: Option<PathBuf>,
    entries: Vec<Entry>,
}

impl System {
    /// With the images that are in `systems`, beside the miners.
    pub fn new(miners: &Path) -> Self {
        let machines: Machines = toml::from_str(MACHINES).expect("a file of this repository");
        let beside = std::env::current_exe().ok();
        let relay = beside.map(|program| program.with_file_name(RELAY));
        System {
            // Emulators run in folders of their own.
            images: std::path::absolute(miners.join("systems")).unwrap_or_default(),
            relay: relay.filter(|program| program.exists()),
            entries: machines.system,
        }
    }

    /// What an entry lacks, in words; `None` where it can be run.
    fn lacks(&self, entry: &Entry) -> Option<String> {
        if !super::emulation::installed(&entry.program) {
            let (program, by) = (&entry.program, &entry.installed_by);
            return Some(format!("{program} is not installed ({by})"));
        }
        if entry.line != Wire::Network && self.relay.is_none() {
            return Some("the relay is not built (./dev lab)".into());
        }
        let unusable =
            |device: &&String| File::options().read(true).write(true).open(device).is_err();
        if let Some(device) = entry.devices.iter().find(unusable) {
            return Some(format!("{device} cannot be used here"));
        }
        let missing = |image: &&String| !self.images.join(image).exists();
        let image = entry.images.iter().chain(&entry.disk).find(missing)?;
        Some(format!("{image} is not built ({})", entry.built_by))
    }
}

impl Rig for System {
    fn name(&self) -> &'static str {
        "system"
    }

    fn about(&self) -> &'static str {
        "Whole machines in emulators, under a system or with the probe as the machine's own program; several processors; \
         marks of the environment are ignored"
    }

    fn cost(&self) -> &'static str {
        "an emulator of a distribution, and the miner as it is"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let mut tasks = Vec::new();
        let ready = self.entries.iter().filter(|e| self.lacks(e).is_none());
        for entry in ready.filter(|e| e.quick || size == Size::Full) {
            for unit in entry.units.iter().take(size.pick(1, usize::MAX)) {
                for run in 0..size.pick(1, entry.runs) {
                    tasks.push(Task {
                        // What runs beside an emulator would be measured with it.
                        alone: true,
                        ..Task::attack(&entry.way, &unit.name, run, Origin::Real)
                    });
                }
            }
        }
        tasks
    }

    fn missing(&self) -> Vec<String> {
        let lacking = |entry: &Entry| Some(format!("{}: {}", entry.way, self.lacks(entry)?));
        let lacking: BTreeSet<String> = self.entries.iter().filter_map(lacking).collect();
        lacking.into_iter().collect()
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let entry = self
            .entries
            .iter()
            .find(|e| e.way == task.variant && e.units.iter().any(|unit| unit.name == task.unit));
        let entry = entry.ok_or("no such machine")?;
        let unit = entry.units.iter().find(|unit| unit.name == task.unit);
        let unit = unit.ok_or("no such unit")?;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let node = bench.client().url().trim_start_matches("http://");
        let node: SocketAddr = node.parse().map_err(|e| format!("{node}: {e}"))?;
        let tap = Tap::to(node).map_err(|e| format!("no port for the machine: {e}"))?;
        let mut run = Run {
            rig: self,
            entry,
            folder: folder.path(),
            port: tap.port(),
            key: key(bench),
            children: Vec::new(),
        };
        run.start(unit)?;
        run.submission(&tap)
    }
}

/// A machine that is running, or about to; it ends when this is dropped.
struct Run<'a> {
    rig: &'a System,
    entry: &'a Entry,
    folder: &'a Path,
    /// Where the machine connects to: the tap, or a relay that leads there.
    port: u16,
    /// The wallet's secret seed, for machines that have no random numbers: 64 hexadecimal digits.
    key: String,
    /// The emulator is the last.
    children: Vec<Child>,
}

impl Run<'_> {
    /// Puts what differs from run to run into a text of the list.
    fn fill(&self, text: &str) -> String {
        let disk = self.folder.join("disk.img");
        [
            ("{port}", self.port.to_string()),
            ("{folder}", self.folder.display().to_string()),
            ("{images}", self.rig.images.display().to_string()),
            ("{disk}", disk.display().to_string()),
            ("{key}", self.key.clone()),
        ]
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| {
            text.replace(name, &value)
        })
    }

    /// Switches the machine on.
    fn start(&mut self, unit: &Unit) -> Result<(), String> {
        let tap = self.port;
        match self.entry.line {
            Wire::Network => {}
            Wire::Serial | Wire::Stdio => self.port = self.relay(tap)?,
            Wire::Listen => self.port = free_port().map_err(|e| format!("no free port: {e}"))?,
        }
        self.disk()?;
        for (name, text) in &self.entry.files {
            let file = self.folder.join(name);
            let written = std::fs::write(&file, self.fill(text));
            written.map_err(|e| format!("{}: {e}", file.display()))?;
        }
        let fail = |e: io::Error| format!("{}: {e}", self.entry.program);
        let arguments = self.entry.arguments.iter().chain(&unit.arguments);
        let mut command = guarded(Path::new(&self.entry.program));
        command
            .args(arguments.map(|argument| self.fill(argument)))
            .current_dir(self.folder)
            .stderr(File::create(self.folder.join("stderr")).map_err(fail)?);
        if self.entry.line == Wire::Stdio {
            command.stdin(Stdio::piped()).stdout(Stdio::piped());
        } else {
            let said = File::create(self.folder.join("stdout")).map_err(fail)?;
            command.stdin(Stdio::null()).stdout(said);
        }
        let mut child = command.spawn().map_err(fail)?;
        let streams = (child.stdin.take(), child.stdout.take());
        self.children.push(child);
        match (self.entry.line, streams) {
            (Wire::Stdio, (Some(to), Some(from))) => {
                let relay = TcpStream::connect(("127.0.0.1", self.port)).map_err(fail)?;
                let back = relay.try_clone().map_err(fail)?;
                join(from, relay);
                join(back, to);
            }
            (Wire::Listen, _) => {
                let machine = connect(self.port)?;
                let relay = TcpStream::connect(("127.0.0.1", self.relay(tap)?)).map_err(fail)?;
                let [from, back] =
                    [machine.try_clone(), relay.try_clone()].map(|s| s.map_err(fail));
                join(from?, relay);
                join(back?, machine);
            }
            _ => {}
        }
        Ok(())
    }

    /// A copy of the machine's disk, with this run's settings on it.
    fn disk(&self) -> Result<(), String> {
        let Some(image) = &self.entry.disk else {
            return Ok(());
        };
        let (from, to) = (self.rig.images.join(image), self.folder.join("disk.img"));
        std::fs::copy(&from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
        if self.entry.settings.is_empty() {
            return Ok(());
        }
        let file = self.folder.join(&self.entry.settings_in);
        let lines = self
            .entry
            .settings
            .iter()
            .map(|line| self.fill(line) + "\r\n");
        let written = std::fs::write(&file, lines.collect::<String>());
        written.map_err(|e| format!("{}: {e}", file.display()))?;
        let mut mcopy = Command::new("mcopy");
        mcopy
            .args(["-o", "-i"])
            .arg(&to)
            .arg(&file)
            .arg(format!("::{}", self.entry.settings_in));
        let output = mcopy.output().map_err(|e| format!("mcopy: {e}"))?;
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "mcopy: {}",
                String::from_utf8_lossy(&output.stderr)
            )),
        }
    }

    /// Starts a relay that leads to the tap; gives the port where it waits for a line.
    fn relay(&mut self, tap: u16) -> Result<u16, String> {
        let program = self.rig.relay.as_deref().ok_or("no relay")?;
        let fail = |e: io::Error| format!("{}: {e}", program.display());
        let mut command = guarded(program);
        command
            .args(["relay", "--tcp", "127.0.0.1:0", "--node"])
            .arg(format!("http://127.0.0.1:{tap}"))
            .env("HOME", self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(fail)?;
        let said = child.stderr.take();
        // Before the emulator, which stays the last.
        self.children.insert(0, child);
        let mut said = BufReader::new(said.ok_or("a relay that says nothing")?);
        let mut line = String::new();
        said.read_line(&mut line).map_err(fail)?;
        let address = line
            .split_whitespace()
            .find_map(|word| word.parse::<SocketAddr>().ok());
        // It goes on to be read, or the relay would block on it.
        join(said, io::sink());
        address
            .map(|address| address.port())
            .ok_or_else(|| format!("the relay said {line:?}"))
    }

    /// Waits for the machine's submission and the node's answer.
    fn submission(&mut self, tap: &Tap) -> Result<Presented, String> {
        let limit = Duration::from_secs(self.entry.limit_s);
        let started = Instant::now();
        let mut challenged = started;
        loop {
            match tap.next(LOOK) {
                Some(exchange) if exchange.path == SUBMIT => {
                    return presented(&exchange, exchange.at.duration_since(challenged));
                }
                Some(exchange) if exchange.path == CHALLENGE => challenged = exchange.at,
                _ => {}
            }
            let status = self.children.last_mut().map(Child::try_wait);
            if let Some(Ok(Some(status))) = status {
                return Err(format!(
                    "the emulator ended: {status}; {}",
                    self.last_words()
                ));
            }
            if started.elapsed() > limit {
                let seconds = limit.as_secs();
                return Err(format!(
                    "no submission within {seconds} s; {}",
                    self.last_words()
                ));
            }
        }
    }

    fn last_words(&self) -> String {
        let read = |name| std::fs::read(self.folder.join(name)).unwrap_or_default();
        let said = [read("stdout"), read("stderr")].concat();
        let said = String::from_utf8_lossy(&said);
        let from = said
            .char_indices()
            .rev()
            .nth(LAST_WORDS)
            .map_or(0, |(at, _)| at);
        said[from..].trim().to_owned()
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        for child in self.children.iter_mut().rev() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The part of a submission that says who attests.
#[derive(Deserialize)]
struct Submitted {
    device: Device,
}

#[derive(Deserialize)]
struct Device {
    family: String,
    arch: String,
    model: String,
    cpu: String,
}

fn presented(exchange: &Exchange, took: Duration) -> Result<Presented, String> {
    let submitted = serde_json::from_slice::<Submitted>(&exchange.request);
    let device = submitted.map_err(|e| format!("no submission: {e}"))?.device;
    let body = serde_json::from_slice(&exchange.answer);
    Ok(Presented {
        claim: Claimed {
            family: device.family,
            arch: device.arch,
            model: device.model,
            cpu: device.cpu,
        },
        answer: Answer {
            status: exchange.status,
            body: body.map_err(|e| format!("the node's answer: {e}"))?,
        },
        took,
        fleet: None,
    })
}

/// A secret seed that the run decides.
fn key(bench: &mut Bench<'_>) -> String {
    (0..8)
        .map(|_| format!("{:08x}", bench.random.next_u32()))
        .collect()
}

/// Copies in the background until one of them has ended.
fn join(mut from: impl Read + Send + 'static, mut to: impl Write + Send + 'static) {
    std::thread::spawn(move || {
        let mut byte = [0; 256];
        while let Ok(count) = from.read(&mut byte) {
            if count == 0 || to.write_all(&byte[..count]).is_err() || to.flush().is_err() {
                return;
            }
        }
    });
}

/// A port that nobody has now.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Connects to an emulator once it listens.
fn connect(port: u16) -> Result<TcpStream, String> {
    let started = Instant::now();
    loop {
        match TcpStream::connect(("127.0.0.1", port)) {
            Ok(stream) => return Ok(stream),
            Err(e) if started.elapsed() > START_LIMIT => {
                return Err(format!("the emulator does not listen at its port: {e}"));
            }
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_can_be_filled_in() {
        let rig = System::new(Path::new("nowhere"));
        for entry in &rig.entries {
            let run = Run {
                rig: &rig,
                entry,
                folder: Path::new("folder"),
                port: 1,
                key: String::new(),
                children: Vec::new(),
            };
            let of_units = entry.units.iter().flat_map(|unit| &unit.arguments);
            let texts = entry
                .arguments
                .iter()
                .chain(of_units)
                .chain(&entry.settings);
            for text in texts {
                let filled = run.fill(text);
                assert!(!filled.contains('{'), "{}: {filled}", entry.way);
            }
            assert!(!entry.units.is_empty() && entry.runs > 0, "{}", entry.way);
            assert!(
                entry.settings.is_empty() || entry.disk.is_some(),
                "{}",
                entry.way
            );
            let own = !entry.images.is_empty() || entry.disk.is_some();
            assert_eq!(own, !entry.built_by.is_empty(), "{}", entry.way);
        }
        let quick = rig.entries.iter().filter(|entry| entry.quick);
        assert!(quick.count() <= 1, "a quick campaign has no time for two");
    }

    #[test]
    fn nothing_runs_without_images_and_what_is_missing_is_said() {
        let rig = System::new(Path::new("nowhere"));
        let lacking: BTreeSet<&str> = rig.entries.iter().map(|e| e.way.as_str()).collect();
        assert!(rig.tasks(Size::Full).is_empty());
        assert!(rig.missing().len() >= lacking.len());
    }
}
