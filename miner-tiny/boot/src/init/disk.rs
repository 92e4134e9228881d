//! The floppy: settings and the wallet's key are read from it and written back. It is in use only while
//! that happens, so that it can be taken out at any other time.

use crate::linux::{self, Errno};
use boot_disk::config::FILE_MAX;
use core::ffi::CStr;
use heapless::Vec;

/// The drive, and where its files appear.
const DRIVE: &CStr = c"/dev/fd0";
const FOLDER: &CStr = c"/disk";

/// Files of the disk, and where they are while the machine runs.
const SETTINGS: &CStr = c"/disk/VERDIGRIS.CFG";
const KEY: &CStr = c"/disk/VERDIGRIS.KEY";
const NODES: &CStr = c"/disk/VERDIGRIS.NOD";
const NEW: &CStr = c"/disk/VERDIGRIS.NEW";
/// The wallet that the miner is given, a file in memory.
pub const WALLET: &CStr = c"/run/wallet";
/// Known nodes: the miner keeps them beside the wallet.
const KNOWN: &CStr = c"/run/wallet.nodes";

/// Bytes of a key file and of a list of nodes that are copied.
const KEY_MAX: usize = 256;
const NODES_MAX: usize = 2048;

/// Bytes of a secret seed.
const SEED: usize = 32;

/// What is known of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// It was on the disk.
    Found,
    /// It was made, and is on the disk.
    Made,
    /// It was made, and is nowhere but in memory.
    Lost(Why),
}

/// Why the key could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no disk.
    NoDisk,
    /// It is protected against writing.
    Protected,
    /// Writing failed.
    Failed(Errno),
}

/// Mount flags: nothing there is a device or a program; every write waits for the disk.
const FLAGS: usize = NO_SETUID | NO_DEVICES | NO_PROGRAMS | SYNCHRONOUS;
const READ_ONLY: usize = 1;
const NO_SETUID: usize = 2;
const NO_DEVICES: usize = 4;
const NO_PROGRAMS: usize = 8;
const SYNCHRONOUS: usize = 16;

/// The disk in the drive.
pub struct Disk {
    writable: bool,
}

impl Disk {
    /// Looks at the disk in the drive, if there is one with files that a PC can read.
    pub fn open() -> Option<Self> {
        // Nobody but root can read what is there; the miner refuses keys that others can read.
        let mount = |flags| linux::mount(DRIVE, FOLDER, c"vfat", flags, c"umask=077");
        match mount(FLAGS) {
            Ok(()) => Some(Disk { writable: true }),
            Err(_) => mount(FLAGS | READ_ONLY)
                .ok()
                .map(|()| Disk { writable: false }),
        }
    }

    /// The settings; `None` where there are none.
    pub fn settings(&self) -> Option<Vec<u8, FILE_MAX>> {
        read(SETTINGS)
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &CStr, bytes: &[u8]) -> Result<(), Why> {
        if !self.writable {
            return Err(Why::Protected);
        }
        let written = linux::create(NEW)
            .and_then(|file| file.write(bytes).and_then(|()| file.sync()))
            .and_then(|()| linux::rename(NEW, path));
        written.map_err(|errno| {
            linux::remove(NEW);
            Why::Failed(errno)
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = linux::unmount(FOLDER);
    }
}

/// Sees to it that there is a key in memory: the one that is there, or the disk's, or a new one, which is
/// written to the disk before anything is earned with it.
///
/// # Errors
/// The kernel has no random numbers, or no memory.
pub fn key(disk: Option<&Disk>) -> Result<Key, Errno> {
    let known = disk.and_then(|_| read::<NODES_MAX>(NODES));
    if let Some(nodes) = known {
        keep(KNOWN, &nodes)?;
    }
    let on_disk = disk.and_then(|_| read::<KEY_MAX>(KEY));
    if let Some(text) = on_disk.filter(|text| !text.trim_ascii().is_empty()) {
        return keep(WALLET, &text).map(|()| Key::Found);
    }
    // Made earlier, when there was no disk to keep it on.
    let text = match read::<KEY_MAX>(WALLET) {
        Some(text) => text,
        None => {
            let text = new_key()?;
            keep(WALLET, &text)?;
            text
        }
    };
    Ok(match disk.map(|disk| disk.write(KEY, &text)) {
        Some(Ok(())) => Key::Made,
        Some(Err(why)) => Key::Lost(why),
        None => Key::Lost(Why::NoDisk),
    })
}

/// Whether the miner has learned of a node that the disk does not know, by what was `saved` last.
pub fn nodes_to_save(saved: &[u8]) -> Option<Vec<u8, NODES_MAX>> {
    read(KNOWN).filter(|nodes| nodes != saved)
}

/// Writes the nodes to the disk, if there is one that can be written.
pub fn save_nodes(nodes: &[u8]) {
    if let Some(disk) = Disk::open() {
        // Where it cannot be written the first answer is believed again after the next start, as it was
        // this time.
        let _ = disk.write(NODES, nodes);
    }
}

/// A new secret seed, as text.
fn new_key() -> Result<Vec<u8, KEY_MAX>, Errno> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut seed = [0; SEED];
    linux::console(b"making a key: gathering randomness\n");
    linux::random(&mut seed)?;
    let mut text = Vec::new();
    for byte in seed {
        // There is room for twice as many digits.
        let _ = text.push(DIGITS[usize::from(byte >> 4)]);
        let _ = text.push(DIGITS[usize::from(byte & 15)]);
    }
    let _ = text.extend_from_slice(b"\r\n");
    Ok(text)
}

fn keep(path: &CStr, bytes: &[u8]) -> Result<(), Errno> {
    linux::create(path)?.write(bytes)
}

/// A file, as much of it as fits.
pub fn read<const N: usize>(path: &CStr) -> Option<Vec<u8, N>> {
    let mut bytes = Vec::new();
    bytes.resize_default(N).ok()?;
    let count = linux::open(path).ok()?.read_all(&mut bytes).ok()?;
    bytes.truncate(count);
    Some(bytes)
}
