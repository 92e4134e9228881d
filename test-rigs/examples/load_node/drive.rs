//! The load: connections that ask for a challenge, answer it, and ask for the next.

use rustix::buffer::spare_capacity;
use rustix::event::{epoll, Timespec};
use std::collections::{BTreeMap, VecDeque};
use std::error::Error;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::template::{Template, Wallet};

/// Bytes read at a time: more than an answer has.
const READ: usize = 64 * 1024;

/// Events taken at a time.
const EVENTS: usize = 256;

/// How long to wait for an event before looking what is ripe, and whether the run is over.
const PATIENCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000,
};

/// When a request that cannot be sent is given up.
const GIVE_UP: Duration = Duration::from_secs(5);

/// Where a run stands.
pub struct Phase(AtomicU8);

impl Phase {
    const WARM_UP: u8 = 0;
    const MEASURE: u8 = 1;
    const OVER: u8 = 2;

    /// Warming up: nothing is counted yet.
    pub fn new() -> Self {
        Phase(AtomicU8::new(Self::WARM_UP))
    }

    /// From now on it counts.
    pub fn measure(&self) {
        self.0.store(Self::MEASURE, Ordering::Release);
    }

    /// From now on nothing is begun, and nothing counts.
    pub fn end(&self) {
        self.0.store(Self::OVER, Ordering::Release);
    }

    fn counts(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::MEASURE
    }

    fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire) == Self::OVER
    }
}

/// What one thread saw.
#[derive(Default)]
pub struct Seen {
    /// Microseconds of each submission that was accepted and is paid.
    pub submits: Vec<u32>,
    /// Microseconds of each challenge.
    pub challenges: Vec<u32>,
    /// Everything else, by status and code.
    pub failures: BTreeMap<String, u64>,
    /// Connections made anew.
    pub reconnects: u64,
    /// Bytes of the submissions.
    pub bytes: u64,
}

/// What all threads share.
pub struct Load<'a> {
    /// The node.
    pub node: SocketAddr,
    /// What is submitted: a wallet has one machine.
    pub templates: &'a [Template],
    /// Who submits.
    pub wallets: &'a [Wallet],
    /// Whose turn it is: each in turn, so that a wallet's attestations are far apart.
    pub turn: &'a AtomicU32,
    /// Where the run stands.
    pub phase: &'a Phase,
}

/// What a connection waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Challenge,
    Submit,
    /// Nothing: no challenge is ripe.
    Ripeness,
}

struct Connection {
    stream: TcpStream,
    waiting: Waiting,
    wallet: usize,
    sent: Instant,
    answer: Vec<u8>,
}

/// A challenge that its machine is still measuring for.
struct Measuring {
    wallet: usize,
    nonce: String,
    ripe: Instant,
}

/// What one thread has at hand.
struct Work<'a> {
    load: &'a Load<'a>,
    /// In the order in which they were issued, which is that of ripening.
    measuring: VecDeque<Measuring>,
    /// Challenges asked for or measured for, at most.
    outstanding: usize,
    asked: usize,
    body: Vec<u8>,
    request: Vec<u8>,
    seen: Seen,
}

impl Load<'_> {
    /// Keeps so many connections busy until the phase is over, with so many challenges at a time.
    pub fn run(&self, connections: usize, outstanding: usize) -> Result<Seen, Box<dyn Error>> {
        let queue = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut work = Work {
            load: self,
            measuring: VecDeque::new(),
            outstanding,
            asked: 0,
            body: Vec::new(),
            request: Vec::new(),
            seen: Seen::default(),
        };
        let mut open = Vec::new();
        for id in 0..connections {
            let mut connection = self.connect(&queue, id)?;
            work.go_on(&mut connection);
            open.push(connection);
        }
        let mut events = Vec::with_capacity(EVENTS);
        let mut chunk = vec![0; READ];
        while !self.phase.is_over() {
            epoll::wait(&queue, spare_capacity(&mut events), Some(&PATIENCE))?;
            for event in events.drain(..) {
                let id = event.data.u64() as usize;
                let connection = &mut open[id];
                match connection.stream.read(&mut chunk) {
                    Ok(count) if count > 0 => {
                        connection.answer.extend_from_slice(&chunk[..count]);
                        if work.take(connection) {
                            work.go_on(connection);
                        }
                    }
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                    // The node lets no connection live for ever.
                    Ok(_) | Err(_) => {
                        work.seen.reconnects += 1;
                        if connection.waiting == Waiting::Challenge {
                            work.asked -= 1;
                        }
                        *connection = self.connect(&queue, id)?;
                        work.go_on(connection);
                    }
                }
            }
            for connection in &mut open {
                if connection.waiting == Waiting::Ripeness {
                    work.go_on(connection);
                }
            }
        }
        Ok(work.seen)
    }

    fn connect(
        &self,
        queue: &impl std::os::fd::AsFd,
        id: usize,
    ) -> Result<Connection, Box<dyn Error>> {
        let stream = TcpStream::connect(self.node)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let data = epoll::EventData::new_u64(id as u64);
        epoll::add(queue, &stream, data, epoll::EventFlags::IN)?;
        Ok(Connection {
            stream,
            waiting: Waiting::Ripeness,
            wallet: 0,
            sent: Instant::now(),
            answer: Vec::new(),
        })
    }
}

impl Work<'_> {
    /// Asks for a challenge after an answer and answers one after a challenge, so that there is always
    /// some of both; does the other where that cannot be, or rests.
    fn go_on(&mut self, connection: &mut Connection) {
        let room = self.measuring.len() + self.asked < self.outstanding;
        if connection.waiting == Waiting::Submit && room {
            self.ask(connection);
        } else if let Some(ripe) = self.ripe() {
            self.answer(connection, &ripe);
        } else if room {
            self.ask(connection);
        } else {
            connection.waiting = Waiting::Ripeness;
        }
    }

    fn ripe(&mut self) -> Option<Measuring> {
        let first = self.measuring.front()?;
        (first.ripe <= Instant::now())
            .then(|| self.measuring.pop_front())
            .flatten()
    }

    fn ask(&mut self, connection: &mut Connection) {
        let load = self.load;
        let turn = load.turn.fetch_add(1, Ordering::Relaxed) as usize;
        connection.wallet = turn % load.wallets.len();
        connection.waiting = Waiting::Challenge;
        self.asked += 1;
        self.body.clear();
        let miner = &load.wallets[connection.wallet].address;
        // A vector takes everything.
        let _ = write!(self.body, r#"{{"miner":"{miner}"}}"#);
        self.send(connection, "/attest/challenge");
    }

    fn answer(&mut self, connection: &mut Connection, ripe: &Measuring) {
        let load = self.load;
        connection.wallet = ripe.wallet;
        connection.waiting = Waiting::Submit;
        let template = &load.templates[ripe.wallet % load.templates.len()];
        template.write(&load.wallets[ripe.wallet], &ripe.nonce, &mut self.body);
        if load.phase.counts() {
            self.seen.bytes += self.body.len() as u64;
        }
        self.send(connection, "/attest/submit");
    }

    /// Takes an answer, if it is there as a whole.
    fn take(&mut self, connection: &mut Connection) -> bool {
        let Some(answer) = Answer::of(&connection.answer) else {
            return false;
        };
        let counts = self.load.phase.counts();
        let took = u32::try_from(connection.sent.elapsed().as_micros()).unwrap_or(u32::MAX);
        let challenge = connection.waiting == Waiting::Challenge;
        self.asked -= usize::from(challenge);
        match answer.text("\"nonce\":\"") {
            Some(nonce) if challenge => {
                self.measuring.push_back(Measuring {
                    wallet: connection.wallet,
                    nonce: nonce.to_owned(),
                    ripe: Instant::now() + self.load.templates[0].duration(),
                });
                if counts {
                    self.seen.challenges.push(took);
                }
            }
            _ if answer.is_paid() => {
                if counts {
                    self.seen.submits.push(took);
                }
            }
            _ => {
                let code = answer.text("\"code\":\"").unwrap_or("unpaid");
                if self.seen.failures.is_empty() {
                    let why = answer.text("\"summary\":\"").unwrap_or_default();
                    eprintln!("the first failure: {} {code}: {why}", answer.status);
                }
                let failure = format!("{} {code}", answer.status);
                *self.seen.failures.entry(failure).or_default() += 1;
            }
        }
        connection.answer.clear();
        true
    }

    /// Sends the body. It is smaller than the socket's buffer, in which nothing waits.
    fn send(&mut self, connection: &mut Connection, path: &str) {
        self.request.clear();
        // A vector takes everything.
        let _ = write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: node\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.body.len()
        );
        self.request.extend_from_slice(&self.body);
        connection.sent = Instant::now();
        let give_up = connection.sent + GIVE_UP;
        let mut rest = &self.request[..];
        while !rest.is_empty() {
            match connection.stream.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(e) if e.kind() == ErrorKind::WouldBlock && Instant::now() < give_up => {
                    std::thread::yield_now();
                }
                // Reading says the same, and that is where connections are made anew.
                Err(_) => return,
            }
        }
    }
}

/// A whole answer.
struct Answer<'a> {
    status: &'a str,
    body: &'a str,
}

impl<'a> Answer<'a> {
    /// `None` while some of it is missing.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .split("\r\n")
            .find_map(|line| line.strip_prefix("content-length: "))?;
        let length: usize = length.parse().ok()?;
        Some(Answer {
            status: head.get(9..12)?,
            body: body.get(..length)?,
        })
    }

    /// The text between `before` and the next quote.
    fn text(&self, before: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(before)?;
        rest.split_once('"').map(|(text, _)| text)
    }

    /// Accepted, with a weight above zero.
    fn is_paid(&self) -> bool {
        let weight = self.body.rsplit_once(",\"weight\":").map(|(_, rest)| rest);
        self.status == "200"
            && weight
                .and_then(|rest| rest.strip_suffix('}'))
                .is_some_and(|weight| weight != "0.0")
    }
}
