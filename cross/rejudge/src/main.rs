//! Judges cases from files, and writes each verdict as a line of JSON: the same bytes on every machine.
//!
//! ```text
//! rejudge FILE...
//! ```
//!
//! A file holds a submission in each line, or one JSON text: a submission, or evidence as recorded by
//! `node/tests/data/record.sh`. A submission without evidence is judged by the existing network's checks.

use probe_core::evidence::Evidence;
use probe_core::seed::Seed;
use rejudge::verdict::{judge, Case, Claim, Profiles, Proof};
use serde_json::{Map, Value};
use std::error::Error;
use std::io::{BufWriter, Write};

/// What seeded the recordings of `node/tests/data`.
const RECORDED: [&str; 2] = ["a nonce from the node", "the miner's id"];

/// When everything is judged: a year, and the age of the chain in seconds, so that bonuses have decayed a little.
const YEAR: u16 = 2026;
const CHAIN_AGE_S: u64 = 40_000_000;

/// A case, owned.
struct Given {
    claim: Claim,
    miner: String,
    proof: Measured,
}

enum Measured {
    Evidence(Box<Evidence>, Seed),
    Legacy(Map<String, Value>),
}

fn main() -> Result<(), Box<dyn Error>> {
    let profiles = Profiles::builtin();
    let mut out = BufWriter::new(std::io::stdout().lock());
    for path in std::env::args_os().skip(1) {
        let text = std::fs::read_to_string(&path)?;
        let mut previous: Option<(String, Evidence)> = None;
        for value in texts(&text)? {
            let given = Given::of(value)?;
            let verdict = judge(&given.case(previous.as_ref()), &profiles);
            serde_json::to_writer(&mut out, &verdict)?;
            out.write_all(b"\n")?;
            if let Measured::Evidence(evidence, _) = given.proof {
                previous = Some((given.miner, *evidence));
            }
        }
    }
    Ok(out.flush()?)
}

/// One JSON text, or one in each line.
fn texts(text: &str) -> serde_json::Result<Vec<Value>> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(vec![value]),
        Err(_) => text.lines().map(serde_json::from_str).collect(),
    }
}

impl Given {
    fn of(mut value: Value) -> Result<Self, Box<dyn Error>> {
        let text = |value: &Value, path: &str| {
            let found = value.pointer(path).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        if value.get("identity").is_some() {
            let evidence = serde_json::from_value(value)?;
            let [nonce, miner] = RECORDED;
            return Ok(Given {
                claim: Claim::default(),
                miner: miner.into(),
                proof: Measured::Evidence(Box::new(evidence), Seed::derive(nonce, miner)),
            });
        }
        let claim = Claim {
            family: text(&value, "/device/family"),
            arch: text(&value, "/device/arch"),
            model: text(&value, "/device/model"),
            cpu: text(&value, "/device/cpu"),
            hostname: text(&value, "/signals/hostname"),
            cores: 1,
        };
        let (nonce, miner) = (text(&value, "/nonce"), text(&value, "/miner"));
        let proof = match value.get_mut("evidence").map(Value::take) {
            Some(evidence) if evidence.is_object() => {
                let evidence = Box::new(serde_json::from_value(evidence)?);
                Measured::Evidence(evidence, Seed::derive(&nonce, &miner))
            }
            _ => {
                let checks = value.pointer("/fingerprint/checks");
                let checks = checks.and_then(Value::as_object).cloned();
                Measured::Legacy(checks.unwrap_or_default())
            }
        };
        Ok(Given {
            claim,
            miner,
            proof,
        })
    }

    /// The probe counts as answered in time; `previous` is the miner's only where it is of the same one.
    fn case<'a>(&'a self, previous: Option<&'a (String, Evidence)>) -> Case<'a> {
        let (proof, answered_after_ms) = match &self.proof {
            Measured::Evidence(evidence, seed) => (
                Proof::Evidence {
                    evidence,
                    seed: *seed,
                },
                evidence.elapsed_ns.div_ceil(1_000_000),
            ),
            Measured::Legacy(checks) => (Proof::Legacy(checks), 0),
        };
        Case {
            claim: self.claim.clone(),
            proof,
            answered_after_ms,
            chain_age_s: CHAIN_AGE_S,
            year: YEAR,
            previous: previous
                .filter(|(miner, _)| *miner == self.miner)
                .map(|(_, evidence)| evidence),
        }
    }
}
