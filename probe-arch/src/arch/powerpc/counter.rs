//! The time base, and the real-time clock of the 601.
//!
//! References:
//! - PEM, "Time Base Facility" (book II): `mftb`, `mftbu`, readable in user mode, 64 bits, at a rate
//!   that the system decides (a quarter of the bus clock on the 603 to the 7457, 33.3 MHz on the
//!   970, 512 MHz on POWER6 and later). Why the upper half is read twice on 32 bits: a carry may
//!   fall between the halves.
//! - Motorola, "PowerPC 601 RISC Microprocessor User's Manual", "Real-Time Clock": the 601 has no
//!   time base but RTCU (seconds) and RTCL (nanoseconds, 0 to 999,999,999, in steps of 128), read
//!   by `mfspr` 4 and 5 in user mode.
//! - IBM, "Cell Broadband Engine Programming Handbook", time base: a read of the time base may find
//!   the lower word 0 while the upper is still old; a second read is right.
//! - Power ISA book II, "Instruction Synchronize": all earlier instructions have completed before
//!   an `isync` ends, and nothing later has begun.

use super::identity;
use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// PVR version of the only processor with a real-time clock.
const VERSION_601: u16 = 0x0001;
/// Nanoseconds in a second.
const SECOND: u64 = 1_000_000_000;

/// The time base, read between two `isync`.
#[derive(Debug, Clone, Copy)]
pub struct TimeBase {
    real_time_clock: bool,
}

impl TimeBase {
    /// Takes up the counter: the real-time clock on a 601, the time base on every other.
    pub fn new() -> Self {
        let real_time_clock = identity::version() == Some(VERSION_601);
        TimeBase { real_time_clock }
    }
}

impl Default for TimeBase {
    fn default() -> Self {
        TimeBase::new()
    }
}

impl Ticks for TimeBase {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        if self.real_time_clock {
            real_time_clock()
        } else {
            time_base()
        }
    }

    fn info(&self) -> CounterInfo {
        if self.real_time_clock {
            CounterInfo {
                source: "rtc601",
                bits: 64,
                // By definition; it steps by 128.
                nominal_hz: Some(SECOND),
            }
        } else {
            CounterInfo {
                source: "mftb",
                bits: 64,
                // The board's: firmware knows it, the processor does not.
                nominal_hz: None,
            }
        }
    }
}

#[cfg(target_pointer_width = "32")]
#[inline(always)]
fn time_base() -> u64 {
    let (high, low): (u32, u32);
    // SAFETY: reads the time base into the registers named. Not marked `nomem`, so that the compiler
    // moves no access to memory across the read.
    unsafe {
        asm!(
            "isync",
            "2:",
            "mftbu {high}",
            "mftb {low}",
            "mftbu {again}",
            "cmpw {high}, {again}",
            "bne- 2b",
            "isync",
            high = out(reg) high,
            low = out(reg) low,
            again = out(reg) _,
            out("cr0") _,
            options(nostack)
        );
    }
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(target_pointer_width = "64")]
#[inline(always)]
fn time_base() -> u64 {
    let now: u64;
    // SAFETY: reads the time base into the register named; reads again while the lower word is 0,
    // which it is for one tick in 2^32. Not marked `nomem`, as above.
    unsafe {
        asm!(
            "isync",
            "2:",
            "mftb {now}",
            "cmpwi {now}, 0",
            "beq- 2b",
            "isync",
            now = out(reg) now,
            out("cr0") _,
            options(nostack)
        );
    }
    now
}

/// Nanoseconds by the clock of the 601.
#[cold]
fn real_time_clock() -> u64 {
    let (seconds, nanoseconds): (usize, usize);
    // SAFETY: reads the two registers, which a 601 lets every program read.
    unsafe {
        asm!(
            "isync",
            "2:",
            "mfspr {high}, 4",
            "mfspr {low}, 5",
            "mfspr {again}, 4",
            "cmpw {high}, {again}",
            "bne- 2b",
            "isync",
            high = out(reg) seconds,
            low = out(reg) nanoseconds,
            again = out(reg) _,
            out("cr0") _,
            options(nostack)
        );
    }
    seconds as u64 * SECOND + nanoseconds as u64
}
