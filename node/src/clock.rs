//! The node's time, which tests can set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The operating system.
    #[default]
    System,
    /// Whoever holds the number: milliseconds since 1970.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Milliseconds since 1970. The system's clock may be put back.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .ok()
                .and_then(|since| i64::try_from(since.as_millis()).ok())
                .unwrap_or(0),
            Clock::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Seconds since 1970.
    pub fn now_s(&self) -> i64 {
        self.now_ms() / 1_000
    }
}

/// The calendar year (UTC) of a time in milliseconds since 1970.
pub fn year(ms: i64) -> u16 {
    // Days to a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms"): years
    // begin in March, eras have 400 of them, 146,097 days.
    const DAY_MS: i64 = 86_400_000;
    const ERA_DAYS: i64 = 146_097;
    const DAYS_TO_MARCH_OF_YEAR_0: i64 = 719_468;
    let days = ms.div_euclid(DAY_MS) + DAYS_TO_MARCH_OF_YEAR_0;
    let (era, day) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // January and February, days 306 on, belong to the next civil year.
    let year = era * 400 + year_of_era + i64::from(day_of_year >= 306);
    u16::try_from(year).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_begin_in_january() {
        for (seconds, expected) in [
            (0, 1970),
            (951_782_399, 2000), // 28 February 2000
            (951_868_799, 2000), // 29 February 2000
            (978_307_199, 2000), // the last second
            (978_307_200, 2001),
            (1_764_706_927, 2025),
            (1_767_225_599, 2025),
            (1_767_225_600, 2026),
            (-1, 1969),
        ] {
            assert_eq!(year(seconds * 1_000), expected, "{seconds}");
        }
        let _ = (year(i64::MIN), year(i64::MAX));
    }
}
