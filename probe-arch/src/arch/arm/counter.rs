//! The generic timer's virtual counter where a program may read it, otherwise the system's clock.
//!
//! References:
//! - ARM ARM (DDI 0406) B8, "The Generic Timer": `CNTVCT`, `CNTFRQ`; an optional extension of ARMv7,
//!   part of ARMv8. The cycle counter (`PMCCNTR`) is closed to user mode.
//! - Linux, `drivers/clocksource/arm_arch_timer.c`: user mode may read the virtual counter; the event
//!   stream, whose bit is in `AT_HWCAP`, is started where the timer is driven. Without that bit the read
//!   could be undefined and is not tried.
//!
//! `mrrc` is not in ARMv4T, so it is given as a word. Before ARMv7 no counter is open to a program, and
//! the measuring primitive (the difference of two bodies) does with the clock of the system.

use super::identity::Features;
use super::trap::barrier;
use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// The counter, or another clock where there is none.
#[derive(Debug, Clone, Copy)]
pub enum Counter<T> {
    /// `CNTVCT`, and its frequency as the firmware states it.
    Virtual(Option<u64>),
    /// Another.
    Other(T),
}

/// The virtual counter or the operating system's clock.
#[cfg(all(feature = "os", unix))]
pub type DefaultTicks = Counter<crate::os::MonotonicClock>;

/// The virtual counter. Without an operating system there is nobody to say that it is there: bring a
/// counter ([`crate::Native::with`]).
#[cfg(not(all(feature = "os", unix)))]
pub type DefaultTicks = Counter<core::convert::Infallible>;

impl<T: Default> Default for Counter<T> {
    fn default() -> Self {
        let features = Features::detect();
        if features.counter {
            let hz = u64::from(frequency(&features));
            Counter::Virtual((hz != 0).then_some(hz))
        } else {
            Counter::Other(T::default())
        }
    }
}

/// `CNTFRQ` in hertz; 0 where it may not be read.
pub(super) fn frequency(features: &Features) -> u32 {
    if !features.counter {
        return 0;
    }
    let hz;
    // SAFETY: the system has opened the counter, and its frequency with it.
    unsafe {
        asm!("mrc p15, 0, {hz}, c14, c0, 0", hz = out(reg) hz, options(nomem, nostack, preserves_flags));
    }
    hz
}

/// Reads `CNTVCT`.
///
/// # Safety
/// The system must have opened the counter to the program.
#[inline(always)]
unsafe fn virtual_count() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: the caller vouches for the counter; where it is, the version is at least 7, which has the
    // barriers. Not marked `nomem`, so that the compiler moves no access to memory across the read.
    unsafe {
        barrier();
        asm!(
            ".inst 0xec510f1e", // mrrc p15, 1, r0, r1, c14
            out("r0") low,
            out("r1") high,
            options(nostack, preserves_flags)
        );
        barrier();
    }
    u64::from(high) << 32 | u64::from(low)
}

impl<T: Ticks> Ticks for Counter<T> {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        match self {
            // SAFETY: only made where the system has opened the counter.
            Counter::Virtual(_) => unsafe { virtual_count() },
            Counter::Other(other) => other.now(),
        }
    }

    fn info(&self) -> CounterInfo {
        match self {
            Counter::Virtual(nominal_hz) => CounterInfo {
                source: "cntvct",
                bits: 64,
                nominal_hz: *nominal_hz,
            },
            Counter::Other(other) => other.info(),
        }
    }
}
