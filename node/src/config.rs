//! What an operator can set, where it may be set, and which wins: option over environment over file
//! over default.

mod layers;

pub use layers::{unknown_variables, Layered};

use serde::{Deserialize, Serialize, Serializer};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::attest::signature::{Older, Policy, Unsigned};
use crate::binding::secret;
use crate::http::logs::{Format, Level};
use crate::store::sql::Location;
use crate::store::ChainOptions;

/// Slots of this length where they fit the epoch: the existing network's.
const SLOT_S: i64 = 600;

/// The database where nothing is said.
pub const DATABASE: &str = "verdigris.db";

/// The network where nothing is said: the existing one.
pub const CHAIN_ID: &str = "rustchain-mainnet-v2";

/// How a node serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Which submissions are taken that are signed in part or not at all.
    pub signatures: Policy,
    /// Requests of any kind a minute for one address; 0 for no limit.
    pub requests_per_minute: u32,
    /// Challenges a minute for one address; 0 for no limit.
    pub challenges_per_minute: u32,
    /// Miner ids an hour behind one address; 0 for no limit.
    pub miners_per_hour: u32,
    /// Submissions an hour that one key signed; 0 for no limit.
    pub submissions_per_hour: u32,
    /// Transfers an hour that one key signed; 0 for no limit.
    pub transfers_per_hour: u32,
    /// Lists a minute for one address; 0 for no limit.
    pub lists_per_minute: u32,
    /// Proxies whose `X-Real-IP` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Bytes of a request's body, at most.
    pub body_bytes: usize,
    /// Time for a request's head to arrive, and for a connection to be idle.
    pub head_timeout: Duration,
    /// Time for a request's body to arrive.
    pub body_timeout: Duration,
    /// Time that one connection may last.
    pub connection_age: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// The network that signed transfers name.
    pub chain_id: String,
    /// Time between a transfer and its booking.
    pub transfer_delay: Duration,
    /// Time between a migration of a machine and its end; the operator's take
    /// [`crate::binding::migration::OPERATOR_DELAYS`] times as long.
    pub migration_delay: Duration,
    /// Connections at a time from one address that is no trusted proxy; 0 for no limit.
    pub connections_per_address: usize,
    /// Where the operator's backups are; nothing is said of their age where it is not known.
    pub backups: Option<PathBuf>,
}

/// Limits of the existing network, where it has one.
impl Default for Config {
    fn default() -> Self {
        Config {
            signatures: Policy::default(),
            // Ten a second: a person's page, or a hundred miners behind one address.
            requests_per_minute: 600,
            challenges_per_minute: 10,
            miners_per_hour: 15,
            // A miner sends six, the existing network takes ten: room for what goes wrong.
            submissions_per_hour: 30,
            transfers_per_hour: 600,
            lists_per_minute: 100,
            trusted_proxies: vec![
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                IpAddr::V6(Ipv6Addr::LOCALHOST),
            ],
            body_bytes: 1_000_000,
            // A machine of 1985 on a modem sends 8 KiB in 30 s at 2,400 baud.
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(40),
            connection_age: Duration::from_secs(300),
            connections: 512,
            chain_id: CHAIN_ID.into(),
            transfer_delay: Duration::from_secs(86_400),
            // A week: whoever looks at a miner every weekend sees it before it is done.
            migration_delay: Duration::from_secs(7 * 86_400),
            // An eighth of them: a whole school behind one address, but not everything.
            connections_per_address: 64,
            backups: None,
        }
    }
}

/// Everything that `serve` can be told, from one source. Each member is absent where that source is
/// silent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, clap::Args)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Address and port to listen on; port 0 takes any free one [default: 127.0.0.1:8099]
    #[arg(long, value_name = "ADDRESS", env = "VERDIGRIS_NODE_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// The database: a file, made if missing, or postgres://USER@HOST/NAME [default: verdigris.db]
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "VERDIGRIS_NODE_DATABASE",
        hide_env_values = true
    )]
    #[serde(serialize_with = "without_password")]
    pub database: Option<Location>,
    /// Start of slot 0, seconds since 1970 [default: 1764706927]. Fixed when the database is made
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_GENESIS")]
    pub genesis: Option<i64>,
    /// Length of an epoch [default: 86400]. Fixed when the database is made
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_EPOCH_SECONDS")]
    pub epoch_seconds: Option<i64>,
    /// Length of a slot, a divisor of the epoch's [default: 600, or 1 where 600 does not divide it].
    /// Fixed when the database is made
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_SLOT_SECONDS")]
    pub slot_seconds: Option<i64>,
    /// What an epoch pays, in millionths of an RTC [default: 1500000]. Fixed when the database is made
    #[arg(long, value_name = "MICRO-RTC", env = "VERDIGRIS_NODE_POT")]
    pub pot: Option<i64>,
    /// From whom unsigned submissions are taken [default: names]
    #[arg(long, value_enum, value_name = "WHOM", env = "VERDIGRIS_NODE_UNSIGNED")]
    #[serde(serialize_with = "as_an_option")]
    pub unsigned: Option<Unsigned>,
    /// From whom the older signature is taken, which covers no measurement [default: names]
    #[arg(
        long,
        value_enum,
        value_name = "WHOM",
        env = "VERDIGRIS_NODE_OLDER_SIGNATURES"
    )]
    #[serde(serialize_with = "as_an_option")]
    pub older_signatures: Option<Older>,
    /// Requests of any kind a minute for one address that is no trusted proxy; 0 for no limit
    /// [default: 600]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_REQUESTS_PER_MINUTE")]
    pub requests_per_minute: Option<u32>,
    /// Challenges a minute for one address; 0 for no limit [default: 10]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_CHALLENGES_PER_MINUTE")]
    pub challenges_per_minute: Option<u32>,
    /// Miner ids an hour behind one address; 0 for no limit [default: 15]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_MINERS_PER_HOUR")]
    pub miners_per_hour: Option<u32>,
    /// Submissions an hour that one key signed; 0 for no limit [default: 30]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_SUBMISSIONS_PER_HOUR")]
    pub submissions_per_hour: Option<u32>,
    /// Transfers an hour that one key signed; 0 for no limit [default: 600]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_TRANSFERS_PER_HOUR")]
    pub transfers_per_hour: Option<u32>,
    /// Lists a minute for one address; 0 for no limit [default: 100]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_LISTS_PER_MINUTE")]
    pub lists_per_minute: Option<u32>,
    /// Proxies whose X-Real-IP header is believed [default: 127.0.0.1,::1]
    #[arg(
        long,
        value_name = "IP,...",
        value_delimiter = ',',
        env = "VERDIGRIS_NODE_TRUSTED_PROXIES"
    )]
    pub trusted_proxies: Option<Vec<IpAddr>>,
    /// Connections at a time [default: 512]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_CONNECTIONS")]
    pub connections: Option<usize>,
    /// Connections at a time from one address that is no trusted proxy; 0 for no limit [default: 64]
    #[arg(long, value_name = "N", env = "VERDIGRIS_NODE_CONNECTIONS_PER_ADDRESS")]
    pub connections_per_address: Option<usize>,
    /// Seconds that a connection may last [default: 300]
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_CONNECTION_AGE")]
    pub connection_age: Option<u64>,
    /// Bytes of a request's body, at most [default: 1000000]
    #[arg(long, value_name = "BYTES", env = "VERDIGRIS_NODE_BODY_BYTES")]
    pub body_bytes: Option<usize>,
    /// Seconds for a request's body to arrive [default: 40]
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_BODY_TIMEOUT")]
    pub body_timeout: Option<u64>,
    /// Seconds for a request's head to arrive [default: 10]
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_HEAD_TIMEOUT")]
    pub head_timeout: Option<u64>,
    /// The network that signed transfers name [default: rustchain-mainnet-v2]
    #[arg(long, value_name = "ID", env = "VERDIGRIS_NODE_CHAIN_ID")]
    pub chain_id: Option<String>,
    /// Seconds between a transfer and its booking, in which the operator can call it off
    /// [default: 86400]
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_TRANSFER_DELAY")]
    pub transfer_delay: Option<u64>,
    /// Seconds between a migration of a machine and its end, in which its owner can cancel it
    /// [default: 604800]
    #[arg(long, value_name = "SECONDS", env = "VERDIGRIS_NODE_MIGRATION_DELAY")]
    pub migration_delay: Option<u64>,
    /// The file with the secret that serial numbers and network addresses are hashed with, made if
    /// missing, the same for all nodes of a database [default: beside an SQLite file, its name with
    /// .binding-secret; none for PostgreSQL, and then no machine is bound]
    #[arg(long, value_name = "FILE", env = "VERDIGRIS_NODE_BINDING_SECRET")]
    pub binding_secret: Option<PathBuf>,
    /// The directory that backups are written to: /health then tells how old the newest file in it is, and
    /// answers 503 from 36 hours on
    #[arg(long, value_name = "DIRECTORY", env = "VERDIGRIS_NODE_BACKUPS")]
    pub backups: Option<PathBuf>,
    /// Address and port of the operator's listener: metrics and status; none where it is not given
    #[arg(long, value_name = "ADDRESS", env = "VERDIGRIS_NODE_ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
    /// The file with the token that the operator's listener wants: 32 characters or more, readable
    /// by nobody else
    #[arg(long, value_name = "FILE", env = "VERDIGRIS_NODE_ADMIN_TOKEN_FILE")]
    pub admin_token_file: Option<PathBuf>,
    /// How a line of the log is written, on standard error [default: text]
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        env = "VERDIGRIS_NODE_LOG_FORMAT"
    )]
    #[serde(serialize_with = "as_an_option")]
    pub log_format: Option<Format>,
    /// What is logged [default: info]
    #[arg(
        long,
        value_enum,
        value_name = "LEVEL",
        env = "VERDIGRIS_NODE_LOG_LEVEL"
    )]
    #[serde(serialize_with = "as_an_option")]
    pub log_level: Option<Level>,
}

/// Settings that make no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSettings(String);

impl std::fmt::Display for BadSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSettings {}

/// The database that a command works on.
#[derive(Debug, clap::Args)]
pub struct Database {
    /// The database: a file, or postgres://USER@HOST/NAME
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "VERDIGRIS_NODE_DATABASE",
        hide_env_values = true,
        default_value = DATABASE
    )]
    pub database: Location,
}

/// As it is written, but for a password in a URL.
fn without_password<S: Serializer>(
    database: &Option<Location>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_some(&database.as_ref().map(ToString::to_string))
}

/// As the option is written.
fn as_an_option<T: clap::ValueEnum, S: Serializer>(
    choice: &Option<T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let named = choice.as_ref().and_then(T::to_possible_value);
    serializer.serialize_some(&named.as_ref().map(|value| value.get_name()))
}

macro_rules! first_of {
    ($a:expr, $b:expr, $($field:ident),+ $(,)?) => {
        Settings { $($field: $a.$field.or($b.$field),)+ }
    };
}

impl Settings {
    /// Reads a file of settings (TOML; the names of the options).
    ///
    /// # Errors
    /// Where the file cannot be read, or has a name or value that means nothing.
    pub fn from_file(path: &Path) -> Result<Self, BadSettings> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|e| BadSettings(format!("cannot read {shown}: {e}")))?;
        let bad = |e: &dyn std::fmt::Display| BadSettings(format!("{shown}: {e}"));
        let table: toml::Table = toml::from_str(&text).map_err(|e| bad(&e))?;
        layers::check_names(table.keys().map(String::as_str)).map_err(|e| bad(&e))?;
        // Once more from the text: its errors name the line.
        toml::from_str(&text).map_err(|e| bad(&e))
    }

    /// These settings, and where they are silent those of `other`.
    pub fn or(self, other: Settings) -> Settings {
        first_of!(
            self,
            other,
            listen,
            database,
            genesis,
            epoch_seconds,
            slot_seconds,
            pot,
            unsigned,
            older_signatures,
            requests_per_minute,
            challenges_per_minute,
            miners_per_hour,
            submissions_per_hour,
            transfers_per_hour,
            lists_per_minute,
            trusted_proxies,
            connections,
            connections_per_address,
            connection_age,
            body_bytes,
            body_timeout,
            head_timeout,
            chain_id,
            transfer_delay,
            migration_delay,
            binding_secret,
            backups,
            admin_listen,
            admin_token_file,
            log_format,
            log_level,
        )
    }

    /// The same with what holds where nothing is said, but for what a database may have of its own.
    pub fn with_defaults(&self) -> Settings {
        let config = self.config();
        Settings {
            listen: Some(self.listen()),
            database: Some(self.database()),
            genesis: self.genesis,
            epoch_seconds: self.epoch_seconds,
            slot_seconds: self.slot_seconds,
            pot: self.pot,
            unsigned: Some(config.signatures.unsigned),
            older_signatures: Some(config.signatures.older),
            requests_per_minute: Some(config.requests_per_minute),
            challenges_per_minute: Some(config.challenges_per_minute),
            miners_per_hour: Some(config.miners_per_hour),
            lists_per_minute: Some(config.lists_per_minute),
            trusted_proxies: Some(config.trusted_proxies),
            submissions_per_hour: Some(config.submissions_per_hour),
            transfers_per_hour: Some(config.transfers_per_hour),
            connections: Some(config.connections),
            connections_per_address: Some(config.connections_per_address),
            connection_age: Some(config.connection_age.as_secs()),
            body_bytes: Some(config.body_bytes),
            body_timeout: Some(config.body_timeout.as_secs()),
            head_timeout: Some(config.head_timeout.as_secs()),
            chain_id: Some(config.chain_id),
            transfer_delay: Some(config.transfer_delay.as_secs()),
            migration_delay: Some(config.migration_delay.as_secs()),
            binding_secret: self.binding_secret(),
            backups: config.backups,
            admin_listen: self.admin_listen,
            admin_token_file: self.admin_token_file.clone(),
            log_format: Some(self.log_format.unwrap_or_default()),
            log_level: Some(self.log_level.unwrap_or_default()),
        }
    }

    /// The address to listen on.
    pub fn listen(&self) -> SocketAddr {
        self.listen
            .unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8099)))
    }

    /// The database.
    pub fn database(&self) -> Location {
        self.database.clone().unwrap_or_else(|| DATABASE.into())
    }

    /// Where the secret for bindings is; `None` where there is none.
    pub fn binding_secret(&self) -> Option<PathBuf> {
        let beside = || secret::beside(&self.database());
        self.binding_secret.clone().or_else(beside)
    }

    /// The chain's parameters, as far as they were given.
    ///
    /// # Errors
    /// Where they contradict each other.
    pub fn chain(&self) -> Result<ChainOptions, BadSettings> {
        let bad = |text: &str| Err(BadSettings(text.into()));
        if self.genesis.is_some_and(|g| g < 0) || self.pot.is_some_and(|p| p < 0) {
            return bad("genesis and pot cannot be negative");
        }
        if self.epoch_seconds.is_some_and(|s| s < 1) || self.slot_seconds.is_some_and(|s| s < 1) {
            return bad("slots and epochs last at least a second");
        }
        let (slot_s, slots_per_epoch) = match (self.slot_seconds, self.epoch_seconds) {
            (None, None) => (None, None),
            (Some(slot), None) => (Some(slot), None),
            (None, Some(epoch)) if epoch % SLOT_S == 0 => (Some(SLOT_S), Some(epoch / SLOT_S)),
            (None, Some(epoch)) => (Some(1), Some(epoch)),
            (Some(slot), Some(epoch)) if epoch % slot == 0 => (Some(slot), Some(epoch / slot)),
            (Some(_), Some(_)) => return bad("the epoch must be a whole number of slots"),
        };
        Ok(ChainOptions {
            genesis_s: self.genesis,
            slot_s,
            slots_per_epoch,
            pot: self.pot,
        })
    }

    /// Where the operator's listener is, and its token's file; `None` where there is none.
    ///
    /// # Errors
    /// Where there is one without a token.
    pub fn admin(&self) -> Result<Option<(SocketAddr, &Path)>, BadSettings> {
        match (self.admin_listen, &self.admin_token_file) {
            (None, _) => Ok(None),
            (Some(address), Some(file)) => Ok(Some((address, file))),
            (Some(_), None) => Err(BadSettings(
                "admin-listen needs admin-token-file: nobody gets in without a token".into(),
            )),
        }
    }

    /// How to serve.
    pub fn config(&self) -> Config {
        let default = Config::default();
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        Config {
            signatures: Policy {
                unsigned: self.unsigned.unwrap_or_default(),
                older: self.older_signatures.unwrap_or_default(),
            },
            requests_per_minute: self
                .requests_per_minute
                .unwrap_or(default.requests_per_minute),
            challenges_per_minute: self
                .challenges_per_minute
                .unwrap_or(default.challenges_per_minute),
            miners_per_hour: self.miners_per_hour.unwrap_or(default.miners_per_hour),
            submissions_per_hour: self
                .submissions_per_hour
                .unwrap_or(default.submissions_per_hour),
            transfers_per_hour: self
                .transfers_per_hour
                .unwrap_or(default.transfers_per_hour),
            lists_per_minute: self.lists_per_minute.unwrap_or(default.lists_per_minute),
            trusted_proxies: self
                .trusted_proxies
                .clone()
                .unwrap_or(default.trusted_proxies),
            connections: self.connections.unwrap_or(default.connections).max(1),
            connections_per_address: self
                .connections_per_address
                .unwrap_or(default.connections_per_address),
            backups: self.backups.clone(),
            connection_age: seconds(self.connection_age, default.connection_age),
            body_bytes: self.body_bytes.unwrap_or(default.body_bytes),
            body_timeout: seconds(self.body_timeout, default.body_timeout),
            head_timeout: seconds(self.head_timeout, default.head_timeout),
            chain_id: self.chain_id.clone().unwrap_or(default.chain_id),
            transfer_delay: seconds(self.transfer_delay, default.transfer_delay),
            migration_delay: seconds(self.migration_delay, default.migration_delay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_win_over_the_file() {
        let file: Settings =
            toml::from_str("listen = \"0.0.0.0:80\"\nepoch-seconds = 20\nunsigned = \"never\"")
                .unwrap();
        let options = Settings {
            epoch_seconds: Some(30),
            ..Settings::default()
        };
        let both = options.or(file);
        assert_eq!(both.epoch_seconds, Some(30));
        assert_eq!(both.listen().port(), 80);
        assert_eq!(both.config().signatures.unsigned, Unsigned::Never);
        assert!(toml::from_str::<Settings>("lisen = 1").is_err());
    }

    #[test]
    fn an_epoch_is_whole_slots() {
        let chain = |slot, epoch| {
            let settings = Settings {
                slot_seconds: slot,
                epoch_seconds: epoch,
                ..Settings::default()
            };
            settings.chain().map(|c| (c.slot_s, c.slots_per_epoch))
        };
        assert_eq!(chain(None, None), Ok((None, None)));
        assert_eq!(chain(None, Some(20)), Ok((Some(1), Some(20))));
        assert_eq!(chain(None, Some(86_400)), Ok((Some(600), Some(144))));
        assert_eq!(chain(Some(5), Some(20)), Ok((Some(5), Some(4))));
        assert!(chain(Some(7), Some(20)).is_err() && chain(Some(0), None).is_err());
    }
}
