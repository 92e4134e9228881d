//! From a host's name to its addresses.

use super::files;
use super::system::{Refused, System};
use crate::dns::{self, Addresses, Ask, DnsError, Kind, Lookup, Servers, ANSWER_MAX};
use core::net::Ipv4Addr;

/// Names that need no server (hosts(5)).
const HOSTS: &str = "/etc/hosts";

/// Who is asked for the others (resolv.conf(5)).
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The addresses of a host: what it says itself if it is an address, what [`HOSTS`] says, or what a
/// server says: the IPv4 addresses, or else those of IPv6.
///
/// # Errors
/// Where nobody knows the name, or nobody answers in time.
pub fn addresses(
    system: &mut impl System,
    host: &str,
    until_ms: u64,
) -> Result<Addresses, Refused> {
    let mut found = Addresses::new();
    if let Some(address) = dns::literal(host.as_bytes()) {
        let _ = found.push(address);
        return Ok(found);
    }
    // Without the file it says nothing. What does not fit is not tried.
    let _ = files::each_line(system, HOSTS, &mut |line| {
        if let Some(address) = dns::host(line.as_bytes(), host) {
            let _ = found.push(address);
        }
    });
    if found.is_empty() && host.eq_ignore_ascii_case("localhost") {
        let _ = found.push(Ipv4Addr::LOCALHOST.into());
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let mut servers = Servers::new();
    let _ = files::each_line(system, RESOLV_CONF, &mut |line| {
        if let Some(server) = dns::nameserver(line.as_bytes()) {
            let _ = servers.push(server);
        }
    });
    if servers.is_empty() {
        return Err(Refused("no name server in /etc/resolv.conf"));
    }
    match ask(system, host, Kind::A, &servers, until_ms) {
        Err(DnsError::NoAddress) => ask(system, host, Kind::Aaaa, &servers, until_ms),
        answer => answer,
    }
    .map_err(|error| Refused(error.words()))
}

/// Asks the servers until one answers, or it is time.
fn ask(
    system: &mut impl System,
    host: &str,
    kind: Kind,
    servers: &Servers,
    until_ms: u64,
) -> Result<Addresses, DnsError> {
    let mut lookup = Lookup::new(host, kind, servers);
    loop {
        let now_ms = system.now_ms();
        if now_ms >= until_ms {
            return Err(DnsError::TimedOut);
        }
        let mut random = [0; 2];
        if system.entropy(&mut random).is_err() {
            // As hard to foretell as a clock is.
            random = (now_ms as u16).to_ne_bytes();
        }
        let (to, answer) = match lookup.step(now_ms, u16::from_ne_bytes(random)) {
            Ask::Done(result) => return result.cloned(),
            // The system waits for the answer in the same call.
            Ask::Receive { .. } => {
                lookup.failed();
                continue;
            }
            Ask::Send { to, query } => {
                let ms = dns::TIMEOUT_MS.min(until_ms - now_ms);
                let mut answer = [0; ANSWER_MAX];
                let count = system.ask(to, dns::PORT, query, &mut answer, ms);
                (to, count.ok().flatten().map(|count| (answer, count)))
            }
        };
        lookup.sent();
        if let Some((bytes, count)) = answer {
            lookup.received(to, dns::PORT, bytes.get(..count).unwrap_or_default());
        }
    }
}
