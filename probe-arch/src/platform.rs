//! What a processor cannot do alone: memory to run fresh code in, and sleep.

use core::ptr::NonNull;
use probe_core::ticks::Ticks;

/// What an operating system or a firmware lends to the kernels.
///
/// # Safety
/// From the moment that [`Platform::install`] or [`Platform::patch`] gives an address until the next
/// call of either or the end of the platform, the bytes that were passed to it must lie at that address, readable and
/// executable, and nothing may write there.
pub unsafe trait Platform {
    /// Makes `code` executable, always at the same place, in place of what was there before. No
    /// page is ever writable and executable at once. Instruction caches are left alone: that is
    /// the back end's part.
    ///
    /// `None` where the platform forbids fresh code or has no room for so much of it; what was
    /// installed before is then gone.
    fn install(&mut self, code: &[u8]) -> Option<NonNull<u8>>;

    /// Puts `code`, as long as what was installed last, in its place by plain stores, as far as the
    /// platform can leave it at that: where instruction caches are not coherent, the processor may go
    /// on executing what was there. `None` as for `install`.
    fn patch(&mut self, code: &[u8]) -> Option<NonNull<u8>> {
        self.install(code)
    }

    /// Sleeps for about a millisecond; `false` at once where there is nothing to sleep by.
    fn nap(&mut self) -> bool;

    /// Bytes of a page of memory.
    fn page_bytes(&self) -> u32 {
        USUAL_PAGE
    }
}

/// Bytes of a page on most machines.
pub const USUAL_PAGE: u32 = 4096;

/// A platform that lends nothing: fresh code is absent and nobody sleeps.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPlatform;

// SAFETY: no address is ever given.
unsafe impl Platform for NoPlatform {
    fn install(&mut self, _code: &[u8]) -> Option<NonNull<u8>> {
        None
    }

    fn nap(&mut self) -> bool {
        false
    }
}

/// What [`crate::Native`] uses unless told otherwise.
#[cfg(all(feature = "os", unix))]
pub type DefaultPlatform = crate::os::Os;

/// What [`crate::Native`] uses unless told otherwise.
#[cfg(not(all(feature = "os", unix)))]
pub type DefaultPlatform = NoPlatform;

/// Naps until about `ticks` ticks have gone; `false` where the platform does not sleep.
pub(crate) fn idle(counter: &mut impl Ticks, platform: &mut impl Platform, ticks: u64) -> bool {
    let start = counter.now();
    loop {
        let now = counter.now();
        if counter.between(start, now) >= ticks {
            return true;
        }
        if !platform.nap() {
            return false;
        }
    }
}
