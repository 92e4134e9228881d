//! The network: cards found and switched on, an address by DHCP or by hand, and the wallet's balance.
//!
//! Sources: `netdevice(7)`, Linux `include/uapi/linux/sockios.h`; RFC 2131 §4.1 for the waits.

use crate::disk;
use crate::linux::{self, CardRequest, Errno, Fd, Route, Socket, SocketAddress, CARD_NAME};
use boot_disk::balance::{Amount, Answer as BalanceAnswer, Node};
use boot_disk::config::{Address, Config};
use boot_disk::dhcp::{self, Answer, Client, Kind, MAC};
use core::net::{IpAddr, Ipv4Addr};
use miner_tiny::dns::{self, Ask, Kind as Record, Lookup, ANSWER_MAX};

/// Requests about cards.
mod ask {
    pub const ADD_ROUTE: usize = 0x890b;
    pub const DELETE_ROUTE: usize = 0x890c;
    pub const FLAGS: usize = 0x8913;
    pub const SET_FLAGS: usize = 0x8914;
    pub const SET_ADDRESS: usize = 0x8916;
    pub const SET_MASK: usize = 0x891c;
    pub const HARDWARE_ADDRESS: usize = 0x8927;
}

/// Card flags: switched on, and ready.
const UP_AND_RUNNING: u16 = 1 | 0x40;

/// Cards that are tried: `eth0` and so on.
pub const CARDS: u8 = 4;

/// How long servers have for an answer, one wait for each try, seconds.
const WAITS_S: [u32; 3] = [3, 5, 9];

/// How long a node has to tell a balance, seconds.
const BALANCE_LIMIT_S: u32 = 10;

/// Where the addresses of name servers stand, for the miner as well, and bytes of it that are read.
const RESOLV_CONF: &core::ffi::CStr = c"/etc/resolv.conf";
const RESOLV_CONF_MAX: usize = 256;

/// A network card.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    name: [u8; CARD_NAME],
    /// Its address.
    pub mac: [u8; MAC],
}

/// An address that a server has lent.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    card: Card,
    answer: Answer,
    /// When it was lent, seconds of [`linux::now_s`].
    since_s: u32,
}

/// What the network is like.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    /// The card that is used.
    pub card: Card,
    /// This machine's address.
    pub ip: Ipv4Addr,
    /// Lent for a while; `None` where it was given by hand.
    pub lease: Option<Lease>,
}

/// Why there is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoNetwork {
    /// No card that the kernel knows.
    NoCard,
    /// No server gave an address.
    NoAnswer,
    /// The kernel refused.
    Refused(Errno),
}

impl From<Errno> for NoNetwork {
    fn from(errno: Errno) -> Self {
        NoNetwork::Refused(errno)
    }
}

impl Card {
    /// Its name.
    pub fn name(&self) -> &str {
        let end = self.name.iter().position(|&byte| byte == 0);
        core::str::from_utf8(&self.name[..end.unwrap_or(CARD_NAME)]).unwrap_or("?")
    }

    /// The card of this number, switched on.
    pub fn open(number: u8) -> Result<Self, Errno> {
        let mut name = [0; CARD_NAME];
        name[..4].copy_from_slice(&[b'e', b't', b'h', b'0' + number]);
        let socket = Socket::datagram()?;
        let mut request = CardRequest {
            name,
            value: [0; 16],
        };
        switch_on(&socket.0, &mut request)?;
        socket.0.ioctl(ask::HARDWARE_ADDRESS, &mut request)?;
        let mut mac = [0; MAC];
        // A `struct sockaddr`: a family of two bytes, then the address.
        mac.copy_from_slice(&request.value[2..2 + MAC]);
        Ok(Card { name, mac })
    }

    fn request(&self, ip: Ipv4Addr) -> CardRequest {
        let mut value = [0; 16];
        // A `struct sockaddr_in`: IPv4's number, a port, the address.
        value[0] = 2;
        value[4..8].copy_from_slice(&ip.octets());
        CardRequest {
            name: self.name,
            value,
        }
    }

    fn configure(
        &self,
        address: Ipv4Addr,
        mask: Ipv4Addr,
        router: Option<Ipv4Addr>,
    ) -> Result<(), Errno> {
        let socket = Socket::datagram()?;
        socket
            .0
            .ioctl(ask::SET_ADDRESS, &mut self.request(address))?;
        socket.0.ioctl(ask::SET_MASK, &mut self.request(mask))?;
        if let Some(router) = router {
            let mut route = Route::default_by(router);
            // An older one, if there is any, may lead elsewhere.
            let _ = socket.0.ioctl(ask::DELETE_ROUTE, &mut route.clone());
            socket.0.ioctl(ask::ADD_ROUTE, &mut route)?;
        }
        Ok(())
    }

    /// Asks servers on this card for an address.
    fn lease(&self) -> Result<Lease, NoNetwork> {
        let socket = Socket::datagram()?;
        socket.broadcast_on(&self.name)?;
        socket.bind(dhcp::CLIENT_PORT)?;
        let mut xid = [0; 4];
        linux::random_now(&mut xid)?;
        let client = Client {
            mac: self.mac,
            xid: u32::from_ne_bytes(xid),
        };
        for wait_s in WAITS_S {
            let offer = exchange(&socket, &client, &client.discover(), wait_s)
                .filter(|answer| answer.kind == Kind::Offer);
            let Some(offer) = offer else { continue };
            let given = exchange(&socket, &client, &client.request(&offer), wait_s)
                .filter(|answer| answer.kind == Kind::Ack);
            if let Some(answer) = given {
                return Ok(Lease {
                    card: *self,
                    answer,
                    since_s: linux::now_s(),
                });
            }
        }
        Err(NoNetwork::NoAnswer)
    }
}

fn switch_on(socket: &Fd, request: &mut CardRequest) -> Result<(), Errno> {
    socket.ioctl(ask::FLAGS, request)?;
    let flags = u16::from_ne_bytes([request.value[0], request.value[1]]) | UP_AND_RUNNING;
    request.value[..2].copy_from_slice(&flags.to_ne_bytes());
    socket.ioctl(ask::SET_FLAGS, request)
}

/// Sends a message to every server and waits for an answer to this conversation.
fn exchange(socket: &Socket, client: &Client, message: &[u8], wait_s: u32) -> Option<Answer> {
    let everybody = SocketAddress::new(Ipv4Addr::BROADCAST, dhcp::SERVER_PORT);
    socket.send_to(message, &everybody).ok()?;
    let end = linux::now_s() + wait_s;
    let mut datagram = [0; dhcp::ANSWER_MAX];
    loop {
        let left_s = end.checked_sub(linux::now_s()).filter(|&s| s > 0)?;
        if !socket.0.wait(left_s * 1000) {
            return None;
        }
        let count = socket.0.read(&mut datagram).ok()?;
        if let Some(answer) = client.read(&datagram[..count]) {
            return Some(answer);
        }
    }
}

impl Network {
    /// Brings the network up: every card is tried in turn.
    pub fn up(config: &Config) -> Result<Self, NoNetwork> {
        let _ = Socket::datagram().and_then(|socket| {
            let mut name = [0; CARD_NAME];
            name[..2].copy_from_slice(b"lo");
            let value = [0; 16];
            switch_on(&socket.0, &mut CardRequest { name, value })
        });
        let mut why = NoNetwork::NoCard;
        for number in 0..CARDS {
            let Ok(card) = Card::open(number) else {
                continue;
            };
            match Self::on(card, config) {
                Ok(network) => return Ok(network),
                Err(other) => why = other,
            }
        }
        Err(why)
    }

    fn on(card: Card, config: &Config) -> Result<Self, NoNetwork> {
        if let Some(own @ Address { ip, .. }) = config.address {
            card.configure(ip, own.mask(), config.gateway)?;
            name_server(config.dns);
            return Ok(Network {
                card,
                ip,
                lease: None,
            });
        }
        let lease = card.lease()?;
        let Answer {
            ip,
            mask,
            router,
            dns,
            ..
        } = lease.answer;
        card.configure(ip, mask, config.gateway.or(router))?;
        name_server(config.dns.or(dns));
        Ok(Network {
            card,
            ip,
            lease: Some(lease),
        })
    }

    /// Extends a lease of which half is over (RFC 2131 §4.4.5). Whoever does not answer is asked again
    /// the next time; the address is kept.
    pub fn renew(&mut self) {
        let Some(lease) = &mut self.lease else { return };
        let age_s = linux::now_s().saturating_sub(lease.since_s);
        if age_s < lease.answer.lease_s / 2 {
            return;
        }
        let asked = || -> Result<Option<Answer>, Errno> {
            let socket = Socket::datagram()?;
            socket.broadcast_on(&lease.card.name)?;
            socket.bind(dhcp::CLIENT_PORT)?;
            let mut xid = [0; 4];
            linux::random_now(&mut xid)?;
            let client = Client {
                mac: lease.card.mac,
                xid: u32::from_ne_bytes(xid),
            };
            Ok(exchange(
                &socket,
                &client,
                &client.renew(lease.answer.ip),
                WAITS_S[0],
            ))
        };
        if let Ok(Some(answer)) = asked() {
            if answer.kind == Kind::Ack && answer.ip == lease.answer.ip {
                lease.answer = answer;
                lease.since_s = linux::now_s();
            }
        }
    }

    /// Whether the lease has run out: the address is no longer this machine's.
    pub fn is_over(&self) -> bool {
        self.lease.is_some_and(|lease| {
            linux::now_s().saturating_sub(lease.since_s) >= lease.answer.lease_s
        })
    }
}

/// Tells programs where names are looked up.
fn name_server(server: Option<Ipv4Addr>) {
    let Some(server) = server else { return };
    let mut text = heapless::String::<40>::new();
    use core::fmt::Write;
    let fits = writeln!(text, "nameserver {server}");
    if let (Ok(()), Ok(file)) = (fits, linux::create(RESOLV_CONF)) {
        let _ = file.write(text.as_bytes());
    }
}

/// What a wallet holds, as the node says it; `None` where it cannot be known.
pub fn balance(node: &str, wallet: &str) -> Option<Amount> {
    let node = Node::parse(node)?;
    let request = node.request(wallet)?;
    let socket = Socket::stream().ok()?;
    socket.send_limit(BALANCE_LIMIT_S).ok()?;
    socket
        .connect(&SocketAddress::new(address_of(node.host)?, node.port))
        .ok()?;
    socket.0.write(request.as_bytes()).ok()?;
    let end = linux::now_s() + BALANCE_LIMIT_S;
    let mut answer = BalanceAnswer::default();
    let mut piece = [0; 256];
    loop {
        let left_s = end.checked_sub(linux::now_s()).filter(|&s| s > 0)?;
        if !socket.0.wait(left_s * 1000) {
            return None;
        }
        let count = socket.0.read(&mut piece).ok()?;
        if !answer.feed(&piece[..count]) {
            return answer.amount();
        }
    }
}

/// The IPv4 address of a host, by itself or by the name server's word.
fn address_of(host: &str) -> Option<Ipv4Addr> {
    if let Some(IpAddr::V4(ip)) = dns::literal(host.as_bytes()) {
        return Some(ip);
    }
    let file = disk::read::<RESOLV_CONF_MAX>(RESOLV_CONF)?;
    let servers = dns::servers(&file);
    let mut lookup = Lookup::new(host, Record::A, &servers);
    let mut answer = [0; ANSWER_MAX];
    // Every server is asked a few times; then this ends.
    loop {
        let mut id = [0; 2];
        linux::random(&mut id).ok()?;
        let now_ms = u64::from(linux::now_s()) * 1000;
        let (server, count) = match lookup.step(now_ms, u16::from_ne_bytes(id)) {
            Ask::Done(found) => return found.ok()?.iter().find_map(only_ipv4),
            // What came was no answer to the question.
            Ask::Receive { .. } => {
                lookup.failed();
                continue;
            }
            Ask::Send { to, query } => (to, ask_server(to, query, &mut answer)),
        };
        lookup.sent();
        match count.and_then(|count| answer.get(..count)) {
            Some(datagram) => lookup.received(server, dns::PORT, datagram),
            None => lookup.failed(),
        }
    }
}

fn only_ipv4(address: &IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(ip) => Some(*ip),
        IpAddr::V6(_) => None,
    }
}

/// One query and the first datagram that comes back; `None` where none does in time.
fn ask_server(server: IpAddr, query: &[u8], answer: &mut [u8]) -> Option<usize> {
    let socket = Socket::datagram().ok()?;
    // The kernel passes over what others send.
    socket
        .connect(&SocketAddress::new(only_ipv4(&server)?, dns::PORT))
        .ok()?;
    socket.0.write(query).ok()?;
    if !socket.0.wait(dns::TIMEOUT_MS as u32) {
        return None;
    }
    socket.0.read(answer).ok()
}
