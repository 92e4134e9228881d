//! Where a database is.

use serde::Deserialize;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a database is: a file, or a server.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Location {
    /// An SQLite file.
    File(PathBuf),
    /// A PostgreSQL database: its URL, which may hold a password.
    Postgres(String),
}

impl Location {
    /// How a URL of PostgreSQL begins.
    const SCHEMES: [&'static str; 2] = ["postgres://", "postgresql://"];
}

impl From<OsString> for Location {
    fn from(text: OsString) -> Self {
        match text.to_str() {
            Some(url) if Self::SCHEMES.iter().any(|s| url.starts_with(s)) => {
                Location::Postgres(url.to_owned())
            }
            _ => Location::File(text.into()),
        }
    }
}

impl From<String> for Location {
    fn from(text: String) -> Self {
        OsString::from(text).into()
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        OsString::from(text).into()
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Location::File(path.to_owned())
    }
}

impl std::fmt::Display for Location {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::File(path) => path.display().fmt(f),
            Location::Postgres(url) => {
                let config = url.parse::<postgres::Config>().ok();
                let name = config.as_ref().and_then(postgres::Config::get_dbname);
                write!(f, "the PostgreSQL database {}", name.unwrap_or_default())
            }
        }
    }
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let url = "postgres://node:secret@db.example/books";
        let location = Location::from(url);
        assert_eq!(location, Location::Postgres(url.into()));
        assert_eq!(location.to_string(), "the PostgreSQL database books");
        assert_eq!(format!("{location:?}"), "the PostgreSQL database books");
        let broken = Location::from("postgresql://node:secret@[/books");
        assert!(!broken.to_string().contains("secret"));
        assert_eq!(Location::from("a.db"), Location::File("a.db".into()));
    }
}
