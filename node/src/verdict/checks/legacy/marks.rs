//! What a miner lists as marks of a virtual machine (`vm_indicators`).
//!
//! A mark is sent as `WHERE:WORD`, the word out of a list that the miner looked for inside longer texts. The
//! texts are not sent, so some words do not tell: "nitro" is Amazon's and Acer's, "microsoft corporation"
//! Azure's and the maker of the Surface.

use super::super::about;
use crate::verdict::thresholds::NONE;
use crate::verdict::{Aspect, Check, Outcome};
use serde_json::Value;

/// Words that only hypervisors and virtual machines are called by. Sources: the existing network's list of
/// words; `systemd-detect-virt(1)` for its kinds of machine, of which those of containers are left out: a
/// container runs on whatever its host is.
const TELLING: [&str; 24] = [
    "acrn",
    "bhyve",
    "bochs",
    "digitalocean",
    "google compute engine",
    "hyper-v",
    "hyperv",
    "hypervisor",
    "innotek",
    "kvm",
    "linode",
    "microsoft",
    "parallels",
    "powervm",
    "qemu",
    "qnx",
    "sheepshaver",
    "uml",
    "virtualbox",
    "vmware",
    "vultr",
    "xen",
    "zvm",
    "apple",
];

/// The most marks that are repeated in a verdict, and the most characters of each.
const SHOWN: usize = 8;
const SHOWN_CHARS: usize = 64;

/// The environment, by the marks that the miner lists.
pub fn environment(member: Option<&Value>) -> Check {
    let draft = about("environment", Aspect::Presence).expected("no mark of a virtual machine");
    let Some(member) = member else {
        return draft.absent("The miner sent no environment check.");
    };
    let data = member.get("data");
    let marks: Vec<&str> = ["vm_indicators", "emulator_indicators"]
        .iter()
        .filter_map(|key| data?.get(key)?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let listed = marks.iter().take(SHOWN).map(|mark| {
        let plain = mark.chars().filter(|c| !c.is_control());
        plain.take(SHOWN_CHARS).collect::<String>()
    });
    let listed = listed.collect::<Vec<_>>().join(", ");
    let said = member
        .as_bool()
        .or_else(|| member.get("passed").and_then(Value::as_bool));
    let likely = data
        .and_then(|d| d.get("is_likely_vm"))
        .and_then(Value::as_bool);
    if marks.iter().any(|mark| tells(mark)) {
        let why = "The machine lists marks that only virtual machines have.";
        return draft.measured(listed).so(Outcome::Fail, why, &NONE);
    }
    if !marks.is_empty() {
        let why =
            "The machine lists words that real machines are called by as well, and not the names \
                   that they stand in: they decide nothing.";
        return draft.measured(listed).so(Outcome::Note, why, &NONE);
    }
    if said == Some(false) || likely == Some(true) {
        let why = "The machine says itself that it is virtual, and not by what it knows.";
        return draft
            .measured("no mark, and the miner's own check failed")
            .so(Outcome::Fail, why, &NONE);
    }
    let why = "The machine names no virtual machine. Nothing binds that to this machine.";
    draft.measured("no mark").so(Outcome::Note, why, &NONE)
}

/// Whether a mark says that the machine is virtual: by its whole word, never by a part of it.
fn tells(mark: &str) -> bool {
    let word = mark.split_once(':').map_or(mark, |(_, word)| word);
    TELLING.contains(&word.trim().to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(marks: &[&str]) -> Outcome {
        let member = json!({
            "passed": marks.is_empty(),
            "data": {"vm_indicators": marks, "is_likely_vm": !marks.is_empty()},
        });
        environment(Some(&member)).outcome
    }

    #[test]
    fn honest_machines_with_telling_names_are_not_virtual() {
        for mark in [
            "/sys/class/dmi/id/product_name:nitro",
            "/sys/class/dmi/id/sys_vendor:microsoft corporation",
            "/sys/class/dmi/id/sys_vendor:google",
            "/sys/class/dmi/id/sys_vendor:oracle",
            "/sys/class/dmi/id/bios_vendor:seabios",
            "/sys/class/dmi/id/sys_vendor:hetzner",
            "ENV:DOCKER",
            "ENV:container",
            "systemd_detect_virt:docker",
            "systemd_detect_virt:lxc",
            "hostname:dawson-pc",
            "cpu:kvmmm",
        ] {
            assert_eq!(outcome(&[mark]), Outcome::Note, "{mark}");
        }
        assert_eq!(outcome(&[]), Outcome::Note);
    }

    #[test]
    fn virtual_machines_that_name_themselves_are() {
        for mark in [
            "/sys/class/dmi/id/product_name:kvm",
            "/sys/class/dmi/id/sys_vendor:qemu",
            "/sys/class/dmi/id/board_vendor:innotek",
            "/proc/scsi/scsi:VMware",
            "cpuinfo:hypervisor",
            "systemd_detect_virt:microsoft",
            "sys_hypervisor:xen",
        ] {
            assert_eq!(outcome(&["ENV:DOCKER", mark]), Outcome::Fail, "{mark}");
        }
        for member in [
            json!(false),
            json!({"passed": false}),
            json!({"data": {"is_likely_vm": true}}),
        ] {
            assert_eq!(environment(Some(&member)).outcome, Outcome::Fail);
        }
    }

    #[test]
    fn any_shape_is_read() {
        for member in [
            json!(null),
            json!(7),
            json!([]),
            json!({"data": 3}),
            json!({"passed": "no", "data": {"vm_indicators": [1, {}, null], "is_likely_vm": "x"}}),
        ] {
            assert_eq!(environment(Some(&member)).outcome, Outcome::Note);
        }
        assert_eq!(environment(None).outcome, Outcome::Absent);
    }
}
