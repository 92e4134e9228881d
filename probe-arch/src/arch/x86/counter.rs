//! The time stamp counter where there is one, otherwise another clock.
//!
//! References:
//! - Intel SDM volume 2, `RDTSC`, `LFENCE`, `CPUID`; volume 3, "Time-Stamp Counter", "Serializing
//!   Instructions".
//! - Intel, "Using the RDTSC Instruction for Performance Monitoring" (1997): `CPUID` before `RDTSC`, so
//!   that the Pentium Pro reads after everything before it is done.
//! - AMD APM volume 3, `RDTSC`, `LFENCE`.
//!
//! With SSE2 the counter is read between two fences, as on x86-64. Without it, `CPUID` goes before the
//! read: the only instruction that a program may execute to wait for all others. What starts early behind
//! the read is as much in every measurement, and the difference of two bodies takes it off. The 386, the
//! 486 and some of their imitators have no counter at all.

use super::identity::{cpuid, Cpuid, Features};
use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// The leaf that states the ratio of the counter to the crystal, and the crystal's frequency.
const LEAF_TSC: u32 = 0x15;

/// The counter, or another clock where there is none.
#[derive(Debug, Clone, Copy)]
pub enum Counter<T> {
    /// The time stamp counter between fences, and its frequency as the processor states it.
    Fenced(Option<u64>),
    /// The time stamp counter behind `CPUID`.
    Serialised(Cpuid),
    /// Another.
    Other(T),
}

/// The time stamp counter or the operating system's clock.
#[cfg(all(feature = "os", unix))]
pub type DefaultTicks = Counter<crate::os::MonotonicClock>;

/// The time stamp counter. There may be none: ask [`Counter::hardware`], and bring another
/// ([`crate::Native::with`]).
#[cfg(not(all(feature = "os", unix)))]
pub type DefaultTicks = Counter<core::convert::Infallible>;

impl<T> Counter<T> {
    /// The processor's own counter; `None` where it has none.
    pub fn hardware() -> Option<Self> {
        let features = Features::detect();
        let leaves = features.cpuid.filter(|_| features.tsc)?;
        if !features.sse2 {
            return Some(Counter::Serialised(leaves));
        }
        let leaf = leaves.basic(LEAF_TSC);
        // Zero in any of the three means "not stated".
        let hz = (u64::from(leaf.ecx) * u64::from(leaf.ebx))
            .checked_div(u64::from(leaf.eax))
            .filter(|&hz| hz != 0);
        Some(Counter::Fenced(hz))
    }
}

impl<T: Default> Default for Counter<T> {
    fn default() -> Self {
        Counter::hardware().unwrap_or_else(|| Counter::Other(T::default()))
    }
}

/// Reads the counter after `$before`, and executes `$after`.
macro_rules! read {
    ($before:literal, $after:literal) => {{
        let (low, high): (u32, u32);
        asm!(
            $before,
            "rdtsc",
            $after,
            out("eax") low,
            out("edx") high,
            options(nostack, preserves_flags)
        );
        u64::from(high) << 32 | u64::from(low)
    }};
}

impl<T: Ticks> Ticks for Counter<T> {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        match self {
            // SAFETY: reads a register pair; there are a counter and SSE2's fence, or the value would not
            // have been made. Not marked `nomem`, so that the compiler moves no access to memory across
            // the read.
            Counter::Fenced(_) => unsafe { read!("lfence", "lfence") },
            Counter::Serialised(there) => {
                cpuid(*there, 0, 0);
                // SAFETY: as above, without the fence.
                unsafe { read!("", "") }
            }
            Counter::Other(other) => other.now(),
        }
    }

    fn info(&self) -> CounterInfo {
        let hardware = |nominal_hz| CounterInfo {
            source: "rdtsc",
            bits: 64,
            nominal_hz,
        };
        match self {
            Counter::Fenced(nominal_hz) => hardware(*nominal_hz),
            Counter::Serialised(_) => hardware(None),
            Counter::Other(other) => other.info(),
        }
    }
}
