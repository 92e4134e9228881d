//! This machine, where a hypervisor runs it: as it is, and with its marks removed.

use super::{Rig, Size, Task};
use crate::lab::bench::{Bench, Presented};
use crate::lab::here::{self, Load};
use crate::lab::paper::unmark;
use crate::lab::record::Origin;

/// The rig.
#[derive(Debug)]
pub struct Guest;

const MARKED: &str = "marks in place";
const UNMARKED: &str = "marks removed";

impl Rig for Guest {
    fn name(&self) -> &'static str {
        "guest"
    }

    fn about(&self) -> &'static str {
        "This machine under its hypervisor, measured; and the same with the hypervisor's bit, leaf and name taken out"
    }

    fn cost(&self) -> &'static str {
        "a rented virtual machine; for the marks, an edit of three words or a setting of the hypervisor"
    }

    fn tasks(&self, size: Size) -> Vec<Task> {
        if !here::is_guest() {
            return Vec::new();
        }
        let ways = [(MARKED, Origin::Real), (UNMARKED, Origin::Edited)];
        let runs = 0..size.pick(1, 40);
        runs.flat_map(|run| {
            ways.map(|(variant, origin)| Task {
                alone: true,
                ..Task::attack(variant, here::UNIT, run, origin)
            })
        })
        .collect()
    }

    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String> {
        let wallet = bench.owner();
        let (challenge, seed) = bench.challenge(&wallet)?;
        let mut evidence = here::measure(seed, Load::None)?;
        if task.variant == UNMARKED {
            unmark(&mut evidence);
        }
        bench.present(&wallet, &challenge, &evidence, None)
    }
}
