//! Evidence sent again: for the same challenge, for another, by another, or made once and for ever.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::paper::{answer, PROCESSORS};
use crate::lab::record::{Goal, Origin};
use probe_core::seed::Seed;

/// The rig.
#[derive(Debug)]
pub struct Replay;

const SAME: &str = "the same submission";
const NEW_NONCE: &str = "for a new challenge";
const OTHER_WALLET: &str = "by another wallet, for its own challenge";
const BORROWED: &str = "by another wallet, for the first one's challenge";
const CACHED: &str = "made once, for every challenge";
const RELABELLED: &str = "for a new challenge, with a fresh probe's times";

const WAYS: [&str; 6] = [SAME, NEW_NONCE, OTHER_WALLET, BORROWED, CACHED, RELABELLED];

impl Rig for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn about(&self) -> &'static str {
        "Good evidence of a processor of the tables, sent a second time"
    }

    fn cost(&self) -> &'static str {
        "nothing: a copy of what was sent once"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let units = PROCESSORS.iter().step_by(size.pick(24, 1));
        let mut tasks = Vec::new();
        for processor in units {
            for way in WAYS {
                for run in 0..size.pick(1, 8) {
                    let task = Task::attack(way, processor.name(), run, Origin::Replayed);
                    tasks.push(Task {
                        goal: Goal::Accepted,
                        ..task
                    });
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let processor = PROCESSORS.iter().find(|p| p.name() == task.unit);
        let processor = processor.ok_or("no such processor in the tables")?;
        let mut evidence = processor.evidence(&mut bench.random);
        let first = bench.stranger("first");
        if task.variant == CACHED {
            let seed = Seed::derive("", "");
            answer(&mut evidence, &seed);
            bind(&mut evidence, &seed);
            let (challenge, _) = bench.challenge(&first)?;
            return bench.present(&first, &challenge, &evidence, None);
        }
        let (challenge, seed) = bench.challenge(&first)?;
        answer(&mut evidence, &seed);
        bind(&mut evidence, &seed);
        let submission = bench.compose(&first, &challenge, &evidence, None)?;
        if task.variant == BORROWED {
            // The challenge is still open: only whom it was given to speaks against this.
            return bench.present(&bench.stranger("second"), &challenge, &evidence, None);
        }
        let accepted = bench.send(&submission, challenge.since)?;
        if accepted.answer.status != 200 {
            return Err(format!(
                "the first was not accepted: {:?}",
                accepted.answer.code()
            ));
        }
        match task.variant.as_str() {
            SAME => bench.send(&submission, challenge.since),
            OTHER_WALLET => {
                let second = bench.stranger("second");
                let (challenge, _) = bench.challenge(&second)?;
                bench.present(&second, &challenge, &evidence, None)
            }
            way => {
                let (challenge, _) = bench.challenge(&first)?;
                if way == RELABELLED {
                    // What nothing binds is made anew; what the challenge binds is the old answer.
                    evidence.elapsed_ns +=
                        bench.random.next_u64() % (evidence.elapsed_ns / 1_000_000);
                    let end = [evidence.elapsed_ticks, evidence.elapsed_ns];
                    let readings = evidence.oscillator.as_mut().map(|o| &mut o.clock);
                    if let Some(last) = readings.and_then(|clock| clock.last_mut()) {
                        *last = end;
                    }
                    let jump = bench.random.next_u64() >> 16;
                    evidence.counter_start = Some(jump);
                }
                bench.present(&first, &challenge, &evidence, None)
            }
        }
    }
}
