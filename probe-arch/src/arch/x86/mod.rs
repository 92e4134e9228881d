//! x86 of 32 bits, from the 386 up. Nothing but the 386's instructions is taken for granted: whether there
//! is a floating-point unit, `CPUID`, a time stamp counter, MMX, 3DNow!, SSE and its successors is asked
//! at run time, and what a processor or its system has not is absent.
//!
//! References, for all files of this folder:
//! - Intel, "Intel 64 and IA-32 Architectures Software Developer's Manual" (SDM), volumes 1 to 3.
//! - AMD, "AMD64 Architecture Programmer's Manual" (APM), volumes 1 to 5; "3DNow! Technology Manual" (21928).
//! - Intel, "386 DX Microprocessor Programmer's Reference Manual"; "i486 Microprocessor Programmer's
//!   Reference Manual".
//! - The Rust Reference, "Inline assembly": what a block must leave as it found it.
//!
//! A program has seven registers here, of which the compiler keeps one or two for itself. Blocks that need
//! more than five save them on the stack.

#[path = "../common/mod.rs"]
#[macro_use]
mod common;

/// One less in a register of 32 bits, and back to the label unless it is 0 then.
macro_rules! count_down {
    ($name:literal, $label:literal) => {
        concat!("dec {", $name, "}\njnz ", $label)
    };
}

/// First line of a block: the compiler needs to be told nothing.
macro_rules! long {
    () => {
        ""
    };
}

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

pub use counter::{Counter, DefaultTicks};
pub use identity::{hypervisor, hypervisor_root, WORD_NAMES};

use crate::native::Port;
use c_shims::arch::MAX_FRESH_BYTES;
use identity::Features;
use probe_core::channels::quirks::{x86::PROBES, Probe};
use probe_core::machine::{Chain, Identity, Op, Operands, Pattern, QuirkWords, Routine, Trap};

/// What this processor has.
#[derive(Debug)]
pub struct Backend {
    features: Features,
}

// SAFETY: `fresh_code::encode` writes a function of the type that `fresh_code::call` calls.
unsafe impl Port for Backend {
    fn detect() -> Self {
        Backend {
            features: Features::detect(),
        }
    }

    fn identity(&self) -> Identity {
        identity::identity(&self.features)
    }

    fn chain(&self, chain: Chain, operands: &Operands) -> Option<u64> {
        match chain.op {
            Op::IntAdd | Op::IntMul | Op::IntDiv | Op::Shift => {
                common::integer::chain(self, chain, operands)
            }
            Op::Load | Op::StoreLoad => common::memory::chain::<Self>(chain, operands),
            Op::FpAdd
            | Op::FpMul
            | Op::FpDiv
            | Op::FpSqrt
            | Op::FpMulSubnormal
            | Op::FpMulNan
            | Op::FpMulOverflow
            | Op::FpMulNormal
            | Op::FpRounding => float::chain(chain, operands, self.features.float),
            _ => simd::chain(chain, operands, &self.features),
        }
    }

    #[inline(always)]
    unsafe fn follow(at: usize, steps: u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { memory::follow(at, steps) }
    }

    fn branches(pattern: Pattern<'_>) -> Option<u32> {
        common::branch::branches::<Self>(pattern)
    }

    fn indirect(targets: u8, order: &[u8], calls: u32) -> Option<u32> {
        common::branch::indirect::<Self>(targets, order, calls)
    }

    fn nested_calls(depth: u8, times: u32) -> Option<u32> {
        common::branch::nested_calls::<Self>(depth, times)
    }

    fn quirk(&self, probe: u16, operand: [u32; 2]) -> Option<QuirkWords> {
        quirks::quirk(probe, operand, &self.features)
    }

    fn probes(&self) -> &'static [Probe] {
        PROBES
    }

    #[inline(always)]
    fn trap(&self, kind: Trap) -> Option<()> {
        trap::trap(kind, &self.features)
    }

    fn encode(routine: Routine, code: &mut [u8; MAX_FRESH_BYTES]) -> Option<usize> {
        Some(fresh_code::encode(routine, code))
    }

    unsafe fn call(code: *const u8, x: u32) -> u32 {
        // SAFETY: the caller's promise is the same.
        unsafe { fresh_code::call(code, x) }
    }
}
