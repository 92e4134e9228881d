//! What verifiers of old silicon got wrong: honest machines that were refused, liars who were paid.

mod verdict_machine;

use probe_core::channels::oscillator;
use probe_core::evidence::{clip, Evidence};
use probe_core::stats::{allan_ppb, lag1_ppm, Moments};
use verdict_machine::*;
use verdigris_node::verdict::{judge, Outcome, Profiles, WEIGHT_ONE};

fn with_facts(list: &[(&str, &str)]) -> Evidence {
    let mut evidence = honest();
    evidence.environment = Some(facts(list));
    evidence
}

#[test]
fn honest_machines_with_telling_names_pass() {
    let machines: &[&[(&str, &str)]] = &[
        &[
            ("dmi.sys_vendor", "Acer"),
            ("dmi.product_name", "Nitro AN515-54"),
            ("dmi.board_name", "Octavia_CFS"),
        ],
        &[
            ("dmi.sys_vendor", "Microsoft Corporation"),
            ("dmi.product_name", "Surface Laptop 4"),
        ],
        &[
            ("dmi.sys_vendor", "Microsoft Corporation"),
            ("dmi.product_name", "Surface Pro"),
        ],
        &[
            ("dmi.sys_vendor", "Google"),
            ("dmi.product_name", "Eve"),
            ("dmi.bios_vendor", "coreboot"),
        ],
        &[
            ("dmi.sys_vendor", "Oracle Corporation"),
            ("dmi.product_name", "SUN FIRE X4170 M3"),
        ],
        &[
            ("dmi.sys_vendor", "Oracle Corporation"),
            ("dmi.product_name", "ORACLE SERVER X5-2"),
        ],
        &[
            ("dmi.sys_vendor", "LENOVO"),
            ("dmi.bios_vendor", "SeaBIOS"),
            ("dmi.product_name", "ThinkPad X230"),
        ],
        &[("dmi.sys_vendor", "Hetzner"), ("dmi.product_name", "AX41")],
        &[
            ("dmi.sys_vendor", "Red Hat"),
            ("dmi.product_name", "Laptop"),
        ],
        &[
            ("dmi.sys_vendor", "Amazon EC2"),
            ("dmi.product_name", "m5.metal"),
        ],
        &[("container", "docker"), ("dmi.sys_vendor", "Dell Inc.")],
        &[
            ("cpuid.hypervisor", "Microsoft Hv"),
            ("cpuid.hypervisor.root", "1"),
            ("dmi.sys_vendor", "Dell Inc."),
        ],
    ];
    for machine in machines {
        let verdict = verdict(&with_facts(machine));
        assert!(
            verdict.physical && verdict.weight_units == WEIGHT_ONE,
            "{machine:?}: {}",
            verdict.summary
        );
    }
}

#[test]
fn virtual_machines_that_name_themselves_do_not() {
    let machines: &[&[(&str, &str)]] = &[
        &[
            ("dmi.sys_vendor", "QEMU"),
            ("dmi.product_name", "Standard PC (i440FX + PIIX, 1996)"),
        ],
        &[("dmi.product_name", "Standard PC (Q35 + ICH9, 2009)")],
        &[
            ("dmi.sys_vendor", "VMware, Inc."),
            ("dmi.product_name", "VMware Virtual Platform"),
        ],
        &[
            ("dmi.sys_vendor", "VMware, Inc."),
            ("dmi.product_name", "VMware7,1"),
        ],
        &[
            ("dmi.sys_vendor", "innotek GmbH"),
            ("dmi.product_name", "VirtualBox"),
        ],
        &[
            ("dmi.sys_vendor", "Microsoft Corporation"),
            ("dmi.product_name", "Virtual Machine"),
        ],
        &[("dmi.sys_vendor", "Xen"), ("dmi.product_name", "HVM domU")],
        &[
            ("dmi.sys_vendor", "Amazon EC2"),
            ("dmi.product_name", "t3.micro"),
        ],
        &[
            ("dmi.sys_vendor", "Google"),
            ("dmi.product_name", "Google Compute Engine"),
        ],
        &[
            ("dmi.sys_vendor", "DigitalOcean"),
            ("dmi.product_name", "Droplet"),
        ],
        &[
            ("dmi.sys_vendor", "Hetzner"),
            ("dmi.product_name", "vServer"),
        ],
        &[
            ("dmi.sys_vendor", "Alibaba Cloud"),
            ("dmi.product_name", "Alibaba Cloud ECS"),
        ],
        &[
            ("dmi.sys_vendor", "Parallels Software International Inc."),
            ("dmi.product_name", "Parallels Virtual Platform"),
        ],
        &[("dmi.product_name", "BHYVE")],
        &[("dt.compatible", "linux,dummy-virt")],
        &[("cpuid.hypervisor", "KVMKVMKVM")],
        &[("cpuid.hypervisor", "")],
        &[
            ("cpuid.hypervisor", "KVMKVMKVM"),
            ("cpuid.hypervisor.root", "1"),
        ],
        &[("process.translated", "1")],
        &[("proc.cpuinfo.hypervisor", "1")],
        &[("sys.hypervisor.type", "xen")],
    ];
    for machine in machines {
        let verdict = verdict(&with_facts(machine));
        assert!(fails(&verdict, "environment"), "{machine:?}");
        assert_eq!(
            (verdict.class.as_str(), verdict.weight_units),
            ("virtual", 1),
            "{machine:?}"
        );
    }
}

#[test]
fn host_names_are_nothing() {
    let evidence = honest();
    for hostname in [
        "dawson-pc",
        "my-vpc",
        "uae",
        "kvm-builder",
        "xenon",
        "google",
    ] {
        let mut case = case(&evidence);
        case.claim.hostname = hostname.into();
        assert_eq!(
            judge(&case, &Profiles::builtin()),
            verdict(&evidence),
            "{hostname}"
        );
    }
}

#[test]
fn a_stable_machine_is_not_frozen() {
    let (first, second) = (honest(), honest());
    let mut case = case(&second);
    case.previous = Some(&first);
    let verdict = judge(&case, &Profiles::builtin());
    assert!(verdict.physical && verdict.weight_units == WEIGHT_ONE);
    assert_eq!(verdict.continuity_ppm, Some(1_000_000));
}

#[test]
fn two_machines_of_one_model_are_both_welcome() {
    // The verdict knows no other miner: identical evidence of another unit is judged alike.
    assert_eq!(verdict(&honest()), verdict(&honest()));
}

#[test]
fn claims_decide_nothing() {
    let evidence = honest();
    let honest = verdict(&evidence);
    let claims = [
        ("VAX", "vax", "Core i7"),
        ("Transputer", "t800", "Core i7"),
        ("x86", "nehalem", "AMD Ryzen 9 7950X"),
        ("x86", "pentium4", "Intel Pentium 4"),
        ("ARM", "strongarm", "StrongARM SA-110"),
        ("PowerPC", "g4", "PowerPC 7447A"),
        ("Apple Silicon", "m2", "Broadcom BCM2711"),
        ("", "", ""),
    ];
    for (family, arch, cpu) in claims {
        let mut case = case(&evidence);
        (case.claim.family, case.claim.arch, case.claim.cpu) =
            (family.into(), arch.into(), cpu.into());
        let verdict = judge(&case, &Profiles::builtin());
        assert_eq!(
            (&verdict.family, &verdict.class, verdict.weight_units),
            (&honest.family, &honest.class, honest.weight_units),
            "{family} {arch}"
        );
        let explained = verdict
            .checks
            .iter()
            .any(|c| c.channel == "claim" && c.outcome == Outcome::Note);
        assert!(explained, "{family} {arch}");
    }
}

#[test]
fn a_raspberry_pi_is_no_apple() {
    let mut evidence = honest();
    evidence.identity.architecture = clip("aarch64");
    evidence.identity.name = clip("BCM2711");
    let mut case = case(&evidence);
    case.claim.family = "ARM".into();
    case.claim.cpu = "BCM2711".into();
    let verdict = judge(&case, &Profiles::builtin());
    assert_eq!(verdict.family, "ARM");
    assert_ne!(verdict.class, "apple_silicon");
    assert!(verdict.weight_units <= 500_000);
}

#[test]
fn identification_words_of_an_older_core_do_not_pay() {
    // A Zen 5 that writes a Pentium 4's or a Nehalem's signature into its words.
    for signature in [0x0000_0f43u32, 0x0001_06a5] {
        let mut evidence = honest();
        evidence.identity.words[1] = signature;
        evidence.identity.words[11] = 0x756e_6547;
        let verdict = verdict(&evidence);
        assert!(
            verdict.weight_units <= WEIGHT_ONE,
            "{signature:x}: {verdict:#?}"
        );
        assert_eq!(verdict.class, "modern_x86_64", "{signature:x}");
    }
}

#[test]
fn a_quiet_machine_and_a_busy_one_are_both_honest() {
    // Variation from 10 to 500,000 millionths.
    for (every, steps) in [(2_048, 1), (4, 1), (2, 4), (2, 1_000), (2, 4_500)] {
        let mut evidence = honest();
        let seen = vary(&mut evidence, every, steps);
        assert!(verdict(&evidence).physical, "{seen} ppm");
    }
    let mut frozen = honest();
    assert_eq!(vary(&mut frozen, 2, 0), 0);
    assert!(!verdict(&frozen).physical);
}

/// Makes one in so many samples of fixed work longer, by so many steps of the recorded Zen 5's counter; gives the
/// coefficient of variation, parts per million.
fn vary(evidence: &mut Evidence, every: usize, steps: u32) -> u32 {
    const STEP: u32 = 26;
    let o = evidence.oscillator.as_mut().unwrap();
    let longer = |i: usize| u32::from(i % every == every / 2) * steps * STEP;
    let samples: Vec<u32> = (0..o.samples.into())
        .map(|i| o.minimum + longer(i))
        .collect();
    let all = || samples.iter().copied();
    let moments = Moments::of(all());
    o.mean = u32::try_from(moments.mean()).unwrap();
    o.cv_ppm = moments.cv_ppm();
    o.lag1_ppm = lag1_ppm(all());
    for (octave, allan) in o.allan_ppb.iter_mut().enumerate() {
        *allan = allan_ppb(all(), 1 << octave).unwrap();
    }
    o.histogram.clear();
    for bin in all().map(|sample| oscillator::bin(sample - o.minimum)) {
        if o.histogram.len() <= bin {
            o.histogram.resize(bin + 1, 0).unwrap();
        }
        o.histogram[bin] += 1;
    }
    // Longer samples take longer.
    let more = u64::from(o.mean) * u64::from(o.samples);
    let more = more.saturating_sub(o.ticks).next_multiple_of(STEP.into());
    o.ticks += more;
    evidence.elapsed_ticks += more;
    let hz = u128::from(evidence.elapsed_ticks) * 1_000_000_000 / u128::from(evidence.elapsed_ns);
    let ns = u64::try_from(u128::from(more) * 1_000_000_000 / hz).unwrap();
    evidence.elapsed_ns += ns;
    for reading in o.clock.iter_mut().rev().take(2) {
        reading[0] += more;
        reading[1] += ns;
    }
    *o.clock.last_mut().unwrap() = [evidence.elapsed_ticks, evidence.elapsed_ns];
    o.cv_ppm
}

#[test]
fn a_counter_made_of_microseconds_is_found_and_a_crystal_is_not() {
    // Zen 5 updates its counter every 10 ns, 26 ticks: no lattice of microseconds.
    assert!(!fails(&verdict(&honest()), "counter"));
    let mut synthetic = honest();
    let hz = synthetic.elapsed_ticks * 1_000 / (synthetic.elapsed_ns / 1_000_000);
    let microsecond = u32::try_from(hz / 1_000_000).unwrap();
    let counter = synthetic.counter.as_mut().unwrap();
    (counter.gcd, counter.step) = (microsecond, microsecond);
    assert!(fails(&verdict(&synthetic), "counter"));
}

#[test]
fn a_machine_with_one_fixed_clock_shows_no_response_and_is_honest() {
    let mut evidence = honest();
    let thermal = evidence.thermal.as_mut().unwrap();
    for point in &mut thermal.curve {
        point[1] = 1_000;
    }
    (thermal.ramp, thermal.recovery) = (None, None);
    assert!(verdict(&evidence).physical);
}
