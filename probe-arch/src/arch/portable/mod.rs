//! Every processor without a native back end: the C kernels, on whatever counter there is.
//!
//! The same names as in a native folder: [`Native`], [`DefaultTicks`], [`WORD_NAMES`],
//! [`hypervisor`], [`hypervisor_root`].

use crate::platform::{DefaultPlatform, Platform};
use c_shims::Portable;
use probe_core::machine::{
    Chain, Identity, Machine, Operands, Pattern, Ring, Walk, IDENTITY_WORDS,
};
use probe_core::ticks::{CounterInfo, Ticks};

/// The counter of this architecture: the operating system's clock.
#[cfg(all(feature = "os", unix))]
pub type DefaultTicks = crate::os::MonotonicClock;

/// There is no counter without an operating system: bring one ([`Native::with`]).
#[cfg(not(all(feature = "os", unix)))]
pub type DefaultTicks = core::convert::Infallible;

/// What each of [`Identity::words`] holds: C has no identification registers.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = ["unused"; IDENTITY_WORDS];

/// The name that a hypervisor gives itself: C has nowhere to ask.
pub fn hypervisor() -> Option<[u8; 12]> {
    None
}

/// Whether this system is the one that creates the machine's guests: C has nowhere to ask.
pub fn hypervisor_root() -> bool {
    false
}

/// This processor, measured by `T`, with what `P` lends.
#[derive(Debug)]
pub struct Native<T = DefaultTicks, P = DefaultPlatform> {
    portable: Portable<T>,
    platform: P,
}

#[cfg(all(feature = "os", unix))]
impl Native {
    /// This processor, the system's clock, and the platform that the program was built for.
    pub fn new() -> Self {
        Native::with(DefaultTicks::default(), DefaultPlatform::default())
    }
}

#[cfg(all(feature = "os", unix))]
impl Default for Native {
    fn default() -> Self {
        Native::new()
    }
}

impl<T: Ticks, P: Platform> Native<T, P> {
    /// This processor, measured by another counter or on another platform.
    pub fn with(ticks: T, platform: P) -> Self {
        Native {
            portable: Portable::new(ticks),
            platform,
        }
    }
}

impl<T: Ticks, P> Ticks for Native<T, P> {
    fn now(&mut self) -> u64 {
        self.portable.now()
    }

    fn info(&self) -> CounterInfo {
        self.portable.info()
    }
}

impl<T: Ticks, P: Platform> Machine for Native<T, P> {
    fn identity(&mut self) -> Identity {
        self.portable.identity()
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        self.portable.chain(chain, operands)
    }

    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        self.portable.chase(arena, ring, walk, elapsed)
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        self.portable.branches(pattern)
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        self.portable.indirect(targets, order, calls)
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        self.portable.nested_calls(depth, times)
    }

    fn idle(&mut self, ticks: u64) -> bool {
        crate::platform::idle(&mut self.portable, &mut self.platform, ticks)
    }
}
