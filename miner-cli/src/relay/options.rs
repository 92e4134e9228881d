//! What a relay can be told.

use crate::address::Address;
use crate::error::Error;
use clap::{Args, ValueEnum};
use miner_tiny::link::DEFAULT_BAUD;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Speeds that serial drivers know, in bits per second (0 would hang up: termios(3), B0).
const SPEEDS: std::ops::RangeInclusive<u32> = 50..=4_000_000;

/// Options of `verdigris relay`, and members of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Options {
    /// The serial device that the machine is connected to
    #[arg(
        long,
        env = "VERDIGRIS_SERIAL",
        value_name = "DEVICE",
        conflicts_with = "tcp"
    )]
    pub serial: Option<PathBuf>,

    /// Listen here instead, for an emulator whose serial port is a TCP socket: PORT or ADDRESS:PORT
    #[arg(long, env = "VERDIGRIS_TCP", value_name = "ADDR")]
    pub tcp: Option<String>,

    /// Bits per second, the same on both sides [default: 9600]
    #[arg(
        long, env = "VERDIGRIS_BAUD", value_name = "N",
        value_parser = clap::value_parser!(u32).range(
            i64::from(*SPEEDS.start())..=i64::from(*SPEEDS.end())
        )
    )]
    pub baud: Option<u32>,

    /// Who may say "stop" on the line, the same on both sides [default: none]
    #[arg(long, env = "VERDIGRIS_FLOW", value_name = "WHO")]
    pub flow: Option<Flow>,
}

/// Flow control of a serial line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flow {
    /// Nobody: what comes too fast is lost, and sent again.
    #[default]
    None,
    /// XON and XOFF among the bytes.
    Software,
    /// The wires RTS and CTS, where the cable has them.
    Hardware,
}

/// Where the line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A device.
    Serial(PathBuf),
    /// A port to listen on.
    Tcp(SocketAddr),
}

/// Options, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where the line is.
    pub place: Place,
    /// Bits per second.
    pub baud: u32,
    /// Flow control.
    pub flow: Flow,
    /// The one node: host and port.
    pub node: (String, u16),
}

impl Plan {
    /// Options as given, else as in the configuration file, else as usual; and the node's URL.
    ///
    /// # Errors
    /// [`Error::Usage`].
    pub fn resolve(given: Options, file: &Options, node: &str) -> Result<Self, Error> {
        // A device that was named by hand is not meant beside a port from the file.
        let (serial, tcp) = match (&given.serial, &given.tcp) {
            (None, None) => (file.serial.clone(), file.tcp.clone()),
            _ => (given.serial, given.tcp),
        };
        let place = match (serial, tcp) {
            (Some(path), None) => Place::Serial(path),
            (None, Some(text)) => Place::Tcp(listening_address(&text)?),
            (None, None) => {
                return Err(Error::Usage(
                    "where is the machine? --serial DEVICE, or --tcp ADDR for an emulator".into(),
                ))
            }
            (Some(_), Some(_)) => {
                return Err(Error::Usage(
                    "the configuration file has both `serial` and `tcp`: a relay has one line"
                        .into(),
                ))
            }
        };
        let baud = given.baud.or(file.baud).unwrap_or(DEFAULT_BAUD);
        if !SPEEDS.contains(&baud) {
            return Err(Error::Usage(format!("{baud} is no speed of a serial line")));
        }
        Ok(Plan {
            place,
            baud,
            flow: given.flow.or(file.flow).unwrap_or_default(),
            node: node_address(node)?,
        })
    }
}

/// `PORT`, `:PORT` (of this machine alone) or `ADDRESS:PORT`.
fn listening_address(text: &str) -> Result<SocketAddr, Error> {
    match text.strip_prefix(':').unwrap_or(text).parse() {
        Ok(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => text.parse().map_err(|_| {
            Error::Usage(format!(
                "`{text}` is no address to listen on: 4000, or 127.0.0.1:4000"
            ))
        }),
    }
}

/// Host and port of a node's URL.
fn node_address(url: &str) -> Result<(String, u16), Error> {
    let address = Address::parse(url)?;
    if address.secure {
        return Err(Error::Usage(format!(
            "--node {url}: the machine behind the line speaks plain HTTP, and so must its node: \
             http://host:port"
        )));
    }
    Ok((address.host, address.port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "http://node:8099";

    fn serial(path: &str) -> Options {
        Options {
            serial: Some(path.into()),
            ..Options::default()
        }
    }

    fn tcp(address: &str) -> Options {
        Options {
            tcp: Some(address.into()),
            ..Options::default()
        }
    }

    #[test]
    fn what_is_given_comes_before_the_file() {
        let file = Options {
            baud: Some(1200),
            flow: Some(Flow::Software),
            ..tcp("4000")
        };
        let plan = Plan::resolve(serial("/dev/x"), &file, NODE).unwrap();
        assert_eq!(plan.place, Place::Serial("/dev/x".into()));
        assert_eq!((plan.baud, plan.flow), (1200, Flow::Software));
        let plan = Plan::resolve(Options::default(), &file, NODE).unwrap();
        assert_eq!(plan.place, Place::Tcp("127.0.0.1:4000".parse().unwrap()));
        let both = Options {
            tcp: Some("1".into()),
            ..serial("/dev/x")
        };
        assert!(Plan::resolve(Options::default(), &both, NODE).is_err());
        let hang_up = Options {
            baud: Some(0),
            ..file
        };
        assert!(Plan::resolve(Options::default(), &hang_up, NODE).is_err());
        assert!(Plan::resolve(Options::default(), &Options::default(), NODE).is_err());
    }

    #[test]
    fn only_this_machine_is_listened_to_unless_said() {
        for (text, address) in [
            ("4000", "127.0.0.1:4000"),
            (":4000", "127.0.0.1:4000"),
            ("0.0.0.0:1", "0.0.0.0:1"),
            ("[::1]:5", "[::1]:5"),
        ] {
            assert_eq!(
                listening_address(text).unwrap(),
                address.parse::<SocketAddr>().unwrap()
            );
        }
        for bad in ["", "x", "70000", "host:1", "1.2.3.4"] {
            assert!(listening_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_nodes() {
        for (url, host, port) in [
            ("http://node:8099", "node", 8099),
            ("http://node", "node", 80),
            ("http://1.2.3.4:5/base", "1.2.3.4", 5),
            ("http://[::1]:80", "::1", 80),
            ("http://[::1]", "::1", 80),
        ] {
            assert_eq!(node_address(url).unwrap(), (host.to_owned(), port), "{url}");
        }
        for bad in ["https://node", "http://:1", "http://h:0", "http://h:x"] {
            assert!(node_address(bad).is_err(), "{bad}");
        }
    }
}
