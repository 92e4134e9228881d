//! The line to a node: TCP, and TLS over it where the address says so.

use crate::address::Address;
use crate::advice::{ByProxy, NoSuchHost};
use crate::proxy;
use miner_tiny::program::system::Received;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// An open line.
#[derive(Debug)]
pub enum Line {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// Whom TLS believes: the certification authorities that Mozilla does, as compiled in.
///
/// # Errors
/// None of TLS's versions can be had.
pub fn usual_trust() -> io::Result<Arc<ClientConfig>> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
    trust(roots.collect())
}

fn trust(roots: RootCertStore) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl Line {
    /// Connects before `end`, to the first address that answers; through a `proxy` where there is one,
    /// with TLS where there is a `trust`.
    ///
    /// # Errors
    /// Why the last address did not answer, or is not the host; why the proxy refuses.
    pub fn connect(
        address: &Address,
        proxy: Option<&ureq::Proxy>,
        trust: Option<Arc<ClientConfig>>,
        end: Instant,
    ) -> io::Result<Line> {
        let tcp = match proxy {
            None => tcp(&address.host, address.port, end)?,
            Some(proxy) => {
                let (host, port) = (proxy.host(), proxy.port());
                let tunnel = tcp(host, port, end).and_then(|mut tcp| {
                    proxy::tunnel(&mut tcp, proxy, address, end)?;
                    Ok(tcp)
                });
                tunnel
                    .map_err(|error| io::Error::other(ByProxy(format!("{host}:{port}"), error)))?
            }
        };
        // Requests are written whole: there is nothing to collect.
        tcp.set_nodelay(true)?;
        let Some(trust) = trust else {
            return Ok(Line::Plain(tcp));
        };
        let name = ServerName::try_from(address.host.clone()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(trust, name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, tcp);
        // Now, and not with the first byte: whoever is not the host is not a connection.
        while stream.conn.is_handshaking() {
            limit(&stream.sock, end)?;
            match stream.conn.complete_io(&mut stream.sock) {
                Err(error) if !is_pause(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(Line::Secure(Box::new(stream)))
    }

    /// Sends some of the bytes; says how many, 0 where none could be before `end`.
    ///
    /// # Errors
    /// The line is broken.
    pub fn send(&mut self, bytes: &[u8], end: Instant) -> io::Result<usize> {
        let sent = limit(self.tcp(), end).and_then(|()| match self {
            Line::Plain(tcp) => tcp.write(bytes),
            Line::Secure(stream) => stream.write(bytes),
        });
        match sent {
            Err(error) if is_pause(&error) => Ok(0),
            other => other,
        }
    }

    /// Receives into a buffer that is not empty, before `end`.
    ///
    /// # Errors
    /// The line is broken, or was cut below TLS.
    pub fn receive(&mut self, to: &mut [u8], end: Instant) -> io::Result<Received> {
        let count = limit(self.tcp(), end).and_then(|()| match self {
            Line::Plain(tcp) => tcp.read(to),
            Line::Secure(stream) => stream.read(to),
        });
        match count {
            Ok(0) => Ok(Received::Closed),
            Ok(count) => Ok(Received::Bytes(count)),
            Err(error) if is_pause(&error) => Ok(Received::Nothing),
            Err(error) => Err(error),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Line::Plain(tcp) => tcp,
            Line::Secure(stream) => &stream.sock,
        }
    }
}

fn tcp(host: &str, port: u16, end: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    let known = (host, port)
        .to_socket_addrs()
        .map_err(|error| io::Error::other(NoSuchHost(host.to_owned(), error)))?;
    for address in known {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The time left: never nothing, which sockets take for no limit.
fn left(end: Instant) -> io::Result<Duration> {
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::new(ErrorKind::TimedOut, "it takes too long")),
        left => Ok(left),
    }
}

/// Has reading and writing end by then.
pub fn limit(tcp: &TcpStream, end: Instant) -> io::Result<()> {
    let left = Some(left(end)?);
    tcp.set_read_timeout(left)?;
    tcp.set_write_timeout(left)
}

/// Whether nothing is wrong but the time.
fn is_pause(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
