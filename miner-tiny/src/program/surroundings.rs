//! What the operating system says of the machine: the same facts under the same names as those of the
//! comfortable miner, as far as a few small files tell them.

use probe_core::channels::environment::Fact;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Longest piece of a pseudo-file that is read, bytes: `/proc/cpuinfo` of one processor.
const READ_MAX: u64 = 16 * 1024;

/// DMI strings worth sending (Linux `drivers/firmware/dmi-id.c`). None is unique to a unit.
const DMI: [&str; 4] = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"];

/// `/proc/cpuinfo` lines that name the processor: x86, PowerPC, MIPS, s390 and SPARC, ARM, Alpha, 68k.
const CPU_NAME_LINES: [&str; 7] = [
    "model name",
    "cpu",
    "cpu model",
    "processor",
    "Processor",
    "cpu family",
    "CPU",
];

/// Lines that name the machine: PowerPC, MIPS, ARM, 68k.
const MACHINE_LINES: [&str; 5] = ["machine", "detected as", "system type", "Hardware", "Model"];

/// Programs that run another processor's instructions, by how their files' names begin.
const TRANSLATORS: [&str; 6] = ["qemu-", "box64", "box86", "FEX", "rosetta", "hangover"];

/// Hardware addresses sent, at most.
const MACS: usize = 4;

/// A machine as its operating system shows it.
pub struct Surroundings {
    /// Processor cores that the program may use.
    pub cores: u16,
    /// Host name.
    pub hostname: String,
    /// The operating system's name for the architecture.
    pub machine: String,
    /// Model of the machine, or empty.
    pub model: String,
    /// Hardware addresses of network interfaces.
    pub macs: Vec<String>,
    /// Bytes of memory that a program may take.
    pub available: Option<u64>,
    cpuinfo: String,
}

impl Surroundings {
    /// This machine. Cost: some twenty small files.
    pub fn here() -> Self {
        let cpuinfo = read("/proc/cpuinfo").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Surroundings {
            cores: cores.try_into().unwrap_or(u16::MAX),
            hostname: read("/proc/sys/kernel/hostname")
                .or_else(|| std::env::var("HOSTNAME").ok())
                .unwrap_or_else(|| "unnamed".into()),
            machine: read("/proc/sys/kernel/arch").unwrap_or_else(|| std::env::consts::ARCH.into()),
            model: read("/sys/class/dmi/id/product_name")
                .or_else(|| read("/proc/device-tree/model"))
                .or_else(|| named(&cpuinfo, &MACHINE_LINES))
                .unwrap_or_default(),
            macs: macs(),
            available: read("/proc/meminfo").and_then(|text| available(&text)),
            cpuinfo,
        }
    }

    /// Facts for the `environment` channel, the telling ones first.
    pub fn facts(&self) -> Vec<Fact> {
        let mark = |holds: bool| holds.then(|| "1".to_owned());
        let mut facts = Vec::new();
        let mut add = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                facts.push(Fact::new(key, &value));
            }
        };
        add("cpuid.hypervisor", hypervisor());
        add(
            "cpuid.hypervisor.root",
            mark(probe_arch::arch::hypervisor_root()),
        );
        add("process.translated", mark(self.is_translated()));
        add("proc.cpuinfo.name", named(&self.cpuinfo, &CPU_NAME_LINES));
        add(
            "proc.cpuinfo.hypervisor",
            mark(has_hypervisor_flag(&self.cpuinfo)),
        );
        add("sys.hypervisor.type", read("/sys/hypervisor/type"));
        for name in DMI {
            add(
                &format!("dmi.{name}"),
                read(&format!("/sys/class/dmi/id/{name}")),
            );
        }
        add("dt.model", read("/proc/device-tree/model"));
        let container = Path::new("/.dockerenv").exists().then(|| "docker".into());
        add(
            "container",
            container.or_else(|| read("/run/systemd/container")),
        );
        add("os", Some(std::env::consts::OS.into()));
        add("kernel", read("/proc/sys/kernel/osrelease"));
        facts
    }

    /// Whether another program runs this one's instructions. QEMU's user mode shows its guest a
    /// `/proc/self/maps` without itself in it, but not `/proc/thread-self/maps` (Linux 3.17; QEMU
    /// `linux-user/syscall.c`, `is_proc_myself`).
    fn is_translated(&self) -> bool {
        let maps = std::fs::read_to_string("/proc/thread-self/maps").unwrap_or_default();
        // Rosetta for Linux gives its guests that maker's name.
        shows_translator(&maps) || self.cpuinfo.contains("VirtualApple")
    }
}

fn shows_translator(maps: &str) -> bool {
    maps.lines().any(|line| {
        let file = line.rsplit('/').next().unwrap_or_default();
        line.contains(" /") && TRANSLATORS.iter().any(|name| file.starts_with(name))
    })
}

/// The name in the hypervisor's CPUID leaf, where the processor shows a hypervisor at all.
fn hypervisor() -> Option<String> {
    let name = probe_arch::arch::hypervisor()?;
    let name: String = name
        .iter()
        .take_while(|&&byte| byte != 0)
        .map(|&byte| char::from(byte))
        .collect();
    // The bit without a name is a mark too.
    Some(match name.trim() {
        "" => "unnamed".into(),
        name => name.into(),
    })
}

/// A file, up to [`READ_MAX`], trimmed; `None` where there is nothing in it.
fn read(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    file.take(READ_MAX).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Device-tree properties are lists of texts that end in a zero byte: the first is the most exact.
    let text = text.split('\0').next().unwrap_or_default().trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What the first of these lines says.
fn named(cpuinfo: &str, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|wanted| {
        cpuinfo.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = value.trim();
            // "processor : 0" counts processors on most architectures; "CPU: 68040" names one.
            let counts = *wanted != "CPU" && value.parse::<u32>().is_ok();
            let says = key.trim() == *wanted && !value.is_empty() && !counts;
            says.then(|| value.to_owned())
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

/// Bytes available: as Linux 3.14 and later say it, or what is free.
fn available(meminfo: &str) -> Option<u64> {
    ["MemAvailable:", "MemFree:"].iter().find_map(|key| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    })
}

/// Hardware addresses, of interfaces with a device behind them before others.
fn macs() -> Vec<String> {
    let entries = std::fs::read_dir("/sys/class/net").into_iter().flatten();
    let mut found: Vec<(bool, String)> = entries
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            let address = read(path.join("address").to_str()?)?;
            let useful = is_mac(&address) && address != "00:00:00:00:00:00";
            useful.then(|| (!path.join("device").exists(), address))
        })
        .collect();
    found.sort();
    found.truncate(MACS);
    found.into_iter().map(|(_, address)| address).collect()
}

fn is_mac(text: &str) -> bool {
    text.split(':').count() == 6
        && text
            .split(':')
            .all(|part| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_name_themselves_in_many_ways() {
        for (text, name) in [
            ("processor\t: 0\nmodel name\t: A CPU\n", "A CPU"),
            (
                "processor\t: 0\ncpu\t\t: 7447A, altivec supported\n",
                "7447A, altivec supported",
            ),
            (
                "system type\t: SGI Indy\nprocessor\t: 0\ncpu model\t: R4600 V2.0\n",
                "R4600 V2.0",
            ),
            ("CPU:\t\t68040\nMMU:\t\t68040\n", "68040"),
        ] {
            assert_eq!(named(text, &CPU_NAME_LINES).as_deref(), Some(name));
        }
        assert_eq!(named("processor : 0\n", &CPU_NAME_LINES), None);
        let indy = "system type\t: SGI Indy\n";
        assert_eq!(named(indy, &MACHINE_LINES).as_deref(), Some("SGI Indy"));
    }

    #[test]
    fn memory_is_read_old_and_new() {
        assert_eq!(available("MemTotal: 9 kB\nMemFree:  64 kB\n"), Some(65_536));
        assert_eq!(
            available("MemFree: 1 kB\nMemAvailable: 2 kB\n"),
            Some(2_048)
        );
        assert_eq!(available("MemFree: x kB\n"), None);
        assert_eq!(available("MemFree: 18446744073709551615 kB\n"), None);
    }

    #[test]
    fn marks_are_recognised() {
        assert!(has_hypervisor_flag("flags\t: fpu hypervisor sse\n"));
        assert!(!has_hypervisor_flag("flags\t: fpu\nbugs\t: hypervisor\n"));
        assert!(shows_translator(
            "7f00-7f01 r-xp 0 08:01 12 /usr/bin/qemu-ppc-static\n"
        ));
        assert!(!shows_translator(
            "7f00-7f01 r-xp 0 08:01 12 /home/qemu-fan/miner\n"
        ));
        assert!(is_mac("00:05:02:aa:bb:cc") && !is_mac("00:05:02:aa:bb") && !is_mac("::::::"));
    }
}
