//! The PC as a board: its screen, its timer, a serial line.

use crate::memory::{self, Code};
use crate::ports;
use crate::screen::Screen;
use crate::serial::Serial;
use crate::timer::{self, Chip, Chronometer};
use miner_tiny::program::polled::{Board, Polled, Words};
use miner_tiny::program::system::Refused;
use probe_arch::arch::Counter;
use probe_arch::timers::Timer;
use probe_arch::Native;

/// Options where the loader says none.
const USUAL: &[u8] = b"--serial com1 --baud 115200 --node http://relay --mine";

/// A PC that is this program's alone.
#[derive(Debug)]
pub struct Pc {
    screen: Screen,
}

impl Pc {
    /// Takes the machine over.
    ///
    /// # Safety
    /// There must be nothing else on the machine: ports and text memory are used as this program's own; the timer must be
    /// [started](timer::start) and interrupt, and [`memory::lend`] have been called.
    pub unsafe fn take_over(command_line: &[u8]) -> Polled<'_, Self> {
        // SAFETY: the caller's promise.
        let screen = unsafe { Screen::new() };
        let words = Words::of(command_line, USUAL);
        Polled::new(Pc { screen }, Chronometer::default(), words)
    }
}

impl Board for Pc {
    type Machine = Native<Counter<Timer<Chip>>, Code>;
    type Clock = Chronometer;
    type Port = Serial;

    const ARCHITECTURE: &'static str = "i386";
    const NO_NETWORK: Refused = Refused("no network here: --serial com1");

    fn machine(&mut self) -> Self::Machine {
        let counter = Counter::hardware().unwrap_or_else(|| Counter::Other(timer::counter()));
        Native::with(counter, Code)
    }

    fn memory(&mut self, bytes: usize) -> Option<&'static mut [u8]> {
        memory::take(bytes)
    }

    fn free_memory(&mut self) -> usize {
        memory::free()
    }

    fn show(&mut self, text: &str, _line_in_use: bool) {
        self.screen.show(text);
    }

    fn rest(&mut self) {
        // SAFETY: the timer interrupts.
        unsafe { ports::halt() };
    }

    fn open(&mut self, device: &str, baud: u32) -> Result<Serial, Refused> {
        // SAFETY: the machine is this program's alone.
        let line = unsafe { Serial::open(device, baud) };
        line.ok_or(Refused("com1 to com4, and speeds that divide 115200"))
    }

    fn make_key(&mut self) -> Result<(), Refused> {
        self.screen.show("note: the key is lost at power-off\n");
        Ok(())
    }
}
