//! The miner's side for a program that waits: a connection over the line, in place of a TCP one.

use super::config::Config;
use super::end::{End, Step};
use super::frame::Side;
use super::state::{Over, Reason, State};

/// Milliseconds that closing may take. The other side learns of it later where it does not suffice.
pub const CLOSE_MS: u64 = 3_000;

/// Bytes read from the line at once.
const PIECE: usize = 64;

/// The line does not work any more: the device is gone, the socket closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// A raw serial line: eight bits a byte, nothing changed, nothing added.
pub trait Line {
    /// Milliseconds of a clock that does not go back.
    fn now_ms(&mut self) -> u64;

    /// Writes some of the bytes, which are never none, and says how many. It waits where none can be
    /// written, until this time at the longest: then it says 0.
    ///
    /// # Errors
    /// [`Broken`].
    fn write(&mut self, bytes: &[u8], until_ms: u64) -> Result<usize, Broken>;

    /// Reads what has come, at least a byte, and says how many. It waits where nothing has, until
    /// this time at the longest: then it says 0.
    ///
    /// # Errors
    /// [`Broken`].
    fn read(&mut self, to: &mut [u8], until_ms: u64) -> Result<usize, Broken>;
}

/// Why a connection over the line failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The node's name does not fit a frame.
    NameTooLong,
    /// The device failed.
    Device,
    /// No relay answers.
    NoRelay,
    /// Nothing but an echo answers: another program has the other end.
    Echo,
    /// The relay refuses.
    Refused(Reason),
    /// The relay dropped the connection.
    Dropped(Reason),
    /// The relay fell silent.
    Lost,
    /// There is no connection.
    NotOpen,
}

impl Error {
    /// What happened, in words that fit 40 columns.
    pub fn words(self) -> &'static str {
        match self {
            Error::NameTooLong => "the node's name is too long",
            Error::Device => "the serial device failed",
            Error::NoRelay => "no relay answers: cable? speed?",
            Error::Echo => "only an echo answers: no relay there",
            Error::Refused(Reason::Unreachable) => "the relay cannot reach the node",
            Error::Refused(Reason::Version) => "the relay is of another version",
            Error::Refused(_) => "the relay refuses",
            Error::Dropped(Reason::Unknown) => "the relay was started anew",
            Error::Dropped(Reason::Stopping) => "the relay was stopped",
            Error::Dropped(Reason::Broken) => "the relay lost the node",
            Error::Dropped(_) => "the relay dropped the connection",
            Error::Lost => "the relay does not answer any more",
            Error::NotOpen => "there is no connection",
        }
    }
}

/// What came of receiving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// So many bytes; never 0.
    Bytes(usize),
    /// None in time.
    Nothing,
    /// The node closed: none will come.
    Closed,
}

/// A connection through a relay. Every call lends it the line, and comes back at the time given, at
/// the latest, give or take what one read or write of the line takes.
///
/// ```
/// use miner_tiny::link::{Broken, Client, Error, Line, Received, DEFAULT_BAUD};
///
/// /// Asks a node for its health; `line` is a device that was opened and set to raw mode.
/// fn ask(line: &mut impl Line, token: u16, answer: &mut [u8]) -> Result<usize, Error> {
///     let mut client = Client::new(token, DEFAULT_BAUD);
///     let until_ms = line.now_ms() + 30_000;
///     client.connect(line, "node.example:8099", until_ms)?;
///     let mut request: &[u8] = b"GET /health HTTP/1.0\r\n\r\n";
///     while !request.is_empty() {
///         match client.send(line, request, until_ms)? {
///             0 => return Err(Error::Lost), // not in time
///             count => request = &request[count..],
///         }
///     }
///     let mut length = 0;
///     while let Received::Bytes(count) = client.receive(line, &mut answer[length..], until_ms)? {
///         length += count;
///     }
///     client.close(line);
///     Ok(length)
/// }
///
/// /// A cable that nobody plugged in.
/// struct Unplugged(u64);
///
/// impl Line for Unplugged {
///     fn now_ms(&mut self) -> u64 {
///         self.0
///     }
///     fn write(&mut self, bytes: &[u8], _: u64) -> Result<usize, Broken> {
///         Ok(bytes.len())
///     }
///     fn read(&mut self, _: &mut [u8], until_ms: u64) -> Result<usize, Broken> {
///         self.0 = until_ms; // Nothing came.
///         Ok(0)
///     }
/// }
///
/// assert_eq!(ask(&mut Unplugged(0), 7, &mut [0; 512]), Err(Error::NoRelay));
/// ```
#[derive(Debug)]
pub struct Client {
    end: End,
}

impl Client {
    /// A client without a connection. `token` is any number that is another one after every start of
    /// the program, best a random one; `baud` is the line's speed in bits per second, which says how
    /// long to wait for an answer.
    pub fn new(token: u16, baud: u32) -> Self {
        Client {
            end: End::new(Config::new(Side::Caller, token, baud)),
        }
    }

    /// The end of the line underneath.
    pub fn end(&self) -> &End {
        &self.end
    }

    /// Opens a connection to `to`, "HOST:PORT". A relay leads to one node, whatever is asked for.
    ///
    /// # Errors
    /// Every kind but [`Error::NotOpen`]; where no answer came in time, [`Error::NoRelay`].
    pub fn connect(&mut self, line: &mut impl Line, to: &str, until_ms: u64) -> Result<(), Error> {
        if !self.end.connect(to) {
            return Err(Error::NameTooLong);
        }
        match self.drive(line, until_ms, |end| end.state() == State::Open) {
            Ok(true) => Ok(()),
            Ok(false) | Err(Error::Lost) => Err(Error::NoRelay),
            Err(error) => Err(error),
        }
    }

    /// Sends some of the bytes, and says how many: as many as one frame carries; 0 where none could
    /// be sent in time.
    ///
    /// # Errors
    /// [`Error::Device`], [`Error::Dropped`], [`Error::Lost`], [`Error::NotOpen`].
    pub fn send(
        &mut self,
        line: &mut impl Line,
        bytes: &[u8],
        until_ms: u64,
    ) -> Result<usize, Error> {
        if !self.drive(line, until_ms, End::can_send)? {
            return Ok(0);
        }
        let count = self.end.send(bytes);
        // On its way now: whoever calls may be busy with other things after this.
        self.drive(line, until_ms, |_| true)?;
        Ok(count)
    }

    /// Receives into `to`, which must not be empty.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn receive(
        &mut self,
        line: &mut impl Line,
        to: &mut [u8],
        until_ms: u64,
    ) -> Result<Received, Error> {
        if !self.end.has_received() {
            if self.end.state() == State::Over(Over::ByPeer) {
                // What is left to say, said: that the closing was heard.
                self.flush(line, until_ms);
                return Ok(Received::Closed);
            }
            let come = |end: &End| end.has_received() || end.state() == State::Over(Over::ByPeer);
            if !self.drive(line, until_ms, come)? {
                return Ok(Received::Nothing);
            }
        }
        let count = self.end.receive(to);
        if count == 0 {
            return Ok(Received::Closed);
        }
        // The relay waits for this acknowledgement. If it fails now, the next call says so.
        self.flush(line, until_ms);
        Ok(Received::Bytes(count))
    }

    /// Closes the connection, if there is one; what was sent before is delivered first. Comes back
    /// within [`CLOSE_MS`].
    pub fn close(&mut self, line: &mut impl Line) {
        let until_ms = line.now_ms().saturating_add(CLOSE_MS);
        self.end.close();
        let over = |end: &End| matches!(end.state(), State::Idle | State::Over(_));
        if self.drive(line, until_ms, over) == Ok(false) {
            self.end.abandon(Reason::Abandoned);
        }
        self.flush(line, until_ms);
    }

    /// Writes what is due, as far as it goes.
    fn flush(&mut self, line: &mut impl Line, until_ms: u64) {
        while let Step::Write(bytes) = self.end.step(line.now_ms()) {
            match line.write(bytes, until_ms) {
                Ok(count @ 1..) => self.end.written(count),
                _ => return,
            }
        }
    }

    /// Runs the line until it comes to what is wished for and all that is due is written: true; or
    /// until the time is over: false. Once in a program, not once for each caller: it is long.
    #[inline(never)]
    fn drive(
        &mut self,
        line: &mut impl Line,
        until_ms: u64,
        wished: fn(&End) -> bool,
    ) -> Result<bool, Error> {
        let mut piece = [0; PIECE];
        loop {
            let now_ms = line.now_ms();
            match self.end.step(now_ms) {
                Step::Write(_) if now_ms >= until_ms => return Ok(false),
                Step::Write(bytes) => {
                    let count = line
                        .write(bytes, until_ms)
                        .map_err(|Broken| self.broken())?;
                    self.end.written(count);
                }
                Step::Read { until_ms: due_ms } => {
                    if wished(&self.end) {
                        return Ok(true);
                    }
                    self.failure()?;
                    if now_ms >= until_ms {
                        return Ok(false);
                    }
                    let count = line
                        .read(&mut piece, until_ms.min(due_ms))
                        .map_err(|Broken| self.broken())?;
                    self.end.received(piece.get(..count).unwrap_or(&piece));
                }
            }
        }
    }

    /// The device failed: nobody can be told.
    fn broken(&mut self) -> Error {
        self.end.abandon(Reason::Abandoned);
        Error::Device
    }

    /// Whether and why there is no connection any more.
    fn failure(&self) -> Result<(), Error> {
        Err(match self.end.state() {
            State::Idle | State::Over(Over::Closed | Over::ByPeer | Over::Abandoned) => {
                Error::NotOpen
            }
            State::Over(Over::Refused(reason)) => Error::Refused(reason),
            State::Over(Over::Reset(reason)) => Error::Dropped(reason),
            State::Over(Over::Lost) => Error::Lost,
            State::Over(Over::Echo) => Error::Echo,
            _ => return Ok(()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_fits_forty_columns() {
        let reasons = [
            Reason::Unknown,
            Reason::Unreachable,
            Reason::Broken,
            Reason::Abandoned,
            Reason::Stopping,
            Reason::Silent,
            Reason::Version,
        ];
        let of_reasons = reasons
            .iter()
            .flat_map(|&reason| [Error::Refused(reason), Error::Dropped(reason)]);
        let others = [
            Error::NameTooLong,
            Error::Device,
            Error::NoRelay,
            Error::Echo,
            Error::Lost,
            Error::NotOpen,
        ];
        for error in of_reasons.chain(others) {
            assert!(error.words().len() <= 40, "{}", error.words());
        }
    }
}
