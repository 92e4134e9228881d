//! The half of a stub resolver that needs no system: queries, answers, and the files that name servers.
//!
//! Sources: RFC 1035 (§2.3.4 sizes, §4.1 messages, §4.1.4 compression), RFC 3596 (AAAA), RFC 5452 (§9: an
//! answer counts only from the server asked, with the identifier and the question asked), RFC 2181 §9
//! (a truncated answer is not used), resolv.conf(5), hosts(5).
//!
//! [`Lookup`] says whom to send what until when, in the manner of [`crate::session`]. Names are tried as they
//! are: `search`, `domain` and `options` of resolv.conf are passed over, as nobody types a node's name in
//! short. No TCP: a node's one or few addresses fit 512 bytes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use heapless::Vec;

/// The port of name servers.
pub const PORT: u16 = 53;
/// Bytes of an answer over UDP, at most (RFC 1035 §4.2.1).
pub const ANSWER_MAX: usize = 512;
/// Bytes of a query, at most.
pub const QUERY_MAX: usize = HEADER + NAME_MAX + QUESTION_TAIL;
/// Servers of resolv.conf, at most (resolv.conf(5): MAXNS).
pub const SERVERS_MAX: usize = 3;
/// Addresses kept of an answer.
pub const ADDRESSES_MAX: usize = 4;
/// Milliseconds to wait for an answer (resolv.conf(5): RES_TIMEOUT).
pub const TIMEOUT_MS: u64 = 5_000;
/// Times that each server is asked (resolv.conf(5): RES_DFLRETRY).
pub const ATTEMPTS: u8 = 2;

/// Bytes of a name on the wire, at most (RFC 1035 §2.3.4).
const NAME_MAX: usize = 255;
/// Bytes of a label, at most (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;
const HEADER: usize = 12;
/// Type and class after a question's name.
const QUESTION_TAIL: usize = 4;
/// Type, class, time to live and length after a record's name.
const RECORD_TAIL: usize = 10;
/// Aliases that are followed.
const ALIASES_MAX: usize = 8;

const CLASS_IN: u16 = 1;
const TYPE_CNAME: u16 = 5;
/// RFC 1035 §4.1.1: QR, the opcode, TC, RD; the rest of the flags is the server's affair.
const IS_ANSWER: u16 = 0x8000;
const OPCODE: u16 = 0x7800;
const TRUNCATED: u16 = 0x0200;
const RECURSION_DESIRED: u16 = 0x0100;
const RCODE: u16 = 0x000f;
const RCODE_NO_SUCH_NAME: u16 = 3;

/// Servers, in the order in which they are asked.
pub type Servers = Vec<IpAddr, SERVERS_MAX>;
/// Addresses of a name, in the order of the answer.
pub type Addresses = Vec<IpAddr, ADDRESSES_MAX>;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses (RFC 3596).
    Aaaa,
}

impl Kind {
    const fn code(self) -> u16 {
        match self {
            Kind::A => 1,
            Kind::Aaaa => 28,
        }
    }
}

/// Why a name has no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsError {
    /// The text is no host name.
    BadName,
    /// Not an answer to this question: to be passed over, not believed.
    NotAnAnswer,
    /// An answer to this question that ends early or makes no sense.
    Malformed,
    /// The answer did not fit.
    Truncated,
    /// There is no such name.
    NoSuchName,
    /// The server failed or refused, with this code (RFC 1035 §4.1.1).
    ServerFailed(u8),
    /// The name exists and has no address of this kind, or hides behind too many aliases.
    NoAddress,
    /// No server answered in time.
    TimedOut,
}

impl DnsError {
    /// A stable name for scripts.
    pub const fn code(self) -> &'static str {
        match self {
            DnsError::BadName => "BAD_HOST_NAME",
            DnsError::NotAnAnswer | DnsError::Malformed => "BAD_DNS_ANSWER",
            DnsError::Truncated => "DNS_ANSWER_TRUNCATED",
            DnsError::NoSuchName => "NO_SUCH_HOST",
            DnsError::ServerFailed(_) => "DNS_SERVER_FAILED",
            DnsError::NoAddress => "HOST_WITHOUT_ADDRESS",
            DnsError::TimedOut => "DNS_TIMED_OUT",
        }
    }
}

impl DnsError {
    /// What happened, in words that fit 40 columns.
    pub const fn words(self) -> &'static str {
        match self {
            DnsError::BadName => "this is no host name",
            DnsError::NotAnAnswer | DnsError::Malformed => "the name server talks nonsense",
            DnsError::Truncated => "the name server's answer is too long",
            DnsError::NoSuchName => "there is no such host",
            DnsError::ServerFailed(_) => "the name server failed",
            DnsError::NoAddress => "the host has no address",
            DnsError::TimedOut => "no name server answers",
        }
    }
}

impl core::fmt::Display for DnsError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.words())
    }
}

impl core::error::Error for DnsError {}

/// A name on the wire without compression, in small letters: equal names are equal bytes.
type Name = Vec<u8, NAME_MAX>;

/// The wire form of a host name; a dot at its end is allowed.
fn encode(text: &str) -> Result<Name, DnsError> {
    let mut name = Name::new();
    let text = text.strip_suffix('.').unwrap_or(text);
    for label in text.as_bytes().split(|&byte| byte == b'.') {
        let fit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if label.is_empty() || label.len() > LABEL_MAX || !label.iter().all(fit) {
            return Err(DnsError::BadName);
        }
        let length = [label.len() as u8];
        let bytes = length
            .iter()
            .copied()
            .chain(label.iter().map(u8::to_ascii_lowercase));
        for byte in bytes {
            name.push(byte).map_err(|_| DnsError::BadName)?;
        }
    }
    name.push(0).map_err(|_| DnsError::BadName)?;
    Ok(name)
}

/// Writes a query for a name; `id` must be unpredictable (RFC 5452 §9.2).
///
/// # Errors
/// [`DnsError::BadName`] where `name` is no host name.
pub fn query(id: u16, name: &str, kind: Kind) -> Result<Vec<u8, QUERY_MAX>, DnsError> {
    let name = encode(name)?;
    let mut out = Vec::new();
    let header = [id, RECURSION_DESIRED, 1, 0, 0, 0].map(u16::to_be_bytes);
    let tail = [kind.code(), CLASS_IN].map(u16::to_be_bytes);
    for part in [header.as_flattened(), &name, tail.as_flattened()] {
        // The capacity is the sum.
        let _ = out.extend_from_slice(part);
    }
    Ok(out)
}

/// A place in a message.
#[derive(Clone, Copy)]
struct Cursor<'m> {
    message: &'m [u8],
    at: usize,
}

impl<'m> Cursor<'m> {
    fn take(&mut self, count: usize) -> Option<&'m [u8]> {
        let taken = self.message.get(self.at..)?.get(..count)?;
        self.at += count;
        Some(taken)
    }

    fn word(&mut self) -> Option<u16> {
        let &[high, low] = self.take(2)? else {
            return None;
        };
        Some(u16::from_be_bytes([high, low]))
    }

    /// The name here, with its pointers followed; the cursor goes behind it.
    fn name(&mut self) -> Option<Name> {
        let mut name = Name::new();
        let mut reader = *self;
        let mut first = self.at;
        let mut jumped = false;
        // Every turn adds a label, of which 127 fit, or jumps to before where the last jump led: it ends.
        loop {
            let length = *reader.take(1)?.first()?;
            match length {
                0 => {
                    name.push(0).ok()?;
                    if !jumped {
                        self.at = reader.at;
                    }
                    return Some(name);
                }
                1..=0x3f => {
                    name.push(length).ok()?;
                    for byte in reader.take(length.into())? {
                        name.push(byte.to_ascii_lowercase()).ok()?;
                    }
                }
                0xc0.. => {
                    let low = *reader.take(1)?.first()?;
                    if !jumped {
                        self.at = reader.at;
                    }
                    jumped = true;
                    let target = usize::from(u16::from_be_bytes([length & 0x3f, low]));
                    if target >= first {
                        return None;
                    }
                    first = target;
                    reader.at = target;
                }
                // RFC 1035 §4.1.4 reserves the other two.
                _ => return None,
            }
        }
    }

    /// A resource record: its name, type, class, and where its data is.
    fn record(&mut self) -> Option<(Name, u16, u16, Cursor<'m>, usize)> {
        let name = self.name()?;
        let mut tail = Cursor {
            message: self.take(RECORD_TAIL)?,
            at: 0,
        };
        let (kind, class) = (tail.word()?, tail.word()?);
        // The time to live: nothing is kept.
        tail.take(4)?;
        let length = tail.word()?.into();
        let data = *self;
        self.take(length)?;
        Some((name, kind, class, data, length))
    }
}

/// Reads an answer to `query`: the addresses of the name, or of what it is an alias of. Records that belong
/// to other names are passed over. Cost: linear in the answer, for each alias.
///
/// # Errors
/// See [`DnsError`]. `NotAnAnswer` means that the right one may still come.
pub fn read(answer: &[u8], query: &[u8]) -> Result<Addresses, DnsError> {
    let mut cursor = Cursor {
        message: answer,
        at: 0,
    };
    let mut asked = Cursor {
        message: query,
        at: 0,
    };
    let (flags, records, name, kind) =
        matching(&mut cursor, &mut asked).ok_or(DnsError::NotAnAnswer)?;
    if flags & TRUNCATED != 0 {
        return Err(DnsError::Truncated);
    }
    match flags & RCODE {
        0 => {}
        RCODE_NO_SUCH_NAME => return Err(DnsError::NoSuchName),
        code => return Err(DnsError::ServerFailed(code as u8)),
    }
    addresses(cursor, records, name, kind).ok_or(DnsError::Malformed)?
}

/// Flags, number of records, name and type of an answer to this query; the cursor goes to its records.
fn matching(answer: &mut Cursor<'_>, query: &mut Cursor<'_>) -> Option<(u16, u16, Name, u16)> {
    let same_id = answer.word()? == query.word()?;
    let flags = answer.word()?;
    let is_answer = flags & (IS_ANSWER | OPCODE) == IS_ANSWER;
    let one_question = answer.word()? == 1;
    let records = answer.word()?;
    answer.at = HEADER;
    query.at = HEADER;
    let name = query.name()?;
    let kind = query.word()?;
    let same_question = answer.name()? == name && answer.word()? == kind;
    let same_class = answer.word()? == CLASS_IN;
    (same_id && is_answer && one_question && same_question && same_class)
        .then_some((flags, records, name, kind))
}

fn addresses(
    first: Cursor<'_>,
    records: u16,
    mut name: Name,
    kind: u16,
) -> Option<Result<Addresses, DnsError>> {
    let mut found = Addresses::new();
    for _ in 0..=ALIASES_MAX {
        let mut cursor = first;
        let mut alias = None;
        // A record has at least 11 bytes: the message ends before the count does.
        for _ in 0..records {
            let (owner, is, class, mut data, length) = cursor.record()?;
            if owner != name || class != CLASS_IN {
                continue;
            }
            if is == kind {
                let address = address(kind, data.take(length)?)?;
                // More than fit are not needed.
                let _ = found.push(address);
            } else if is == TYPE_CNAME {
                let target = data.name()?;
                alias = alias.or(Some(target));
            }
        }
        if !found.is_empty() {
            return Some(Ok(found));
        }
        match alias {
            Some(target) => name = target,
            None => break,
        }
    }
    Some(Err(DnsError::NoAddress))
}

fn address(kind: u16, data: &[u8]) -> Option<IpAddr> {
    if kind == Kind::A.code() {
        let octets = <[u8; 4]>::try_from(data).ok()?;
        return Some(Ipv4Addr::from(octets).into());
    }
    let octets = <[u8; 16]>::try_from(data).ok()?;
    Some(Ipv6Addr::from(octets).into())
}

/// An address as people write it: `192.0.2.7`, `2001:db8::7`. Without zones (`%eth0`).
pub fn literal(text: &[u8]) -> Option<IpAddr> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// The words of a line, up to a comment (resolv.conf(5) knows `;` as well).
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let comment = |byte: &u8| matches!(byte, b'#' | b';');
    let end = line.iter().position(comment).unwrap_or(line.len());
    line[..end]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
}

/// The server that a line of resolv.conf names.
pub fn nameserver(line: &[u8]) -> Option<IpAddr> {
    let mut words = words(line);
    match words.next()? {
        b"nameserver" => literal(words.next()?),
        _ => None,
    }
}

/// The servers that resolv.conf names, the first three; where it names none, this machine, as
/// resolv.conf(5) says.
pub fn servers(file: &[u8]) -> Servers {
    let mut servers = Servers::new();
    for server in file.split(|&byte| byte == b'\n').filter_map(nameserver) {
        // More are not asked.
        let _ = servers.push(server);
    }
    if servers.is_empty() {
        let _ = servers.push(Ipv4Addr::LOCALHOST.into());
    }
    servers
}

/// The address that a line of /etc/hosts gives to a name, in letters of either case.
pub fn host(line: &[u8], name: &str) -> Option<IpAddr> {
    let mut words = words(line);
    let address = literal(words.next()?)?;
    words
        .any(|word| word.eq_ignore_ascii_case(name.as_bytes()))
        .then_some(address)
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask<'l> {
    /// Send these bytes to port 53 of this server, from a fresh port, and call [`Lookup::sent`].
    Send {
        /// The server.
        to: IpAddr,
        /// The query.
        query: &'l [u8],
    },
    /// Wait for a datagram until then, and give it to [`Lookup::received`].
    Receive {
        /// When to call `step` again at the latest.
        until_ms: u64,
    },
    /// The end.
    Done(Result<&'l Addresses, DnsError>),
}

/// A name being looked up: each server in its order, all of them [`ATTEMPTS`] times.
#[derive(Debug)]
pub struct Lookup<'a> {
    name: &'a str,
    kind: Kind,
    servers: &'a Servers,
    /// Queries sent or given up so far.
    tries: u8,
    query: Vec<u8, QUERY_MAX>,
    at: At,
    until_ms: Option<u64>,
    /// What to say when nobody knows better.
    failure: DnsError,
    found: Addresses,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Begin,
    Send,
    Receive,
    Found,
    Failed,
}

impl<'a> Lookup<'a> {
    /// A lookup that has not begun.
    pub fn new(name: &'a str, kind: Kind, servers: &'a Servers) -> Self {
        Lookup {
            name,
            kind,
            servers,
            tries: 0,
            query: Vec::new(),
            at: At::Begin,
            until_ms: None,
            failure: DnsError::TimedOut,
            found: Addresses::new(),
        }
    }

    /// What to do next, at this time (milliseconds of any clock; set back, it prolongs one try). `random`
    /// becomes the next query's identifier: as unpredictable as the machine can, another one each time.
    pub fn step(&mut self, now_ms: u64, random: u16) -> Ask<'_> {
        // Every turn begins another try, or ends: at most a dozen.
        loop {
            match self.at {
                At::Begin => self.begin(random),
                At::Send => {
                    return Ask::Send {
                        to: self.server(),
                        query: &self.query,
                    }
                }
                At::Receive => {
                    let longest = now_ms.saturating_add(TIMEOUT_MS);
                    let until_ms = self.until_ms.map_or(longest, |until| until.min(longest));
                    self.until_ms = Some(until_ms);
                    if now_ms < until_ms {
                        return Ask::Receive { until_ms };
                    }
                    self.next();
                }
                At::Found => return Ask::Done(Ok(&self.found)),
                At::Failed => return Ask::Done(Err(self.failure)),
            }
        }
    }

    fn begin(&mut self, random: u16) {
        if usize::from(self.tries) >= self.servers.len() * usize::from(ATTEMPTS) {
            self.at = At::Failed;
            return;
        }
        match query(random, self.name, self.kind) {
            Ok(query) => {
                self.query = query;
                self.at = At::Send;
            }
            Err(error) => {
                self.failure = error;
                self.at = At::Failed;
            }
        }
    }

    fn server(&self) -> IpAddr {
        // There is one: `begin` gives up where there is none.
        let turn = usize::from(self.tries) % self.servers.len().max(1);
        let nobody = IpAddr::V4(Ipv4Addr::LOCALHOST);
        self.servers.get(turn).copied().unwrap_or(nobody)
    }

    fn next(&mut self) {
        self.tries += 1;
        self.until_ms = None;
        self.at = At::Begin;
    }

    /// The query was sent.
    pub fn sent(&mut self) {
        if self.at == At::Send {
            self.at = At::Receive;
        }
    }

    /// The query could not be sent, or the server's machine says that nobody listens.
    pub fn failed(&mut self) {
        if matches!(self.at, At::Send | At::Receive) {
            self.next();
        }
    }

    /// A datagram came, from this address and port. What is no answer to the question is passed over.
    pub fn received(&mut self, from: IpAddr, port: u16, datagram: &[u8]) {
        if self.at != At::Receive || from != self.server() || port != PORT {
            return;
        }
        match read(datagram, &self.query) {
            Ok(found) => {
                self.found = found;
                self.at = At::Found;
            }
            Err(DnsError::NotAnAnswer) => {}
            // These two are answers, as every server would give them.
            Err(error @ (DnsError::NoSuchName | DnsError::NoAddress)) => {
                self.failure = error;
                self.at = At::Failed;
            }
            Err(error) => {
                self.failure = error;
                self.next();
            }
        }
    }
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
