//! Every processor whose kernels are C: plain C, and what the processor's folder in `c-shims` adds.
//! It serves the architectures without stable inline assembly in Rust and the portable C drop.
//! On all others it is there to compare with: [`crate::Portable`].

use crate::native::Port;
use c_shims::arch::{self, MAX_FRESH_BYTES};
use c_shims::kernels;
use probe_core::channels::quirks::{self, Probe};
use probe_core::machine::{Chain, Identity, Operands, QuirkWords, Routine, Trap, IDENTITY_WORDS};
use probe_core::ticks::{CounterInfo, Ticks};

/// What each of [`Identity::words`] holds: see `identity.c` of the processor's folder.
pub const WORD_NAMES: [&str; IDENTITY_WORDS] = ["see identity.c"; IDENTITY_WORDS];

/// The name that a hypervisor gives itself: C has nowhere to ask.
pub fn hypervisor() -> Option<[u8; 12]> {
    None
}

/// Whether this system is the one that creates the machine's guests: C has nowhere to ask.
pub fn hypervisor_root() -> bool {
    false
}

/// The counter that a program may read, or the operating system's clock where there is none.
#[cfg(all(feature = "os", unix))]
pub type DefaultTicks = Counter<crate::os::MonotonicClock>;

/// The counter that a program may read. There may be none: ask [`c_shims::arch::counter_bits`], and
/// bring another ([`crate::Native::with`]).
#[cfg(not(all(feature = "os", unix)))]
pub type DefaultTicks = Counter<core::convert::Infallible>;

/// The processor's counter, or another clock where it has none.
#[derive(Debug, Clone, Copy)]
pub enum Counter<T> {
    /// The processor's, of so many bits.
    Hardware(u8),
    /// Another.
    Other(T),
}

impl<T: Default> Default for Counter<T> {
    fn default() -> Self {
        // A counter that has to be looked for is found by the start.
        arch::start();
        match arch::counter_bits() {
            0 => Counter::Other(T::default()),
            bits => Counter::Hardware(bits),
        }
    }
}

impl<T: Ticks> Ticks for Counter<T> {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        match self {
            Counter::Hardware(_) => arch::counter(),
            Counter::Other(other) => other.now(),
        }
    }

    fn info(&self) -> CounterInfo {
        match self {
            Counter::Hardware(bits) => CounterInfo {
                source: arch::architecture().counter,
                bits: *bits,
                nominal_hz: None,
            },
            Counter::Other(other) => other.info(),
        }
    }
}

/// The kernels in C.
#[derive(Debug)]
pub struct Backend {
    strict_floats: bool,
}

// SAFETY: `vg_fresh_encode` and `vg_fresh_call` are written for each other.
unsafe impl Port for Backend {
    fn detect() -> Self {
        arch::start();
        Backend {
            strict_floats: kernels::strict_floats(),
        }
    }

    fn identity(&self) -> Identity {
        let architecture = arch::architecture();
        let (words, name) = arch::identity();
        Identity {
            architecture: architecture.name,
            backend: "portable-c",
            words,
            name,
            vector_unit: if arch::has_vector_unit() {
                architecture.vector_unit
            } else {
                ""
            },
        }
    }

    fn chain(&self, chain: Chain, operands: &Operands) -> Option<u64> {
        kernels::chain(chain, operands, self.strict_floats).or_else(|| arch::chain(chain, operands))
    }

    fn quirk(&self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        arch::quirk(probe, operand)
    }

    fn probes(&self) -> &'static [Probe] {
        if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
            quirks::mips::PROBES
        } else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
            quirks::sparc::PROBES
        } else if cfg!(target_arch = "s390x") {
            quirks::portable::PROBES
        } else {
            // WebAssembly does not know for what its C will be compiled.
            quirks::registry(arch::architecture().name)
        }
    }

    #[inline(always)]
    fn trap(&self, kind: Trap) -> Option<()> {
        arch::trap(kind)
    }

    fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
        arch::fresh_encode(routine, code)
    }

    unsafe fn synchronise(code: *const u8, bytes: usize) {
        // SAFETY: the caller's promise is the same.
        unsafe { arch::fresh_synchronise(code, bytes) }
    }

    unsafe fn call(code: *const u8, x: u32) -> u32 {
        // SAFETY: the caller's promise is the same.
        unsafe { arch::fresh_call(code, x) }
    }
}
