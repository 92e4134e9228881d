//! The other end of a null-modem cable: carries the connections of a machine without a network to
//! one node. See docs/serial.md for the protocol, and [`miner_tiny::link`] for its state machine.
//!
//! One loop: what the line, the node and the clock bring goes into an [`End`], what it says goes
//! out, and then the program waits for the next thing to happen. Nothing here needs trust: the
//! miner's signature and the node's are checked by those two. The relay connects to the node that it
//! was told, whatever the machine on the line asks for.

mod line;
mod node;
mod options;

pub use options::{Flow, Options, Plan};

use crate::error::Error;
use crate::stop::Stop;
use line::{interest, Line, Source};
use miner_tiny::link::{Config, End, Id, Over, Reason, Side, State, Step};
use node::{Connecting, Node};
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How often the relay looks whether it should stop, and whether the line is back.
const LOOK: Duration = Duration::from_millis(100);

/// How often it looks whether a connection to the node is there, while one is being made.
const LOOK_FOR_NODE: Duration = Duration::from_millis(10);

/// Time between two tries to open a device that is gone.
const REOPEN: Duration = Duration::from_secs(1);

/// Time between two connections to the node, at least: a line gone mad must not become a flood.
const BETWEEN_CALLS: Duration = Duration::from_millis(100);

/// Time to tell the machine that the relay stops.
const FAREWELL: Duration = Duration::from_millis(500);

/// Bytes read from the line at once.
const PIECE: usize = 512;

/// Bytes that are no frame before the owner hears of it; a boot loader's few words are fewer.
const NOISE_WORTH_A_WORD: u32 = 256;

/// Time between two remarks about noise.
const BETWEEN_REMARKS: Duration = Duration::from_secs(30);

/// Relays until the owner stops it.
///
/// # Errors
/// [`Error::Line`] where the device cannot be opened at the start. A device that goes away later is
/// waited for. Being stopped by the owner is no error.
pub fn run(plan: &Plan, quiet: bool, stop: &Stop) -> Result<(), Error> {
    let source = Source::new(&plan.place, plan.baud, plan.flow)?;
    let line = source.open().map_err(|error| source.explain(&error))?;
    let mut relay = Relay::new(plan, quiet, source, line);
    relay.introduce(plan);
    match relay.run(stop) {
        Err(Error::Interrupted) => {
            relay.farewell();
            relay.remark("stopped");
            Ok(())
        }
        other => other,
    }
}

struct Relay {
    node_address: (String, u16),
    quiet: bool,
    began: Instant,
    source: Source,
    line: Option<Line>,
    /// When to look for the line again.
    reopen_at: Instant,
    end: End,
    /// Which call this is.
    call: u64,
    /// A connection that is being made, and for which call.
    connecting: Option<(Id, Connecting)>,
    /// When the next one may be.
    next_call_at: Instant,
    node: Option<Node>,
    /// Octets of noise, frames and the time when noise was last looked at.
    noise_seen: (u32, u32),
    remark_at: Instant,
}

impl Relay {
    fn new(plan: &Plan, quiet: bool, source: Source, line: Option<Line>) -> Self {
        let now = Instant::now();
        // Another number after each start; where the system has no random ones, the time is one.
        let token = getrandom::u32().unwrap_or_else(|_| std::process::id());
        let config = Config::new(Side::Answerer, token as u16, plan.baud);
        Relay {
            node_address: plan.node.clone(),
            quiet,
            began: now,
            source,
            line,
            reopen_at: now,
            end: End::new(config),
            call: 0,
            connecting: None,
            next_call_at: now,
            node: None,
            noise_seen: (0, 0),
            remark_at: now,
        }
    }

    fn remark(&self, text: &str) {
        if !self.quiet {
            eprintln!("note: {text}");
        }
    }

    fn introduce(&self, plan: &Plan) {
        let (host, port) = &self.node_address;
        match &self.source {
            Source::Serial { .. } => self.remark(&format!(
                "{} at {} baud leads to {host} port {port}; Ctrl-C stops",
                self.source, plan.baud
            )),
            Source::Tcp(listener) => {
                self.remark(&format!(
                    "{} leads to {host} port {port}; Ctrl-C stops",
                    self.source
                ));
                if listener
                    .local_addr()
                    .is_ok_and(|address| !address.ip().is_loopback())
                {
                    eprintln!("warning: others than this machine can reach this port, and through it the node");
                }
            }
        }
    }

    /// One turn after the other.
    fn run(&mut self, stop: &Stop) -> Result<(), Error> {
        loop {
            stop.check()?;
            if self.line.is_none() {
                self.look_for_line(stop)?;
                continue;
            }
            self.attend_call();
            self.attend_node();
            let wait = match self.attend_line() {
                Ok(wait) => wait,
                Err(error) => {
                    self.lose_line(&error);
                    continue;
                }
            };
            if let Err(error) = self.wait(wait) {
                self.lose_line(&error);
            }
            self.look_at_noise();
        }
    }

    // ------------------------------------------------------------------------------------ the line

    fn look_for_line(&mut self, stop: &Stop) -> Result<(), Error> {
        if Instant::now() < self.reopen_at {
            return stop.sleep(LOOK);
        }
        match self.source.open() {
            Ok(Some(line)) => {
                self.remark(&match &line {
                    Line::Serial(_) => format!("{} is back", self.source),
                    Line::Tcp(_) => "a machine has plugged itself in".to_owned(),
                });
                self.line = Some(line);
                Ok(())
            }
            Ok(None) => match &self.source {
                Source::Tcp(listener) => {
                    let mut fds = [PollFd::new(listener, PollFlags::IN)];
                    // An interrupted wait is a short one.
                    let _ = poll(&mut fds, Some(&timespec(LOOK)));
                    Ok(())
                }
                Source::Serial { .. } => stop.sleep(LOOK),
            },
            Err(_) => {
                self.reopen_at = Instant::now() + REOPEN;
                Ok(())
            }
        }
    }

    fn lose_line(&mut self, error: &io::Error) {
        match &self.source {
            Source::Serial { .. } => {
                eprintln!(
                    "warning: {} is gone ({error}); it is used again when it is back",
                    self.source
                );
            }
            Source::Tcp(_) => self.remark("the machine has unplugged itself"),
        }
        self.line = None;
        self.reopen_at = Instant::now();
        self.end.abandon(Reason::Broken);
        self.end.line_restarted();
        self.hang_up();
    }

    /// Writes what is due; gives how long there is nothing to do but wait, and whether for room.
    fn attend_line(&mut self) -> io::Result<Wait> {
        let Some(line) = &mut self.line else {
            return Ok(Wait::default());
        };
        loop {
            let now = self.began.elapsed();
            match self.end.step(millis(now)) {
                Step::Write(bytes) => match line.write(bytes)? {
                    0 => {
                        return Ok(Wait {
                            time: LOOK,
                            for_room: true,
                        })
                    }
                    count => self.end.written(count),
                },
                Step::Read { until_ms } => {
                    let time = Duration::from_millis(until_ms).saturating_sub(now);
                    return Ok(Wait {
                        // Rounded up: waking too early would be for nothing.
                        time: (time + Duration::from_millis(1)).min(LOOK),
                        for_room: false,
                    });
                }
            }
        }
    }

    /// Waits for the line, the node or the time, and takes what the line brings.
    fn wait(&mut self, wait: Wait) -> io::Result<()> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        let time = match self.connecting {
            Some(_) => wait.time.min(LOOK_FOR_NODE),
            None => wait.time,
        };
        let mut fds = Vec::with_capacity(2);
        fds.push(PollFd::new(line, interest(true, wait.for_room)));
        if let Some(node) = &self.node {
            // What waits for the line to be free needs no waking.
            let flags = interest(node.wants_to_read(), !node.to_node.is_empty());
            if !flags.is_empty() {
                fds.push(PollFd::from_borrowed_fd(node.stream().as_fd(), flags));
            }
        }
        match poll(&mut fds, Some(&timespec(time))) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let came = fds[0].revents();
        drop(fds);
        if came.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            let mut piece = [0; PIECE];
            let count = line.read(&mut piece)?;
            if count == 0 && !came.contains(PollFlags::IN) {
                return Err(io::ErrorKind::NotConnected.into());
            }
            self.end.received(&piece[..count]);
        }
        Ok(())
    }

    /// Says a word where much comes and none of it makes sense.
    fn look_at_noise(&mut self) {
        let statistics = self.end.statistics();
        let (noise, good) = self.noise_seen;
        if statistics.good != good {
            self.noise_seen = (statistics.noise, statistics.good);
        } else if statistics.noise.saturating_sub(noise) >= NOISE_WORTH_A_WORD
            && Instant::now() >= self.remark_at
        {
            eprintln!(
                "warning: bytes come that make no sense: do both sides have the same --baud? does \
                 another program speak on the line, such as a login?"
            );
            self.noise_seen = (statistics.noise, good);
            self.remark_at = Instant::now() + BETWEEN_REMARKS;
        }
    }

    // ----------------------------------------------------------------------------------- the calls

    /// Answers a call once the node has been reached; ends what is over.
    fn attend_call(&mut self) {
        let state = self.end.state();
        if state == State::Asked && self.node.is_some() {
            // The machine was started anew, and calls again.
            self.hang_up();
        }
        if let Some((id, connecting)) = &self.connecting {
            let Some(result) = connecting.result() else {
                return;
            };
            // Whoever called may have given up since, or called again.
            let current = state == State::Asked && *id == self.end.id();
            self.connecting = None;
            if current {
                self.answer(result);
            }
        } else if state == State::Asked && Instant::now() >= self.next_call_at {
            self.call += 1;
            self.note_what_is_asked();
            self.next_call_at = Instant::now() + BETWEEN_CALLS;
            let connecting = Connecting::to(self.node_address.clone());
            self.connecting = Some((self.end.id(), connecting));
        }
    }

    fn answer(&mut self, result: io::Result<Node>) {
        match result {
            Ok(node) => {
                self.remark(&format!("call {}: connected", self.call));
                self.node = Some(node);
                self.end.accept();
            }
            Err(error) => {
                let (host, port) = &self.node_address;
                eprintln!(
                    "warning: call {}: {host} port {port}: {error}; check --node, and that the node \
                     is running",
                    self.call
                );
                self.end.refuse(Reason::Unreachable);
            }
        }
    }

    fn note_what_is_asked(&self) {
        let asked: String = self
            .end
            .asked()
            .unwrap_or_default()
            .iter()
            .map(|&byte| match byte {
                b'!'..=b'~' => char::from(byte),
                _ => '?',
            })
            .collect();
        let (host, port) = &self.node_address;
        let own = asked.is_empty() || asked == *host || asked == format!("{host}:{port}");
        self.remark(&match own {
            true => format!("call {}", self.call),
            false => format!(
                "call {}: asks for {asked}, and gets {host} port {port}",
                self.call
            ),
        });
    }

    /// Carries bytes between the node and the line.
    fn attend_node(&mut self) {
        let Some(node) = &mut self.node else {
            return;
        };
        if node.to_node.is_empty() {
            let mut piece = [0; PIECE];
            let count = self.end.receive(&mut piece);
            node.to_node.extend_from_slice(&piece[..count]);
        }
        if let Err(error) = node.pump() {
            if self.end.state() != State::Over(Over::ByPeer) {
                eprintln!("warning: call {}: the node: {error}", self.call);
            }
            self.end.abandon(Reason::Broken);
            return self.hang_up();
        }
        let count = self.end.send(&node.from_node);
        node.from_node.drain(..count);
        match self.end.state() {
            // All that the miner said before it closed is still brought to the node.
            State::Over(Over::ByPeer) if !node.to_node.is_empty() || self.end.has_received() => {}
            State::Over(_) => self.hang_up(),
            State::Open if node.ended && node.from_node.is_empty() && node.to_node.is_empty() => {
                self.end.close();
            }
            _ => {}
        }
    }

    /// Closes the connection to the node, and says what it carried.
    fn hang_up(&mut self) {
        let Some(node) = self.node.take() else {
            return;
        };
        let (to_node, from_node) = node.count;
        let how = match self.end.state() {
            State::Over(Over::Closed | Over::ByPeer) => "closed",
            State::Over(Over::Lost | Over::Echo) => "the machine does not answer any more",
            State::Over(Over::Reset(Reason::Unknown)) | State::Asked => {
                "the machine was started anew"
            }
            _ => "broken off",
        };
        self.remark(&format!(
            "call {}: {how}; {to_node} bytes to the node, {from_node} back; {} frames sent again so far",
            self.call,
            self.end.statistics().resent
        ));
    }

    /// Tells the machine that nobody listens any more, as far as that goes in a moment.
    fn farewell(&mut self) {
        self.end.abandon(Reason::Stopping);
        let limit = Instant::now() + FAREWELL;
        while Instant::now() < limit {
            match self.attend_line() {
                Ok(Wait { for_room: true, .. }) => std::thread::sleep(LOOK_FOR_NODE),
                _ => break,
            }
        }
        self.hang_up();
    }
}

/// How long to wait, and whether also for room in the line's buffer.
#[derive(Debug, Clone, Copy, Default)]
struct Wait {
    time: Duration,
    for_room: bool,
}

fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

fn timespec(time: Duration) -> Timespec {
    // Only short times are waited for.
    Timespec::try_from(time.min(LOOK)).unwrap_or_default()
}
