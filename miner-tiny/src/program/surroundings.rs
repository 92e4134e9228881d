//! What the operating system says of the machine, as far as a few calls and small files of Linux tell
//! it: the same facts under the same names as the comfortable miner's.

use super::system::{Name, System};
use super::{files, lines};
use core::fmt::Write;
use heapless::{String, Vec};
use probe_core::channels::environment::Fact;

/// DMI strings worth sending (Linux `drivers/firmware/dmi-id.c`). None is unique to a unit.
const DMI: [&str; 4] = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"];

/// Network interfaces that are looked at, and hardware addresses sent.
const INTERFACES: u32 = 32;
const MACS: usize = 4;

/// Facts that are gathered at most.
const FACTS: usize = 16;

/// A name or a value.
type Text = String<64>;

/// A hardware address.
type Mac = String<17>;

/// A machine as its operating system shows it.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Host name.
    pub hostname: Text,
    /// The operating system's name for the architecture.
    pub machine: Text,
    /// Model of the machine, or empty.
    pub model: Text,
    /// Hardware addresses, of interfaces with a device behind them before others.
    pub macs: Vec<Mac, MACS>,
    /// What it says of itself, the telling things first.
    pub facts: Vec<Fact, FACTS>,
}

/// What `/proc/cpuinfo` says.
#[derive(Debug, Default)]
struct CpuInfo {
    name: Option<(usize, Text)>,
    machine: Option<(usize, Text)>,
    hypervisor: bool,
}

impl Surroundings {
    /// This machine. Cost: some twenty small files.
    pub fn here(system: &mut impl System) -> Self {
        let cpu = cpu_info(system);
        let mut hostname: Text = files::name(system, Name::Host);
        if hostname.is_empty() {
            let _ = hostname.push_str("unnamed");
        }
        let named = cpu.machine.map(|(_, name)| name);
        Surroundings {
            hostname,
            machine: files::name(system, Name::Machine),
            model: files::first_text(system, "/sys/class/dmi/id/product_name")
                .or_else(|| files::first_text(system, "/proc/device-tree/model"))
                .or(named)
                .unwrap_or_default(),
            macs: macs(system),
            facts: facts(system, cpu.name.map(|(_, name)| name), cpu.hypervisor),
        }
    }
}

/// Bytes of memory that a program may take.
pub fn available(system: &mut impl System) -> Option<u64> {
    let mut best: Option<(usize, u64)> = None;
    let _ = files::each_line(system, "/proc/meminfo", &mut |line| {
        if let Some((place, bytes)) =
            lines::says(line, &lines::MEMORY).and_then(|(p, v)| Some((p, lines::kib(v)?)))
        {
            if best.is_none_or(|(there, _)| place < there) {
                best = Some((place, bytes));
            }
        }
    });
    best.map(|(_, bytes)| bytes)
        .or_else(|| system.free_memory())
}

fn cpu_info(system: &mut impl System) -> CpuInfo {
    let mut info = CpuInfo::default();
    let better = |kept: &mut Option<(usize, Text)>, line: &str, keys: &[&str]| {
        let Some((place, value)) = lines::says(line, keys) else {
            return;
        };
        if kept.as_ref().is_none_or(|(there, _)| place < *there) {
            *kept = Some((place, cut(value)));
        }
    };
    let _ = files::each_line(system, "/proc/cpuinfo", &mut |line| {
        better(&mut info.name, line, &lines::CPU_NAMES);
        better(&mut info.machine, line, &lines::MACHINE_NAMES);
        info.hypervisor |= lines::has_hypervisor_flag(line);
    });
    info
}

/// As much of a text as fits.
fn cut(text: &str) -> Text {
    let mut kept = Text::new();
    for c in text.chars() {
        if kept.push(c).is_err() {
            break;
        }
    }
    kept
}

fn facts(system: &mut impl System, cpu_name: Option<Text>, hypervisor: bool) -> Vec<Fact, FACTS> {
    let mark = |holds: bool| holds.then(|| cut("1"));
    let mut facts = Vec::new();
    let mut add = |key: &str, value: Option<Text>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            // There are no more kinds of facts than room.
            let _ = facts.push(Fact::new(key, &value));
        }
    };
    let mut translated = false;
    // QEMU's user mode shows its guest a `/proc/self/maps` without itself in it, but not this one
    // (Linux 3.17; QEMU `linux-user/syscall.c`, `is_proc_myself`).
    let _ = files::each_line(system, "/proc/thread-self/maps", &mut |line| {
        translated |= lines::shows_translator(line);
    });
    add("process.translated", mark(translated));
    add("proc.cpuinfo.name", cpu_name);
    add("proc.cpuinfo.hypervisor", mark(hypervisor));
    add(
        "sys.hypervisor.type",
        files::first_text(system, "/sys/hypervisor/type"),
    );
    for name in DMI {
        let (mut key, mut file): (Text, Text) = (cut("dmi."), cut("/sys/class/dmi/id/"));
        let _ = (key.push_str(name), file.push_str(name));
        add(&key, files::first_text(system, &file));
    }
    add(
        "dt.model",
        files::first_text(system, "/proc/device-tree/model"),
    );
    // An empty file's lines can be read, those of a missing one cannot.
    let docker = files::each_line(system, "/.dockerenv", &mut |_| ()).is_ok();
    let container = docker.then(|| cut("docker"));
    add(
        "container",
        container.or_else(|| files::first_text(system, "/run/systemd/container")),
    );
    let mut os: Text = files::name(system, Name::System);
    os.make_ascii_lowercase();
    add("os", Some(os));
    add("kernel", Some(files::name(system, Name::Release)));
    facts
}

/// Hardware addresses, of interfaces with a device behind them before others.
fn macs(system: &mut impl System) -> Vec<Mac, MACS> {
    const FOLDER: &str = "/sys/class/net";
    let (mut found, mut others) = (Vec::new(), Vec::<Mac, MACS>::new());
    for index in 0..INTERFACES {
        let Some(name) = files::entry::<64>(system, FOLDER, index) else {
            break;
        };
        let mut file: String<128> = String::new();
        let _ = write!(file, "{FOLDER}/{name}/address");
        let Some(address) =
            files::first_text::<17>(system, &file).filter(|text| lines::is_mac(text))
        else {
            continue;
        };
        file.clear();
        let _ = write!(file, "{FOLDER}/{name}/device");
        let real = files::entry::<64>(system, &file, 0).is_some();
        // What does not fit does not travel either.
        let _ = if real {
            found.push(address)
        } else {
            others.push(address)
        };
    }
    for address in others {
        let _ = found.push(address);
    }
    found
}
