//! Text for the screen: wrapped, and times as people say them.

use std::time::Duration;

/// Seconds in a minute, an hour, a day.
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A time in its two largest units.
pub fn span(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..MINUTE => format!("{s} s"),
        MINUTE..HOUR => format!("{} min {:02} s", s / MINUTE, s % MINUTE),
        HOUR..DAY => format!("{} h {:02} min", s / HOUR, s % HOUR / MINUTE),
        _ => format!("{} d {:02} h", s / DAY, s % DAY / HOUR),
    }
}

/// How long ago, in one unit: lists of them should stay calm.
pub fn ago(time: Duration) -> String {
    let s = time.as_secs();
    match s {
        0..MINUTE => format!("{s} s"),
        MINUTE..HOUR => format!("{} min", s / MINUTE),
        HOUR..DAY => format!("{} h", s / HOUR),
        _ => format!("{} d", s / DAY),
    }
}

/// What stands between parts of a line.
pub const BETWEEN: &str = "   ";

/// Shortest form of an id that still tells it from others, characters.
const SHORTEST: usize = 12;

/// An id with its middle left out where it is longer than `width`.
pub fn shortened(id: &str, width: usize) -> String {
    let width = width.max(SHORTEST);
    let length = id.chars().count();
    if length <= width {
        return id.to_owned();
    }
    let (head, tail) = ((width - 2).div_ceil(2), (width - 2) / 2);
    let head: String = id.chars().take(head).collect();
    let tail: String = id.chars().skip(length - tail).collect();
    format!("{head}..{tail}")
}

/// As many of the parts as fit into `width`, the first ones first.
pub fn fitting(parts: &[String], width: usize) -> String {
    let mut line = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let between = if line.is_empty() { "" } else { BETWEEN };
        if line.chars().count() + between.len() + part.chars().count() > width && !line.is_empty() {
            break;
        }
        line += between;
        line += part;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_say_them() {
        let said = [0, 59, 60, 3599, 3600, 90_061].map(|s| span(Duration::from_secs(s)));
        let right = [
            "0 s",
            "59 s",
            "1 min 00 s",
            "59 min 59 s",
            "1 h 00 min",
            "1 d 01 h",
        ];
        assert_eq!(said, right);
        assert_eq!(ago(Duration::from_secs(7300)), "2 h");
    }

    #[test]
    fn a_long_id_keeps_its_ends() {
        assert_eq!(shortened("RTC0123456789abcdef", 14), "RTC012..abcdef");
        assert_eq!(shortened("RTC0123456789abcdef", 13), "RTC012..bcdef");
        assert_eq!(shortened("RTC0123456789abcdef", 0), "RTC01..bcdef");
        assert_eq!(shortened("founder", 3), "founder");
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let parts = ["one".into(), String::new(), "two".into(), "three".into()];
        assert_eq!(fitting(&parts, 9), "one   two");
        assert_eq!(fitting(&parts, 8), "one");
        assert_eq!(fitting(&parts, 1), "one");
    }
}
