//! What the operating system says of the machine: firmware strings, hypervisor and container marks,
//! names. Files and environment only; nothing is asked over the network.

use probe_core::channels::environment::Fact;
use std::path::{Path, PathBuf};

/// Longest piece of a pseudo-file that is read, bytes: `/proc/cpuinfo` of one processor.
const READ_LIMIT: usize = 16 * 1024;

/// DMI strings worth sending, by their names below `/sys/class/dmi/id` (Linux
/// `drivers/firmware/dmi-id.c`). None is unique to a unit.
const DMI: [&str; 7] = [
    "sys_vendor",
    "product_name",
    "board_vendor",
    "board_name",
    "bios_vendor",
    "chassis_vendor",
    "chassis_asset_tag",
];

/// Chassis asset tags by which clouds mark their machines (cloud-init, `DataSourceAzure`,
/// `DataSourceOracle`).
const CLOUD_TAGS: [(&str, &str); 2] = [
    ("7783-7084-3265-9085-8269-3286-77", "azure"),
    ("OracleCloud.com", "oracle"),
];

/// Files whose presence names a container (Docker; Podman and Buildah).
const CONTAINER_FILES: [(&str, &str); 2] =
    [(".dockerenv", "docker"), ("run/.containerenv", "podman")];

/// Names in `/proc/1/cgroup` that belong to containers, with control groups of version 1.
const CONTAINER_GROUPS: [&str; 4] = ["docker", "kubepods", "lxc", "containerd"];

/// `/proc/cpuinfo` lines that name the processor: x86, PowerPC, MIPS, s390 and SPARC, ARM, Alpha.
const CPU_NAME_LINES: [&str; 6] = [
    "model name",
    "cpu",
    "cpu model",
    "processor",
    "Processor",
    "cpu family",
];

/// Programs that run another processor's instructions, by how their files' names begin.
const TRANSLATORS: [&str; 6] = ["qemu-", "box64", "box86", "FEX", "rosetta", "hangover"];

/// A machine as its operating system shows it.
pub struct Surroundings<'a> {
    root: PathBuf,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

/// What the node is told beside the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Processor cores that the program may use.
    pub cores: u16,
    /// Host name.
    pub hostname: String,
    /// The operating system's name for the architecture.
    pub machine: String,
    /// Hardware addresses of network interfaces.
    pub macs: Vec<String>,
    /// Model of the machine, or empty.
    pub model: String,
}

/// This machine.
pub fn here() -> Surroundings<'static> {
    Surroundings {
        root: "/".into(),
        variable: &|name| std::env::var(name).ok(),
    }
}

impl Surroundings<'_> {
    /// Facts for the `environment` channel, the telling ones first. Cost: some forty small files, below
    /// a millisecond.
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Facts::default();
        facts.add("cpuid.hypervisor", hypervisor_name());
        let root = probe_arch::arch::hypervisor_root();
        facts.add("cpuid.hypervisor.root", root.then(|| "1".into()));
        facts.add("process.translated", self.translated().then(|| "1".into()));
        let cpuinfo = self.read("proc/cpuinfo");
        facts.add("proc.cpuinfo.name", cpuinfo.as_deref().and_then(cpu_name));
        let marked = cpuinfo.as_deref().is_some_and(has_hypervisor_flag);
        facts.add("proc.cpuinfo.hypervisor", marked.then(|| "1".into()));
        facts.add("sys.hypervisor.type", self.read("sys/hypervisor/type"));
        for name in DMI {
            facts.add(&format!("dmi.{name}"), self.dmi(name));
        }
        facts.add("dt.model", self.read("proc/device-tree/model"));
        facts.add("dt.compatible", self.read("proc/device-tree/compatible"));
        facts.add("container", self.container());
        facts.add("cloud", self.cloud());
        facts.add("os", self.os_name());
        facts.add("kernel", self.read("proc/sys/kernel/osrelease"));
        facts.0
    }

    /// What else a submission says.
    pub fn about(&self) -> About {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hostname = self
            .read("proc/sys/kernel/hostname")
            .or_else(|| self.read("etc/hostname"))
            .or_else(|| (self.variable)("HOSTNAME"))
            .or_else(|| (self.variable)("COMPUTERNAME"));
        About {
            cores: cores.try_into().unwrap_or(u16::MAX),
            hostname: hostname.unwrap_or_else(|| "unnamed".into()),
            machine: self
                .read("proc/sys/kernel/arch")
                .unwrap_or_else(|| std::env::consts::ARCH.into()),
            macs: self.macs(),
            model: self
                .dmi("product_name")
                .or_else(|| self.read("proc/device-tree/model"))
                .unwrap_or_default(),
        }
    }

    /// Hardware addresses, of interfaces with a device behind them before others; at most four.
    fn macs(&self) -> Vec<String> {
        let folder = self.root.join("sys/class/net");
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<(bool, PathBuf, String)> = entries
            .filter_map(|entry| {
                let path = entry.path();
                let address = read_first_line(&path.join("address"))?;
                let useful = is_mac(&address) && address != "00:00:00:00:00:00";
                useful.then(|| (!path.join("device").exists(), path, address))
            })
            .collect();
        found.sort();
        found
            .into_iter()
            .take(4)
            .map(|(_, _, address)| address)
            .collect()
    }

    fn dmi(&self, name: &str) -> Option<String> {
        self.read(&format!("sys/class/dmi/id/{name}"))
    }

    /// The first line of a file below the root, if it says anything.
    fn first_line(&self, path: &str) -> Option<String> {
        read_first_line(&self.root.join(path))
    }

    /// A file below the root, up to [`READ_LIMIT`], trimmed; `None` where there is nothing in it.
    fn read(&self, path: &str) -> Option<String> {
        read(&self.root.join(path))
    }

    fn container(&self) -> Option<String> {
        if let Some((_, kind)) = CONTAINER_FILES
            .iter()
            .find(|(file, _)| self.root.join(file).exists())
        {
            return Some((*kind).into());
        }
        if (self.variable)("KUBERNETES_SERVICE_HOST").is_some() {
            return Some("kubernetes".into());
        }
        // systemd's container interface: the variable of PID 1, which it passes on in this file.
        if let Some(kind) = self
            .first_line("run/systemd/container")
            .or_else(|| (self.variable)("container"))
        {
            return Some(kind);
        }
        let groups = self.read("proc/1/cgroup")?;
        let named = |kind: &&&str| {
            groups
                .split(['/', '\n', '-', ':'])
                .any(|part| part == **kind)
        };
        CONTAINER_GROUPS
            .iter()
            .find(named)
            .map(|kind| (*kind).into())
    }

    fn cloud(&self) -> Option<String> {
        let tag = self.dmi("chassis_asset_tag");
        let by_tag = tag.and_then(|tag| CLOUD_TAGS.iter().find(|(known, _)| *known == tag));
        by_tag
            .map(|(_, cloud)| (*cloud).into())
            // cloud-init leaves what it found.
            .or_else(|| self.first_line("run/cloud-init/cloud-id"))
    }

    fn os_name(&self) -> Option<String> {
        let release = self.read("etc/os-release");
        let pretty = release.as_deref().and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("PRETTY_NAME="))
                .map(|name| name.trim_matches('"'))
        });
        Some(pretty.unwrap_or(std::env::consts::OS).into())
    }

    /// Whether another program runs this one's instructions. QEMU's user mode shows its guest a
    /// `/proc/self/maps` without itself in it, but not `/proc/thread-self/maps` (Linux 3.17; QEMU
    /// `linux-user/syscall.c`, `is_proc_myself`).
    fn translated(&self) -> bool {
        let maps =
            std::fs::read_to_string(self.root.join("proc/thread-self/maps")).unwrap_or_default();
        let by_map = maps.lines().any(|line| {
            let file = line.rsplit('/').next().unwrap_or_default();
            line.contains(" /") && TRANSLATORS.iter().any(|name| file.starts_with(name))
        });
        // Rosetta for Linux gives its guests this maker's name.
        by_map
            || self
                .read("proc/cpuinfo")
                .is_some_and(|text| text.contains("VirtualApple"))
    }
}

/// Facts in the order of gathering.
#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn add(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value
            .as_deref()
            .map(str::trim)
            .filter(|value| !value.is_empty())
        {
            self.0.push(Fact::new(key, value));
        }
    }
}

/// The name in the hypervisor's CPUID leaf, where the processor shows a hypervisor at all.
fn hypervisor_name() -> Option<String> {
    probe_arch::arch::hypervisor().map(|name| {
        let name: String = name
            .iter()
            .take_while(|&&byte| byte != 0)
            .map(|&b| char::from(b))
            .collect();
        // The bit without a name is a mark too.
        if name.trim().is_empty() {
            "unnamed".into()
        } else {
            name
        }
    })
}

fn read(path: &Path) -> Option<String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(READ_LIMIT as u64)
        .read_to_end(&mut bytes)
        .ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Device-tree properties are lists of texts that end in a zero byte: the first is the most exact.
    let text = text.split('\0').next().unwrap_or_default().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn read_first_line(path: &Path) -> Option<String> {
    read(path).and_then(|text| text.lines().next().map(|line| line.trim().to_owned()))
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    CPU_NAME_LINES.iter().find_map(|wanted| {
        cpuinfo.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = value.trim();
            // "processor : 0" counts processors on most architectures.
            let is_name =
                key.trim() == *wanted && value.parse::<u32>().is_err() && !value.is_empty();
            is_name.then(|| value.to_owned())
        })
    })
}

fn has_hypervisor_flag(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| {
            line.split_ascii_whitespace()
                .any(|flag| flag == "hypervisor")
        })
}

fn is_mac(text: &str) -> bool {
    text.len() == 17
        && text.split(':').count() == 6
        && text
            .split(':')
            .all(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
#[path = "surroundings_tests.rs"]
mod tests;
