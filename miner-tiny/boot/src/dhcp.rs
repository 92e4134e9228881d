//! As much DHCP as one machine needs to get an address: messages written, and answers taken apart.
//!
//! Sources: RFC 2131 (§2 format, §3.1 the exchange, §4.1 the broadcast flag, §4.4.1 the client), RFC 2132
//! (options), RFC 1542 §2.1 (a message has at least 300 bytes). An answer is anybody's: every length is
//! checked, and what is malformed is no answer.

use core::net::Ipv4Addr;

/// Bytes of a message that is sent: what BOOTP relays expect at least.
pub const MESSAGE: usize = 300;

/// Bytes of an answer that are read: an Ethernet frame's worth.
pub const ANSWER_MAX: usize = 1472;

/// Where servers listen, and clients.
pub const SERVER_PORT: u16 = 67;
/// See [`SERVER_PORT`].
pub const CLIENT_PORT: u16 = 68;

/// Bytes of an Ethernet address.
pub const MAC: usize = 6;

/// Seconds that an address is good for where a server does not say, and at least.
const LEASE_USUAL_S: u32 = 3600;
const LEASE_LEAST_S: u32 = 60;

/// `op`: from a client, from a server.
const BOOT_REQUEST: u8 = 1;
const BOOT_REPLY: u8 = 2;
/// `htype` of Ethernet.
const ETHERNET: u8 = 1;
/// The flag that asks for answers by broadcast: there is no address yet to send them to.
const BROADCAST: [u8; 2] = [0x80, 0];
/// What stands before options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];

/// Where fields of a message start.
const AT_XID: usize = 4;
const AT_FLAGS: usize = 10;
const AT_CLIENT_IP: usize = 12;
const AT_YOUR_IP: usize = 16;
const AT_MAC: usize = 28;
const AT_COOKIE: usize = 236;
const AT_OPTIONS: usize = 240;

/// Options.
const PAD: u8 = 0;
const MASK: u8 = 1;
const ROUTER: u8 = 3;
const DNS: u8 = 6;
const WANTED_IP: u8 = 50;
const LEASE: u8 = 51;
const TYPE: u8 = 53;
const SERVER: u8 = 54;
const WANTED_OPTIONS: u8 = 55;
const END: u8 = 255;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A server offers an address.
    Offer,
    /// It is given.
    Ack,
    /// It is not.
    Nak,
}

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// Who asks, and in which conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// The card's address.
    pub mac: [u8; MAC],
    /// A number for the conversation, drawn at random.
    pub xid: u32,
}

/// What a server said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub kind: Kind,
    /// The address for this machine.
    pub ip: Ipv4Addr,
    /// Which bits of it are the network's.
    pub mask: Ipv4Addr,
    /// The server, by its own word.
    pub server: Ipv4Addr,
    /// The way out, if any.
    pub router: Option<Ipv4Addr>,
    /// A server of names, if any.
    pub dns: Option<Ipv4Addr>,
    /// How long it is good, seconds.
    pub lease_s: u32,
}

impl Client {
    /// Asks whoever is there for an address.
    pub fn discover(&self) -> [u8; MESSAGE] {
        self.message(DISCOVER, Ipv4Addr::UNSPECIFIED, |_| {})
    }

    /// Takes an offer.
    pub fn request(&self, offer: &Answer) -> [u8; MESSAGE] {
        self.message(REQUEST, Ipv4Addr::UNSPECIFIED, |add| {
            add(WANTED_IP, &offer.ip.octets());
            add(SERVER, &offer.server.octets());
        })
    }

    /// Asks for the address that this machine has for a while longer, whoever may grant it.
    pub fn renew(&self, ip: Ipv4Addr) -> [u8; MESSAGE] {
        self.message(REQUEST, ip, |_| {})
    }

    fn message(
        &self,
        kind: u8,
        ip: Ipv4Addr,
        more: impl FnOnce(&mut dyn FnMut(u8, &[u8])),
    ) -> [u8; MESSAGE] {
        let mut message = [0; MESSAGE];
        let mut put =
            |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &[BOOT_REQUEST, ETHERNET, MAC as u8, 0]);
        put(AT_XID, &self.xid.to_be_bytes());
        put(AT_FLAGS, &BROADCAST);
        put(AT_CLIENT_IP, &ip.octets());
        put(AT_MAC, &self.mac);
        put(AT_COOKIE, &COOKIE);
        let mut at = AT_OPTIONS;
        let mut add = |code: u8, value: &[u8]| {
            put(at, &[code, value.len() as u8]);
            put(at + 2, value);
            at += 2 + value.len();
        };
        add(TYPE, &[kind]);
        more(&mut add);
        add(WANTED_OPTIONS, &[MASK, ROUTER, DNS, LEASE]);
        put(at, &[END]);
        message
    }

    /// What a datagram says; `None` where it is no whole answer to this client's conversation.
    pub fn read(&self, datagram: &[u8]) -> Option<Answer> {
        let field = |at: usize, length: usize| datagram.get(at..at + length);
        let ours = datagram.first() == Some(&BOOT_REPLY)
            && field(AT_XID, 4)? == self.xid.to_be_bytes()
            && field(AT_MAC, MAC)? == self.mac
            && field(AT_COOKIE, COOKIE.len())? == COOKIE;
        if !ours {
            return None;
        }
        let ip = address(field(AT_YOUR_IP, 4)?)?;
        let option = |code| option(datagram.get(AT_OPTIONS..)?, code);
        let kind = match option(TYPE)? {
            [OFFER] => Kind::Offer,
            [ACK] => Kind::Ack,
            [NAK] => Kind::Nak,
            _ => return None,
        };
        if kind != Kind::Nak && (ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()) {
            return None;
        }
        let first = |code| option(code).and_then(|list| address(list.get(..4)?));
        let lease =
            option(LEASE).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?)));
        Some(Answer {
            kind,
            ip,
            mask: first(MASK).unwrap_or_else(|| usual_mask(ip)),
            server: first(SERVER)?,
            router: first(ROUTER),
            dns: first(DNS),
            lease_s: lease.unwrap_or(LEASE_USUAL_S).max(LEASE_LEAST_S),
        })
    }
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))
}

/// The value of the first option of that code. Overloaded fields (RFC 2132 §9.3) are not looked into:
/// what is wanted is short.
fn option(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
    // Every turn takes at least one byte off.
    loop {
        match options {
            [PAD, rest @ ..] => options = rest,
            [END, ..] => return None,
            [code, length, rest @ ..] => {
                let value = rest.get(..usize::from(*length))?;
                if *code == wanted {
                    return Some(value);
                }
                options = &rest[value.len()..];
            }
            _ => return None,
        }
    }
}

/// The mask of an address's class (RFC 791 §3.2), where a server gives none.
fn usual_mask(ip: Ipv4Addr) -> Ipv4Addr {
    match ip.octets()[0] {
        0..=127 => Ipv4Addr::new(255, 0, 0, 0),
        128..=191 => Ipv4Addr::new(255, 255, 0, 0),
        _ => Ipv4Addr::new(255, 255, 255, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    extern crate std;
    use std::vec::Vec;

    const CLIENT: Client = Client {
        mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
        xid: 0x1234_5678,
    };

    /// A server's answer with these options.
    fn answer(options: &[u8]) -> Vec<u8> {
        let mut message = CLIENT.discover().to_vec();
        message.truncate(AT_OPTIONS);
        message[0] = BOOT_REPLY;
        message[AT_YOUR_IP..AT_YOUR_IP + 4].copy_from_slice(&[10, 0, 2, 15]);
        message.extend_from_slice(options);
        message
    }

    const OPTIONS: [u8; 34] = [
        53, 1, 5, 54, 4, 10, 0, 2, 2, 1, 4, 255, 255, 255, 0, 0, 3, 4, 10, 0, 2, 2, 6, 4, 10, 0, 2,
        3, 51, 4, 0, 1, 0x51, 0x80,
    ];

    #[test]
    fn an_answer_is_read_whole() {
        let mut options = OPTIONS.to_vec();
        options.push(END);
        let read = CLIENT.read(&answer(&options)).expect("it is well formed");
        assert_eq!(
            read,
            Answer {
                kind: Kind::Ack,
                ip: Ipv4Addr::new(10, 0, 2, 15),
                mask: Ipv4Addr::new(255, 255, 255, 0),
                server: Ipv4Addr::new(10, 0, 2, 2),
                router: Some(Ipv4Addr::new(10, 0, 2, 2)),
                dns: Some(Ipv4Addr::new(10, 0, 2, 3)),
                lease_s: 86_400,
            }
        );
    }

    #[test]
    fn answers_to_others_are_none() {
        let good = answer(&OPTIONS);
        assert!(CLIENT.read(&good).is_some());
        for at in [0, AT_XID, AT_MAC + 5, AT_COOKIE] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(CLIENT.read(&bad), None, "{at}");
        }
        let mut no_address = good.clone();
        no_address[AT_YOUR_IP..AT_YOUR_IP + 4].fill(0);
        assert_eq!(CLIENT.read(&no_address), None);
        // Each is cut in the middle of an option that is needed.
        for length in [0, AT_COOKIE, AT_OPTIONS, AT_OPTIONS + 2, AT_OPTIONS + 8] {
            assert_eq!(CLIENT.read(&good[..length]), None, "{length}");
        }
    }

    #[test]
    fn what_is_asked_has_its_options() {
        let offer = CLIENT.read(&answer(&OPTIONS)).expect("well formed");
        let asked = CLIENT.request(&offer);
        let option = |code| option(&asked[AT_OPTIONS..], code);
        assert_eq!(option(TYPE), Some(&[REQUEST][..]));
        assert_eq!(option(WANTED_IP), Some(&[10, 0, 2, 15][..]));
        assert_eq!(option(SERVER), Some(&[10, 0, 2, 2][..]));
        assert_eq!(asked[AT_FLAGS], 0x80);
        let renewed = CLIENT.renew(offer.ip);
        assert_eq!(renewed[AT_CLIENT_IP..AT_CLIENT_IP + 4], [10, 0, 2, 15]);
    }

    proptest! {
        #[test]
        fn no_options_panic(options in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = CLIENT.read(&answer(&options));
        }

        #[test]
        fn no_cut_panics(length in 0usize..AT_OPTIONS + OPTIONS.len()) {
            let _ = CLIENT.read(&answer(&OPTIONS)[..length]);
        }
    }
}
