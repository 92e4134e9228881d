//! Judges evidence from a file, and prints why.
//!
//! ```text
//! cargo run -p verdigris-node --example judge -- [--ignore CHANNEL]... EVIDENCE.json NONCE MINER
//! cargo run -p verdigris-node --example judge -- [--ignore CHANNEL]... SUBMISSION.json
//! ```
//!
//! The evidence as the prober gives it, with the challenge and the miner that seeded it; or a whole
//! submission, which carries all three. The probe counts as answered in time. Checks of an ignored channel are
//! left out of the verdict: `--ignore environment` shows what is found without the marks by which an
//! environment names itself.

use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use serde_json::Value;
use std::error::Error;
use verdigris_node::verdict::checks::{self, Subject};
use verdigris_node::verdict::conclusion::conclude;
use verdigris_node::verdict::{Aspect, Case, Claim, Outcome, Profiles, Proof, Verdict};

const USAGE: &str =
    "usage: judge [--ignore CHANNEL]... (EVIDENCE.json NONCE MINER | SUBMISSION.json)";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut ignored, mut given) = (Vec::new(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--ignore" {
            ignored.push(arguments.next().ok_or(USAGE)?);
        } else {
            given.push(argument);
        }
    }
    let path = given.first().ok_or(USAGE)?;
    let json: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let (evidence, nonce, miner) = match given.as_slice() {
        [_, nonce, miner] => (json, nonce.clone(), miner.clone()),
        [_] => {
            let text = |name: &str| json.get(name).and_then(Value::as_str).map(String::from);
            let evidence = json.get("evidence").cloned().ok_or("no evidence in it")?;
            let nonce = text("nonce").ok_or("no nonce in it")?;
            (evidence, nonce, text("miner").ok_or("no miner in it")?)
        }
        _ => return Err(USAGE.into()),
    };
    let evidence: Evidence = serde_json::from_value(evidence)?;
    print(&verdict(&evidence, Seed::derive(&nonce, &miner), &ignored));
    Ok(())
}

/// The verdict without the checks of some channels.
fn verdict(evidence: &Evidence, seed: Seed, ignored: &[String]) -> Verdict {
    let case = Case {
        claim: Claim {
            family: evidence.identity.architecture.as_str().into(),
            ..Claim::default()
        },
        proof: Proof::Evidence { evidence, seed },
        answered_after_ms: evidence.elapsed_ns.div_ceil(1_000_000),
        chain_age_s: 0,
        year: 2026,
        previous: None,
    };
    let profiles = Profiles::builtin();
    let subject = Subject::new(&case, evidence, &seed, &profiles);
    let mut checks = checks::all(&subject);
    checks.retain(|check| !ignored.iter().any(|channel| channel == check.channel));
    conclude(&subject, checks)
}

fn print(verdict: &Verdict) {
    for check in &verdict.checks {
        println!("{:?} {} ({:?})", check.outcome, check.channel, check.aspect);
        println!("    measured  {}", check.measured);
        println!("    expected  {}", check.expected);
        println!("    {}", check.reason);
        if !check.threshold.is_empty() {
            println!("    by {}: {}", check.threshold, check.source);
        }
        if let Some(ppm) = check.of_limit_ppm {
            println!(
                "    {}.{:06} of the limit",
                ppm / 1_000_000,
                ppm % 1_000_000
            );
        }
    }
    let mut caught: Vec<&str> = verdict
        .checks
        .iter()
        .filter(|c| c.aspect == Aspect::Presence && c.outcome == Outcome::Fail)
        .map(|c| c.channel)
        .collect();
    caught.dedup();
    println!(
        "\n{}\nclass {}, {} weight units; kind {:?}, presence {:?}, continuity {:?} ppm\ncaught by: {}",
        verdict.summary,
        verdict.class,
        verdict.weight_units,
        verdict.kind_ppm,
        verdict.presence_ppm,
        verdict.continuity_ppm,
        if caught.is_empty() {
            String::from("nothing")
        } else {
            caught.join(", ")
        }
    );
}
