//! The PC as the program wants a system: one serial line, one file (the wallet, in memory), no network.

use crate::memory::{self, Code};
use crate::ports;
use crate::screen::Screen;
use crate::serial::Serial;
use crate::timer::{self, Chip, Chronometer};
use crate::words::Words;
use core::net::IpAddr;
use miner_tiny::program::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use probe_arch::arch::Counter;
use probe_arch::timers::Timer;
use probe_arch::Native;
use probe_core::ticks::Clock;

/// Bytes of a wallet: the digits of a seed, and an end of line.
const WALLET: usize = 65;

/// Nanoseconds of a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// A PC that is this program's alone.
#[derive(Debug)]
pub struct Pc {
    words: Words<'static>,
    screen: Screen,
    clock: Chronometer,
    line: Option<Serial>,
    wallet: [u8; WALLET],
    wallet_bytes: usize,
}

impl Pc {
    /// Takes the machine over.
    ///
    /// # Safety
    /// There must be nothing else on the machine: ports and text memory are used as this program's own; the timer must be
    /// [started](timer::start) and interrupt, and [`memory::lend`] have been called.
    pub unsafe fn new(command_line: &'static [u8]) -> Self {
        let words = Words::of(command_line);
        let key = words.key().unwrap_or_default();
        let mut wallet = [0; WALLET];
        let wallet_bytes = key.len().min(WALLET);
        for (place, &digit) in wallet.iter_mut().zip(key) {
            *place = digit;
        }
        Pc {
            words,
            // SAFETY: the caller's promise.
            screen: unsafe { Screen::new() },
            clock: Chronometer::default(),
            line: None,
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

/// There is no network.
const NO_NETWORK: Refused = Refused("no network here: --serial com1");

/// Nothing was opened.
const NO_LINE: Refused = Refused("there is no line");

impl System for Pc {
    type Machine = Native<Counter<Timer<Chip>>, Code>;
    type Clock = Chronometer;

    fn machine(&mut self) -> Self::Machine {
        let counter = Counter::hardware().unwrap_or_else(|| Counter::Other(timer::counter()));
        Native::with(counter, Code)
    }

    fn clock(&mut self) -> Chronometer {
        self.clock.clone()
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        memory::take(bytes)
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        Some(copy(self.words.option(index as usize)?, to))
    }

    fn print(&mut self, _stream: Stream, text: &str) {
        self.screen.show(text);
    }

    fn now_ms(&mut self) -> u64 {
        self.clock.now_ns() / MILLISECOND
    }

    fn wait_ms(&mut self, ms: u64) {
        let until = self.until(ms);
        while self.clock.now_ns() < until {
            // SAFETY: the timer interrupts.
            unsafe { ports::halt() };
        }
    }

    fn entropy(&mut self, _to: &mut [u8]) -> Result<(), Refused> {
        Err(Refused("no random numbers here"))
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        match name {
            Name::Machine => copy(b"i386", to),
            Name::Host | Name::System | Name::Release => 0,
        }
    }

    fn cores(&mut self) -> u16 {
        1
    }

    fn free_memory(&mut self) -> Option<u64> {
        Some(memory::free() as u64)
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
        self.wallet_bytes = copy(bytes, &mut self.wallet);
        self.screen.show("note: the key is lost at power-off\n");
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
        Err(NO_NETWORK)
    }

    fn connect(&mut self, _address: IpAddr, _port: u16, _ms: u64) -> Result<(), Refused> {
        Err(NO_NETWORK)
    }

    fn open_serial(&mut self, device: &str, baud: u32) -> Result<(), Refused> {
        // SAFETY: the machine is this program's alone.
        self.line = unsafe { Serial::open(device, baud) };
        match self.line {
            Some(_) => Ok(()),
            None => Err(Refused("com1 to com4, and speeds that divide 115200")),
        }
    }

    fn send(&mut self, bytes: &[u8], ms: u64) -> Result<usize, Refused> {
        let until = self.until(ms);
        let line = self.line.as_mut().ok_or(NO_LINE)?;
        loop {
            let count = line.send(bytes);
            if count != 0 || bytes.is_empty() || self.clock.now_ns() >= until {
                return Ok(count);
            }
        }
    }

    fn receive(&mut self, to: &mut [u8], ms: u64) -> Result<Received, Refused> {
        let until = self.until(ms);
        let line = self.line.as_mut().ok_or(NO_LINE)?;
        loop {
            match line.receive(to) {
                0 if self.clock.now_ns() >= until => return Ok(Received::Nothing),
                0 => {}
                count => return Ok(Received::Bytes(count)),
            }
        }
    }

    fn close(&mut self) {
        self.line = None;
    }
}
