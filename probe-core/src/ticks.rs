//! The tick source: the one clock that a probe trusts, raw and uncalibrated.

/// A free-running counter.
///
/// Implementors give the raw value of one hardware counter (or, where a machine has none, of the
/// operating system's clock), never a value that somebody calibrated, and say honestly which it is.
pub trait Ticks {
    /// Reads the counter after every earlier instruction has finished, and before any later one
    /// starts. Unit: ticks. Wraps at `info().bits`.
    fn now(&mut self) -> u64;

    /// What is known of the counter without measuring it.
    fn info(&self) -> CounterInfo;

    /// Ticks from `earlier` to `later`, both read from this counter, allowing for one wrap.
    fn between(&self, earlier: u64, later: u64) -> u64 {
        later.wrapping_sub(earlier) & mask(self.info().bits)
    }
}

/// A second clock, independent of [`Ticks`] where the machine has one: the operating system's
/// monotonic clock, a real-time clock, a timer chip.
pub trait Clock {
    /// Nanoseconds since an arbitrary start; never goes back.
    fn now_ns(&mut self) -> u64;
}

/// What a counter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CounterInfo {
    /// Short name of the source, at most 16 ASCII bytes: `"rdtsc"`, `"mftb"`, `"os-monotonic"`.
    pub source: &'static str,
    /// Width in bits, 1 to 64.
    pub bits: u8,
    /// Frequency in hertz where the hardware states it (never where software estimated it).
    pub nominal_hz: Option<u64>,
}

/// A mask of the low `bits` bits.
pub const fn mask(bits: u8) -> u64 {
    if bits >= 64 {
        u64::MAX
    } else {
        (1 << bits) - 1
    }
}

/// The ticks since a start, over any number of the counter's rounds, as long as it is read at least
/// once in each: one of 32 bits goes round in 1.4 s at 3 GHz, and a probe takes longer.
#[derive(Debug, Clone, Copy)]
pub struct Elapsed {
    last: u64,
    ticks: u64,
}

impl Elapsed {
    /// Starts at the reading `start`.
    pub fn since(start: u64) -> Self {
        Elapsed {
            last: start,
            ticks: 0,
        }
    }

    /// Ticks from the start to the reading `now` of `counter`, which is not before the last one.
    pub fn at(&mut self, counter: &impl Ticks, now: u64) -> u64 {
        self.ticks = self.ticks.wrapping_add(counter.between(self.last, now));
        self.last = now;
        self.ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Narrow(u8);

    impl Ticks for Narrow {
        fn now(&mut self) -> u64 {
            0
        }

        fn info(&self) -> CounterInfo {
            CounterInfo {
                source: "narrow",
                bits: self.0,
                nominal_hz: None,
            }
        }
    }

    proptest! {
        #[test]
        fn elapsed_adds_up_over_rounds(
            bits in 8u8..=64,
            start: u64,
            steps in proptest::collection::vec(any::<u64>(), 0..40),
        ) {
            let counter = Narrow(bits);
            let mut elapsed = Elapsed::since(start & mask(bits));
            let mut truth = 0u64;
            for step in steps {
                truth = truth.wrapping_add(step & mask(bits));
                let reading = start.wrapping_add(truth) & mask(bits);
                prop_assert_eq!(elapsed.at(&counter, reading), truth);
            }
        }
    }
}
