//! The keys of nodes seen before: trusted at first sight, and held to ever after.
//!
//! A text file of lines `URL key` beside the wallet, as the comfortable miner keeps it; whoever trusts
//! a node's new key deletes its line.

use crate::{hex, Failure};
use miner_tiny::wallet::unhex;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The file for a wallet: its name and `.nodes`.
pub fn beside(wallet: &Path) -> PathBuf {
    let mut name = wallet.as_os_str().to_owned();
    name.push(".nodes");
    name.into()
}

fn failure(path: &Path, what: impl std::fmt::Display, next: &'static str) -> Failure {
    Failure {
        status: 7,
        what: format!("{}: {what}", path.display()),
        next,
    }
}

/// The key kept for a node.
pub fn key_of(path: &Path, node: &str) -> Result<Option<[u8; 32]>, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failure(path, error, "check path and permissions")),
    };
    let lines = text.lines().filter_map(|line| line.split_once(' '));
    let Some((_, key)) = lines.into_iter().find(|(url, _)| *url == node) else {
        return Ok(None);
    };
    match unhex(key.trim()) {
        Some(key) => Ok(Some(key)),
        None => Err(failure(path, "a damaged line", "delete the node's line")),
    }
}

/// Keeps a node's key.
pub fn keep(path: &Path, node: &str, key: &[u8; 32]) -> Result<(), Failure> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        // One write, so that two miners at once leave two whole lines.
        .and_then(|mut file| file.write_all(format!("{node} {}\n", hex(key)).as_bytes()))
        .map_err(|error| failure(path, error, "check path and permissions"))
}
