//! The rigs: everything that attests, honest or not.
//!
//! | rig | is | needs |
//! |---|---|---|
//! | [`honest`] | processors of the tables, simulated machines of other families, this machine | nothing |
//! | [`replay`] | evidence sent again | nothing |
//! | [`invention`] | numbers from generators | nothing |
//! | [`claims`] | real numbers under another name | nothing |
//! | [`stock`] | the existing network's form, without evidence | nothing |
//! | [`fleets`] | one machine under many names, and honest crowds, each on a fresh node | nothing |
//! | [`continuity`] | second attestations of a name, by the same machine and by others | nothing |
//! | [`slowing`] | this machine, slowed down to look old | nothing; for a quota, control groups |
//! | [`guest`] | this machine, where a hypervisor runs it | a guest |
//! | [`emulation`] | miners of other targets under user-mode QEMU | `./dev cross build`, QEMU |
//! | [`system`] | whole machines in emulators, of `test-rigs/machines.toml` | `./dev lab setup` |

pub mod claims;
pub mod continuity;
pub mod emulation;
pub mod fleets;
pub mod guest;
pub mod honest;
pub mod invention;
pub mod replay;
pub mod slowing;
pub mod stock;
pub mod system;

use super::bench::{Bench, Presented};
use super::record::{Goal, Origin, Truth};
use std::path::PathBuf;

/// How much of a rig is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// For every test run: a minute in all.
    Quick,
    /// For the report.
    Full,
}

impl Size {
    /// `quick` or `full`, as this is.
    pub fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Size::Quick => quick,
            Size::Full => full,
        }
    }
}

/// One run that a rig can make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Which of the rig's ways.
    pub variant: String,
    /// The machine.
    pub unit: String,
    /// Counts runs of the same way and machine.
    pub run: u32,
    /// Whether it is an attack.
    pub truth: Truth,
    /// Where its numbers come from.
    pub origin: Origin,
    /// What it is after.
    pub goal: Goal,
    /// It measures this machine: nothing else may run beside it.
    pub alone: bool,
}

impl Task {
    /// An attack that wins where it is held to be real silicon.
    pub fn attack(
        variant: impl Into<String>,
        unit: impl Into<String>,
        run: u32,
        origin: Origin,
    ) -> Self {
        Task {
            variant: variant.into(),
            unit: unit.into(),
            run,
            truth: Truth::Attack,
            origin,
            goal: Goal::Silicon,
            alone: false,
        }
    }

    /// An honest machine that is of this class.
    pub fn honest(
        variant: impl Into<String>,
        unit: impl Into<String>,
        run: u32,
        origin: Origin,
        class: String,
    ) -> Self {
        Task {
            truth: Truth::Honest,
            goal: Goal::Class(class),
            ..Task::attack(variant, unit, run, origin)
        }
    }
}

/// Something that attests to a node.
pub trait Rig: Sync {
    /// Its name, as in records and on the command line.
    fn name(&self) -> &'static str;

    /// What it is, in a sentence.
    fn about(&self) -> &'static str;

    /// What it costs whoever does it, in plain words.
    fn cost(&self) -> &'static str;

    /// The runs that it makes, the same in every campaign of this size.
    fn tasks(&self, size: Size) -> Vec<Task>;

    /// What it could make too, and what that lacks, in words.
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }

    /// Makes one of them.
    ///
    /// # Errors
    /// Why there is no answer: a failure to acquire.
    fn perform(&self, task: &Task, bench: &mut Bench<'_>) -> Result<Presented, String>;
}

/// All rigs. `miners` is where `./dev cross build` leaves the programs of other targets.
pub fn all(miners: PathBuf) -> Vec<Box<dyn Rig>> {
    vec![
        Box::new(honest::Honest),
        Box::new(replay::Replay),
        Box::new(invention::Invention),
        Box::new(claims::Claims),
        Box::new(stock::Stock),
        Box::new(continuity::Continuity),
        Box::new(fleets::Fleets),
        Box::new(slowing::Slowing),
        Box::new(guest::Guest),
        Box::new(system::System::new(&miners)),
        Box::new(emulation::Emulation::new(miners)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_run_has_a_name_of_its_own() {
        for rig in all("nowhere".into()) {
            for size in [Size::Quick, Size::Full] {
                let tasks = rig.tasks(size);
                let named = |t: &Task| (t.variant.clone(), t.unit.clone(), t.run);
                let names: BTreeSet<_> = tasks.iter().map(named).collect();
                assert_eq!(names.len(), tasks.len(), "{}", rig.name());
            }
        }
    }
}
