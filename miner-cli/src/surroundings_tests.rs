//! Machines made of a few files.

use super::*;
use std::fs;

fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn fact(facts: &[Fact], key: &str) -> Option<String> {
    facts
        .iter()
        .find(|fact| fact.key == key)
        .map(|fact| fact.value.to_string())
}

#[test]
fn a_pc_is_described_by_its_firmware() {
    let root = machine(&[
        ("sys/class/dmi/id/sys_vendor", "Acer\n"),
        ("sys/class/dmi/id/product_name", "Nitro AN515-58\n"),
        ("sys/class/dmi/id/chassis_asset_tag", "\n"),
        (
            "proc/cpuinfo",
            "processor\t: 0\nmodel name\t: 12th Gen Intel\nflags\t\t: fpu hypervisor vmx\n",
        ),
        ("etc/os-release", "ID=debian\nPRETTY_NAME=\"Debian 12\"\n"),
        ("sys/class/net/lo/address", "00:00:00:00:00:00\n"),
        ("sys/class/net/docker0/address", "02:42:00:00:00:01\n"),
        ("sys/class/net/eth0/address", "a4:bb:6d:00:00:01\n"),
        ("sys/class/net/eth0/device/vendor", "0x8086\n"),
    ]);
    let pc = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    let facts = pc.facts();
    assert_eq!(
        fact(&facts, "dmi.product_name").as_deref(),
        Some("Nitro AN515-58")
    );
    assert_eq!(
        fact(&facts, "proc.cpuinfo.name").as_deref(),
        Some("12th Gen Intel")
    );
    assert_eq!(
        fact(&facts, "proc.cpuinfo.hypervisor").as_deref(),
        Some("1")
    );
    assert_eq!(fact(&facts, "os").as_deref(), Some("Debian 12"));
    for absent in [
        "dmi.chassis_asset_tag",
        "cloud",
        "container",
        "process.translated",
    ] {
        assert_eq!(fact(&facts, absent), None, "{absent}");
    }
    let about = pc.about();
    assert_eq!(about.macs, ["a4:bb:6d:00:00:01", "02:42:00:00:00:01"]);
    assert_eq!(about.model, "Nitro AN515-58");
}

#[test]
fn a_powerbook_is_described_by_its_device_tree() {
    let root = machine(&[
        ("proc/device-tree/model", "PowerBook5,6\0"),
        (
            "proc/device-tree/compatible",
            "PowerBook5,6\0MacRISC3\0Power Macintosh\0",
        ),
        (
            "proc/cpuinfo",
            "processor\t: 0\ncpu\t\t: 7447A, altivec supported\n",
        ),
    ]);
    let mac = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    let facts = mac.facts();
    assert_eq!(
        fact(&facts, "dt.compatible").as_deref(),
        Some("PowerBook5,6")
    );
    assert_eq!(
        fact(&facts, "proc.cpuinfo.name").as_deref(),
        Some("7447A, altivec supported")
    );
    assert_eq!(mac.about().model, "PowerBook5,6");
}

#[test]
fn containers_clouds_and_translators_are_named() {
    let root = machine(&[
        (".dockerenv", ""),
        ("sys/class/dmi/id/chassis_asset_tag", "OracleCloud.com\n"),
        (
            "proc/thread-self/maps",
            "0-1 r-xp 0 08:01 7    /usr/bin/qemu-x86_64-static\n",
        ),
    ]);
    let guest = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    let facts = guest.facts();
    assert_eq!(fact(&facts, "container").as_deref(), Some("docker"));
    assert_eq!(fact(&facts, "cloud").as_deref(), Some("oracle"));
    assert_eq!(fact(&facts, "process.translated").as_deref(), Some("1"));

    let root = machine(&[("proc/1/cgroup", "4:memory:/kubepods/pod1/abc\n")]);
    let pod = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    assert_eq!(fact(&pod.facts(), "container").as_deref(), Some("kubepods"));
    let root = machine(&[("proc/1/cgroup", "0::/user.slice/mydocker\n")]);
    let not = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    assert_eq!(fact(&not.facts(), "container"), None);
}

#[test]
fn strange_bytes_are_clipped_not_fatal() {
    let root = machine(&[("sys/class/dmi/id/board_name", &"é\u{7f}x".repeat(100))]);
    let odd = Surroundings {
        root: root.path().into(),
        variable: &|_| None,
    };
    let value = fact(&odd.facts(), "dmi.board_name").unwrap();
    assert_eq!(value.len(), 64);
    assert!(value.starts_with("??x"));
}
