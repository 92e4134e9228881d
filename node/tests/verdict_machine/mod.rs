//! Machines to judge: what a prober found on a Zen 5 under KVM and under user-mode QEMU 7.2 on it,
//! recorded whole, and what the first would have found on metal.
//!
//! Recorded with `node/tests/data/record.sh`, to be
//! run again whenever the evidence's form or what a challenge seeds changes.

#![allow(dead_code)] // each test file uses its own part

use probe_core::channels::{environment, trap};
use probe_core::evidence::{clip, Evidence};
use probe_core::plan::Plan;
use probe_core::seed::Seed;
use verdigris_node::verdict::{judge, Case, Check, Claim, Outcome, Profiles, Proof, Verdict};

/// Leaf 1 ECX bit 31 among the identification words.
pub const HYPERVISOR: (usize, u32) = (3, 1 << 31);

/// The plan of the recorded Zen 5.
pub const PLAN: Plan = Plan {
    quick: false,
    arena_bytes: 64 << 20,
};

/// The seed of every recording.
pub fn seed() -> Seed {
    Seed::derive("a nonce from the node", "the miner's id")
}

/// The Zen 5 as it is: a KVM guest, busy with other work.
pub fn guest() -> Evidence {
    serde_json::from_str(include_str!("../data/evidence-zen5-kvm.json")).unwrap()
}

/// User-mode QEMU 7.2 on it.
pub fn qemu() -> Evidence {
    serde_json::from_str(include_str!("../data/evidence-qemu72-user.json")).unwrap()
}

/// The Zen 5 as it would be on metal: the recording without the hypervisor's bit and leaves, and with
/// an identification instruction of 127 cycles, which the processor table has for Zen 5.
pub fn honest() -> Evidence {
    let mut evidence = guest();
    unmark(&mut evidence);
    evidence.environment = Some(facts(&[
        ("dmi.sys_vendor", "ASUSTeK COMPUTER INC."),
        ("dmi.product_name", "System Product Name"),
        ("os", "linux"),
    ]));
    let cost = identify(127 * add(&evidence));
    evidence.trap.as_mut().unwrap().identify = [cost, cost, cost + 500, cost + 6_500];
    evidence
}

/// Takes every mark of a hypervisor out of the identification words.
pub fn unmark(evidence: &mut Evidence) {
    evidence.identity.words[HYPERVISOR.0] &= !HYPERVISOR.1;
    evidence.identity.words[10] = 0;
    evidence.identity.name = clip("AMD EPYC 9755 128-Core Processor");
}

/// Milliticks of one add.
pub fn add(evidence: &Evidence) -> u32 {
    evidence.pipeline.as_ref().unwrap().add[0]
}

/// Sets what the clock says at the end of the probe.
pub fn set_elapsed(evidence: &mut Evidence, ns: u64) {
    evidence.elapsed_ns = ns;
    let end = [evidence.elapsed_ticks, ns];
    let clock = &mut evidence.oscillator.as_mut().unwrap().clock;
    *clock.last_mut().unwrap() = end;
}

/// The nearest cost of an identification that the recorded Zen 5's counter can show: it moves by 26 ticks, four are timed
/// together, and half of a time counts too.
pub fn identify(cost: u32) -> u32 {
    const STEP: u32 = 26 * 1000 / 4 / 2;
    (cost + STEP / 2) / STEP * STEP
}

/// Sets what identification costs, in adds.
pub fn set_trap(evidence: &mut Evidence, adds: u32) {
    let cost = identify(adds * add(evidence));
    let trap: &mut trap::Evidence = evidence.trap.as_mut().unwrap();
    trap.identify = [cost; 4];
    trap.ticks = u64::from(cost) * u64::from(trap.samples) / 100;
}

/// Facts of an environment.
pub fn facts(facts: &[(&str, &str)]) -> environment::Evidence {
    let facts: Vec<_> = facts
        .iter()
        .map(|(k, v)| environment::Fact::new(k, v))
        .collect();
    environment::Evidence::gather(&facts)
}

/// The claim of an honest modern machine.
pub fn claim() -> Claim {
    Claim {
        family: "x86_64".into(),
        arch: "modern".into(),
        model: "AMD EPYC".into(),
        cpu: "AMD EPYC 9755 128-Core Processor".into(),
        hostname: "workbench".into(),
        cores: 128,
    }
}

/// The case of this evidence, answered in three seconds in 2026, on a new chain.
pub fn case(evidence: &Evidence) -> Case<'_> {
    Case {
        claim: claim(),
        proof: Proof::Evidence {
            evidence,
            seed: seed(),
        },
        answered_after_ms: 3_000,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    }
}

/// Judges it.
pub fn verdict(evidence: &Evidence) -> Verdict {
    judge(&case(evidence), &Profiles::builtin())
}

/// The checks that came out as `outcome`, for a failing test to print.
pub fn having(verdict: &Verdict, outcome: Outcome) -> Vec<&Check> {
    verdict
        .checks
        .iter()
        .filter(|c| c.outcome == outcome)
        .collect()
}

/// Whether a channel has a check that failed.
pub fn fails(verdict: &Verdict, channel: &str) -> bool {
    verdict
        .checks
        .iter()
        .any(|c| c.channel == channel && c.outcome == Outcome::Fail)
}
