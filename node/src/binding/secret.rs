//! The secret that serials and addresses are hashed with: 32 random bytes in a file, made once, never in
//! the database, and the same for all processes that share one.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::salt::{Salt, SECRET_BYTES};
use crate::keys::{hex, random, unhex};
use crate::store::sql::Location;
use crate::store::{has_binding_secret, is_binding_secret, Store, StoreError};

/// Follows the name of an SQLite database in the name of its secret.
const SUFFIX: &str = ".binding-secret";

/// Bytes of the file: hexadecimal digits, the end of the line, and as much again for white space.
const FILE_MAX: u64 = 4 * SECRET_BYTES as u64 + 2;

/// Why the secret cannot be used. Never says what is in it.
#[derive(Debug)]
pub struct BadSecret(String);

impl std::fmt::Display for BadSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSecret {}

/// Where the secret of a database is, if nothing else is said: beside a file; nowhere for a server, whose
/// processes may be on several machines.
pub fn beside(location: &Location) -> Option<PathBuf> {
    match location {
        Location::File(path) => {
            let mut name = path.clone().into_os_string();
            name.push(SUFFIX);
            Some(name.into())
        }
        Location::Postgres(_) => None,
    }
}

/// The secret that the machines of a store are bound with: `None` where no file is named, and then no
/// machine is bound. A file is made only for a store that never had a secret.
///
/// # Errors
/// Where the file cannot be used, is missing and was there before, or is another than before.
pub async fn of(store: &Store, path: Option<&Path>) -> Result<Option<Salt>, BadSecret> {
    let failed = |e: StoreError| BadSecret(e.to_string());
    let had = store.read(|c| Ok(has_binding_secret(c)?)).await;
    let salt = match (path, had.map_err(failed)?) {
        (None, false) => return Ok(None),
        (None, true) => return Err(BadSecret(
            "this database's machines are bound with a secret: name its file (--binding-secret)"
                .into(),
        )),
        (Some(path), false) => read_or_make(path)?,
        (Some(path), true) => read(path)?,
    };
    let mine = salt.clone();
    let same = store.write(move |c| Ok(is_binding_secret(c, &mine)?)).await;
    match (same.map_err(failed)?, path) {
        (false, Some(path)) => Err(bad(
            path,
            &"it is not the one that this database's machines were bound with",
        )),
        _ => Ok(Some(salt)),
    }
}

/// Reads a secret.
///
/// # Errors
/// Where there is no such file, others than owner and group can read it too, or it is no secret.
pub fn read(path: &Path) -> Result<Salt, BadSecret> {
    let file = File::open(path).map_err(|e| bad(path, &e))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        const OTHERS: u32 = 0o007;
        if file
            .metadata()
            .map_err(|e| bad(path, &e))?
            .permissions()
            .mode()
            & OTHERS
            != 0
        {
            return Err(bad(
                path,
                &"everybody on this machine can read it; chmod 600",
            ));
        }
    }
    let mut text = String::new();
    file.take(FILE_MAX)
        .read_to_string(&mut text)
        .map_err(|e| bad(path, &e))?;
    let secret: [u8; SECRET_BYTES] =
        unhex(text.trim()).ok_or_else(|| bad(path, &"it is not 64 hexadecimal digits"))?;
    Ok(Salt::new(&secret))
}

/// Reads a secret, or makes it, with mode 0600, where there is no such file.
///
/// # Errors
/// Those of [`read`], and where it cannot be written.
pub fn read_or_make(path: &Path) -> Result<Salt, BadSecret> {
    match make(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(bad(path, &e)),
        _ => read(path),
    }
}

/// Under its name the file is whole or not there: it is written under another, and linked.
fn make(path: &Path) -> std::io::Result<()> {
    if path.try_exists()? {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    let no_randomness = |e: crate::keys::NoRandomness| std::io::Error::other(e.to_string());
    let secret = random::<SECRET_BYTES>().map_err(no_randomness)?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", hex(&random::<8>().map_err(no_randomness)?)));
    let draft = PathBuf::from(name);
    let made = write(&draft, &secret).and_then(|()| std::fs::hard_link(&draft, path));
    let removed = std::fs::remove_file(&draft);
    made.and(removed)
}

fn write(path: &Path, secret: &[u8; SECRET_BYTES]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", hex(secret))?;
    file.sync_all()
}

fn bad(path: &Path, why: &dyn std::fmt::Display) -> BadSecret {
    BadSecret(format!("the binding secret in {}: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binding::salt::Field;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("node.db.binding-secret");
        assert!(read(&path).is_err());
        let tag = |salt: Salt| salt.tag(Field::Firmware, b"CK130ABCXYZ");
        let made = tag(read_or_make(&path).unwrap());
        assert_eq!(made, tag(read_or_make(&path).unwrap()));
        assert_eq!(made, tag(read(&path).unwrap()));
        let mode = |bits| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
        mode(0o604);
        let why = read(&path).err().unwrap().to_string();
        assert!(why.contains("everybody"), "{why}");
        mode(0o600);
        // A damaged secret is never replaced: every machine would be a new one.
        std::fs::write(&path, "00").unwrap();
        assert!(read_or_make(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "00");
    }
}
