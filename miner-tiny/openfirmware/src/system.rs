//! The machine as a board: its console, its time base, the port that the console is.

use crate::memory::{self, Code};
use crate::serial::Channel;
use miner_tiny::program::polled::{Board, Polled, Words};
use miner_tiny::program::system::Refused;
use probe_arch::arch::DefaultTicks;
use probe_arch::Native;
use probe_core::ticks::{Clock, Ticks};
use verdigris_openfirmware::client::Firmware;

/// Bytes of what the firmware was told, at most.
pub const SAID: usize = 512;

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

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

/// A machine that is this program's alone, but for its firmware.
#[derive(Debug)]
pub struct Macintosh {
    firmware: Firmware,
    output: usize,
}

impl Macintosh {
    /// Asks the firmware, also for what it was told, which goes to `said`; `None` where it has no console or no clock.
    pub fn ask(firmware: Firmware, said: &mut [u8; SAID]) -> Option<Polled<'_, Self>> {
        let chosen = firmware.find(c"/chosen")?;
        let output = firmware.word(chosen, c"stdout")? as usize;
        // Where nothing was said, nothing is asked for.
        let _ = firmware.property(chosen, c"bootargs", said);
        let processor = firmware.child(firmware.find(c"/cpus")?)?;
        let hz = u64::from(firmware.word(processor, c"timebase-frequency")?);
        let mut ticks = DefaultTicks::default();
        let start = ticks.now();
        let clock = TimeBase {
            ticks,
            start,
            hz: hz.max(1),
        };
        let board = Macintosh { firmware, output };
        Some(Polled::new(board, clock, Words::of(said, b"")))
    }
}

impl Board for Macintosh {
    type Machine = Native<DefaultTicks, Code>;
    type Clock = TimeBase;
    type Port = Channel;

    const ARCHITECTURE: &'static str = "ppc";
    const NO_NETWORK: Refused = Refused("no network here: --serial console");

    fn machine(&mut self) -> Self::Machine {
        Native::with(DefaultTicks::default(), Code)
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        memory::take(bytes)
    }

    fn free_memory(&mut self) -> usize {
        memory::free()
    }

    /// On the console, unless it is the line.
    fn show(&mut self, text: &str, line_in_use: bool) {
        if line_in_use {
            return;
        }
        for line in text.split_inclusive('\n') {
            let end = line.strip_suffix('\n');
            self.firmware
                .write(self.output, end.unwrap_or(line).as_bytes());
            if end.is_some() {
                self.firmware.write(self.output, b"\r\n");
            }
        }
    }

    fn rest(&mut self) {
        core::hint::spin_loop();
    }

    /// The console's port, whatever it is called, at the speed that the firmware has set: the firmware itself adds
    /// to what is written.
    fn open(&mut self, _device: &str, _baud: u32) -> Result<Channel, Refused> {
        // SAFETY: the firmware uses the port only when it is asked for something, which nobody does meanwhile.
        let line = unsafe { Channel::of(&self.firmware, self.output) };
        line.ok_or(Refused("the console is no serial port of a Mac"))
    }

    fn make_key(&mut self) -> Result<(), Refused> {
        Err(Refused("a key that is made here is gone with the power"))
    }
}
