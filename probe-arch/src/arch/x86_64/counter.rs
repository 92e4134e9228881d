//! The time stamp counter.
//!
//! References:
//! - Intel SDM volume 2, `RDTSC`, `LFENCE`; volume 3, "Time-Stamp Counter" (invariant TSC, and
//!   leaf 15H for its frequency).
//! - AMD APM volume 3, `RDTSC`, `LFENCE`; volume 2, "Time-Stamp Counter".
//!
//! Why `lfence; rdtsc; lfence` and not `rdtscp`: `RDTSC` waits for nothing and nothing waits for
//! it. The first fence lets it start only after every earlier instruction has finished, the second
//! lets nothing start before it. `RDTSCP` has the first property but not the second, and the
//! early 64-bit processors lack it. On AMD `LFENCE` orders execution where the operating system has
//! set `DE_CFG[1]`, as every system since 2018 does; elsewhere it is a weaker fence and the
//! difference of two bodies still cancels what leaks over the edges.

use super::identity::{cpuid, max_leaf};
use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// The leaf that states the ratio of the counter to the crystal, and the crystal's frequency.
const LEAF_TSC: u32 = 0x15;

/// The time stamp counter, read between two fences.
#[derive(Debug, Clone, Copy)]
pub struct Tsc {
    nominal_hz: Option<u64>,
}

impl Tsc {
    /// Takes up the counter, and asks `CPUID` once for its frequency.
    pub fn new() -> Self {
        let nominal_hz = if max_leaf() >= LEAF_TSC {
            let leaf = cpuid(LEAF_TSC, 0);
            // Zero in any of the three means "not stated".
            (u64::from(leaf.ecx) * u64::from(leaf.ebx))
                .checked_div(u64::from(leaf.eax))
                .filter(|&hz| hz != 0)
        } else {
            None
        };
        Tsc { nominal_hz }
    }
}

impl Default for Tsc {
    fn default() -> Self {
        Tsc::new()
    }
}

impl Ticks for Tsc {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        let (low, high): (u32, u32);
        // SAFETY: reads a register pair. Not marked `nomem`, so that the compiler moves no access
        // to memory across the read.
        unsafe {
            asm!(
                "lfence",
                "rdtsc",
                "lfence",
                out("eax") low,
                out("edx") high,
                options(nostack, preserves_flags)
            );
        }
        u64::from(high) << 32 | u64::from(low)
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "rdtsc",
            bits: 64,
            nominal_hz: self.nominal_hz,
        }
    }
}
