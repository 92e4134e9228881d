//! The wallet: a file of 64 hexadecimal digits, the secret seed, that only its owner may read.

use super::arguments::Settings;
use super::system::{FileError, Name, Readers, System};
use super::tell;
use crate::entropy;
use crate::wallet::{unhex, Key, SEED_BYTES};
use core::fmt::Write;
use heapless::String;
use probe_core::ticks::Ticks;

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
            .and_then(|text| unhex(text.trim_ascii()))
            .map(|seed| Key::from_seed(&seed))
            .ok_or("the wallet holds no key of 64 hex digits"),
        Err(FileError::Public) => Err("others may read the wallet; if nobody did: chmod 600 on it"),
        Err(FileError::Unreadable) => Err("the wallet cannot be read"),
        Err(FileError::Absent) => create(system, settings, name),
    }
}

fn create(system: &mut impl System, settings: &Settings, name: &str) -> Result<Key, &'static str> {
    let mut seed = [0; SEED_BYTES];
    if system.entropy(&mut seed).is_err() {
        seed = gathered(system)?;
    }
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
        tell(
            system,
            format_args!(
                "note: made {name}\nnote: {}\nnote: keep a copy of that file",
                key.address()
            ),
        );
    }
    Ok(key)
}

/// A seed from the jitter of this machine's counter, where the system has no random numbers.
fn gathered(system: &mut impl System) -> Result<[u8; SEED_BYTES], &'static str> {
    tell(
        system,
        format_args!("note: no random numbers here; gathering"),
    );
    let mut machine = system.machine();
    let now_ms = system.now_ms().to_ne_bytes();
    let mut host = [0; 64];
    let length = system.name(Name::Host, &mut host);
    let mut last = machine.now();
    let mut total = 0_u64;
    let read = || {
        // A call of the system between two readings, for what it does to caches and queues; and a
        // narrow counter must not go round unseen.
        let _ = system.now_ms();
        let now = machine.now();
        total = total.wrapping_add(machine.between(last, now));
        last = now;
        total
    };
    let known: [&[u8]; 2] = [&now_ms, host.get(..length).unwrap_or_default()];
    entropy::seed(read, &known).map_err(|_| {
        "no random numbers, and the clock is too regular to make one; bring a key made elsewhere: \
         64 hex digits"
    })
}
