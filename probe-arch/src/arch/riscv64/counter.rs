//! The real-time counter.
//!
//! References:
//! - Unprivileged Architecture, "Zicntr": `RDTIME` reads wall-clock time of a constant frequency that the
//!   platform chooses (1 to 50 MHz on the boards there are), readable in user mode. `RDCYCLE` and
//!   `RDINSTRET` are not used: Linux has closed both to programs since 6.6.
//! - SiFive and others do not implement the register: the read traps to the firmware, which answers it, so
//!   that one read may take microseconds. The difference of two bodies cancels it.
//! - Unprivileged Architecture, "FENCE": orders memory, not execution; there is no barrier for execution in
//!   user mode. Reads of these registers are kept in program order with what went before on all cores known
//!   to us, because they go through the pipeline alone.

use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// The `time` register, read between two fences.
#[derive(Debug, Clone, Copy, Default)]
pub struct Time;

impl Time {
    /// Takes up the counter. Its frequency is in the device tree alone: not stated.
    pub const fn new() -> Self {
        Time
    }
}

impl Ticks for Time {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        let now;
        // SAFETY: reads a register that user mode may read. Not marked `nomem`, so that the compiler moves
        // no access to memory across the read.
        unsafe {
            asm!(
                "fence",
                "rdtime {now}",
                "fence",
                now = out(reg) now,
                options(nostack, preserves_flags)
            );
        }
        now
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "rdtime",
            bits: 64,
            nominal_hz: None,
        }
    }
}
