//! How well latency ratios tell cores apart, on the processor table:
//!
//! `cargo run --release -p verdigris-node --example cross_check_silicon -- LATENCY.csv`
//!
//! Each x86-64 processor is judged once as itself, against a table without its signature, and once as
//! every other core that has latencies. It is taken to show in our kernels what it shows in the table
//! (the shift with an add for its exclusive-or), which is an assumption: our kernels were run on few
//! processors.

mod silicon_table;

use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use silicon_table::Row;
use std::error::Error;
use verdigris_node::verdict::checks::{pipeline, simd, Subject};
use verdigris_node::verdict::processor::Processor;
use verdigris_node::verdict::silicon::{Core, Signature, Silicon};
use verdigris_node::verdict::{Aspect, Case, Check, Claim, Outcome, Profiles, Proof};

/// A recording, whose ratios and words are replaced.
const RECORDED: &str = include_str!("../tests/data/evidence-zen5-kvm.json");
const CORES: &str = include_str!("../data/silicon/x86.toml");

/// Operations in the order of the channels' matrices; empty where the table has none.
const PIPELINE: [&str; 9] = [
    "", "int_mul", "int_div", "shift", "load", "fp_add", "fp_mul", "fp_div", "fp_sqrt",
];
const SIMD: [&str; 11] = [
    "",
    "vec_shuffle",
    "vec_permute",
    "",
    "vec_mul_add",
    "vec_fp_add",
    "vec_fp_mul",
    "",
    "",
    "",
    "",
];

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: cross_check_silicon LATENCY.csv")?;
    let rows = silicon_table::read(&path)?;
    let mut profiles = Profiles::builtin();
    let cores = profiles.silicon.cores().to_vec();
    let honest: Vec<&Row> = rows.iter().filter(|r| r.long).collect();

    let (mut kind, mut presence) = (Vec::new(), Vec::new());
    for row in &honest {
        let others = rows.iter().filter(|r| r.eax != row.eax);
        profiles.silicon =
            Silicon::parse(CORES, &silicon_table::derive(others, &profiles.silicon)?)?;
        let checks = judge(row, row.eax, &row.vendor, &profiles)?;
        let failed = |aspect| {
            checks
                .iter()
                .any(|c| c.aspect == aspect && c.outcome == Outcome::Fail)
        };
        kind.extend(failed(Aspect::Kind).then_some(row.name.as_str()));
        presence.extend(failed(Aspect::Presence).then_some(row.name.as_str()));
    }
    println!(
        "{} processors, each against a table without its signature",
        honest.len()
    );
    println!("refused for kind: {kind:?}; for presence: {presence:?}");

    profiles.silicon = Silicon::parse(
        CORES,
        &silicon_table::derive(rows.iter(), &profiles.silicon)?,
    )?;
    let (mut claims, mut caught) = (0, 0);
    for row in &honest {
        let own = profiles
            .silicon
            .core(&row.vendor, Signature::from_eax(row.eax))
            .cloned();
        let others = cores
            .iter()
            .filter(|c| c.long && Some(*c) != own.as_ref())
            .filter(|c| profiles.silicon.of_core(c).is_some());
        for core in others {
            let checks = judge(row, eax(core), &core.vendor, &profiles)?;
            let failed = |c: &Check| c.aspect == Aspect::Kind && c.outcome == Outcome::Fail;
            claims += 1;
            caught += u32::from(checks.iter().any(failed));
        }
    }
    println!("{claims} claims to be another core, {caught} of them refused for kind");
    Ok(())
}

/// Leaf 1 EAX of the core's first model.
fn eax(core: &Core) -> u32 {
    let (family, model) = (u32::from(core.family), u32::from(core.models[0][0]));
    let (base, extended) = if family > 15 {
        (15, family - 15)
    } else {
        (family, 0)
    };
    extended << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4
}

/// The checks of latencies of `row`, under the name of `vendor` and `eax`.
fn judge(
    row: &Row,
    eax: u32,
    vendor: &str,
    profiles: &Profiles,
) -> Result<Vec<Check>, Box<dyn Error>> {
    let mut evidence: Evidence = serde_json::from_str(RECORDED)?;
    let maker: [u8; 4] = vendor
        .as_bytes()
        .get(..4)
        .ok_or("a vendor of four letters")?
        .try_into()?;
    evidence.identity.words[1] = eax;
    evidence.identity.words[11] = u32::from_le_bytes(maker);
    let cell = |operation: &str| {
        let [least, _] = *row.ratios.get(operation)?;
        let ratio = least + if operation == "shift" { 1000 } else { 0 };
        Some([ratio, ratio, ratio, ratio])
    };
    if let Some(pipeline) = &mut evidence.pipeline {
        pipeline.matrix = PIPELINE.iter().map(|o| cell(o)).collect();
    }
    if let Some(simd) = &mut evidence.simd {
        simd.matrix = SIMD.iter().map(|o| cell(o)).collect();
    }
    let seed = Seed::derive("", "");
    let case = Case {
        claim: Claim::default(),
        proof: Proof::Evidence {
            evidence: &evidence,
            seed,
        },
        answered_after_ms: 0,
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    let processor = Processor::parse(&evidence.identity, &profiles.silicon);
    let subject = Subject {
        case: &case,
        evidence: &evidence,
        seed: &seed,
        profiles,
        processor,
    };
    let mut checks = pipeline::check(&subject);
    checks.extend(simd::check(&subject));
    Ok(checks)
}
