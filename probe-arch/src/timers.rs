//! Timer chips as counters, for processors that have none: the 8254 of a PC before the Pentium, the CIA
//! of an Amiga, the VIA of a Macintosh, the MFP of an Atari.
//!
//! The chip's registers are reached in as many ways as there are systems (ports, memory, a driver), so
//! that part is a hook: [`Countdown`] is what a firmware or a system implements, [`Timer`] makes a
//! [`Ticks`] of it.
//!
//! References:
//! - Intel, "8254 Programmable Interval Timer" data sheet, counter latch command.
//! - MOS Technology, "6526 Complex Interface Adapter" data sheet, timers A and B (B counting
//!   underflows of A).
//! - Rockwell, "R6522 Versatile Interface Adapter" data sheet, timer 1 free-running mode.
//! - Motorola, "MC68901 Multi-Function Peripheral" data sheet, delay mode.

use probe_core::ticks::{CounterInfo, Ticks};

/// Input of a PC's 8254: a third of 3.579545 MHz, 1,193,181.67 Hz.
pub const PIT_HZ: u64 = 1_193_182;
/// Input of an Amiga's CIA, PAL: a tenth of the processor clock (Commodore, "Amiga Hardware Reference
/// Manual", appendix F).
pub const CIA_PAL_HZ: u64 = 709_379;
/// The same, NTSC.
pub const CIA_NTSC_HZ: u64 = 715_909;
/// Input of a Macintosh's VIA: 15.6672 MHz / 20 (Apple, "Guide to the Macintosh Family Hardware").
pub const VIA_HZ: u64 = 783_360;
/// Crystal of an Atari's MFP, before its prescaler.
pub const MFP_HZ: u64 = 2_457_600;

/// A timer that counts down to 0, starts again from its period, and has its turns counted: by a second
/// timer chained to the first, or by the interrupt that each turn raises.
pub trait Countdown {
    /// Turns so far, wrapping.
    fn turns(&mut self) -> u32;

    /// The count, latched if the chip can: `period - 1` down to 0.
    fn count(&mut self) -> u32;
}

/// A [`Countdown`] as a counter that counts up.
#[derive(Debug, Clone)]
pub struct Timer<C> {
    chip: C,
    period: u32,
    bits: u8,
    source: &'static str,
    hz: u64,
}

impl<C: Countdown> Timer<C> {
    /// A counter on `chip`, which counts `2^period_bits` ticks (1 to 16 bits) a turn at `hz`. `source`
    /// names it on the wire, at most 16 ASCII bytes: `"pit"`, `"cia"`, `"via"` …
    ///
    /// Periods are powers of two, as the chips reload by themselves, so that the counter's width is
    /// whole: 32 bits for the turns, and the period's.
    pub fn new(chip: C, period_bits: u8, source: &'static str, hz: u64) -> Self {
        let period_bits = period_bits.clamp(1, 16);
        Timer {
            chip,
            period: 1 << period_bits,
            bits: 32 + period_bits,
            source,
            hz,
        }
    }
}

impl<C: Countdown> Ticks for Timer<C> {
    /// Reads turns, count, turns until both turns agree: a count that was read beside another turn
    /// would be off by a whole period.
    fn now(&mut self) -> u64 {
        let mut turns = self.chip.turns();
        loop {
            let count = self.chip.count().min(self.period - 1);
            let again = self.chip.turns();
            if again == turns {
                let elapsed = self.period - 1 - count;
                return u64::from(turns) * u64::from(self.period) + u64::from(elapsed);
            }
            turns = again;
        }
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: self.source,
            bits: self.bits,
            nominal_hz: Some(self.hz),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A chip on which time passes with every access.
    struct Chip {
        time: u64,
        period: u64,
        /// Ticks that pass at each access, round and round.
        steps: [u64; 5],
        at: usize,
    }

    impl Chip {
        fn pass(&mut self) {
            self.time += self.steps[self.at % self.steps.len()];
            self.at += 1;
        }
    }

    impl Countdown for &mut Chip {
        fn turns(&mut self) -> u32 {
            self.pass();
            (self.time / self.period) as u32
        }

        fn count(&mut self) -> u32 {
            self.pass();
            (self.period - 1 - self.time % self.period) as u32
        }
    }

    proptest! {
        #[test]
        fn a_reading_lies_between_before_and_after(
            start in 0u64..1 << 40,
            bits in 8u8..=16,
            steps in proptest::array::uniform5(0u64..100),
        ) {
            let mut chip = Chip { time: start, period: 1 << bits, steps, at: 0 };
            let read = Timer::new(&mut chip, bits, "chip", PIT_HZ).now();
            let (before, after) = (start, chip.time);
            let width = (1u64 << (32 + bits)) - 1;
            prop_assert!(before & width <= read || after & width < before & width);
            prop_assert!(read <= after & width || after & width < before & width);
        }

        #[test]
        fn readings_never_go_back(
            bits in 8u8..=16,
            steps in proptest::array::uniform5(1u64..60),
        ) {
            let mut chip = Chip { time: 0, period: 1 << bits, steps, at: 0 };
            let mut timer = Timer::new(&mut chip, bits, "chip", CIA_PAL_HZ);
            let mut last = timer.now();
            for _ in 0..2_000 {
                let now = timer.now();
                prop_assert!(now > last);
                last = now;
            }
        }
    }

    #[test]
    fn a_wrap_of_all_turns_is_one_step() {
        let mut chip = Chip {
            time: (1 << 48) - 2,
            period: 1 << 16,
            steps: [0, 0, 0, 0, 0],
            at: 0,
        };
        let before = Timer::new(&mut chip, 16, "chip", VIA_HZ).now();
        chip.time += 5;
        let mut timer = Timer::new(&mut chip, 16, "chip", VIA_HZ);
        let after = timer.now();
        assert_eq!(timer.between(before, after), 5);
    }
}
