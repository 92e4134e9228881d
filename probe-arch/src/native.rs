//! The machine: what every architecture's [`Backend`] has in common.

use crate::arch::{Backend, DefaultTicks};
use crate::fresh::Fresh as FreshCode;
use crate::platform::{self, DefaultPlatform, Platform};
use c_shims::{kernels, ring};
use probe_core::channels::quirks::{registry, Probe};
use probe_core::machine::{
    Chain, Fresh, Identity, Machine, Operands, Pattern, QuirkWords, Ring, Routine, Trap, Walk,
};
use probe_core::ticks::{CounterInfo, Ticks};

/// What a folder of [`crate::arch`] provides. What is not overridden is portable C, or absent.
///
/// # Safety
/// [`Port::encode`] writes the code of a function that [`Port::call`] may call wherever it is mapped:
/// position-independent, taking and returning a `u32` by the convention that `call` uses, touching
/// nothing else.
pub unsafe trait Port: Sized {
    /// Bytes of the longest routine that [`Port::encode`] writes, at most
    /// [`c_shims::arch::MAX_FRESH_BYTES`].
    const MAX_CODE: usize = c_shims::arch::MAX_FRESH_BYTES;

    /// Looks once at what this processor has.
    fn detect() -> Self;

    /// See [`Machine::identity`].
    fn identity(&self) -> Identity;

    /// See [`Machine::chain`]; never called with 0 iterations.
    fn chain(&self, chain: Chain, operands: &Operands) -> Option<u64>;

    /// Follows `steps` links from the address `at`; gives the address where it ends.
    ///
    /// # Safety
    /// `at` must be the address of a link to a link and so on for `steps` links, all valid for reads.
    #[inline(always)]
    unsafe fn follow(at: usize, steps: u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { kernels::follow(at, steps) }
    }

    /// See [`Machine::branches`].
    fn branches(pattern: Pattern<'_>) -> Option<u32> {
        kernels::branches(pattern)
    }

    /// See [`Machine::indirect`].
    fn indirect(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        kernels::indirect(targets, order, calls)
    }

    /// See [`Machine::nested_calls`].
    fn nested_calls(depth: u8, times: u32) -> Option<u32> {
        kernels::nested_calls(depth, times)
    }

    /// See [`Machine::quirk`].
    fn quirk(&self, _probe: u16, _operand: [u32; 2]) -> Option<QuirkWords> {
        None
    }

    /// See [`Machine::probes`].
    fn probes(&self) -> &'static [Probe] {
        registry(self.identity().architecture)
    }

    /// See [`Machine::trap`].
    #[inline(always)]
    fn trap(&self, _kind: Trap) -> Option<()> {
        None
    }

    /// Writes the routine's code to `code`; gives its length, which depends on `routine.adds` alone.
    /// Only called with 1 to [`probe_core::machine::MAX_FRESH_ADDS`] additions.
    fn encode(
        _routine: Routine,
        _code: &mut [u8; c_shims::arch::MAX_FRESH_BYTES],
    ) -> Option<usize> {
        None
    }

    /// Makes `bytes` of code at `code` visible to instruction fetch: nothing where the hardware keeps
    /// instruction caches coherent.
    ///
    /// # Safety
    /// The range must be mapped memory that holds code of [`Port::encode`].
    unsafe fn synchronise(_code: *const u8, _bytes: usize) {}

    /// Calls the code at `code`.
    ///
    /// # Safety
    /// Code of [`Port::encode`] must lie at `code`, executable.
    unsafe fn call(code: *const u8, x: u32) -> u32;
}

/// This processor, touched by the kernels of `B`, measured by `T`, with what `P` lends.
#[derive(Debug)]
pub struct Processor<B, T, P> {
    ticks: T,
    platform: P,
    backend: B,
    fresh: FreshCode,
}

/// This processor by the best kernels that there are for it.
pub type Native<T = DefaultTicks, P = DefaultPlatform> = Processor<Backend, T, P>;

/// This processor by the kernels in C.
pub type Portable<T, P> = Processor<crate::arch::c::Backend, T, P>;

#[cfg(all(feature = "os", unix))]
impl Native {
    /// This processor, its own counter (the system's clock where it has none), and the operating
    /// system as its platform.
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

impl<B: Port, T: Ticks, P: Platform> Processor<B, T, P> {
    /// This processor, measured by another counter or on another platform.
    pub fn with(ticks: T, platform: P) -> Self {
        Processor {
            ticks,
            platform,
            backend: B::detect(),
            fresh: FreshCode::default(),
        }
    }
}

impl<B, T: Ticks, P> Ticks for Processor<B, T, P> {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        self.ticks.now()
    }

    fn info(&self) -> CounterInfo {
        self.ticks.info()
    }
}

impl<B: Port, T: Ticks, P: Platform> Machine for Processor<B, T, P> {
    fn identity(&mut self) -> Identity {
        self.backend.identity()
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        if chain.iterations == 0 {
            return None;
        }
        self.backend.chain(chain, operands)
    }

    /// Sound because laying, walking and timing happen in this one call, which borrows the arena
    /// uniquely: [`ring::lay`] leaves in every link the address of a link of the same arena, and
    /// nobody can write to it before the last step is done.
    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        let base = arena.as_ptr().addr();
        let mut at = ring::lay(arena, ring)?;
        // SAFETY: see above.
        at = unsafe { B::follow(at, walk.warm) };
        for pass in elapsed {
            let start = self.ticks.now();
            // SAFETY: see above; `at` is where the last walk ended, which is a link.
            at = unsafe { B::follow(at, walk.steps) };
            let end = self.ticks.now();
            *pass = self.ticks.between(start, end);
        }
        Some((at - base) as u64)
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        B::branches(pattern)
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        B::indirect(targets, order, calls)
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        B::nested_calls(depth, times)
    }

    fn quirk(&mut self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        self.backend.quirk(probe, operand)
    }

    fn probes(&mut self) -> &'static [Probe] {
        self.backend.probes()
    }

    fn fresh_code(&mut self, what: Fresh, routine: Routine) -> Option<u32> {
        self.fresh.go::<B>(&mut self.platform, what, routine)
    }

    #[inline(always)]
    fn trap(&mut self, kind: Trap) -> Option<()> {
        self.backend.trap(kind)
    }

    fn idle(&mut self, ticks: u64) -> bool {
        platform::idle(&mut self.ticks, &mut self.platform, ticks)
    }

    fn page_bytes(&self) -> u32 {
        self.platform.page_bytes()
    }
}
