//! The wallet: a file of 64 hex digits that only its owner may read, as the Rust program keeps it.

use crate::arguments::Settings;
use crate::host::{self, FileError, Stream};
use core::fmt::Write;
use heapless::String;
use miner_tiny::wallet::{unhex, Key, SEED_BYTES};

/// Bytes of a wallet's file that are looked at: the digits, and white space around them.
const FILE_MAX: usize = 256;

/// The key in the file, or a new one in a new file.
///
/// # Errors
/// Why there is none.
pub fn open_or_create(settings: &Settings) -> Result<Key, &'static str> {
    let name = settings.wallet.as_str();
    match host::read_private::<FILE_MAX>(name) {
        Ok(bytes) => core::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| unhex(text.trim()))
            .map(|seed| Key::from_seed(&seed))
            .ok_or("the wallet holds no key of 64 hex digits"),
        Err(FileError::Public) => Err("others may read the wallet; if nobody did: chmod 600 on it"),
        Err(FileError::Unreadable) => Err("the wallet cannot be read"),
        Err(FileError::Absent) => create(settings, name),
    }
}

fn create(settings: &Settings, name: &str) -> Result<Key, &'static str> {
    let seed: [u8; SEED_BYTES] = host::entropy()
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
    host::create_private(name, text.as_bytes()).map_err(|_| "the wallet cannot be written")?;
    if !settings.quiet {
        let _ = writeln!(
            Stream::Error,
            "note: made {name}\nnote: {}\nnote: keep a copy of that file",
            key.address()
        );
    }
    Ok(key)
}
