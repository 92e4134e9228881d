//! A serial line: the 8250 and its descendants up to the 16550A, polled.
//!
//! Reference: National Semiconductor, PC16550D data sheet (TL/C/8652), section 8.0, "Registers".

use crate::ports;
use miner_tiny::program::polled::Port;

/// Names of lines, and their first ports: as every PC's BIOS looks for them.
const LINES: [(&str, u16); 4] = [
    ("com1", 0x3f8),
    ("com2", 0x2f8),
    ("com3", 0x3e8),
    ("com4", 0x2e8),
];

/// Registers, from the first port on.
const DATA: u16 = 0;
const INTERRUPTS: u16 = 1;
const FIFO: u16 = 2;
const LINE: u16 = 3;
const MODEM: u16 = 4;
const STATUS: u16 = 5;

/// 8 bits, no parity, one stop bit; the divisor in the place of data and interrupts.
const LINE_8_BITS: u8 = 0x03;
const LINE_DIVISOR: u8 = 0x80;
/// Queues on, and both emptied.
const FIFO_ON: u8 = 0x07;
/// DTR, RTS.
const MODEM_READY: u8 = 0x03;
const STATUS_RECEIVED: u8 = 0x01;
const STATUS_CAN_SEND: u8 = 0x20;

/// The speed of divisor 1: a sixteenth of 1.8432 MHz.
const FASTEST: u32 = 115_200;

/// Bytes that the queue of a 16550A takes once it is empty; an older chip takes one.
pub const QUEUE: usize = 16;

/// A line.
#[derive(Debug)]
pub struct Serial {
    port: u16,
    /// Bytes that it takes at a time.
    room: usize,
}

impl Serial {
    /// Opens a line by its name; `None` where there is no such line or it has no such speed.
    ///
    /// # Safety
    /// The program must have the machine's ports to itself.
    pub unsafe fn open(name: &str, baud: u32) -> Option<Self> {
        let (_, port) = LINES.into_iter().find(|(known, _)| *known == name)?;
        let divisor = FASTEST.checked_div(baud).filter(|d| d * baud == FASTEST)?;
        let divisor = u16::try_from(divisor).ok()?;
        let mut serial = Serial { port, room: 1 };
        serial.set(INTERRUPTS, 0);
        serial.set(LINE, LINE_DIVISOR);
        serial.set(DATA, divisor as u8);
        serial.set(INTERRUPTS, (divisor >> 8) as u8);
        serial.set(LINE, LINE_8_BITS);
        serial.set(FIFO, FIFO_ON);
        serial.set(MODEM, MODEM_READY);
        /// What a chip with a working queue says in the register's upper bits.
        const HAS_QUEUE: u8 = 0xc0;
        if serial.get(FIFO) & HAS_QUEUE == HAS_QUEUE {
            serial.room = QUEUE;
        }
        Some(serial)
    }

    fn set(&mut self, register: u16, byte: u8) {
        // SAFETY: the chip has no way to memory; who opened the line has the ports.
        unsafe { ports::write(self.port + register, byte) };
    }

    fn get(&mut self, register: u16) -> u8 {
        // SAFETY: as above.
        unsafe { ports::read(self.port + register) }
    }
}

impl Port for Serial {
    fn send(&mut self, bytes: &[u8]) -> usize {
        if self.get(STATUS) & STATUS_CAN_SEND == 0 {
            return 0;
        }
        let count = bytes.len().min(self.room);
        for &byte in bytes.iter().take(count) {
            self.set(DATA, byte);
        }
        count
    }

    fn receive(&mut self, to: &mut [u8]) -> usize {
        let mut count = 0;
        for place in to {
            if self.get(STATUS) & STATUS_RECEIVED == 0 {
                break;
            }
            *place = self.get(DATA);
            count += 1;
        }
        count
    }
}
