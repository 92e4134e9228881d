//! The machine as the program wants a system: one line, one file (the wallet, in memory), no network.

use crate::memory::{self, Code};
use crate::serial::Channel;
use core::net::IpAddr;
use miner_tiny::program::system::{FileError, Name, Readers, Received, Refused, Stream, System};
use probe_arch::arch::DefaultTicks;
use probe_arch::Native;
use probe_core::ticks::{Clock, Ticks};
use verdigris_openfirmware::client::Firmware;
use verdigris_openfirmware::words;

/// Bytes of what the firmware was told, at most.
const SAID: usize = 512;

/// Nanoseconds of a second and of a millisecond.
const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// There is no network.
const NO_NETWORK: Refused = Refused("no network here: --serial console");

/// The time base at the rate that the firmware names. There is no second clock that could be asked.
#[derive(Debug, Clone)]
pub struct TimeBase {
    ticks: DefaultTicks,
    start: u64,
    hz: u64,
}

impl Clock for TimeBase {
    fn now_ns(&mut self) -> u64 {
        let ticks = self.ticks.now().wrapping_sub(self.start);
        ticks / self.hz * SECOND + ticks % self.hz * SECOND / self.hz
    }
}

/// Nothing was opened.
const NO_LINE: Refused = Refused("there is no line");

/// A machine that is this program's alone, but for its firmware.
#[derive(Debug)]
pub struct Machine {
    firmware: Firmware,
    clock: TimeBase,
    said: [u8; SAID],
    output: usize,
    line: Option<Channel>,
}

impl Machine {
    /// Asks the firmware; `None` where it has no console or no clock.
    pub fn new(firmware: Firmware) -> Option<Self> {
        let chosen = firmware.find(c"/chosen")?;
        let output = firmware.word(chosen, c"stdout")? as usize;
        let mut said = [0; SAID];
        // Where nothing was said, nothing is asked for.
        let _ = firmware.property(chosen, c"bootargs", &mut said);
        let processor = firmware.child(firmware.find(c"/cpus")?)?;
        let hz = u64::from(firmware.word(processor, c"timebase-frequency")?);
        let mut ticks = DefaultTicks::default();
        let start = ticks.now();
        let clock = TimeBase {
            ticks,
            start,
            hz: hz.max(1),
        };
        Some(Machine {
            firmware,
            clock,
            said,
            output,
            line: None,
        })
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

impl System for Machine {
    type Machine = Native<DefaultTicks, Code>;
    type Clock = TimeBase;

    fn machine(&mut self) -> Self::Machine {
        Native::with(DefaultTicks::default(), Code)
    }

    fn clock(&mut self) -> TimeBase {
        self.clock.clone()
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        memory::take(bytes)
    }

    fn argument(&mut self, index: u32, to: &mut [u8]) -> Option<usize> {
        Some(copy(words::option(&self.said, index as usize)?, to))
    }

    /// On the console, unless it is the line.
    fn print(&mut self, _stream: Stream, text: &str) {
        if self.line.is_none() {
            for line in text.split_inclusive('\n') {
                let end = line.strip_suffix('\n');
                self.firmware
                    .write(self.output, end.unwrap_or(line).as_bytes());
                if end.is_some() {
                    self.firmware.write(self.output, b"\r\n");
                }
            }
        }
    }

    fn now_ms(&mut self) -> u64 {
        self.clock.now_ns() / MILLISECOND
    }

    fn wait_ms(&mut self, ms: u64) {
        let until = self.until(ms);
        while self.clock.now_ns() < until {}
    }

    fn entropy(&mut self, _to: &mut [u8]) -> Result<(), Refused> {
        Err(Refused("no random numbers here"))
    }

    fn name(&mut self, name: Name, to: &mut [u8]) -> usize {
        match name {
            Name::Machine => copy(b"ppc", to),
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
        let key = words::key(&self.said).filter(|_| readers == Readers::Owner);
        let key = key.ok_or(FileError::Absent)?;
        Ok(copy(key.get(offset as usize..).unwrap_or_default(), to))
    }

    /// The node's key is seen anew after each start.
    fn append(&mut self, _file: &str, _bytes: &[u8]) -> Result<(), Refused> {
        Ok(())
    }

    fn create_private(&mut self, _file: &str, _bytes: &[u8]) -> Result<(), Refused> {
        Err(Refused("a key that is made here is gone with the power"))
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

    /// The console's port, whatever it is called, at the speed that the firmware has set: the firmware itself adds
    /// to what is written.
    fn open_serial(&mut self, _device: &str, _baud: u32) -> Result<(), Refused> {
        // SAFETY: the firmware uses the port only when it is asked for something, which nobody does meanwhile.
        self.line = unsafe { Channel::of(&self.firmware, self.output) };
        match self.line {
            Some(_) => Ok(()),
            None => Err(Refused("the console is no serial port of a Mac")),
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
