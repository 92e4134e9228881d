//! The virtual counter of the generic timer.
//!
//! References:
//! - Arm ARM D12, "The Generic Timer in AArch64 state": `CNTVCT_EL0`, `CNTFRQ_EL0`. 1 to 50 MHz
//!   before Armv8.6, 1 GHz since. Reads may be speculative and out of order; an `ISB` before keeps
//!   them behind what came earlier.
//! - Linux, `Documentation/arch/arm64/booting.rst` and the vDSO: the virtual counter is readable
//!   from user mode; where an erratum forbids it the kernel answers the trapped read.
//!
//! The second `ISB` keeps later instructions behind the read, as `Ticks::now` promises.

use core::arch::asm;
use probe_core::ticks::{CounterInfo, Ticks};

/// The virtual counter, read between two barriers.
#[derive(Debug, Clone, Copy)]
pub struct VirtualCounter {
    nominal_hz: Option<u64>,
}

impl VirtualCounter {
    /// Takes up the counter, and reads its frequency once.
    pub fn new() -> Self {
        let hz = frequency();
        VirtualCounter {
            // Firmware that never wrote the register leaves 0: not stated.
            nominal_hz: (hz != 0).then_some(hz),
        }
    }
}

impl Default for VirtualCounter {
    fn default() -> Self {
        VirtualCounter::new()
    }
}

/// `CNTFRQ_EL0`: what the firmware says the counter's frequency is, in hertz.
pub(super) fn frequency() -> u64 {
    let hz: u64;
    // SAFETY: reads a register that is readable wherever the counter is.
    unsafe {
        asm!("mrs {hz}, cntfrq_el0", hz = out(reg) hz, options(nomem, nostack, preserves_flags));
    }
    hz & u64::from(u32::MAX)
}

impl Ticks for VirtualCounter {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        let now;
        // SAFETY: reads a register. Not marked `nomem`, so that the compiler moves no access to
        // memory across the read.
        unsafe {
            asm!(
                "isb",
                "mrs {now}, cntvct_el0",
                "isb",
                now = out(reg) now,
                options(nostack, preserves_flags)
            );
        }
        now
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "cntvct_el0",
            bits: 64,
            nominal_hz: self.nominal_hz,
        }
    }
}
