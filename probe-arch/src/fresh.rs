//! Writing and running code, on any architecture: what is written where, and in which order. The
//! code itself is the back end's.

use crate::native::Port;
use crate::platform::Platform;
use c_shims::arch::MAX_FRESH_BYTES;
use core::ptr::NonNull;
use probe_core::machine::{Fresh as What, Routine, MAX_FRESH_ADDS};

/// The routine that lies in memory.
#[derive(Debug, Clone, Copy)]
struct Installed {
    entry: NonNull<u8>,
    bytes: usize,
    adds: u16,
}

/// Fresh code on this machine: see [`probe_core::machine::Machine::fresh_code`].
#[derive(Debug, Default)]
pub struct Fresh {
    installed: Option<Installed>,
}

// SAFETY: the address belongs to the platform beside it in `Native`, which moves with it; nothing is
// bound to a thread.
unsafe impl Send for Fresh {}

impl Fresh {
    /// `None` where the platform refuses, for a length outside 1 to [`MAX_FRESH_ADDS`], and for
    /// running or patching what was not written.
    pub fn go<B: Port>(
        &mut self,
        platform: &mut impl Platform,
        what: What,
        routine: Routine,
    ) -> Option<u32> {
        match what {
            What::Write => self.write::<B>(platform, routine, true),
            What::PatchUnsynchronised => {
                let there = self.installed?;
                (there.adds == routine.adds).then_some(())?;
                self.write::<B>(platform, routine, false)
            }
            What::Synchronise => {
                let there = self.installed?;
                // SAFETY: the platform vouches for the bytes at the address.
                unsafe { B::synchronise(there.entry.as_ptr(), there.bytes) };
                Some(0)
            }
            What::Run => {
                let entry = self.installed?.entry.as_ptr();
                // SAFETY: the platform vouches for executable memory that holds what `encode` wrote,
                // until its next `install` or `patch`, which are only called in `write`.
                Some(unsafe { B::call(entry, routine.x) })
            }
        }
    }

    fn write<B: Port>(
        &mut self,
        platform: &mut impl Platform,
        routine: Routine,
        synchronise: bool,
    ) -> Option<u32> {
        if !(1..=MAX_FRESH_ADDS).contains(&routine.adds) {
            return None;
        }
        let mut code = [0; MAX_FRESH_BYTES];
        let bytes = B::encode(routine, &mut code)?;
        // The platform may drop what was there even where it refuses.
        self.installed = None;
        let entry = if synchronise {
            platform.install(&code[..bytes])?
        } else {
            platform.patch(&code[..bytes])?
        };
        if synchronise {
            // SAFETY: the code has just been put there.
            unsafe { B::synchronise(entry.as_ptr(), bytes) };
        }
        self.installed = Some(Installed {
            entry,
            bytes,
            adds: routine.adds,
        });
        Some(0)
    }
}
