//! How numbers, times and names are written on pages.

use percent_encoding::NON_ALPHANUMERIC;
pub use probe_chart::scale::grouped;
use std::time::{Duration, UNIX_EPOCH};

use crate::attest::WEIGHT_PLACES;
use crate::http::query::{query, Whole};
use crate::json::decimal;
use crate::ledger::{MICRO_PER_RTC, RTC_PLACES};
use crate::store::explorer;

/// Characters of a client's text that are shown, at most.
const TEXT_MAX: usize = 512;

/// A client's text as it may be shown: of a bounded length, without controls, and without the characters
/// that turn the direction of what follows (Unicode Technical Report 36, 2.2), which could make one name look
/// like another. Templates escape the rest.
pub fn tame(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    let mut out: String = text
        .chars()
        .take(TEXT_MAX)
        .map(|c| match c {
            // XML 1.0 has no characters for these two either.
            c if c.is_control() || turns(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
            c => c,
        })
        .collect();
    if text.chars().nth(TEXT_MAX).is_some() {
        out.push('…');
    }
    out
}

/// A name as HTML, escaped, with places where a long one may be broken: text browsers break at nothing else, and a
/// table would be as wide as the name.
pub fn breakable(name: &str) -> String {
    /// Letters between two such places.
    const PIECE: usize = 16;
    let mut out = String::new();
    for (at, c) in name.chars().enumerate() {
        if at > 0 && at % PIECE == 0 {
            out.push_str("<wbr>");
        }
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Text as a part of an address's query.
pub fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// µRTC as RTC, with all six places and the thousands apart.
pub fn rtc(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    let size = micro.unsigned_abs();
    let one = MICRO_PER_RTC.unsigned_abs();
    let places = RTC_PLACES as usize;
    format!("{sign}{}.{:0places$}", grouped(size / one), size % one)
}

/// A count, which is never below zero.
pub fn count(number: i64) -> String {
    grouped(u64::try_from(number).unwrap_or(0))
}

/// Weight units as a number: 1.0 is one machine of today.
pub fn weight(units: i64) -> String {
    // Python's way of writing exponents is for programs.
    decimal(units, WEIGHT_PLACES)
        .to_string()
        .replace("e-0", "e-")
}

/// Parts per million of a score as a number of three places.
pub fn score(ppm: Option<u32>) -> String {
    match ppm {
        Some(ppm) => format!("{:.3}", f64::from(ppm) / 1e6),
        None => "nothing speaks about it".into(),
    }
}

/// The instant of a time in milliseconds since 1970.
pub fn instant(ms: i64) -> std::time::SystemTime {
    /// Past this, 9999-12-31, dates have no form in RFC 3339.
    const LAST_MS: u64 = 253_402_300_799_000;
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or(0).min(LAST_MS))
}

/// A time as people read it: `2026-11-21 21:50:33 UTC`.
pub fn time(ms: i64) -> String {
    let text = rfc3339(ms);
    text.replace('T', " ").replace('Z', " UTC")
}

/// A day: `2026-11-21`.
pub fn day(ms: i64) -> String {
    rfc3339(ms).chars().take(10).collect()
}

/// A time as Atom has it (RFC 3339).
pub fn rfc3339(ms: i64) -> String {
    humantime::format_rfc3339_seconds(instant(ms)).to_string()
}

/// A time as RSS has it (RFC 822, with four digits of the year).
pub fn rfc822(ms: i64) -> String {
    httpdate::fmt_http_date(instant(ms))
}

/// How long ago, roughly.
pub fn ago(ms: i64, now_ms: i64) -> String {
    match span((now_ms - ms).max(0) / 1_000).as_str() {
        "0 s" => "now".into(),
        span => format!("{span} ago"),
    }
}

/// A number of seconds in the largest unit of which there are two at least.
pub fn span(seconds: i64) -> String {
    match seconds {
        s if s < 120 => format!("{s} s"),
        s if s < 7_200 => format!("{} min", s / 60),
        s if s < 172_800 => format!("{} h", s / 3_600),
        s if s < 63_072_000 => format!("{} days", s / 86_400),
        s => format!("{} years", s / 31_557_600),
    }
}

/// What an epoch paid a machine, in words.
pub struct Reward {
    /// The epoch.
    pub epoch: i64,
    /// When it was booked.
    pub time: String,
    /// How much.
    pub amount: String,
}

/// Rewards in a table.
pub fn rewards(rewards: &[explorer::Reward]) -> Vec<Reward> {
    let lines = rewards.iter().map(|reward| Reward {
        epoch: reward.epoch,
        time: time(reward.at_ms),
        amount: rtc(reward.amount),
    });
    lines.collect()
}

/// The address `link` with one more parameter.
fn with(link: &str, parameter: &str) -> String {
    let joint = if link.contains('?') { '&' } else { '?' };
    format!("{link}{joint}{parameter}")
}

/// The address of the JSON of page `page`, from 1, with `each` entries, of a list whose endpoint is at `link`.
pub fn json_page(link: &str, page: i64, each: i64) -> String {
    with(link, &format!("limit={each}&offset={}", (page - 1) * each))
}

query! {
    /// Which page of a long list is asked for.
    Turned {
        /// Page, from 1.
        page: Whole<1, PAGES_MAX, 1>,
    }
}

impl Turned {
    /// Its number.
    pub fn number(&self) -> i64 {
        self.page.0
    }
}

/// The places of a long list, and how one gets from page to page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The first entry shown, from 1; 0 where there is none.
    pub first: i64,
    /// The last one shown.
    pub last: i64,
    /// All.
    pub total: i64,
    /// The page before this one.
    pub before: Option<String>,
    /// The page after it.
    pub after: Option<String>,
}

/// Pages that a list has, at most: nobody turns so many, and each costs the steps up to it.
pub const PAGES_MAX: i64 = 2_000;

impl Pages {
    /// Of page `page`, from 1, of a list of `total` with `each` on a page and `here` on this one. `link` is the
    /// address of this list, to which the page's number is added.
    pub fn of(page: i64, each: i64, here: usize, total: i64, link: &str) -> Self {
        let here = i64::try_from(here).unwrap_or(each);
        let offset = (page - 1) * each;
        let to = |page: i64| with(link, &format!("page={page}"));
        Pages {
            first: if here == 0 { 0 } else { offset + 1 },
            last: offset + here,
            total,
            before: (page > 1).then(|| to(page - 1)),
            after: (offset + here < total && here > 0 && page < PAGES_MAX).then(|| to(page + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_times_as_people_read_them() {
        assert_eq!(rtc(1_234_500_000), "1,234.500000");
        assert_eq!(rtc(-1), "-0.000001");
        assert_eq!(weight(2_500_000_000), "2.5");
        assert_eq!(weight(1), "1e-9");
        assert_eq!(time(1_800_000_000_000), "2027-01-15 08:00:00 UTC");
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(rfc822(1_800_000_000_000), "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(ago(0, 90_000), "90 s ago");
        assert_eq!(span(86_400 * 3), "3 days");
    }

    #[test]
    fn pages_know_their_neighbours() {
        let middle = Pages::of(2, 50, 50, 120, "/list?a=b");
        assert_eq!((middle.first, middle.last), (51, 100));
        assert_eq!(middle.before.as_deref(), Some("/list?a=b&page=1"));
        assert_eq!(middle.after.as_deref(), Some("/list?a=b&page=3"));
        let last = Pages::of(3, 50, 20, 120, "/list");
        assert_eq!((last.last, last.after), (120, None));
        assert_eq!(json_page("/list", 1, 50), "/list?limit=50&offset=0");
        assert_eq!(json_page("/l?a=b", 3, 50), "/l?a=b&limit=50&offset=100");
        let behind = Pages::of(9, 50, 0, 120, "/list");
        assert_eq!((behind.first, behind.after), (0, None));
    }

    #[test]
    fn long_names_can_be_broken_and_say_nothing_else() {
        assert_eq!(breakable("short"), "short");
        assert_eq!(
            breakable(&"x".repeat(17)),
            format!("{}<wbr>x", "x".repeat(16))
        );
        assert_eq!(breakable("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
    }

    proptest! {
        #[test]
        fn tamed_text_is_short_and_has_no_controls(text in ".{0,700}") {
            let tamed = tame(&text);
            prop_assert!(tamed.chars().count() <= TEXT_MAX + 1);
            let harmful = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            let harmed = tamed.chars().any(harmful);
            prop_assert!(!harmed);
        }

        #[test]
        fn every_time_has_a_text(ms in proptest::num::i64::ANY) {
            prop_assert!(time(ms).ends_with(" UTC"));
        }
    }
}
