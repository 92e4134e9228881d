//! The targets, as `targets.toml` lists them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The data file; part of the program, so that a list that does not parse is found by its tests.
const TARGETS: &str = include_str!("../targets.toml");

/// How a target's miner is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// Rust, with its libraries built from source.
    Rust,
    /// The portable C drop.
    C,
}

/// Order of the bytes of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// One target. `targets.toml` says what each member means.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Target {
    pub name: String,
    pub triple: String,
    pub route: Route,
    pub packages: Vec<String>,
    pub cc: String,
    pub emulator: String,
    pub cpus: Vec<String>,
    pub tier: u8,
    pub bits: u8,
    pub endian: Endian,
    #[serde(default)]
    pub rustflags: Vec<String>,
    #[serde(default)]
    pub cflags: Vec<String>,
    #[serde(default)]
    pub make: Vec<String>,
    #[serde(default)]
    pub unrun: Option<String>,
    #[serde(default)]
    pub floppy: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    target: Vec<Target>,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Route::Rust => "rust",
            Route::C => "c",
        })
    }
}

impl fmt::Display for Endian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Endian::Little => "little",
            Endian::Big => "big",
        })
    }
}

/// All targets, in the file's order.
///
/// # Errors
/// What is malformed in the file.
pub fn all() -> Result<Vec<Target>, String> {
    toml::from_str::<File>(TARGETS)
        .map(|file| file.target)
        .map_err(|e| format!("cross/targets.toml: {e}"))
}

/// The targets of these names; without names, all up to `tier`.
///
/// # Errors
/// A name that no target has.
pub fn choose(names: &[String], tier: u8) -> Result<Vec<Target>, String> {
    let all = all()?;
    if let Some(name) = names.iter().find(|n| all.iter().all(|t| t.name != **n)) {
        let known: Vec<&str> = all.iter().map(|t| t.name.as_str()).collect();
        return Err(format!(
            "there is no target {name:?}; there are {}",
            known.join(", ")
        ));
    }
    Ok(all
        .into_iter()
        .filter(|t| {
            if names.is_empty() {
                t.tier <= tier
            } else {
                names.contains(&t.name)
            }
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_every_target_can_run() {
        let all = all().expect("the file parses");
        let names: HashSet<&str> = all.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names.len(), all.len());
        for target in &all {
            assert!(!target.packages.is_empty(), "{}", target.name);
            assert!(!target.cpus.is_empty(), "{}", target.name);
            assert!(matches!(target.bits, 32 | 64), "{}", target.name);
            assert!(matches!(target.tier, 1 | 2), "{}", target.name);
        }
    }

    #[test]
    fn what_every_test_run_builds_is_there() {
        let first = choose(&[], 1).expect("the file parses");
        let names: Vec<&str> = first.iter().map(|t| t.name.as_str()).collect();
        for wanted in [
            "x86-64", "i586", "powerpc", "sparc64", "mips", "m68k", "armv5te", "aarch64",
        ] {
            assert!(names.contains(&wanted), "{wanted}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        assert!(choose(&["vax".into()], 2).is_err());
        assert_eq!(choose(&["mips".into()], 1).map(|t| t.len()), Ok(1));
    }
}
