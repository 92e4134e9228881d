//! Sizes of memory as people write them.

pub use probe_chart::scale::human;
use probe_core::plan::{MAX_ARENA, MIN_ARENA};
use std::fmt;
use std::str::FromStr;

/// Bytes of an arena, [`MIN_ARENA`] to [`MAX_ARENA`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u32);

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

impl Size {
    /// The largest.
    pub const MAX: Size = Size(MAX_ARENA);

    /// `bytes`, or the nearest that may be.
    pub fn clamped(bytes: u64) -> Self {
        Size(bytes.clamp(MIN_ARENA.into(), MAX_ARENA.into()) as u32)
    }

    /// Bytes.
    pub fn bytes(self) -> u32 {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let trimmed = text
            .strip_suffix("iB")
            .or(text.strip_suffix('B'))
            .unwrap_or(text);
        let (number, unit) = match trimmed.char_indices().last() {
            Some((at, 'k' | 'K')) => (&trimmed[..at], KIB),
            Some((at, 'm' | 'M')) => (&trimmed[..at], MIB),
            _ => (trimmed, 1),
        };
        number
            .parse::<u32>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .filter(|bytes| (MIN_ARENA..=MAX_ARENA).contains(bytes))
            .map(Size)
            .ok_or_else(|| format!("`{text}` is no size from 64K to 64M, such as 256K or 4M"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&human(u64::from(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, bytes) in [
            ("64K", 65_536),
            ("64k", 65_536),
            ("4M", 4 << 20),
            ("4MiB", 4 << 20),
            ("64MB", 64 << 20),
            ("131072", 131_072),
        ] {
            assert_eq!(text.parse::<Size>().map(Size::bytes), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "K",
            "63K",
            "65M",
            "4G",
            "-4M",
            "4.5M",
            "4 M",
            "99999999M",
            "4é",
        ] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
