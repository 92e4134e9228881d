//! Serial numbers as clients send them: which are one unit's, and of which kind.
//!
//! Stock Linux clients send `/sys/class/dmi/id/{product,board,chassis}_serial`, which only root may
//! read, and otherwise the first 16 characters of `/etc/machine-id`: the same machine gives two
//! different serials, by who runs the client. The second is of the installation, not of the machine,
//! and copied with the disk. So the two kinds are never compared with each other.

use super::salt::{Field, Salt, Tag};
use serde::{Deserialize, Serialize};

/// Characters of a serial number that are kept.
const LENGTH_MAX: usize = 64;

/// Shorter ones are numbers of something else.
const LENGTH_MIN: usize = 4;

/// Digits of `/etc/machine-id` (`machine-id(5)`), and as many as stock clients send of them.
const MACHINE_ID_DIGITS: [usize; 2] = [32, 16];

/// What makers write where a serial number belongs, letters and digits only, in upper case. Sources:
/// systemd `hwdb.d/20-dmi-id.hwdb` ("mostly meaningless names"); boards of ASRock, ASUS, Gigabyte, MSI
/// and Supermicro as shipped.
const PLACEHOLDERS: [&str; 22] = [
    "0123456789",
    "123456789",
    "1234567890",
    "12345678",
    "1234567",
    "BASEBOARDSERIALNUMBER",
    "CHASSISSERIALNUMBER",
    "DEFAULTSTRING",
    "EMPTY",
    "INVALID",
    "MBSERIAL",
    "NONE",
    "NOTAPPLICABLE",
    "NOTAVAILABLE",
    "NOTSPECIFIED",
    "OEM",
    "SERIALNUMBER",
    "SYSSERIAL",
    "SYSTEMSERIALNUMBER",
    "TOBEFILLEDBYOEM",
    "UNKNOWN",
    "XXXXXXXX",
];

/// A serial number that can be one unit's, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Serial {
    /// The firmware's: of the machine.
    Firmware(Tag),
    /// The operating system's: of the installation.
    MachineId(Tag),
}

impl Serial {
    /// Reads what a client sent; `None` for what many machines have in common.
    pub fn read(text: &str, salt: &Salt) -> Option<Serial> {
        let text = text.trim();
        if text.chars().count() > LENGTH_MAX {
            return None;
        }
        let hexadecimal = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        let letters = text.bytes().any(|c| c.is_ascii_lowercase());
        if letters && MACHINE_ID_DIGITS.contains(&text.len()) && text.bytes().all(hexadecimal) {
            // As much as the shortest form has, so that all forms of one are one.
            let start = &text.as_bytes()[..MACHINE_ID_DIGITS[1]];
            return Some(Serial::MachineId(salt.tag(Field::MachineId, start)));
        }
        let plain: String = text
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let mut characters = plain.bytes();
        let first = characters.next()?;
        let constant = characters.all(|c| c == first);
        if constant || plain.len() < LENGTH_MIN || PLACEHOLDERS.contains(&plain.as_str()) {
            return None;
        }
        Some(Serial::Firmware(
            salt.tag(Field::Firmware, plain.as_bytes()),
        ))
    }
}
