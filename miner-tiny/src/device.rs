//! What the machine claims to be, in the existing network's words.
//!
//! A claim, not a finding: a node derives the device from the evidence. The table therefore only
//! names what an architecture or a version register says directly.

use crate::submission::Host;
use probe_core::evidence::{clip, IdentityReport};
use probe_core::wire::Device;

/// Most cores that the network takes.
const MAX_CORES: u16 = 4096;

/// Family and class for each architecture, where nothing finer is known.
const CLASSES: [(&str, &str, &str); 15] = [
    ("x86_64", "x86", "modern"),
    ("x86", "x86", "retro"),
    ("aarch64", "ARM", "aarch64"),
    ("arm", "ARM", "armv7"),
    ("powerpc", "PowerPC", "powerpc"),
    ("powerpc64", "PowerPC", "powerpc"),
    ("riscv32", "RISC-V", "riscv32"),
    ("riscv64", "RISC-V", "riscv64"),
    ("sparc", "SPARC", "sparc_v8"),
    ("sparc64", "SPARC", "sparc_v9"),
    ("mips", "MIPS", "mips"),
    ("mips64", "MIPS", "mips"),
    ("m68k", "M68K", "68k"),
    ("alpha", "Alpha", "alpha"),
    ("s390x", "S390", "s390x"),
];

/// PowerPC classes by the upper half of the processor version register ("PowerPC Operating
/// Environment Architecture", book III; values as in Linux's `arch/powerpc/kernel/cputable`).
const POWERPC_VERSIONS: [(u16, &str); 17] = [
    (0x0008, "g3"),
    (0x7000, "g3"),
    (0x000c, "g4"),
    (0x8000, "g4"),
    (0x8001, "g4"),
    (0x8002, "g4"),
    (0x8003, "g4"),
    (0x8004, "g4"),
    (0x800c, "g4"),
    (0x0039, "g5"),
    (0x003c, "g5"),
    (0x0044, "g5"),
    (0x0045, "g5"),
    (0x004b, "power8"),
    (0x004c, "power8"),
    (0x004d, "power8"),
    (0x004e, "power9"),
];

/// The `device` member for a processor on a host.
pub fn claim(identity: &IdentityReport, host: &Host<'_>) -> Device {
    let architecture = identity.architecture.as_str();
    let (family, class) = CLASSES
        .iter()
        .find(|(name, ..)| *name == architecture)
        .map_or((architecture, architecture), |&(_, family, class)| {
            (family, class)
        });
    let finer = match family {
        "PowerPC" => identity.words.first().and_then(|pvr| {
            let version = (pvr >> 16) as u16;
            POWERPC_VERSIONS
                .iter()
                .find(|(known, _)| *known == version)
                .map(|&(_, class)| class)
        }),
        _ => None,
    };
    let cpu = if identity.name.is_empty() {
        architecture
    } else {
        &identity.name
    };
    Device {
        arch: clip(finer.unwrap_or(class)),
        cores: host.cores.clamp(1, MAX_CORES),
        cpu: clip(cpu),
        family: clip(family),
        machine: clip(if host.machine.is_empty() {
            architecture
        } else {
            host.machine
        }),
        model: clip(if host.model.is_empty() {
            cpu
        } else {
            host.model
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(architecture: &str, name: &str, word: u32) -> IdentityReport {
        IdentityReport {
            architecture: clip(architecture),
            backend: clip("native"),
            name: clip(name),
            vector_unit: clip(""),
            words: core::iter::once(word).collect(),
        }
    }

    #[test]
    fn a_version_register_refines_powerpc() {
        let host = Host {
            cores: 0,
            ..Host::default()
        };
        let device = claim(&identity("powerpc", "", 0x8003_0102), &host);
        assert_eq!(
            (device.family.as_str(), device.arch.as_str()),
            ("PowerPC", "g4")
        );
        assert_eq!((device.cpu.as_str(), device.cores), ("powerpc", 1));
        let unknown = claim(&identity("powerpc", "", 0x1234_0000), &host);
        assert_eq!(unknown.arch.as_str(), "powerpc");
    }

    #[test]
    fn an_unknown_architecture_names_itself() {
        let device = claim(
            &identity("vax", "KA630", 0),
            &Host {
                model: "MicroVAX",
                ..Host::default()
            },
        );
        assert_eq!(
            (device.family.as_str(), device.arch.as_str()),
            ("vax", "vax")
        );
        assert_eq!(
            (device.cpu.as_str(), device.model.as_str()),
            ("KA630", "MicroVAX")
        );
    }
}
