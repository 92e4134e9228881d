//! Machines that are what they say: what refuses them is wrong.

use super::{Rig, Size, Task};
use crate::bind::bind;
use crate::lab::bench::{Bench, Presented};
use crate::lab::families::{family, FAMILIES};
use crate::lab::here::{self, Load};
use crate::lab::paper::{self, answer, PROCESSORS};
use crate::lab::record::Origin;
use crate::lab::year;

/// The rig.
#[derive(Debug)]
pub struct Honest;

const TABLES: &str = "tables";
const SIMULATED: &str = "simulated";
const IDLE: &str = "here, idle";
const BUSY: &str = "here, beside a load";

impl Rig for Honest {
    fn name(&self) -> &'static str {
        "honest"
    }

    fn about(&self) -> &'static str {
        "Real x86 processors of the tables of measurements, turned into evidence, every figure moved by up to 3 %; \
         simulated machines of other families; this machine, measured, with what a hypervisor did to it taken out"
    }

    fn cost(&self) -> &'static str {
        "a machine"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        let year = year();
        let mut tasks = Vec::new();
        for run in 0..size.pick(1, 8) {
            for processor in PROCESSORS.iter() {
                let class = processor.class(year);
                tasks.push(Task::honest(
                    TABLES,
                    processor.name(),
                    run,
                    Origin::Replayed,
                    class,
                ));
            }
            for family in FAMILIES.iter() {
                let class = family.class.into();
                tasks.push(Task::honest(
                    SIMULATED,
                    family.name,
                    run,
                    Origin::Simulated,
                    class,
                ));
            }
        }
        if let Some(own) = here::class(year) {
            for (variant, runs) in [(IDLE, size.pick(2, 40)), (BUSY, size.pick(1, 20))] {
                for run in 0..runs {
                    let origin = if here::is_guest() {
                        Origin::Edited
                    } else {
                        Origin::Real
                    };
                    let mut task = Task::honest(variant, here::UNIT, run, origin, own.clone());
                    task.alone = true;
                    tasks.push(task);
                }
            }
        }
        tasks
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let wallet = bench.owner();
        let (challenge, seed) = bench.challenge(&wallet)?;
        let evidence = match task.variant.as_str() {
            TABLES => {
                let processor = PROCESSORS.iter().find(|p| p.name() == task.unit);
                let processor = processor.ok_or("no such processor in the tables")?;
                let mut evidence = processor.evidence(&mut bench.random);
                answer(&mut evidence, &seed);
                bind(&mut evidence, &seed);
                evidence
            }
            SIMULATED => {
                let family = family(&task.unit).ok_or("no such simulated machine")?;
                family.evidence(&seed, &mut bench.random)
            }
            variant => {
                let load = if variant == BUSY {
                    Load::Beside
                } else {
                    Load::None
                };
                let mut evidence = here::measure(seed, load)?;
                if here::is_guest() {
                    paper::as_on_metal(&mut evidence);
                }
                evidence
            }
        };
        bench.present(&wallet, &challenge, &evidence, None)
    }
}
