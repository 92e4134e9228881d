//! A machine without an operating system as a [`System`]: one line that is polled, one file (the wallet, in
//! memory), no network, no random numbers. A [`Board`] is what differs from machine to machine.

mod words;

pub use words::Words;

use super::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use core::net::IpAddr;
use probe_core::machine::Machine;
use probe_core::ticks::Clock;

/// Bytes of a wallet: the digits of a seed, and an end of line.
const WALLET: usize = 65;

/// Nanoseconds of a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// Nothing was opened.
const NO_LINE: Refused = Refused("there is no line");

/// A serial line that does what it can at once.
pub trait Port {
    /// Sends as many of the bytes as there is room for now; says how many.
    fn send(&mut self, bytes: &[u8]) -> usize;

    /// Takes what has come; says how many bytes.
    fn receive(&mut self, to: &mut [u8]) -> usize;
}

/// What a machine brings.
pub trait Board {
    /// This machine, as it is measured.
    type Machine: Machine;

    /// Its clock, as it is measured and as time is told by. It does not go back.
    type Clock: Clock + Clone;

    /// Its line.
    type Port: Port;

    /// What systems call the architecture (`uname -m`).
    const ARCHITECTURE: &'static str;

    /// There is no network: names the line to use in its place.
    const NO_NETWORK: Refused;

    /// See [`System::machine`].
    fn machine(&mut self) -> Self::Machine;

    /// See [`System::memory`].
    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]>;

    /// Bytes of memory that nobody uses.
    fn free_memory(&mut self) -> usize;

    /// Shows text to a person, where there is a way that the line's being in use leaves open.
    fn show(&mut self, text: &str, line_in_use: bool);

    /// Lets time pass while the program waits, however little of it.
    fn rest(&mut self);

    /// Opens the line of this name.
    ///
    /// # Errors
    /// Where there is none of that name or speed; says which there are.
    fn open(&mut self, device: &str, baud: u32) -> Result<Self::Port, Refused>;

    /// Whether a key may be made that is gone with the power; warns of it.
    ///
    /// # Errors
    /// Where it may not.
    fn make_key(&mut self) -> Result<(), Refused>;
}

/// A machine that is this program's alone.
#[derive(Debug)]
pub struct Polled<'w, B: Board> {
    board: B,
    clock: B::Clock,
    words: Words<'w>,
    port: Option<B::Port>,
    wallet: [u8; WALLET],
    wallet_bytes: usize,
}

impl<'w, B: Board> Polled<'w, B> {
    /// A machine that was told these words. Runs nothing.
    pub fn new(board: B, clock: B::Clock, words: Words<'w>) -> Self {
        let mut wallet = [0; WALLET];
        let wallet_bytes = copy(words.key().unwrap_or_default(), &mut wallet);
        Polled {
            board,
            clock,
            words,
            port: None,
            wallet,
            wallet_bytes,
        }
    }

    fn until(&mut self, ms: u64) -> u64 {
        self.clock.now_ns() + ms * MILLISECOND
    }
}

/// Copies what fits; says how much.
fn copy(from: &[u8], to: &mut [u8]) -> usize {
    for (place, &byte) in to.iter_mut().zip(from) {
        *place = byte;
    }
    from.len().min(to.len())
}

impl<B: Board> System for Polled<'_, B> {
    type Machine = B::Machine;
    type Clock = B::Clock;

    fn machine(&mut self) -> B::Machine {
        self.board.machine()
    }

    fn clock(&mut self) -> B::Clock {
        self.clock.clone()
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        self.board.memory(bytes)
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        Some(copy(self.words.option(index as usize)?, to))
    }

    fn print(&mut self, _stream: Stream, text: &str) {
        self.board.show(text, self.port.is_some());
    }

    fn now_ms(&mut self) -> u64 {
        self.clock.now_ns() / MILLISECOND
    }

    fn wait_ms(&mut self, ms: u64) {
        let until = self.until(ms);
        while self.clock.now_ns() < until {
            self.board.rest();
        }
    }

    fn entropy(&mut self, _to: &mut [u8]) -> Result<(), Refused> {
        Err(Refused("no random numbers here"))
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        match name {
            Name::Machine => copy(B::ARCHITECTURE.as_bytes(), to),
            Name::Host | Name::System | Name::Release => 0,
        }
    }

    fn cores(&mut self) -> u16 {
        1
    }

    fn free_memory(&mut self) -> Option<u64> {
        Some(self.board.free_memory() as u64)
    }

    fn entry(&mut self, _folder: &str, _index: u32, _to: &mut [u8]) -> Option<usize> {
        None
    }

    fn read(
        &mut self,
        _file: &str,
        readers: Readers,
        offset: u32,
        to: &mut [u8],
    ) -> Result<usize, FileError> {
        if readers != Readers::Owner || self.wallet_bytes == 0 {
            return Err(FileError::Absent);
        }
        let whole = self.wallet.get(..self.wallet_bytes).unwrap_or_default();
        Ok(copy(whole.get(offset as usize..).unwrap_or_default(), to))
    }

    fn append(&mut self, _file: &str, _bytes: &[u8]) -> Result<(), Refused> {
        // The node's key is seen anew after each start.
        Ok(())
    }

    fn create_private(&mut self, _file: &str, bytes: &[u8]) -> Result<(), Refused> {
        self.board.make_key()?;
        self.wallet_bytes = copy(bytes, &mut self.wallet);
        Ok(())
    }

    fn ask(
        &mut self,
        _server: IpAddr,
        _port: u16,
        _question: &[u8],
        _answer: &mut [u8],
        _ms: u64,
    ) -> Result<Option<usize>, Refused> {
        Err(B::NO_NETWORK)
    }

    fn connect(&mut self, _address: IpAddr, _port: u16, _ms: u64) -> Result<(), Refused> {
        Err(B::NO_NETWORK)
    }

    fn open_serial(&mut self, device: &str, baud: u32) -> Result<(), Refused> {
        self.port = None;
        self.port = Some(self.board.open(device, baud)?);
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        let until = self.until(ms);
        let port = self.port.as_mut().ok_or(NO_LINE)?;
        loop {
            let count = port.send(bytes);
            if count != 0 || bytes.is_empty() || self.clock.now_ns() >= until {
                return Ok(count);
            }
        }
    }

    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        let until = self.until(ms);
        let port = self.port.as_mut().ok_or(NO_LINE)?;
        loop {
            match port.receive(to) {
                0 if self.clock.now_ns() >= until => return Ok(Received::Nothing),
                0 => {}
                count => return Ok(Received::Bytes(count)),
            }
        }
    }

    fn close(&mut self) {
        self.port = None;
    }
}

#[cfg(test)]
mod tests;
