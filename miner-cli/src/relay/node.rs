//! The relay's connection to its node.

use super::line::is_nothing;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::mpsc::{channel, Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// Time to connect, for all addresses of the node together: less than the 10 s that a session waits,
/// so that it hears why.
const CONNECT_LIMIT: Duration = Duration::from_secs(8);

/// Bytes read from the node at once.
const PIECE: usize = 1024;

/// A connection that is being made, in a thread of its own: finding the address may take long.
#[derive(Debug)]
pub struct Connecting(Receiver<io::Result<TcpStream>>);

impl Connecting {
    /// Begins.
    pub fn to(node: (String, u16)) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            // Where nobody waits any more, the connection is dropped.
            let _ = sender.send(connect(&node));
        });
        Connecting(receiver)
    }

    /// What came of it, once it has.
    pub fn result(&self) -> Option<io::Result<Node>> {
        match self.0.try_recv() {
            Ok(result) => Some(result.and_then(Node::new)),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(io::ErrorKind::Other.into())),
        }
    }
}

fn connect((host, port): &(String, u16)) -> io::Result<TcpStream> {
    let end = Instant::now() + CONNECT_LIMIT;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host.as_str(), *port).to_socket_addrs()? {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// An open connection, with what is under way in both directions.
#[derive(Debug)]
pub struct Node {
    stream: TcpStream,
    /// From the miner, not written yet.
    pub to_node: Vec<u8>,
    /// From the node, not sent yet.
    pub from_node: Vec<u8>,
    /// The node has said all.
    pub ended: bool,
    /// Bytes so far, to the node and from it.
    pub count: (u64, u64),
}

impl Node {
    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Node {
            stream,
            to_node: Vec::new(),
            from_node: Vec::new(),
            ended: false,
            count: (0, 0),
        })
    }

    /// The socket, to wait for.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether bytes from the node are wanted: none wait, and more may come.
    pub fn wants_to_read(&self) -> bool {
        self.from_node.is_empty() && !self.ended
    }

    /// Writes and reads what goes without waiting.
    ///
    /// # Errors
    /// Where the connection broke.
    pub fn pump(&mut self) -> io::Result<()> {
        if !self.to_node.is_empty() {
            match self.stream.write(&self.to_node) {
                Ok(count) => {
                    self.to_node.drain(..count);
                    self.count.0 += count as u64;
                }
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        if self.wants_to_read() {
            let mut piece = [0; PIECE];
            match self.stream.read(&mut piece) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.from_node.extend_from_slice(&piece[..count]);
                    self.count.1 += count as u64;
                }
                Err(error) if is_nothing(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
