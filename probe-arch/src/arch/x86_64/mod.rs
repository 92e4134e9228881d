//! x86-64, every processor since the first Opteron: SSE2 is the baseline, SSSE3, FMA3, AVX and
//! AVX2 are asked for at run time and absent where `CPUID` or the system says no.
//!
//! References, for all files of this folder:
//! - Intel, "Intel 64 and IA-32 Architectures Software Developer's Manual" (SDM), volumes 1 to 3.
//! - AMD, "AMD64 Architecture Programmer's Manual" (APM), volumes 1 to 5.
//! - The Rust Reference, "Inline assembly": what a block must leave as it found it.

mod branch;
mod counter;
mod float;
mod fresh_code;
mod identity;
mod integer;
mod memory;
mod quirks;
mod simd;
mod trap;

pub use counter::Tsc;
pub use identity::{hypervisor, hypervisor_root, WORD_NAMES};

use crate::platform::{self, DefaultPlatform, Platform};
use identity::Features;
use probe_core::machine::{
    Body, Chain, Fresh, Identity, Machine, Op, Operands, Pattern, QuirkWords, Ring, Routine, Trap,
    Walk, FP_LANES, INT_LANES, UNROLL,
};
use probe_core::ticks::{CounterInfo, Ticks};

/// Operations in a body, as the assembler counts them.
const SINGLE: u32 = UNROLL * Body::Single as u32;
const DOUBLE: u32 = UNROLL * Body::Double as u32;

/// Lanes of the independent shapes, as the assembler counts them.
const INT: u32 = INT_LANES as u32;
const FP: u32 = FP_LANES as u32;

/// The counter of this architecture.
pub type DefaultTicks = Tsc;

/// This processor, measured by `T`, with what `P` lends.
#[derive(Debug)]
pub struct Native<T = DefaultTicks, P = DefaultPlatform> {
    ticks: T,
    platform: P,
    features: Features,
    fresh: Option<fresh_code::Installed>,
}

impl Native {
    /// This processor, its own counter, and the platform that the program was built for.
    pub fn new() -> Self {
        Native::with(DefaultTicks::new(), DefaultPlatform::default())
    }
}

impl Default for Native {
    fn default() -> Self {
        Native::new()
    }
}

impl<T: Ticks, P: Platform> Native<T, P> {
    /// This processor, measured by another counter or on another platform.
    pub fn with(ticks: T, platform: P) -> Self {
        Native {
            ticks,
            platform,
            features: Features::detect(),
            fresh: None,
        }
    }
}

impl<T: Ticks, P> Ticks for Native<T, P> {
    #[inline(always)]
    fn now(&mut self) -> u64 {
        self.ticks.now()
    }

    fn info(&self) -> CounterInfo {
        self.ticks.info()
    }
}

impl<T: Ticks, P: Platform> Machine for Native<T, P> {
    fn identity(&mut self) -> Identity {
        identity::identity(&self.features)
    }

    fn chain(&mut self, chain: Chain, operands: &Operands) -> Option<u64> {
        if chain.iterations == 0 {
            return None;
        }
        match chain.op {
            Op::IntAdd | Op::IntMul | Op::IntDiv | Op::Shift => integer::chain(chain, operands),
            Op::Load | Op::StoreLoad => memory::chain(chain, operands),
            Op::FpAdd
            | Op::FpMul
            | Op::FpDiv
            | Op::FpSqrt
            | Op::FpMulSubnormal
            | Op::FpMulNan
            | Op::FpMulOverflow
            | Op::FpMulNormal
            | Op::FpRounding => float::chain(chain, operands),
            _ => simd::chain(chain, operands, &self.features),
        }
    }

    fn chase(
        &mut self,
        arena: &mut [u8],
        ring: &Ring,
        walk: Walk,
        elapsed: &mut [u64],
    ) -> Option<u64> {
        memory::chase(&mut self.ticks, arena, ring, walk, elapsed)
    }

    fn branches(&mut self, pattern: Pattern<'_>) -> Option<u32> {
        branch::branches(pattern)
    }

    fn indirect(&mut self, targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        branch::indirect(targets, order, calls)
    }

    fn nested_calls(&mut self, depth: u8, times: u32) -> Option<u32> {
        branch::nested_calls(depth, times)
    }

    fn quirk(&mut self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        quirks::quirk(probe, operand)
    }

    fn fresh_code(&mut self, what: Fresh, routine: Routine) -> Option<u32> {
        fresh_code::fresh_code(&mut self.platform, &mut self.fresh, what, routine)
    }

    fn trap(&mut self, kind: Trap) -> Option<()> {
        trap::trap(kind);
        Some(())
    }

    fn idle(&mut self, ticks: u64) -> bool {
        platform::idle(&mut self.ticks, &mut self.platform, ticks)
    }
}
