//! A campaign: every run of the chosen rigs that is not recorded yet, several at a time, each recorded as it ends.

use super::bench::{Bench, Presented};
use super::record::{Key, Record, Records};
use super::rigs::{Rig, Task};
use node_process::Client;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs at a time. Nearly all of a run is waiting for the time that its probe is said to take.
const AT_A_TIME: usize = 96;

/// What a campaign is made with.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// Decides everything that rigs draw.
    pub seed: u64,
    /// Which node judges.
    pub node: String,
    /// What kind of machine this is.
    pub machine: String,
}

impl Conditions {
    fn key(&self, rig: &dyn Rig, task: &Task) -> Key {
        Key {
            rig: rig.name().into(),
            variant: task.variant.clone(),
            unit: task.unit.clone(),
            run: task.run,
            seed: self.seed,
            node: self.node.clone(),
        }
    }
}

/// Makes the runs of a rig that `records` lacks; gives how many it made.
///
/// # Errors
/// A record cannot be written.
pub fn run(
    rig: &dyn Rig,
    tasks: &[Task],
    client: &Client,
    conditions: &Conditions,
    records: &mut Records,
) -> Result<usize, String> {
    let missing: Vec<(Key, &Task)> = tasks
        .iter()
        .map(|task| (conditions.key(rig, task), task))
        .filter(|(key, _)| !records.has(key))
        .collect();
    let records = Mutex::new(records);
    let (alone, together): (Vec<_>, Vec<_>) = missing.iter().partition(|(_, task)| task.alone);
    for (share, workers) in [(together, AT_A_TIME), (alone, 1)] {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        std::thread::scope(|scope| {
            for _ in 0..workers.min(share.len()) {
                scope.spawn(|| {
                    while let Some((key, task)) = share.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let record = perform(rig, task, key, client, conditions);
                        let Ok(mut records) = records.lock() else {
                            return;
                        };
                        if let Err(error) = records.add(&record) {
                            if let Ok(mut failed) = failed.lock() {
                                *failed = Some(error.to_string());
                            }
                            return;
                        }
                    }
                });
            }
        });
        if let Ok(Some(error)) = failed.into_inner() {
            return Err(error);
        }
    }
    Ok(missing.len())
}

fn perform(
    rig: &dyn Rig,
    task: &Task,
    key: &Key,
    client: &Client,
    conditions: &Conditions,
) -> Record<serde_json::Value> {
    let mut bench = Bench::new(client, key);
    let presented = rig.perform(task, &mut bench);
    let at = SystemTime::now().duration_since(UNIX_EPOCH);
    let blank = Record {
        key: key.clone(),
        truth: task.truth,
        origin: task.origin,
        goal: task.goal.clone(),
        claim: Default::default(),
        status: 0,
        code: None,
        verdict: None,
        fleet: None,
        answered_ms: 0,
        at: at.map_or(0, |since| since.as_secs()),
        machine: conditions.machine.clone(),
    };
    match presented {
        Ok(Presented {
            claim,
            answer,
            took,
            fleet,
        }) => Record {
            claim,
            status: answer.status,
            code: answer.code(),
            verdict: answer.verdict().cloned(),
            fleet,
            answered_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            ..blank
        },
        Err(error) => Record {
            code: Some(error),
            ..blank
        },
    }
}
