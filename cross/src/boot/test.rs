//! Starting the disk: it must boot, get an address, attest, and show verdict and balance; the node must
//! know the same; and the wallet must be the same after the next start.

use super::disk;
use super::emulator::Machine;
use crate::image;
use crate::matrix::Check;
use node_process::Node;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// What a 486 had when it was good.
pub const USUAL_MEMORY_MIB: u32 = 16;

/// The node's epochs: short enough to be paid while the machine runs.
pub const NODE_ARGUMENTS: &[&str] = &["--slot-seconds", "1", "--epoch-seconds", "10"];

/// Seconds between two attestations: longer than an epoch, so that the second one sees the first one's pay.
const INTERVAL_S: u32 = 12;

/// How long a machine has for everything: ten times what it takes.
const LIMIT: Duration = Duration::from_secs(600);

/// How often its screen is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Where the host is, as QEMU's user network has it.
const HOST: &str = "10.0.2.2";

/// The channel of marks by which an environment names itself: no evidence for this purpose.
const MARKS: &str = "environment";

/// What the screen shows, in this order.
const GREETING: &str = "Verdigris boot disk";
const NETWORK: &str = "network ";
const ACCEPTED: &str = "result    accepted";
const BALANCE: &str = "balance ";

/// Machines that the disk is started in: name, and QEMU's arguments for board and network card.
const MACHINES: &[(&str, &[&str])] = &[
    (
        "ISA, NE2000",
        &["-M", "isapc", "-net", "nic,model=ne2k_isa", "-net", "user"],
    ),
    ("PCI, RTL8029", &["-M", "pc", "-nic", "user,model=ne2k_pci"]),
    ("PCI, PCnet", &["-M", "pc", "-nic", "user,model=pcnet"]),
];

/// What is tried, and where.
pub struct Plan<'a> {
    /// The disk.
    pub image: &'a Path,
    /// For a copy of it, and what machines need.
    pub folder: &'a Path,
    /// Where the machines attest.
    pub node: &'a Node,
    /// QEMU's processor model.
    pub cpu: &'a str,
    /// The machines' memory.
    pub memory_mib: u32,
    /// Show screens.
    pub screen: bool,
}

/// What came of one machine.
struct Run {
    /// Seconds from switching on to each of the four.
    greeting_s: f32,
    network_s: f32,
    accepted_s: f32,
    balance_s: f32,
    wallet: String,
    balance: u64,
    caught_by: BTreeSet<String>,
    passed: BTreeSet<String>,
    summary: String,
    measured: Vec<String>,
}

impl Plan<'_> {
    /// Starts every machine, all with the same copy of the disk.
    pub fn run(&self) -> Result<bool, String> {
        let image = self.folder.join("disk.img");
        std::fs::copy(self.image, &image).map_err(|e| format!("{}: {e}", image.display()))?;
        self.set(&image)?;
        let mut wallets = BTreeSet::new();
        let mut before = 0;
        for (name, board) in MACHINES {
            let run = self
                .machine(&image, board, before)
                .map_err(|e| format!("{name}: {e}"))?;
            println!("{name}, {} MiB, -cpu {}", self.memory_mib, self.cpu);
            println!(
                "  greeting {:.1} s, network {:.1} s, accepted {:.1} s, paid {:.1} s after power-on",
                run.greeting_s, run.network_s, run.accepted_s, run.balance_s
            );
            println!("  wallet   {}, {} µRTC", run.wallet, run.balance);
            println!("  verdict  {}", run.summary);
            println!("  caught   {}", list(&run.caught_by));
            println!("  passed   {}", list(&run.passed));
            for line in &run.measured {
                println!("  {line}");
            }
            wallets.insert(run.wallet);
            before = run.balance;
        }
        let key = image::text(&image, disk::KEY)?;
        let digits = key.trim();
        if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(format!("{} on the disk holds no key", disk::KEY));
        }
        if wallets.len() != 1 {
            return Err("the wallet is not the same after the next start".into());
        }
        println!("the same wallet after each start, its key on the disk");
        Ok(true)
    }

    /// Writes the test's settings.
    fn set(&self, image: &Path) -> Result<(), String> {
        let port = self.node.url().rsplit(':').next().unwrap_or_default();
        let settings = format!(
            "# of the test\nnode = http://{HOST}:{port}\nquick = yes\ninterval = {INTERVAL_S}\n"
        );
        image::write(image, disk::SETTINGS, &settings).map(drop)
    }

    fn machine(&self, image: &Path, board: &[&str], before: u64) -> Result<Run, String> {
        let mut arguments: Vec<String> = board.iter().map(|&a| a.to_owned()).collect();
        let drive = format!("if=floppy,format=raw,file={}", image.display());
        let memory = self.memory_mib.to_string();
        let more = [
            "-cpu", self.cpu, "-m", &memory, "-boot", "a", "-drive", &drive,
        ];
        arguments.extend(more.map(str::to_owned));
        let mut machine = Machine::start(&arguments, self.folder)?;
        let mut reached = [0.0; 4];
        // A balance of nothing is shown before the first epoch has ended.
        let fits = |line: &str| match line.strip_prefix(BALANCE) {
            Some(amount) => micro(amount).is_some_and(|now| now > before),
            None => true,
        };
        let shows = |screen: &[String], start: &str| {
            let mut lines = screen.iter();
            lines.any(|line| line.starts_with(start) && fits(line))
        };
        let wanted = [GREETING, NETWORK, ACCEPTED, BALANCE];
        let mut at = 0;
        let screen = loop {
            let screen = machine.screen()?;
            while at < wanted.len() && shows(&screen, wanted[at]) {
                reached[at] = machine.started.elapsed().as_secs_f32();
                at += 1;
            }
            if at == wanted.len() {
                break screen;
            }
            if machine.started.elapsed() > LIMIT {
                return Err(format!(
                    "no line {:?} within {} s; the screen:\n{}",
                    wanted[at],
                    LIMIT.as_secs(),
                    framed(&screen)
                ));
            }
            std::thread::sleep(LOOK);
        };
        drop(machine);
        if self.screen {
            println!("{}", framed(&screen));
        }
        self.judge(&screen, reached)
            .map_err(|e| format!("{e}; the screen:\n{}", framed(&screen)))
    }

    /// Holds what the screen shows against what the node knows.
    fn judge(&self, screen: &[String], reached: [f32; 4]) -> Result<Run, String> {
        let wallet = screen
            .iter()
            .rev()
            .flat_map(|line| line.split_whitespace())
            .find(|word| {
                word.strip_prefix("RTC").is_some_and(|digits| {
                    digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit())
                })
            })
            .ok_or("no wallet on the screen")?;
        let shown = screen
            .iter()
            .rev()
            .find_map(|line| micro(line.strip_prefix(BALANCE)?))
            .ok_or("no balance on the screen")?;
        // The node may have paid again since.
        let known = self.node.client().get(&format!("/balance/{wallet}"))?.body;
        let known = known.get("amount_i64").and_then(Value::as_u64).unwrap_or(0);
        if shown > known {
            return Err(format!(
                "the screen shows {shown} µRTC, the node knows of {known}"
            ));
        }
        let verdict = self.node.client().verdict(wallet)?;
        let part = |name: &str| {
            verdict
                .get(name)
                .cloned()
                .ok_or(format!("the verdict lacks {name}"))
        };
        if part("physical")? != Value::Bool(false) {
            return Err("taken for real silicon in an emulator".into());
        }
        let checks: Vec<Check> =
            serde_json::from_value(part("checks")?).map_err(|e| format!("checks: {e}"))?;
        let outcome = |which: &str| -> BTreeSet<String> {
            let presence = checks
                .iter()
                .filter(|c| c.aspect == "presence" && c.channel != MARKS);
            let those = presence.filter(|c| c.outcome == which);
            those.map(|c| c.channel.clone()).collect()
        };
        let caught_by = outcome("fail");
        if caught_by.is_empty() {
            return Err("caught by no active channel".into());
        }
        let measured = ["counter", "jitter", "oscillator", "fresh_code"];
        let [greeting_s, network_s, accepted_s, balance_s] = reached;
        Ok(Run {
            greeting_s,
            network_s,
            accepted_s,
            balance_s,
            wallet: wallet.to_owned(),
            balance: shown,
            passed: &outcome("pass") - &caught_by,
            caught_by,
            summary: part("summary")?.as_str().unwrap_or_default().to_owned(),
            measured: checks
                .iter()
                .filter(|c| c.aspect == "presence" && measured.contains(&c.channel.as_str()))
                .map(|c| format!("{:10} {} ({})", c.channel, c.measured, c.outcome))
                .collect(),
        })
    }
}

/// An amount as the screen shows it, `1.500000 RTC`, in millionths.
fn micro(amount: &str) -> Option<u64> {
    let (whole, millionths) = amount.trim().strip_suffix(" RTC")?.split_once('.')?;
    if millionths.len() != 6 {
        return None;
    }
    (whole.to_owned() + millionths).parse().ok()
}

fn list(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

fn framed(screen: &[String]) -> String {
    screen.iter().map(|line| format!("  | {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        assert_eq!(micro("  1.500007 RTC"), Some(1_500_007));
        assert_eq!(micro("  0.000000 RTC"), Some(0));
        assert_eq!(micro("  not known: no answer"), None);
        assert_eq!(micro("  1.5 RTC"), None);
    }
}
