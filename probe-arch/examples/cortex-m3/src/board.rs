//! The board: Arm's MPS2 with the FPGA image AN385, a Cortex-M3 at 25 MHz, which QEMU emulates as
//! `mps2-an385`. For another one, this is the file to write anew.
//!
//! References:
//! - Arm, "Application Note AN385, ARM Cortex-M3 SMM on V2M-MPS2" (DAI 0385): memory map, clocks, the
//!   registers of the FPGA's own counters.
//! - Arm, "Cortex-M System Design Kit Technical Reference Manual" (DDI 0479): APB timer and APB UART.

use core::ptr::NonNull;
use probe_arch::platform::Platform;
use probe_core::ticks::{Clock, CounterInfo, Ticks};

/// The clock of processor, timer and UART.
const HZ: u32 = 25_000_000;

/// Speed of the serial line.
const BAUD: u32 = 115_200;

/// A register of the board.
#[derive(Debug, Clone, Copy)]
struct Register(usize);

impl Register {
    fn read(self) -> u32 {
        // SAFETY: the constants below are registers by AN385, and reading them changes nothing but the
        // UART's receiver, which belongs to one owner.
        unsafe { (self.0 as *const u32).read_volatile() }
    }

    fn write(self, value: u32) {
        // SAFETY: as above; none of these devices has a way to memory.
        unsafe { (self.0 as *mut u32).write_volatile(value) }
    }
}

/// APB timer 0.
const TIMER_CONTROL: Register = Register(0x4000_0000);
const TIMER_VALUE: Register = Register(0x4000_0004);
const TIMER_RELOAD: Register = Register(0x4000_0008);
const TIMER_ENABLE: u32 = 1 << 0;

/// The timer as the counter that everything is measured by: 32 bits, once round in 171 s.
#[derive(Debug)]
pub struct Timer(());

impl Ticks for Timer {
    fn now(&mut self) -> u64 {
        // What came before must have finished, and what comes after must not have begun.
        cortex_m::asm::dsb();
        cortex_m::asm::isb();
        // It counts down.
        u64::from(!TIMER_VALUE.read())
    }

    fn info(&self) -> CounterInfo {
        CounterInfo {
            source: "cmsdk-timer",
            bits: 32,
            nominal_hz: Some(u64::from(HZ)),
        }
    }
}

/// A counter of the FPGA, a hundred times a second.
const CLOCK_100HZ: Register = Register(0x4002_8014);

/// The second clock.
#[derive(Debug)]
pub struct Hundredths(());

impl Clock for Hundredths {
    fn now_ns(&mut self) -> u64 {
        u64::from(CLOCK_100HZ.read()) * 10_000_000
    }
}

/// Memory from which fresh code runs: any RAM that the processor may execute from will do.
#[derive(Debug)]
pub struct Code(&'static mut CodeMemory);

/// Bytes of the longest routine, on the boundary that code wants.
#[repr(align(4))]
#[derive(Debug)]
pub struct CodeMemory(pub [u8; 256]);

// SAFETY: the bytes lie in memory of this value alone, which lives for ever, and nothing else writes there.
// Without a memory protection unit switched on, all RAM below 0x40000000 may be executed (ARMv7-M, B3.1).
unsafe impl Platform for Code {
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        let place = self.0 .0.get_mut(..code.len())?;
        place.copy_from_slice(code);
        Some(NonNull::from(place).cast())
    }

    fn nap(&mut self) -> bool {
        // There is no interrupt to wake up by.
        false
    }
}

/// APB UART 0.
const UART_DATA: Register = Register(0x4000_4000);
const UART_STATE: Register = Register(0x4000_4004);
const UART_CONTROL: Register = Register(0x4000_4008);
const UART_DIVIDER: Register = Register(0x4000_4010);
const UART_FULL_TO_SEND: u32 = 1 << 0;
const UART_RECEIVED: u32 = 1 << 1;
const UART_ENABLE_BOTH: u32 = 0b11;

/// The serial line.
#[derive(Debug)]
pub struct Uart(());

impl Uart {
    /// Sends bytes, and waits until all are on their way.
    pub fn send(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            while UART_STATE.read() & UART_FULL_TO_SEND != 0 {}
            UART_DATA.write(u32::from(byte));
        }
    }

    /// Waits for a byte.
    pub fn receive(&mut self) -> u8 {
        while UART_STATE.read() & UART_RECEIVED == 0 {}
        UART_DATA.read() as u8
    }
}

impl core::fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.send(text.as_bytes());
        Ok(())
    }
}

/// Starts the devices.
///
/// # Safety
/// To be called once: what it gives is the only owner of each.
pub unsafe fn start(code: &'static mut CodeMemory) -> (Timer, Hundredths, Code, Uart) {
    TIMER_RELOAD.write(u32::MAX);
    TIMER_VALUE.write(u32::MAX);
    TIMER_CONTROL.write(TIMER_ENABLE);
    UART_DIVIDER.write(HZ / BAUD);
    UART_CONTROL.write(UART_ENABLE_BOTH);
    (Timer(()), Hundredths(()), Code(code), Uart(()))
}
