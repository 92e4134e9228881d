//! Freshly written code: first call, later calls, first call after a rewrite, and whether stale code runs.
//!
//! - **Measured:** the first and a later call of a routine of [`ADDS`] additions that was written a
//!   moment ago; the first call after the routine was rewritten; and, where memory can be changed
//!   without synchronising caches, whether the old code runs on, and whether it still does once they
//!   are synchronised.
//! - **Kernel:** [`Machine::fresh_code`].
//! - **Estimator:** single calls (a first call cannot be repeated), less the counter's least
//!   overhead; minimum and quartiles over the rounds.
//! - **Cost:** 2 ms standard, most of it in changing the protection of a page; no memory of the
//!   arena, 200 bytes.
//! - **Silicon:** a first call misses the instruction cache: a few hundred cycles. Old code may run on
//!   where instruction caches are not coherent (PowerPC, 68040, MIPS, ARM), until they are
//!   synchronised and never after.
//! - **Emulation:** a dynamic translator translates on the first call: tens of thousands of cycles,
//!   and again after each rewrite. The most portable detector of translation. One that finds changed
//!   code by the address that was written (QEMU's user mode) does not see a patch through a second
//!   mapping, and runs the old code even after caches were synchronised, which no processor may.
//!   Interpreters show no first-call cost.
//! - **Source:** measured for this project under QEMU 7.2 (17,900 ns against 267 ns; natively 120
//!   against 31); the coherence rules are in each architecture's manual.

use super::{ChannelId, Step};
use crate::evidence::{Milliticks, Spread};
use crate::machine::{Fresh, Machine, Routine, MAX_FRESH_ADDS};
use crate::measure::{milliticks, timed, Pace, MAX_PASSES};
use crate::plan::Plan;
use crate::replay;
use crate::seed::{fold, wire_digest, Seed, Stream};
use crate::stats::spread;
use serde::{Deserialize, Serialize};

/// Milliseconds that the channel takes on an ordinary machine: standard, quick.
pub const BUDGET_MS: [u32; 2] = [3, 2];

/// Additions in the routine.
pub const ADDS: u16 = 40;

const _: () = assert!(ADDS <= MAX_FRESH_ADDS);

/// Rounds: standard, quick.
const ROUNDS: [u16; 2] = [24, 12];

const _: () = assert!(ROUNDS[0] as usize <= MAX_PASSES);

/// Calls after the first before the one that counts as "again".
const SETTLING_CALLS: usize = 3;

/// What this channel found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Milliticks of a call after the first.
    pub again: Spread,
    /// Fold of all results.
    pub digest: u32,
    /// Milliticks of the first call of newly written code.
    pub first: Spread,
    /// Rounds in which the old code still ran after caches were synchronised; at most `stale`.
    pub held: u16,
    /// Milliticks of the first call after rewriting code that has run.
    pub rewritten: Spread,
    /// Routines written.
    pub rounds: u16,
    /// Rounds in which the old code ran after an unsynchronised patch.
    pub stale: u16,
    /// Rounds in which an unsynchronised patch was tried; 0 where it cannot be.
    pub stale_rounds: u16,
    /// Ticks spent in this channel.
    pub ticks: u64,
}

/// The three routines of one round: written, rewritten, patched.
fn routines(stream: &mut Stream) -> [Routine; 3] {
    let x = stream.next_u32();
    core::array::from_fn(|_| Routine {
        adds: ADDS,
        // Odd, and drawn anew: never the constant before but by a chance of 2^-31.
        constant: stream.next_u32() | 1,
        x,
    })
}

/// The channel under way.
#[derive(Debug)]
pub struct Run {
    stream: Stream,
    overhead: u64,
    rounds: u16,
    round: u16,
    first: [Milliticks; MAX_PASSES],
    again: [Milliticks; MAX_PASSES],
    rewritten: [Milliticks; MAX_PASSES],
    held: u16,
    stale: u16,
    stale_rounds: u16,
    digest: u64,
}

fn stream(seed: &Seed) -> Stream {
    seed.stream(ChannelId::FreshCode.tag(0))
}

impl Run {
    /// Prepares the channel; runs nothing.
    pub fn new(plan: &Plan, seed: Seed, pace: &Pace) -> Self {
        Run {
            stream: stream(&seed),
            overhead: pace.overhead.into(),
            rounds: plan.pick(ROUNDS[0], ROUNDS[1]),
            round: 0,
            first: [0; MAX_PASSES],
            again: [0; MAX_PASSES],
            rewritten: [0; MAX_PASSES],
            held: 0,
            stale: 0,
            stale_rounds: 0,
            digest: 0,
        }
    }

    /// Thousandths done.
    pub fn permille(&self) -> u16 {
        (u32::from(self.round) * 1_000 / u32::from(self.rounds)) as u16
    }

    /// One round.
    pub fn step(&mut self, machine: &mut impl Machine) -> Step<Evidence> {
        if self.run_round(machine).is_none() {
            return Step::Absent;
        }
        self.round += 1;
        if self.round < self.rounds {
            return Step::More;
        }
        let n = usize::from(self.rounds);
        Step::Done(Evidence {
            again: spread(&mut self.again[..n]),
            digest: wire_digest(self.digest),
            first: spread(&mut self.first[..n]),
            held: self.held,
            rewritten: spread(&mut self.rewritten[..n]),
            rounds: self.rounds,
            stale: self.stale,
            stale_rounds: self.stale_rounds,
            ticks: 0,
        })
    }

    fn run_round(&mut self, machine: &mut impl Machine) -> Option<()> {
        let [written, rewritten, patched] = routines(&mut self.stream);
        let at = usize::from(self.round);

        machine.fresh_code(Fresh::Write, written)?;
        self.first[at] = self.call(machine, written)?;
        for _ in 0..SETTLING_CALLS {
            machine.fresh_code(Fresh::Run, written)?;
        }
        self.again[at] = self.call(machine, written)?;

        machine.fresh_code(Fresh::Write, rewritten)?;
        self.rewritten[at] = self.call(machine, rewritten)?;

        if machine
            .fresh_code(Fresh::PatchUnsynchronised, patched)
            .is_some()
        {
            self.stale_rounds += 1;
            if self.is_old(machine, rewritten, patched)? {
                self.stale += 1;
                machine.fresh_code(Fresh::Synchronise, patched)?;
                if self.is_old(machine, rewritten, patched)? {
                    self.held += 1;
                }
            }
        }
        Some(())
    }

    /// Runs the patched routine: whether the code from before the patch ran.
    fn is_old(
        &mut self,
        machine: &mut impl Machine,
        old: Routine,
        patched: Routine,
    ) -> Option<bool> {
        let result = machine.fresh_code(Fresh::Run, patched)?;
        let is_old = result == replay::fresh_code(old);
        if !is_old && result != replay::fresh_code(patched) {
            // Neither the old nor the new code: spoil the digest.
            self.digest = fold(self.digest, result.into());
        }
        Some(is_old)
    }

    fn call(&mut self, machine: &mut impl Machine, routine: Routine) -> Option<Milliticks> {
        let (ticks, result) = timed(machine, |m| m.fresh_code(Fresh::Run, routine));
        self.digest = fold(self.digest, result?.into());
        Some(milliticks(ticks.saturating_sub(self.overhead), 1))
    }
}

/// The digest that honest calls give for this seed and plan; where the evidence does not fit the
/// plan, a value that differs from its digest. Cost: microseconds.
pub fn expected_digest(plan: &Plan, seed: &Seed, evidence: &Evidence) -> u32 {
    let rounds = plan.pick(ROUNDS[0], ROUNDS[1]);
    let tried = evidence.stale_rounds;
    let counted = evidence.held <= evidence.stale && evidence.stale <= tried && tried <= rounds;
    if evidence.rounds != rounds || !counted {
        return !evidence.digest;
    }
    let mut stream = stream(seed);
    wire_digest((0..rounds).fold(0, |digest, _| {
        let [written, rewritten, _] = routines(&mut stream);
        [written, written, rewritten]
            .iter()
            .fold(digest, |d, &r| fold(d, replay::fresh_code(r).into()))
    }))
}
