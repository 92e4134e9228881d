//! `VERDIGRIS.CFG`: the miner's own configuration file, with the same names, and what it takes to bring a
//! network up.
//!
//! Values that only the miner understands are handed on to it as they are, so that it alone says what is
//! wrong with them.

use core::fmt;
use core::net::Ipv4Addr;
use heapless::String;
use miner_tiny::program::config_file::{lines, plain};

pub use miner_tiny::program::config_file::FILE_MAX;

/// What the names of serial devices begin with, here and there.
const DEVICES: &[u8] = b"/dev/";

/// Bytes of a value, at most: the miner's identifiers may have 128.
pub const VALUE: usize = 128;

/// The setting that needs no value to say yes.
const QUICK: &str = "quick";

/// Bits of an IPv4 address.
const ADDRESS_BITS: u8 = 32;

/// The prefix where none is given: a network of 254 hosts, as small networks have it.
const USUAL_PREFIX: u8 = 24;

/// A value.
pub type Text = String<VALUE>;

/// An address of one's own instead of one by DHCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// This machine's.
    pub ip: Ipv4Addr,
    /// Bits of it that are the network's, 1 to 32.
    pub prefix: u8,
}

impl Address {
    /// The prefix as a mask.
    pub fn mask(self) -> Ipv4Addr {
        let host_bits = u32::from(ADDRESS_BITS.saturating_sub(self.prefix));
        Ipv4Addr::from(u32::MAX.checked_shl(host_bits).unwrap_or(0))
    }
}

/// What the file says. Texts are empty where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The node's URL.
    pub node: Text,
    /// The only key that the node may have.
    pub node_key: Text,
    /// Who is paid.
    pub miner: Text,
    /// The machine's name.
    pub name: Text,
    /// Memory to measure in.
    pub arena: Text,
    /// Seconds between two attestations.
    pub interval: Text,
    /// The short measurement.
    pub quick: bool,
    /// Instead of DHCP.
    pub address: Option<Address>,
    /// The way to other networks.
    pub gateway: Option<Ipv4Addr>,
    /// The server of names.
    pub dns: Option<Ipv4Addr>,
    /// The serial device to use instead of a network, without `/dev/`.
    pub serial: Text,
    /// Its speed.
    pub baud: Text,
}

/// What is wrong with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// No value in the line.
    NotASetting,
    /// No such name.
    Unknown,
    /// Longer than [`VALUE`], or with characters that no value has.
    BadText,
    /// Neither yes nor no.
    NotYesOrNo,
    /// No IPv4 address.
    NotAnAddress,
    /// Neither a node nor a serial line.
    NoNode,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Wrong::NotASetting => "is not NAME = VALUE",
            Wrong::Unknown => "names no known setting",
            Wrong::BadText => "has a value too long or with spaces",
            Wrong::NotYesOrNo => "wants yes or no",
            Wrong::NotAnAddress => "wants an address like 192.168.1.9",
            Wrong::NoNode => "no node is named: node = http://HOST:PORT",
        })
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is wrong, counted from 1; 0 where something is missing.
    pub fn parse(file: &[u8]) -> Result<Self, (u32, Wrong)> {
        let mut config = Config::default();
        for setting in lines(file) {
            let value = match setting.value {
                Some(value) => value,
                None if setting.name == QUICK => b"yes",
                None => return Err((setting.line, Wrong::NotASetting)),
            };
            config
                .set(setting.name.as_bytes(), value)
                .map_err(|wrong| (setting.line, wrong))?;
        }
        Ok(config)
    }

    /// Whether there is all that it takes.
    ///
    /// # Errors
    /// What is missing.
    pub fn complete(&self) -> Result<(), (u32, Wrong)> {
        if self.node.is_empty() && self.serial.is_empty() {
            return Err((0, Wrong::NoNode));
        }
        Ok(())
    }

    /// Sets one value. An empty one leaves everything as it was.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> Result<(), Wrong> {
        let text = match plain(name).as_str() {
            "node" => &mut self.node,
            "node-key" => &mut self.node_key,
            "miner" => &mut self.miner,
            "name" => &mut self.name,
            "arena" => &mut self.arena,
            "interval" => &mut self.interval,
            "serial" => &mut self.serial,
            "baud" => &mut self.baud,
            QUICK => {
                self.quick = optional(value, yes_or_no)?.unwrap_or(self.quick);
                return Ok(());
            }
            "ip" => {
                self.address = optional(value, address)?.or(self.address);
                return Ok(());
            }
            "gateway" => {
                self.gateway = optional(value, ip)?.or(self.gateway);
                return Ok(());
            }
            "dns" => {
                self.dns = optional(value, ip)?.or(self.dns);
                return Ok(());
            }
            _ => return Err(Wrong::Unknown),
        };
        // Only the serial line is a device.
        let value = value.strip_prefix(DEVICES).unwrap_or(value);
        if !value.is_empty() {
            *text = plain_text(value)?;
        }
        Ok(())
    }
}

fn plain_text(value: &[u8]) -> Result<Text, Wrong> {
    if !value.iter().all(u8::is_ascii_graphic) {
        return Err(Wrong::BadText);
    }
    let text = core::str::from_utf8(value).map_err(|_| Wrong::BadText)?;
    Text::try_from(text).map_err(|_| Wrong::BadText)
}

fn yes_or_no(value: &[u8]) -> Result<bool, Wrong> {
    let is = |word: &str| value.eq_ignore_ascii_case(word.as_bytes());
    if is("yes") {
        Ok(true)
    } else if is("no") {
        Ok(false)
    } else {
        Err(Wrong::NotYesOrNo)
    }
}

fn optional<T>(
    value: &[u8],
    read: impl FnOnce(&[u8]) -> Result<T, Wrong>,
) -> Result<Option<T>, Wrong> {
    if value.is_empty() {
        return Ok(None);
    }
    read(value).map(Some)
}

fn ip(value: &[u8]) -> Result<Ipv4Addr, Wrong> {
    core::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or(Wrong::NotAnAddress)
}

/// `192.168.1.9` or `192.168.1.9/24`.
fn address(value: &[u8]) -> Result<Address, Wrong> {
    let slash = value.iter().position(|&byte| byte == b'/');
    let (ip_text, rest) = value.split_at(slash.unwrap_or(value.len()));
    let prefix = match rest {
        [] => USUAL_PREFIX,
        [_, digits @ ..] => core::str::from_utf8(digits)
            .ok()
            .and_then(|text| text.parse().ok())
            .filter(|bits| (1..=ADDRESS_BITS).contains(bits))
            .ok_or(Wrong::NotAnAddress)?,
    };
    Ok(Address {
        ip: ip(ip_text)?,
        prefix,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    extern crate std;

    #[test]
    fn a_file_from_dos_a_mac_and_unix_says_the_same() {
        let lines = [
            "# the node",
            "NODE = http://10.0.2.2:8099   ; here",
            "",
            "quick=YES",
            "  ip = 192.168.1.9/16",
            "gateway=192.168.1.1",
            "name =",
            "serial = /dev/ttyS1",
            "Node-Key 00",
        ];
        let mut read = ["\n", "\r\n", "\r"].map(|end| {
            let config = Config::parse(lines.join(end).as_bytes());
            config.unwrap_or_else(|(line, wrong)| panic!("{line}: {wrong}"))
        });
        read[1].complete().expect("it names a node");
        assert_eq!(read[0], read[1]);
        assert_eq!(read[0], read[2]);
        let config = core::mem::take(&mut read[0]);
        assert_eq!(config.node.as_str(), "http://10.0.2.2:8099");
        assert!(config.quick && config.name.is_empty());
        assert_eq!(
            (config.serial.as_str(), config.node_key.as_str()),
            ("ttyS1", "00")
        );
        assert!(Config::parse(b"quick").is_ok_and(|config| config.quick));
        let address = config.address.expect("an address");
        assert_eq!(address.mask(), Ipv4Addr::new(255, 255, 0, 0));
        assert_eq!(config.gateway, Some(Ipv4Addr::new(192, 168, 1, 1)));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("node", (1, Wrong::NotASetting)),
            ("\r\nnodes = x", (2, Wrong::Unknown)),
            ("quick = perhaps", (1, Wrong::NotYesOrNo)),
            ("\n\nip = 1.2.3", (3, Wrong::NotAnAddress)),
            ("ip = 1.2.3.4/33", (1, Wrong::NotAnAddress)),
            ("ip = 1.2.3.4/0", (1, Wrong::NotAnAddress)),
            ("dns = ::1", (1, Wrong::NotAnAddress)),
            ("node = a b", (1, Wrong::BadText)),
        ] {
            assert_eq!(Config::parse(text.as_bytes()), Err(expected), "{text:?}");
        }
        let long = std::format!("name = {}", "x".repeat(VALUE + 1));
        assert_eq!(Config::parse(long.as_bytes()), Err((1, Wrong::BadText)));
        let empty = Config::parse(b"").expect("nothing is wrong in nothing");
        assert_eq!(empty.complete(), Err((0, Wrong::NoNode)));
        assert!(Config::parse(b"serial=ttyS0\r\n\x1a").is_ok_and(|c| c.complete().is_ok()));
    }

    #[test]
    fn the_disk_s_own_file_is_right() {
        let config = Config::parse(include_bytes!("../VERDIGRIS.CFG")).expect("no line is wrong");
        assert!(config.complete().is_ok());
        assert!(include_bytes!("../VERDIGRIS.CFG").len() < FILE_MAX);
    }

    #[test]
    fn masks_are_what_their_prefixes_say() {
        let mask = |prefix| {
            let ip = Ipv4Addr::LOCALHOST;
            u32::from(Address { ip, prefix }.mask()).leading_ones()
        };
        assert!((1..=32).all(|prefix| mask(prefix) == u32::from(prefix)));
    }

    proptest! {
        #[test]
        fn no_file_panics(file in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Config::parse(&file);
        }

        #[test]
        fn no_line_panics(text in "((node|ip|dns|quick)?[= ]{0,3}[0-9a-z./]{0,9}[\r\n;#]{0,2}){0,9}") {
            let _ = Config::parse(text.as_bytes());
        }
    }
}
