//! Hardware addresses: which are burnt into one unit.

use super::salt::{Field, Salt, Tag};

/// Addresses of one machine that are kept.
pub const MACS_MAX: usize = 8;

/// First octet, bit 0: a group, not a card; bit 1: given by software, not by the maker (IEEE 802, clause
/// 8.2). Randomised, container and many virtual addresses have it set.
const GROUP_OR_LOCAL: u8 = 0b11;

/// Makers whose addresses are of virtual cards, which a host with such software shows too, some with the
/// same number on every host (IEEE registry of OUI): VMware, Microsoft Hyper-V, VirtualBox, Parallels, Xen.
const VIRTUAL: [[u8; 3]; 7] = [
    [0x00, 0x05, 0x69],
    [0x00, 0x0c, 0x29],
    [0x00, 0x50, 0x56],
    [0x00, 0x15, 0x5d],
    [0x08, 0x00, 0x27],
    [0x00, 0x1c, 0x42],
    [0x00, 0x16, 0x3e],
];

/// What a driver or a client writes that has no address. (Xerox owns this block too.)
const NOBODY: [u8; 3] = [0; 3];

/// Reads the address of one unit's card, as the hash that is kept; `None` for what is no address, or one
/// that several machines can have.
pub fn read(text: &str, salt: &Salt) -> Option<Tag> {
    let octets = parse(text)?;
    let [a, b, c, ..] = octets;
    let unit = a & GROUP_OR_LOCAL == 0
        && !VIRTUAL.contains(&[a, b, c])
        && [a, b, c] != NOBODY
        && octets[3..] != [0; 3]
        && octets[3..] != [0xff; 3];
    unit.then(|| salt.tag(Field::Mac, &octets))
}

/// All of a machine's, sorted, without doubles, at most [`MACS_MAX`].
pub fn read_all<'a>(texts: impl IntoIterator<Item = &'a str>, salt: &Salt) -> Vec<Tag> {
    let mut tags: Vec<Tag> = texts.into_iter().filter_map(|t| read(t, salt)).collect();
    tags.sort_unstable();
    tags.dedup();
    tags.truncate(MACS_MAX);
    tags
}

/// Twelve hexadecimal digits, plain or in groups of `:`, `-` or `.`.
fn parse(text: &str) -> Option<[u8; 6]> {
    let mut digits = 0;
    let mut octets = [0u8; 6];
    for c in text.trim().chars() {
        if matches!(c, ':' | '-' | '.') {
            continue;
        }
        let value = u8::try_from(c.to_digit(16)?).ok()?;
        let octet = octets.get_mut(digits / 2)?;
        *octet = *octet << 4 | value;
        digits += 1;
    }
    (digits == 12).then_some(octets)
}
