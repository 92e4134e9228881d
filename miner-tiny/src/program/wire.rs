//! The connection to a node: plain TCP.

use crate::Failure;
use miner_tiny::session::{BASE_MAX, HOST_MAX};
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Bytes read at once.
const PIECE: usize = 4 * 1024;

/// The port of a URL that names none (RFC 9110 §4.2.1).
const HTTP_PORT: u16 = 80;

/// A node's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Host and port as the URL has them.
    pub authority: String,
    /// What stands before the paths, without a slash at its end.
    pub base: String,
    host: String,
    port: u16,
}

impl Node {
    /// Reads `http://HOST[:PORT][/BASE]`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let bad = |what: &str| Failure::usage(format!("--node {url}: {what}"));
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => {
                return Err(bad("this miner speaks http alone"))
            }
            _ => return Err(bad("http://HOST:PORT")),
        };
        let (authority, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let base = base.trim_end_matches('/');
        if !url.bytes().all(|byte| byte.is_ascii_graphic())
            || authority.contains(['@', '?', '#'])
            || base.contains(['?', '#'])
            || authority.len() > HOST_MAX
            || base.len() > BASE_MAX
        {
            return Err(bad("http://HOST:PORT"));
        }
        // [::1]:80 has its colons in brackets.
        let (host, port) = match authority.rfind(':') {
            Some(colon) if !authority[colon..].contains(']') => {
                let port = authority[colon + 1..]
                    .parse()
                    .ok()
                    .filter(|&port| port != 0);
                (
                    &authority[..colon],
                    port.ok_or_else(|| bad("no such port"))?,
                )
            }
            _ => (authority, HTTP_PORT),
        };
        let inner = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = inner.unwrap_or(host);
        if host.is_empty() || (inner.is_none() && host.contains(['[', ']', ':'])) {
            return Err(bad("http://HOST:PORT"));
        }
        Ok(Node {
            authority: authority.into(),
            base: base.into(),
            host: host.into(),
            port,
        })
    }

    /// The addresses to try. Literal ones and `localhost` need no resolver, which a static program
    /// may not find.
    fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        if let Ok(address) = self.host.parse::<IpAddr>() {
            return Ok(vec![(address, self.port).into()]);
        }
        if self.host.eq_ignore_ascii_case("localhost") {
            return Ok(vec![(Ipv4Addr::LOCALHOST, self.port).into()]);
        }
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }
}

/// A connection, or none.
pub struct Wire<'a> {
    node: Option<&'a Node>,
    stream: Option<TcpStream>,
    piece: Box<[u8; PIECE]>,
}

impl<'a> Wire<'a> {
    /// Not connected.
    pub fn new(node: Option<&'a Node>) -> Self {
        Wire {
            node,
            stream: None,
            piece: Box::new([0; PIECE]),
        }
    }

    /// Connects to the first of the node's addresses that answers.
    pub fn connect(&mut self, limit: Duration) -> Result<(), Error> {
        let node = self.node.ok_or(ErrorKind::AddrNotAvailable)?;
        let start = Instant::now();
        let mut last = Error::new(ErrorKind::NotFound, "no such host");
        for address in node.addresses()? {
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Writes; gives how much was taken, 0 where nothing was in time.
    pub fn write(&mut self, bytes: &[u8], limit: Duration) -> Result<usize, Error> {
        let stream = self.stream.as_mut().ok_or(ErrorKind::NotConnected)?;
        stream.set_write_timeout(Some(limit))?;
        match stream.write(bytes) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(error) if is_pause(&error) => Ok(0),
            other => other,
        }
    }

    /// Reads: nothing in time, or a piece, which is empty where the node has closed.
    pub fn read(&mut self, limit: Duration) -> Result<Option<&[u8]>, Error> {
        let stream = self.stream.as_mut().ok_or(ErrorKind::NotConnected)?;
        stream.set_read_timeout(Some(limit))?;
        match stream.read(&mut self.piece[..]) {
            Ok(count) => Ok(Some(&self.piece[..count])),
            Err(error) if is_pause(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Closes.
    pub fn close(&mut self) {
        self.stream = None;
    }
}

/// Whether a call came back for a time-out or a signal.
fn is_pause(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, host, port, base) in [
            ("http://127.0.0.1:8099", "127.0.0.1", 8099, ""),
            ("HTTP://node.example", "node.example", 80, ""),
            ("http://node.example/a/b/", "node.example", 80, "/a/b"),
            ("http://[::1]:81/", "::1", 81, ""),
            ("http://[::1]", "::1", 80, ""),
        ] {
            let node = Node::parse(url).unwrap();
            assert_eq!(
                (node.host.as_str(), node.port, node.base.as_str()),
                (host, port, base)
            );
        }
        assert_eq!(
            Node::parse("http://[::1]:81").unwrap().authority,
            "[::1]:81"
        );
        for url in [
            "",
            "node",
            "https://node",
            "ftp://x",
            "http://",
            "http://:80",
            "http://h:",
            "http://h:0",
            "http://h:65536",
            "http://h:x",
            "http://a b",
            "http://u@h",
            "http://h?q",
            "http://h/?q",
            "http://::1",
            "http://[::1",
            "http://h\r\nx: y",
            "http://é",
        ] {
            assert_eq!(Node::parse(url).map_err(|e| e.status), Err(2), "{url}");
        }
    }

    #[test]
    fn literal_addresses_need_no_resolver() {
        let addresses = |url| Node::parse(url).unwrap().addresses().unwrap();
        assert_eq!(
            addresses("http://localhost:7"),
            ["127.0.0.1:7".parse().unwrap()]
        );
        assert_eq!(addresses("http://[::1]:7"), ["[::1]:7".parse().unwrap()]);
    }

    proptest! {
        #[test]
        fn no_url_panics(url in "(http://)?.{0,30}") {
            let _ = Node::parse(&url);
        }
    }
}
