//! From a host's name to its addresses.

use super::files;
use super::system::{Refused, System};
use core::net::{IpAddr, Ipv4Addr};
use heapless::Vec;

/// Addresses of a host that are tried.
const ADDRESSES: usize = 4;

/// The file of names that need no server (hosts(5)).
const HOSTS: &str = "/etc/hosts";

/// The addresses of a host: what it says itself if it is an address, or what [`HOSTS`] says.
///
/// # Errors
/// Where nobody knows the name.
pub fn addresses(
    system: &mut impl System,
    host: &str,
    _until_ms: u64,
) -> Result<Vec<IpAddr, ADDRESSES>, Refused> {
    let mut found = Vec::new();
    if let Ok(address) = host.parse() {
        let _ = found.push(address);
        return Ok(found);
    }
    // Without the file it is the system's own.
    let _ = files::each_line(system, HOSTS, |line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        if let Some(Ok(address)) = words.next().map(str::parse) {
            if words.any(|name| name.eq_ignore_ascii_case(host)) {
                // What does not fit is not tried.
                let _ = found.push(address);
            }
        }
    });
    if found.is_empty() && host.eq_ignore_ascii_case("localhost") {
        let _ = found.push(Ipv4Addr::LOCALHOST.into());
    }
    match found.is_empty() {
        true => Err(Refused("no such host")),
        false => Ok(found),
    }
}
