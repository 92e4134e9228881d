//! Between a machine and the node: passes every connection on, and tells what was asked and answered on it.
//!
//! So the laboratory learns who attested and what the node said whatever the machine has for a console: a machine with a
//! network connects here, and so does the relay at the other end of a serial line.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a connection may be silent: a slow machine on a slow line is quiet while it measures, not while it asks.
const SILENCE: Duration = Duration::from_secs(300);

/// Bytes of a direction that are kept; a submission and its answer have less than a quarter of it.
const KEPT: usize = 256 * 1024;

/// Bytes passed on at a time.
const PIECE: usize = 4096;

/// A request with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// When the answer had been passed on.
    pub at: Instant,
    /// What was asked for, `/attest/submit`.
    pub path: String,
    /// What was sent with it.
    pub request: Vec<u8>,
    /// HTTP status.
    pub status: u16,
    /// The answer's body.
    pub answer: Vec<u8>,
}

/// A port of the loopback interface that leads to the node. It closes when this is dropped.
#[derive(Debug)]
pub struct Tap {
    address: SocketAddr,
    exchanges: Receiver<Exchange>,
    ended: Arc<AtomicBool>,
}

impl Tap {
    /// Listens on a free port.
    ///
    /// # Errors
    /// There is none.
    pub fn to(node: SocketAddr) -> io::Result<Tap> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (told, exchanges) = mpsc::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&ended);
        std::thread::spawn(move || {
            for guest in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let told = told.clone();
                // A connection that breaks is the machine's to try again.
                std::thread::spawn(move || pass(guest, node, &told));
            }
        });
        Ok(Tap {
            address,
            exchanges,
            ended,
        })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next exchange, if there is one within `wait`.
    pub fn next(&self, wait: Duration) -> Option<Exchange> {
        self.exchanges.recv_timeout(wait).ok()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the listener; where nobody can be reached it has ended already.
        let _ = TcpStream::connect(self.address);
    }
}

/// Passes one connection on to its end.
fn pass(guest: TcpStream, node: SocketAddr, told: &Sender<Exchange>) -> io::Result<()> {
    let node = TcpStream::connect(node)?;
    for stream in [&guest, &node] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
    }
    let (from, to) = (guest.try_clone()?, node.try_clone()?);
    let asking = std::thread::spawn(move || copy(&from, &to));
    let answer = copy(&node, &guest);
    // Nothing more is answered; a question that is still on its way is none.
    let _ = guest.shutdown(Shutdown::Both);
    let asked = asking.join().unwrap_or_default();
    let exchange = head(&asked).and_then(|(line, request)| {
        let (status_line, answer) = head(&answer)?;
        Some(Exchange {
            at: Instant::now(),
            path: line.split(' ').nth(1)?.to_owned(),
            request: request.to_vec(),
            status: status_line.split(' ').nth(1)?.parse().ok()?,
            answer: answer.to_vec(),
        })
    });
    if let Some(exchange) = exchange {
        // Nobody waits any more where the run is over.
        let _ = told.send(exchange);
    }
    Ok(())
}

/// Copies until one side has ended; gives what was copied, as much as is kept.
fn copy(mut from: &TcpStream, mut to: &TcpStream) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut piece = [0; PIECE];
    while let Ok(count) = from.read(&mut piece) {
        let bytes = &piece[..count];
        kept.extend_from_slice(&bytes[..count.min(KEPT - kept.len())]);
        if count == 0 || to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    kept
}

/// The first line of a message, and its body; `None` before the head is whole. The two ends close a connection after one
/// exchange, so the body is all that follows.
fn head(message: &[u8]) -> Option<(&str, &[u8])> {
    const END: &[u8] = b"\r\n\r\n";
    let end = message.windows(END.len()).position(|part| part == END)?;
    let head = std::str::from_utf8(&message[..end]).ok()?;
    Some((head.lines().next()?, &message[end + END.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_told_and_changed_in_nothing() {
        let node = TcpListener::bind("127.0.0.1:0").unwrap();
        let tap = Tap::to(node.local_addr().unwrap()).unwrap();
        let question = b"POST /attest/submit HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
        let answer = b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n[1]";
        let server = std::thread::spawn(move || {
            let (mut stream, _) = node.accept().unwrap();
            let mut asked = vec![0; question.len()];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(asked, question);
            stream.write_all(answer).unwrap();
        });
        let mut guest = TcpStream::connect(("127.0.0.1", tap.port())).unwrap();
        // In pieces, as a slow line brings it.
        for piece in question.chunks(7) {
            guest.write_all(piece).unwrap();
        }
        let mut got = Vec::new();
        guest.read_to_end(&mut got).unwrap();
        server.join().unwrap();
        assert_eq!(got, answer);
        let told = tap.next(Duration::from_secs(10)).unwrap();
        assert_eq!((told.path.as_str(), told.status), ("/attest/submit", 403));
        assert_eq!(
            (told.request, told.answer),
            (b"{}".to_vec(), b"[1]".to_vec())
        );
    }

    #[test]
    fn half_a_message_is_none() {
        assert_eq!(head(b"GET / HTTP/1.1\r\n"), None);
        assert_eq!(
            head(b"GET / HTTP/1.1\r\n\r\n"),
            Some(("GET / HTTP/1.1", &b""[..]))
        );
    }
}
