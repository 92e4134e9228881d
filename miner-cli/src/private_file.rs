//! Files with secrets: created with mode 0600 where there was none, never replaced, and refused where
//! others may read them.

use crate::advice;
use crate::error::Error;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Longest key file read, bytes; ours have about 600.
const FILE_LIMIT: u64 = 16 * 1024;

/// The text of a file that nobody else may read.
///
/// # Errors
/// [`Error::Wallet`] for a file that is missing or that others may read.
pub fn read(path: &Path) -> Result<Zeroizing<String>, Error> {
    let cannot = |error: std::io::Error| {
        let next = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "make one with `verdigris wallet new`, or name yours with --wallet"
            }
            _ => advice::file(&error),
        };
        Error::wallet(format!("wallet {}: {error}", path.display()), next)
    };
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if metadata.is_dir() {
        return Err(cannot(std::io::ErrorKind::IsADirectory.into()));
    }
    refuse_if_shared(path, &metadata)?;
    let mut text = Zeroizing::new(String::with_capacity(FILE_LIMIT as usize));
    file.take(FILE_LIMIT)
        .read_to_string(&mut text)
        .map_err(cannot)?;
    Ok(text)
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path, metadata: &std::fs::Metadata) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    /// Any right of group or others.
    const SHARED: u32 = 0o077;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & SHARED == 0 {
        return Ok(());
    }
    Err(Error::wallet(
        format!(
            "{} has mode {mode:04o}: others may read the key",
            path.display()
        ),
        format!("if nobody did: chmod 600 {}", path.display()),
    ))
}

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path, _: &std::fs::Metadata) -> Result<(), Error> {
    Ok(())
}

/// Creates `path`, which must not exist, with mode 0600, and writes `text` through to the disk.
///
/// # Errors
/// [`Error::Wallet`] where the file exists or cannot be written.
pub fn create(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(folder)
            .map_err(|error| Error::file(folder, error))?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Error::wallet(
            format!("{} exists, and a key is never replaced", path.display()),
            "name another file with --wallet, or move the old one away",
        ),
        _ => Error::wallet(format!("{}: {error}", path.display()), advice::file(&error)),
    })?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    written.map_err(|error| {
        // Half a key file is worse than none; there is nothing to do if even this fails.
        let _ = std::fs::remove_file(path);
        Error::wallet(format!("{}: {error}", path.display()), advice::file(&error))
    })
}
