//! Cost of instructions that a hypervisor must intercept against ones that it need not.
//!
//! - **Measured:** one identification instruction (`CPUID` and its kin), and one serialising
//!   instruction that no hypervisor intercepts.
//! - **Kernel:** [`Machine::trap`].
//! - **Estimator:** four in a row and twice as many; minimum and quartiles of the difference.
//! - **Cost:** 3 ms in a virtual machine, microseconds elsewhere; no memory, 120 bytes.
//! - **Silicon:** 140 real x86 processors take 11 to 364 cycles for `CPUID`, median 100.
//! - **Emulation:** a hypervisor's exit costs 1,000 to 70,000 cycles; a translator's helper call
//!   makes both instructions alike.
//! - **Source:** measured for this project on KVM; InstLatx64 for real processors.

use super::Step;
use crate::evidence::Spread;
use crate::machine::{Body, Machine, Trap};
use crate::measure::{timed, Meter, MAX_PASSES};
use crate::plan::Plan;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [6, 3];

/// Passes: standard, quick.
const PASSES: [u16; 2] = [31, 15];

const _: () = assert!(PASSES[0] as usize <= MAX_PASSES);

/// Instructions in the shorter run.
const SINGLE: u32 = 4;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Milliticks of one identification instruction.
    pub identify: Spread,
    /// Of each kind.
    pub samples: u16,
    /// Milliticks of one serialising instruction that is never intercepted.
    pub serialise: Spread,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    passes: u16,
    pass: u16,
    meters: [Meter; 2],
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan) -> Self {
        Run {
            passes: plan.pick(PASSES[0], PASSES[1]),
            pass: 0,
            meters: [Meter::new(SINGLE.into()), Meter::new(SINGLE.into())],
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (u32::from(self.pass) * 1_000 / u32::from(self.passes)) as u16
    }

    /// One pass over both instructions.
    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Evidence> {
        for (meter, kind) in self
            .meters
            .iter_mut()
            .zip([Trap::Identify, Trap::Serialise])
        {
            for body in [Body::Single, Body::Double] {
                let (ticks, ran) = timed(machine, |m| {
                    (0..SINGLE * body as u32).try_for_each(|_| m.trap(kind))
                });
                if ran.is_none() {
                    return Step::Absent;
                }
                meter.record(body, ticks, 0);
            }
            meter.end_pass();
        }
        self.pass += 1;
        if self.pass < self.passes {
            return Step::More;
        }
        Step::Done(Evidence {
            identify: self.meters[0].cost(),
            samples: self.passes,
            serialise: self.meters[1].cost(),
            ticks: 0,
        })
    }
}
