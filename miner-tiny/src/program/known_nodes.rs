//! The keys of nodes seen before: trusted at first sight, and held to ever after.
//!
//! A text file of lines `URL key` beside the wallet, as the comfortable miner keeps it; whoever trusts
//! a node's new key deletes its line.

use super::arguments::ARGUMENT_MAX;
use super::system::{FileError, System};
use super::{files, lines};
use crate::wallet::unhex;
use core::fmt::Write;
use heapless::String;

/// What the file's name adds to the wallet's.
const ENDING: &str = ".nodes";

/// The file's name.
pub type Name = String<{ ARGUMENT_MAX + ENDING.len() }>;

/// A URL, a space, 64 digits, the line's end.
type Line = String<{ ARGUMENT_MAX + 1 + 64 + 1 }>;

/// The file for a wallet.
pub fn beside(wallet: &str) -> Name {
    let mut name = Name::new();
    // Both fit.
    let _ = name.push_str(wallet);
    let _ = name.push_str(ENDING);
    name
}

/// The key kept for a node.
///
/// # Errors
/// What is wrong with the file.
pub fn key_of(
    system: &mut impl System,
    file: &str,
    node: &str,
) -> Result<Option<[u8; 32]>, &'static str> {
    // The first line counts; a damaged one is not passed over.
    let mut found: Option<Option<[u8; 32]>> = None;
    let read = files::each_line(system, file, &mut |line| {
        if let (None, Some(key)) = (found, lines::key_of(line, node)) {
            found = Some(unhex(key));
        }
    });
    match (read, found) {
        (Err(FileError::Absent), _) | (Ok(()), None) => Ok(None),
        (Err(_), _) => Err("the file of known nodes beside the wallet cannot be read"),
        (Ok(()), Some(None)) => {
            Err("the file of known nodes beside the wallet: delete the node's damaged line")
        }
        (Ok(()), Some(key)) => Ok(key),
    }
}

/// Keeps a node's key.
///
/// # Errors
/// The file cannot be written.
pub fn keep(
    system: &mut impl System,
    file: &str,
    node: &str,
    key: &[u8; 32],
) -> Result<(), &'static str> {
    let mut line = Line::new();
    let _ = write!(line, "{node} ");
    for byte in key {
        let _ = write!(line, "{byte:02x}");
    }
    let _ = line.push('\n');
    // One write, so that two miners at once leave two whole lines.
    system
        .append(file, line.as_bytes())
        .map_err(|_| "the file of known nodes beside the wallet cannot be written")
}
