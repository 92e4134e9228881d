//! Submissions in the existing network's form, without evidence: what its verifier pays for numbers that it publishes
//! bands for. No challenge binds them.

use super::{Rig, Size, Task};
use crate::lab::bench::{Bench, Presented};
use crate::lab::record::{Claimed, Goal, Origin};
use probe_core::seed::Stream;
use serde_json::{json, Map, Value};

/// The rig.
#[derive(Debug)]
pub struct Stock;

const BANDS: &str = "invented within the published bands";
const CONSISTENT: &str = "the same, numbers that agree with each other";
const AGAIN: &str = "the same checks for a new challenge";
const BORROWED: &str = "the same checks by another wallet";

/// What is claimed: family, class, processor.
const CLAIMS: [[&str; 3]; 5] = [
    ["VAX", "vax", "VAX-11/780"],
    ["x86", "486", "Intel 486"],
    ["PowerPC", "g4", "PowerPC G4 7450"],
    ["SPARC", "sparc", "SuperSPARC"],
    ["x86", "modern", "AMD Ryzen 7 5800X"],
];

impl Rig for Stock {
    fn name(&self) -> &'static str {
        "stock"
    }

    fn about(&self) -> &'static str {
        "Submissions of the existing network's form: every check passed by its own word, its numbers drawn within the bands \
         that the network publishes (variation 0.0005 to 0.35, drift 0.05 to 25, jitter 0.0001 to 0.5, cache ratio 1.1 to 20)"
    }

    fn cost(&self) -> &'static str {
        "twenty lines of a script"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let mut tasks = Vec::new();
        for [_, class, _] in CLAIMS {
            for run in 0..size.pick(2, 200) {
                tasks.push(Task::attack(BANDS, class, run, Origin::Invented));
                tasks.push(Task::attack(CONSISTENT, class, run, Origin::Invented));
            }
            for run in 0..size.pick(1, 20) {
                tasks.push(Task::attack(AGAIN, class, run, Origin::Invented));
                let borrowed = Task::attack(BORROWED, class, run, Origin::Invented);
                tasks.push(Task {
                    goal: Goal::Accepted,
                    ..borrowed
                });
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let known = CLAIMS.iter().find(|[_, class, _]| *class == task.unit);
        let &[family, arch, cpu] = known.ok_or("no such claim")?;
        let claim = Claimed {
            family: family.into(),
            arch: arch.into(),
            model: cpu.into(),
            cpu: cpu.into(),
        };
        let checks = checks(task.variant != BANDS, &mut bench.random);
        let first = bench.stranger("first");
        let (challenge, _) = bench.challenge(&first)?;
        let body = body(&claim, &challenge.nonce, first.address(), &checks);
        let presented = bench.send(&bench.sign(&first, body, &claim)?, challenge.since)?;
        if [BANDS, CONSISTENT].contains(&task.variant.as_str()) {
            return Ok(presented);
        }
        let second = match task.variant.as_str() {
            BORROWED => bench.stranger("second"),
            _ => first,
        };
        let (challenge, _) = bench.challenge(&second)?;
        let body = self::body(&claim, &challenge.nonce, second.address(), &checks);
        bench.send(&bench.sign(&second, body, &claim)?, challenge.since)
    }
}

/// A number between two.
fn between(least: f64, most: f64, random: &mut Stream) -> f64 {
    least + (most - least) * f64::from(random.next_u32()) / f64::from(u32::MAX)
}

/// With as many decimals as the network's clients send.
fn rounded(number: f64) -> Value {
    json!((number * 1e6).round() / 1e6)
}

/// Checks that all say that they passed; their numbers drawn one by one, or some from the others.
fn checks(consistent: bool, random: &mut Stream) -> Value {
    let [mean, cold, int, fp, branch] = [(); 5].map(|()| between(1e4, 5e6, random).round());
    let [variation, jitter] = [between(0.0005, 0.35, random), between(0.0001, 0.5, random)];
    let [drift, second, third] = [
        between(0.05, 25.0, random),
        between(1.1, 20.0, random),
        between(1.1, 20.0, random),
    ];
    let near = between(1.0, 90.0, random);
    let mut other = |exact: f64| match consistent {
        true => exact,
        false => between(1e3, 5e6, random),
    };
    let [stdev, hot, int_stdev] = [
        other(mean * variation),
        other(cold * drift),
        other(int * jitter),
    ];
    let [l2, l3] = [other(near * second), other(near * second * third)];
    let whole = |number: f64| json!(number.round() as u64);
    json!({
        "anti_emulation": {"passed": true, "data": {
            "vm_indicators": [], "indicator_count": 0, "is_likely_vm": false}},
        "cache_timing": {"passed": true, "data": {
            "l1_ns": rounded(near), "l2_ns": rounded(l2), "l3_ns": rounded(l3),
            "l2_l1_ratio": rounded(second), "l3_l2_ratio": rounded(third)}},
        "clock_drift": {"passed": true, "data": {
            "mean_ns": whole(mean), "stdev_ns": whole(stdev), "cv": rounded(variation),
            "drift_stdev": whole(stdev * 1.4)}},
        "instruction_jitter": {"passed": true, "data": {
            "int_avg_ns": whole(int), "fp_avg_ns": whole(fp), "branch_avg_ns": whole(branch),
            "int_stdev": whole(int_stdev), "fp_stdev": whole(fp * jitter), "branch_stdev": whole(branch * jitter)}},
        "simd_identity": {"passed": true, "data": {"simd_flags_count": 0}},
        "thermal_drift": {"passed": true, "data": {
            "cold_avg_ns": whole(cold), "hot_avg_ns": whole(hot), "cold_stdev": whole(cold * jitter),
            "hot_stdev": whole(hot * jitter), "drift_ratio": rounded(drift)}},
    })
}

fn body(claim: &Claimed, nonce: &str, address: &str, checks: &Value) -> Map<String, Value> {
    let body = json!({
        "device": {"family": claim.family, "arch": claim.arch, "model": claim.model, "cpu": claim.cpu, "cores": 1},
        "fingerprint": {"all_passed": true, "checks": checks},
        "miner": address,
        "miner_id": "workbench",
        "nonce": nonce,
        "report": {"nonce": nonce, "commitment": ""},
        "signals": {"hostname": "workbench", "macs": ["00:16:cb:00:00:01"]},
    });
    match body {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
