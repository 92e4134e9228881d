//! The timer: counter 0 of the 8254, which goes round 18 times a second, and its interrupt, which counts that.
//!
//! Reference: Intel, "8254 Programmable Interval Timer" (231164), mode 2 and the counter latch command; "8259A
//! Programmable Interrupt Controller" (231468), initialisation command words.

use crate::ports;
use core::sync::atomic::{AtomicU32, Ordering};
use probe_arch::timers::{Countdown, Timer, PIT_HZ};
use probe_core::ticks::{Clock, Ticks};

/// Ports of the timer, and of the two interrupt controllers: commands, then masks.
const COUNTER_0: u16 = 0x40;
const CONTROL: u16 = 0x43;
const MASTER: [u16; 2] = [0x20, 0x21];
const SLAVE: [u16; 2] = [0xa0, 0xa1];

/// Counter 0, both bytes, mode 2: down from 65,536 and again.
const ROUND_AND_ROUND: u8 = 0x34;
/// Counter 0 is to hold what it has for reading.
const LATCH: u8 = 0x00;

/// The first of the sixteen vectors of interrupts: after those of exceptions.
pub const FIRST_VECTOR: u8 = 32;
/// Initialisation: edges, two controllers, a fourth word follows; the slave is on line 2; 8086 mode.
const BEGIN: u8 = 0x11;
const ON_LINE_2: [u8; 2] = [1 << 2, 2];
const MODE_8086: u8 = 0x01;
/// All lines but the timer's are shut.
const MASKS: [u8; 2] = [0xfe, 0xff];

/// Bits of the period.
const PERIOD_BITS: u8 = 16;

/// Times that the interrupt came. [`crate`]'s interrupt handler adds to it, by this name.
#[no_mangle]
pub static VERDIGRIS_PC_TURNS: AtomicU32 = AtomicU32::new(0);

/// The interrupts and the count at the last reading.
static LAST_TURNS: AtomicU32 = AtomicU32::new(0);
static LAST_COUNT: AtomicU32 = AtomicU32::new(0);
/// Turns that were seen in the count and whose interrupt has not come yet.
static AHEAD: AtomicU32 = AtomicU32::new(0);

/// Starts the timer and opens its interrupt; the caller lets interrupts come.
///
/// # Safety
/// The program must have the machine's ports to itself.
pub unsafe fn start() {
    let write = |port, byte| {
        // SAFETY: neither chip has a way to memory; the caller has the ports.
        unsafe { ports::write(port, byte) };
    };
    for (which, controller) in [MASTER, SLAVE].into_iter().enumerate() {
        write(controller[0], BEGIN);
        write(controller[1], FIRST_VECTOR + 8 * which as u8);
        write(controller[1], ON_LINE_2[which]);
        write(controller[1], MODE_8086);
        write(controller[1], MASKS[which]);
    }
    write(CONTROL, ROUND_AND_ROUND);
    write(COUNTER_0, 0);
    write(COUNTER_0, 0);
}

/// The chip. It is one and the same, whoever reads it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chip;

impl Chip {
    /// Takes the interrupts that have come since into account.
    fn settle(&self) -> bool {
        let turns = VERDIGRIS_PC_TURNS.load(Ordering::Relaxed);
        let more = turns.wrapping_sub(LAST_TURNS.load(Ordering::Relaxed));
        let ahead = AHEAD.load(Ordering::Relaxed);
        LAST_TURNS.store(turns, Ordering::Relaxed);
        AHEAD.store(ahead.saturating_sub(more), Ordering::Relaxed);
        more > ahead
    }
}

impl Countdown for Chip {
    fn turns(&mut self) -> u32 {
        if self.settle() {
            // The count may have gone up since: it says nothing.
            LAST_COUNT.store(u32::MAX, Ordering::Relaxed);
        }
        let turns = LAST_TURNS.load(Ordering::Relaxed);
        turns.wrapping_add(AHEAD.load(Ordering::Relaxed))
    }

    /// A count that is higher than the last one without an interrupt between them has gone round, and its interrupt is late:
    /// the turn counts at once, or the clock would go back.
    fn count(&mut self) -> u32 {
        // SAFETY: the chip has no way to memory, and there is one thread.
        let raw = unsafe {
            ports::write(CONTROL, LATCH);
            let low = ports::read(COUNTER_0);
            u16::from_le_bytes([low, ports::read(COUNTER_0)])
        };
        // From 65,536, which is written 0, down to 1.
        let count = u32::from(raw.wrapping_sub(1));
        let turned = self.settle();
        if !turned && count > LAST_COUNT.load(Ordering::Relaxed) {
            AHEAD.store(AHEAD.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
        LAST_COUNT.store(count, Ordering::Relaxed);
        count
    }
}

/// The timer as a counter.
pub fn counter() -> Timer<Chip> {
    Timer::new(Chip, PERIOD_BITS, "pit", PIT_HZ)
}

/// The timer as a clock.
#[derive(Debug, Clone)]
pub struct Chronometer(Timer<Chip>);

impl Default for Chronometer {
    fn default() -> Self {
        Chronometer(counter())
    }
}

impl Clock for Chronometer {
    fn now_ns(&mut self) -> u64 {
        let ticks = self.0.now();
        let whole = ticks / PIT_HZ * NANOSECONDS;
        whole + ticks % PIT_HZ * NANOSECONDS / PIT_HZ
    }
}

/// Nanoseconds of a second.
const NANOSECONDS: u64 = 1_000_000_000;
