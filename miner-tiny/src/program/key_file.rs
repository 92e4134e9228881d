//! The wallet: a file of 64 hexadecimal digits, the secret seed, that only its owner may read.

use super::arguments::Settings;
use super::system::{FileError, Printer, Readers, Stream, System};
use crate::wallet::{unhex, Key, SEED_BYTES};
use core::fmt::Write;
use heapless::String;

/// Bytes of a wallet's file that are looked at: the digits, and white space around them.
const FILE_MAX: usize = 256;

/// The key in the file, or a new one in a new file.
///
/// # Errors
/// Why there is none.
pub fn open_or_create(system: &mut impl System, settings: &Settings) -> Result<Key, &'static str> {
    let name = settings.wallet.as_str();
    let mut bytes = [0; FILE_MAX];
    match system.read(name, Readers::Owner, 0, &mut bytes) {
        Ok(length) => core::str::from_utf8(&bytes[..length.min(FILE_MAX)])
            .ok()
            .and_then(|text| unhex(text.trim()))
            .map(|seed| Key::from_seed(&seed))
            .ok_or("the wallet holds no key of 64 hex digits"),
        Err(FileError::Public) => Err("others may read the wallet; if nobody did: chmod 600 on it"),
        Err(FileError::Unreadable) => Err("the wallet cannot be read"),
        Err(FileError::Absent) => create(system, settings, name),
    }
}

fn create(system: &mut impl System, settings: &Settings, name: &str) -> Result<Key, &'static str> {
    let mut seed = [0; SEED_BYTES];
    system
        .entropy(&mut seed)
        .map_err(|_| "no random numbers; bring a key made elsewhere: 64 hex digits")?;
    let key = Key::from_seed(&seed);
    if settings.dry_run {
        // Nothing is paid to this key: it need not be kept.
        return Ok(key);
    }
    let mut text: String<{ 2 * SEED_BYTES + 1 }> = String::new();
    for byte in seed {
        let _ = write!(text, "{byte:02x}");
    }
    let _ = text.push('\n');
    system
        .create_private(name, text.as_bytes())
        .map_err(|_| "the wallet cannot be written")?;
    if !settings.quiet {
        let _ = writeln!(
            Printer(system, Stream::Error),
            "note: made {name}\nnote: {}\nnote: keep a copy of that file",
            key.address()
        );
    }
    Ok(key)
}
