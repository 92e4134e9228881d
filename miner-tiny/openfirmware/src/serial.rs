//! A channel of the Z8530 in a Mac's input and output controller, as the firmware has set it up, polled.
//!
//! References: Zilog SCC/ESCC User Manual, UM010903, read register 0; PCI binding to IEEE 1275, section 2.2.1
//! (`assigned-addresses`).

use core::ptr;
use miner_tiny::program::polled::Port;
use verdigris_openfirmware::client::Firmware;

/// Bytes from the control register to the data register ("escc" in Apple's device trees).
const DATA: usize = 0x10;

/// Of read register 0.
const RECEIVED: u8 = 0x01;
const CAN_SEND: u8 = 0x04;

/// Where the address of the first of `assigned-addresses` stands, as words: behind the address' kind and its
/// high half.
const ADDRESS: usize = 2;

/// A channel.
#[derive(Debug)]
pub struct Channel {
    control: usize,
}

impl Channel {
    /// The channel that an instance of the firmware stands for; `None` where its place cannot be found.
    ///
    /// # Safety
    /// Nobody else may use the channel while this does.
    pub unsafe fn of(firmware: &Firmware, instance: usize) -> Option<Self> {
        let device = firmware.device(instance)?;
        let mut reg = [0; 4];
        firmware.property(device, c"reg", &mut reg)?;
        let mut above = firmware.parent(device)?;
        let mut assigned = [0; 20];
        while firmware
            .property(above, c"assigned-addresses", &mut assigned)
            .is_none()
        {
            above = firmware.parent(above)?;
        }
        let (words, _) = assigned.as_chunks::<4>();
        let base = u32::from_be_bytes(*words.get(ADDRESS)?);
        let control = base.checked_add(u32::from_be_bytes(reg))? as usize;
        Some(Channel { control })
    }

    fn status(&self) -> u8 {
        // SAFETY: the firmware says that the register is here, and `of` was promised it.
        unsafe { ptr::with_exposed_provenance::<u8>(self.control).read_volatile() }
    }

    fn data(&self) -> *mut u8 {
        ptr::with_exposed_provenance_mut(self.control + DATA)
    }
}

impl Port for Channel {
    fn send(&mut self, bytes: &[u8]) -> usize {
        let mut count = 0;
        for &byte in bytes {
            if self.status() & CAN_SEND == 0 {
                break;
            }
            // SAFETY: as in `status`.
            unsafe { self.data().write_volatile(byte) };
            count += 1;
        }
        count
    }

    fn receive(&mut self, to: &mut [u8]) -> usize {
        let mut count = 0;
        for place in to {
            if self.status() & RECEIVED == 0 {
                break;
            }
            // SAFETY: as in `status`.
            *place = unsafe { self.data().read_volatile() };
            count += 1;
        }
        count
    }
}
