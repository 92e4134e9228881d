//! Judges evidence from a file, and prints why.
//!
//! `cargo run -p verdigris-node --example judge -- EVIDENCE.json NONCE MINER`: the evidence as the
//! prober gives it, and the challenge and miner that seeded it. The probe counts as answered in time.

use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use std::error::Error;
use verdigris_node::verdict::{judge, Case, Claim, Profiles, Proof};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, nonce, miner] = arguments.as_slice() else {
        return Err("usage: judge EVIDENCE.json NONCE MINER".into());
    };
    let evidence: Evidence = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let case = Case {
        claim: Claim {
            family: "x86_64".into(),
            arch: "modern".into(),
            ..Claim::default()
        },
        proof: Proof::Evidence {
            evidence: &evidence,
            seed: Seed::derive(nonce, miner),
        },
        answered_after_ms: evidence.elapsed_ns.div_ceil(1_000_000),
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    let verdict = judge(&case, &Profiles::builtin());
    for check in &verdict.checks {
        println!("{:?} {} ({:?})", check.outcome, check.channel, check.aspect);
        println!("    measured  {}", check.measured);
        println!("    expected  {}", check.expected);
        println!("    {}", check.reason);
        if !check.threshold.is_empty() {
            println!("    by {}: {}", check.threshold, check.source);
        }
    }
    println!(
        "\n{}\nclass {}, {} weight units; kind {:?}, presence {:?}, continuity {:?} ppm",
        verdict.summary,
        verdict.class,
        verdict.weight_units,
        verdict.kind_ppm,
        verdict.presence_ppm,
        verdict.continuity_ppm
    );
    Ok(())
}
