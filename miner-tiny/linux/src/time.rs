//! The system's clock, and sleep.

use crate::kernel::call;
use crate::Errno;
use core::mem::MaybeUninit;
use linux_raw_sys::general as linux;
use probe_core::ticks::{Clock, CounterInfo, Ticks};

const NANOSECONDS: u64 = 1_000_000_000;

/// `struct timespec` of the oldest calls: two words.
#[repr(C)]
struct TimeSpec {
    seconds: usize,
    nanoseconds: usize,
}

/// Which clock there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// `clock_gettime` of a clock of this number.
    Clock(u32),
    /// `gettimeofday`, which may be set back.
    TimeOfDay,
}

/// The system's monotonic clock that nobody slews: `CLOCK_MONOTONIC_RAW` (Linux 2.6.28), else
/// `CLOCK_MONOTONIC` (2.6), else the time of day, which is not followed when it is set back.
///
/// As a [`Clock`], the independent clock beside a hardware counter. As [`Ticks`], the counter of machines that
/// have no other; its tick is a nanosecond whatever its resolution. Every reading is a system call, some
/// hundred nanoseconds to some microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Monotonic {
    source: Source,
    /// The last reading: seconds, nanoseconds.
    last: (u64, u32),
}

impl Default for Monotonic {
    /// Looks for the best clock that this kernel has.
    fn default() -> Self {
        let clocks = [linux::CLOCK_MONOTONIC_RAW, linux::CLOCK_MONOTONIC];
        let source = clocks.map(Source::Clock).into_iter().find_map(|source| {
            read(source).ok()?;
            Some(source)
        });
        Monotonic {
            source: source.unwrap_or(Source::TimeOfDay),
            last: (0, 0),
        }
    }
}

impl Monotonic {
    /// Seconds, and nanoseconds below a second; never less than before.
    fn read(&mut self) -> (u64, u32) {
        // A clock that was found answers.
        if let Ok(now) = read(self.source) {
            self.last = self.last.max(now);
        }
        self.last
    }

    /// Milliseconds since an arbitrary start.
    pub fn now_ms(&mut self) -> u64 {
        let (seconds, nanoseconds) = self.read();
        seconds * 1_000 + u64::from(nanoseconds / 1_000_000)
    }
}

fn read(source: Source) -> Result<(u64, u32), Errno> {
    match source {
        Source::Clock(number) => {
            let mut time = TimeSpec {
                seconds: 0,
                nanoseconds: 0,
            };
            // SAFETY: writes one `timespec`.
            unsafe { call!(linux::__NR_clock_gettime, number, &raw mut time) }?;
            Ok((time.seconds as u64, time.nanoseconds as u32))
        }
        Source::TimeOfDay => {
            let mut time = MaybeUninit::<linux::__kernel_old_timeval>::zeroed();
            // SAFETY: writes one `timeval`, which the kernel has then filled.
            let time = unsafe {
                call!(linux::__NR_gettimeofday, time.as_mut_ptr(), 0)?;
                time.assume_init()
            };
            Ok((time.tv_sec as u64, time.tv_usec as u32 * 1_000))
        }
    }
}

impl Clock for Monotonic {
    // One copy, not one in every timing window: a call is nothing beside a system call.
    #[inline(never)]
    fn now_ns(&mut self) -> u64 {
        let (seconds, nanoseconds) = self.read();
        seconds * NANOSECONDS + u64::from(nanoseconds)
    }
}

impl Ticks for Monotonic {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        self.now_ns()
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "os-monotonic",
            bits: 64,
            // A nanosecond of this clock is the system's estimate, not the hardware's statement.
            nominal_hz: None,
        }
    }
}

/// Longest sleep at once, seconds.
const LONGEST_SLEEP_S: u64 = 1 << 20;

/// Sleeps; a signal may end it early.
pub fn sleep_ms(ms: u64) {
    let seconds = (ms / 1_000).min(LONGEST_SLEEP_S);
    let time = TimeSpec {
        seconds: seconds as usize,
        nanoseconds: (ms % 1_000) as usize * 1_000_000,
    };
    // SAFETY: reads one `timespec`; what remains is not asked for.
    let _ = unsafe { call!(linux::__NR_nanosleep, &raw const time, 0) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::missing::without;

    #[test]
    fn the_clock_goes_forward() {
        let mut clock = Monotonic::default();
        assert_eq!(clock.source, Source::Clock(linux::CLOCK_MONOTONIC_RAW));
        let (before, before_ms) = (clock.now_ns(), clock.now_ms());
        sleep_ms(3);
        assert!(clock.now_ns() >= before + 3_000_000);
        assert!(clock.now_ms() >= before_ms + 2);
    }

    #[test]
    fn a_kernel_without_clocks_has_the_time_of_day() {
        without(&[linux::__NR_clock_gettime], || {
            let mut clock = Monotonic::default();
            assert_eq!(clock.source, Source::TimeOfDay);
            let now = std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap();
            let apart = i128::from(clock.now_ns()) - now.as_nanos() as i128;
            assert!(apart.abs() < 60_000_000_000, "{apart} ns apart");
        });
    }

    #[test]
    fn a_clock_that_was_set_back_is_not_followed() {
        let far = (u64::MAX / NANOSECONDS - 1, 7);
        let mut clock = Monotonic {
            source: Source::TimeOfDay,
            last: far,
        };
        assert_eq!(clock.read(), far);
        assert_eq!(clock.read(), far);
    }
}
