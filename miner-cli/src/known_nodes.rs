//! The keys of nodes seen before: trusted at first sight, and held to ever after.
//!
//! A text file of lines `URL key`, as SSH keeps the hosts it knows; whoever trusts a node's new key
//! deletes its line.

use crate::error::Error;
use crate::hex;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The file of keys.
#[derive(Debug, Clone)]
pub struct KnownNodes {
    path: PathBuf,
}

/// What is known of a node's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// This key was seen before.
    Same,
    /// No key of this node was seen before.
    New,
}

impl KnownNodes {
    /// The file at `path`, which need not exist.
    pub fn new(path: &Path) -> Self {
        KnownNodes {
            path: path.to_owned(),
        }
    }

    /// The key pinned for a node, where there is one.
    ///
    /// # Errors
    /// [`Error::File`] for a file that exists and cannot be read; [`Error::Trust`] for a damaged line
    /// of this node.
    pub fn key_of(&self, node: &str) -> Result<Option<[u8; 32]>, Error> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::file(&self.path, error)),
        };
        let line = text
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(url, _)| *url == node);
        line.map(|(_, key)| {
            hex::decode(key.trim()).ok_or_else(|| Error::Trust {
                what: format!("the key kept for {node} is damaged"),
                next: format!("delete its line from {}", self.path.display()),
            })
        })
        .transpose()
    }

    /// Compares a node's key with the one pinned; pins it where there is none.
    ///
    /// # Errors
    /// [`Error::Trust`] where another key is pinned; otherwise as [`Self::key_of`].
    pub fn check(&self, node: &str, key: &[u8; 32]) -> Result<Known, Error> {
        match self.key_of(node)? {
            Some(pinned) if pinned == *key => Ok(Known::Same),
            Some(pinned) => Err(Error::Trust {
                what: format!(
                    "the node at {node} has another key than before: {} instead of {}",
                    hex::encode(key),
                    hex::encode(&pinned)
                ),
                next: format!(
                    "someone may be in between. If the operator confirms the new key, delete the \
                     node's line from {}",
                    self.path.display()
                ),
            }),
            None => {
                self.pin(node, key)?;
                Ok(Known::New)
            }
        }
    }

    fn pin(&self, node: &str, key: &[u8; 32]) -> Result<(), Error> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| Error::file(folder, error))?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)
            // One write, so that two miners pinning at once leave two whole lines.
            .and_then(|mut file| {
                file.write_all(format!("{node} {}\n", hex::encode(key)).as_bytes())
            })
            .map_err(|error| Error::file(&self.path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_key_stays() {
        let folder = tempfile::tempdir().unwrap();
        let known = KnownNodes::new(&folder.path().join("sub/known-nodes"));
        assert_eq!(known.key_of("http://a").unwrap(), None);
        assert_eq!(known.check("http://a", &[1; 32]).unwrap(), Known::New);
        assert_eq!(known.check("http://b", &[2; 32]).unwrap(), Known::New);
        assert_eq!(known.check("http://a", &[1; 32]).unwrap(), Known::Same);
        let changed = known.check("http://a", &[3; 32]).unwrap_err();
        assert!(matches!(changed, Error::Trust { .. }));
        assert!(changed.next_step().contains("known-nodes"));
    }
}
