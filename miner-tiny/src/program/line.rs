//! The line to a node: TCP by name or address, or a serial device with a relay at its other end.

use super::node::Node;
use super::resolve;
use super::system::{Received, Refused, System};
use crate::link::{self, Broken, Client};

/// How a node is reached.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, and nothing to put the larger half in"
)]
pub enum Line<'a> {
    /// By the system's own network.
    Tcp,
    /// By a relay at the other end of a serial device.
    Serial {
        /// The device's file.
        device: &'a str,
        /// Bits a second.
        baud: u32,
        /// The protocol, once the device is open.
        client: Option<Client>,
    },
}

impl Line<'_> {
    /// Connects to the node: to the first of its addresses that answers, or through the relay, which
    /// knows where it is.
    pub fn connect(
        &mut self,
        system: &mut impl System,
        node: &Node<'_>,
        until_ms: u64,
    ) -> Result<(), Refused> {
        match self {
            Line::Tcp => {
                let mut last = Refused("no such host");
                for address in resolve::addresses(system, node.host, until_ms)? {
                    let ms = left(system, until_ms);
                    match system.connect(address, node.port, ms) {
                        Ok(()) => return Ok(()),
                        Err(refused) => last = refused,
                    }
                }
                Err(last)
            }
            Line::Serial {
                device,
                baud,
                client,
            } => {
                let client = match client {
                    Some(client) => client,
                    None => {
                        system.open_serial(device, *baud)?;
                        client.insert(Client::new(token(system), *baud))
                    }
                };
                client
                    .connect(&mut Wire(system), node.authority, until_ms)
                    .map_err(|error| Refused(error.words()))
            }
        }
    }

    /// Sends some of the bytes; says how many, 0 where none could be in time.
    pub fn send(
        &mut self,
        system: &mut impl System,
        bytes: &[u8],
        until_ms: u64,
    ) -> Result<usize, Refused> {
        match self {
            Line::Serial { client, .. } => match client {
                Some(client) => client
                    .send(&mut Wire(system), bytes, until_ms)
                    .map_err(|error| Refused(error.words())),
                None => Err(NOT_OPEN),
            },
            Line::Tcp => {
                let ms = left(system, until_ms);
                system.send(bytes, ms)
            }
        }
    }

    /// Receives into a buffer that is not empty.
    pub fn receive(
        &mut self,
        system: &mut impl System,
        to: &mut [u8],
        until_ms: u64,
    ) -> Result<Received, Refused> {
        match self {
            Line::Serial { client, .. } => {
                let client = client.as_mut().ok_or(NOT_OPEN)?;
                match client.receive(&mut Wire(system), to, until_ms) {
                    Ok(link::Received::Bytes(count)) => Ok(Received::Bytes(count)),
                    Ok(link::Received::Nothing) => Ok(Received::Nothing),
                    Ok(link::Received::Closed) => Ok(Received::Closed),
                    Err(error) => Err(Refused(error.words())),
                }
            }
            Line::Tcp => {
                let ms = left(system, until_ms);
                system.receive(to, ms)
            }
        }
    }

    /// Closes the connection, if there is one; a serial device stays open, because the relay goes on
    /// listening to it.
    pub fn close(&mut self, system: &mut impl System) {
        match self {
            Line::Tcp => system.close(),
            Line::Serial { client, .. } => {
                if let Some(client) = client {
                    client.close(&mut Wire(system));
                }
            }
        }
    }

    /// Milliseconds that an exchange of `bytes` may take, where the line is slow itself.
    pub fn patience_ms(&self, bytes: usize) -> Option<u64> {
        match self {
            Line::Tcp => None,
            Line::Serial { baud, .. } => Some(
                bytes as u64 * BITS_A_BYTE * SHARE_OF_REPEATS * 1_000 / u64::from((*baud).max(1)),
            ),
        }
    }
}

const NOT_OPEN: Refused = Refused("the serial device is not open");

/// Bits on the line for a byte: a start bit, eight, a stop bit.
const BITS_A_BYTE: u64 = 10;

/// Frames, acknowledgements and repetitions may take three times as long again as the bytes alone.
const SHARE_OF_REPEATS: u64 = 4;

/// Milliseconds until then, at least one.
pub fn left(system: &mut impl System, until_ms: u64) -> u64 {
    until_ms.saturating_sub(system.now_ms()).max(1)
}

/// What tells this run's frames from an earlier one's.
fn token(system: &mut impl System) -> u16 {
    let mut bytes = [0; 2];
    match system.entropy(&mut bytes) {
        Ok(()) => u16::from_ne_bytes(bytes),
        Err(_) => system.now_ms() as u16,
    }
}

/// The system's line as the protocol's.
struct Wire<'s, S>(&'s mut S);

impl<S: System> link::Line for Wire<'_, S> {
    fn now_ms(&mut self) -> u64 {
        self.0.now_ms()
    }

    fn write(&mut self, bytes: &[u8], until_ms: u64) -> Result<usize, Broken> {
        let ms = left(self.0, until_ms);
        self.0.send(bytes, ms).map_err(|_| Broken)
    }

    fn read(&mut self, to: &mut [u8], until_ms: u64) -> Result<usize, Broken> {
        let ms = left(self.0, until_ms);
        match self.0.receive(to, ms) {
            Ok(Received::Bytes(count)) => Ok(count),
            Ok(Received::Nothing) => Ok(0),
            Ok(Received::Closed) | Err(_) => Err(Broken),
        }
    }
}
