//! Through a proxy to a node, where the environment names one (`ALL_PROXY`, `HTTPS_PROXY`, `HTTP_PROXY`,
//! `NO_PROXY`): a tunnel by `CONNECT` (RFC 9110, section 9.3.6), whatever goes over it.

use crate::address::Address;
use crate::line::limit;
use base64::prelude::{Engine, BASE64_STANDARD};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;
use ureq::{Proxy, ProxyProtocol};

/// Bytes of a proxy's answer, at most.
const ANSWER_MAX: usize = 8 * 1024;

/// What ends a head.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The proxy on the way to the node at `url`, if there is one.
pub fn to(url: &str) -> Option<Proxy> {
    let uri = url.parse().ok()?;
    Proxy::try_from_env().filter(|proxy| !proxy.is_no_proxy(&uri))
}

/// Has a proxy lead an open connection to `address`.
///
/// # Errors
/// It refuses, or is no proxy that speaks plain HTTP.
pub fn tunnel(
    tcp: &mut TcpStream,
    proxy: &Proxy,
    address: &Address,
    end: Instant,
) -> io::Result<()> {
    if proxy.protocol() != ProxyProtocol::Http {
        return Err(io::Error::other("the proxy is no http:// one"));
    }
    let host = match address.host.contains(':') {
        true => format!("[{}]", address.host),
        false => address.host.clone(),
    };
    let target = format!("{host}:{}", address.port);
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if proxy.username().is_some() || proxy.password().is_some() {
        let [user, password] = [proxy.username(), proxy.password()].map(Option::unwrap_or_default);
        let secret = BASE64_STANDARD.encode(format!("{user}:{password}"));
        request += &format!("Proxy-Authorization: Basic {secret}\r\n");
    }
    request += "\r\n";
    limit(tcp, end)?;
    tcp.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    // A byte at a time: what comes after the head is the node's.
    while !answer.ends_with(HEAD_END) {
        let mut byte = [0];
        limit(tcp, end)?;
        if answer.len() == ANSWER_MAX || tcp.read(&mut byte)? == 0 {
            return Err(io::Error::other("the proxy does not answer as one does"));
        }
        answer.extend(byte);
    }
    let status = String::from_utf8_lossy(&answer);
    match status.split(' ').nth(1) {
        Some("200") => Ok(()),
        other => Err(io::Error::other(format!(
            "the proxy refuses, with status {:.3}",
            other.unwrap_or("none")
        ))),
    }
}
