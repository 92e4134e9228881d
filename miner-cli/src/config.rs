//! Settings from the command line, the environment, the configuration file and defaults.

use crate::cli::{Color, Global};
use crate::error::Error;
use crate::size::Size;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a node listens unless told otherwise.
pub const DEFAULT_NODE: &str = "http://127.0.0.1:8099";

/// Time between two attestations: the existing network's miners re-attest after 580 s, before the
/// 600 s of an enrolment ticket are over.
pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(580);

/// The configuration file. Every member may be absent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    node: Option<String>,
    wallet: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    arena: Option<String>,
    quick: Option<bool>,
    miner: Option<String>,
    name: Option<String>,
    interval: Option<String>,
    color: Option<Color>,
    // Of `verdigris relay`.
    serial: Option<PathBuf>,
    tcp: Option<String>,
    baud: Option<u32>,
    #[cfg(unix)]
    flow: Option<crate::relay::Flow>,
}

/// Settings, resolved.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The node's URL, without a slash at its end.
    pub node: String,
    /// The key file.
    pub wallet: PathBuf,
    /// Whether somebody named the key file. One that was named must be there; the default one is
    /// made when it is first needed.
    pub wallet_named: bool,
    /// Where the passphrase is.
    pub passphrase_file: Option<PathBuf>,
    /// Memory to measure in; `None`: as much as is sensible.
    pub arena: Option<Size>,
    /// The short plan.
    pub quick: bool,
    /// Who is paid, if not the wallet's address.
    pub miner: Option<String>,
    /// The machine's own name.
    pub name: Option<String>,
    /// Time between two attestations.
    pub interval: Duration,
    /// JSON on standard output.
    pub json: bool,
    /// No progress and no remarks.
    pub quiet: bool,
    /// When to colour.
    pub color: Color,
    /// Where the keys of known nodes are kept: beside the wallet that trusts them.
    pub known_nodes: PathBuf,
    /// What the configuration file says of a relay.
    #[cfg(unix)]
    pub relay: crate::relay::Options,
}

impl Settings {
    /// Resolves all settings. `interval` is the option of `mine`.
    ///
    /// # Errors
    /// [`Error::Usage`] for an address that is none; [`Error::Config`] for a file that does not parse; [`Error::File`] for a
    /// file that was named but cannot be read.
    pub fn resolve(global: Global, interval: Option<Duration>) -> Result<Self, Error> {
        let (file, path) = read_file(global.config.as_deref())?;
        let wrong =
            |member: &str, why: String| Error::Config(path.clone(), format!("{member}: {why}"));
        let arena = match (global.arena, &file.arena) {
            (Some(arena), _) => Some(arena),
            (None, Some(text)) => Some(text.parse().map_err(|why: String| wrong("arena", why))?),
            (None, None) => None,
        };
        let interval = match (interval, &file.interval) {
            (Some(interval), _) => interval,
            (None, Some(text)) => {
                crate::cli::parse_duration(text).map_err(|why| wrong("interval", why))?
            }
            (None, None) => DEFAULT_INTERVAL,
        };
        let node = global
            .node
            .or(file.node)
            .unwrap_or_else(|| DEFAULT_NODE.into());
        let named = global.wallet.or(file.wallet);
        let wallet_named = named.is_some();
        let wallet =
            named.unwrap_or_else(|| directory("XDG_DATA_HOME", ".local/share").join("wallet.json"));
        Ok(Settings {
            node: node_url(&node)?,
            known_nodes: wallet.with_file_name("known-nodes"),
            wallet,
            wallet_named,
            passphrase_file: global.passphrase_file.or(file.passphrase_file),
            arena,
            quick: global.quick.or(file.quick).unwrap_or(false),
            miner: global.miner.or(file.miner),
            name: global.name.or(file.name),
            interval,
            json: global.json,
            quiet: global.quiet,
            color: global.color.or(file.color).unwrap_or(Color::Auto),
            #[cfg(unix)]
            relay: crate::relay::Options {
                serial: file.serial,
                tcp: file.tcp,
                baud: file.baud,
                flow: file.flow,
            },
        })
    }
}

/// A node's URL without the slash at its end.
fn node_url(text: &str) -> Result<String, Error> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.trim_end_matches('/').is_empty() => {
            Ok(text.trim_end_matches('/').into())
        }
        _ => Err(Error::Usage(format!(
            "`{text}` is no address of a node: http://host:port or https://host"
        ))),
    }
}

/// The configuration file that was named, or the usual one if it exists.
fn read_file(named: Option<&Path>) -> Result<(File, PathBuf), Error> {
    let usual = directory("XDG_CONFIG_HOME", ".config").join("config.toml");
    let path = named.unwrap_or(&usual);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return Ok((File::default(), usual))
        }
        Err(error) => return Err(Error::file(path, error)),
    };
    match toml::from_str(&text) {
        Ok(file) => Ok((file, path.to_owned())),
        Err(error) => Err(Error::Config(
            path.to_owned(),
            error.to_string().trim_end().into(),
        )),
    }
}

/// Our folder in one of the XDG base directories; `fallback` is below the home directory. (XDG Base
/// Directory Specification 0.8: relative paths are to be ignored.)
fn directory(variable: &str, fallback: &str) -> PathBuf {
    let set = std::env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let base = set.unwrap_or_else(|| {
        let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
        home.map(PathBuf::from)
            .unwrap_or_else(|| PathBuf::from("."))
            .join(fallback)
    });
    base.join("verdigris")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_nodes() {
        assert_eq!(node_url("http://h:1/").ok().as_deref(), Some("http://h:1"));
        for bad in ["h:1", "ftp://h", "http://", "https:///"] {
            assert!(node_url(bad).is_err(), "{bad}");
        }
    }
}
