//! The wallet: a file of 64 hexadecimal digits, the secret seed, that nobody else may read.

use crate::Failure;
use miner_tiny::wallet::{unhex, Key, SEED_BYTES};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

/// Bytes of a file that are looked at: the digits, and white space around them.
const FILE_MAX: u64 = 256;

/// The key in the file, or a new one in a new file.
pub fn open_or_create(path: &Path, quiet: bool) -> Result<Key, Failure> {
    match File::open(path) {
        Ok(file) => read(path, file),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = create(path)?;
            if !quiet {
                eprintln!("note: made {}", path.display());
                eprintln!("note: {}", key.address());
                eprintln!("note: keep a copy of that file");
            }
            Ok(key)
        }
        Err(error) => Err(unusable(path, &error)),
    }
}

/// A key that is kept nowhere.
pub fn ephemeral() -> Result<Key, Failure> {
    Ok(Key::from_seed(&random()?))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    wallet(
        format!("wallet {}: {error}", path.display()),
        "check path and permissions",
    )
}

fn wallet(what: String, next: &'static str) -> Failure {
    Failure {
        status: 4,
        what,
        next,
    }
}

fn random() -> Result<[u8; SEED_BYTES], Failure> {
    let mut seed = [0; SEED_BYTES];
    getrandom::fill(&mut seed).map_err(|error| {
        wallet(
            format!("no random numbers: {error}"),
            "bring a key made elsewhere: 64 hex digits",
        )
    })?;
    Ok(seed)
}

fn read(path: &Path, file: File) -> Result<Key, Failure> {
    refuse_if_shared(path, &file)?;
    let mut text = String::new();
    file.take(FILE_MAX)
        .read_to_string(&mut text)
        .map_err(|error| unusable(path, &error))?;
    let seed = unhex(text.trim()).ok_or_else(|| {
        wallet(
            format!("{} holds no key", path.display()),
            "a wallet of this program is 64 hex digits",
        )
    })?;
    Ok(Key::from_seed(&seed))
}

#[cfg(unix)]
fn refuse_if_shared(path: &Path, file: &File) -> Result<(), Failure> {
    use std::os::unix::fs::PermissionsExt;
    /// Any right of group or others.
    const SHARED: u32 = 0o077;
    let metadata = file.metadata().map_err(|error| unusable(path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & SHARED == 0 {
        return Ok(());
    }
    Err(wallet(
        format!(
            "{} has mode {mode:04o}: others may read the key",
            path.display()
        ),
        "if nobody did: chmod 600 on it",
    ))
}

#[cfg(not(unix))]
fn refuse_if_shared(_: &Path, _: &File) -> Result<(), Failure> {
    Ok(())
}

fn create(path: &Path) -> Result<Key, Failure> {
    let seed = random()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        let written = writeln!(file, "{}", crate::hex(&seed)).and_then(|()| file.sync_all());
        if written.is_err() {
            // Half a key is worse than none; there is nothing to do if even this fails.
            let _ = std::fs::remove_file(path);
        }
        written
    });
    written.map_err(|error| unusable(path, &error))?;
    Ok(Key::from_seed(&seed))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A path in a folder of its own, gone at the end.
    struct Scratch(std::path::PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let folder =
                std::env::temp_dir().join(format!("verdigris-tiny-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Scratch(folder)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_wallet_is_made_once_and_for_its_owner_alone() {
        let scratch = Scratch::new("made");
        let path = scratch.0.join("key");
        let made = open_or_create(&path, true).unwrap().address();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(open_or_create(&path, true).unwrap().address(), made);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = open_or_create(&path, true).unwrap_err();
        assert_eq!(refused.status, 4);
        assert!(refused.what.contains("0640"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let scratch = Scratch::new("bad");
        let path = scratch.0.join("key");
        for (text, good) in [
            (format!(" {}\n\n", "aB".repeat(32)), true),
            ("ab".repeat(31), false),
            ("ab".repeat(200), false),
            ("{}".into(), false),
            (String::new(), false),
        ] {
            std::fs::write(&path, &text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(open_or_create(&path, true).is_ok(), good, "{text}");
        }
        assert_eq!(
            open_or_create(&scratch.0.join("no/key"), true)
                .unwrap_err()
                .status,
            4
        );
    }
}
