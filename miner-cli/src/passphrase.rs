//! Where a passphrase comes from: a file, the environment, or the owner at the terminal.

use crate::error::Error;
use crate::wallet::Passphrase;
use console::Term;
use std::io::Read;
use std::path::Path;
use zeroize::Zeroizing;

/// The environment variable.
const VARIABLE: &str = "VERDIGRIS_PASSPHRASE";

/// Longest passphrase, bytes.
const LIMIT: u64 = 1024;

/// The passphrase that was given in a file or in the environment.
///
/// # Errors
/// [`Error::Wallet`] for a file that cannot be read or holds no passphrase.
pub fn given(file: Option<&Path>) -> Result<Option<Passphrase>, Error> {
    if let Some(path) = file {
        return from_file(path).map(Some);
    }
    Ok(std::env::var(VARIABLE)
        .ok()
        .filter(|text| !text.is_empty())
        .map(Zeroizing::new))
}

/// The passphrase to open a wallet with.
///
/// # Errors
/// [`Error::Wallet`] where none was given and nobody can be asked.
pub fn to_open(file: Option<&Path>) -> Result<Passphrase, Error> {
    match given(file)? {
        Some(passphrase) => Ok(passphrase),
        None => ask("Passphrase: "),
    }
}

/// The passphrase to encrypt a new wallet with: `None` where none was given and `encrypt` is not set.
///
/// # Errors
/// [`Error::Wallet`] where nobody can be asked, or where the two answers differ.
pub fn to_create(file: Option<&Path>, encrypt: bool) -> Result<Option<Passphrase>, Error> {
    let given = given(file)?;
    if given.is_some() || !encrypt {
        return Ok(given);
    }
    let first = ask("New passphrase: ")?;
    if first.is_empty() {
        return Err(Error::wallet(
            "the passphrase is empty",
            "leave --encrypt out for a plain file",
        ));
    }
    if *first != *ask("Once more: ")? {
        return Err(Error::wallet("the two passphrases differ", "try again"));
    }
    Ok(Some(first))
}

fn from_file(path: &Path) -> Result<Passphrase, Error> {
    let cannot = |why: &str| {
        Error::wallet(
            format!("passphrase file {}: {why}", path.display()),
            "its first line is the passphrase, at most 1,024 bytes of UTF-8",
        )
    };
    let mut text = Zeroizing::new(String::with_capacity(LIMIT as usize));
    std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT).read_to_string(&mut text))
        .map_err(|error| cannot(&error.to_string()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(Zeroizing::new(line.to_owned())),
        _ => Err(cannot("its first line is empty")),
    }
}

/// Asks at the terminal, without echo.
fn ask(prompt: &str) -> Result<Passphrase, Error> {
    let terminal = Term::stderr();
    if !terminal.is_term() {
        return Err(Error::wallet(
            "a passphrase is needed, and there is no terminal to ask at",
            format!("give it with --passphrase-file FILE or in {VARIABLE}"),
        ));
    }
    let failed =
        |error: std::io::Error| Error::wallet(format!("no passphrase read: {error}"), "try again");
    terminal.write_str(prompt).map_err(failed)?;
    terminal
        .read_secure_line()
        .map(Zeroizing::new)
        .map_err(failed)
}
